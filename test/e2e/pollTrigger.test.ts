import type { IDataObject } from 'n8n-workflow';

import { binaryOf, errorOf, isQueueMode, type N8nClient, outputOf } from '../support/n8n';
import { n8nIsAtLeast } from './support/host';
import { chain, noOp, ownPlace, pause, place, textOf, topic, until } from './support/place';
import { expectCursorsToLast, expectTasksToldOnceOverKills } from './support/restarts';
import {
	create,
	digest,
	DURABLE_CURSORS,
	emits,
	emittedBefore,
	everySeconds,
	executionsOf,
	expectOpens,
	idsOf,
	pollTrigger,
	publish,
} from './support/triggers';

/** The polling trigger in a real n8n, published and driven over HTTP. */

const after = noOp('After');
const text = (ids: string[]) => ids.join('\n');

topic('The polling trigger', (test) => {
	test(
		'starts a workflow once for each task, over reactivations, with files that can be read then and later',
		place(async (here) => {
			const { api, n8n, save } = here;
			const marker = await create(api, '[stuck]');
			const ids = [
				await create(api, 'x'),
				await create(api, 'x', { family: 'official' }),
				await create(api, '[stuck]', { family: 'official' }),
			];
			const taskIds = `={{ ${JSON.stringify([...ids, marker])} }}`;
			const id = await save(chain(pollTrigger({ watch: 'ids', taskIds }), digest));
			await publish(n8n, id);
			await emits(n8n, id, 2);
			await n8n.deactivate(id);
			await publish(n8n, id);
			api.finish(ids[2] ?? '');
			await n8n.deactivate(id);
			await publish(n8n, id);

			const items = await emittedBefore(here, id, 3, marker);
			expect(idsOf(items).sort()).toEqual([...ids].sort());
			for (const item of items) await expectOpens(n8n, item, api.assetBytes('video'));
			const executions = (await executionsOf(n8n, id)).filter(({ status }) => status === 'success');
			const digests = executions.flatMap((execution) => outputOf(execution, 'Digest'));
			expect(digests.map(({ json }) => json.digest)).toEqual(Array(4).fill(api.videoDigest()));
			await n8n.deactivate(id);
		}),
	);

	test(
		'tells of 500 tasks, each once',
		place(async (here) => {
			const { api, n8n, save } = here;
			const marker = await create(api, '[stuck]');
			const ids = await Promise.all(
				Array.from({ length: 500 }, async () => await create(api, 'x', { family: 'official' })),
			);
			const taskIds = text([...ids, marker]);
			const pollTimes = { item: everySeconds(20) };
			const id = await save(chain(pollTrigger({ watch: 'ids', taskIds, download: false, pollTimes }), after));
			await publish(n8n, id);
			const items = await emittedBefore(here, id, 500, marker);
			expect(items).toHaveLength(500);
			expect(new Set(idsOf(items))).toEqual(new Set(ids));
			await n8n.deactivate(id);
		}),
	);

	test(
		'shows a failed execution while the key is refused, and what it missed afterwards',
		place(async (here) => {
			const { api, n8n, save } = here;
			const taskId = await create(api, '[stuck]');
			const marker = await create(api, '[stuck]');
			const taskIds = text([taskId, marker]);
			// A poll that is refused tries three times.
			const parameters = { watch: 'ids', taskIds, api: 'compatibility', download: false };
			const pollTimes = { item: everySeconds(15) };
			const id = await save(chain(pollTrigger({ ...parameters, pollTimes }), after));
			await publish(n8n, id);
			// The first poll is the one with which n8n tries the trigger out; it takes the workflow back if that one fails.
			await until(() => api.reads.filter((read) => read.taskId === marker).length > 1, 'polls are under way');
			const revoked = api.fault({ on: 'read', kind: 'status', status: 401, times: Infinity });
			api.finish(taskId);
			await until(async () => (await n8n.executionIds(id)).length > 0, 'an execution is there');
			const [failed] = await executionsOf(n8n, id);
			expect(failed?.status).toBe('error');
			expect(textOf(failed && errorOf(failed))).toMatch(/does not accept the API key.*Open the credential/s);
			revoked.clear();
			expect(idsOf(await emittedBefore(here, id, 1, marker))).toEqual([taskId]);
			await n8n.deactivate(id);
		}),
	);

	test(
		'reports an id that nobody knows once, beside the tasks that there are',
		place(async (here) => {
			const { api, n8n, save } = here;
			const marker = await create(api, '[stuck]');
			const ids = ['no-such-task', await create(api, 'x')];
			const taskIds = text([...ids, marker]);
			const id = await save(chain(pollTrigger({ watch: 'ids', taskIds, download: false }), after));
			// As after six minutes of waiting for it.
			const row = { kind: 'absence', answers: 5, since: Date.now() - 6 * 60_000 };
			const watchlist = { watched: [{ id: ids[0], seenAt: 1, row }] };
			await setStaticData(n8n, id, { 'node:Trigger': { watchlist } });
			await publish(n8n, id);
			const items = await emittedBefore(here, id, 2, marker);
			expect(items).toHaveLength(2);
			expect(items.find(({ json }) => json.taskId === ids[0])?.json).toMatchObject({
				status: 'unknown',
				failure: { code: 'task_not_exist' },
			});
			expect(items.find(({ json }) => json.taskId === ids[1])?.json.status).toBe('succeeded');
			await n8n.deactivate(id);
		}),
	);

	test(
		'shows the present state of the first task in the editor, or says what is missing',
		place(async ({ api, n8n, save }) => {
			const ids = [await create(api, '[stuck]', { family: 'official' }), await create(api, 'x')];
			await pause(500);
			const fetchTestEvent = async (taskIds: string) =>
				await n8n.runToEnd(await save(chain(pollTrigger({ watch: 'ids', taskIds }), after)), {
					startNode: 'Trigger',
					destinationNode: 'Trigger',
				});
			const shown = outputOf(await fetchTestEvent(text(ids)), 'Trigger');
			expect(shown.map(({ json }) => [json.taskId, json.status])).toEqual([[ids[0], 'running']]);
			const [withFile] = outputOf(await fetchTestEvent(ids[1] ?? ''), 'Trigger');
			expect((await n8n.download(binaryOf(withFile))).equals(api.assetBytes('video'))).toBe(true);
			expect(textOf(errorOf(await fetchTestEvent('={{ [] }}')))).toMatch(
				/no task to show.*Enter at least one task ID/s,
			);
			expect(textOf(errorOf(await fetchTestEvent('no-such-task')))).toMatch(/does not know the task no-such-task/);
		}),
	);
});

/** Changes a workflow's static data, which only n8n's public API lets anybody do. */
async function setStaticData(n8n: N8nClient, workflowId: string, staticData: IDataObject): Promise<void> {
	const request = { label: workflowId, expiresAt: null, scopes: ['workflow:update'] };
	const { rawApiKey } = await n8n.request<{ rawApiKey: string }>('POST', '/rest/api-keys', request);
	const { name, nodes, connections } = await n8n.workflow(workflowId);
	const response = await fetch(`${n8n.url}/api/v1/workflows/${workflowId}`, {
		method: 'PUT',
		headers: { 'content-type': 'application/json', 'x-n8n-api-key': rawApiKey },
		body: JSON.stringify({ name, nodes, connections, settings: { executionOrder: 'v1' }, staticData }),
	});
	if (!response.ok) throw new Error(`n8n answered ${response.status}: ${await response.text()}`);
}

topic('A polling trigger of an n8n', (test) => {
	// In queue mode: test/queue/killed.test.ts.
	const testOfRestarts = isQueueMode() ? test.skip : test;
	testOfRestarts(
		'that is killed in the middle of a poll, and restarted later, tells each task once',
		ownPlace(expectTasksToldOnceOverKills),
	);

	// Earlier versions have no durable cursors. In queue mode: test/queue/cursors.test.ts.
	const testOfCursors = isQueueMode() || !n8nIsAtLeast('2') ? test.skip : test;
	testOfCursors(
		'that keeps durable cursors tells each task once, also over a kill',
		ownPlace(expectCursorsToLast, DURABLE_CURSORS),
	);
});
