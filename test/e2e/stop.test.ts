import { type Execution, isQueueMode, outputOf } from '../support/n8n';
import {
	asleep,
	chain,
	imageToVideo,
	LONGEST_TEST_MS,
	manual,
	noOp,
	notedIds,
	type Part,
	pause,
	type Place,
	place,
	prompts,
	quiet,
	RETRY,
	runway,
	textToVideo,
	until,
	watched,
	webhook,
	withCustomData,
} from './support/place';

/** Stop in a real n8n. One test after the other, since they are about seconds. */

const stuck = (amount: number) => prompts(...Array.from({ length: amount }, (_, number) => `${number} [stuck]`));
const idsOf = ({ api }: Place) => [...api.tasks.keys()].sort();

/** Often, so that a node that keeps running after a Stop is heard of soon. */
const OFTEN = { pollInterval: 1 };

/** Stops the execution; nothing more must be asked of CometAPI but for what is on its way by then. */
async function stop(here: Place, executionId: string, onTheWay = here.api.tasks.size): Promise<Execution> {
	const { n8n } = here;
	await n8n.stopExecution(executionId);
	const requests = await quiet(here);
	expect(requests).toBeLessThanOrEqual(onTheWay);
	const execution = await n8n.waitForExecution(executionId);
	expect(execution.status).toBe('canceled');
	return isQueueMode() ? await n8n.execution(executionId) : await withCustomData({ n8n }, execution);
}

/** In queue mode n8n doesn't save what a worker noted; the ids are in the worker's log (test/queue/queueMode.test.ts). */
function expectNoted(here: Place, execution: Execution): void {
	if (!isQueueMode()) expect(notedIds(execution).sort()).toEqual(idsOf(here));
}

describe('Stop', () => {
	type Start = [name: string, trigger: () => Part, run: 'byHand' | 'inProduction'];
	const inProduction: Start = ['a production run', webhook, 'inProduction'];
	const starts: Start[] = [
		['a run by hand', () => manual, 'byHand'],
		// n8n does not tell a worker to stop what a webhook processor has started: test/queue/queueMode.test.ts.
		...(isQueueMode() ? [] : [inProduction]),
	];

	it.each(starts)(
		'ends the waiting of %s at once and leaves the ids where they can be found',
		async (_name, trigger, kind) => {
			await place(async (here) => {
				const { api, n8n } = here;
				const node = imageToVideo({ options: OFTEN }, RETRY);
				const workflow = chain(trigger(), ...stuck(3), node, noOp('After'));
				const executionId = kind === 'byHand' ? await n8n.run(await here.save(workflow)) : await here.call(workflow);
				await watched(here, 3);
				const execution = await stop(here, executionId);
				expect(api.creates).toHaveLength(3);
				expectNoted(here, execution);
				expect(execution.data.resultData?.runData.After).toBeUndefined();
			})();
		},
		LONGEST_TEST_MS,
	);

	it.each(starts)(
		'sends no further create in %s with a limit of tasks in progress',
		async (_name, trigger, kind) => {
			await place(async (here) => {
				const { api, n8n } = here;
				const node = imageToVideo(
					{ options: { ...OFTEN, maxTasksInProgress: 1 } },
					{ ...RETRY, onError: 'continueRegularOutput' },
				);
				const workflow = chain(trigger(), ...stuck(20), node);
				const executionId = kind === 'byHand' ? await n8n.run(await here.save(workflow)) : await here.call(workflow);
				await watched(here, 1);
				const execution = await stop(here, executionId);
				expect(api.creates).toHaveLength(1);
				expectNoted(here, execution);
			})();
		},
		LONGEST_TEST_MS,
	);

	it(
		'while creates are being sent keeps the ids of those that came through',
		place(async (here) => {
			const { api, n8n } = here;
			// Those that are under way at the Stop take so long that no further one can come before it.
			api.settings.latencyMs = ({ route }) => (route !== 'create' ? 0 : api.creates.length > 2 ? 4_000 : 300);
			const node = imageToVideo({ options: { ...OFTEN, maxParallel: 2 } }, RETRY);
			const executionId = await n8n.run(await here.save(chain(manual, ...stuck(20), node)));
			await until(() => api.creates.length === 4, 'two tasks are created, and two more under way');
			const created = idsOf(here);
			const execution = await stop(here, executionId);
			expect(created).toHaveLength(2);
			if (!isQueueMode()) expect(notedIds(execution)).toEqual(expect.arrayContaining(created));
			expect(api.creates).toHaveLength(4);
		}),
		LONGEST_TEST_MS,
	);

	it(
		'leaves ids with which Task → Wait fetches what was paid for',
		place(async (here) => {
			const { api, n8n } = here;
			const workflow = chain(manual, ...stuck(2), imageToVideo({ options: OFTEN }));
			const executionId = await n8n.run(await here.save(workflow));
			await watched(here, 2);
			expectNoted(here, await stop(here, executionId));
			const ids = idsOf(here);
			for (const id of ids) api.finish(id);
			const wait = runway({ resource: 'task', operation: 'wait', taskId: ids.join(' ') }, { name: 'Fetch' });
			const fetched = outputOf(await here.run(chain(manual, wait)), 'Fetch');
			expect(fetched.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
			expect(api.creates).toHaveLength(2);
		}),
		LONGEST_TEST_MS,
	);

	it(
		'ends an execution that sleeps, and a callback does not bring it back',
		place(async (here) => {
			const { api, n8n } = here;
			const node = textToVideo({ completion: 'suspend' });
			const workflowId = await here.save(chain(manual, ...stuck(2), node, noOp('After')));
			const executionId = await n8n.run(workflowId);
			await asleep(here, executionId);
			const execution = await stop(here, executionId);
			expectNoted(here, execution);
			for (const id of idsOf(here)) api.finish(id);
			const isOver = ({ status, error }: { status?: number; error?: string }) => (status ?? error) !== undefined;
			await until(() => api.callbacks.length === 2 && api.callbacks.every(isOver), 'the callbacks are over');
			await pause(1_000);
			expect((await n8n.execution(executionId)).status).toBe('canceled');
			expect(await n8n.executionIds(workflowId)).toEqual([executionId]);
			expect(api.downloads).toHaveLength(0);
		}),
		LONGEST_TEST_MS,
	);
});
