import { nextPollAt, promisedEnd, type Progress } from './cadence';
import { Alarm, Nap, type Clock } from './pause';
import type { RenderGroup } from './renderGroup';
import { FaultRow } from './row';

/** What is known about one watched thing, and when to poll it next. Moments in milliseconds since the epoch. */
export class Track {
	readonly nap: Nap;
	/** Rings when it becomes a scout. */
	readonly promoted = new Alarm();
	/** Its own troubles in a row. */
	readonly row = new FaultRow();
	isSeen = false;
	/** A new random number for each poll. */
	random: number;
	/** Troubles in a row that delay the next poll. */
	setbacks = 0;
	/** When the next poll is due after trouble; null if it follows the plan. */
	retryAt: number | null = null;
	/** When it began, or when it was first watched. */
	private beganAt: number;
	private polls = 0;
	private previousPollAt: number;
	private lastPollAt: number;
	/** Two moments between which its speed is taken. */
	private progressFrom: Progress | null;
	private progressTo: Progress | null = null;

	constructor(
		readonly group: RenderGroup<Track>,
		private readonly watched: { isFresh: boolean; intervalMs: number },
		private readonly clock: Clock,
		private readonly draw: () => number,
	) {
		const now = clock.now();
		this.nap = new Nap(clock);
		this.random = draw();
		this.beganAt = now;
		this.previousPollAt = now;
		this.lastPollAt = now;
		this.progressFrom = watched.isFresh ? { at: now, percent: 0 } : null;
	}

	get dueAt(): number {
		if (this.retryAt !== null) return this.retryAt;
		const { group, beganAt, lastPollAt, polls, random } = this;
		const { isFresh, intervalMs } = this.watched;
		if (intervalMs > 0 && (polls > 0 || isFresh)) return lastPollAt + intervalMs;
		const promisedAt = promisedEnd(this.progressFrom, this.progressTo);
		const next = nextPollAt({
			lastPollMs: lastPollAt - beganAt,
			polls,
			isFresh,
			isScout: group.isScout(this),
			promisedMs: promisedAt === null ? null : promisedAt - beganAt,
			renderTimes: isFresh ? group.renderTimes : [],
			random,
		});
		return beganAt + next;
	}

	/** Milliseconds that it took until the middle between its last two polls. */
	get estimatedRenderMs(): number {
		return (this.previousPollAt + this.lastPollAt) / 2 - this.beganAt;
	}

	notePoll(): void {
		this.polls += 1;
		this.previousPollAt = this.lastPollAt;
		this.lastPollAt = this.clock.now();
		this.random = this.draw();
	}

	/** Records a poll that said something about the thing. */
	noteState(): void {
		this.isSeen = true;
		this.setbacks = 0;
		this.retryAt = null;
		this.row.clear();
	}

	/**
	 * Records what a pending thing says of itself.
	 * @param percent its progress, or null
	 */
	noteProgress(beganAt: number | null, percent: number | null): void {
		if (!this.watched.isFresh && beganAt !== null && beganAt < this.beganAt) {
			this.beganAt = beganAt;
			this.progressFrom = { at: beganAt, percent: 0 };
		}
		if (percent === null || percent <= 0) return;
		const progress = { at: this.lastPollAt, percent };
		// A task that went back has started again.
		if (this.progressFrom === null || percent < (this.progressTo?.percent ?? 0)) this.progressFrom = progress;
		this.progressTo = progress;
	}
}
