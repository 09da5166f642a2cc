import { seeded } from '../support/seeded';
import { simulateBatch, type SimulatedTask, type ToldProgress } from '../support/simulatedBatch';
import { mean, median } from './section';

/**
 * Counts what a batch costs in looks and how late its ends are noticed, in simulated runs of the real watcher. The same
 * seed gives the same figures.
 */

export interface CadenceCase {
	/** Typical render times in seconds, in the order of creation. */
	seconds: readonly number[];
	/** How many tasks may be in progress at once. @default all of them */
	slots?: number;
	progress: ToldProgress;
	/** Seconds between looks. @default the adaptive pace */
	interval?: number;
}

export interface CadenceResult {
	looksPerTask: number;
	/** Seconds from a task's end to the moment it is noticed, over all tasks of all runs. */
	medianDelay: number;
	worstDelay: number;
	/** Seconds from the last end of a batch to the moment it is noticed, in the worst run. */
	batchDelay: number;
	/** Whether every batch T was noticed by T + 12 s and, above 60 s, by 1.15 T, apart from the time that requests take. */
	isPunctual: boolean;
}

/** Standard deviation of the render time, as a fraction. */
const SPREAD = 0.12;
const RUNS = 8;
/** How long each request takes, with five in flight. */
const LATENCY_MS = 200;
const IN_FLIGHT = 5;

export async function simulate({ seconds, slots, progress, interval = 0 }: CadenceCase): Promise<CadenceResult> {
	const runs: SimulatedTask[][] = [];
	for (let seed = 1; seed <= RUNS; seed += 1) {
		const random = seeded(seed);
		const renderTimes = seconds.map((typical) => 1_000 * typical * Math.max(0.5, 1 + SPREAD * gaussian(random)));
		const pace = { slots, progress, intervalMs: interval * 1_000, latencyMs: LATENCY_MS, inFlight: IN_FLIGHT };
		runs.push(await simulateBatch({ renderTimes, random, ...pace }));
	}
	const tasks = runs.flat();
	const delays = tasks.map(({ endedAt, noticedAt }) => (noticedAt - endedAt) / 1_000);
	const batches = runs.map((batch) => {
		const endedAt = Math.max(...batch.map((task) => task.endedAt)) / 1_000;
		const delay = Math.max(...batch.map((task) => task.noticedAt)) / 1_000 - endedAt;
		// The look that has just missed the end takes its time, and so do those that come before the last one.
		const requests = ((1 + Math.ceil(batch.length / IN_FLIGHT)) * LATENCY_MS) / 1_000;
		const most = endedAt <= 60 ? 12 : Math.min(12, 0.15 * endedAt);
		return { delay, isPunctual: delay <= most + requests };
	});
	return {
		looksPerTask: mean(tasks.map(({ looks }) => looks)),
		medianDelay: median(delays),
		worstDelay: Math.max(...delays),
		batchDelay: Math.max(...batches.map(({ delay }) => delay)),
		isPunctual: batches.every(({ isPunctual }) => isPunctual),
	};
}

function gaussian(random: () => number): number {
	return Math.sqrt(-2 * Math.log(random() || Number.MIN_VALUE)) * Math.cos(2 * Math.PI * random());
}
