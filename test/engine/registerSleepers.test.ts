import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { openRegister } from '../../nodes/shared/register/register';
import type { TaskRow } from '../../nodes/shared/register/row';
import { N8N_API_KEY, type N8nApiExecution } from '../support/n8nApi';
import { closeBench, logOfAll, topic } from './bench';
import { ago, ended, newRow, type Place, registered } from './registered';
import { expectSilence, idsOf, STUCK } from './watching';

/** The polling trigger that watches the register wakes executions that sleep, and sees how they end. */

afterAll(closeBench);

/** An address at which an execution sleeps. */
async function sleeper(statusCode: number, latencyMs = 0) {
	const calls: Array<{ body: unknown; headers: NodeJS.Dict<string | string[]> }> = [];
	const answer = JSON.stringify(statusCode === 200 ? { status: 'received' } : {});
	let open = 0;
	let most = 0;
	const server = createServer((request, response) => {
		most = Math.max(most, ++open);
		const parts: Buffer[] = [];
		request.on('data', (part: Buffer) => parts.push(part));
		request.on('end', () => {
			calls.push({ body: JSON.parse(Buffer.concat(parts).toString()) as unknown, headers: request.headers });
			setTimeout(() => {
				open -= 1;
				response.writeHead(statusCode, { 'content-type': 'application/json' }).end(answer);
			}, latencyMs);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	server.unref();
	const { port } = server.address() as AddressInfo;
	return {
		calls,
		/** The most calls that were open at a time. */
		most: () => most,
		url: `http://127.0.0.1:${port}/webhook-waiting/5/runway?signature=c0ffee`,
		close: () => server.close(),
	};
}

topic('A trigger that watches the register calls a sleeping execution', (test) => {
	test(
		'when its task has ended, at each poll until it is awake, whatever the filters are, and does not emit its task',
		registered(async (place) => {
			const asleep = await sleeper(200);
			place.n8n.executions.set('77005', { status: 'waiting' });
			const id = await place.keepTask({ executionId: '77005', resumeUrl: asleep.url }, STUCK);
			const trigger = place.rescuer({ filters: { workflows: 'another' } });
			await expectSilence(trigger, place.rescuer());
			expect(asleep.calls).toEqual([]);
			place.api.finish(id);
			await expectSilence(trigger);
			expect(asleep.calls).toHaveLength(2);
			for (const { body, headers } of asleep.calls) {
				expect(body).toEqual({ task_id: id, status: 'succeeded' });
				expect(JSON.stringify(headers)).not.toContain(place.credential.apiKey);
				expect(JSON.stringify(headers)).not.toContain(N8N_API_KEY);
			}
			Object.assign(place.rowOf(id) ?? {}, { resumeUrl: null, delivered: true });
			await expectSilence(trigger);
			expect(asleep.calls).toHaveLength(2);
			asleep.close();
		}),
	);

	test(
		'no more once n8n says that it is over, and then emits the task as one that nobody has received',
		registered(async (place) => {
			const asleep = await sleeper(404);
			place.n8n.executions.set('77006', { status: 'waiting' });
			const id = await place.keepTask({ executionId: '77006', resumeUrl: asleep.url });
			await ended(place, id);
			const trigger = place.rescuer();
			await trigger.poll();
			expect(asleep.calls).toHaveLength(1);
			expect(place.rowOf(id)?.resumeUrl).toBeNull();
			place.n8n.executions.set('77006', { status: 'canceled' });
			Object.assign(place.rowOf(id) ?? {}, { updatedAt: ago(5) });
			expect(idsOf(await trigger.poll())).toEqual([id]);
			expect(asleep.calls).toHaveLength(1);
			asleep.close();
		}),
	);

	test(
		'again if it was only about to fall asleep',
		registered(async (place) => {
			const awake = await sleeper(409);
			place.n8n.executions.set('77008', { status: 'running' });
			const id = await place.keepTask({ executionId: '77008', resumeUrl: awake.url });
			await ended(place, id);
			const trigger = place.rescuer();
			await expectSilence(trigger);
			expect(awake.calls).toHaveLength(2);
			expect(place.rowOf(id)?.resumeUrl).toBe(awake.url);
			place.n8n.executions.set('77008', { status: 'error' });
			Object.assign(place.rowOf(id) ?? {}, { updatedAt: ago(5) });
			expect(idsOf(await trigger.poll())).toEqual([id]);
			expect(place.rowOf(id)?.resumeUrl).toBeNull();
			awake.close();
		}),
	);

	test(
		'a few at a time, however many sleep',
		registered(async (place) => {
			const asleep = await sleeper(200, 150);
			place.n8n.executions.set('77009', { status: 'waiting' });
			const end = { status: 'succeeded', endedTime: ago(5), executionId: '77009', resumeUrl: asleep.url } as const;
			await place.keep(...Array.from({ length: 40 }, (_, at) => newRow({ ...end, taskId: `asleep-${at}` })));
			await place.rescuer().poll();
			expect(asleep.calls).toHaveLength(40);
			expect(asleep.most()).toBeLessThanOrEqual(5);
			asleep.close();
		}),
	);

	for (const status of [401, 404, 502]) {
		test(
			`at n8n's own address if a gateway in front of n8n answers with ${status}`,
			registered(async (place) => {
				const gateway = await sleeper(status);
				place.n8n.fault({ on: /^POST \/webhook-waiting/, fault: { kind: 'json', body: { status: 'received' } } });
				place.n8n.executions.set('77010', { status: 'waiting' });
				const resumeUrl = gateway.url.replace('/webhook-waiting', '/automation/webhook-waiting');
				const id = await place.keepTask({ executionId: '77010', resumeUrl });
				await ended(place, id);
				await place.rescuer().poll();
				expect(gateway.calls).toHaveLength(1);
				const [call, ...more] = place.n8n.requests.filter(({ path }) => path === '/webhook-waiting/5/runway');
				expect(more).toEqual([]);
				expect(call?.body).toEqual({ task_id: id, status: 'succeeded' });
				expect(call?.query.get('signature')).toBe('c0ffee');
				expect(JSON.stringify(call?.headers)).not.toContain(N8N_API_KEY);
				expect(place.rowOf(id)?.resumeUrl).toBe(resumeUrl);
				expect((await logOfAll()).join('\n')).not.toContain(`the Runway task ${id} could not be called`);
				gateway.close();
			}),
		);
	}

	test(
		'and says in the log what came instead of an answer',
		registered(async (place) => {
			const gateway = await sleeper(401);
			place.n8n.executions.set('77011', { status: 'waiting' });
			const id = await place.keepTask({ executionId: '77011', resumeUrl: gateway.url });
			await ended(place, id);
			await expectSilence(place.rescuer());
			expect((await logOfAll()).join('\n')).toContain(
				`The execution that sleeps on the Runway task ${id} could not be called (HTTP 401); the next poll tries again`,
			);
			expect(place.rowOf(id)?.resumeUrl).toBe(gateway.url);
			gateway.close();
		}),
	);

	test(
		'and never writes its address into a log',
		registered(async (place) => {
			const asleep = await sleeper(200);
			asleep.close();
			place.n8n.executions.set('77007', { status: 'waiting' });
			const id = await place.keepTask({ executionId: '77007', resumeUrl: asleep.url });
			await ended(place, id);
			await expectSilence(place.rescuer());
			expect(place.rowOf(id)?.resumeUrl).toBe(asleep.url);
			expect((await logOfAll()).join('\n')).not.toContain('signature=c0ffee');
		}),
	);
});

/** What n8n keeps of an execution in which the node `Runway` has run this often. */
function dataOf(runs: number): N8nApiExecution['data'] {
	return { resultData: { runData: runs === 0 ? {} : { Runway: Array<unknown>(runs).fill({}) } } };
}

topic('A trigger that watches the register and finds an execution that was woken up', (test) => {
	const woken = async (place: Place, changes: Partial<TaskRow> = {}) => {
		const asleep = await sleeper(409);
		const executionId = '77020';
		const end = { status: 'succeeded', endedTime: ago(5), delivered: true, executionId } as const;
		const id = await place.keepTask({ ...end, resumeUrl: asleep.url, nodeName: 'Runway', ...changes });
		await ended(place, id);
		return { id, asleep, executionId };
	};

	test(
		'emits its task if it failed before its node had passed the item on',
		registered(async (place) => {
			const { id, asleep, executionId } = await woken(place);
			const trigger = place.rescuer();
			place.n8n.executions.set(executionId, { status: 'running' });
			await expectSilence(trigger);
			expect(place.rowOf(id)).toMatchObject({ delivered: true, resumeUrl: asleep.url });
			place.n8n.executions.set(executionId, { status: 'error', data: dataOf(0) });
			await expectSilence(trigger);
			expect(place.rowOf(id)).toMatchObject({ delivered: false, resumeUrl: null });
			Object.assign(place.rowOf(id) ?? {}, { updatedAt: ago(5) });
			expect(idsOf(await trigger.poll())).toEqual([id]);
			await expectSilence(trigger, place.rescuer());
			expect(asleep.calls).toEqual([]);
			asleep.close();
		}),
	);

	test(
		'emits its task if it failed in an earlier round of a loop',
		registered(async (place) => {
			const { id, asleep, executionId } = await woken(place, { runIndex: 2 });
			place.n8n.executions.set(executionId, { status: 'crashed', data: dataOf(2) });
			await expectSilence(place.rescuer());
			expect(place.rowOf(id)).toMatchObject({ delivered: false, resumeUrl: null });
			asleep.close();
		}),
	);

	const passedOn: Record<string, N8nApiExecution | null> = {
		'has succeeded': { status: 'success' },
		'has failed after that': { status: 'error', data: dataOf(1) },
		'was stopped after that': { status: 'canceled', data: dataOf(1) },
		'is unknown to n8n': null,
	};
	for (const [when, execution] of Object.entries(passedOn)) {
		test(
			`takes its item for delivered if it ${when}`,
			registered(async (place) => {
				const { id, asleep, executionId } = await woken(place);
				if (execution !== null) place.n8n.executions.set(executionId, execution);
				await expectSilence(place.rescuer(), place.rescuer());
				expect(place.rowOf(id)).toMatchObject({ delivered: true, resumeUrl: null });
				const asked = place.n8n.requests.filter(({ query }) => query.has('includeData'));
				expect(asked).toHaveLength(execution?.data === undefined ? 0 : 1);
				asleep.close();
			}),
		);
	}

	test(
		'asks again if n8n does not say what it has run',
		registered(async (place) => {
			const { id, asleep, executionId } = await woken(place);
			place.n8n.executions.set(executionId, { status: 'error', data: dataOf(0) });
			place.n8n.fault({ on: /includeData/, times: 1, fault: { kind: 'dead', after: false } });
			const trigger = place.rescuer();
			await trigger.poll();
			expect(place.rowOf(id)).toMatchObject({ delivered: true, resumeUrl: asleep.url });
			(await openRegister(place.engine.context({ credential: place.credential, parameters: {} })))?.askAgain();
			await expectSilence(trigger);
			expect(place.rowOf(id)).toMatchObject({ delivered: false, resumeUrl: null });
			asleep.close();
		}),
	);
});
