import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

import { chain, noOp, type Place, until } from './place';
import { create, emits, emittedBefore, idsOf, pollTrigger, post, publish, receiver, toldBefore } from './triggers';

/** What holds where n8n, or a process of it, is killed: in regular mode and in queue mode. */

/** A process of n8n. */
interface Mortal {
	kill(): Promise<void>;
	restart(): Promise<unknown>;
}

/** Publishes a workflow that watches four tasks, the first of which has ended and has been told. */
async function watching({ api, n8n, save }: Place): Promise<{ ids: string[]; id: string }> {
	const ids = [await create(api, 'x')];
	for (let number = 0; number < 3; number += 1) ids.push(await create(api, '[stuck]'));
	const id = await save(chain(pollTrigger({ watch: 'ids', taskIds: ids.join(' '), download: false }), noOp('After')));
	await publish(n8n, id);
	await emits(n8n, id, 1);
	return { ids, id };
}

/** A kill in the middle of a poll, and a restart after it, leave each task told once. */
export async function expectTasksToldOnceOverKills(here: Place, process: Mortal): Promise<void> {
	const { api, n8n } = here;
	const { ids, id } = await watching(here);
	api.settings.latencyMs = 10_000;
	const reads = api.reads.length;
	api.finish(ids[1] ?? '');
	await until(() => api.reads.length > reads, 'a poll is under way');
	await process.kill();
	api.settings.latencyMs = 0;
	await process.restart();
	expect(idsOf(await emittedBefore(here, id, 2, ids[2] ?? ''))).toEqual([ids[0], ids[1]]);

	await process.restart();
	expect(idsOf(await emittedBefore(here, id, 3, ids[3] ?? ''))).toEqual(ids.slice(0, 3));
	await n8n.deactivate(id);
}

/** Where n8n keeps durable cursors, they are used, and a kill leaves each task told once. */
export async function expectCursorsToLast(here: Place, process: Mortal): Promise<void> {
	const { api, n8n } = here;
	const { ids, id } = await watching(here);
	api.finish(ids[1] ?? '');
	await emits(n8n, id, 2);
	// The cursor is in a table of its own.
	expect((await n8n.workflow(id)) as unknown as { staticData: unknown }).toMatchObject({ staticData: null });
	await process.kill();
	await process.restart();
	api.finish(ids[2] ?? '');
	expect(idsOf(await emittedBefore(here, id, 3, ids[3] ?? ''))).toEqual(ids.slice(0, 3));
	await n8n.deactivate(id);
}

/** What became of two callbacks. */
interface CalledBack {
	id: string;
	url: string;
	/** How often the tasks were read back for the repetitions. */
	repeatedReads: number;
}

/** A kill between two callbacks and their repetitions leaves each task told once. */
export async function expectRepetitionsToStartNothing(here: Place, process: Mortal): Promise<CalledBack> {
	const { api, n8n } = here;
	const { id, url } = await receiver(here, { download: false });
	const told: string[] = [];
	for (const count of [1, 2]) {
		told.push(await create(api, 'x', { callbackUrl: url }));
		await emits(n8n, id, count);
	}
	await process.kill();
	await process.restart();
	await until(async () => (await post(url, {})).status === 200, 'the webhook is registered');
	const reads = api.reads.length;
	for (const taskId of [...told, ...told.slice(0, 1)]) {
		expect((await post(url, { task_id: taskId, status: '3' })).status).toBe(200);
	}
	expect(idsOf(await toldBefore(here, { id, url }, 2))).toEqual(told);
	const repeated = api.reads.slice(reads).filter(({ taskId = '' }) => told.includes(taskId));
	return { id, url, repeatedReads: repeated.length };
}

/** As of a container whose disk goes with it, while its database is elsewhere. */
export async function loseEventLog({ userFolder }: { userFolder: string }): Promise<void> {
	const folder = path.join(userFolder, '.n8n');
	const logs = (await readdir(folder)).filter((name) => name.startsWith('n8nEventLog'));
	expect(logs).not.toEqual([]);
	for (const name of logs) await rm(path.join(folder, name));
}
