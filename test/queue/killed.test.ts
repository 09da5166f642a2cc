import { randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import path from 'node:path';

import type { StoredRow } from '../../nodes/shared/register/row';
import { errorOf, type N8nCompanion, outputOf, type QueueMode, startQueueMode } from '../support/n8n';
import type { StandInOptions } from '../support/standin';
import {
	asleep,
	chain,
	imageToVideo,
	LONGEST_TEST_MS,
	manual,
	type Part,
	pause,
	type Place,
	place,
	prompts,
	RETRY,
	runway,
	textOf,
	textToVideo,
	until,
	watched,
	webhook,
} from '../e2e/support/place';
import { expectRepetitionsToStartNothing, expectTasksToldOnceOverKills, loseEventLog } from '../e2e/support/restarts';
import { switchOn, untilRows } from '../e2e/support/register';
import { create, digest, emittedAtLast, executionsOf, idsOf, pollTrigger, publish } from '../e2e/support/triggers';

/** Processes of an n8n in queue mode that die without a word. One test after the other, since they share the processes. */

/** n8n takes a job for lost this much sooner than by default, which is a minute. */
const SOON = {
	QUEUE_WORKER_LOCK_DURATION: '15000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '2000',
	QUEUE_WORKER_STALLED_INTERVAL: '3000',
	// Minutes.
	N8N_EXECUTIONS_QUEUE_RECOVERY_INTERVAL: '1',
};
const LOST_WITHIN_MS = 150_000;
/** n8n has two words for an execution whose worker is gone, and takes the one or the other. */
const LOST = ['error', 'crashed'];

let mode: QueueMode;
beforeAll(async () => {
	mode = await startQueueMode({ env: SOON });
}, LONGEST_TEST_MS);
afterAll(async () => await mode?.stop(), LONGEST_TEST_MS);

const inQueue = (act: (place: Place) => Promise<void>, settings?: StandInOptions) =>
	place(act, settings, async () => mode.main);
const taskIds = ({ api }: Place) => [...api.tasks.keys()];

/** The worker that runs an execution. */
async function workerOf(executionId: string): Promise<N8nCompanion> {
	const runs = (worker: N8nCompanion) => worker.log().includes(`started execution ${executionId} `);
	await until(() => mode.workers.some(runs), 'a worker takes the execution');
	const worker = mode.workers.find(runs);
	if (worker === undefined) throw new Error(`No worker runs the execution ${executionId}`);
	return worker;
}

/** The ids that a process left in its log for an execution, in the order of creation. */
function loggedIds(worker: N8nCompanion, executionId: string): string[] {
	const lines = worker.log().matchAll(/^Runway task (\S+) created \(execution (\d+),/gm);
	return [...lines].filter((line) => line[2] === executionId).map((line) => line[1] ?? '');
}

describe('A worker that is killed while it waits', () => {
	it(
		'pays for nothing twice, not even by a retry, and leaves the ids in its log',
		inQueue(async (here) => {
			const { api, n8n } = here;
			const workflow = {
				...chain(webhook(), ...prompts('a [stuck]', 'b [stuck]'), imageToVideo({}, RETRY)),
				settings: { saveExecutionProgress: true },
			};
			const executionId = await here.call(workflow);
			await watched(here, 2);
			const worker = await workerOf(executionId);
			await worker.kill();
			const ids = loggedIds(worker, executionId);
			expect(ids.sort()).toEqual(taskIds(here).sort());

			await worker.restart();
			const lost = await n8n.waitForExecution(executionId, { timeoutMs: LOST_WITHIN_MS });
			expect(LOST).toContain(lost.status);
			expect(api.creates).toHaveLength(2);
			await here.retry(lost);
			await pause(2_000);
			expect(api.creates).toHaveLength(2);

			ids.forEach((id) => api.finish(id));
			const wait = runway({ resource: 'task', operation: 'wait', taskId: ids.join(' ') }, { name: 'Fetch' });
			const fetched = outputOf(await here.run(chain(manual, wait)), 'Fetch');
			expect(fetched.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
		}),
		LONGEST_TEST_MS,
	);

	it(
		'pays for nothing twice by a retry even if what started the execution is gone, and with it the log of events',
		inQueue(async (here) => {
			const { api, n8n } = here;
			const executionId = await here.call(
				chain(webhook(), ...prompts('a [stuck]', 'b [stuck]'), imageToVideo({}, RETRY)),
			);
			await watched(here, 2);
			const worker = await workerOf(executionId);
			await Promise.all([worker.kill(), mode.webhooks.kill()]);
			await loseEventLog(worker);
			await Promise.all([worker.restart(), mode.webhooks.restart()]);

			const lost = await n8n.waitForExecution(executionId, { timeoutMs: LOST_WITHIN_MS });
			expect(lost.status).toBe('crashed');
			const retried = await here.retry(lost);
			expect(textOf(errorOf(retried))).toMatch(/may already have created them.*Operation "Wait"/s);
			expect(api.creates).toHaveLength(2);
		}),
		LONGEST_TEST_MS,
	);
});

describe('A worker that is killed while it waits, with a register of tasks', () => {
	it(
		'leaves tasks that a trigger delivers, each once, when n8n has given the execution up, and not before',
		inQueue(async (here) => {
			const { api, n8n } = here;
			const register = await switchOn(here);
			const rescue = await here.save(chain(pollTrigger({ watch: 'register', which: 'undelivered' }), digest));
			await publish(n8n, rescue);
			const executionId = await here.call(chain(webhook(), ...prompts('a [stuck]', 'b [stuck]'), imageToVideo()));
			await watched(here, 2);
			const ids = taskIds(here).sort();
			const rows = await untilRows(register, (all) => all.every(({ taskId }) => taskId !== null), 'the ids are noted');
			expect(rows.map(({ taskId }) => taskId).sort()).toEqual(ids);
			const worker = await workerOf(executionId);
			await worker.kill();
			ids.forEach((id) => api.finish(id));
			await worker.restart();

			const isRescued = async () => (await n8n.executionIds(rescue)).length > 0;
			await until(isRescued, 'the trigger delivers', LOST_WITHIN_MS);
			// Its times would not tell which came first: n8n notes the end of a lost execution more than once.
			expect(LOST).toContain((await n8n.execution(executionId)).status);
			expect(idsOf(await emittedAtLast(n8n, rescue, 2)).sort()).toEqual(ids);
			const rescued = await executionsOf(n8n, rescue);
			const digests = rescued.flatMap((execution) => outputOf(execution, 'Digest'));
			expect(digests.map(({ json }) => json.digest)).toEqual([api.videoDigest(), api.videoDigest()]);
			await untilRows(register, (all) => all.every(({ delivered }) => delivered), 'all is delivered');
			expect(api.creates).toHaveLength(2);
			await n8n.deactivate(rescue);
		}),
		LONGEST_TEST_MS,
	);
});

describe('A worker that is killed while it runs what a trigger has started', () => {
	it(
		'leaves a failed execution and starts no other, and the file can be had by the id',
		inQueue(async (here) => {
			const { api, n8n, save } = here;
			const taskId = await create(api, '[stuck]');
			const wait: Part = {
				name: 'After',
				type: 'n8n-nodes-base.wait',
				typeVersion: 1.1,
				parameters: { amount: 20, unit: 'seconds' },
				webhookId: randomUUID(),
			};
			const id = await save(chain(pollTrigger({ watch: 'ids', taskIds: taskId }), wait, digest));
			await publish(n8n, id);
			api.finish(taskId);
			await until(async () => (await n8n.executionIds(id)).length === 1, 'the trigger starts an execution');
			const [executionId = ''] = await n8n.executionIds(id);
			const worker = await workerOf(executionId);
			await worker.kill();
			await worker.restart();
			const words = async () => textOf(errorOf(await n8n.execution(executionId)));
			await until(async () => (await words()).includes('too many times'), 'n8n gives it up', LOST_WITHIN_MS);
			// With that, n8n has dropped the items of the trigger, so that a retry has nothing to run with.
			const retried = await here.retry(await n8n.execution(executionId));
			expect(retried.data.resultData?.runData).toEqual({});

			const fetch = runway({ resource: 'task', operation: 'download', taskId });
			const fetched = outputOf(await here.run(chain(manual, fetch, digest)), 'Digest');
			expect(fetched.map(({ json }) => [json.taskId, json.digest])).toEqual([[taskId, api.videoDigest()]]);
			expect((await n8n.executionIds(id)).sort()).toEqual([executionId, retried.id].sort());
			await n8n.deactivate(id);
		}),
		LONGEST_TEST_MS,
	);
});

describe('Workers without the package', () => {
	/** Moves the package of each worker away or back, and starts them again. */
	async function startWorkers(isThere: boolean): Promise<void> {
		for (const { userFolder } of mode.workers) {
			const there = path.join(userFolder, '.n8n', 'nodes', 'node_modules', 'n8n-nodes-cometapi-runway');
			const away = path.join(userFolder, 'package');
			if (isThere) renameSync(away, there);
			else renameSync(there, away);
		}
		await Promise.all(mode.workers.map(async (worker) => await worker.restart()));
	}

	it(
		'run nothing that costs, and fail an execution that wakes up, whose tasks a trigger then delivers',
		inQueue(async (here) => {
			const { api, n8n } = here;
			const register = await switchOn(here);
			const node = textToVideo({ completion: 'suspend' });
			const sleeping = await here.call(chain(webhook(), ...prompts('a [stuck]'), node));
			await asleep(here, sleeping);
			await startWorkers(false);
			const words = async (id: string) => textOf(errorOf(await n8n.waitForExecution(id)));
			const UNKNOWN = 'Unrecognized node type: n8n-nodes-cometapi-runway.runway';
			try {
				expect(await words(await here.call(chain(webhook(), ...prompts('b'), textToVideo())))).toContain(UNKNOWN);
				taskIds(here).forEach((id) => api.finish(id));
				expect(await words(sleeping)).toContain(UNKNOWN);
				expect(api.creates).toHaveLength(1);
			} finally {
				await startWorkers(true);
			}
			// The webhook processor, which has the package, has handed the item over.
			const [row] = await untilRows(register, ([only]) => only?.delivered === true, 'the wake-up is noted');
			expect(row).toMatchObject({ executionId: sleeping, status: 'succeeded' });
			const rescue = await here.save(chain(pollTrigger({ watch: 'register', which: 'undelivered' }), digest));
			await publish(n8n, rescue);
			expect(idsOf(await emittedAtLast(n8n, rescue, 1))).toEqual(taskIds(here));
			const [rescued] = await executionsOf(n8n, rescue);
			expect(outputOf(rescued!, 'Digest').map(({ json }) => json.digest)).toEqual([api.videoDigest()]);
			const settled = ([only]: StoredRow[]) => only?.delivered === true && only.resumeUrl === null;
			await untilRows(register, settled, 'the rescue is noted');
			await n8n.deactivate(rescue);
		}),
		LONGEST_TEST_MS,
	);
});

describe('A webhook processor that is killed', () => {
	it(
		'starts nothing for a repeated callback when it is back',
		inQueue(async (here) => {
			const { id } = await expectRepetitionsToStartNothing(here, mode.webhooks);
			await here.n8n.deactivate(id);
		}),
		LONGEST_TEST_MS,
	);
});

describe('A main process that is killed', () => {
	it(
		'in the middle of a poll, and restarted later, tells each task once',
		inQueue(async (here) => await expectTasksToldOnceOverKills(here, mode.main)),
		LONGEST_TEST_MS,
	);

	it(
		'while a worker waits does not keep the worker from finishing',
		inQueue(async (here) => {
			const { api, n8n } = here;
			const executionId = await n8n.run(await here.save(chain(manual, ...prompts('a [stuck]'), imageToVideo())));
			await watched(here, 1);
			await mode.main.kill();
			taskIds(here).forEach((id) => api.finish(id));
			await until(() => api.downloads.length > 0, 'the file is fetched');
			await mode.main.restart();
			const execution = await n8n.waitForExecution(executionId);
			expect(textOf(errorOf(execution))).toBe('');
			expect(execution.status).toBe('success');
			expect(outputOf(execution, 'Runway')[0]?.json.status).toBe('succeeded');
			expect(api.creates).toHaveLength(1);
		}),
		LONGEST_TEST_MS,
	);
});

describe('All processes that are killed', () => {
	it(
		'while an execution sleeps lose nothing: it is woken up when they are back',
		inQueue(async (here) => {
			const { api, n8n } = here;
			const node = textToVideo({ completion: 'suspend' });
			const executionId = await here.call(chain(webhook(), ...prompts('a [stuck]', 'b [stuck]'), node));
			await asleep(here, executionId);
			const processes = [mode.main, mode.webhooks, ...mode.workers];
			await Promise.all(processes.map(async (process) => await process.kill()));
			const [first = '', second = ''] = taskIds(here);
			api.finish(first);
			await until(() => api.callbacks[0]?.error !== undefined, 'the call finds nobody');
			await mode.main.restart();
			await Promise.all([mode.webhooks, ...mode.workers].map(async (process) => await process.restart()));
			api.finish(second);
			const execution = await n8n.waitForExecution(executionId);
			expect(execution.status).toBe('success');
			expect(outputOf(execution, 'Runway').map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
			expect(api.creates).toHaveLength(2);
		}),
		LONGEST_TEST_MS,
	);
});
