import { backoffDelay, endByProgress, nextLookAt, type Progress } from './cadence';
import type { Experience } from './experience';
import { Alarm, Nap, type Clock } from './pause';
import { FaultRow } from './row';

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
	/** The look told nothing about the thing. `retryAfterMs`: how long the API wants to be left alone, if it said so. */
	| { kind: 'trouble'; trouble: Trouble; retryAfterMs: number | null }
	| { kind: 'aborted' };

/** How watching one thing ended. `last` is the latest state seen, `trouble` the latest fault. */
export type WatchEnd<Value, Trouble> =
	| { kind: 'done'; value: Value }
	/** `trouble`: what the latest look met, or null if it told of the thing. */
	| { kind: 'timedOut'; last: Value | null; trouble: Trouble | null }
	/** Its trouble, or everybody's, lasted too long. `row`: how often in a row and for how long. */
	| { kind: 'gaveUp'; last: Value | null; trouble: Trouble; row: Row }
	| { kind: 'aborted'; last: Value | null };

export interface Watched<Value, Trouble> {
	look: () => Promise<Look<Value, Trouble>>;
	/** Things of one kind take about equally long. */
	kind: string;
	/** Whether it has begun just now, so that how long it takes can be learned and foreseen. */
	isFresh: boolean;
	/** Milliseconds since the epoch: no waiting beyond this, but one last look at it. */
	deadline: number;
	/**
	 * Says what becomes of this thing after trouble.
	 * @param row its troubles of this kind in a row, or everybody's
	 * @param isSeen whether the thing has been seen before
	 */
	judge: (trouble: Trouble, row: Row, isSeen: boolean) => 'askAgain' | 'endItem' | 'endRun';
	/** Fixed milliseconds between looks; 0 for the adaptive pace. */
	intervalMs: number;
}

/** What troubles have in common that are borne alike. */
export interface TroubleKind {
	/** Troubles of the same name add up to a row. */
	kind: string;
	/** Whether the others would meet it too, so that all of them wait. */
	concernsAll: boolean;
	/** The delay before the next look grows up to so many milliseconds; 0 if it does not change the plan. */
	longestDelayMs: number;
}

/** Troubles of one kind in a row. */
export interface Row {
	answers: number;
	/** Milliseconds from the first to the latest. */
	ms: number;
}

export interface WatcherOptions<Trouble> {
	clock: Clock;
	kindOf: (trouble: Trouble) => TroubleKind;
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
interface Track<Trouble> {
	/** Milliseconds since the epoch. */
	beganAt: number;
	looks: number;
	/** Looks in a row that told nothing. */
	failures: number;
	/** Milliseconds since the epoch; after trouble, no look comes before this. */
	notBefore: number;
	row: FaultRow;
	/** Set if its row of troubles is the last straw. */
	verdict: { trouble: Trouble; row: Row } | null;
	isSeen: boolean;
	firstProgress: Progress | null;
	lastProgress: Progress | null;
	/** Milliseconds from the beginning to the latest look. */
	lastLookMs: number;
	/** Drawn anew for each look. */
	random: number;
	nap: Nap;
}

/** The things of one kind in this watcher. */
interface Kind<Trouble> {
	/** Rings when one of them is done, so that the others plan anew. */
	learned: Alarm;
	/** Render times that this watcher has seen: closer to the truth than earlier ones. */
	renderTimes: number[];
	/** Those that began here and are still pending, oldest first; the first one scouts. */
	pending: Set<Track<Trouble>>;
}

/** Looks are spread over this long when the API's quiet time is over. */
const SPREAD_AFTER_QUIET_MS = 1_000;
/** A render time is known well enough to learn from where the last look before the end was this close, as a fraction. */
const CLOSE_ENOUGH = 0.15;

/** Makes a watcher. Everything watched through it shares its limit, its pauses and its end. */
export function createWatcher<Value, Trouble>(options: WatcherOptions<Trouble>): Watcher<Value, Trouble> {
	const { clock, limit, experience, kindOf: kindOfTrouble, signal, random = Math.random } = options;
	const kinds = new Map<string, Kind<Trouble>>();
	/** While the API asks for quiet, nobody asks. */
	let quietUntil = 0;
	/** Troubles that concern everybody, in a row over all looks. */
	const commonRow = new FaultRow();
	/** What ends all watching, such as a revoked key. */
	let fatal: { trouble: Trouble; row: Row } | null = null;
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

	function kindOf({ kind: name }: Watched<Value, Trouble>): Kind<Trouble> {
		const kind = kinds.get(name) ?? { learned: new Alarm(), renderTimes: [], pending: new Set() };
		kinds.set(name, kind);
		return kind;
	}

	/** Milliseconds since the epoch. */
	function dueAt(watched: Watched<Value, Trouble>, track: Track<Trouble>): number {
		const quiet = quietUntil > clock.now() ? quietUntil + track.random * SPREAD_AFTER_QUIET_MS : 0;
		return Math.max(quiet, track.failures > 0 ? track.notBefore : track.beganAt + plannedLook(watched, track));
	}

	function plannedLook(watched: Watched<Value, Trouble>, track: Track<Trouble>): number {
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
	async function untilDue(watched: Watched<Value, Trouble>, track: Track<Trouble>): Promise<void> {
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
		track: Track<Trouble>,
		onBegin: () => void,
	): Promise<Look<Value, Trouble> | null> {
		return await limit(async () => {
			if (isOver() || clock.now() < quietUntil) return null;
			onBegin();
			const sentAt = clock.now();
			const look = await watched.look();
			// Noted before the next request gets this one's place.
			if (look.kind === 'trouble') noteTrouble(watched, track, look, sentAt);
			else if (look.kind !== 'aborted') noteAnswer(track);
			return look;
		});
	}

	function noteAnswer(track: Track<Trouble>): void {
		track.failures = 0;
		track.isSeen = true;
		track.verdict = null;
		track.row.clear();
		commonRow.clear();
	}

	function noteTrouble(
		watched: Watched<Value, Trouble>,
		track: Track<Trouble>,
		{ trouble, retryAfterMs }: Extract<Look<Value, Trouble>, { kind: 'trouble' }>,
		sentAt: number,
	): void {
		const now = clock.now();
		const { kind, concernsAll, longestDelayMs } = kindOfTrouble(trouble);
		const row = track.row.add(kind, sentAt, now);
		track.verdict = watched.judge(trouble, row, track.isSeen) === 'askAgain' ? null : { trouble, row };
		track.failures = longestDelayMs === 0 ? 0 : track.failures + 1;
		const delay = Math.min(longestDelayMs, backoffDelay(track.failures, track.random));
		track.notBefore = now + Math.max(retryAfterMs ?? 0, delay);
		if (!concernsAll) return;
		quietUntil = Math.max(quietUntil, track.notBefore);
		const common = commonRow.add(kind, sentAt, now);
		if (watched.judge(trouble, common, track.isSeen) === 'endRun') {
			fatal = { trouble, row: common };
			ending.ring();
		}
	}

	function learn(
		watched: Watched<Value, Trouble>,
		track: Track<Trouble>,
		previousLookMs: number,
		tookMs: number | null,
	): void {
		const kind = kindOf(watched);
		const [shortest = Number.POSITIVE_INFINITY] = experience.recall(watched.kind);
		const estimate = tookMs ?? estimateRenderTime(track, previousLookMs, shortest);
		if (estimate === null) return;
		kind.renderTimes = [...kind.renderTimes, estimate].sort((a, b) => a - b);
		experience.learn(watched.kind, estimate);
		// Every further one tells less, so a large batch is not woken for each.
		if (Number.isInteger(Math.log2(kind.renderTimes.length))) kind.learned.ring();
	}

	async function watchToEnd(
		watched: Watched<Value, Trouble>,
		track: Track<Trouble>,
	): Promise<WatchEnd<Value, Trouble>> {
		let last: Value | null = null;
		let trouble: Trouble | null = null;

		for (;;) {
			await untilDue(watched, track);
			if (fatal !== null) return { kind: 'gaveUp', last, ...fatal };
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
					if (!watched.isFresh && look.beganAt !== null) rebase(track, look.beganAt);
					noteProgress(track, look.progress);
					break;
				case 'trouble':
					trouble = look.trouble;
					if (track.verdict !== null) return { kind: 'gaveUp', last, ...track.verdict };
					break;
				case 'aborted':
					return { kind: 'aborted', last };
			}
			if (isLastLook) return { kind: 'timedOut', last, trouble };
		}
	}

	return {
		async watch(watched) {
			const track: Track<Trouble> = {
				beganAt: clock.now(),
				looks: 0,
				failures: 0,
				notBefore: 0,
				row: new FaultRow(),
				verdict: null,
				isSeen: false,
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
function rebase(track: Track<unknown>, beganAt: number): void {
	const shift = Math.max(0, track.beganAt - beganAt);
	track.beganAt -= shift;
	track.lastLookMs += shift;
}

function noteProgress(track: Track<unknown>, percent: number | null): void {
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
function estimateRenderTime(track: Track<unknown>, previousLookMs: number, shortest: number): number | null {
	const doneMs = track.lastLookMs;
	const byProgress = endByProgress({ ...track, isFresh: true, lastLookMs: previousLookMs });
	if (byProgress !== null && byProgress < doneMs) return byProgress;
	if (doneMs - previousLookMs <= CLOSE_ENOUGH * doneMs) return (previousLookMs + doneMs) / 2;
	return doneMs < shortest ? doneMs : null;
}
