import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { wake } from '../../nodes/Runway/batch/wake';
import type { ReadOutcome } from '../../nodes/shared/api/client';
import { ownProblem } from '../../nodes/shared/api/problem';
import type { Reason } from '../../nodes/shared/judgement/reason';
import { readTask } from '../../nodes/shared/task/parse';
import { readBack, READS_UNTIL_ENDED, type ReadBackOptions } from '../../nodes/shared/wake/readBack';

/** Patience after a callback, over fake time. */

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const MINUTE = 60_000;

function taskAnswer(status: string): ReadOutcome {
	const reading = readTask({ task_id: 't', status });
	if (reading.kind !== 'task') throw new Error('no task');
	return reading;
}

const trouble = (reason: Reason): ReadOutcome => ({
	kind: 'trouble',
	problem: ownProblem(reason, reason),
	retryAfterMs: null,
});

/** Reads back a task whose answers come from a function of the time since the first read, and of the number of the read. */
async function reading(
	answer: (ms: number, read: number) => ReadOutcome,
	options: Partial<ReadBackOptions> = {},
): Promise<{ result: Awaited<ReturnType<typeof readBack>>; reads: number; tookMs: number }> {
	const began = Date.now();
	let reads = 0;
	const reader = { api: 'compatibility', read: async () => answer(Date.now() - began, (reads += 1)) } as const;
	let tookMs = 0;
	const running = readBack(reader, {
		isOurs: false,
		mostPending: READS_UNTIL_ENDED,
		givesUpAt: began + 10 * MINUTE,
		...options,
	}).finally(() => (tookMs = Date.now() - began));
	await jest.advanceTimersByTimeAsync(20 * MINUTE);
	return { result: await running, reads, tookMs };
}

describe('Reading a task back after a callback', () => {
	it.each<[Reason, number]>([
		['server', 5 * MINUTE],
		['network', 5 * MINUTE],
		['rateLimit', 9 * MINUTE],
		['auth', 9 * MINUTE],
		['balance', 9 * MINUTE],
		['webPage', 4 * MINUTE],
		['badRequest', 40_000],
	])('outlasts %s for %i ms', async (reason, ms) => {
		const { result } = await reading((now) => (now < ms ? trouble(reason) : taskAnswer('3')));
		expect(result).toMatchObject({ kind: 'task', state: { status: 'succeeded' } });
	});

	it('gives up after ten minutes without an answer', async () => {
		const { result, tookMs, reads } = await reading(() => trouble('server'));
		expect(result).toMatchObject({ kind: 'unanswered', isFinal: false });
		expect(tookMs).toBe(10 * MINUTE);
		expect(reads).toBeLessThan(40);
	});

	it('gives up after about a minute of refusals', async () => {
		const { result, tookMs } = await reading(() => trouble('badRequest'));
		expect(result).toMatchObject({ kind: 'unanswered', isFinal: true });
		expect(tookMs).toBeGreaterThanOrEqual(MINUTE);
		expect(tookMs).toBeLessThan(1.5 * MINUTE);
	});

	it('takes three answers that nobody knows an id that may be made up, or one in a crowd', async () => {
		expect(await reading(() => trouble('notVisible'))).toMatchObject({ reads: 3, result: { isFinal: true } });
		const crowd = await reading(() => trouble('notVisible'), { isCrowded: () => true });
		expect(crowd).toMatchObject({ reads: 1, result: { isFinal: true } });
		const ours = await reading(() => trouble('notVisible'), { isCrowded: () => true, isOurs: true });
		expect(ours.tookMs).toBeGreaterThanOrEqual(5 * MINUTE);
	});

	it('reads a task that is said to have ended about ten times over two minutes', async () => {
		const { result, reads, tookMs } = await reading(() => taskAnswer('1'));
		expect(result).toMatchObject({ kind: 'task', state: { status: 'running' } });
		expect(reads).toBe(10);
		expect(tookMs).toBeGreaterThan(1.5 * MINUTE);
		expect(tookMs).toBeLessThan(2.5 * MINUTE);
	});

	it('does not add up troubles of different kinds, or on both sides of an answer', async () => {
		const mixed = await reading((now, read) => {
			if (now > 8 * MINUTE) return taskAnswer('3');
			return trouble(read % 3 === 0 ? 'server' : 'badRequest');
		});
		expect(mixed.result).toMatchObject({ state: { status: 'succeeded' } });
	});
});

/** A sleeping execution over two tasks, as n8n hands it to calls; its tasks are read by `answer`. */
function sleeping(answer: (taskId: string) => { statusCode: number; body: IDataObject }) {
	const id = String(Math.random());
	const sleepers = ['a', 'b'].map((name) => ({
		kind: 'task',
		taskId: `${name}-${id}`,
		api: 'compatibility',
		createdAt: null,
		runwayVersion: '2024-11-06',
		maxParallel: 5,
		output: { itemIndex: 0, operation: 'x', produces: 'video', binaryField: null, maxFileBytes: null },
	}));
	const state = {
		isAsleep: true,
		/** What n8n says of the execution if it does not sleep. */
		words: 'is running already',
		isReachable: true,
		proxy: 0,
		hasCredential: true,
		open: 0,
		mostOpen: 0,
		ownCalls: 0,
		reads: 0,
		woken: 0,
	};
	const log: string[] = [];
	const note = (line: string) => log.push(line);
	async function call(body: IDataObject): Promise<IWebhookResponseData> {
		const response = { status: () => response, json: () => response };
		const context = {
			getBodyData: () => body,
			getQueryData: () => ({ signature: 'x' }),
			getNode: () => ({ id, name: 'Runway' }),
			getResponseObject: () => response,
			getCredentials: async () => {
				if (!state.hasCredential) throw new Error('the database is away');
				return { baseUrl: 'https://api.example.com', apiKey: 'sk-0123456789abcdef' };
			},
			evaluateExpression: (expression: string) => {
				if (expression.includes('resumeUrl')) return `https://n8n.example.com/webhook-waiting/${id}?signature=secret`;
				return expression.includes('$execution.id') ? id : sleepers;
			},
			logger: { error: note, warn: note, info: note, debug: note },
			helpers: {
				httpRequestWithAuthentication: async (_type: string, request: { body: IDataObject }) => {
					state.reads += 1;
					return { headers: {}, ...answer(String(request.body.task_id).replace(`-${id}`, '')) };
				},
				httpRequest: async (request: { body: IDataObject }) => {
					if (!state.isReachable) throw new Error('connect ECONNREFUSED https://n8n.example.com/?signature=secret');
					state.ownCalls += 1;
					if (state.proxy > 0) return { statusCode: state.proxy };
					if (!state.isAsleep)
						return { statusCode: 409, body: { code: 409, message: `The execution "7" ${state.words}.` } };
					void call(request.body);
					return { statusCode: 200 };
				},
			},
		} as unknown as IWebhookFunctions;
		state.open += 1;
		state.mostOpen = Math.max(state.mostOpen, state.open);
		const result = await wake(context);
		state.open -= 1;
		if (result.workflowData !== undefined) {
			state.woken += 1;
			state.isAsleep = false;
		}
		return result;
	}
	return { call, state, log, ended: (name: string) => ({ task_id: `${name}-${id}`, status: '3' }) };
}

const saying = (status: string) => ({ statusCode: 200, body: { task_id: 't', status } });

describe('A sleeping execution', () => {
	it('wakes up after an outage of nine minutes at its last callback, without an open call for longer than half a minute', async () => {
		let isBroken = true;
		const { call, state, ended } = sleeping(() => (isBroken ? { statusCode: 503, body: {} } : saying('3')));
		void call(ended('a'));
		await jest.advanceTimersByTimeAsync(31_000);
		expect(state.open).toBe(0);
		await jest.advanceTimersByTimeAsync(9 * MINUTE - 31_000);
		expect(state.woken).toBe(0);
		isBroken = false;
		await jest.advanceTimersByTimeAsync(MINUTE);
		expect(state.woken).toBe(1);
		expect(state.mostOpen).toBeLessThanOrEqual(2);
	});

	it('is called for two minutes after a callback whose other tasks are pending, and finds out by itself', async () => {
		let b = '1';
		const { call, state, ended } = sleeping((name) => saying(name === 'a' ? '3' : b));
		await Promise.all([call(ended('a')), jest.advanceTimersByTimeAsync(1_000)]);
		expect(state).toMatchObject({ open: 0, woken: 0 });
		await jest.advanceTimersByTimeAsync(1.5 * MINUTE);
		expect(state.woken).toBe(0);
		b = '3';
		await jest.advanceTimersByTimeAsync(31_000);
		expect(state.woken).toBe(1);
		const { ownCalls } = state;
		await jest.advanceTimersByTimeAsync(20 * MINUTE);
		expect(state.ownCalls).toBe(ownCalls);
	});

	it('is left alone two minutes after a callback that lies', async () => {
		const { call, state, ended } = sleeping(() => saying('1'));
		void call(ended('a'));
		await jest.advanceTimersByTimeAsync(3 * MINUTE);
		const { reads, ownCalls } = state;
		expect(reads).toBeLessThan(20);
		await jest.advanceTimersByTimeAsync(30 * MINUTE);
		expect(state).toMatchObject({ reads, ownCalls, woken: 0, open: 0 });
	});

	it.each([
		['has finished already', 'is not called any more', 1, 1],
		['is running already', 'is called for two minutes, since it may be about to sleep again', 2, 20],
	])('that %s, by what n8n says, %s', async (words, _what, least, most) => {
		const { call, state, ended } = sleeping((name) => saying(name === 'a' ? '3' : '1'));
		await Promise.all([call(ended('a')), jest.advanceTimersByTimeAsync(1_000)]);
		Object.assign(state, { isAsleep: false, words });
		await jest.advanceTimersByTimeAsync(2 * MINUTE);
		const { ownCalls } = state;
		expect(ownCalls).toBeGreaterThanOrEqual(least);
		expect(ownCalls).toBeLessThanOrEqual(most);
		await jest.advanceTimersByTimeAsync(10 * MINUTE);
		expect(state.ownCalls).toBe(ownCalls);
	});

	it('sleeps on after a refusal for good, and n8n’s log says why, without secrets', async () => {
		const body = { error: { message: 'no such version, see https://a.example/x?key=secret', code: 'invalid_request' } };
		const { call, state, log, ended } = sleeping(() => ({ statusCode: 400, body }));
		void call(ended('a'));
		await jest.advanceTimersByTimeAsync(20 * MINUTE);
		expect(state).toMatchObject({ woken: 0, open: 0 });
		expect(log.join('\n')).toMatch(
			/could not be read after a callback, so its execution sleeps on\. .*no such version/,
		);
		expect(log.join('\n')).not.toContain('secret');
	});

	it('wakes up within half a minute of trouble although n8n can’t call its own address', async () => {
		const began = Date.now();
		const { call, state, log, ended } = sleeping(() =>
			Date.now() - began < 20_000 ? { statusCode: 503, body: {} } : saying('3'),
		);
		state.isReachable = false;
		void call(ended('a'));
		await jest.advanceTimersByTimeAsync(MINUTE);
		expect(state.woken).toBe(1);
		expect(log.join()).not.toContain('secret');
	});

	it('is not taken for awake by what a proxy answers in place of n8n', async () => {
		for (const proxy of [302, 403, 429, 502]) {
			const began = Date.now();
			const { call, state, ended } = sleeping(() =>
				Date.now() - began < 20_000 ? { statusCode: 503, body: {} } : saying('3'),
			);
			state.proxy = proxy;
			void call(ended('a'));
			await jest.advanceTimersByTimeAsync(MINUTE);
			expect([proxy, state.woken]).toEqual([proxy, 1]);
		}
	});

	it('wakes up although n8n can’t read the credential for a while, and never throws', async () => {
		const { call, state, log, ended } = sleeping(() => saying('3'));
		state.hasCredential = false;
		const [result] = await Promise.all([call(ended('a')), jest.advanceTimersByTimeAsync(1_000)]);
		expect(result).toEqual({ noWebhookResponse: true });
		expect(log.join()).toContain('A callback could not be handled: the database is away');
		state.hasCredential = true;
		await jest.advanceTimersByTimeAsync(MINUTE);
		expect(state.woken).toBe(1);
	});
});
