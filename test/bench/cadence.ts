import { createExperience, type Experience } from '../../nodes/shared/wait/experience';
import { createWatcher } from '../../nodes/shared/wait/watch';
import { createFakeClock } from '../support/fakeClock';

/**
 * Simulates the watcher over render times with a spread and counts what a task costs in requests and how
 * late its end is noticed, beside fixed intervals. No network and no wall clock: the same seed gives the
 * same table.
 */

export interface CadenceCase {
	/** Typical render time, in seconds. */
	seconds: number;
	/** Tasks created together. */
	batch: number;
	/** Whether the API tells a task's progress. */
	progress: boolean;
	/** Runs before the measured one, from which it could learn. */
	taughtBy: number;
	/** Seconds between looks, or 0 for the adaptive pace. */
	interval: number;
}

export interface CadenceResult {
	requestsPerTask: number;
	/** Median time from ready to noticed, in milliseconds and as percent of the render time. */
	delayMs: number;
	delayPercent: number;
}

/** Standard deviation of the render time, as a fraction. */
const SPREAD = 0.12;
const RUNS = 24;

export async function simulate(testCase: CadenceCase, seed = 1): Promise<CadenceResult> {
	const random = seeded(seed);
	const requests: number[] = [];
	const delays: number[] = [];
	const percents: number[] = [];
	for (let run = 0; run < RUNS; run += 1) {
		const experience = createExperience();
		for (let lesson = 0; lesson < testCase.taughtBy; lesson += 1) await runBatch(testCase, experience, random);
		for (const task of await runBatch(testCase, experience, random)) {
			requests.push(task.requests);
			delays.push(task.delayMs);
			percents.push((task.delayMs / task.renderMs) * 100);
		}
	}
	return { requestsPerTask: mean(requests), delayMs: median(delays), delayPercent: median(percents) };
}

async function runBatch(testCase: CadenceCase, experience: Experience, random: () => number) {
	const clock = createFakeClock();
	const watcher = createWatcher<null, null>({ clock, limit: async (request) => await request(), experience, random });
	const began = clock.now();
	const tasks = Array.from({ length: testCase.batch }, () => {
		const renderMs = testCase.seconds * 1000 * Math.max(0.5, 1 + SPREAD * gaussian(random));
		const task = { renderMs, requests: 0, delayMs: 0 };
		const end = watcher.watch({
			kind: 'video',
			isFresh: true,
			deadline: began + 3_600_000,
			absenceGraceMs: 60_000,
			intervalMs: testCase.interval * 1000,
			look: async () => {
				task.requests += 1;
				const elapsed = clock.now() - began;
				if (elapsed >= renderMs) {
					task.delayMs = elapsed - renderMs;
					return { kind: 'done', value: null, tookMs: null, isTypical: true };
				}
				const percent = testCase.progress ? Math.floor((elapsed / renderMs) * 100) : null;
				return { kind: 'pending', value: null, progress: percent, beganAt: null };
			},
		});
		return { task, end };
	});
	await clock.until(Promise.all(tasks.map(({ end }) => end)));
	return tasks.map(({ task }) => task);
}

function seeded(seed: number): () => number {
	let state = seed * 2_654_435_761;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

function gaussian(random: () => number): number {
	return Math.sqrt(-2 * Math.log(random() || Number.MIN_VALUE)) * Math.cos(2 * Math.PI * random());
}

function mean(values: number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: number[]): number {
	return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
