import { createRunExecutionData, type IRunExecutionData } from 'n8n-workflow';

import { bench, closeBench, CONTINUE, imageToVideo, prompts, textOf, topic } from './bench';

afterAll(closeBench);

/** What n8n carries over when it retries a node, or when a person retries the execution. */
const newExecution = (): IRunExecutionData => createRunExecutionData({});
/** Saved to the database and read back in between. */
const saved = (runData: IRunExecutionData) => JSON.parse(JSON.stringify(runData)) as IRunExecutionData;

topic('A second attempt at the same execution', (test) => {
	test(
		'takes up the tasks of the first one and pays for none again',
		bench(async ({ api, fail, run }) => {
			const items = prompts('[stuck]', 'b', 'c');
			const runData = newExecution();
			await fail(imageToVideo({ timeout: 1 }), { items, runData });
			const ids = [...api.tasks.keys()];
			api.finish(ids[0] ?? '');
			const again = await run(imageToVideo(), { items, runData: saved(runData) });

			expect(again.items.map(({ json }) => json.taskId)).toEqual(ids);
			expect(again.items.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
			expect(again.hints.map(({ message }) => message).join()).toMatch(/3 task.*not paid for again/);
			expect(api.creates).toHaveLength(3);
		}),
	);

	test(
		'creates anew only what failed for a passing cause',
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
		'never sends a create again of which it is unknown whether it was accepted',
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
		'creates anew where the input has changed',
		bench(async ({ api, fail, run }) => {
			const runData = newExecution();
			await fail(imageToVideo({ timeout: 1 }), { items: prompts('[stuck]'), runData });
			const { items } = await run(imageToVideo(), { items: prompts('better'), runData });
			expect(items[0]?.json.status).toBe('succeeded');
			expect(api.creates).toHaveLength(2);
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
