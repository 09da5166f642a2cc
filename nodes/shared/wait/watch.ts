import { backoffDelay, isNews, nextLookAt, promisedEnd, SCOUTS, type Progress } from './cadence';
import { Alarm, Nap, type Clock } from './pause';
import { FaultRow, type Row } from './row';

export type { Row };

/**
 * Watches many tasks at once until each has ended. Knows time, order and faults, but neither tasks nor
 * HTTP: the reader of each watched thing says what an answer means.
 */

/** The result of one poll of a watched thing, with `Value` for its state and `Trouble` for a fault. */
export type Look<Value, Trouble> =
	/** `progress` in percent; `beganAt` in milliseconds since the epoch; null if it does not say. */
	| { kind: 'pending'; value: Value; progress: number | null; beganAt: number | null }
	/** `tookMs`: how long it took by its own account, or null. `isTypical`: whether it suggests how long others take. */
	| { kind: 'done'; value: Value; tookMs: number | null; isTypical: boolean }
	/** The poll said nothing about the thing. `retryAfterMs`: how long the API wants to be left alone, if it said so. */
	| { kind: 'trouble'; trouble: Trouble; retryAfterMs: number | null }
	| { kind: 'aborted' };

/** How watching one thing ended. `last` is the latest state seen, `trouble` the latest fault. */
export type WatchEnd<Value, Trouble> =
	| { kind: 'done'; value: Value }
	/** `trouble`: the latest poll's trouble or what prevented it, or null if it succeeded. */
	| { kind: 'timedOut'; last: Value | null; trouble: Trouble | null }
	/** Its trouble, or everybody's, lasted too long. `row`: how often in a row and for how long. */
	| { kind: 'gaveUp'; last: Value | null; trouble: Trouble; row: Row }
	| { kind: 'aborted'; last: Value | null };

export interface Watched<Value, Trouble> {
	look: () => Promise<Look<Value, Trouble>>;
	/** Things of one kind take about equally long. */
	kind: string;
	/** Whether it was created just now, so that its age is known. */
	isFresh: boolean;
	/** Milliseconds since the epoch: no waiting beyond this, but one last poll at this time. */
	deadline: number;
	/**
	 * Decides what to do with this thing after trouble.
	 * @param row everybody's troubles of this kind in a row if it concerns all, or else its own
	 * @param isSeen whether the thing has been seen before
	 */
	judge: (trouble: Trouble, row: Row, isSeen: boolean) => 'askAgain' | 'endItem' | 'endRun';
	/** Fixed milliseconds between polls; 0 for the adaptive pace. */
	intervalMs: number;
}

/** What troubles that are tolerated alike have in common. */
export interface TroubleKind {
	/** Troubles of the same name add up to a row. */
	kind: string;
	/** Whether the others would meet it too, so that all of them wait. */
	concernsAll: boolean;
	/** The longest delay before the next poll, in milliseconds; 0 if trouble does not change the plan. */
	longestDelayMs: number;
}

export interface WatcherOptions<Trouble> {
	clock: Clock;
	kindOf: (trouble: Trouble) => TroubleKind;
	/** Runs a request when a place among those in flight is free. */
	limit: <T>(request: () => Promise<T>) => Promise<T>;
	signal?: AbortSignal;
	/** 0 to 1, for jitter. */
	random?: () => number;
}

export interface Watcher<Value, Trouble> {
	/** Resolves when the thing has ended, one way or another. Rejects only if a poll does. */
	watch(watched: Watched<Value, Trouble>): Promise<WatchEnd<Value, Trouble>>;
}

/** What is known about one thing. Moments in milliseconds since the epoch. */
interface Track<Trouble> {
	kind: Kind<Trouble>;
	/** When it began, or when it was first watched. */
	beganAt: number;
	looks: number;
	lastLookAt: number;
	/** Troubles in a row that delay the next poll. */
	setbacks: number;
	/** When the next poll is due after trouble; null if it follows the plan. */
	retryAt: number | null;
	/** Its own troubles in a row. */
	row: FaultRow;
	/** The last straw, if its latest trouble was that. */
	lastStraw: Straw<Trouble> | null;
	isSeen: boolean;
	/** Two moments between which its speed is taken. */
	progressFrom: Progress | null;
	progressTo: Progress | null;
	/** A new random number for each poll. */
	random: number;
	nap: Nap;
	/** Rings when it becomes a scout. */
	promoted: Alarm;
}

interface Straw<Trouble> {
	trouble: Trouble;
	row: Row;
}

/** The things of one kind in this watcher. */
interface Kind<Trouble> {
	/** Rings when something was learned, so that all make a new plan. */
	learned: Alarm;
	/** How long things of this kind have taken, in milliseconds, ascending. */
	renderTimes: number[];
	/** Those that have not ended, oldest first; the first ones are the scouts. */
	pending: Set<Track<Trouble>>;
}

/** After the API's quiet time, polls are spread over this long. */
const SPREAD_AFTER_QUIET_MS = 1_000;

/** Makes a watcher. Everything watched through it shares its limit, its pauses and its end. */
export function createWatcher<Value, Trouble>(options: WatcherOptions<Trouble>): Watcher<Value, Trouble> {
	const { clock, limit, kindOf: troubleKindOf, signal, random = Math.random } = options;
	const kinds = new Map<string, Kind<Trouble>>();
	/** While the API asks for quiet, nothing is polled. */
	let quiet: { until: number; trouble: Trouble | null } = { until: 0, trouble: null };
	/** Troubles that concern everything, in a row over all polls. */
	const commonRow = new FaultRow();
	/** What ends all watching, such as a revoked key. */
	let fatal: Straw<Trouble> | null = null;
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

	function kindNamed(name: string): Kind<Trouble> {
		const kind = kinds.get(name) ?? { learned: new Alarm(), renderTimes: [], pending: new Set() };
		kinds.set(name, kind);
		return kind;
	}

	/** When the next poll is due, in milliseconds since the epoch. */
	function dueAt(watched: Watched<Value, Trouble>, track: Track<Trouble>): number {
		const due = track.retryAt ?? plannedAt(watched, track);
		return Math.min(watched.deadline, Math.max(due, quiet.until + track.random * SPREAD_AFTER_QUIET_MS));
	}

	function plannedAt({ intervalMs, isFresh }: Watched<Value, Trouble>, track: Track<Trouble>): number {
		const { kind, beganAt, lastLookAt, looks, progressFrom, progressTo } = track;
		if (intervalMs > 0 && (looks > 0 || isFresh)) return lastLookAt + intervalMs;
		const promisedAt = promisedEnd(progressFrom, progressTo);
		return (
			beganAt +
			nextLookAt({
				lastLookMs: lastLookAt - beganAt,
				looks,
				isFresh,
				isScout: scoutsOf(kind).includes(track),
				promisedMs: promisedAt === null ? null : promisedAt - beganAt,
				renderTimes: isFresh ? kind.renderTimes : [],
				random: track.random,
			})
		);
	}

	/** Sleeps until the next poll is due, and makes a new plan whenever something was learned. */
	async function untilDue(watched: Watched<Value, Trouble>, track: Track<Trouble>): Promise<void> {
		while (!isOver()) {
			const due = dueAt(watched, track);
			if (due <= clock.now()) return;
			await track.nap.until(due, ending, track.kind.learned, track.promoted);
		}
	}

	/**
	 * Polls when a place is free, unless everything has ended or the API has asked for quiet meanwhile.
	 * @returns null if it has not polled
	 */
	async function lookInTurn(
		watched: Watched<Value, Trouble>,
		track: Track<Trouble>,
	): Promise<{ look: Look<Value, Trouble>; sentAt: number } | null> {
		return await limit(async () => {
			const sentAt = clock.now();
			if (isOver() || sentAt < quiet.until) return null;
			const look = await watched.look();
			// Noted before the next request gets this one's place.
			track.looks += 1;
			track.lastLookAt = clock.now();
			track.random = random();
			if (look.kind === 'trouble') noteTrouble(watched, track, look, sentAt);
			else if (look.kind !== 'aborted') noteState(track);
			return { look, sentAt };
		});
	}

	function noteState(track: Track<Trouble>): void {
		track.isSeen = true;
		track.setbacks = 0;
		track.retryAt = null;
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
		const { kind, concernsAll, longestDelayMs } = troubleKindOf(trouble);
		const [ongoing, broken] = concernsAll ? [commonRow, track.row] : [track.row, commonRow];
		broken.clear();
		const row = ongoing.add(kind, sentAt, now);
		const verdict = watched.judge(trouble, row, track.isSeen);

		track.setbacks = longestDelayMs > 0 ? track.setbacks + 1 : 0;
		// What everybody meets makes the pauses grow for all together.
		const delay = Math.min(longestDelayMs, backoffDelay(concernsAll ? row.answers : track.setbacks, track.random));
		track.retryAt = longestDelayMs > 0 ? now + Math.max(retryAfterMs ?? 0, delay) : null;
		if (concernsAll) quiet = { until: Math.max(quiet.until, track.retryAt ?? 0), trouble };

		if (verdict === 'endItem') track.lastStraw = { trouble, row };
		if (verdict === 'endRun') {
			fatal = { trouble, row };
			ending.ring();
		}
	}

	function learn({ kind }: Track<Trouble>, renderMs: number): void {
		const wasNews = isNews(renderMs, kind.renderTimes);
		kind.renderTimes = [...kind.renderTimes, renderMs].sort((a, b) => a - b);
		// Other ones add little, so a large batch wakes only when their number doubles.
		if (wasNews || Number.isInteger(Math.log2(kind.renderTimes.length))) kind.learned.ring();
	}

	async function watchToEnd(
		watched: Watched<Value, Trouble>,
		track: Track<Trouble>,
	): Promise<WatchEnd<Value, Trouble>> {
		let last: Value | null = null;
		let trouble: Trouble | null = null;

		for (;;) {
			await untilDue(watched, track);
			const previousLookAt = track.lastLookAt;
			const found = isOver() ? null : await lookInTurn(watched, track);
			const { look, sentAt } = found ?? { look: null, sentAt: clock.now() };

			if (look?.kind === 'done') {
				const { value, tookMs, isTypical } = look;
				const middleMs = (previousLookAt + track.lastLookAt) / 2 - track.beganAt;
				if (watched.isFresh && isTypical) learn(track, tookMs ?? middleMs);
				return { kind: 'done', value };
			}
			if (look?.kind === 'pending') {
				last = look.value;
				trouble = null;
				noteBeginning(track, watched.isFresh ? null : look.beganAt);
				noteProgress(track, look.progress);
			}
			if (look?.kind === 'trouble') ({ trouble } = look);
			if (track.lastStraw !== null) return { kind: 'gaveUp', last, ...track.lastStraw };
			if (fatal !== null) return { kind: 'gaveUp', last, ...fatal };
			if (look?.kind === 'aborted' || isOver()) return { kind: 'aborted', last };
			if (sentAt >= watched.deadline)
				return { kind: 'timedOut', last, trouble: look === null ? quiet.trouble : trouble };
		}
	}

	return {
		async watch(watched) {
			const now = clock.now();
			const kind = kindNamed(watched.kind);
			const track: Track<Trouble> = {
				kind,
				beganAt: now,
				looks: 0,
				lastLookAt: now,
				setbacks: 0,
				retryAt: null,
				row: new FaultRow(),
				lastStraw: null,
				isSeen: false,
				progressFrom: watched.isFresh ? { at: now, percent: 0 } : null,
				progressTo: null,
				random: random(),
				nap: new Nap(clock),
				promoted: new Alarm(),
			};
			kind.pending.add(track);
			listen();
			try {
				return await watchToEnd(watched, track);
			} finally {
				unlisten();
				const wasScout = scoutsOf(kind).includes(track);
				kind.pending.delete(track);
				if (wasScout) scoutsOf(kind).at(-1)?.promoted.ring();
			}
		},
	};
}

function scoutsOf<Trouble>({ pending }: Kind<Trouble>): Array<Track<Trouble>> {
	const scouts: Array<Track<Trouble>> = [];
	for (const track of pending) {
		if (scouts.length === SCOUTS) break;
		scouts.push(track);
	}
	return scouts;
}

/** Moves the beginning to the time that the thing itself gives. */
function noteBeginning(track: Track<unknown>, beganAt: number | null): void {
	if (beganAt === null || beganAt >= track.beganAt) return;
	track.beganAt = beganAt;
	track.progressFrom = { at: beganAt, percent: 0 };
}

function noteProgress(track: Track<unknown>, percent: number | null): void {
	if (percent === null || percent <= 0) return;
	const progress = { at: track.lastLookAt, percent };
	// A task that went back has started again.
	if (track.progressFrom === null || percent < (track.progressTo?.percent ?? 0)) track.progressFrom = progress;
	track.progressTo = progress;
}
