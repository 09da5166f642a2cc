import { createRunExecutionData, type INodeParameters } from 'n8n-workflow';

import type { RunInput } from '../support/engine';
import {
	asNodeFailure,
	type Bench,
	bench,
	closeBench,
	CONTINUE,
	imageToVideo,
	makeTask,
	type NodeFailure,
	prompts,
	task,
	tasksIn,
	topic,
	until,
} from './bench';

afterAll(closeBench);

/** What these tests stop takes at least half a minute to end by itself. */
const SOON = 20_000;
const STOPPED = /^The execution was (stopped|cancell?ed)/;

/** Starts a run, stops it at the moment, and gives its error with the time that it took to end. */
async function stopAt(
	{ attempt }: Bench,
	parameters: INodeParameters,
	moment: () => Promise<void>,
	more: Partial<RunInput> = {},
): Promise<{ error: NodeFailure; tookMs: number; messages: string[] }> {
	const stop = new AbortController();
	const running = attempt(parameters, { ...more, signal: stop.signal });
	await moment();
	const stoppedAt = Date.now();
	stop.abort();
	const { error, messages } = await running;
	return { error: asNodeFailure(error), tookMs: Date.now() - stoppedAt, messages };
}

topic('Stopping the execution', (test) => {
	test(
		'ends all waiting and names the tasks that keep running',
		bench(async (place) => {
			const { api } = place;
			const { error, tookMs } = await stopAt(
				place,
				imageToVideo(),
				async () => await until(() => api.reads.length > 2),
				{
					items: prompts('[stuck]', '[stuck]', '[stuck]'),
				},
			);

			expect(tookMs).toBeLessThan(SOON);
			expect(error.message).toMatch(STOPPED);
			const ids = [...api.tasks.keys()];
			expect(ids).toHaveLength(3);
			for (const id of ids) expect(error.description).toContain(id);
			expect(error.description).toContain('still running at CometAPI');
			expect(tasksIn(error).map(({ taskId }) => taskId)).toEqual(ids);
			// A read that was on its way arrives first.
			await new Promise((resolve) => setTimeout(resolve, 300));
			const reads = api.reads.length;
			await new Promise((resolve) => setTimeout(resolve, 600));
			expect(api.reads).toHaveLength(reads);
		}),
	);

	test(
		'tells the editor, which shows no error of a stopped run, what keeps running, and not that it is done',
		bench(async (place) => {
			const { api } = place;
			const watched = async () => await until(() => api.reads.length > 1);
			const { messages } = await stopAt(place, imageToVideo(), watched, { items: prompts('[stuck]', '[stuck]') });

			expect(messages).toHaveLength(1);
			for (const id of api.tasks.keys()) expect(messages[0]).toContain(id);
			expect(messages[0]).toContain('still running at CometAPI');
		}),
	);

	test(
		"leaves in the execution's custom data what keeps running and how to receive it",
		bench(async (place) => {
			const { api } = place;
			const runData = createRunExecutionData({});
			const watched = async () => await until(() => api.reads.length > 1);
			await stopAt(place, imageToVideo(), watched, { items: prompts('[stuck]', '[stuck]'), runData });

			const { Runway_task_IDs: ids, Runway_after_stop: state } = runData.resultData.metadata ?? {};
			expect(ids?.split(', ').sort()).toEqual([...api.tasks.keys()].sort());
			expect(state).toMatch(/^2 of 2 still running at CometAPI\. To receive them: .*"Wait"/);
		}),
	);

	test(
		'does not call a task finished that nobody waits for',
		bench(async (place) => {
			const { api } = place;
			api.settings.latencyMs = 400;
			const moment = async () => await until(() => api.creates.length === 2);
			const parameters = imageToVideo({ maxParallel: 1 }, { completion: 'return' });
			const { error } = await stopAt(place, parameters, moment, { items: prompts('[stuck]', '[stuck]', '[stuck]') });
			expect(error.description).toMatch(/2 of 3 still running at CometAPI, 1 not sent/);
			for (const id of api.tasks.keys()) expect(error.description).toContain(id);
		}),
	);

	test(
		'while a failed task is about to be created again names the failed one, and does not say that there was none',
		bench(async (place) => {
			const { api } = place;
			api.fault({ on: 'create', kind: 'saturated', retryAfter: 30, skip: 1, times: 99 });
			const moment = async () => {
				await until(() => api.creates[1]?.endedAt !== undefined, 20_000);
				await new Promise((resolve) => setTimeout(resolve, 100));
			};
			const items = prompts('[fail INTERNAL]');
			const { error } = await stopAt(place, imageToVideo({ retryFailed: 1 }), moment, { items });
			expect(error.description).toContain([...api.tasks.keys()][0]);
			expect(error.description).not.toMatch(/No task/);
		}),
	);

	test(
		'before the first look names the tasks, too',
		bench(async (place) => {
			const { api } = place;
			const { error, tookMs } = await stopAt(
				place,
				imageToVideo(),
				async () => await until(() => api.tasks.size === 2),
				{
					items: prompts('[stuck]', '[stuck]'),
				},
			);
			expect(tookMs).toBeLessThan(SOON);
			// The answer of the last create may have been on its way; then its outcome is what is unknown.
			expect(error.description).toContain([...api.tasks.keys()][0]);
			expect(error.description).toMatch(/still running at CometAPI/);
		}),
	);

	test(
		'awaits the answer of a create that is on its way, since it tells the id of what is billed',
		bench(async (place) => {
			const { api } = place;
			api.settings.latencyMs = 700;
			const moment = async () => await until(() => api.creates.length === 2);
			const { error } = await stopAt(place, imageToVideo({ maxParallel: 2 }), moment, {
				items: prompts('a', 'b', 'c', 'd'),
			});
			await new Promise((resolve) => setTimeout(resolve, 800));
			expect(api.creates).toHaveLength(2);
			const ids = [...api.tasks.keys()];
			expect(ids).toHaveLength(2);
			for (const id of ids) expect(error.description).toContain(id);
			expect(error.description).not.toContain('unknown');
		}),
	);

	test(
		'sends no further create and says which one may or may not have been accepted',
		bench(async (place) => {
			const { api } = place;
			api.fault({ on: 'create', kind: 'timeout-after', skip: 1 });
			const moment = async () => await until(() => api.creates.length === 2);
			const { error, tookMs } = await stopAt(place, imageToVideo({ maxParallel: 1 }), moment, {
				items: prompts('a', 'b', 'c', 'd'),
			});

			expect(tookMs).toBeGreaterThan(9_000);
			// Without a Stop, it would be two minutes.
			expect(tookMs).toBeLessThan(100_000);
			expect(api.creates).toHaveLength(2);
			expect(error.description).toContain([...api.tasks.keys()][0]);
			expect(error.description).toContain('For 1 item it is unknown whether a task was created');
		}),
	);

	test(
		'while a create waits to be sent again sends it no more',
		bench(async (place) => {
			const { api } = place;
			api.fault({ on: 'create', kind: 'saturated', retryAfter: 30 });
			const moment = async () => {
				await until(() => api.creates[0]?.endedAt !== undefined);
				await new Promise((resolve) => setTimeout(resolve, 100));
			};
			const { error, tookMs } = await stopAt(place, imageToVideo(), moment);
			expect(tookMs).toBeLessThan(SOON);
			expect(error.description).toMatch(/No task/);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'before the start sends nothing',
		bench(async (place) => {
			const { error } = await stopAt(place, imageToVideo(), async () => {}, { items: prompts('a', 'b') });
			expect(error.message).toMatch(STOPPED);
			expect(place.api.tasks.size).toBe(0);

			const stopped = AbortSignal.abort();
			const again = await place.fail(imageToVideo(), { signal: stopped, items: prompts('a', 'b') });
			expect(again.message).toMatch(STOPPED);
			expect(again.description).toMatch(/No task/);
			expect(place.api.creates).toHaveLength(0);
		}),
	);

	test(
		'in the middle of a download ends it and names the finished task',
		bench(
			async (place) => {
				const { api } = place;
				const moment = async () => await until(() => (api.downloads[0]?.bytesSent ?? 0) > 0);
				const { error, tookMs } = await stopAt(place, imageToVideo(), moment);
				expect(tookMs).toBeLessThan(SOON);
				expect(error.message).toMatch(STOPPED);
				expect(error.description).toContain('1 of 1 finished');
				expect(error.description).toContain([...api.tasks.keys()][0]);
				await until(() => api.downloads[0]?.endedAt !== undefined);
				expect(api.downloads).toHaveLength(1);
			},
			{ assetBytes: 20 * 1024 * 1024, assetBytesPerSecond: 512 * 1024 },
		),
	);

	test(
		'between two attempts at a download ends it, too',
		bench(async (place) => {
			const { api } = place;
			api.fault({ on: 'asset', kind: 'status', status: 503, times: 50 });
			const { tookMs } = await stopAt(place, imageToVideo(), async () => await until(() => api.downloads.length === 1));
			expect(tookMs).toBeLessThan(SOON);
			expect(api.downloads.length).toBeLessThanOrEqual(2);
		}),
	);

	test(
		'is an error even if the node is set to continue',
		bench(async (place) => {
			const { api } = place;
			const { error } = await stopAt(place, imageToVideo(), async () => await until(() => api.reads.length > 0), {
				items: prompts('[stuck]'),
				onError: CONTINUE,
			});
			expect(error.message).toMatch(STOPPED);
		}),
	);

	test(
		'ends waiting for existing tasks',
		bench(async (place) => {
			const taskId = await makeTask(place, { prompt: '[stuck]' });
			const moment = async () => await until(() => place.api.reads.length > 0);
			const { error, tookMs } = await stopAt(place, task('wait', { taskId }), moment);
			expect(tookMs).toBeLessThan(SOON);
			expect(error.description).toContain(taskId);
		}),
	);
});
