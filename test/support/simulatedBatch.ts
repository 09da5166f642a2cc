import pLimit from 'p-limit';

import { Watcher } from '../../nodes/shared/wait/watch';
import { createFakeClock } from './fakeClock';

/** Runs the real watcher over a batch of simulated tasks in fake time. No network and no wall clock. */

/** What the API tells of a task's progress: nothing, the truth, or a percentage that stands still until the end. */
export type ToldProgress = 'none' | 'true' | { stuckAt: number };

export interface SimulatedBatch {
	/** How long each task renders, in milliseconds, in the order of their creation. */
	renderTimes: readonly number[];
	progress: ToldProgress;
	/** Whether the task of this index fails, which tells nothing about the others. @default none does */
	fails?: (index: number) => boolean;
	/** How many tasks may be in progress at once. @default all of them */
	slots?: number;
	/** Whether the tasks have just been created, so that their age is known. @default true */
	isFresh?: boolean;
	/** Milliseconds between looks, or 0 for the adaptive pace. @default 0 */
	intervalMs?: number;
	/** How long each request takes. @default 0 */
	latencyMs?: number;
	/** How many requests may be in flight. @default 5 */
	inFlight?: number;
	/** 0 to 1 */
	random: () => number;
}

/** What became of a simulated task; moments in milliseconds since the batch began. */
export interface SimulatedTask {
	renderMs: number;
	beganAt: number;
	endedAt: number;
	noticedAt: number;
	looks: number;
	/** The moments of its looks. */
	lookedAt: number[];
}

export async function simulateBatch(batch: SimulatedBatch): Promise<SimulatedTask[]> {
	const { renderTimes, slots = Number.POSITIVE_INFINITY, isFresh = true, intervalMs = 0, random } = batch;
	const { latencyMs = 0, inFlight = 5, fails = () => false } = batch;
	const clock = createFakeClock();
	const requests = pLimit(inFlight);
	const inProgress = pLimit(slots);
	const watcher = new Watcher<null, never>({
		clock,
		limit: async (request) => await requests(request),
		kindOf: () => ({ kind: 'none', concernsAll: false, longestDelayMs: 0 }),
		random,
	});
	const beganAt = clock.now();

	async function run(renderMs: number, index: number): Promise<SimulatedTask> {
		const began = clock.now();
		const endsAt = began + renderMs;
		const lookedAt: number[] = [];
		await watcher.watch({
			renderGroup: 'video',
			isFresh,
			deadline: Number.POSITIVE_INFINITY,
			judge: () => 'askAgain',
			intervalMs,
			poll: async () => {
				const now = clock.now();
				lookedAt.push(now - beganAt);
				if (latencyMs > 0) await clock.sleep(latencyMs);
				if (now >= endsAt) return { kind: 'done', value: null, tookMs: null, isTypical: !fails(index) };
				const progress = toldProgress(batch.progress, (now - began) / renderMs);
				return { kind: 'pending', value: null, progress, beganAt: null };
			},
		});
		return {
			renderMs,
			beganAt: began - beganAt,
			endedAt: endsAt - beganAt,
			noticedAt: clock.now() - beganAt,
			looks: lookedAt.length,
			lookedAt,
		};
	}

	const runs = renderTimes.map(async (renderMs, index) => await inProgress(async () => await run(renderMs, index)));
	return await clock.until(Promise.all(runs));
}

function toldProgress(progress: ToldProgress, part: number): number | null {
	if (progress === 'none') return null;
	return progress === 'true' ? Math.floor(part * 100) : progress.stuckAt;
}
