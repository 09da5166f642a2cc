import type { INodeParameters } from 'n8n-workflow';

import { binaryOf, errorOf, isQueueMode, type N8n, outputOf } from '../support/n8n';
import { n8nIsAtLeast } from './support/host';
import {
	asleep,
	chain,
	imageToVideo,
	manual,
	noOp,
	ownPlace,
	type Place,
	place,
	prompts,
	textOf,
	textToVideo,
	topic,
	until,
	webhook,
} from './support/place';
import { type GatedRegister, polled, REGISTER_SINCE, switchOnBehindGate, untilRows } from './support/register';
import { emitted, emittedAtLast, expectOpens, idsOf, pollTrigger, publish } from './support/triggers';

/** Runway Trigger in a real n8n, finding the tasks of other workflows in the register. */

const after = noOp('After');
const watcher = (parameters: INodeParameters = {}) => pollTrigger({ watch: 'register', ...parameters });
const rescuer = () => watcher({ which: 'undelivered' });
const atOnce = (parameters: INodeParameters = {}) => imageToVideo({ completion: 'return', ...parameters });

/** A place whose credential has the register switched on. */
const registered = (act: (here: Place, register: GatedRegister) => Promise<void>) => async (here: Place) => {
	const register = await switchOnBehindGate(here);
	await act(here, register).finally(register.gate.close);
};
const withRegister = (act: (here: Place, register: GatedRegister) => Promise<void>) => place(registered(act));

/** Publishes a workflow that begins with this trigger, waits for the first poll, and returns the workflow's id. */
async function watch({ n8n, save }: Place, register: GatedRegister, trigger = watcher()): Promise<string> {
	const id = await save(chain(trigger, after));
	const earlier = register.gate.requests.length;
	await publish(n8n, id);
	await polled(register, earlier);
	return id;
}

const taskIds = ({ api }: Place) => [...api.tasks.keys()];
const finishAll = (here: Place) => taskIds(here).forEach((id) => here.api.finish(id));
const idOf = ({ api }: Place, prompt: string) =>
	[...api.tasks.values()].find((task) => task.prompt.startsWith(prompt))?.id;

/** Starts a workflow by hand that waits for its tasks. */
async function waiting(here: Place, ...list: string[]): Promise<string> {
	const id = await here.n8n.run(await here.save(chain(manual, ...prompts(...list), imageToVideo())));
	await until(() => list.every((prompt) => idOf(here, prompt) !== undefined), 'the tasks are created');
	return id;
}

topic('A trigger that watches the register', (define) => {
	const test = n8nIsAtLeast(REGISTER_SINCE) ? define : define.skip;

	test(
		'starts a workflow once for each task that another workflow has created At Once, with its file',
		withRegister(async (here, register) => {
			const { api, n8n } = here;
			const id = await watch(here, register);
			await here.run(chain(manual, ...prompts('a', 'b [stuck]', 'c [fail SAFETY]'), atOnce()));
			await until(async () => (await emitted(n8n, id)).length >= 2, 'two items have come');
			await n8n.deactivate(id);
			api.finish(idOf(here, 'b') ?? '');
			await publish(n8n, id);
			const items = await emittedAtLast(n8n, id, 3);
			expect(idsOf(items).sort()).toEqual(taskIds(here).sort());
			const byId = (prompt: string) => items.find(({ json }) => json.taskId === idOf(here, prompt));
			expect(byId('c')?.json).toMatchObject({ status: 'failed', failure: { code: 'SAFETY' } });
			for (const prompt of ['a', 'b']) await expectOpens(n8n, byId(prompt), api.assetBytes('video'));
			const rows = await untilRows(
				register,
				(all) => all.every(({ endedTime }) => endedTime !== null),
				'all have ended',
			);
			expect(rows.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'failed']);
			await n8n.deactivate(id);
		}),
	);

	test(
		'tells of what a stopped and a failed execution have left, marks it delivered, and leaves a running one alone',
		withRegister(async (here, register) => {
			const { api, n8n } = here;
			const stopped = await waiting(here, 'stopped [stuck]');
			const running = await waiting(here, 'running [stuck]');
			await here.run(chain(manual, ...prompts('failed [stuck]'), imageToVideo({ options: { timeout: 2 } })));
			await n8n.stopExecution(stopped);
			const id = await watch(here, register, rescuer());
			api.finish(idOf(here, 'stopped') ?? '');
			api.finish(idOf(here, 'failed') ?? '');
			const wanted = ['stopped', 'failed'].map((prompt) => idOf(here, prompt));
			expect(idsOf(await emittedAtLast(n8n, id, 2)).sort()).toEqual(wanted.sort());
			api.finish(idOf(here, 'running') ?? '');
			expect((await n8n.waitForExecution(running)).status).toBe('success');
			await untilRows(register, (rows) => rows.every(({ delivered }) => delivered), 'all is delivered');
			expect(await emittedAtLast(n8n, id, 2)).toHaveLength(2);
			await n8n.deactivate(id);
		}),
	);

	test(
		'wakes up an execution that sleeps until an official operation has ended, and does not tell of it as undelivered',
		withRegister(async (here, register) => {
			const { api, n8n } = here;
			const id = await watch(here, register, rescuer());
			const node = imageToVideo({ completion: 'suspend' });
			const executionId = await n8n.run(await here.save(chain(manual, ...prompts('a [stuck]', 'b [stuck]'), node)));
			await asleep(here, executionId);
			const rows = await untilRows(register, (all) => all.every(({ resumeUrl }) => resumeUrl !== null), 'it sleeps');
			expect(rows.map(({ executionId: row }) => row)).toEqual([executionId, executionId]);
			finishAll(here);
			const execution = await n8n.waitForExecution(executionId);
			expect(textOf(errorOf(execution))).toBe('');
			const results = outputOf(execution, 'Runway');
			expect(results.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
			for (const item of results)
				expect((await n8n.download(binaryOf(item))).equals(api.assetBytes('video'))).toBe(true);
			await untilRows(
				register,
				(all) => all.every(({ delivered, resumeUrl }) => delivered && resumeUrl === null),
				'the rows say so',
			);
			expect(await emittedAtLast(n8n, id, 0)).toEqual([]);
			await n8n.deactivate(id);
		}),
	);

	test(
		'starts a workflow only for tasks of the workflow and the operation that its filters name',
		withRegister(async (here, register) => {
			const { n8n, save } = here;
			const wanted = await save(chain(manual, ...prompts('wanted'), atOnce()));
			const id = await watch(
				here,
				register,
				watcher({ filters: { workflows: [wanted], operations: ['imageToVideo'] } }),
			);
			const wrong = await watch(here, register, watcher({ filters: { workflows: [wanted], operations: ['upscale'] } }));
			await here.run(chain(manual, ...prompts('unwanted'), atOnce()));
			await n8n.waitForExecution(await n8n.run(wanted));
			expect(idsOf(await emittedAtLast(n8n, id, 1))).toEqual([idOf(here, 'wanted')]);
			expect(await emitted(n8n, wrong)).toEqual([]);
			for (const one of [id, wrong]) await n8n.deactivate(one);
		}),
	);

	test(
		'shows the newest task in the editor',
		withRegister(async (here, register) => {
			const { n8n } = here;
			for (const prompt of ['a', 'b']) await here.run(chain(manual, ...prompts(prompt), atOnce()));
			// A busy n8n writes a row later.
			await untilRows(register, (rows) => rows.filter(({ taskId }) => taskId).length === 2, 'both have rows');
			const shown = await n8n.runToEnd(await here.save(chain(watcher(), after)), {
				startNode: 'Trigger',
				destinationNode: 'Trigger',
			});
			expect(idsOf(outputOf(shown, 'Trigger'))).toEqual([idOf(here, 'b')]);
		}),
	);
});

topic('A trigger of an n8n that is killed', (define) => {
	// In queue mode: test/queue/register.test.ts.
	const test = n8nIsAtLeast(REGISTER_SINCE) && !isQueueMode() ? define : define.skip;

	test(
		'tells what the killed execution has left, each task once, over this and further restarts',
		ownPlace(async (here, own) => {
			await registered(async (_, register) => await expectRescueOverKills(here, own, register))(here);
		}),
	);
});

async function expectRescueOverKills(here: Place, own: N8n, register: GatedRegister): Promise<void> {
	const { api, n8n } = here;
	// Whoever tells of a task first delivers it, so each trigger has tasks that only it may tell of.
	const images = await watch(here, register, watcher({ filters: { operations: ['imageToVideo'] } }));
	const texts = await watch(
		here,
		register,
		watcher({ which: 'undelivered', filters: { operations: ['generateFromText'] } }),
	);
	await here.run(chain(manual, ...prompts('told', 'later [stuck]'), atOnce()));
	await here.call(chain(webhook(), ...prompts('left [stuck]'), textToVideo()));
	const asleepId = await here.call(
		chain(webhook(), ...prompts('asleep [stuck]'), imageToVideo({ completion: 'suspend' })),
	);
	await asleep(here, asleepId);
	await until(async () => (await emitted(n8n, images)).length === 1, 'the first item has come', 120_000);
	await own.kill();
	finishAll(here);
	await own.restart();

	const left = idOf(here, 'left') ?? '';
	const rest = taskIds(here).filter((id) => id !== left);
	expect(idsOf(await emittedAtLast(n8n, images, rest.length)).sort()).toEqual(rest.sort());
	expect(idsOf(await emittedAtLast(n8n, texts, 1))).toEqual([left]);
	expect((await n8n.waitForExecution(asleepId)).status).toBe('success');
	await untilRows(register, (rows) => rows.every(({ delivered }) => delivered), 'all is delivered');
	await own.restart();
	expect(idsOf(await emittedAtLast(n8n, images, rest.length)).sort()).toEqual(rest.sort());
	expect(idsOf(await emitted(n8n, texts))).toEqual([left]);
	expect(api.creates).toHaveLength(rest.length + 1);
}
