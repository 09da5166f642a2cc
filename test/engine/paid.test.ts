import {
	createRunExecutionData,
	type IExecuteData,
	type IRunData,
	type IRunExecutionData,
	type NodeOperationError,
} from 'n8n-workflow';

import {
	bench,
	type Bench,
	closeBench,
	CONTINUE,
	imageToVideo,
	prompts,
	task,
	textOf,
	textToVideo,
	topic,
} from './bench';

afterAll(closeBench);

/** What n8n carries over when it retries a node, or when a person retries the execution. */
const newExecution = (): IRunExecutionData => createRunExecutionData({});
/** Saved to the database and read back in between. */
const saved = (runData: IRunExecutionData) => JSON.parse(JSON.stringify(runData)) as IRunExecutionData;

topic('A second attempt at the same execution', (test) => {
	test(
		'reuses the tasks of the first one and pays for none again',
		bench(async ({ api, fail, run }) => {
			const items = prompts('[stuck]', 'b', 'c');
			const runData = newExecution();
			await fail(imageToVideo({ timeout: 1 }), { items, runData });
			const ids = [...api.tasks.keys()];
			api.finish(ids[0] ?? '');
			const again = await run(imageToVideo(), { items, runData: saved(runData) });

			expect(again.items.map(({ json }) => json.taskId)).toEqual(ids);
			expect(again.items.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
			expect(again.hints.map(({ message }) => message).join()).toMatch(/Reused 3 tasks.*not billed again/);
			expect(api.creates).toHaveLength(3);
		}),
	);

	test(
		'creates again only what failed for a temporary reason',
		bench(async ({ api, fail, run }) => {
			const items = prompts('a', '[fail once INTERNAL]', '[fail SAFETY]');
			const runData = newExecution();
			await fail(imageToVideo(), { items, runData });
			const second = await run(imageToVideo(), { items, runData, onError: CONTINUE });

			expect(second.items.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded', undefined]);
			expect(second.items[2]?.json.error).toContain('moderation');
			expect(api.creates).toHaveLength(4);
		}),
	);

	test(
		'pays for no good item again if the first item is wrong and the node is set to continue',
		bench(async ({ api, run }) => {
			// n8n's Retry On Fail runs the node again where the first item is an error.
			const items = prompts('', 'b', 'c');
			const runData = newExecution();
			const first = await run(textToVideo(), { items, runData, onError: CONTINUE });
			const second = await run(textToVideo(), { items, runData, onError: CONTINUE });
			expect(first.items[0]?.json.error).toBeDefined();
			expect(second.items.slice(1).map(({ json }) => json.taskId)).toEqual(
				first.items.slice(1).map(({ json }) => json.taskId),
			);
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'never sends a create again if it is unknown whether it was accepted',
		bench(async ({ api, fail }) => {
			api.fault({ on: 'create', kind: 'reset-after' });
			const runData = newExecution();
			await fail(imageToVideo(), { runData });
			const error = await fail(imageToVideo(), { runData });
			expect(textOf(error)).toMatch(/may be billed/);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'creates a new task if the input has changed',
		bench(async ({ api, fail, run }) => {
			const runData = newExecution();
			await fail(imageToVideo({ timeout: 1 }), { items: prompts('[stuck]'), runData });
			const { items } = await run(imageToVideo(), { items: prompts('better'), runData });
			expect(items[0]?.json.status).toBe('succeeded');
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'names every task of the attempts before it if each asks for something else',
		bench(async ({ api, fail, run }) => {
			const runData = newExecution();
			for (const prompt of ['one [stuck]', 'two [stuck]', 'three [stuck]']) {
				await fail(imageToVideo({ timeout: 1 }), { items: prompts(prompt), runData });
			}
			const ids = [...api.tasks.keys()];
			const error = await fail(imageToVideo({ timeout: 1 }), { items: prompts('four [stuck]'), runData });
			for (const id of [...api.tasks.keys()]) {
				expect(textOf(error)).toContain(id);
				expect(JSON.stringify((error as NodeOperationError).context.data)).toContain(id);
			}
			expect(textOf(error)).toMatch(/3 tasks from earlier attempts not reused/);
			const { hints } = await run(imageToVideo(), { items: prompts('five'), runData });
			for (const id of ids) expect(hints.map(({ message }) => message).join()).toContain(id);
		}),
	);

	test(
		'names the tasks of the attempts before it if it has a wrong value',
		bench(async ({ api, fail }) => {
			const runData = newExecution();
			await fail(imageToVideo({ timeout: 1 }), { items: prompts('a [stuck]', 'b [stuck]'), runData });
			const error = await fail(imageToVideo({ timeout: 1 }), {
				items: prompts('a [stuck]', 'b'.repeat(1001)),
				runData,
			});
			for (const id of api.tasks.keys()) expect(textOf(error)).toContain(id);
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'reuses what it had asked for two attempts ago',
		bench(async ({ api, fail, run }) => {
			const runData = newExecution();
			for (const prompt of ['one [stuck]', 'two [stuck]']) {
				await fail(imageToVideo({ timeout: 1 }), { items: prompts(prompt), runData });
			}
			const [one = '', two = ''] = [...api.tasks.keys()];
			api.finish(one);
			const { items, hints } = await run(imageToVideo(), { items: prompts('one [stuck]'), runData: saved(runData) });
			expect(items.map(({ json }) => json.taskId)).toEqual([one]);
			expect(hints.map(({ message }) => message).join()).toContain(
				`not reused, because no item makes the same request any more: ${two}`,
			);
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'names in an error item the earlier tasks of that item',
		bench(async ({ api, fail, run }) => {
			const runData = newExecution();
			await fail(imageToVideo({ timeout: 1 }), { items: prompts('a [stuck]', 'b [stuck]'), runData });
			const ids = [...api.tasks.keys()];
			const { items } = await run(imageToVideo({ timeout: 1 }), {
				items: prompts('a changed [stuck]', 'b'.repeat(1001)),
				runData,
				onError: CONTINUE,
			});
			items.forEach(({ json }, index) => {
				expect(json.message).toMatch(new RegExp(`1 task from earlier attempts not reused.*${ids[index]}\\.`));
				expect(json.details).toMatchObject({ earlierTasks: [{ taskId: ids[index], status: 'unknown' }] });
				expect(JSON.stringify(json)).not.toContain(ids[1 - index]);
			});
		}),
	);

	test(
		'still names a task that had failed when it creates another one in its place',
		bench(async ({ api, fail, run }) => {
			const runData = newExecution();
			await fail(imageToVideo(), { items: prompts('[fail once INTERNAL]'), runData });
			const [failed = ''] = [...api.tasks.keys()];
			const { items, hints } = await run(imageToVideo(), { items: prompts('[fail once INTERNAL]'), runData });
			expect(items[0]?.json.status).toBe('succeeded');
			expect(hints.map(({ message }) => message).join()).toContain(`1 task from earlier attempts failed: ${failed}.`);
		}),
	);

	test(
		'leaves nothing behind if the node has been changed to wait for the tasks of the first one',
		bench(async ({ api, fail, run }) => {
			const runData = newExecution();
			await fail(imageToVideo({ timeout: 1 }), { items: prompts('[stuck]'), runData });
			const [taskId = ''] = [...api.tasks.keys()];
			api.finish(taskId);
			const { items, hints } = await run(task('wait', { taskId }), { runData });
			expect(items.map(({ json }) => [json.taskId, json.status])).toEqual([[taskId, 'succeeded']]);
			expect(hints).toEqual([]);
		}),
	);

	test(
		'names the tasks of the first one if the credential has become useless',
		bench(async ({ api, credential, fail, run }) => {
			const items = prompts('a [stuck]', 'b [stuck]');
			const runData = newExecution();
			await fail(imageToVideo({ timeout: 1 }), { items, runData });
			const useless = { ...credential, baseUrl: 'nowhere' };
			const error = await fail(imageToVideo(), { items, runData, credential: useless });
			const again = await run(imageToVideo(), { items, runData, credential: useless, onError: CONTINUE });
			expect(textOf(error)).toMatch(/base url/i);
			for (const id of api.tasks.keys()) expect(textOf(error)).toContain(id);
			expect(textOf(error)).not.toMatch(/nothing was billed/);
			expect(again.items.map(({ json }) => (json.details as { taskId: string }).taskId)).toEqual([...api.tasks.keys()]);
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'says if an earlier request that no item makes any more may have been billed',
		bench(async ({ api, fail, run }) => {
			api.fault({ on: 'create', kind: 'reset-after' });
			const runData = newExecution();
			await fail(imageToVideo(), { items: prompts('a'), runData });
			const { hints } = await run(imageToVideo(), { items: prompts('b'), runData });
			expect(hints.map(({ message }) => message).join()).toMatch(
				/1 earlier request that no item repeats, it is unknown whether a task was created/,
			);
		}),
	);
});

topic('A retry from the list of executions', (test) => {
	/** n8n drops the failed run before it retries, but not the word that there was one. */
	const afterFailure = (runData: IRunExecutionData) => {
		const copy = saved(runData);
		copy.resultData.runData = { ...ran('Start', 60_000), Runway: [] };
		return copy;
	};
	/** A node that was executed this many milliseconds ago. */
	const ran = (name: string, ago: number): IRunData => ({
		[name]: [{ startTime: Date.now() - ago, executionTime: 10, executionIndex: 0, source: [] }],
	});
	/** What n8n has saved of an execution: which nodes were executed, and whose turn it is. */
	const progress = (executed: IRunData, next: string, runData = newExecution(), disabled = false) => {
		const copy = saved(runData);
		copy.resultData.runData = executed;
		const turn = { node: { name: next, disabled }, data: { main: [] }, source: null } as unknown as IExecuteData;
		copy.executionData?.nodeExecutionStack.splice(0, Infinity, turn);
		return copy;
	};
	/** A context that has seen the node begin and end once, as in a loop. */
	const afterOneRound = async ({ run }: Bench) => {
		const runData = newExecution();
		await run(imageToVideo(), { runData });
		return runData;
	};

	for (const [what, runData] of [
		['n8n has read in its event log that the node had begun', () => afterFailure(newExecution())],
		['n8n has kept nothing of the execution', newExecution],
		['n8n had saved that it was the turn of the node', () => progress(ran('Start', 60_000), 'Runway')],
	] as const) {
		test(
			`creates nothing if a crash has cut the node off, and ${what}`,
			bench(async ({ api, fail }) => {
				const left = runData();
				for (const _attempt of [1, 2]) {
					const error = await fail(imageToVideo(), { runData: saved(left), mode: 'retry' });
					expect(textOf(error)).toMatch(/may already have created them.*log of n8n.*Operation "Wait".*again/s);
				}
				expect(api.creates).toHaveLength(0);
			}),
		);
	}

	test(
		'creates nothing if a crash came after the execution had slept in the first round of a loop',
		bench(async (place) => {
			const { api, fail } = place;
			// Of what came after the sleep, n8n has kept only that it passes over the node that slept.
			const runData = progress(ran('Loop', 60_000), 'Nap', await afterOneRound(place), true);
			for (const runIndex of [1, 2]) {
				const error = await fail(imageToVideo(), { runData, mode: 'retry', runIndex });
				expect(textOf(error)).toMatch(/may already have created them/);
			}
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'runs the node as usual after it has slept itself, in the first round of a loop and in later ones',
		bench(async (place) => {
			const { api, run } = place;
			const first = progress(ran('Start', 60_000), 'Nap', newExecution(), true);
			await run(imageToVideo(), { runData: first, mode: 'retry' });
			const before = await afterOneRound(place);
			await new Promise((resolve) => setTimeout(resolve, 5));
			const later = progress(ran('Upload', 0), 'Nap', before, true);
			await run(imageToVideo(), { runData: later, mode: 'retry', runIndex: 1 });
			expect(api.creates).toHaveLength(3);
		}),
	);

	test(
		'runs the node as usual if the node that an execution is to sleep in had failed',
		bench(async (place) => {
			const { api, run } = place;
			const failed = progress(ran('Loop', 60_000), 'Nap', await afterOneRound(place));
			await run(imageToVideo(), { runData: failed, mode: 'retry', runIndex: 1 });
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'creates nothing if a crash has cut off the second round of a loop',
		bench(async (place) => {
			const { api, fail } = place;
			const runData = progress(ran('Loop', 60_000), 'Runway', await afterOneRound(place));
			const error = await fail(imageToVideo(), { runData, mode: 'retry', runIndex: 1 });
			expect(textOf(error)).toMatch(/may already have created them/);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'notes the tasks that it reuses in its own custom data, too',
		bench(async ({ api, fail, run }) => {
			const runData = newExecution();
			await fail(imageToVideo({ timeout: 1 }), { items: prompts('[stuck]'), runData });
			const [taskId = ''] = [...api.tasks.keys()];
			api.finish(taskId);
			const retried = afterFailure(runData);
			delete retried.resultData.metadata;
			await run(imageToVideo(), { items: prompts('[stuck]'), runData: retried, mode: 'retry' });
			expect(retried.resultData.metadata).toEqual({ Runway_task_IDs: taskId });
		}),
	);

	test(
		'creates what the first attempt did not get to create',
		bench(async ({ api, fail, run }) => {
			const runData = newExecution();
			await fail(textToVideo(), { items: prompts('a', ''), runData });
			await run(textToVideo(), { items: prompts('a', 'b'), runData: afterFailure(runData), mode: 'retry' });
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'runs the node as usual if an earlier one had failed',
		bench(async ({ api, run }) => {
			await run(imageToVideo(), { runData: progress(ran('Start', 60_000), 'Earlier'), mode: 'retry' });
			// Where n8n saves after each node, it has saved that the earlier one has now done its work.
			await run(imageToVideo(), { runData: progress(ran('Earlier', 500), 'Runway'), mode: 'retry' });
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'runs the node as usual in the rounds of a loop that follow the one that had failed',
		bench(async (place) => {
			const { api, run } = place;
			const failed = progress(ran('Loop', 60_000), 'Runway', await afterOneRound(place));
			for (const runIndex of [0, 1, 2]) await run(imageToVideo(), { runData: failed, mode: 'retry', runIndex });
			expect(api.creates).toHaveLength(4);
		}),
	);
});

topic('An execution', (test) => {
	test(
		'that has delivered everything leaves no records, so that the next round of a loop pays for its own',
		bench(async ({ api, run }) => {
			const runData = newExecution();
			await run(imageToVideo({}, { completion: 'return' }), { runData });
			expect(JSON.stringify(runData.executionData?.contextData ?? {})).not.toContain([...api.tasks.keys()][0]);
			await run(imageToVideo({}, { completion: 'return' }), { runData });
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'can be found by the ids of its tasks, also when it failed',
		bench(async ({ api, fail }) => {
			const runData = newExecution();
			await fail(imageToVideo({ timeout: 1 }), { items: prompts('[stuck]', 'b'), runData });
			const metadata = JSON.stringify(runData.resultData.metadata);
			for (const id of api.tasks.keys()) expect(metadata).toContain(id);
		}),
	);

	test(
		'keeps no key and no signature in what it remembers',
		bench(async ({ api, fail }) => {
			const runData = newExecution();
			api.fault({ on: 'create', kind: 'status', status: 502, message: `bad ${api.apiKey}` });
			await fail(imageToVideo(), { items: prompts('a', 'b', '[fail]'), runData });
			expect(JSON.stringify(runData)).not.toContain(api.apiKey);
			expect(JSON.stringify(runData)).not.toContain('_jwt');
		}),
	);
});
