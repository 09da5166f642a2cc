import { createRunExecutionData, type IRunExecutionData } from 'n8n-workflow';

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

const AT_ONCE = { completion: 'return' };
const newExecution = (): IRunExecutionData => createRunExecutionData({});
const routes = ({ api }: Bench) => api.requests.map(({ route }) => route);

topic('Max Tasks per Run', (test) => {
	test(
		'refuses a run that would create more, before it creates anything, and says how many and what to change',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo({ maxTasks: 2 }), { items: prompts('a', 'b', 'c') });
			expect(error.message).toBe('This run would create 3 tasks, more than Max Tasks per Run allows (2)');
			expect(error.description).toMatch(
				/None of them was sent, so nothing was billed\. .*Max Tasks per Run in the options/,
			);
			expect(api.requests).toHaveLength(0);
		}),
	);

	test(
		'lets a run pass that creates as many',
		bench(async ({ api, run }) => {
			await run(imageToVideo({ maxTasks: 2 }, AT_ONCE), { items: prompts('a', 'b') });
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'counts no tasks that are taken up again, and delivers them even if the others are refused',
		bench(async ({ api, fail, run }) => {
			const runData = newExecution();
			await fail(imageToVideo({ timeout: 1 }), { items: prompts('[stuck]', '[stuck] 2'), runData });
			for (const id of api.tasks.keys()) api.finish(id);
			const items = prompts('[stuck]', '[stuck] 2', 'c', 'd');
			const output = await run(imageToVideo({ maxTasks: 1 }), { items, runData, onError: CONTINUE });
			expect(output.items.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded', undefined, undefined]);
			expect(output.items[2]?.json).toMatchObject({
				error: 'This run would create 2 tasks, more than Max Tasks per Run allows (1)',
				details: { created: false },
			});
			expect(api.creates).toHaveLength(2);

			await run(imageToVideo({ maxTasks: 1 }), { items: items.slice(0, 3), runData });
			expect(api.creates).toHaveLength(3);
		}),
	);

	test(
		'names the tasks of an earlier attempt if it refuses the rest',
		bench(async ({ api, fail }) => {
			const runData = newExecution();
			await fail(imageToVideo({ timeout: 1 }), { items: prompts('[stuck]'), runData });
			const error = await fail(imageToVideo({ maxTasks: 1 }), { items: prompts('[stuck]', 'b', 'c'), runData });
			expect(textOf(error)).toMatch(/would create 2 tasks/);
			for (const id of api.tasks.keys()) expect(textOf(error)).toContain(id);
		}),
	);

	test(
		'is the smallest of those that the items give',
		bench(async ({ api, fail }) => {
			const items = [{ most: 9 }, { most: 1 }, { most: 0 }];
			const error = await fail(imageToVideo({ maxTasks: '={{ $json.most }}' }), { items });
			expect(error.message).toMatch(/allows \(1\)/);
			expect(api.creates).toHaveLength(0);
		}),
	);
});

topic('Minimum Balance', (test) => {
	test(
		'is held against the account once, before the first create',
		bench(async (place) => {
			await place.run(imageToVideo({ minBalance: 50 }, AT_ONCE), { items: prompts('a', 'b', 'c') });
			const asked = routes(place);
			expect(asked.filter((route) => route === 'quota')).toHaveLength(1);
			expect(asked.lastIndexOf('quota')).toBeLessThan(asked.indexOf('create'));
			expect(asked.filter((route) => route === 'create')).toHaveLength(3);
		}),
	);

	test(
		'refuses a run if the account has less',
		bench(async ({ api, fail }) => {
			const error = await fail(textToVideo({ minBalance: 100 }), { items: prompts('a', 'b') });
			expect(error.message).toBe('The CometAPI account has 84.517203 USD left, less than Minimum Balance (100 USD)');
			expect(error.description).toMatch(/nothing was billed\. Top up the account/);
			expect(api.creates).toHaveLength(0);
		}),
	);

	test(
		'refuses a run if the key has less, and leaves the limits of other keys alone',
		bench(async ({ api, fail, run }) => {
			await run(imageToVideo({ minBalance: 20 }, AT_ONCE));
			api.settings.keyUsage = { name: 'capped' };
			const error = await fail(imageToVideo({ minBalance: 20 }));
			expect(error.message).toBe('The API key "capped" has 9.25 USD left, less than Minimum Balance (20 USD)');
			expect(error.description).toMatch(/Raise the limit of this key/);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'gives error items if the node is to continue',
		bench(async ({ api, run }) => {
			const options = { items: prompts('a', 'b'), onError: CONTINUE };
			const { items } = await run(imageToVideo({ minBalance: 100 }), options);
			expect(items.map(({ json }) => json.error)).toEqual(
				Array(2).fill(expect.stringMatching(/less than Minimum Balance/)),
			);
			expect(api.creates).toHaveLength(0);
		}),
	);

	test(
		'is asked for again after a stray refusal, and the run goes on',
		bench(async ({ api, run }) => {
			api.fault({ on: 'quota', kind: 'status', status: 502 });
			await run(imageToVideo({ minBalance: 50 }, AT_ONCE));
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'refuses a run if the balance cannot be asked for, and says how to do without',
		bench(async (place) => {
			place.api.fault({ on: 'quota', kind: 'status', status: 404, times: 9 });
			const error = await place.fail(imageToVideo({ minBalance: 50 }));
			expect(error.message).toMatch(
				/^Minimum Balance can't be checked, so no task was created\. CometAPI found no such endpoint/,
			);
			expect(error.description).toMatch(/remove Minimum Balance from the options/);
			expect(routes(place)).toEqual(['quota', 'quota', 'quota']);
		}),
	);

	test(
		'is not asked for by a run that creates nothing',
		bench(async (place) => {
			const { api, fail, run } = place;
			const runData = newExecution();
			const items = prompts('[stuck]', '[stuck] 2');
			await fail(imageToVideo({ timeout: 1, minBalance: 1 }), { items, runData });
			for (const id of api.tasks.keys()) api.finish(id);
			await run(imageToVideo({ minBalance: 9_999 }), { items, runData });
			await run(task('get', { taskId: [...api.tasks.keys()][0] ?? '' }));
			await fail(textToVideo({ minBalance: 1 }), { items: prompts('a', '') });
			expect(routes(place).filter((route) => route === 'quota')).toHaveLength(1);
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'sends nothing more after a Stop',
		bench(async ({ api, attempt }) => {
			const stop = new AbortController();
			api.settings.latencyMs = 300;
			setTimeout(() => stop.abort(), 100);
			const { error } = await attempt(imageToVideo({ minBalance: 1 }), { signal: stop.signal });
			expect((error as Error).message).toMatch(/canceled/);
			expect(api.creates).toHaveLength(0);
		}),
	);
});
