import type { INodeExecutionData } from 'n8n-workflow';

import { N8N_API_KEY } from '../support/n8nApi';
import type { Cells } from '../support/n8nApi/table';
import { pollingTrigger, type PollingTrigger, workflowOptions } from '../support/triggers';
import { bench, closeBench, textOf, topic, until } from './bench';
import { ago, ended, MINUTE_MS, newRow, registered } from './registered';
import { collect, expectSilence, fails, idsOf, STUCK, wait } from './watching';

/** The polling trigger that finds its tasks in the register of this n8n. */

afterAll(closeBench);

topic('A trigger that watches the tasks of this n8n', (test) => {
	test(
		'begins from now on, and emits each task once, also after a restart and with overlapping polls',
		registered(async (place) => {
			const { keepTask, watcher } = place;
			const old = await keepTask({ status: 'succeeded', delivered: true, endedTime: ago(90), createdTime: ago(100) });
			const trigger = watcher();
			await expectSilence(trigger);
			const ids = [await keepTask(), await keepTask({}, { prompt: '[fail INTERNAL]' })];
			for (const id of ids) await ended(place, id);
			const items = (await Promise.all([trigger.poll(), trigger.poll()])).flat();
			expect(items.map(({ json }) => [json.taskId, json.status])).toEqual([
				[ids[0], 'succeeded'],
				[ids[1], 'failed'],
			]);
			await expectSilence(trigger);
			trigger.restart();
			await expectSilence(trigger);
			expect(place.api.reads.some(({ taskId }) => taskId === old)).toBe(false);
		}),
	);

	test(
		'emits a task to each of several triggers once',
		registered(async (place) => {
			const triggers = [place.watcher(), place.watcher()];
			for (const trigger of triggers) await trigger.poll();
			const id = await place.keepTask();
			await ended(place, id);
			for (const trigger of triggers) expect(idsOf(await trigger.poll())).toEqual([id]);
			await expectSilence(...triggers);
		}),
	);

	test(
		'emits a task whose own execution has seen its end',
		registered(async (place) => {
			const trigger = place.watcher();
			await trigger.poll();
			const id = await place.keepTask({ status: 'succeeded', delivered: true, endedTime: new Date().toISOString() });
			Object.assign(place.rowOf(id) ?? {}, { updatedAt: new Date().toISOString() });
			await ended(place, id);
			expect(idsOf(await trigger.poll())).toEqual([id]);
			await expectSilence(trigger);
		}),
	);

	test(
		'writes into the row how a task has ended, so that nobody else needs to ask',
		registered(async (place) => {
			const trigger = place.watcher();
			await trigger.poll();
			const good = await place.keepTask();
			const bad = await place.keepTask({}, { prompt: '[fail INTERNAL]' });
			for (const id of [good, bad]) await ended(place, id);
			await collect(trigger, 2);
			expect(place.rowOf(good)).toMatchObject({ status: 'succeeded', failure: null });
			expect(place.rowOf(good)?.endedTime).not.toBeNull();
			expect(place.rowOf(bad)).toMatchObject({ status: 'failed' });
			expect(place.rowOf(bad)?.failure).toBeTruthy();
		}),
	);

	test(
		'says in its items where a task comes from',
		registered(async (place) => {
			const trigger = place.watcher();
			await trigger.poll();
			const id = await place.keepTask({ workflowName: 'Clips', itemIndex: 3, prompt: 'A pier', model: 'gen4_turbo' });
			await ended(place, id);
			const [item] = await trigger.poll();
			const task = { taskId: id, status: 'succeeded', operation: 'imageToVideo', model: 'gen4_turbo' };
			expect(item?.json).toMatchObject(task);
			const said = JSON.stringify(item?.json);
			for (const fact of ['Clips', 'A pier', 'gen4_turbo']) expect(said).toContain(fact);
			expect(said).not.toContain('resumeUrl');
		}),
	);

	test(
		'emits only tasks of the chosen operations and workflows, named by ID or by name',
		registered(async (place) => {
			const foxes = { workflowId: 'wf1', workflowName: 'Foxes' };
			const triggers = {
				byName: place.watcher({ filters: { workflows: ['foxes'] } }),
				byText: place.watcher({ filters: { workflows: 'bears, foxes' } }),
				byId: place.watcher({ filters: { workflows: ['wf1', 'wf7'] } }),
				byOperation: place.watcher({ filters: { operations: ['upscale'] } }),
				byBoth: place.watcher({ filters: { workflows: ['wf1'], operations: ['upscale'] } }),
			};
			for (const trigger of Object.values(triggers)) await trigger.poll();
			const one = await place.keepTask({ ...foxes, operation: 'imageToVideo' });
			const two = await place.keepTask({ ...foxes, operation: 'upscale' });
			const three = await place.keepTask({ workflowId: 'wf2', workflowName: 'Owls', operation: 'upscale' });
			for (const id of [one, two, three]) await ended(place, id);
			expect(idsOf(await triggers.byName.poll())).toEqual([one, two]);
			expect(idsOf(await triggers.byText.poll())).toEqual([one, two]);
			expect(idsOf(await triggers.byId.poll())).toEqual([one, two]);
			expect(idsOf(await triggers.byOperation.poll())).toEqual([two, three]);
			expect(idsOf(await triggers.byBoth.poll())).toEqual([two]);
		}),
	);

	test(
		'neither reads nor emits tasks of another credential, nor requests that have no task',
		registered(async (place) => {
			const triggers = [place.watcher(), place.rescuer()];
			for (const trigger of triggers) await trigger.poll();
			const foreign = await place.keepTask({ credentialId: 'another' });
			await ended(place, foreign);
			for (const status of ['sending', 'unknown', 'notCreated'] as const) await place.keep(newRow({ status }));
			await expectSilence(...triggers);
			expect(place.api.reads).toEqual([]);
		}),
	);

	test(
		'loses nothing if more has changed than a poll looks at',
		registered(async (place) => {
			const trigger = place.watcher({ filters: { workflows: 'Foxes' } });
			await trigger.poll();
			const others = { status: 'succeeded', delivered: true, endedTime: ago(0), workflowName: 'Others' } as const;
			const end = { status: 'succeeded', delivered: true, endedTime: new Date().toISOString() } as const;
			const id = await place.keepTask({ ...end, workflowName: 'Foxes' });
			const [table] = [...place.n8n.tables.values()];
			const cells = Array.from({ length: 6_000 }, (_, at) => newRow({ ...others, taskId: `other-${at}` }));
			table?.insert(cells as unknown as Cells[]);
			// All have changed while no poll could be made, the wanted one first.
			place.n8n.rows.forEach((row, at) => (row.updatedAt = new Date(Date.now() + at).toISOString()));
			await ended(place, id);
			const items: INodeExecutionData[] = [];
			const requests: number[] = [];
			for (let polls = 0; polls < 5 && items.length === 0; polls += 1) {
				const before = place.n8n.requests.length;
				items.push(...(await trigger.poll()));
				requests.push(place.n8n.requests.length - before);
			}
			expect(idsOf(items)).toEqual([id]);
			expect(Math.max(...requests)).toBeLessThan(30);
			await expectSilence(trigger);
		}),
	);

	test(
		'does not emit a task anew whose row changes days after its end, as when somebody retries its execution',
		registered(async (place) => {
			const since = { begunAt: Date.now() - 90 * 24 * 60 * MINUTE_MS, since: ago(1), emitted: [] };
			const trigger = place.watcher({}, { source: since });
			const days = 3 * 24 * 60;
			const end = { status: 'succeeded', endedTime: ago(days), createdTime: ago(days) } as const;
			const id = await place.keepTask({ ...end, delivered: true });
			const undelivered = await place.keepTask(end);
			Object.assign(place.rowOf(id) ?? {}, { updatedAt: new Date().toISOString() });
			for (const one of [id, undelivered]) await ended(place, one);
			await expectSilence(trigger);
		}),
	);

	test(
		'emits a task that has ended in the second in which it began to watch',
		registered(async (place) => {
			const secondOfNow = () => new Date(Math.floor(Date.now() / 1_000) * 1_000).toISOString();
			let trigger: PollingTrigger;
			let second: string;
			do {
				await until(() => Date.now() % 1_000 > 200);
				second = secondOfNow();
				trigger = place.watcher();
				await trigger.poll();
			} while (second !== secondOfNow());
			const id = await place.keepTask({ status: 'succeeded', delivered: true, endedTime: second });
			Object.assign(place.rowOf(id) ?? {}, { updatedAt: new Date().toISOString() });
			await ended(place, id);
			expect(idsOf(await trigger.poll())).toEqual([id]);
		}),
	);

	test(
		'asks little of n8n and nothing of CometAPI for 10,000 tasks that have ended',
		registered(async (place) => {
			const trigger = place.watcher();
			const rescuer = place.rescuer();
			const ids = Array.from({ length: 10_000 }, (_, at) => at);
			const history = { status: 'succeeded', delivered: true, endedTime: ago(600), createdTime: ago(700) } as const;
			await place.keep(newRow({ ...history, taskId: 'first' }));
			const [table] = [...place.n8n.tables.values()];
			table?.insert(ids.map((at) => ({ ...newRow({ ...history, taskId: `old-${at}` }) }) as unknown as Cells));
			for (const row of place.n8n.rows) row.updatedAt = ago(300);
			for (const one of [trigger, rescuer]) {
				await one.poll();
				const before = place.n8n.requests.length;
				expect(await one.poll()).toEqual([]);
				expect(place.n8n.requests.length - before).toBeLessThan(50);
			}
			expect(place.api.reads).toEqual([]);
			const id = await place.keepTask();
			await ended(place, id);
			expect(idsOf(await trigger.poll())).toEqual([id]);
		}),
	);
});

topic('A trigger that watches what nobody has received', (test) => {
	test(
		'begins with what is left, emits it once, and marks it delivered only in the next poll',
		registered(async (place) => {
			const id = await place.keepTask();
			await ended(place, id);
			const trigger = place.rescuer();
			expect(idsOf(await trigger.poll())).toEqual([id]);
			expect(place.rowOf(id)).toMatchObject({ delivered: false });
			await trigger.poll();
			expect(place.rowOf(id)).toMatchObject({ delivered: true, status: 'succeeded' });
			await expectSilence(trigger, place.rescuer());
		}),
	);

	test(
		'emits a task again whose emission n8n never saved, since it was killed',
		registered(async (place) => {
			const id = await place.keepTask();
			await ended(place, id);
			for (let times = 0; times < 2; times += 1) {
				expect(idsOf(await place.rescuer().poll())).toEqual([id]);
				Object.assign(place.rowOf(id) ?? {}, { updatedAt: ago(1) });
			}
		}),
	);

	test(
		'leaves the tasks of an execution alone that may yet deliver them, until it has ended without',
		registered(async (place) => {
			const trigger = place.rescuer();
			const id = await place.keepTask({ executionId: '77001' });
			await ended(place, id);
			for (const status of ['new', 'running', 'waiting']) {
				place.n8n.executions.set('77001', { status });
				await expectSilence(trigger);
			}
			place.n8n.executions.set('77001', { status: 'crashed' });
			expect(idsOf(await trigger.poll())).toEqual([id]);
		}),
	);

	test(
		'does not take an execution for ended because one with the same ID has ended in another n8n',
		registered(async (place) => {
			place.n8n.executions.set('77002', { status: 'crashed' });
			const here = await place.keepTask({ executionId: '77002' });
			await ended(place, here);
			expect(idsOf(await place.rescuer().poll())).toEqual([here]);
			await registered(async (other) => {
				other.n8n.executions.set('77002', { status: 'running' });
				const there = await other.keepTask({ executionId: '77002' });
				await ended(other, there);
				await expectSilence(other.rescuer());
			})();
		}),
	);

	test(
		'asks about the execution of many tasks once in a poll',
		registered(async (place) => {
			place.n8n.executions.set('77003', { status: 'running' });
			for (let times = 0; times < 12; times += 1) await place.keepTask({ executionId: '77003' }, STUCK);
			const trigger = place.rescuer();
			await trigger.poll();
			expect(place.n8n.requests.filter(({ path }) => path.endsWith('/executions/77003'))).toHaveLength(1);
		}),
	);

	test(
		'tells of a task that CometAPI does not know once, and writes into its row that it has failed',
		registered(async (place) => {
			const taskId = '00000000-0000-4000-8000-000000000000';
			await place.keep(newRow({ taskId, status: 'created' }));
			const row = { kind: 'absence', answers: 1_000, since: Date.now() - 48 * 60 * MINUTE_MS };
			const saved = { watchlist: { watched: [{ id: taskId, seenAt: 1, row }] } };
			const trigger = place.rescuer({}, saved);
			const [item] = await trigger.poll();
			expect(item?.json).toMatchObject({ taskId, failure: { code: 'task_not_exist' } });
			await expectSilence(trigger);
			expect(place.rowOf(taskId)).toMatchObject({ status: 'failed', delivered: true });
			expect(place.rowOf(taskId)?.failure).toMatch(/CometAPI does not know this task/);
			expect(place.rowOf(taskId)?.endedTime).not.toBeNull();
		}),
	);

	test(
		'emits the end of a task whose progress it has emitted, and does not take that progress for the result',
		registered(async (place) => {
			const id = await place.keepTask({}, STUCK);
			const trigger = place.rescuer({ events: ['progressed', 'succeeded'] });
			expect(idsOf(await collect(trigger, 1))).toEqual([id]);
			await trigger.poll();
			expect(place.rowOf(id)).toMatchObject({ delivered: false });
			place.api.finish(id);
			Object.assign(place.rowOf(id) ?? {}, { updatedAt: ago(5) });
			const items = await trigger.poll();
			expect(items.map(({ json }) => [json.taskId, json.status])).toEqual([[id, 'succeeded']]);
			await trigger.poll();
			expect(place.rowOf(id)).toMatchObject({ delivered: true });
		}),
	);

	test(
		'finds what an execution has left behind more running executions than a poll asks about',
		registered(async (place) => {
			const end = { status: 'succeeded', endedTime: ago(5) } as const;
			for (let at = 0; at < 250; at += 1) place.n8n.executions.set(String(80_000 + at), { status: 'running' });
			await place.keep(
				...Array.from({ length: 125 }, (_, at) =>
					newRow({ ...end, taskId: `a-${at}`, executionId: String(80_000 + at) }),
				),
			);
			place.n8n.executions.set('81000', { status: 'crashed' });
			const id = await place.keepTask({ ...end, executionId: '81000' });
			await place.keep(
				...Array.from({ length: 125 }, (_, at) =>
					newRow({ ...end, taskId: `b-${at}`, executionId: String(80_125 + at) }),
				),
			);
			await ended(place, id);
			const trigger = place.rescuer();
			const items: INodeExecutionData[] = [];
			for (let polls = 0; polls < 10 && items.length === 0; polls += 1) items.push(...(await trigger.poll()));
			expect(idsOf(items)).toEqual([id]);
		}),
	);

	test(
		'neither emits what was delivered nor what has not ended',
		registered(async (place) => {
			const delivered = await place.keepTask({ delivered: true });
			const pending = await place.keepTask({}, STUCK);
			await ended(place, delivered);
			const trigger = place.rescuer();
			await expectSilence(trigger);
			place.api.finish(pending);
			expect(idsOf(await trigger.poll())).toEqual([pending]);
		}),
	);

	test(
		'finds tasks among more unwanted rows than a poll looks at, wherever they stand',
		registered(async (place) => {
			await place.keep(newRow({ status: 'succeeded', taskId: 'first', workflowId: 'wf9', workflowName: 'Others' }));
			const [table] = [...place.n8n.tables.values()];
			const others = Array.from({ length: 1_500 }, (_, at) =>
				newRow({ status: 'succeeded', taskId: `other-${at}`, workflowId: 'wf9', workflowName: 'Others' }),
			);
			table?.insert(others as unknown as Cells[]);
			place.n8n.executions.set('77004', { status: 'crashed' });
			const end = { status: 'succeeded', endedTime: ago(5) } as const;
			const id = await place.keepTask({ ...end, executionId: '77004', workflowId: 'wf1', workflowName: 'Foxes' });
			table?.insert(others.map((row) => ({ ...row, requestId: `${row.requestId} more` })) as unknown as Cells[]);
			for (const row of place.n8n.rows) row.updatedAt = ago(300);
			await ended(place, id);
			const trigger = place.rescuer({ filters: { workflows: 'Foxes' } });
			const items: INodeExecutionData[] = [];
			for (let polls = 0; polls < 20 && items.length === 0; polls += 1) items.push(...(await trigger.poll()));
			expect(idsOf(items)).toEqual([id]);
		}),
	);
});

topic('A trigger whose register does not answer', (test) => {
	test(
		'is silent for a while, and has lost nothing when it answers again',
		registered(async (place) => {
			const trigger = place.watcher();
			await trigger.poll();
			const id = await place.keepTask();
			await ended(place, id);
			place.n8n.fault({ on: /rows/, times: 5, fault: { kind: 'status', status: 500 } });
			expect(await trigger.poll()).toEqual([]);
			await wait(1_200);
			expect(idsOf(await collect(trigger, 1))).toEqual([id]);
			await expectSilence(trigger);
		}),
	);

	test(
		'is an error in the first poll, in which somebody is looking',
		registered(async (place) => {
			place.n8n.fault({ fault: { kind: 'status', status: 500 } });
			expect(textOf(await fails(place.watcher()))).toMatch(/register of tasks does not answer/);
		}),
	);

	test(
		'is an error in words if that lasts, without any secret',
		registered(async (place) => {
			const trigger = place.watcher();
			await trigger.poll();
			place.n8n.fault({ fault: { kind: 'dead', after: false } });
			let error: unknown = null;
			let polls = 0;
			for (; polls < 20 && error === null; polls += 1)
				await trigger.poll().catch((thrown: unknown) => (error = thrown));
			expect(polls).toBeGreaterThan(1);
			expect(textOf(error as never)).toMatch(/register of tasks/);
			expect(textOf(error as never)).not.toContain(N8N_API_KEY);
		}),
	);

	test(
		'says what to switch on if the credential has none',
		bench(async ({ credential }) => {
			const trigger = pollingTrigger({ credential, parameters: { watch: 'register', download: false } });
			expect(textOf(await fails(trigger))).toMatch(/register[^]*Open the credential[^]*Keep a Register of Tasks/);
			await expect(trigger.poll({ mode: 'manual' })).rejects.toThrow(/register/);
		}),
	);
});

topic('The list of workflows in the panel of a trigger', (test) => {
	const filters = (workflows: string[]) => ({ watch: 'register', filters: { workflows } });

	test(
		'has those that the register knows by their latest names, and what is chosen already',
		registered(async (place) => {
			const { credential } = place;
			await place.keep(
				newRow({ workflowId: 'wf1', workflowName: 'Foxes' }),
				newRow({ workflowId: 'wf1', workflowName: 'Red foxes' }),
				newRow({ workflowId: 'wf2', workflowName: 'Bears' }),
				newRow({ workflowId: 'wf3', workflowName: 'Of others', credentialId: 'another' }),
			);
			const options = await workflowOptions({ credential, parameters: filters(['wf2', 'Owls']) });
			expect(options.map(({ name, value }) => [name, value])).toEqual([
				['Bears', 'wf2'],
				['Owls', 'Owls'],
				['Red foxes', 'wf1'],
			]);
		}),
	);

	test(
		'keeps what is chosen if the register does not answer, and says why there is nothing else',
		registered(async (place) => {
			const { credential } = place;
			place.n8n.fault({ fault: { kind: 'status', status: 401 } });
			const options = await workflowOptions({ credential, parameters: filters(['wf2']) });
			expect(options).toEqual([{ name: 'wf2', value: 'wf2' }]);
			await expect(workflowOptions({ credential, parameters: filters([]) })).rejects.toThrow(/n8n API key/);
			const without = { credential: { ...credential, register: false }, parameters: filters([]) };
			await expect(workflowOptions(without)).rejects.toThrow(/Keep a Register of Tasks/);
		}),
	);
});

topic('A test in the editor of a trigger that watches the register', (test) => {
	test(
		'shows the newest task, also one that was delivered, and counts for nothing',
		registered(async (place) => {
			await place.keepTask();
			const newest = await place.keepTask({ delivered: true });
			const trigger = place.watcher();
			expect(idsOf(await trigger.poll({ mode: 'manual' }))).toEqual([newest]);
			expect(trigger.saved).toEqual({});
		}),
	);

	test(
		'passes over tasks that ended in a way that the trigger does not tell of, unless there is no other',
		registered(async (place) => {
			const trigger = place.watcher({ events: ['succeeded'] });
			const failed = await place.keepTask({ status: 'failed' });
			expect(idsOf(await trigger.poll({ mode: 'manual' }))).toEqual([failed]);
			const succeeded = await place.keepTask({ status: 'succeeded' });
			await place.keepTask({ status: 'failed' });
			expect(idsOf(await trigger.poll({ mode: 'manual' }))).toEqual([succeeded]);
		}),
	);

	test(
		'says what to do while there is no task',
		registered(async (place) => {
			await expect(place.watcher().poll({ mode: 'manual' })).rejects.toMatchObject({
				message: expect.stringMatching(/no .*task/) as unknown,
				description: expect.stringMatching(/Run a Runway node/) as unknown,
			});
		}),
	);
});
