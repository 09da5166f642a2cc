import { createRunExecutionData, type INodeParameters } from 'n8n-workflow';

import { openRegister } from '../../nodes/shared/register/register';
import { N8N_API_KEY, startN8nApi, type N8nApi } from '../support/n8nApi';
import type { CredentialData, RunInput } from '../support/engine';
import { bench, type Bench, closeBench, CONTINUE, imageToVideo, prompts, task, textOf, topic, until } from './bench';

/** What the node writes into the register of tasks, and what a retry reads from it. */

afterAll(closeBench);

/** A bench with a register, whose n8n knows the execution 42 and its retry 43. */
function withRegister(act: (place: Bench & { n8n: N8nApi; credential: CredentialData }) => Promise<void>) {
	return bench(async (place) => {
		const n8n = await startN8nApi();
		n8n.executions.set('42', { status: 'crashed' });
		n8n.executions.set('43', { status: 'running', retryOf: '42' });
		const credential = { ...place.credential, register: true, n8nUrl: n8n.url, n8nApiKey: N8N_API_KEY };
		const withIt = <R>(run: (parameters: INodeParameters, more?: Partial<RunInput>) => R) => {
			return (parameters: INodeParameters, more?: Partial<RunInput>) => run(parameters, { credential, ...more });
		};
		const { run, fail, attempt, engine } = place;
		// With its table made, the register answers in time also while all tests of this file begin.
		await (await openRegister(engine.context({ credential, parameters: {} })))?.find({ limit: 1 });
		n8n.requests.length = 0;
		try {
			await act({ ...place, n8n, credential, run: withIt(run), fail: withIt(fail), attempt: withIt(attempt) });
		} finally {
			await n8n.close();
		}
	});
}

/** For moments that come soon, unless the machine is busy. */
const LONG_MS = 60_000;
const statuses = ({ rows }: N8nApi) => rows.map(({ status, delivered }) => [status, delivered]);
/** An execution after a crash that has left nothing of it. */
const lost = () => ({ runData: createRunExecutionData({}), mode: 'retry' as const });

topic('The register', (test) => {
	test(
		'has a row before the first create, and then how each task ended',
		withRegister(async ({ api, n8n, run }) => {
			await run(imageToVideo(), { items: prompts('a', '[fail SAFETY]'), onError: CONTINUE });
			expect(n8n.calls.filter((call) => call === 'POST /data-tables/:id/rows')).toHaveLength(1);
			expect(statuses(n8n)).toEqual([
				['succeeded', true],
				['failed', true],
			]);
			expect(n8n.rows.map(({ taskId }) => taskId)).toEqual([...api.tasks.keys()]);
			expect(n8n.calls.filter((call) => call.startsWith('GET /data-tables/:id/rows'))).toEqual([]);
			const written = JSON.stringify(n8n.rows);
			expect(written).not.toContain(api.apiKey);
			expect(written).not.toContain(N8N_API_KEY);
		}),
	);

	test(
		'knows what was refused, and what may have been created',
		withRegister(async ({ api, n8n, attempt }) => {
			api.fault({ on: 'create', kind: 'status', status: 400, message: 'no' });
			await attempt(imageToVideo());
			api.fault({ on: 'create', kind: 'reset-after' });
			await attempt(imageToVideo());
			expect(statuses(n8n)).toEqual([
				['notCreated', false],
				['unknown', false],
			]);
		}),
	);

	test(
		'keeps tasks that were passed on at once, or not at all, as not delivered',
		withRegister(async ({ n8n, run, fail }) => {
			await run(imageToVideo({}, { completion: 'return' }));
			await fail(imageToVideo({ timeout: 3 }), { items: prompts('a', 'b [stuck]') });
			expect(statuses(n8n)).toEqual([
				['created', false],
				['succeeded', false],
				['created', false],
			]);
		}),
	);

	test(
		'hears of tasks that Task → Wait delivers',
		withRegister(async ({ api, n8n, run }) => {
			await run(imageToVideo({}, { completion: 'return' }));
			const [taskId = ''] = [...api.tasks.keys()];
			await run(task('wait', { taskId }));
			expect(statuses(n8n)).toEqual([['succeeded', true]]);
		}),
	);

	test(
		'lends its row to Task → Wait in another execution, which gives it back if it delivers nothing',
		withRegister(async ({ api, n8n, credential, engine, run }) => {
			await run(imageToVideo({}, { completion: 'return' }), { items: prompts('a [stuck]') });
			const [taskId = ''] = [...api.tasks.keys()];
			n8n.rows[0]!.executionId = '7';
			const wait = (seconds: number) =>
				engine.attempt({ credential, parameters: task('wait', { taskId }, { timeout: seconds }) });
			const failing = wait(3);
			await until(() => n8n.rows[0]?.executionId === '42', LONG_MS);
			expect((await failing).error).not.toBeNull();
			expect(n8n.rows[0]).toMatchObject({ executionId: '7', delivered: false });
			api.finish(taskId);
			expect((await wait(9)).error).toBeNull();
			expect(n8n.rows[0]).toMatchObject({ executionId: '42', delivered: true, status: 'succeeded' });
		}),
	);

	test(
		'hears of all tasks that Task → Download delivers, whoever has created them, and of none that Task → Get shows',
		withRegister(async ({ api, n8n, run }) => {
			await run(imageToVideo({}, { completion: 'return' }), { items: many(21) });
			for (const row of n8n.rows) row.executionId = '7';
			for (const id of api.tasks.keys()) api.finish(id);
			const taskId = [...api.tasks.keys()].join(' ');
			await run(task('get', { taskId }));
			expect(new Set(statuses(n8n).map(String))).toEqual(new Set(['succeeded,false']));
			expect(new Set(n8n.rows.map(({ executionId }) => executionId))).toEqual(new Set(['7']));
			await run(task('download', { taskId }));
			expect(new Set(statuses(n8n).map(String))).toEqual(new Set(['succeeded,true']));
			expect(new Set(n8n.rows.map(({ executionId }) => executionId))).toEqual(new Set(['42']));
		}),
	);

	test(
		'hears of a delivery although it is too slow to find the row while the node runs',
		withRegister(async ({ api, n8n, run }) => {
			await run(imageToVideo({}, { completion: 'return' }));
			const [taskId = ''] = [...api.tasks.keys()];
			api.finish(taskId);
			n8n.fault({ on: /^GET .*rows/, fault: { kind: 'slow', milliseconds: 6_000 }, times: 1 });
			await run(task('download', { taskId }));
			await until(() => n8n.rows[0]?.delivered === true, LONG_MS);
		}),
	);

	/** Notes at each create what the row of its item says. */
	const statusesAtCreates = ({ api, n8n }: Pick<Bench, 'api'> & { n8n: N8nApi }) => {
		const seen: unknown[] = [];
		api.fault({
			on: 'create',
			kind: 'status',
			status: 500,
			times: Infinity,
			match: ({ body }) => {
				const { promptText } = body as { promptText: string };
				seen.push(n8n.rows.find(({ prompt }) => prompt === promptText)?.status);
				return false;
			},
		});
		return seen;
	};
	const many = (amount: number) => prompts(...Array.from({ length: amount }, (_, index) => `v${index}`));

	test(
		'says of requests whose turn has not come that they are not sent, and in time that they are being sent',
		withRegister(async (place) => {
			const { n8n, run } = place;
			const atCreates = statusesAtCreates(place);
			const running = run(imageToVideo({ maxTasksInProgress: 1 }), { items: many(3) });
			await until(() => statuses(n8n)[0]?.[0] === 'created', LONG_MS);
			expect(statuses(n8n).slice(1)).toEqual([
				['notSent', false],
				['notSent', false],
			]);
			await running;
			expect(atCreates).toEqual(['sending', 'sending', 'sending']);
			expect(statuses(n8n).every(([status, delivered]) => status === 'succeeded' && delivered)).toBe(true);
		}),
	);

	test(
		'has the rows of a large batch in a few requests, and none is sent before its row says so',
		withRegister(async (place) => {
			const { api, n8n, run } = place;
			const atCreates = statusesAtCreates(place);
			await run(imageToVideo({ maxParallel: 5 }), { items: many(60) });
			expect(atCreates).toHaveLength(60);
			expect(new Set(atCreates)).toEqual(new Set(['sending']));
			expect(api.creates).toHaveLength(60);
			const marks = n8n.requests.filter(({ body }) =>
				JSON.stringify(body ?? null).includes('"data":{"status":"sending"}'),
			);
			expect(marks.length).toBeLessThan(20);
		}),
	);

	test(
		'says of a few requests only that they are being sent before it is their turn',
		withRegister(async (place) => {
			const { api, n8n, run } = place;
			const ahead: number[] = [];
			api.fault({
				on: 'create',
				kind: 'status',
				status: 500,
				times: Infinity,
				match: () => {
					const sent = new Set(api.creates.map(({ body }) => (body as { promptText: string }).promptText));
					ahead.push(n8n.rows.filter(({ prompt, status }) => status === 'sending' && !sent.has(String(prompt))).length);
					return false;
				},
			});
			await run(imageToVideo({ maxParallel: 2 }), { items: many(40) });
			expect(ahead).toHaveLength(40);
			expect(Math.max(...ahead)).toBeLessThanOrEqual(4 * 2 + 2);
		}),
	);

	test(
		'says of requests that CometAPI has put off that they are not sent',
		withRegister(async (place) => {
			const { api, n8n, run } = place;
			api.fault({ on: 'create', kind: 'status', status: 429, retryAfter: '4' });
			const running = run(imageToVideo({ maxParallel: 1 }), { items: many(2) });
			await until(() => n8n.rows.length === 2 && statuses(n8n).every(([status]) => status === 'notSent'), LONG_MS);
			await running;
			expect(statuses(n8n).every(([status]) => status === 'succeeded')).toBe(true);
		}),
	);

	test(
		'lets no create go out whose row still says that it was not sent, until the register answers again',
		withRegister(async (place) => {
			const { api, n8n, run } = place;
			const atCreates = statusesAtCreates(place);
			const running = run(imageToVideo({ maxTasksInProgress: 1 }), { items: many(2) });
			await until(() => statuses(n8n)[0]?.[0] === 'created', LONG_MS);
			n8n.fault({ on: /^PATCH/, fault: { kind: 'status', status: 500 }, times: 3 });
			await running;
			expect(api.creates).toHaveLength(2);
			expect(atCreates).toEqual(['sending', 'sending']);
		}),
	);

	for (const [what, fault] of [
		['is dead', { kind: 'dead', after: false }],
		['is slow', { kind: 'slow', milliseconds: 20_000 }],
		['has trouble', { kind: 'status', status: 500 }],
		['is read-only', { kind: 'status', status: 403, message: 'This is a protected instance' }],
	] as const) {
		test(
			`costs no task, and little time, when it ${what}`,
			withRegister(async ({ api, n8n, credential, run }) => {
				n8n.fault({ fault });
				const timed = async (prompt: string, register: boolean) => {
					const startedAt = Date.now();
					const input = { items: prompts(prompt, 'b'), credential: { ...credential, register } };
					return { ...(await run(imageToVideo(), input)), took: Date.now() - startedAt };
				};
				const [without, { items, hints, took }] = await Promise.all([timed('a', false), timed('c', true)]);
				// Far from the 20 seconds that it takes to answer.
				expect(took - without.took).toBeLessThan(15_000);
				expect(items.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
				expect(api.creates).toHaveLength(4);
				expect(hints.map(({ message }) => message)).toEqual([expect.stringMatching(/register of tasks/)]);
			}),
		);
	}

	test(
		'lets a task wait here that was to sleep, if nobody could wake it up',
		withRegister(async ({ api, n8n, run }) => {
			n8n.fault({ fault: { kind: 'status', status: 500 } });
			const { items } = await run(imageToVideo({}, { completion: 'suspend' }), { items: prompts('a') });
			expect(items.map(({ json }) => json.status)).toEqual(['succeeded']);
			expect(api.creates).toHaveLength(1);
		}),
	);
});

topic('A retry after a crash, with the register,', (test) => {
	/** A run that n8n's crash cuts off: nothing of it is kept but the rows. */
	const crashed = async ({ fail }: Bench, ...texts: string[]) => {
		await fail(imageToVideo({ timeout: 1 }), { items: prompts(...texts) });
	};

	test(
		'reuses its tasks, also the second and the third time',
		withRegister(async (place) => {
			const { api, n8n, run, fail } = place;
			await crashed(place, 'a [stuck]', 'a [stuck]');
			await fail(imageToVideo({ timeout: 1 }), { items: prompts('a [stuck]', 'a [stuck]'), ...lost() });
			expect(n8n.rows.map(({ executionId }) => executionId)).toEqual(['43', '43']);
			// Another retry of the first one has them now.
			n8n.executions.set('44', { status: 'crashed', retryOf: '42' });
			for (const row of n8n.rows) row.executionId = '44';
			for (const id of api.tasks.keys()) api.finish(id);
			const { items, hints } = await run(imageToVideo(), { items: prompts('a [stuck]', 'a [stuck]'), ...lost() });
			expect(items.map(({ json }) => json.taskId)).toEqual(n8n.rows.map(({ taskId }) => taskId));
			expect(hints.map(({ message }) => message).join()).toMatch(/not billed again/);
			expect(api.creates).toHaveLength(2);
			expect(statuses(n8n)).toEqual([
				['succeeded', true],
				['succeeded', true],
			]);
		}),
	);

	test(
		'creates nothing again whose outcome is unknown',
		withRegister(async (place) => {
			const { api, n8n, fail } = place;
			await crashed(place, 'a [stuck]');
			Object.assign(n8n.rows[0] ?? {}, { status: 'sending', taskId: null });
			const error = await fail(imageToVideo(), { items: prompts('a [stuck]'), ...lost() });
			expect(textOf(error)).toMatch(/may be billed/);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'delivers the tasks that are known, although the outcome of another create is unknown',
		withRegister(async (place) => {
			const { api, n8n, run } = place;
			await crashed(place, 'a [stuck]', 'b [stuck]', 'c');
			for (const id of api.tasks.keys()) api.finish(id);
			Object.assign(n8n.rows[1] ?? {}, { status: 'sending', taskId: null });
			Object.assign(n8n.rows[2] ?? {}, { status: 'notSent', taskId: null });
			const { items, hints } = await run(imageToVideo(), { items: prompts('a [stuck]', 'b [stuck]', 'c'), ...lost() });
			expect(items.map(({ json }) => json.status ?? String(json.error))).toEqual([
				'succeeded',
				expect.stringMatching(/unknown whether the task was created/),
				'succeeded',
			]);
			expect(hints.map(({ message }) => message).join()).toMatch(/1 item came out as an error/);
			expect(api.creates).toHaveLength(4);
		}),
	);

	test(
		'creates what a batch that was killed had not sent, and reuses the rest',
		withRegister(async (place) => {
			const { api, n8n, run, attempt } = place;
			const items = prompts('a [stuck]', 'b', 'c');
			const killed = new AbortController();
			const parameters = imageToVideo({ maxTasksInProgress: 1 });
			const first = attempt(parameters, { items, signal: killed.signal });
			await until(() => statuses(n8n)[0]?.[0] === 'created', LONG_MS);
			const atTheKill = n8n.rows.map((row) => ({ ...row }));
			killed.abort();
			await first;
			n8n.rows.forEach((row, index) => Object.assign(row, atTheKill[index]));
			for (const id of api.tasks.keys()) api.finish(id);
			const again = await run(parameters, { items, ...lost() });
			expect(again.items.map(({ json }) => json.status ?? json.error)).toEqual(['succeeded', 'succeeded', 'succeeded']);
			expect(api.creates).toHaveLength(3);
		}),
	);

	test(
		'reuses what a retry had that n8n has not kept, and what another workflow waits for',
		withRegister(async (place) => {
			const { api, n8n, run } = place;
			await crashed(place, 'a [stuck]', 'b [stuck]');
			n8n.executions.set('60', { status: 'crashed', workflowId: 'w2' });
			Object.assign(n8n.rows[0] ?? {}, { executionId: '50' });
			Object.assign(n8n.rows[1] ?? {}, { executionId: '60' });
			for (const id of api.tasks.keys()) api.finish(id);
			const { items } = await run(imageToVideo(), { items: prompts('a [stuck]', 'b [stuck]'), ...lost() });
			expect(items.map(({ json }) => json.taskId)).toEqual([...api.tasks.keys()]);
			expect(api.creates).toHaveLength(2);
			expect(n8n.rows.map(({ executionId }) => executionId)).toEqual(['43', '43']);
		}),
	);

	test(
		'leaves alone what an unknown execution has delivered, or asked for with other words',
		withRegister(async (place) => {
			const { api, n8n, fail } = place;
			await crashed(place, 'a [stuck]', 'b [stuck]');
			Object.assign(n8n.rows[0] ?? {}, { executionId: '50', delivered: true });
			Object.assign(n8n.rows[1] ?? {}, { executionId: '50', fingerprint: 'other' });
			const error = await fail(imageToVideo(), { items: prompts('a [stuck]', 'b [stuck]'), ...lost() });
			expect(textOf(error)).toMatch(/may already have created them.*no row/s);
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'asks n8n for all executions at once, and does not wait for one that does not answer',
		withRegister(async (place) => {
			const { api, n8n, run, fail } = place;
			await crashed(place, 'a [stuck]');
			const [row] = n8n.rows;
			[...n8n.tables.values()][0]!.insert(
				Array.from({ length: 10 }, (_, index) => ({
					...Object.fromEntries(Object.entries(row!).filter(([column]) => !/^(id|createdAt|updatedAt)$/.test(column))),
					requestId: `other${index}`,
					executionId: String(100 + index),
				})),
			);
			for (let id = 100; id < 110; id += 1) n8n.executions.set(String(id), { status: 'success' });
			n8n.fault({ on: /executions\/1/, fault: { kind: 'slow', milliseconds: 2_000 } });
			const startedAt = Date.now();
			const parameters = imageToVideo({}, { completion: 'return' });
			const { items } = await run(parameters, { items: prompts('a [stuck]'), ...lost() });
			expect(items.map(({ json }) => json.taskId)).toEqual([...api.tasks.keys()]);
			// One after the other, they would take twenty seconds.
			expect(Date.now() - startedAt).toBeLessThan(18_000);
			n8n.fault({ on: /executions\/43/, fault: { kind: 'slow', milliseconds: 30_000 } });
			const askedAt = Date.now();
			await fail(parameters, { items: prompts('a [stuck]'), ...lost() });
			expect(Date.now() - askedAt).toBeLessThan(28_000);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'creates what the attempt before it did not get to create',
		withRegister(async (place) => {
			const { api, n8n, run } = place;
			const texts = ['a [stuck]', 'b [stuck]', 'c [stuck]'];
			await crashed(place, ...texts);
			Object.assign(n8n.rows[1] ?? {}, { status: 'notCreated', taskId: null });
			await run(imageToVideo({}, { completion: 'return' }), { items: prompts(...texts), ...lost() });
			expect(api.creates).toHaveLength(4);
		}),
	);

	test(
		'creates nothing for items whose rows are missing, or belong to another execution, and delivers the others',
		withRegister(async (place) => {
			const { api, n8n, run } = place;
			const items = prompts('a [stuck]', 'b [stuck]', 'c [stuck]');
			await crashed(place, 'a [stuck]', 'b [stuck]', 'c [stuck]');
			n8n.executions.set('50', { status: 'success' });
			Object.assign(n8n.rows[0] ?? {}, { executionId: '50' });
			n8n.rows.splice(2, 1);
			for (const id of api.tasks.keys()) api.finish(id);
			const again = await run(imageToVideo(), { items, ...lost() });
			const unknown = expect.stringMatching(/unknown whether the task was created.*no row/s) as unknown;
			expect(again.items.map(({ json }) => json.status ?? json.error)).toEqual([unknown, 'succeeded', unknown]);
			expect(api.creates).toHaveLength(3);
		}),
	);

	test(
		'creates nothing if there is no row, since n8n may not have written it in time',
		withRegister(async (place) => {
			const { api, n8n, fail } = place;
			await crashed(place, 'a [stuck]');
			n8n.rows.splice(0);
			const error = await fail(imageToVideo(), { items: prompts('a [stuck]'), ...lost() });
			expect(textOf(error)).toMatch(/may already have created them.*no row/s);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'guesses as without a register when that does not answer',
		withRegister(async (place) => {
			const { api, n8n, fail } = place;
			n8n.fault({ on: /^GET/, fault: { kind: 'status', status: 500 } });
			const error = await fail(imageToVideo(), lost());
			expect(textOf(error)).toMatch(/may already have created them.*register of tasks/s);
			expect(api.creates).toHaveLength(0);
		}),
	);
});

topic('The register, if a job creates more than once,', (test) => {
	const failing = prompts('[fail once INTERNAL]');

	test(
		'has a row for each attempt after a failure that may pass',
		withRegister(async ({ api, n8n, run }) => {
			await run(imageToVideo({ retryFailed: 1 }), { items: failing });
			expect(statuses(n8n)).toEqual([
				['failed', true],
				['succeeded', true],
			]);
			expect(n8n.rows.map(({ taskId }) => taskId)).toEqual([...api.tasks.keys()]);
		}),
	);

	test(
		'lets a retry after a crash count on, and take up the latest task',
		withRegister(async ({ api, fail, run }) => {
			api.settings.renderMs = ({ number }) => (number === 1 ? 200 : 60_000);
			await fail(imageToVideo({ retryFailed: 1, timeout: 1 }), { items: failing });
			const [, second = ''] = [...api.tasks.keys()];
			api.finish(second);
			const { items } = await run(imageToVideo({ retryFailed: 1 }), { items: failing, ...lost() });
			expect(items[0]?.json).toMatchObject({ taskId: second, attempts: 2, status: 'succeeded' });
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'has a row for each model that was tried, by which a retry after a crash finds the task',
		withRegister(async ({ api, n8n, fail, run }) => {
			api.settings.noChannelFor = ['gen4.5'];
			const model = { model: { __rl: true, mode: 'id', value: 'gen4.5' } };
			const parameters = (timeout: number) => imageToVideo({ fallbackModels: 'gen4_turbo', timeout }, model);
			await fail(parameters(1), { items: prompts('[stuck]') });
			expect(n8n.rows.map(({ status, model: tried }) => [status, tried])).toEqual([
				['notCreated', 'gen4.5'],
				['created', 'gen4_turbo'],
			]);
			for (const id of api.tasks.keys()) api.finish(id);
			api.settings.noChannelFor = [];
			const { items } = await run(parameters(30), { items: prompts('[stuck]'), ...lost() });
			expect(items[0]?.json).toMatchObject({ model: 'gen4_turbo', status: 'succeeded' });
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'lets no further create go out that has no row yet, since a retry after a crash would pay for it again',
		withRegister(async ({ api, n8n, run }) => {
			const rowsAtCreates: number[] = [];
			api.settings.renderMs = (made) => {
				rowsAtCreates.push(n8n.rows.length);
				return made.number === 1 ? 1_500 : 200;
			};
			const running = run(imageToVideo({ retryFailed: 1 }), { items: failing });
			await until(() => statuses(n8n)[0]?.[0] === 'created', LONG_MS);
			n8n.fault({ on: /^(POST|PATCH)/, fault: { kind: 'status', status: 500 }, times: 4 });
			await running;
			expect(api.creates).toHaveLength(2);
			expect(rowsAtCreates).toEqual([1, 2]);
		}),
	);

	test(
		'holds no further create up if it has never had a row of the first one',
		withRegister(async ({ api, n8n, run }) => {
			n8n.fault({ fault: { kind: 'status', status: 500 } });
			const startedAt = Date.now();
			await run(imageToVideo({ retryFailed: 1 }), { items: failing });
			expect(api.creates).toHaveLength(2);
			// Half a minute is the longest that it holds one up.
			expect(Date.now() - startedAt).toBeLessThan(28_000);
		}),
	);

	test(
		'lets a retry find the task of a fallback model, although the crash came before its row said that the first model was refused',
		withRegister(async ({ api, n8n, fail, run }) => {
			api.settings.noChannelFor = ['gen4.5'];
			const model = { model: { __rl: true, mode: 'id', value: 'gen4.5' } };
			const parameters = (timeout: number) => imageToVideo({ fallbackModels: 'gen4_turbo', timeout }, model);
			await fail(parameters(1), { items: prompts('[stuck]') });
			Object.assign(n8n.rows[0] ?? {}, { status: 'sending', failure: null, endedTime: null });
			const [taskId = ''] = [...api.tasks.keys()];
			api.finish(taskId);
			const { items } = await run(parameters(30), { items: prompts('[stuck]'), ...lost() });
			expect(items[0]?.json).toMatchObject({ taskId, model: 'gen4_turbo', status: 'succeeded' });
			expect(api.creates).toHaveLength(2);
		}),
	);
});
