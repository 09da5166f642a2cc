import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { openRegister } from '../../nodes/shared/register/register';
import type { TaskRow } from '../../nodes/shared/register/row';
import { N8N_API_KEY, startN8nApi, type N8nApi } from '../support/n8nApi';
import { taskRow } from '../support/taskRow';
import { pollingTrigger } from '../support/triggers';
import {
	type Bench,
	bench,
	closeBench,
	CONTINUE,
	imageToVideo,
	makeTask,
	prompts,
	task,
	textOf,
	topic,
	until,
} from './bench';
import { collect, expectSilence, fails, idsOf } from './watching';

afterAll(closeBench);

/** The bench's credential with the access token of the account. */
const withToken = ({ api, credential }: Bench) => ({ ...credential, accessToken: api.accessToken });
const listings = ({ api }: Bench) => api.requests.filter(({ route }) => route === 'taskList');

topic('An error that leaves open whether a task was created', (test) => {
	test(
		'names the task that has appeared in the account since, and how to fetch it',
		bench(async (place) => {
			place.api.fault({ on: 'create', kind: 'reset-after' });
			const error = await place.fail(imageToVideo(), { credential: withToken(place) });
			const [id = ''] = place.api.tasks.keys();
			expect(textOf(error)).toMatch(/^It is unknown whether the task was created\./);
			expect(textOf(error)).toMatch(
				new RegExp(
					`one task that this run does not know appeared in the CometAPI account: ${id} \\(IMAGE_TO_VIDEO, [\\d:]{8} UTC\\)\\. .*fetch it with Resource "Task", Operation "Download"`,
				),
			);
			expect(error.context.data?.appearedTasks).toMatchObject([{ taskId: id, action: 'IMAGE_TO_VIDEO' }]);
			expect(listings(place)).toHaveLength(1);
		}),
	);

	test(
		'names neither the tasks of the run, nor older ones, nor those of other operations',
		bench(async (place) => {
			const old = await makeTask(place, { prompt: 'old' });
			Object.assign(place.api.tasks.get(old) ?? {}, { createdAt: Date.now() - 300_000 });
			const other = await makeTask(place, { prompt: 'other', path: '/runway/pro/generate' });
			place.api.fault({
				on: 'create',
				kind: 'reset-after',
				match: ({ body }) => (body as IDataObject).promptText === 'b',
			});
			const { items } = await place.run(imageToVideo({}, { completion: 'return' }), {
				credential: withToken(place),
				items: prompts('a', 'b', 'c'),
				onError: CONTINUE,
			});
			const lost = [...place.api.tasks.values()].find(({ prompt }) => prompt === 'b')?.id ?? '';
			expect(items.map(({ json }) => typeof json.taskId)).toEqual(['string', 'undefined', 'string']);
			expect(items[1]?.json.message).toContain(lost);
			expect(items[1]?.json.message).not.toContain(old);
			expect(items[1]?.json.message).not.toContain(other);
			expect((items[1]?.json.details as IDataObject).appearedTasks).toHaveLength(1);
		}),
	);

	test(
		'names no task that has failed, and in whose place the run was to create another one',
		bench(async (place) => {
			place.api.fault({ on: 'create', kind: 'reset-after', skip: 1 });
			const items = prompts('[fail INTERNAL]');
			const error = await place.fail(imageToVideo({ retryFailed: 1 }), { credential: withToken(place), items });
			const [, second = ''] = place.api.tasks.keys();
			expect(textOf(error)).toContain(`appeared in the CometAPI account: ${second} `);
			expect(error.context.data?.appearedTasks).toMatchObject([{ taskId: second }]);
		}),
	);

	test(
		'says that no task has appeared',
		bench(async (place) => {
			place.api.fault({ on: 'create', kind: 'reset-before' });
			const error = await place.fail(imageToVideo(), { credential: withToken(place) });
			expect(textOf(error)).toMatch(/No task has appeared in the CometAPI account so far\. Look at the task log/);
		}),
	);

	test(
		'comes only after a create that was sent, although the access token can never be one',
		bench(async (place) => {
			const credential = { ...place.credential, accessToken: 'to…ken' };
			const { items } = await place.run(imageToVideo({}, { completion: 'return' }), { credential });
			expect(items[0]?.json.taskId).toEqual(expect.any(String));
			place.api.fault({ on: 'create', kind: 'reset-after' });
			expect(textOf(await place.fail(imageToVideo(), { credential }))).toMatch(/^It is unknown whether/);
			expect(textOf(await place.fail(list({ source: 'account' }), { credential }))).toMatch(
				/^The access token or the user ID of the credential holds characters that none has/,
			);
		}),
	);

	test(
		'is the same as ever without the access token, and if the list is not to be had',
		bench(async (place) => {
			place.api.fault({ on: 'create', kind: 'reset-after', times: 3 });
			place.api.fault({ on: 'taskList', kind: 'status', status: 404 });
			const without = await place.fail(imageToVideo());
			expect(listings(place)).toHaveLength(0);
			const notThere = await place.fail(imageToVideo(), { credential: withToken(place) });
			const wrong = await place.fail(imageToVideo(), {
				credential: { ...withToken(place), accessToken: 'wrong-access-token' },
			});
			expect(listings(place)).toHaveLength(2);
			expect(textOf(without)).toMatch(/so it is not sent again\. Look at the task log in the CometAPI console/);
			expect([textOf(notThere), textOf(wrong)]).toEqual([textOf(without), textOf(without)]);
		}),
	);

	test(
		'waits no longer than five seconds for the list',
		bench(async (place) => {
			place.api.fault({ on: 'create', kind: 'reset-after' });
			place.api.fault({ on: 'taskList', kind: 'timeout' });
			const startedAt = Date.now();
			const error = await place.fail(imageToVideo(), { credential: withToken(place) });
			// Other requests of that kind wait for half a minute.
			expect(Date.now() - startedAt).toBeLessThan(25_000);
			expect(textOf(error)).toMatch(/^It is unknown whether the task was created\./);
		}),
	);

	test(
		'holds no access token, whatever CometAPI says',
		bench(async (place) => {
			place.api.fault({ on: 'create', kind: 'reset-after' });
			const message = `bad ${place.api.accessToken}`;
			place.api.fault({ on: 'taskList', kind: 'status', status: 401, message });
			const error = await place.fail(imageToVideo(), { credential: withToken(place) });
			expect(JSON.stringify([error, error.context, textOf(error)])).not.toContain(place.api.accessToken);
			expect(place.engine.log.join('\n')).not.toContain(place.api.accessToken);
		}),
	);
});

const list = (more: INodeParameters = {}): INodeParameters => ({ resource: 'task', operation: 'list', ...more });

topic("A list of the account's tasks", (test) => {
	test(
		'has an item for each, the newest first, which Task → Download takes as it is',
		bench(async (place) => {
			const credential = withToken(place);
			const first = await makeTask(place, { prompt: 'one' });
			Object.assign(place.api.tasks.get(first) ?? {}, { createdAt: Date.now() - 60_000 });
			const second = await makeTask(place, { prompt: 'two', path: '/runway/pro/generate' });
			[first, second].forEach((id) => place.api.finish(id));
			const { items } = await place.run(list({ source: 'account' }), { credential });
			expect(idsOf(items)).toEqual([second, first]);
			expect(items[1]?.json).toMatchObject({ status: 'succeeded', prompt: 'one', delivered: null });
			const files = await place.run(task('download'), { credential, items: items.map(({ json }) => json) });
			expect(idsOf(files.items)).toEqual([second, first]);
			expect(files.items.every(({ binary }) => binary?.data !== undefined)).toBe(true);
		}),
	);

	test(
		'keeps to status, age and limit',
		bench(async (place) => {
			const run = async (more: INodeParameters) =>
				idsOf((await place.run(list({ source: 'account', ...more }), { credential: withToken(place) })).items);
			const [old, failed, running] = [
				await makeTask(place, { prompt: 'old' }),
				await makeTask(place, { prompt: '[fail]' }),
				await makeTask(place, { prompt: '[stuck]' }),
			];
			Object.assign(place.api.tasks.get(old) ?? {}, { createdAt: Date.now() - 3 * 86_400_000 });
			[old, failed].forEach((id) => place.api.finish(id));
			expect(await run({ status: ['failed', 'created'] })).toEqual([running, failed]);
			expect(await run({ filters: { withinDays: 1 } })).toEqual([running, failed]);
			expect(await run({ filters: { createdAfter: new Date(Date.now() - 86_400_000).toISOString() } })).toEqual([
				running,
				failed,
			]);
			expect(await run({ limit: 1 })).toEqual([running]);
			expect(await run({ returnAll: true })).toEqual([running, failed, old]);
			expect(await run({ status: ['notCreated'] })).toEqual([]);
		}),
	);

	test(
		'is asked for once by items that ask the same, and pairs what comes with each',
		bench(async (place) => {
			const id = await makeTask(place);
			const { items } = await place.run(list({ source: 'account' }), {
				credential: withToken(place),
				items: [{}, {}],
			});
			expect(idsOf(items)).toEqual([id, id]);
			expect(items.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
			expect(listings(place)).toHaveLength(1);
		}),
	);

	test(
		'is not asked for without a token, and the error says what to do',
		bench(async (place) => {
			const error = await place.fail(list({ source: 'account' }));
			expect(textOf(error)).toMatch(/needs a valid access token: the credential has none\n.*Open the credential/);
			expect(place.api.requests).toHaveLength(0);
		}),
	);

	test(
		'is asked for again after a stray refusal, and given up with plain words',
		bench(async (place) => {
			const credential = withToken(place);
			place.api.fault({ on: 'taskList', kind: 'status', status: 503 });
			expect((await place.run(list({ source: 'account' }), { credential })).items).toEqual([]);
			place.api.fault({ on: 'taskList', kind: 'status', status: 404, times: 99 });
			const error = await place.fail(list({ source: 'account' }), { credential });
			expect(textOf(error)).toMatch(/has no list of the account's tasks at this address/);
			expect(listings(place)).toHaveLength(5);
		}),
	);
});

/** Runs a test with an n8n whose register holds these rows. */
function withRegister(
	rows: Array<Partial<TaskRow>>,
	act: (place: Bench & { n8n: N8nApi; registered: Bench['credential'] }) => Promise<void>,
) {
	return bench(async (place) => {
		const n8n = await startN8nApi();
		try {
			const registered = { ...place.credential, register: true, n8nUrl: n8n.url, n8nApiKey: N8N_API_KEY };
			const register = await openRegister(place.engine.context({ credential: registered, parameters: {} }));
			for (const [index, row] of rows.entries()) await register?.add([taskRow({ requestId: `r${index}`, ...row })]);
			await register?.settle();
			await until(() => n8n.rows.length === rows.length);
			await act({ ...place, n8n, registered });
		} finally {
			await n8n.close();
		}
	});
}

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

topic('A list of the tasks in the register', (test) => {
	const rows: Array<Partial<TaskRow>> = [
		{
			taskId: 'a',
			status: 'succeeded',
			delivered: true,
			createdTime: daysAgo(9),
			workflowId: 'w1',
			cost: '25 credits',
		},
		{ taskId: 'b', status: 'failed', delivered: true, createdTime: daysAgo(3), failure: 'too dark' },
		{ taskId: 'c', status: 'succeeded', createdTime: daysAgo(2), workflowId: 'w2', workflowName: 'Other' },
		{ status: 'unknown', createdTime: daysAgo(1) },
		{ taskId: 'd', status: 'created', createdTime: daysAgo(0), resumeUrl: 'http://127.0.0.1/waiting?signature=x' },
	];
	const cases: Array<[what: string, parameters: INodeParameters, expected: Array<string | null>]> = [
		['has all tasks, the newest first', {}, ['d', 'c', 'b', 'a']],
		['keeps to the limit', { limit: 2 }, ['d', 'c']],
		['has all of them if told so', { returnAll: true, limit: 2 }, ['d', 'c', 'b', 'a']],
		['keeps to several states', { status: ['failed', 'created'] }, ['d', 'b']],
		['has requests without a task if they are chosen', { status: ['unknown', 'sending'] }, [null]],
		['keeps to an age', { filters: { withinDays: 2.5 } }, ['d', 'c']],
		['keeps to a moment', { filters: { createdAfter: daysAgo(4) } }, ['d', 'c', 'b']],
		['keeps to what no workflow has received', { filters: { delivered: 'no' } }, ['d', 'c']],
		['keeps to what a workflow has received', { filters: { delivered: 'yes' } }, ['b', 'a']],
		['keeps to its own workflow', { filters: { workflow: 'this' } }, ['d', 'b', 'a']],
		['keeps to a workflow by its name', { filters: { workflow: 'named', workflowName: 'Other' } }, ['c']],
		['keeps to a workflow by its ID', { filters: { workflow: 'named', workflowName: 'w2' } }, ['c']],
	];
	for (const [what, parameters, expected] of cases) {
		test(
			what,
			withRegister(rows, async ({ run, registered }) => {
				expect(idsOf((await run(list(parameters), { credential: registered })).items)).toEqual(expected);
			}),
		);
	}

	test(
		'says all about a task, but not where to wake its execution, and asks CometAPI nothing',
		withRegister(rows, async ({ run, registered, api }) => {
			const { items } = await run(list(), { credential: registered });
			expect(items[2]?.json).toEqual({
				taskId: 'b',
				api: 'official',
				status: 'failed',
				operation: 'imageToVideo',
				model: 'gen4_turbo',
				prompt: 'A fox runs through snow',
				workflowId: 'w1',
				workflowName: 'Foxes',
				executionId: '42',
				createdTime: expect.any(String) as string,
				endedTime: null,
				cost: null,
				failure: 'too dark',
				delivered: true,
			});
			expect(JSON.stringify(items)).not.toContain('signature');
			expect(api.requests).toHaveLength(0);
		}),
	);

	test(
		'feeds Task → Download',
		bench(async (place) => {
			const id = await makeTask(place, { path: '/runway/pro/generate' });
			place.api.finish(id);
			await withRegister([{ taskId: id, status: 'created', api: 'compatibility' }], async ({ run, registered }) => {
				const credential = { ...registered, baseUrl: place.api.url };
				const { items } = await run(list(), { credential });
				const files = await run(task('download'), { credential, items: items.map(({ json }) => json) });
				expect(files.items[0]?.binary?.data).toBeDefined();
			})();
			expect(place.api.reads.map(({ operation }) => operation)).toEqual(['feed']);
		}),
	);

	test(
		'says what to switch on if there is no register',
		bench(async ({ fail }) => {
			const error = await fail(list());
			expect(textOf(error)).toMatch(/^The register of tasks is not switched on\n.*switch on Keep a Register of Tasks/);
		}),
	);

	test(
		'says what is wrong with the register, once for all items if the node is to continue',
		withRegister([], async ({ run, fail, registered, n8n }) => {
			n8n.fault({ fault: { kind: 'status', status: 401, message: 'unauthorized' } });
			const credential = { ...registered, n8nApiKey: 'another-key' };
			expect(textOf(await fail(list(), { credential }))).toMatch(/n8n does not accept the n8n API key/);
			const asked = n8n.requests.length;
			const { items } = await run(list(), { credential, items: [{}, {}], onError: CONTINUE });
			expect(items.map(({ json }) => json.error)).toEqual(Array(2).fill(expect.stringContaining('n8n API key')));
			expect(n8n.requests.length - asked).toBeLessThan(4);
			expect(JSON.stringify(items)).not.toContain('another-key');
		}),
	);

	const wrong: Array<[what: string, parameters: INodeParameters, says: RegExp]> = [
		['what is no date', { filters: { createdAfter: 'soon' } }, /Created After" must be a date such as 2026-05-04/],
		[
			'a workflow without a name',
			{ filters: { workflow: 'named' } },
			/"Filters → Workflow Name or ID" must not be empty/,
		],
		['a state that does not exist', { status: ['lost'] }, /"Status → #1" must be one of/],
		['a limit that is none', { limit: 0 }, /"Limit" must be a whole number/],
	];
	for (const [what, parameters, says] of wrong) {
		test(
			`is not asked for with ${what}`,
			bench(async ({ fail }) => {
				expect(textOf(await fail(list(parameters)))).toMatch(says);
			}),
		);
	}
});

topic('A trigger that watches the tasks of the account', (test) => {
	test(
		'begins from now on and emits each task once, whoever has created it',
		bench(async (place) => {
			const credential = { ...place.credential, accessToken: place.api.accessToken };
			const parameters = { watch: 'account', download: false };
			const old = await makeTask(place);
			await until(() => (place.api.tasks.get(old)?.readyAt ?? Infinity) < Date.now() - 1_500);
			const trigger = pollingTrigger({ credential, parameters });
			expect(await trigger.poll()).toEqual([]);
			const ids = [await makeTask(place), await makeTask(place, { prompt: '[fail INTERNAL]' })];
			const items = await collect(trigger, 2);
			expect(idsOf(items).sort()).toEqual(ids.sort());
			trigger.restart();
			await expectSilence(trigger);
		}),
	);

	test(
		'says in words that the access token is missing or wrong',
		bench(async ({ credential }) => {
			for (const accessToken of ['', 'not-the-token-of-anybody']) {
				const trigger = pollingTrigger({
					credential: { ...credential, accessToken },
					parameters: { watch: 'account', download: false },
				});
				expect(textOf(await fails(trigger))).toMatch(/needs a valid access token[^]*Open the credential/);
			}
		}),
	);
});
