import type { IDataObject, INodeParameters, INodeType } from 'n8n-workflow';

import { callbackTrigger, type Call, type CallbackTrigger } from '../support/triggers';
import { asNodeFailure, bench, type Bench, closeBench, makeTask, task, textOf, topic, until } from './bench';
import { wait } from './watching';

/** The callback trigger in n8n-core's own webhook context. */

afterAll(closeBench);

const GENERATE = '/runway/pro/generate';
const FOREIGN = '00000000-0000-4000-8000-000000000000';
/** Longer than the node takes to look at a task that is as the callback says. */
const SOON_MS = 1_500;

function receiving({ credential }: Bench, parameters: INodeParameters = {}, type?: INodeType): CallbackTrigger {
	return callbackTrigger({ credential, parameters: { download: false, ...parameters } }, type);
}

/** The node type as a freshly started n8n loads it, which remembers nothing. */
function afterRestart(): INodeType {
	let type: INodeType | undefined;
	jest.isolateModules(() => {
		const path = '../../nodes/RunwayCallbackTrigger/RunwayCallbackTrigger.node';
		const loaded = jest.requireActual<Record<string, new () => INodeType>>(path);
		type = loaded.RunwayCallbackTrigger === undefined ? undefined : new loaded.RunwayCallbackTrigger();
	});
	if (type === undefined) throw new Error('The node did not load');
	return type;
}

/** A task whose end CometAPI calls back about, which has ended. */
async function ended(place: Bench, prompt = 'x'): Promise<string> {
	const id = await makeTask(place, { path: GENERATE, prompt });
	const record = place.api.tasks.get(id);
	await until(() => (record?.readyAt ?? Infinity) < Date.now());
	return id;
}

/** The body that CometAPI sends of a task that has ended. */
function bodyOf(taskId: string, status = '3'): IDataObject {
	const nothing = { prompt: 'x', prompt_en: 'x', video_url: null, poster: null, last_frame: null, msg: null };
	return {
		task_id: taskId,
		status,
		...nothing,
		point: '320',
		refund: '0',
		create_time: '1577836800',
		update_time: '1577836860',
	};
}

const started = (calls: Call[]) => calls.filter(({ items }) => items !== null);
const idsOf = (calls: Call[]) => started(calls).flatMap(({ items }) => items?.map(({ json }) => json.taskId));

/** What every sender hears, whatever comes of the call. */
const RECEIVED = { status: 200, answer: { status: 'received' } };

topic('The callback trigger', (test) => {
	test(
		'starts with the item of the Runway node, as CometAPI has it and not as the call says',
		bench(async (place) => {
			const id = await ended(place);
			const lie = { ...bodyOf(id), video_url: 'https://evil.example/x.mp4', prompt: 'lies' };
			const { items, ...answer } = await receiving(place, { options: { includeRaw: true } }).call(lie);
			expect(answer).toMatchObject(RECEIVED);
			const node = await place.run(task('get', { taskId: id }, { api: 'compatibility', includeRaw: true }));
			const withoutSignature = (json: unknown) => JSON.stringify(json).replace(/_jwt=[^"]*/g, '');
			const expected = { ...node.items[0]?.json, operation: 'callback' };
			expect(withoutSignature(items?.[0]?.json)).toBe(withoutSignature(expected));
			expect(JSON.stringify(items)).not.toContain('evil');
		}),
	);

	test(
		'takes every shape that a callback may come in',
		bench(async (place) => {
			const shapes: Array<(id: string) => unknown> = [
				(id) => bodyOf(id),
				(id) => JSON.stringify(bodyOf(id)),
				(id) => ({ task_id: id, status: 'completed', progress: 100, result: { video_url: 'https://a.example/b.mp4' } }),
				(id) => ({ code: 'success', message: '', data: { task_id: id, status: 'SUCCESS', progress: '100%' } }),
				(id) => ({ id, status: 'SUCCEEDED', output: ['https://a.example/b.mp4'] }),
				(id) => ({ code: 200, msg: '成功', data: bodyOf(id), exec_time: 0.02 }),
				(id) => ({ task_id: id }),
				(id) => ({ task_id: id, status: 'A_WORD_OF_NEXT_YEAR' }),
			];
			const trigger = receiving(place);
			for (const shape of shapes) {
				const id = await ended(place);
				expect(idsOf([await trigger.call(shape(id))])).toEqual([id]);
			}
		}),
	);

	test(
		'tells failed and cancelled tasks, too',
		bench(async (place) => {
			const trigger = receiving(place);
			for (const [prompt, message] of [
				['[fail SAFETY.INPUT.TEXT]', /moderation/],
				['[cancelled]', /cancelled/],
			] as const) {
				const { items } = await trigger.call(bodyOf(await ended(place, prompt), '2'));
				expect(items?.[0]?.json.status).not.toBe('succeeded');
				expect((items?.[0]?.json.failure as { message: string }).message).toMatch(message);
			}
		}),
	);

	test(
		'brings the file along, and the stills if all files are wanted',
		bench(
			async (place) => {
				const id = await ended(place);
				const options = { binaryField: 'clip', allFiles: true };
				const { items } = await receiving(place, { download: true, options }).call(bodyOf(id));
				expect((await place.engine.bytesOf(items?.[0], 'clip')).equals(place.api.assetBytes('video'))).toBe(true);
				expect(Object.keys(items?.[0]?.binary ?? {})).toEqual(['clip', 'poster', 'last_frame']);
				expect(place.api.downloads.some(({ leakedAuthorization }) => leakedAuthorization)).toBe(false);
			},
			{ envelope: 'numeric' },
		),
	);

	test(
		'answers before it asks CometAPI',
		bench(async (place) => {
			const id = await ended(place);
			place.api.settings.latencyMs = 3_000;
			const began = performance.now();
			const { items, answeredAfterMs } = await receiving(place).call(bodyOf(id));
			expect(items).toHaveLength(1);
			expect(performance.now() - began).toBeGreaterThan(2_900);
			expect(answeredAfterMs).toBeLessThan(2_900);
		}),
	);

	test(
		'starts once for a callback that is doubled, tripled, or comes a hundred times at once',
		bench(async (place) => {
			const trigger = receiving(place, { download: true });
			for (const times of [2, 3, 100]) {
				const id = await ended(place);
				const reads = place.api.reads.length;
				const calls = await Promise.all(Array.from({ length: times }, async () => await trigger.call(bodyOf(id))));
				expect(idsOf(calls)).toEqual([id]);
				for (const call of calls) expect(call).toMatchObject(RECEIVED);
				expect(place.api.reads).toHaveLength(reads + 1);
				const later = [await trigger.call(bodyOf(id)), await trigger.call(bodyOf(id.toUpperCase()))];
				expect(started(later)).toEqual([]);
				expect(place.api.reads).toHaveLength(reads + 1);
			}
			expect(place.api.downloads).toHaveLength(3);
		}),
	);

	test(
		'starts nothing for what CometAPI does not know, and says nothing of that',
		bench(async (place) => {
			const trigger = receiving(place);
			await ended(place);
			const forged = ['forged', FOREIGN, '..', '__proto__', 'constructor', `${[...place.api.tasks.keys()][0]}x`];
			const calls = await Promise.all(forged.map(async (id) => await trigger.call(bodyOf(id))));
			expect(started(calls)).toEqual([]);
			for (const call of calls) expect(call).toMatchObject(RECEIVED);
			expect(trigger.saved).toEqual({});
			expect(trigger.log.join()).not.toMatch(/forged|__proto__/);
		}),
	);

	test(
		'starts nothing for a task that is still running, whatever the call says',
		bench(async (place) => {
			const id = await makeTask(place, { path: GENERATE, prompt: '[stuck]' });
			await wait(100);
			const trigger = receiving(place);
			let isOver = false;
			const call = trigger.call(bodyOf(id)).finally(() => (isOver = true));
			await wait(SOON_MS);
			expect(isOver).toBe(false);
			// The record lagged behind the call: now it says so, too.
			place.api.finish(id);
			expect(idsOf([await call])).toEqual([id]);
		}),
	);

	test(
		'looks at nothing that names no task',
		bench(async (place) => {
			const trigger = receiving(place);
			const bodies = [undefined, null, '', 'hello', [], {}, { task_id: { $ne: 1 } }, { error: 'x' }, '{"task_id":"a"'];
			for (const body of bodies) {
				const call = await trigger.call(body);
				expect(call).toMatchObject(RECEIVED);
				expect(call.items).toBeNull();
			}
			expect(place.api.requests).toEqual([]);
		}),
	);

	test(
		'refuses bodies that are too large, with or without their length',
		bench(async (place) => {
			const trigger = receiving(place);
			const large = 300 * 1024;
			const calls = [
				await trigger.call(bodyOf(FOREIGN), { headers: { 'content-length': String(large) } }),
				await trigger.call(bodyOf(FOREIGN), { rawBody: Buffer.alloc(large) }),
			];
			expect(calls.map(({ status }) => status)).toEqual([413, 413]);
			expect(place.api.requests).toEqual([]);
		}),
	);

	test(
		'tells only what it was asked to tell',
		bench(async (place) => {
			const trigger = receiving(place, { events: ['failed'] });
			expect(started([await trigger.call(bodyOf(await ended(place)))])).toEqual([]);
			expect(started([await trigger.call(bodyOf(await ended(place, '[fail INTERNAL]'), '2'))])).toHaveLength(1);
		}),
	);

	test(
		'asks nobody about progress that nobody wants',
		bench(async (place) => {
			const id = await makeTask(place, { path: GENERATE, prompt: '[stuck]' });
			expect(started([await receiving(place).call(bodyOf(id, '1'))])).toEqual([]);
			expect(place.api.reads).toEqual([]);
		}),
	);

	test(
		'tells progress forward only, and never loses the end to it',
		bench(async (place) => {
			const id = await makeTask(place, { path: GENERATE, prompt: '[takes 60 s]' });
			await wait(200);
			place.api.settings.latencyMs = 300;
			place.api.settings.envelope = 'wrapped';
			const trigger = receiving(place, { events: ['succeeded', 'failed', 'cancelled', 'progressed'] });
			const progress = trigger.call(bodyOf(id, '1'));
			await wait(100);
			const again = trigger.call(bodyOf(id, '1'));
			const end = trigger.call(bodyOf(id));
			expect((await progress).items?.[0]?.json.status).toBe('running');
			place.api.finish(id);
			const calls = await Promise.all([again, end]);
			expect(started(calls).map(({ items }) => items?.[0]?.json.status)).toEqual(['succeeded']);
			expect((await trigger.call(bodyOf(id, '1'))).items).toBeNull();
		}),
	);

	test(
		'takes the call at its word if it is told not to verify',
		bench(async (place) => {
			const trigger = callbackTrigger({
				credential: { apiKey: '', baseUrl: '' },
				parameters: { verify: false, download: false },
			});
			const calls = [
				await trigger.call({ ...bodyOf('any-task'), update_time: String(Math.floor(Date.now() / 1000)) }),
				await trigger.call(bodyOf('any-task')),
				await trigger.call(bodyOf('a-task-of-2020')),
			];
			expect(idsOf(calls)).toEqual(['any-task']);
			expect(place.api.requests).toEqual([]);
		}),
	);

	test(
		'names the field that is wrong, before it answers',
		bench(async (place) => {
			const error = await receiving(place, { options: { maxAge: -1 } })
				.call(bodyOf(FOREIGN))
				.catch((thrown: unknown) => thrown);
			expect(textOf(asNodeFailure(error))).toMatch(/^Ignore Tasks That Ended Earlier Than/);
		}),
	);
});

topic('What the callback trigger remembers', (test) => {
	test(
		'outlives a restart in the workflow’s static data',
		bench(async (place) => {
			const id = await ended(place);
			const before = receiving(place);
			expect(idsOf([await before.call(bodyOf(id))])).toEqual([id]);
			const saved = before.saved;
			expect(saved).toEqual({ told: { ended: [id], stages: [] } });
			const reads = place.api.reads.length;
			const parameters = { download: false };
			const after = callbackTrigger({ credential: place.credential, parameters, saved }, afterRestart());
			expect(started([await after.call(bodyOf(id))])).toEqual([]);
			expect(place.api.reads).toHaveLength(reads);
		}),
	);

	test(
		'is saved by a repeated call if n8n has lost what the first one saved',
		bench(async (place) => {
			const id = await ended(place);
			const trigger = receiving(place);
			await trigger.call(bodyOf(id));
			const forgetful = callbackTrigger({ credential: place.credential, parameters: { download: false } });
			expect(forgetful.saved).toEqual({});
			await forgetful.call(bodyOf(id));
			expect(forgetful.saved).toEqual({ told: { ended: [id], stages: [] } });
		}),
	);

	test(
		'is made up for by the age of the task: a replayed callback starts nothing',
		bench(
			async (place) => {
				const id = await ended(place);
				const record = place.api.tasks.get(id);
				if (record !== undefined) record.readyAt = Date.now() - 61 * 60_000;
				const fresh = afterRestart();
				const body = { ...bodyOf(id), update_time: String(Math.floor(Date.now() / 1000)) };
				expect(started([await receiving(place, {}, fresh).call(body)])).toEqual([]);
				expect(started([await receiving(place, { options: { maxAge: 62 } }, fresh).call(body)])).toHaveLength(1);
				expect(started([await receiving(place, { options: { maxAge: 0 } }, fresh).call(body)])).toHaveLength(1);
			},
			{ envelope: 'wrapped' },
		),
	);

	test(
		'may be damaged',
		bench(async (place) => {
			for (const told of ['x', { ended: 'y', stages: { a: 1 } }, { ended: [1, null], stages: [1, null, ['a']] }]) {
				const id = await ended(place);
				const parameters = { download: false };
				const trigger = callbackTrigger({ credential: place.credential, parameters, saved: { told } });
				expect(idsOf([await trigger.call(bodyOf(id))])).toEqual([id]);
				expect(trigger.saved).toEqual({ told: { ended: [id], stages: [] } });
			}
		}),
	);

	test(
		'is bounded in the database',
		bench(async (place) => {
			const saved = { told: { ended: Array.from({ length: 20_000 }, (_, index) => `old-${index}`), stages: [] } };
			const trigger = callbackTrigger({ credential: place.credential, parameters: { download: false }, saved });
			const id = await ended(place);
			await trigger.call(bodyOf(id));
			const { ended: kept } = (trigger.saved as { told: { ended: string[] } }).told;
			expect(kept).toHaveLength(300);
			expect(kept.at(-1)).toBe(id);
		}),
	);
});

topic('A callback that can’t be verified at once', (test) => {
	test(
		'waits while the API fails, and is not lost',
		bench(async (place) => {
			const id = await ended(place);
			place.api.fault({ on: 'read', kind: 'status', status: 503 });
			place.api.fault({ on: 'read', kind: 'refuse' });
			expect(idsOf([await receiving(place).call(bodyOf(id))])).toEqual([id]);
		}),
	);

	test(
		'waits for a new key if the old one is refused, and is not lost',
		bench(async (place) => {
			const id = await ended(place);
			const { apiKey } = place.credential;
			place.credential.apiKey = 'sk-revoked';
			const call = receiving(place).call(bodyOf(id));
			await wait(SOON_MS);
			place.credential.apiKey = apiKey;
			expect(idsOf([await call])).toEqual([id]);
		}),
	);

	test(
		'may be of a task that the API knows a moment later',
		bench(async (place) => {
			const id = await makeTask(place, { path: GENERATE });
			const record = place.api.tasks.get(id);
			if (record !== undefined) record.visibleAt = Date.now() + 1_000;
			expect(idsOf([await receiving(place).call(bodyOf(id))])).toEqual([id]);
		}),
	);

	for (const status of [400, 403, 404, 503]) {
		test(
			`waits through ${status === 404 ? 'two' : 'three'} answers with HTTP ${status}, and is not lost`,
			bench(async (place) => {
				const id = await ended(place);
				const times = status === 404 ? 2 : 3;
				place.api.fault({ on: 'read', kind: 'status', status, shape: 'E5', times });
				expect(idsOf([await receiving(place).call(bodyOf(id))])).toEqual([id]);
			}),
		);
	}
});

topic('The secret of the callback trigger', (test) => {
	const secret = 'k7_Rw-2mQz9xLp4T';

	test(
		'is the end of its URL, for which n8n itself drops all other calls unread',
		bench(async (place) => {
			expect(receiving(place).path).toBe('runway');
			expect(receiving(place, { options: { secret: '' } }).path).toBe('runway');
			const trigger = receiving(place, { options: { secret } });
			expect(trigger.path).toBe(`runway/${secret}`);
			await expect(trigger.listen()).resolves.toBeUndefined();
		}),
	);

	test(
		'must be long, and nothing that n8n takes for any path, before n8n listens; the error does not repeat it',
		bench(async (place) => {
			const wrong = [
				'short',
				':k7_Rw-2mQz9xLp4T',
				'k7/../Rw-2mQz9xLp4T',
				'k7 Rw?2mQz9xLp4T-',
				'x'.repeat(129),
				'{{ 1 }}',
			];
			for (const value of wrong) {
				const error = await receiving(place, { options: { secret: value } })
					.listen()
					.catch((thrown: unknown) => thrown);
				const text = textOf(asNodeFailure(error));
				expect(text).toMatch(/^Secret in the URL must have 16 to 128 characters/);
				expect(text).not.toContain(value);
			}
		}),
	);

	test(
		'is in no item, no answer and no line of the log',
		bench(async (place) => {
			const trigger = receiving(place, { options: { secret, includeRaw: true } });
			const calls = [
				await trigger.call(bodyOf(await ended(place))),
				await trigger.call({ hello: 'world' }, { mode: 'manual' }),
			];
			expect(started(calls)).toHaveLength(1);
			expect(JSON.stringify([calls, trigger.log, trigger.saved])).not.toContain(secret);
		}),
	);
});

topic('A test call of the callback trigger', (test) => {
	const manual = { mode: 'manual' } as const;

	test(
		'starts each time, and says so',
		bench(async (place) => {
			const id = await ended(place);
			const trigger = receiving(place);
			for (let times = 0; times < 2; times += 1) {
				const call = await trigger.call(bodyOf(id), manual);
				expect(call.answer).toEqual({ status: 'started' });
				expect(idsOf([call])).toEqual([id]);
			}
			expect(trigger.saved).toEqual({});
			// What was tried out in the editor still starts the real workflow.
			expect(idsOf([await trigger.call(bodyOf(id))])).toEqual([id]);
		}),
	);

	test(
		'says why it starts nothing',
		bench(
			async (place) => {
				const id = await ended(place);
				const reason = async (body: unknown, parameters?: INodeParameters) => {
					const call = await receiving(place, parameters).call(body, manual);
					expect(call.items).toBeNull();
					return (call.answer as { reason: string }).reason;
				};
				expect(await reason({ hello: 'world' })).toBe('The body names no task.');
				expect(await reason(bodyOf(id, '1'))).toBe('The task is still running, by its own account.');
				expect(await reason(bodyOf(FOREIGN))).toBe('CometAPI does not know the task.');
				expect(await reason(bodyOf(id), { events: ['failed'] })).toBe('The event "succeeded" is not wanted.');
				const record = place.api.tasks.get(id);
				if (record !== undefined) record.readyAt = Date.now() - 61 * 60_000;
				expect(await reason(bodyOf(id))).toBe('The task ended too long ago.');
			},
			{ envelope: 'wrapped' },
		),
	);

	test(
		'is an error if the API refuses to tell',
		bench(async (place) => {
			place.api.fault({ on: 'read', kind: 'status', status: 400, message: 'no such version', times: Infinity });
			const error = await receiving(place)
				.call(bodyOf(FOREIGN), manual)
				.catch((thrown: unknown) => thrown);
			expect(textOf(asNodeFailure(error))).toMatch(/^CometAPI refused the request: no such version/);
		}),
	);
});
