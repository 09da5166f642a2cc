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
	until,
} from './bench';

afterAll(closeBench);

const AT_ONCE = { completion: 'return' };
const newExecution = (): IRunExecutionData => createRunExecutionData({});
const routes = ({ api }: Bench) => api.requests.map(({ route }) => route);

topic('Max Tasks Per Run', (test) => {
	test(
		'refuses a run that would create more, before it creates anything, and says how many and what to change',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo({ maxTasks: 2 }), { items: prompts('a', 'b', 'c') });
			expect(error.message).toBe('This run would create 3 tasks, more than Max Tasks Per Run allows (2)');
			expect(error.description).toMatch(
				/None of them was sent, so nothing was billed\. .*Max Tasks Per Run in the options/,
			);
			expect(error.description).toContain('3 of 3 not sent.');
			expect(error.description).not.toMatch(/failed|2nd item: This run/);
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
		'counts no tasks that are reused, and delivers them even if the others are refused',
		bench(async ({ api, fail, run }) => {
			const runData = newExecution();
			await fail(imageToVideo({ timeout: 1 }), { items: prompts('[stuck]', '[stuck] 2'), runData });
			for (const id of api.tasks.keys()) api.finish(id);
			const items = prompts('[stuck]', '[stuck] 2', 'c', 'd');
			const output = await run(imageToVideo({ maxTasks: 1 }), { items, runData, onError: CONTINUE });
			expect(output.items.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded', undefined, undefined]);
			expect(output.items[2]?.json).toMatchObject({
				error: 'This run would create 2 tasks, more than Max Tasks Per Run allows (1)',
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
		'is asked for again after a stray refusal, and the run continues',
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

topic('Retry Failed Tasks', (test) => {
	const failing = '[fail once INTERNAL]';

	test(
		'creates a task again if it failed for a temporary reason, and counts the attempts',
		bench(async ({ api, run }) => {
			const output = await run(imageToVideo({ retryFailed: 2 }), { items: prompts('a', failing) });
			expect(output.items.map(({ json }) => [json.status, json.attempts])).toEqual([
				['succeeded', 1],
				['succeeded', 2],
			]);
			expect(api.creates).toHaveLength(3);
			const failed = [...api.tasks.values()].find(({ outcome }) => outcome.kind === 'failed');
			expect(output.hints.map(({ message }) => message).join()).toContain(`failed: ${failed?.id}`);
			expect(JSON.stringify(output.runData.resultData.metadata)).toContain(failed?.id);
		}),
	);

	test(
		'gives up after as many new attempts, and names every task that was billed',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo({ retryFailed: 1 }), { items: prompts('[fail INTERNAL]') });
			expect(api.creates).toHaveLength(2);
			for (const id of api.tasks.keys()) expect(textOf(error).split(id)).toHaveLength(2);
		}),
	);

	for (const [what, prompt, options] of [
		['a task that moderation refused', '[fail SAFETY.INPUT.TEXT]', { retryFailed: 5 }],
		['a task whose input is the reason', '[fail ASSET.INVALID]', { retryFailed: 5 }],
		['a task that was cancelled', '[cancelled]', { retryFailed: 5 }],
		['anything unless it is set', failing, {}],
	] as const) {
		test(
			`does not create ${what} again`,
			bench(async ({ api, fail }) => {
				await fail(imageToVideo(options), { items: prompts(prompt) });
				expect(api.creates).toHaveLength(1);
			}),
		);
	}

	test(
		'stays within Max Tasks Per Run',
		bench(async ({ api, run }) => {
			const items = prompts('[fail INTERNAL]', '[fail INTERNAL] 2');
			const output = await run(imageToVideo({ retryFailed: 5, maxTasks: 3 }), { items, onError: CONTINUE });
			expect(output.items.every(({ json }) => json.error !== undefined)).toBe(true);
			expect(api.creates).toHaveLength(3);
		}),
	);

	test(
		'creates nothing more after a Stop, and names the failed task',
		bench(async ({ api, attempt }) => {
			const stop = new AbortController();
			const running = attempt(imageToVideo({ retryFailed: 5 }), {
				items: prompts('[fail THIRD_PARTY.UNAVAILABLE]'),
				signal: stop.signal,
			});
			const hasFailed = () =>
				api.reads.some(({ at, taskId = '' }) => at > (api.tasks.get(taskId)?.readyAt ?? Infinity));
			await until(hasFailed);
			setTimeout(() => stop.abort(), 200);
			const { error } = await running;
			expect((error as Error).message).toMatch(/canceled/);
			expect(api.creates).toHaveLength(1);
			expect(JSON.stringify((error as { description?: string }).description)).toContain([...api.tasks.keys()][0]);
		}),
	);

	test(
		'gives each attempt the whole time limit, and ends with it',
		bench(async ({ api, fail }) => {
			const running = fail(imageToVideo({ retryFailed: 5, timeout: 1 }), { items: prompts(failing) });
			api.settings.renderMs = (made) => (made.number === 1 ? 200 : 60_000);
			const error = await running;
			expect(error.message).toMatch(/after 1 second/);
			expect(api.creates).toHaveLength(2);
			for (const id of api.tasks.keys()) expect(textOf(error)).toContain(id);
		}),
	);

	test(
		'continues the count of an earlier attempt of the execution, and creates nothing twice',
		bench(async ({ api, fail, run }) => {
			const runData = newExecution();
			api.settings.renderMs = (made) => (made.number === 1 ? 200 : 60_000);
			await fail(imageToVideo({ retryFailed: 1, timeout: 1 }), { items: prompts(failing), runData });
			const [, second = ''] = [...api.tasks.keys()];
			api.finish(second);
			const { items } = await run(imageToVideo({ retryFailed: 1 }), { items: prompts(failing), runData });
			expect(items[0]?.json).toMatchObject({ taskId: second, attempts: 2, status: 'succeeded' });
			expect(api.creates).toHaveLength(2);
		}),
	);
});

topic('Fallback Models', (test) => {
	const gen45 = { model: { __rl: true, mode: 'id', value: 'gen4.5' } };
	const asked = ({ api }: Bench) => api.creates.map(({ body }) => (body as { model: string }).model);

	test(
		'are tried in turn while CometAPI does not serve the one before, and the item names the one that made it',
		bench(async (place) => {
			place.api.settings.noChannelFor = ['gen4.5', 'veo3.1'];
			const fallbackModels = 'veo3.1,\n gen4_turbo';
			const { items, hints } = await place.run(imageToVideo({ fallbackModels }, { ...gen45, duration: 4 }));
			expect(asked(place)).toEqual(['gen4.5', 'veo3.1', 'gen4_turbo']);
			expect(items[0]?.json).toMatchObject({ model: 'gen4_turbo', attempts: 1, status: 'succeeded', cost: null });
			expect(hints.map(({ message }) => message).join()).toMatch(/refused the model gen4\.5, so veo3\.1 came next/);
		}),
	);

	test(
		'say of the model that made the result which defaults it does not take',
		bench(async (place) => {
			place.api.settings.noChannelFor = ['gen4.5'];
			const { hints } = await place.run(imageToVideo({ fallbackModels: 'veo3.1' }, { ...gen45, ...AT_ONCE }), {
				items: prompts('a', 'b'),
			});
			expect(asked(place).filter((model) => model === 'veo3.1')).toHaveLength(2);
			expect(hints.map(({ message }) => message)).toContainEqual(
				expect.stringMatching(/^1st and 2nd items: veo3\.1 doesn't take the default duration 5, so the node sends 4/),
			);
		}),
	);

	test(
		'are tried for a model that the key may not use, and for one that Runway itself no longer knows',
		bench(async (place) => {
			place.api.fault({ on: 'create', kind: 'model-not-allowed' });
			await place.run(imageToVideo({ fallbackModels: 'gen4_turbo' }, { ...gen45, ...AT_ONCE }));
			const issues = [{ code: 'invalid_value' as const, path: ['model'], message: 'Invalid option' }];
			place.api.fault({ on: 'create', kind: 'status', shape: 'issues', issues });
			const list = "={{ ['gen4_turbo'] }}";
			const { items } = await place.run(imageToVideo({ fallbackModels: list }, { ...gen45, ...AT_ONCE }));
			expect(items[0]?.json.model).toBe('gen4_turbo');
			expect(asked(place)).toEqual(['gen4.5', 'gen4_turbo', 'gen4.5', 'gen4_turbo']);
		}),
	);

	for (const [what, fault] of [
		['a create of unknown outcome', { kind: 'reset-after' }],
		['a server error', { kind: 'status', status: 503 }],
		['a refused value', { kind: 'status', status: 400, shape: 'issues' }],
		['an empty account', { kind: 'account-empty' }],
	] as const) {
		test(
			`are not tried after ${what}`,
			bench(async (place) => {
				place.api.fault({ on: 'create', ...fault });
				await place.fail(imageToVideo({ fallbackModels: 'gen4_turbo' }, { ...gen45, ...AT_ONCE }));
				expect(asked(place)).toEqual(['gen4.5']);
			}),
		);
	}

	test(
		'end in the error of the last one, which names the others',
		bench(async (place) => {
			place.api.settings.noChannelFor = ['gen4.5', 'gen4_turbo'];
			const error = await place.fail(imageToVideo({ fallbackModels: 'gen4_turbo' }, { ...gen45, ...AT_ONCE }));
			expect(error.message).toMatch(/does not serve this model at present \(gen4_turbo\)/);
			expect(error.description).toMatch(/refused the model gen4\.5.*nothing was billed/s);
		}),
	);

	test(
		'leave out what cannot be sent, with a remark',
		bench(async (place) => {
			place.api.settings.noChannelFor = ['gen4.5'];
			const fallbackModels = 'veo3.1, gen4_turbo, gen4.5';
			const { hints } = await place.run(imageToVideo({ fallbackModels }, { ...gen45, ...AT_ONCE, duration: 7 }));
			expect(asked(place)).toEqual(['gen4.5', 'gen4_turbo']);
			expect(hints.map(({ message }) => message).join()).toMatch(
				/The fallback model veo3\.1 can't be used: "Duration \(Seconds\)" must be one of 4, 6, 8 seconds for veo3\.1\./,
			);
		}),
	);

	test(
		'are found again by a retry, which pays for nothing twice',
		bench(async (place) => {
			const runData = newExecution();
			const items = prompts('[stuck]');
			const parameters = (timeout: number) => imageToVideo({ fallbackModels: 'gen4_turbo', timeout }, gen45);
			place.api.settings.noChannelFor = ['gen4.5'];
			await place.fail(parameters(1), { items, runData });
			place.api.settings.noChannelFor = [];
			for (const id of place.api.tasks.keys()) place.api.finish(id);
			const output = await place.run(parameters(30), { items, runData });
			expect(output.items[0]?.json).toMatchObject({ model: 'gen4_turbo', status: 'succeeded' });
			expect(asked(place)).toEqual(['gen4.5', 'gen4_turbo']);
		}),
	);

	test(
		'must be names',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo({ fallbackModels: '={{ [{ a: 1 }] }}' }));
			expect(error.message).toMatch(/"Options → Fallback Models.*must be/);
			expect(api.requests).toHaveLength(0);
		}),
	);
});
