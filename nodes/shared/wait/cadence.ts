/**
 * When to look at a task again. Pure arithmetic, all times in milliseconds.
 *
 * The plan, from best knowledge to none:
 * 1. Earlier render times of the same kind (this batch's own, or earlier executions') say when to look.
 * 2. The task's progress says it, the more so the further it has come.
 * 3. Otherwise one scout of each kind looks often, in proportion to the task's age; when it is done, the
 *    others of its kind know (1), so they need to look but seldom before.
 */

/** What is known about a task when its next look is planned. Times count from the task's beginning. */
export interface Sighting {
	/** When it was last looked at; 0 before the first look. */
	lastLookMs: number;
	/** Looks so far. */
	looks: number;
	/** Whether it was seen to begin; otherwise it may be at any point of its life. */
	isFresh: boolean;
	/** The first and the latest look that showed progress. */
	firstProgress: Progress | null;
	lastProgress: Progress | null;
	/** Render times of the same kind, ascending; empty where nothing is known. */
	renderTimes: readonly number[];
	/** Whether this task is the one of its kind that looks often. */
	isScout: boolean;
	/** 0 to 1, drawn once for each look. */
	random: number;
}

export interface Progress {
	elapsedMs: number;
	percent: number;
}

const FIRST_LOOK_MS = 3_000;
const SHORTEST_GAP_MS = 1_000;
/** However sure the plan is, a look is due after this long. */
const LONGEST_GAP_MS = 120_000;
/** A task this long is a long one, and CometAPI wants those left alone for 5 s between looks. */
const LONG_TASK_MS = 40_000;
const LONG_TASK_GAP_MS = 5_000;

/** Without knowledge, the gap grows with the age: being late by this fraction is the price. */
const SCOUT_PATIENCE = 0.12;
const FOLLOWER_PATIENCE = 0.5;
const SHORTEST_BLIND_GAP_MS = 1_500;
const LONGEST_SCOUT_GAP_MS = 12_000;

/** Progress is taken at its word from here on; below, a plan reaches only so many times the age. */
const TRUSTED_PERCENT = 15;
const VAGUE_PERCENT = 5;
const REACH_WHEN_TOLD_LITTLE = 2.5;
const REACH_WHEN_VAGUE = 4;
/** A long way from the end, one look on the way there makes the plan exact. */
const NEAR_PERCENT = 60;
const WAY_TO_NEXT_LOOK = 0.75;
/** Past the end that its progress promised, a task ends any moment. */
const OVERDUE_PATIENCE = 0.04;

/** Known render times: the first look comes a little before the shortest, the next ones in steps of the middle one. */
const BEFORE_SHORTEST = 0.95;
const STEP_OF_MEDIAN = 0.07;

/** Looks are planned a little after the expected end, because a look just before it is wasted. */
const SLACK = 0.01;
const SLACK_MS = 250;
/** Fraction by which gaps are spread, so that a batch does not ask in step. */
const JITTER = 0.05;

const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_LONGEST_MS = 30_000;

/** When the next look is due, in milliseconds from the task's beginning. The same knowledge gives the same plan. */
export function nextLookAt(sighting: Sighting): number {
	const { lastLookMs, looks, isFresh, random } = sighting;
	if (looks === 0 && !isFresh) return 0;

	const planned = plan(sighting);
	const isLong = lastLookMs >= LONG_TASK_MS || planned.endMs >= LONG_TASK_MS;
	const floor = looks === 0 ? 0 : isLong ? LONG_TASK_GAP_MS : SHORTEST_GAP_MS;
	return lastLookMs + Math.min(LONGEST_GAP_MS, Math.max(floor, planned.gapMs)) * (1 + JITTER * random);
}

interface Plan {
	gapMs: number;
	/** Where the task is thought to end, or 0. */
	endMs: number;
}

function plan(sighting: Sighting): Plan {
	const { lastLookMs, lastProgress, renderTimes } = sighting;
	const percent = lastProgress?.percent ?? 0;
	const endMs = endByProgress(sighting);
	if (percent >= TRUSTED_PERCENT) return planByProgress(lastLookMs, percent, endMs);
	if (renderTimes.length > 0) return planByExperience(lastLookMs, renderTimes);
	if (endMs === null) return blindPlan(sighting);

	// So little progress may be misleading: go only so far on its word.
	const reach = percent >= VAGUE_PERCENT ? REACH_WHEN_VAGUE : REACH_WHEN_TOLD_LITTLE;
	return { gapMs: Math.min(withSlack(endMs), lastLookMs * reach) - lastLookMs, endMs };
}

function planByProgress(lastLookMs: number, percent: number, endMs: number | null): Plan {
	if (endMs === null) return { gapMs: lastLookMs * OVERDUE_PATIENCE, endMs: 0 };
	const rest = endMs - lastLookMs;
	const isNear = percent >= NEAR_PERCENT || rest <= LONG_TASK_GAP_MS;
	return { gapMs: isNear ? withSlack(endMs) - lastLookMs : rest * WAY_TO_NEXT_LOOK, endMs };
}

function planByExperience(lastLookMs: number, renderTimes: readonly number[]): Plan {
	const shortest = renderTimes[0] ?? 0;
	const median = renderTimes[Math.floor(renderTimes.length / 2)] ?? shortest;
	const first = shortest * BEFORE_SHORTEST;
	return { gapMs: first > lastLookMs ? first - lastLookMs : median * STEP_OF_MEDIAN, endMs: median };
}

function blindPlan({ lastLookMs, looks, isScout, isFresh, lastProgress }: Sighting): Plan {
	if (looks === 0) return { gapMs: FIRST_LOOK_MS, endMs: 0 };
	const isWatchful = isScout || !isFresh || lastProgress !== null;
	const gapMs = isWatchful
		? Math.min(LONGEST_SCOUT_GAP_MS, lastLookMs * SCOUT_PATIENCE)
		: lastLookMs * FOLLOWER_PATIENCE;
	return { gapMs: Math.max(SHORTEST_BLIND_GAP_MS, gapMs), endMs: 0 };
}

/**
 * Where the task's progress would reach 100 percent, at its speed between two looks or since its
 * beginning; null where it shows none, or should have ended by its own account.
 */
export function endByProgress({
	firstProgress: first,
	lastProgress: last,
	isFresh,
	lastLookMs,
}: Pick<Sighting, 'firstProgress' | 'lastProgress' | 'isFresh' | 'lastLookMs'>): number | null {
	if (last === null || last.percent <= 0 || last.percent >= 100) return null;
	const hasTwo = first !== null && last.percent - first.percent >= TRUSTED_PERCENT;
	if (!hasTwo && !isFresh) return null;
	const speed = hasTwo
		? (last.percent - first.percent) / (last.elapsedMs - first.elapsedMs)
		: last.percent / last.elapsedMs;
	const end = last.elapsedMs + (100 - last.percent) / speed;
	return end > lastLookMs ? end : null;
}

function withSlack(end: number): number {
	return end * (1 + SLACK) + SLACK_MS;
}

/**
 * Delay after a read that failed for a passing reason: doubling, with up to a second of jitter
 * (CometAPI's guide on retry strategy: `min(30 s, 1 s · 2^n) + 0…1 s`).
 * @param failures how many reads in a row have failed, from 1
 */
export function backoffDelay(failures: number, random: number): number {
	return Math.min(BACKOFF_LONGEST_MS, BACKOFF_FIRST_MS * 2 ** (failures - 1)) + Math.round(1_000 * random);
}
