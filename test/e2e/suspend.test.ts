import type { IDataObject } from 'n8n-workflow';

import { binaryOf, errorOf, type Execution, isQueueMode, outputOf, type WorkflowFile } from '../support/n8n';
import type { StandIn } from '../support/standin';
import { n8nIsAtLeast } from './support/host';
import { startSlowGateway } from './support/slowGateway';
import {
	asleep,
	chain,
	hintsOf,
	items,
	link,
	loop,
	manual,
	noOp,
	notedIds,
	ownPlace,
	type Part,
	pause,
	type Place,
	place,
	prompts,
	RETRY,
	runway,
	textToVideo,
	topic,
	until,
	webhook,
	withCustomData,
} from './support/place';

/** `completion: suspend` in a real n8n: the execution sleeps in its database until the stand-in calls back. */

const after = noOp('After');
const suspended = (parameters: Parameters<typeof textToVideo>[0] = {}, settings?: Parameters<typeof textToVideo>[1]) =>
	textToVideo({ completion: 'suspend', ...parameters }, settings);

async function start({ n8n, save }: Place, workflow: WorkflowFile): Promise<string> {
	return await n8n.run(await save(workflow));
}

/** The execution at its end, which comes long before any time limit here. */
async function ended({ n8n }: Place, executionId: string): Promise<Execution> {
	return await n8n.waitForExecution(executionId);
}

const taskIds = (api: StandIn) => [...api.tasks.keys()];

/** Every task ends now, and CometAPI calls back for each. */
function finishAll(api: StandIn): void {
	for (const id of taskIds(api)) api.finish(id);
}

/** Whether a callback was answered, or could not be delivered. */
const isOver = ({ status, error }: { status?: number; error?: string }) => (status ?? error) !== undefined;

/** The next create that asks for this is refused. */
function refuseOnce(api: StandIn, words: string): void {
	api.fault({ on: 'create', kind: 'status', status: 400, match: ({ body }) => JSON.stringify(body).includes(words) });
}

/** The create that asks for this is answered when a callback has come, so the execution can't sleep by then. */
function holdUntilCallback(api: StandIn, words: string): void {
	const isCalled = () => api.callbacks.length > 0 && api.callbacks.every(isOver);
	api.fault({
		on: 'create',
		kind: 'slow',
		until: async () => await until(isCalled, 'a callback has come'),
		match: ({ body }) => JSON.stringify(body).includes(words),
	});
}

/** A call to the address that CometAPI was given; gives the HTTP status of the answer. */
async function knock(url: string, body: IDataObject, method = 'POST'): Promise<number> {
	const headers = { 'content-type': 'application/json' };
	return (await fetch(url, { method, headers, ...(method === 'GET' ? {} : { body: JSON.stringify(body) }) })).status;
}

function callbackUrl(api: StandIn, index = 0): string {
	return [...api.tasks.values()][index]?.callbackUrl ?? '';
}

/** The address of the same execution with another end than `/runway`. */
function withEnd(url: string, end: string): string {
	const address = new URL(url);
	address.pathname = address.pathname.replace(/\/runway$/, end);
	return address.href;
}

/** That nothing has happened to a sleeping execution, after enough time for it to happen. */
async function stillAsleep({ n8n }: Place, executionId: string): Promise<void> {
	await pause(1_500);
	expect((await n8n.execution(executionId)).status).toBe('waiting');
}

async function expectVideos({ api, n8n }: Place, execution: Execution, node = 'Runway'): Promise<void> {
	for (const item of outputOf(execution, node)) {
		const file = binaryOf(item);
		expect(file.mimeType).toBe('video/mp4');
		expect((await n8n.download(file)).equals(api.assetBytes('video'))).toBe(true);
	}
}

topic('A sleeping execution', (test) => {
	test(
		'that sleeps past its time limit passes on its items with their tasks, which Task → Wait fetches',
		place(async (here) => {
			const { api, n8n } = here;
			// Nobody can call back, as with an n8n behind a firewall.
			api.settings.callbacks.enabled = false;
			const list = items({ prompt: 'shot 1 [stuck]', shot: 1 }, { prompt: 'shot 2 [stuck]', shot: 2 });
			const wait = runway({ resource: 'task', operation: 'wait' }, { name: 'Fetch' });
			wait.parameters.taskId = '={{ $json.taskId }}';
			const executionId = await start(here, chain(manual, ...list, suspended({ options: { timeout: 3 } }), wait));
			await asleep(here, executionId);

			// n8n looks for executions to wake up once a minute.
			await until(async () => (await n8n.execution(executionId)).status !== 'waiting', 'it wakes up', 180_000);
			finishAll(api);
			const execution = await n8n.waitForExecution(executionId);
			expect(errorOf(execution)).toBeUndefined();
			const passedOn = outputOf(execution, 'Runway').map(({ json }) => json);
			const ids = [1, 2].map((shot) => [...api.tasks.values()].find(({ prompt }) => prompt.includes(`${shot}`))?.id);
			expect(passedOn).toMatchObject(
				ids.map((taskId, index) => ({ taskId, shot: index + 1, status: 'queued', api: 'compatibility' })),
			);
			const fetched = outputOf(execution, 'Fetch');
			expect(fetched.map(({ json }) => [json.taskId, json.status])).toEqual(ids.map((taskId) => [taskId, 'succeeded']));
			await expectVideos(here, execution, 'Fetch');
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'wakes up once with all items in their order when the last of several tasks has ended',
		place(async (here) => {
			const { api } = here;
			const list = prompts('a [stuck]', 'b [stuck]', 'c [stuck]');
			const executionId = await start(here, chain(manual, ...list, suspended(), after));
			const sleeping = await asleep(here, executionId);
			const sleepsFor = Date.parse(sleeping.waitTill ?? '') - Date.parse(sleeping.startedAt);
			expect(sleepsFor).toBeGreaterThan(800_000);
			const [one = '', two = '', three = ''] = taskIds(api);
			api.finish(two);
			api.finish(three);
			await stillAsleep(here, executionId);
			api.finish(one);

			const execution = await ended(here, executionId);
			expect(errorOf(execution)).toBeUndefined();
			expect(execution.status).toBe('success');
			const results = outputOf(execution, 'Runway');
			expect(results.map(({ json }) => json.status)).toEqual(Array(3).fill('succeeded'));
			const byPrompt = ['a', 'b', 'c'].map((letter) =>
				[...api.tasks.values()].find(({ prompt }) => prompt[0] === letter),
			);
			expect(results.map(({ json }) => json.taskId)).toEqual(byPrompt.map((task) => task?.id));
			expect(results.map(({ pairedItem }) => pairedItem)).toEqual([0, 1, 2].map((item) => ({ item })));
			await expectVideos(here, execution);
			expect(execution.data.resultData?.runData.After).toHaveLength(1);
			expect(outputOf(execution, 'After')).toHaveLength(3);
			expect(notedIds(await withCustomData(here, execution)).sort()).toEqual(taskIds(api).sort());
			expect(api.creates).toHaveLength(3);
			// The answer to the last one may come after the execution has ended.
			await until(() => api.callbacks.every(isOver), 'all callbacks are over');
			const last = api.callbacks.filter(({ body }) => body.status === '3');
			expect(last.map(({ status }) => status)).toEqual([200, 200, 200]);
		}),
	);

	test(
		'of a production run wakes up with its file',
		place(async (here) => {
			const { api, call } = here;
			const executionId = await call(chain(webhook(), ...prompts('a [stuck]'), suspended(), after));
			await asleep(here, executionId);
			finishAll(api);
			const execution = await ended(here, executionId);
			expect(execution).toMatchObject({ status: 'success', mode: 'webhook' });
			expect(outputOf(execution, 'After')[0]?.json).toMatchObject({ taskId: taskIds(api)[0], status: 'succeeded' });
			await expectVideos(here, execution);
		}),
	);

	test(
		'passes failed tasks on as items',
		place(async (here) => {
			const { api } = here;
			const list = prompts('a [stuck]', 'b [stuck]', 'c [stuck]');
			const executionId = await start(here, chain(manual, ...list, suspended(), after));
			await asleep(here, executionId);
			const idOf = (letter: string) => [...api.tasks.values()].find(({ prompt }) => prompt[0] === letter)?.id ?? '';
			api.finish(idOf('a'));
			api.finish(idOf('b'), { kind: 'failed', code: 'SAFETY.INPUT.TEXT', message: 'content moderation' });
			api.finish(idOf('c'), { kind: 'cancelled', message: 'The task was cancelled.' });
			const execution = await ended(here, executionId);
			expect(execution.status).toBe('success');
			const results = outputOf(execution, 'After').map(({ json }) => json);
			expect(results.map(({ status }) => status)).toEqual([
				'succeeded',
				'failed',
				expect.stringMatching(/^(cancelled|failed)$/),
			]);
			expect(results[1]?.failure).toMatchObject({ message: expect.stringContaining('moderation') as string });
			expect(results.map(({ taskId }) => taskId).sort()).toEqual(taskIds(api).sort());
		}),
	);

	test(
		'keeps the invalid items, if the node is set to continue',
		place(async (here) => {
			const { api } = here;
			const list = prompts('a [stuck]', '', 'c [stuck]');
			const node = suspended({}, { onError: 'continueRegularOutput' });
			const executionId = await start(here, chain(manual, ...list, node, after));
			await asleep(here, executionId);
			finishAll(api);
			const execution = await ended(here, executionId);
			expect(execution.status).toBe('success');
			const results = outputOf(execution, 'After').map(({ json }) => json);
			expect(results.map(({ status }) => status)).toEqual(['succeeded', undefined, 'succeeded']);
			expect(results[1]?.error).toContain('Prompt');
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'sends the invalid items to the error output, if the node has one',
		place(async (here) => {
			const list = prompts('a [stuck]', '', 'c [stuck]');
			const plain = chain(manual, ...list, suspended({}, { onError: 'continueErrorOutput' }), after);
			const bad = chain(noOp('Bad'));
			const workflow = link({ ...plain, nodes: [...plain.nodes, ...bad.nodes] }, 'Runway', 1, 'Bad');
			const executionId = await start(here, workflow);
			await asleep(here, executionId);
			finishAll(here.api);
			const execution = await ended(here, executionId);
			expect(execution.status).toBe('success');
			expect(outputOf(execution, 'After').map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
			expect(outputOf(execution, 'Bad').map(({ json }) => json)).toMatchObject([
				{ number: 1, error: expect.stringContaining('Prompt') as string },
			]);
		}),
	);

	test(
		'wakes up once if every callback comes three times',
		place(async (here) => {
			const { api } = here;
			api.settings.callbacks.times = 3;
			const executionId = await start(here, chain(manual, ...prompts('a [stuck]', 'b [stuck]'), suspended(), after));
			await asleep(here, executionId);
			finishAll(api);
			const execution = await ended(here, executionId);
			// n8n leaves the callbacks without an answer that come while it is waking up.
			await until(() => api.callbacks.length === 6 && api.callbacks.every(isOver), 'all callbacks are over');
			const later = await here.n8n.execution(executionId);
			for (const { data, status } of [execution, later]) {
				expect(status).toBe('success');
				expect(data.resultData?.runData.Runway).toHaveLength(1);
				expect(data.resultData?.runData.After).toHaveLength(1);
			}
			expect(api.downloads).toHaveLength(2);
			expect(await here.n8n.executionIds(execution.workflowId)).toHaveLength(1);
		}),
	);

	test(
		'is not woken up by forged callbacks, which start nothing and download nothing',
		place(async (here) => {
			const { api, n8n } = here;
			const workflowId = await here.save(chain(manual, ...prompts('a [stuck]', 'b [stuck]'), suspended(), after));
			const executionId = await n8n.run(workflowId);
			await asleep(here, executionId);
			const url = callbackUrl(api);
			const [taskId = ''] = taskIds(api);
			const done = { status: '3', video_url: `${api.url}/assets/forged.mp4` };

			await knock(url, { task_id: 'no-such-task', ...done });
			// The node itself may look meanwhile what has become of its tasks.
			expect(api.reads.map((read) => read.taskId)).not.toContain('no-such-task');
			await knock(url, { task_id: taskId, ...done });
			await knock(url, {});
			await knock(url, { unrelated: true });
			await knock(url, {}, 'GET');
			// Before n8n 2 these addresses are not signed: anybody may call, and all the same nothing comes of it.
			const answer = n8nIsAtLeast('2') ? 401 : 200;
			const forged = new URL(url);
			forged.searchParams.set('signature', '0'.repeat(forged.searchParams.get('signature')?.length ?? 64));
			expect(await knock(forged.toString(), { task_id: taskId, ...done })).toBe(answer);
			expect(await knock(`${url.split('?')[0]}`, { task_id: taskId, ...done })).toBe(answer);
			await stillAsleep(here, executionId);
			expect(await n8n.executionIds(workflowId)).toEqual([executionId]);
			expect(api.downloads).toHaveLength(0);
			expect(api.creates).toHaveLength(2);

			finishAll(api);
			const execution = await ended(here, executionId);
			expect(outputOf(execution, 'After').map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
			await expectVideos(here, execution);
		}),
	);

	test(
		'takes no harm from callbacks after its end',
		place(async (here) => {
			const { api, n8n } = here;
			const workflowId = await here.save(chain(manual, ...prompts('a [stuck]'), suspended(), after));
			const executionId = await n8n.run(workflowId);
			await asleep(here, executionId);
			finishAll(api);
			const execution = await ended(here, executionId);
			await until(() => api.callbacks.every(isOver), 'the callback is over');
			const requests = api.requests.length;
			await knock(callbackUrl(api), { task_id: taskIds(api)[0], status: '3' });
			await pause(500);
			expect(await n8n.executionIds(workflowId)).toEqual([executionId]);
			const later = await n8n.execution(executionId);
			expect(later.status).toBe('success');
			expect(later.data.resultData?.runData).toEqual(execution.data.resultData?.runData);
			expect(api.requests).toHaveLength(requests);
		}),
	);

	test(
		'sleeps and wakes up in every round of Loop Over Items',
		place(async (here) => {
			const { api } = here;
			let workflow = chain(manual, ...items({ prompt: '[stuck]' }, { prompt: '[stuck]' }), loop);
			workflow = { ...workflow, nodes: [...workflow.nodes, ...chain(suspended()).nodes] };
			workflow = link(link(workflow, 'Loop', 1, 'Runway'), 'Runway', 0, 'Loop');
			const executionId = await start(here, workflow);
			for (const round of [1, 2]) {
				await until(() => api.tasks.size === round, `round ${round} creates its task`);
				await asleep(here, executionId);
				api.finish(taskIds(api)[round - 1] ?? '');
			}
			const execution = await ended(here, executionId);
			expect(execution.status).toBe('success');
			expect(api.creates).toHaveLength(2);
			expect([0, 1].map((round) => outputOf(execution, 'Runway', 0, round)[0]?.json)).toMatchObject(
				taskIds(api).map((taskId) => ({ taskId, status: 'succeeded' })),
			);
		}),
	);

	test(
		'may sleep in two nodes one after the other, and callbacks of the first do not wake the second',
		place(async (here) => {
			const { api } = here;
			const second = suspended({ prompt: 'second [stuck]' }, { name: 'Second' });
			const executionId = await start(here, chain(manual, ...prompts('first [stuck]'), suspended(), second));
			await asleep(here, executionId);
			finishAll(api);
			await until(() => api.creates.length === 2, 'the second node creates its task');
			await asleep(here, executionId);
			await knock(callbackUrl(api), { task_id: taskIds(api)[0], status: '3' });
			await stillAsleep(here, executionId);
			api.finish(taskIds(api)[1] ?? '');
			const execution = await ended(here, executionId);
			expect(outputOf(execution, 'Second')[0]?.json).toMatchObject({ taskId: taskIds(api)[1], status: 'succeeded' });
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'creates nothing twice if Retry On Fail is set and the batch fails first',
		place(async (here) => {
			const { api } = here;
			refuseOnce(api, 'c ');
			const list = prompts('a [stuck]', 'b [stuck]', 'c [stuck]');
			const node = suspended({ options: { maxParallel: 1 } }, RETRY);
			const executionId = await start(here, chain(manual, ...list, node, after));
			expect(hintsOf(await asleep(here, executionId))).toMatch(/2 tasks .*not billed again/);
			finishAll(api);
			const execution = await ended(here, executionId);
			expect(execution.status).toBe('success');
			expect(outputOf(execution, 'After').map(({ json }) => json.status)).toEqual(Array(3).fill('succeeded'));
			expect(api.tasks.size).toBe(3);
		}),
	);

	test(
		'that a retry has begun awaits the tasks that call back to the execution before it, even if they end last',
		place(async (here) => {
			const { api, n8n, run } = here;
			refuseOnce(api, 'c ');
			const list = prompts('a [stuck]', 'b [stuck]', 'c [stuck]');
			const failed = await run(chain(manual, ...list, suspended({ options: { maxParallel: 1 } }), after));
			expect(failed.status).toBe('error');
			const [a = '', b = ''] = taskIds(api);

			const executionId = await n8n.retryExecution(failed.id);
			await until(() => api.tasks.size === 3, 'the third task is created');
			api.finish(taskIds(api)[2] ?? '');
			await until(() => api.callbacks.length > 0 && api.callbacks.every(isOver), 'it has called back');
			const before = api.reads.length;
			api.finish(a);
			await until(() => api.reads.slice(before).some(({ taskId }) => taskId === a), 'the first one is asked for');
			api.finish(b);
			const execution = await ended(here, executionId);
			expect(execution.status).toBe('success');
			await expectVideos(here, execution);
			expect(outputOf(execution, 'After').map(({ json }) => json.status)).toEqual(Array(3).fill('succeeded'));
			expect(api.tasks.size).toBe(3);
		}),
	);
});

topic('A callback', (test) => {
	test(
		'that comes before the execution sleeps is made up for, if another one follows',
		place(async (here) => {
			const { api } = here;
			holdUntilCallback(api, 'late');
			const list = prompts('early [takes 500 ms]', 'late [stuck]');
			const executionId = await start(here, chain(manual, ...list, suspended(), after));
			await asleep(here, executionId);
			expect(api.callbacks.map(({ status }) => status)).not.toContain(200);
			api.finish(taskIds(api)[1] ?? '');
			const execution = await ended(here, executionId);
			expect(outputOf(execution, 'After').map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
		}),
	);

	test(
		'that comes before the execution sleeps is made up for, if it is the last one',
		place(async (here) => {
			const { api } = here;
			holdUntilCallback(api, 'late');
			api.fault({
				on: 'create',
				kind: 'status',
				status: 400,
				match: ({ body }) => JSON.stringify(body).includes('late'),
			});
			const list = prompts('early [takes 500 ms]', 'late');
			const node = suspended({}, { onError: 'continueRegularOutput' });
			const executionId = await start(here, chain(manual, ...list, node, after));
			const execution = await ended(here, executionId);
			expect(outputOf(execution, 'After')[0]?.json.status).toBe('succeeded');
			expect(outputOf(execution, 'After')[1]?.json.error).toBeDefined();
			expect(binaryOf(outputOf(execution, 'After')[0]).mimeType).toBe('video/mp4');
		}),
	);

	test(
		'that comes while n8n saves the sleep is made up for, although no other one follows',
		place(async (here) => {
			const { api } = here;
			// n8n refuses it, which is as good as none at all.
			api.settings.callbacks.enabled = false;
			const executionId = await start(here, chain(manual, ...prompts('a [stuck]', 'b [stuck]'), suspended(), after));
			await asleep(here, executionId);
			finishAll(api);
			const execution = await ended(here, executionId);
			expect(execution.status).toBe('success');
			expect(outputOf(execution, 'After').map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
			await expectVideos(here, execution);
			expect(api.callbacks).toEqual([]);
		}),
	);

	test(
		'wakes the execution up also if the name of its node would end an expression',
		place(async (here) => {
			const { api } = here;
			const node = suspended({}, { name: 'Run {{ 1 }} }}' });
			const executionId = await start(here, chain(manual, ...prompts('a [stuck]'), node, after));
			await asleep(here, executionId);
			finishAll(api);
			const execution = await ended(here, executionId);
			expect(outputOf(execution, 'After').map(({ json }) => json.status)).toEqual(['succeeded']);
		}),
	);

	test(
		'that comes at once, as for a prompt that is refused, is made up for',
		place(async (here) => {
			const executionId = await start(
				here,
				chain(manual, ...prompts('[takes 20 ms] [fail SAFETY]'), suspended(), after),
			);
			const execution = await ended(here, executionId);
			expect(outputOf(execution, 'After')[0]?.json.status).toBe('failed');
		}),
	);

	test(
		'wakes the execution up although the API is troubled when it is asked',
		place(async (here) => {
			const { api } = here;
			const executionId = await start(here, chain(manual, ...prompts('[stuck]'), suspended(), after));
			await asleep(here, executionId);
			api.fault({ on: 'read', kind: 'status', status: 503 });
			api.fault({ on: 'read', kind: 'reset-before' });
			finishAll(api);
			const execution = await ended(here, executionId);
			await expectVideos(here, execution);
		}),
	);

	test(
		'is not lost that comes while the one before is being looked into',
		place(async ({ api, n8n, ...others }) => {
			const gateway = await startSlowGateway(api.url);
			try {
				const here = { ...others, api, n8n };
				const credential = {
					name: `Gateway ${gateway.url}`,
					type: 'cometApiRunwayApi',
					data: { apiKey: api.apiKey, baseUrl: gateway.url },
				};
				const bound = [{ id: await n8n.createCredential(credential), name: credential.name, type: credential.type }];
				const workflow = chain(manual, ...prompts('a [stuck]', 'b [stuck]'), suspended(), after);
				const executionId = await n8n.run(await n8n.importWorkflow(workflow, bound));
				await asleep(here, executionId);

				gateway.delayMs = 1_500;
				const [first = '', second = ''] = taskIds(api);
				const before = api.reads.length;
				api.finish(first);
				const isAskedFor = (id: string) => api.reads.slice(before).some(({ taskId }) => taskId === id);
				await until(() => isAskedFor(second), 'the second task is asked for');
				// The answer that it still renders is on its way.
				api.finish(second);
				const execution = await ended(here, executionId);
				expect(outputOf(execution, 'After').map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
			} finally {
				await gateway.close();
			}
		}),
	);

	test(
		'that comes late for a node that waited does not wake up a Wait node of the same execution',
		place(async (here) => {
			const { api, n8n } = here;
			api.settings.callbacks.delayMs = 3_000;
			const waitNode: Part = {
				name: 'Approval',
				type: 'n8n-nodes-base.wait',
				typeVersion: 1.1,
				parameters: { resume: 'webhook', httpMethod: 'POST', options: {} },
				webhookId: 'b6f1a1a8-7f6c-4f57-9a41-1d8a2f0d3c11',
			};
			const executionId = await start(here, chain(manual, ...prompts('a'), textToVideo(), waitNode, after));
			await asleep(here, executionId);
			await until(() => api.callbacks.some(({ status }) => status !== undefined), 'the callback comes');
			expect(api.callbacks[0]?.status).toBeGreaterThanOrEqual(400);
			await knock(withEnd(callbackUrl(api), '/runway-resume'), { task_id: taskIds(api)[0], status: '3' });
			await stillAsleep(here, executionId);

			await knock(withEnd(callbackUrl(api), ''), {});
			const execution = await n8n.waitForExecution(executionId);
			expect(execution.status).toBe('success');
		}),
	);
});

topic('An n8n', (test) => {
	// In queue mode: test/queue/killed.test.ts.
	const testOfRestarts = isQueueMode() ? test.skip : test;
	testOfRestarts(
		'that is killed while an execution sleeps, and comes back, wakes it up with its files',
		ownPlace(async (here, own) => {
			const { api } = here;
			const list = prompts('a [stuck]', 'b [stuck]', '');
			const node = suspended({}, { onError: 'continueRegularOutput' });
			const executionId = await start(here, chain(manual, ...list, node, after));
			await asleep(here, executionId);
			await own.kill();
			// The call for one of the two finds nobody.
			api.finish(taskIds(api)[0] ?? '');
			await until(() => api.callbacks[0]?.error !== undefined, 'the callback is lost');
			await own.restart();
			expect((await here.n8n.execution(executionId)).status).toBe('waiting');

			api.finish(taskIds(api)[1] ?? '');
			const execution = await ended(here, executionId);
			expect(execution.status).toBe('success');
			const results = outputOf(execution, 'After');
			expect(results.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded', undefined]);
			expect(results[2]?.json.error).toContain('Prompt');
			for (const item of results.slice(0, 2)) {
				expect((await here.n8n.download(binaryOf(item))).equals(api.assetBytes('video'))).toBe(true);
			}
			expect(api.creates).toHaveLength(2);
		}),
	);
});
