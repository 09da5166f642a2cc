import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { chain, noOp, pause, type Place, until } from './place';
import {
	create,
	emitted,
	emittedAtLast,
	idsOf,
	pollTrigger,
	post,
	publish,
	receiver,
	SETTLED_MS,
	started,
} from './triggers';

/** What holds where n8n, or a process of it, is killed: in regular mode and in queue mode. */

/** A process of n8n. */
interface Mortal {
	kill(): Promise<void>;
	restart(): Promise<unknown>;
}

/** Publishes a workflow that watches three tasks, the first of which has ended and has been told. */
async function watching({ api, n8n, save }: Place): Promise<{ ids: string[]; id: string }> {
	const ids = [await create(api, 'x'), await create(api, '[stuck]'), await create(api, '[stuck]')];
	const id = await save(chain(pollTrigger({ watch: 'ids', taskIds: ids.join(' '), download: false }), noOp('After')));
	await publish(n8n, id);
	await until(async () => (await emitted(n8n, id)).length === 1, 'the first item has come', 60_000);
	return { ids, id };
}

/** A kill in the middle of a poll, and a restart after it, leave each task told once. */
export async function expectTasksToldOnceOverKills(here: Place, process: Mortal): Promise<void> {
	const { api, n8n } = here;
	const { ids, id } = await watching(here);
	api.settings.latencyMs = 5_000;
	const reads = api.reads.length;
	api.finish(ids[1] ?? '');
	await until(() => api.reads.length > reads, 'a poll is under way');
	await process.kill();
	api.settings.latencyMs = 0;
	await process.restart();
	expect(idsOf(await emittedAtLast(n8n, id, 2))).toEqual([ids[0], ids[1]]);

	await process.restart();
	api.finish(ids[2] ?? '');
	expect(idsOf(await emittedAtLast(n8n, id, 3))).toEqual(ids);
	await n8n.deactivate(id);
}

/** Where n8n keeps durable cursors, they are used, and a kill leaves each task told once. */
export async function expectCursorsToLast(here: Place, process: Mortal): Promise<void> {
	const { api, n8n } = here;
	const { ids, id } = await watching(here);
	api.finish(ids[1] ?? '');
	await until(async () => (await emitted(n8n, id)).length === 2, 'the second item has come', 60_000);
	// The cursor is in a table of its own.
	expect((await n8n.workflow(id)) as unknown as { staticData: unknown }).toMatchObject({ staticData: null });
	await process.kill();
	await process.restart();
	api.finish(ids[2] ?? '');
	expect(idsOf(await emittedAtLast(n8n, id, 3))).toEqual(ids);
	await n8n.deactivate(id);
}

/** What became of two callbacks. */
interface CalledBack {
	id: string;
	url: string;
	/** The tasks that they named, each of which started an execution. */
	told: string[];
	/** How often the tasks were read back for the repetitions. */
	repeatedReads: number;
}

/** A kill between two callbacks and their repetitions leaves each task told once. */
export async function expectRepetitionsToStartNothing(here: Place, process: Mortal): Promise<CalledBack> {
	const { api, n8n } = here;
	const { id, url } = await receiver(here, { download: false });
	const first = await create(api, 'x', { callbackUrl: url });
	await started(n8n, id, 1);
	const second = await create(api, 'x', { callbackUrl: url });
	await started(n8n, id, 2);
	await process.kill();
	await process.restart();
	await until(async () => (await post(url, {})).status === 200, 'the webhook is registered');
	const reads = api.reads.length;
	for (const taskId of [first, second, first]) {
		expect((await post(url, { task_id: taskId, status: '3' })).status).toBe(200);
	}
	await pause(SETTLED_MS);
	const told = [first, second];
	expect(idsOf(await emitted(n8n, id))).toEqual(told);
	return { id, url, told, repeatedReads: api.reads.length - reads };
}

/** As of a container whose disk goes with it, while its database is elsewhere. */
export async function loseEventLog({ userFolder }: { userFolder: string }): Promise<void> {
	const folder = path.join(userFolder, '.n8n');
	const logs = (await readdir(folder)).filter((name) => name.startsWith('n8nEventLog'));
	expect(logs).not.toEqual([]);
	for (const name of logs) await rm(path.join(folder, name));
}
