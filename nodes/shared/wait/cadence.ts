/**
 * When to poll a task again. Pure arithmetic, all times in milliseconds.
 *
 * The oldest pending tasks of a kind are its scouts. They are polled often, in proportion to their age, so a batch is
 * noticed as ended at most 12 s late. Their followers are polled seldom, until a scout ends and they take over or
 * know how long their kind takes. What is known, from a task's progress or from others that have ended, brings a poll
 * forward; it never puts one off, since the next task may be quite different.
 */

/** How many tasks of a kind are scouts. With more, polls multiply and a batch is not noticed sooner. */
export const SCOUTS = 2;

/** What is known about a task when its next poll is planned. Times count from the task's beginning. */
export interface Knowledge {
	/** When the latest poll was answered; 0 before the first one. */
	lastPollMs: number;
	/** Polls so far. */
	polls: number;
	/** Whether it was created just now. If not, it may have ended already. */
	isFresh: boolean;
	isScout: boolean;
	/** When it will end at the speed of its progress, or null if that is unknown. */
	promisedMs: number | null;
	/** How long tasks of the same kind have taken in this run, ascending. */
	renderTimes: readonly number[];
	/** 0 to 1, drawn once for each poll. */
	random: number;
}

/** How far a task had come at a moment, in milliseconds since the epoch. */
export interface Progress {
	at: number;
	percent: number;
}

const FIRST_POLL_MS = 3_000;
const SHORTEST_GAP_MS = 1_500;
/** CometAPI wants long tasks left alone for 5 s between polls (fact sheet 3). */
const LONG_TASK_MS = 40_000;
const LONG_TASK_GAP_MS = 5_000;

/** Without knowledge, the gap grows with the age. */
const SCOUT = { partOfAge: 0.12, longestGapMs: 12_000 };
const FOLLOWER = { partOfAge: 0.5, longestGapMs: 120_000 };

/** A promised poll comes a little later than promised, because a poll just before the end is wasted. */
const BEHIND_PROMISE = 1.01;
const BEHIND_PROMISE_MS = 250;
/** A promise shortens a gap to this part at most, since promises get broken. */
const SOONEST_PROMISED = 0.5;

/** Polls begin a little before the shortest known time, and stop following it a good while after the longest. */
const BEFORE_SHORTEST = 0.95;
const BEYOND_LONGEST = 1.3;
/** In between, a task may end any moment. */
const EXPECTED = { partOfAge: 0.07, longestGapMs: 12_000 };

/** Planned gaps are shortened and the shortest ones lengthened by up to this part, so that a batch does not ask in step. */
const JITTER = 0.05;

const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_LONGEST_MS = 30_000;

/** When the next poll is due, in milliseconds from the task's beginning. The same knowledge gives the same plan. */
export function nextPollAt(known: Knowledge): number {
	const { lastPollMs: age, polls, isFresh, random } = known;
	const spread = JITTER * random;
	if (polls === 0) return isFresh ? FIRST_POLL_MS * (1 - spread) : 0;
	const shortest = age >= LONG_TASK_MS ? LONG_TASK_GAP_MS : SHORTEST_GAP_MS;
	return age + Math.max(shortest * (1 + spread), plannedGap(known) * (1 - spread));
}

function plannedGap({ lastPollMs: age, isScout, promisedMs, renderTimes }: Knowledge): number {
	const { partOfAge, longestGapMs } = isScout ? SCOUT : FOLLOWER;
	const blind = Math.min(longestGapMs, age * partOfAge);
	const promised =
		promisedMs === null
			? blind
			: Math.max(blind * SOONEST_PROMISED, promisedMs * BEHIND_PROMISE + BEHIND_PROMISE_MS - age);
	return Math.min(blind, promised, gapByRenderTimes(age, renderTimes));
}

function gapByRenderTimes(age: number, renderTimes: readonly number[]): number {
	const [shortest = 0] = renderTimes;
	const longest = renderTimes.at(-1) ?? 0;
	if (age >= longest * BEYOND_LONGEST) return Number.POSITIVE_INFINITY;
	const step = Math.min(EXPECTED.longestGapMs, age * EXPECTED.partOfAge);
	return Math.max(step, shortest * BEFORE_SHORTEST - age);
}

/** Whether a render time changes the plans of those that know the others. */
export function isNews(renderMs: number, renderTimes: readonly number[]): boolean {
	const [shortest] = renderTimes;
	const longest = renderTimes.at(-1) ?? 0;
	return shortest === undefined || renderMs < shortest * BEFORE_SHORTEST || renderMs > longest * BEYOND_LONGEST;
}

/** When a task reaches 100 percent at its speed from one moment to another; null if it has not moved on. */
export function promisedEnd(from: Progress | null, to: Progress | null): number | null {
	if (from === null || to === null || to.percent <= from.percent || to.at <= from.at) return null;
	return to.at + ((100 - to.percent) * (to.at - from.at)) / (to.percent - from.percent);
}

/**
 * Delay after a read that failed for a passing reason: doubling, with up to a second of jitter
 * (CometAPI's guide on retry strategy: `min(30 s, 1 s · 2^n) + 0…1 s`).
 * @param failures how many reads in a row have failed, from 1
 */
export function backoffDelay(failures: number, random: number): number {
	return Math.min(BACKOFF_LONGEST_MS, BACKOFF_FIRST_MS * 2 ** (failures - 1)) + Math.round(1_000 * random);
}
