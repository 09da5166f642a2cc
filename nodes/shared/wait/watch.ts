import { backoffDelay, endByProgress, nextLookAt, type Progress } from './cadence';
import type { Experience } from './experience';
import { Alarm, Nap, type Clock } from './pause';

/**
 * Watches many tasks at once until each has ended. Knows time, order and faults, but neither tasks nor
 * HTTP: what an answer means is told by the reader that each watched thing brings along.
 */

/** What one look at a watched thing brought, with `Value` for its state and `Trouble` for a fault. */
export type Look<Value, Trouble> =
	/** `progress` in percent; `beganAt` in milliseconds since the epoch; null where it does not say. */
	| { kind: 'pending'; value: Value; progress: number | null; beganAt: number | null }
	/** `tookMs`: how long it took by its own account, or null. `isTypical`: whether others can be foreseen by it. */
	| { kind: 'done'; value: Value; tookMs: number | null; isTypical: boolean }
	/** Not there (yet). */
	| { kind: 'absent' }
	/** A passing fault. `everyone`: the others would meet it too, so all of them wait. */
	| { kind: 'passing'; trouble: Trouble; retryAfterMs: number | null; everyone: boolean }
	/** A fault that stays. `everyone`: the others would meet it too, so all watching ends. */
	| { kind: 'refused'; trouble: Trouble; everyone: boolean }
	| { kind: 'aborted' };

/** How watching one thing ended. `last` is the latest state seen, `trouble` the latest fault. */
export type WatchEnd<Value, Trouble> =
	| { kind: 'done'; value: Value }
	| { kind: 'timedOut'; last: Value | null; trouble: Trouble | null }
	/** Absent for longer than the grace time, or at the deadline. */
	| { kind: 'absent'; last: Value | null }
	| { kind: 'refused'; last: Value | null; trouble: Trouble }
	| { kind: 'aborted'; last: Value | null };

export interface Watched<Value, Trouble> {
	look: () => Promise<Look<Value, Trouble>>;
	/** Things of one kind take about equally long. */
	kind: string;
	/** Whether it has begun just now, so that how long it takes can be learned and foreseen. */
	isFresh: boolean;
	/** Milliseconds since the epoch: no waiting beyond this, but one last look at it. */
	deadline: number;
	/** Milliseconds for which absence is believed to pass. */
	absenceGraceMs: number;
	/** Fixed milliseconds between looks; 0 for the adaptive pace. */
	intervalMs: number;
}

export interface WatcherOptions {
	clock: Clock;
	/** Runs a request when a place among those in flight is free. */
	limit: <T>(request: () => Promise<T>) => Promise<T>;
	/** What earlier runs have learned, and where this one leaves what it learns. */
	experience: Experience;
	signal?: AbortSignal;
	/** 0 to 1, for jitter. */
	random?: () => number;
}

export interface Watcher<Value, Trouble> {
	/** Resolves when the thing has ended, one way or another. Rejects only where a look does. */
	watch(watched: Watched<Value, Trouble>): Promise<WatchEnd<Value, Trouble>>;
}

/** What is known of one thing. */
interface Track {
	/** Milliseconds since the epoch. */
	beganAt: number;
	looks: number;
	/** Reads in a row that failed. */
	failures: number;
	/** Milliseconds since the epoch; after a failed read, no look comes before this. */
	notBefore: number;
	absentSince: number | null;
	firstProgress: Progress | null;
	lastProgress: Progress | null;
	/** Milliseconds from the beginning to the latest look. */
	lastLookMs: number;
	/** Drawn anew for each look. */
	random: number;
	nap: Nap;
}

/** The things of one kind in this watcher. */
interface Kind {
	/** Rings when one of them is done, so that the others plan anew. */
	learned: Alarm;
	/** Render times that this watcher has seen: closer to the truth than earlier ones. */
	renderTimes: number[];
	/** Those that began here and are still pending, oldest first; the first one scouts. */
	pending: Set<Track>;
}

/** Looks are spread over this long when the API's quiet time is over. */
const SPREAD_AFTER_QUIET_MS = 1_000;
/** A render time is known well enough to learn from where the last look before the end was this close, as a fraction. */
const CLOSE_ENOUGH = 0.15;

/** Makes a watcher. Everything watched through it shares its limit, its pauses and its end. */
export function createWatcher<Value, Trouble>(options: WatcherOptions): Watcher<Value, Trouble> {
	const { clock, limit, experience, signal, random = Math.random } = options;
	const kinds = new Map<string, Kind>();
	/** While the API asks for quiet, nobody asks. */
	let quietUntil = 0;
	/** A fault that ends all watching, such as a revoked key. */
	let fatal: { trouble: Trouble } | null = null;
	const ending = new Alarm();
	/** How many are being watched; only meanwhile does the signal have a listener. */
	let watching = 0;
	const onAbort = () => ending.ring();

	function listen(): void {
		watching += 1;
		if (watching === 1) signal?.addEventListener('abort', onAbort);
	}

	function unlisten(): void {
		watching -= 1;
		if (watching === 0) signal?.removeEventListener('abort', onAbort);
	}

	function isOver(): boolean {
		return fatal !== null || signal?.aborted === true;
	}

	function kindOf({ kind: name }: Watched<Value, Trouble>): Kind {
		const kind = kinds.get(name) ?? { learned: new Alarm(), renderTimes: [], pending: new Set() };
		kinds.set(name, kind);
		return kind;
	}

	/** Milliseconds since the epoch. */
	function dueAt(watched: Watched<Value, Trouble>, track: Track): number {
		const quiet = quietUntil > clock.now() ? quietUntil + track.random * SPREAD_AFTER_QUIET_MS : 0;
		return Math.max(quiet, track.failures > 0 ? track.notBefore : track.beganAt + plannedLook(watched, track));
	}

	function plannedLook(watched: Watched<Value, Trouble>, track: Track): number {
		if (watched.intervalMs > 0 && (track.looks > 0 || watched.isFresh)) return track.lastLookMs + watched.intervalMs;
		const { renderTimes, pending } = kindOf(watched);
		const [scout] = pending;
		const known = renderTimes.length > 0 ? renderTimes : experience.recall(watched.kind);
		return nextLookAt({
			...track,
			isFresh: watched.isFresh,
			renderTimes: watched.isFresh ? known : [],
			isScout: scout === track,
		});
	}

	/** Sleeps until the next look is due, planning anew whenever something was learned. */
	async function untilDue(watched: Watched<Value, Trouble>, track: Track): Promise<void> {
		const { learned } = kindOf(watched);
		while (!isOver()) {
			const due = Math.min(dueAt(watched, track), watched.deadline);
			if (due <= clock.now()) return;
			await track.nap.until(due, ending, learned);
		}
	}

	/**
	 * Looks when a place is free, unless all is over or quiet has been asked for meanwhile.
	 * @param onBegin called when the look begins, which may be long after its turn has come
	 */
	async function lookInTurn(
		watched: Watched<Value, Trouble>,
		track: Track,
		onBegin: () => void,
	): Promise<Look<Value, Trouble> | null> {
		return await limit(async () => {
			if (isOver() || clock.now() < quietUntil) return null;
			onBegin();
			const look = await watched.look();
			// Noted before the next request gets this one's place.
			if (look.kind === 'passing') {
				track.notBefore =
					clock.now() + Math.max(look.retryAfterMs ?? 0, backoffDelay(track.failures + 1, track.random));
				if (look.everyone) quietUntil = Math.max(quietUntil, track.notBefore);
			}
			if (look.kind === 'refused' && look.everyone) {
				fatal = { trouble: look.trouble };
				ending.ring();
			}
			return look;
		});
	}

	function learn(watched: Watched<Value, Trouble>, track: Track, previousLookMs: number, tookMs: number | null): void {
		const kind = kindOf(watched);
		const [shortest = Number.POSITIVE_INFINITY] = experience.recall(watched.kind);
		const estimate = tookMs ?? estimateRenderTime(track, previousLookMs, shortest);
		if (estimate === null) return;
		kind.renderTimes = [...kind.renderTimes, estimate].sort((a, b) => a - b);
		experience.learn(watched.kind, estimate);
		// Every further one tells less, so a large batch is not woken for each.
		if (Number.isInteger(Math.log2(kind.renderTimes.length))) kind.learned.ring();
	}

	async function watchToEnd(watched: Watched<Value, Trouble>, track: Track): Promise<WatchEnd<Value, Trouble>> {
		let last: Value | null = null;
		let trouble: Trouble | null = null;

		for (;;) {
			await untilDue(watched, track);
			if (fatal !== null) return { kind: 'refused', last, trouble: fatal.trouble };
			if (isOver()) return { kind: 'aborted', last };

			let beganAt = clock.now();
			const look = await lookInTurn(watched, track, () => {
				beganAt = clock.now();
			});
			if (look === null && (isOver() || clock.now() < watched.deadline)) continue;
			const isLastLook = beganAt >= watched.deadline || look === null;
			const previousLookMs = track.lastLookMs;
			track.looks += 1;
			track.lastLookMs = clock.now() - track.beganAt;
			track.random = random();

			switch (look?.kind) {
				case undefined:
					break;
				case 'done':
					if (watched.isFresh && look.isTypical) learn(watched, track, previousLookMs, look.tookMs);
					return { kind: 'done', value: look.value };
				case 'pending':
					last = look.value;
					trouble = null;
					track.failures = 0;
					track.absentSince = null;
					if (!watched.isFresh && look.beganAt !== null) rebase(track, look.beganAt);
					noteProgress(track, look.progress);
					break;
				case 'absent':
					track.failures = 0;
					track.absentSince ??= clock.now();
					if (clock.now() - track.absentSince >= watched.absenceGraceMs) return { kind: 'absent', last };
					break;
				case 'passing':
					trouble = look.trouble;
					track.failures += 1;
					break;
				case 'refused':
					return { kind: 'refused', last, trouble: look.trouble };
				case 'aborted':
					return { kind: 'aborted', last };
			}
			if (!isLastLook) continue;
			return track.absentSince === null ? { kind: 'timedOut', last, trouble } : { kind: 'absent', last };
		}
	}

	return {
		async watch(watched) {
			const track: Track = {
				beganAt: clock.now(),
				looks: 0,
				failures: 0,
				notBefore: 0,
				absentSince: null,
				firstProgress: null,
				lastProgress: null,
				lastLookMs: 0,
				random: random(),
				nap: new Nap(clock),
			};
			const { pending, learned } = kindOf(watched);
			if (watched.isFresh) pending.add(track);
			listen();
			try {
				return await watchToEnd(watched, track);
			} finally {
				unlisten();
				const [scout] = pending;
				pending.delete(track);
				// The next scout has to know that it is one.
				if (scout === track && kindOf(watched).renderTimes.length === 0) learned.ring();
			}
		},
	};
}

/** Moves the beginning to where the thing itself says it was. */
function rebase(track: Track, beganAt: number): void {
	const shift = Math.max(0, track.beganAt - beganAt);
	track.beganAt -= shift;
	track.lastLookMs += shift;
}

function noteProgress(track: Track, percent: number | null): void {
	if (percent === null || percent <= 0) return;
	const progress = { elapsedMs: track.lastLookMs, percent };
	// A task that went back began anew.
	if (track.firstProgress === null || percent < (track.lastProgress?.percent ?? 0)) track.firstProgress = progress;
	track.lastProgress = progress;
}

/**
 * How long a thing took that was pending at one look and done at the next, or null where that is too vague.
 * @param shortest what was known before: to have been faster is news, however vague
 */
function estimateRenderTime(track: Track, previousLookMs: number, shortest: number): number | null {
	const doneMs = track.lastLookMs;
	const byProgress = endByProgress({ ...track, isFresh: true, lastLookMs: previousLookMs });
	if (byProgress !== null && byProgress < doneMs) return byProgress;
	if (doneMs - previousLookMs <= CLOSE_ENOUGH * doneMs) return (previousLookMs + doneMs) / 2;
	return doneMs < shortest ? doneMs : null;
}
