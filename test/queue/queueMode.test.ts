import { binaryOf, errorOf, type Execution, outputOf, type QueueMode, startQueueMode } from '../support/n8n';
import type { StandIn, StandInOptions } from '../support/standin';
import {
	asleep,
	chain,
	createdPrompts,
	hintsOf,
	imageToVideo,
	LONGEST_TEST_MS,
	manual,
	notedIds,
	pause,
	quiet,
	type Place,
	place,
	prompts,
	RETRY,
	textOf,
	textToVideo,
	topic,
	watched,
	webhook,
	withCustomData,
} from '../e2e/support/place';
import { create, digest, emits, idsOf, post, receiver, toldBefore } from '../e2e/support/triggers';

/** The node in an n8n in queue mode, where the processes share nothing but PostgreSQL and Redis. */

let starting: Promise<QueueMode> | undefined;
/** Tests that run at the same time start before any hook does. */
const mode = async (): Promise<QueueMode> => {
	starting ??= startQueueMode();
	return await starting;
};
afterAll(async () => await (await starting)?.stop(), LONGEST_TEST_MS);

const inQueue = (act: (place: Place) => Promise<void>, settings?: StandInOptions) =>
	place(act, settings, async () => (await mode()).main);

const suspended = (settings?: Parameters<typeof textToVideo>[1]) => textToVideo({ completion: 'suspend' }, settings);
const taskIds = (api: StandIn) => [...api.tasks.keys()];
const stuck = (amount: number) => prompts(...Array.from({ length: amount }, (_, number) => `${number} [stuck]`));

/** The items have their files, for a later node of the worker and for the editor. */
async function expectFiles({ api, n8n }: Place, execution: Execution, amount: number): Promise<void> {
	expect(textOf(errorOf(execution))).toBe('');
	expect(execution.status).toBe('success');
	const bytes = api.assetBytes('video');
	const results = outputOf(execution, 'Digest');
	expect(results.map(({ json }) => json.status)).toEqual(Array(amount).fill('succeeded'));
	expect(results.map(({ json }) => json.digest)).toEqual(Array(amount).fill(api.videoDigest()));
	for (const item of outputOf(execution, 'Runway')) {
		expect((await n8n.download(binaryOf(item))).equals(bytes)).toBe(true);
	}
}

/** Calls as CometAPI does, at another address of the same n8n where one is given. */
async function callBack({ api }: Place, taskId: string, origin?: string): Promise<number> {
	const { callback_url: url = '' } = api.creates.at(0)?.body as { callback_url?: string };
	const address = new URL(url);
	if (origin !== undefined) address.host = new URL(origin).host;
	const response = await fetch(address, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ task_id: taskId, status: '3' }),
	});
	return response.status;
}

topic('A worker', (test) => {
	test(
		'waits for a batch of several items at once and passes on their files',
		inQueue(async (here) => {
			const list = prompts(...Array.from({ length: 8 }, (_, number) => `${number} [takes 6 s]`));
			const executionId = await here.call(chain(webhook(), ...list, imageToVideo(), digest));
			const execution = await here.n8n.waitForExecution(executionId);
			await expectFiles(here, execution, 8);
			expect(execution.data.resultData?.runData.Runway?.[0]?.executionTime).toBeLessThan(8 * 6_000);
			expect(createdPrompts(here.api).sort()).toEqual(
				Array.from({ length: 8 }, (_, number) => `${number} [takes 6 s]`),
			);
			expect(notedIds(await withCustomData(here, execution)).sort()).toEqual(taskIds(here.api).sort());
		}),
	);

	test(
		'ends its waiting if the time limit of the workflow has passed',
		inQueue(async (here) => {
			const nodes = chain(webhook(), ...stuck(2), imageToVideo({ options: { pollInterval: 1 } }));
			const executionId = await here.call({ ...nodes, settings: { executionTimeout: 8 } });
			const execution = await here.n8n.waitForExecution(executionId);
			expect(execution.status).toBe('canceled');
			await quiet(here);
			expect(here.api.creates).toHaveLength(2);
		}),
	);
});

topic('A sleeping execution', (test) => {
	test(
		'is woken up by calls to the webhook processor, and goes on in a worker with the files',
		inQueue(async (here) => {
			const { api, n8n } = here;
			const executionId = await here.call(chain(webhook(), ...stuck(3), suspended(), digest));
			await asleep(here, executionId);
			taskIds(api).forEach((id) => api.finish(id));
			const execution = await n8n.waitForExecution(executionId);
			await expectFiles(here, execution, 3);
			expect(api.callbacks.map(({ url }) => new URL(url).origin)).toEqual(Array(3).fill((await mode()).webhooks.url));
			expect(api.creates).toHaveLength(3);
		}),
	);

	test(
		'is woken up by a call to the main process',
		inQueue(
			async (here) => {
				const { api, n8n } = here;
				const executionId = await n8n.run(await here.save(chain(manual, ...stuck(1), suspended(), digest)));
				await asleep(here, executionId);
				const [taskId = ''] = taskIds(api);
				api.finish(taskId);
				expect(await callBack(here, taskId, n8n.url)).toBe(200);
				await expectFiles(here, await n8n.waitForExecution(executionId), 1);
			},
			{ callbacks: { enabled: false } },
		),
	);

	test(
		'continues once if the same call comes to two processes at the same time',
		inQueue(
			async (here) => {
				const { api, n8n } = here;
				const executionId = await here.call(chain(webhook(), ...stuck(2), suspended(), digest));
				await asleep(here, executionId);
				const ids = taskIds(api);
				ids.forEach((id) => api.finish(id));
				const origins = [n8n.url, (await mode()).webhooks.url];
				await Promise.all(
					origins.flatMap((origin) => ids.map(async (id) => await callBack(here, id, origin).catch(() => 0))),
				);
				const execution = await n8n.waitForExecution(executionId);
				await expectFiles(here, execution, 2);
				await pause(2_000);
				const later = await n8n.execution(executionId);
				expect(later.data.resultData?.runData.Digest).toHaveLength(1);
				expect(later.data.resultData?.runData.Runway).toHaveLength(1);
				expect(await n8n.executionIds(execution.workflowId)).toEqual([executionId]);
				expect(api.creates).toHaveLength(2);
			},
			{ callbacks: { enabled: false } },
		),
	);
});

topic('Stop', (test) => {
	/** Every task is named in the log of the worker that created it, which is the one place that n8n never overwrites. */
	const expectLogged = async ({ api }: Place, executionId: string) => {
		const log = (await mode()).workers.map((worker) => worker.log()).join('\n');
		for (const id of taskIds(api)) expect(log).toContain(`Runway task ${id} created (execution ${executionId},`);
	};
	const inTurn = () => imageToVideo({ options: { maxTasksInProgress: 3, pollInterval: 1 } }, RETRY);

	test(
		'ends the waiting in a worker at once, creates nothing more and leaves the ids in its log',
		inQueue(async (here) => {
			const { api, n8n } = here;
			const executionId = await n8n.run(await here.save(chain(manual, ...stuck(10), inTurn())));
			await watched(here, 3);
			await n8n.stopExecution(executionId);
			expect((await n8n.waitForExecution(executionId)).status).toBe('canceled');
			await quiet(here);
			taskIds(api).forEach((id) => api.finish(id));
			expect(await quiet(here)).toBe(0);
			expect(api.creates).toHaveLength(3);
			await expectLogged(here, executionId);
		}),
	);

	test(
		'of an execution that a webhook processor started, which n8n does not tell the worker, leaves the ids in its log',
		inQueue(async (here) => {
			const { api, n8n } = here;
			const executionId = await here.call(chain(webhook(), ...stuck(3), inTurn()));
			await watched(here, 3);
			await n8n.stopExecution(executionId);
			expect((await n8n.waitForExecution(executionId)).status).toBe('canceled');
			await expectLogged(here, executionId);
			taskIds(api).forEach((id) => api.finish(id));
		}),
	);
});

topic('The callback trigger', (test) => {
	test(
		'starts a workflow once for calls to the webhook processor and to the main process, one after the other',
		inQueue(async (here) => {
			const { api, n8n } = here;
			const { id, url } = await receiver(here, { download: false });
			const atMain = url.replace((await mode()).webhooks.url, n8n.url);
			const taskId = await create(api, 'x', { callbackUrl: url });
			await emits(n8n, id, 1);
			const body = { task_id: taskId, status: '3' };
			// The first repetition lets n8n save what the call that started the execution could not.
			for (const address of [url, atMain, atMain, url]) expect((await post(address, body)).status).toBe(200);
			expect(idsOf(await toldBefore(here, { id, url }, 1))).toEqual([taskId]);
			// A callback that was sent last is the last one in its process alone.
			const atBoth = idsOf(await toldBefore(here, { id, url: atMain }, 2));
			expect(atBoth.filter((told) => told === taskId)).toHaveLength(1);
			await n8n.deactivate(id);
		}),
	);
});

topic('A failed attempt', (test) => {
	test(
		'is repeated by Retry On Fail without paying again for what is paid',
		inQueue(async (here) => {
			const { api, n8n } = here;
			const list = prompts('a', 'b [fail once INTERNAL]', 'c');
			const executionId = await here.call(chain(webhook(), ...list, imageToVideo({}, RETRY), digest));
			const execution = await n8n.waitForExecution(executionId);
			await expectFiles(here, execution, 3);
			expect(api.creates).toHaveLength(4);
			expect(hintsOf(execution)).toMatch(/2 tasks .*not billed again/);
		}),
	);

	test(
		'is retried from the list of executions without paying again for what is paid',
		inQueue(async (here) => {
			const { api, n8n } = here;
			const list = prompts('a', 'b [takes 20 s]', 'c');
			const node = imageToVideo({ options: { timeout: 3 } });
			const executionId = await here.call(chain(webhook(), ...list, node, digest));
			const failed = await n8n.waitForExecution(executionId);
			expect(failed.status).toBe('error');
			for (const id of taskIds(api)) expect(textOf(errorOf(failed))).toContain(id);
			for (const id of taskIds(api)) api.finish(id);
			const execution = await here.retry(failed);
			await expectFiles(here, execution, 3);
			expect(api.creates).toHaveLength(3);
		}),
	);
});
