import { backoffDelay } from './cadence';
import { Alarm, type Clock } from './pause';
import { RenderGroup } from './renderGroup';
import { FaultRow, type Row } from './row';
import { Track } from './track';

/**
 * Watches many tasks at once until each has ended. Knows time, order and faults, but neither tasks nor
 * HTTP: the reader of each watched thing says what an answer means.
 */

/** The result of one poll of a watched thing, with `Value` for its state and `Trouble` for a fault. */
export type PollResult<Value, Trouble> =
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
	poll: () => Promise<PollResult<Value, Trouble>>;
	/** Things of one render group take about equally long. */
	renderGroup: string;
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

interface Straw<Trouble> {
	trouble: Trouble;
	row: Row;
}

/** After the API's quiet time, polls are spread over this long. */
const SPREAD_AFTER_QUIET_MS = 1_000;

/** Everything watched through it shares its limit, its pauses and its end. */
export class Watcher<Value, Trouble> {
	private readonly groups = new Map<string, RenderGroup<Track>>();
	/** While the API asks for quiet, nothing is polled. */
	private quiet: { until: number; trouble: Trouble | null } = { until: 0, trouble: null };
	/** Troubles that concern everything, in a row over all polls. */
	private readonly commonRow = new FaultRow();
	/** What ends all watching, such as a revoked key. */
	private fatal: Straw<Trouble> | null = null;
	private readonly ending = new Alarm();
	/** How many are being watched; only meanwhile does the signal have a listener. */
	private watching = 0;
	private readonly onAbort = () => this.ending.ring();

	constructor(private readonly options: WatcherOptions<Trouble>) {}

	/** Resolves when the thing has ended, one way or another. Rejects only if a poll does. */
	async watch(watched: Watched<Value, Trouble>): Promise<WatchEnd<Value, Trouble>> {
		const { clock, signal, random = Math.random } = this.options;
		const group = this.groups.get(watched.renderGroup) ?? new RenderGroup<Track>();
		this.groups.set(watched.renderGroup, group);
		const track = new Track(group, watched, clock, random);
		group.add(track);
		this.watching += 1;
		signal?.addEventListener('abort', this.onAbort);
		try {
			return await this.watchToEnd(watched, track);
		} finally {
			this.watching -= 1;
			if (this.watching === 0) signal?.removeEventListener('abort', this.onAbort);
			group.remove(track);
		}
	}

	private async watchToEnd(watched: Watched<Value, Trouble>, track: Track): Promise<WatchEnd<Value, Trouble>> {
		let last: Value | null = null;
		let trouble: Trouble | null = null;
		for (;;) {
			await this.untilDue(watched, track);
			const { result, sentAt, lastStraw } = await this.takeTurn(watched, track);

			if (result?.kind === 'done') {
				const { value, tookMs, isTypical } = result;
				if (watched.isFresh && isTypical) track.group.learn(tookMs ?? track.estimatedRenderMs);
				return { kind: 'done', value };
			}
			if (result?.kind === 'pending') {
				last = result.value;
				trouble = null;
				track.noteProgress(result.beganAt, result.progress);
			}
			if (result?.kind === 'trouble') ({ trouble } = result);
			const straw = lastStraw ?? this.fatal;
			if (straw !== null) return { kind: 'gaveUp', last, ...straw };
			if (result?.kind === 'aborted' || this.isOver) return { kind: 'aborted', last };
			if (sentAt >= watched.deadline)
				return { kind: 'timedOut', last, trouble: result === null ? this.quiet.trouble : trouble };
		}
	}

	private get isOver(): boolean {
		return this.fatal !== null || this.options.signal?.aborted === true;
	}

	/** Sleeps until the next poll is due, and makes a new plan whenever something was learned. */
	private async untilDue({ deadline }: Watched<Value, Trouble>, track: Track): Promise<void> {
		while (!this.isOver) {
			const quietUntil = this.quiet.until + track.random * SPREAD_AFTER_QUIET_MS;
			const due = Math.min(deadline, Math.max(track.dueAt, quietUntil));
			if (due <= this.options.clock.now()) return;
			await track.nap.until(due, this.ending, track.group.learned, track.promoted);
		}
	}

	/**
	 * Polls when a place is free, unless everything has ended or the API has asked for quiet meanwhile.
	 * @returns the result, null if it has not polled; and the trouble, if it is one too many
	 */
	private async takeTurn(watched: Watched<Value, Trouble>, track: Track) {
		const { clock, limit } = this.options;
		const skipped = () => ({ result: null, sentAt: clock.now(), lastStraw: null });
		if (this.isOver) return skipped();
		return await limit(async () => {
			const sentAt = clock.now();
			if (this.isOver || sentAt < this.quiet.until) return skipped();
			const result = await watched.poll();
			// Noted before the next request gets this one's place.
			track.notePoll();
			if (result.kind === 'trouble')
				return { result, sentAt, lastStraw: this.noteTrouble(watched, track, result, sentAt) };
			if (result.kind !== 'aborted') {
				track.noteState();
				this.commonRow.clear();
			}
			return { result, sentAt, lastStraw: null };
		});
	}

	/** @returns the trouble if the watching of this thing ends with it */
	private noteTrouble(
		watched: Watched<Value, Trouble>,
		track: Track,
		{ trouble, retryAfterMs }: Extract<PollResult<Value, Trouble>, { kind: 'trouble' }>,
		sentAt: number,
	): Straw<Trouble> | null {
		const now = this.options.clock.now();
		const { kind, concernsAll, longestDelayMs } = this.options.kindOf(trouble);
		const [ongoing, broken] = concernsAll ? [this.commonRow, track.row] : [track.row, this.commonRow];
		broken.clear();
		const row = ongoing.add(kind, sentAt, now);
		const verdict = watched.judge(trouble, row, track.isSeen);

		track.setbacks = longestDelayMs > 0 ? track.setbacks + 1 : 0;
		// Trouble that everybody meets lengthens the pauses for all.
		const delay = Math.min(longestDelayMs, backoffDelay(concernsAll ? row.answers : track.setbacks, track.random));
		track.retryAt = longestDelayMs > 0 ? now + Math.max(retryAfterMs ?? 0, delay) : null;
		if (concernsAll) this.quiet = { until: Math.max(this.quiet.until, track.retryAt ?? 0), trouble };

		if (verdict === 'endRun') {
			this.fatal = { trouble, row };
			this.ending.ring();
		}
		return verdict === 'endItem' ? { trouble, row } : null;
	}
}
