/** When to ask again. Pure arithmetic over elapsed time, all in milliseconds. */

/** A fresh task's first look: late enough to be visible, early enough to notice a refusal. */
const FIRST_LOOK_MS = 2_000;
const SHORTEST_MS = 1_500;
const LONGEST_MS = 10_000;
/** A task this old is a long one, and CometAPI wants long tasks left alone for 5 s at least. */
const LONG_TASK_MS = 40_000;
const LONG_TASK_FLOOR_MS = 5_000;
/** Being late by this fraction of the render time is what users do not notice. */
const PATIENCE = 0.1;
/** Fraction by which delays are spread, so that a batch does not ask in step. */
const JITTER = 0.1;

const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_LONGEST_MS = 30_000;

/**
 * Delay before the next look at a task that is rendering.
 * @param elapsedMs since the task was created
 * @param looks how often it was looked at
 * @param random 0 to 1
 */
export function adaptiveDelay(elapsedMs: number, looks: number, random: number): number {
	if (looks === 0) return Math.max(0, FIRST_LOOK_MS - elapsedMs);
	const floor = elapsedMs >= LONG_TASK_MS ? LONG_TASK_FLOOR_MS : SHORTEST_MS;
	const delay = Math.min(LONGEST_MS, Math.max(floor, elapsedMs * PATIENCE));
	return Math.round(delay * (1 + JITTER * random));
}

/**
 * Delay after a read that failed for a passing reason: doubling, with up to a second of jitter
 * (CometAPI's guide on retry strategy: `min(30 s, 1 s · 2^n) + 0…1 s`).
 * @param failures how many reads in a row have failed, from 1
 */
export function backoffDelay(failures: number, random: number): number {
	return Math.min(BACKOFF_LONGEST_MS, BACKOFF_FIRST_MS * 2 ** (failures - 1)) + Math.round(1_000 * random);
}
