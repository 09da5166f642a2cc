import { isQueueMode, outputOf } from '../support/n8n';
import { chain, noOp, ownPlace, place, topic, until } from './support/place';
import { expectRepetitionsToStartNothing } from './support/restarts';
import {
	callbackTrigger,
	create,
	digest,
	emitted,
	executionsOf,
	expectOpens,
	idsOf,
	post,
	receiver,
	toldBefore,
} from './support/triggers';

/** The callback trigger in a real n8n. */

const after = noOp('After');

topic('The callback trigger', (test) => {
	test(
		'starts a workflow once for a callback that comes three times, with a file that can be read then and later',
		place(async (here) => {
			const { api, n8n } = here;
			api.settings.callbacks.times = 3;
			const { id, url } = await receiver(here, {}, digest);
			const taskId = await create(api, 'x', { callbackUrl: url });
			const areOver = () => api.callbacks.filter(({ status }) => status === 200).length === 3;
			await until(areOver, 'all callbacks are delivered');
			const items = await toldBefore(here, { id, url }, 1);
			expect(idsOf(items)).toEqual([taskId]);
			await expectOpens(n8n, items[0], api.assetBytes('video'));
			const [execution] = await executionsOf(n8n, id);
			expect(execution && outputOf(execution, 'Digest')[0]?.json.digest).toBe(api.videoDigest());
			await n8n.deactivate(id);
		}),
	);

	test(
		'starts exactly one workflow for each of 50 doubled callbacks, and none for 50 forged ones',
		place(async (here) => {
			const { api, n8n } = here;
			api.settings.callbacks.times = 2;
			const { id, url } = await receiver(here, { download: false });
			const answers = new Set<string>();
			const real: string[] = [];
			// A few at a time: every call of a webhook keeps n8n busy for a while.
			for (let round = 0; round < 10; round += 1) {
				for (let number = 0; number < 5; number += 1) {
					real.push(await create(api, 'x', { callbackUrl: url }));
					const body = { task_id: `forged-${round}-${number}`, status: '3', video_url: 'https://a.example/b.mp4' };
					const answer = await post(url, body);
					answers.add(`${answer.status} ${answer.body}`);
				}
				const isAnswered = () => api.callbacks.filter(({ status }) => status === 200).length === real.length * 2;
				await until(isAnswered, 'all callbacks are delivered');
			}
			expect(answers).toEqual(new Set(['200 {"status":"received"}']));
			const items = await toldBefore(here, { id, url }, 50);
			expect(idsOf(items).sort()).toEqual([...real].sort());
			expect(await n8n.executionIds(id)).toHaveLength(51);
			await n8n.deactivate(id);
		}),
	);

	test(
		'takes whatever comes without starting anything',
		place(async (here) => {
			const { api, n8n } = here;
			const { id, url } = await receiver(here);
			const bodies: Array<[body: unknown, contentType?: string]> = [
				['', 'application/json'],
				['null', 'application/json'],
				['[]', 'application/json'],
				['hello', 'text/plain'],
				['task_id=x&status=3', 'application/x-www-form-urlencoded'],
				['<task_id>x</task_id>', 'application/xml'],
				['{"__proto__":{"task_id":"x"},"constructor":1}', 'application/json'],
			];
			for (const [body, contentType] of bodies) expect((await post(url, body, contentType)).status).toBe(200);
			// n8n itself refuses what is no JSON at all.
			expect((await post(url, '{"task_id":')).status).toBeGreaterThanOrEqual(400);
			const large = await post(url, { task_id: 'x', status: '3', prompt: 'y'.repeat(300_000) });
			expect(large).toEqual({ status: 413, body: '{"status":"too large"}' });
			await until(() => api.reads.some(({ taskId }) => taskId === 'x'), 'the task is asked for');
			// The only one that names a task was asked for, and is not known.
			expect(new Set(api.reads.map(({ taskId }) => taskId))).toEqual(new Set(['x']));
			expect(await toldBefore(here, { id, url }, 0)).toEqual([]);
			expect(await n8n.executionIds(id)).toHaveLength(1);
			await n8n.deactivate(id);
		}),
	);

	test(
		'with a secret in its URL starts for calls that have it, and drops all others without asking CometAPI',
		place(async (here) => {
			const { api, n8n, save } = here;
			const secret = 'k7_Rw-2mQz9xLp4T';
			const trigger = callbackTrigger({ download: false, options: { secret } });
			const id = await save(chain(trigger, after));
			await n8n.activate(id);
			const url = n8n.webhookUrl(`${trigger.webhookId}/runway/${secret}`);
			await until(async () => (await post(url, {})).status === 200, 'the webhook is registered');
			const taskId = await create(api, 'x');
			await until(() => (api.tasks.get(taskId)?.readyAt ?? Infinity) < Date.now());
			const body = { task_id: taskId, status: '3' };
			const others = ['', `/${secret}x`, `/${secret.toLowerCase()}`, '/', `/${secret}/more`, `?secret=${secret}`];
			for (const other of others) {
				expect((await post(n8n.webhookUrl(`${trigger.webhookId}/runway${other}`), body)).status).toBe(404);
			}
			expect(api.reads).toEqual([]);
			expect((await post(url, body)).status).toBe(200);
			const items = await toldBefore(here, { id, url }, 1);
			expect(idsOf(items)).toEqual([taskId]);
			expect(JSON.stringify(items)).not.toContain(secret);
			await n8n.deactivate(id);
		}),
	);

	test(
		'is heard at its test URL while the editor listens',
		place(async ({ api, n8n, save }) => {
			const trigger = callbackTrigger({ download: false });
			const id = await save(chain(trigger, after));
			const url = `${n8n.url}/webhook-test/${trigger.webhookId}/runway`;
			const taskId = await create(api, 'x');
			await until(() => (api.tasks.get(taskId)?.readyAt ?? Infinity) < Date.now());
			await n8n.listen(id, { startNode: 'Trigger' });
			const ignored = await post(url, { task_id: 'forged', status: '3' });
			expect(ignored).toEqual({
				status: 200,
				body: expect.stringContaining('CometAPI does not know the task.') as string,
			});
			const heard = await post(url, { task_id: taskId, status: '3' });
			expect(heard).toEqual({ status: 200, body: '{"status":"started"}' });
			await until(async () => (await n8n.executionIds(id)).length > 0, 'the test has run');
			expect(idsOf(await emitted(n8n, id))).toEqual([taskId]);
		}),
	);
});

topic('A callback trigger of an n8n', (test) => {
	// In queue mode: test/queue/killed.test.ts.
	const testOfRestarts = isQueueMode() ? test.skip : test;
	testOfRestarts(
		'that is killed and comes back starts nothing for a replayed callback',
		ownPlace(async (here, own) => {
			const { api, n8n } = here;
			const { id, url, repeatedReads } = await expectRepetitionsToStartNothing(here, own);
			// It was known from the workflow's static data.
			expect(repeatedReads).toBe(0);

			// A key that is refused for a moment loses nothing.
			const before = idsOf(await emitted(n8n, id));
			const reads = api.reads.length;
			const revoked = api.fault({ on: 'read', kind: 'status', status: 401, times: Infinity });
			const third = await create(api, 'x', { callbackUrl: url });
			await until(() => api.reads.length > reads, 'the task is read back');
			revoked.clear();
			const after = idsOf(await toldBefore(here, { id, url }, before.length + 1));
			expect(after).toEqual([...before, third]);
		}),
	);
});
