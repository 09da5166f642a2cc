import { readFileSync } from 'node:fs';
import path from 'node:path';

import { createRunwayClient, type ReadOutcome, type RunwayClient } from '../../nodes/shared/api/client';
import { explain } from '../../nodes/shared/api/explain';
import type { Problem } from '../../nodes/shared/api/problem';
import { redact } from '../../nodes/shared/api/redact';
import { createTaskReader } from '../../nodes/shared/api/route';
import type { ApiAnswer, ApiRequest } from '../../nodes/shared/api/send';
import type { Reason } from '../../nodes/shared/judgement/reason';
import type { ApiFamily } from '../../nodes/shared/task/task';
import { cpuMsOf, ONE_PASS_MS } from '../support/cpuTime';
import { taskState } from '../support/taskState';

const payload = (name: string): unknown =>
	JSON.parse(readFileSync(path.join(__dirname, '../payloads', `${name}.json`), 'utf8'));

const ID = '7c1f0e52-4b6d-4a38-9f21-2d5e8b90c3aa';
const NOW = Date.UTC(2026, 4, 4, 8, 15);
const HTML = '<!DOCTYPE html>\n<html><head><title>API documentation</title></head></html>';

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): ApiAnswer => ({
	kind: 'response',
	status,
	headers,
	body,
});
const noAnswer = (code: string, mayHaveArrived: boolean): ApiAnswer => ({
	kind: 'noResponse',
	mayHaveArrived,
	code,
	message: `${code} on the way`,
});
const cometError = (code = '') => ({
	error: { message: 'something is wrong', type: 'comet_api_error', param: '', code },
});

/** A client whose API answers as scripted; the last answer repeats. */
function clientOver(...answers: ApiAnswer[]) {
	const requests: ApiRequest[] = [];
	const client = createRunwayClient(
		async (request) => {
			requests.push(request);
			return answers[Math.min(requests.length, answers.length) - 1] ?? { kind: 'aborted' };
		},
		{ runwayVersion: '2024-11-06', now: () => NOW },
	);
	return { client, requests };
}

const create = async (reply: ApiAnswer) =>
	await clientOver(reply).client.create('/runwayml/v1/image_to_video', { model: 'gen4_turbo' });
const read = async (reply: ApiAnswer, api: ApiFamily = 'official') => await clientOver(reply).client.read(ID, api);

describe('A create', () => {
	it.each([
		'create-ok-compat-current',
		'create-ok-compat-exec-time',
		'create-ok-official',
		'create-ok-official-estimated-cost',
	])('that is answered with %s has made the task that it names', async (name) => {
		expect(await create(answer(200, payload(name)))).toMatchObject({ kind: 'created', taskId: ID });
	});

	/** Answers that prove that nothing was created, with what they mean. */
	const certainlyNot: Record<string, [ApiAnswer, Reason]> = {
		'a rate limit': [answer(429, payload('error-comet-429')), 'rateLimit'],
		'a saturated provider': [answer(429, payload('error-task-429-saturated')), 'rateLimit'],
		'a refused connection': [noAnswer('ECONNREFUSED', false), 'unreachable'],
		'an unknown host': [noAnswer('ENOTFOUND', false), 'unreachable'],
		'a wrong field': [answer(400, payload('error-comet-400-empty-code')), 'badRequest'],
		"Runway's own refusal": [answer(400, payload('error-runway-400-string')), 'badRequest'],
		'a missing callback address': [answer(400, payload('error-task-callback-url-empty')), 'badRequest'],
		'missing references': [answer(400, payload('error-task-reference-images-empty')), 'badRequest'],
		'an unprocessable body': [answer(422, cometError()), 'badRequest'],
		'a wrong key': [answer(401, payload('error-comet-401')), 'auth'],
		'an empty balance': [answer(403, payload('error-task-insufficient-quota')), 'balance'],
		'a payment request': [answer(402, {}), 'balance'],
		'a blocked key': [answer(403, cometError()), 'forbidden'],
		'a missing route': [answer(404, cometError()), 'notFound'],
		'a wrong method': [answer(405, cometError()), 'notFound'],
		'too large a body': [answer(413, ''), 'tooLarge'],
		'a refusal in the coat of a 500': [answer(500, payload('error-comet-500-invalid-request')), 'badRequest'],
		'a business error in a 200': [answer(200, payload('error-business-code-http-200')), 'badRequest'],
		'a business error with empty data': [answer(200, payload('error-business-code-http-200-empty-data')), 'badRequest'],
		'a text code in a 200': [answer(200, { code: 'invalid_request', message: 'no', data: null }), 'badRequest'],
		'an error object in a 200': [answer(200, cometError()), 'badRequest'],
		'a web page in a 200': [answer(200, HTML), 'wrongUrl'],
		'a web page in a 404': [answer(404, HTML), 'wrongUrl'],
		'a permanent redirect': [answer(301, HTML, { location: '/docs' }), 'wrongUrl'],
		'a temporary redirect': [answer(302, '', { location: 'https://elsewhere.example' }), 'wrongUrl'],
		'a redirect that keeps the method': [answer(307, ''), 'wrongUrl'],
	};

	it.each(Object.entries(certainlyNot))('that meets %s has made nothing', async (_, [reply, reason]) => {
		expect(await create(reply)).toMatchObject({ kind: 'notCreated', problem: { reason } });
	});

	const perhaps: Record<string, [ApiAnswer, Reason]> = {
		'a reset connection': [noAnswer('ECONNRESET', true), 'network'],
		'a time-out': [noAnswer('ETIMEDOUT', true), 'network'],
		'a broken connection without a code': [{ ...noAnswer('', true), code: null } as ApiAnswer, 'network'],
		...Object.fromEntries(
			[500, 502, 503, 504, 520, 524].flatMap((status): Array<[string, [ApiAnswer, Reason]]> => [
				[`a ${status}`, [answer(status, cometError()), 'server']],
				[`a ${status} with a web page`, [answer(status, HTML), 'server']],
				[`a ${status} without a body`, [answer(status, ''), 'server']],
			]),
		),
		'a 503 of the provider': [answer(503, payload('error-comet-503')), 'server'],
		'a request time-out': [answer(408, ''), 'server'],
		'a 200 with an empty object': [answer(200, payload('create-ok-official-empty-object')), 'unreadable'],
		'a 200 without a body': [answer(200, ''), 'unreadable'],
		'a 204': [answer(204, undefined), 'unreadable'],
		'a 200 with half a JSON': [answer(200, '{"id":"7c1f0e52-4b'), 'unreadable'],
		'a 200 with a list': [answer(200, []), 'unreadable'],
		'a 200 with null': [answer(200, null), 'unreadable'],
		'a 200 with an empty id': [answer(200, { id: '' }), 'unreadable'],
		'a 200 with an unknown shape': [answer(200, { job: ID }), 'unreadable'],
		'a 502 that speaks of balancing': [
			answer(502, { error: { message: 'no', code: 'load_balancer_error' } }),
			'server',
		],
		'a time-out inside a 200': [answer(200, { code: 504, msg: 'upstream timed out', data: null }), 'server'],
		'a 200 with an id beside an error': [answer(200, { id: ID, error: { message: 'late' } }), 'unreadable'],
	};

	it.each(Object.entries(perhaps))(
		'that meets %s may have made a task, so it says that it does not know',
		async (_, [reply, reason]) => {
			expect(await create(reply)).toMatchObject({ kind: 'unknown', problem: { reason } });
		},
	);

	it.each([
		{ code: 'success', message: '', data: {} },
		{ code: 200, msg: 'success', data: {} },
	])('that says success without an id may have made a task, and its answer is kept (%j)', async (body) => {
		const problem = { reason: 'unreadable', excerpt: JSON.stringify(body) };
		expect(await create(answer(200, body))).toMatchObject({ kind: 'unknown', problem });
	});

	it('keeps the beginning of an answer that nobody can read, without its secrets', async () => {
		const outcome = await create(
			answer(200, { job: ID, url: 'https://a.example/x?sig=deadbeef', rest: 'x'.repeat(9_999) }),
		);
		const excerpt = outcome.kind === 'unknown' ? (outcome.problem.excerpt ?? '') : '';
		expect(excerpt).toContain(ID);
		expect(excerpt).not.toContain('deadbeef');
		expect(excerpt.length).toBeLessThan(2_100);
	});

	it('is aborted if the execution was stopped', async () => {
		expect(await create({ kind: 'aborted' })).toEqual({ kind: 'aborted' });
	});

	it.each(Object.values({ ...certainlyNot, ...perhaps }).map(([reply]) => reply))(
		'is never sent twice by the client itself (%#)',
		async (reply) => {
			const { client, requests } = clientOver(reply);
			await client.create('/runway/pro/generate', {});
			expect(requests).toHaveLength(1);
		},
	);
});

describe('The requests', () => {
	const headers = { 'X-Runway-Version': '2024-11-06' };

	it('of a create are a POST of exactly the body to exactly the path', async () => {
		const { client, requests } = clientOver(answer(200, { id: ID }));
		const body = { model: 'gen4_turbo', nested: { seconds: 5 } };
		await client.create('/runway/pro/generate', body);
		// What is under way when the execution is stopped is billed, and only the answer tells its id.
		const timing = { timeoutMs: expect.any(Number), afterStopMs: 10_000 };
		expect(requests).toEqual([{ method: 'POST', path: '/runway/pro/generate', body, headers, ...timing }]);
	});

	it('of the official route are a GET with the id in the path', async () => {
		const { client, requests } = clientOver(answer(200, payload('task-official-running')));
		await client.read(ID, 'official');
		expect(requests).toEqual([
			{ method: 'GET', path: `/runwayml/v1/tasks/${ID}`, headers, timeoutMs: expect.any(Number) },
		]);
	});

	it('of the compatibility route are a POST with the id in the body', async () => {
		const { client, requests } = clientOver(answer(200, payload('task-wrapped-queued')));
		await client.read(ID, 'compatibility');
		expect(requests).toEqual([
			{ method: 'POST', path: '/runway/feed', body: { task_id: ID }, headers, timeoutMs: expect.any(Number) },
		]);
	});

	it.each([
		['../../x', '/runwayml/v1/tasks/..%2F..%2Fx'],
		['a/b?c=d#e', '/runwayml/v1/tasks/a%2Fb%3Fc%3Dd%23e'],
		['a b\r\nHost: evil', '/runwayml/v1/tasks/a%20b%0D%0AHost%3A%20evil'],
		['%2e%2e', '/runwayml/v1/tasks/%252e%252e'],
		['任务', '/runwayml/v1/tasks/%E4%BB%BB%E5%8A%A1'],
	])('keep the id %j within its place in the path', async (taskId, expected) => {
		const { client, requests } = clientOver(answer(200, payload('task-official-running')));
		await client.read(taskId, 'official');
		expect(requests[0]?.path).toBe(expected);
	});

	it.each(['.', '..'])('never leave the route of tasks, even for the id %j', async (taskId) => {
		const { client, requests } = clientOver(answer(200, payload('task-official-running')));
		await client.read(taskId, 'official');
		for (const { path: sent } of requests) {
			expect(new URL(`https://api.example.com${sent}`).pathname).toMatch(/^\/runwayml\/v1\/tasks\/./);
		}
	});

	it('give a create more time than a read, and both as much as was set', async () => {
		const { client, requests } = clientOver(answer(200, { id: ID }));
		await client.create('/runway/pro/generate', {});
		await client.read(ID, 'official');
		const [created = 0, looked = 0] = requests.map(({ timeoutMs }) => timeoutMs);
		expect(looked).toBeGreaterThanOrEqual(10_000);
		expect(created).toBeGreaterThan(looked);

		const sent: ApiRequest[] = [];
		const own = createRunwayClient(
			async (request) => {
				sent.push(request);
				return { kind: 'aborted' };
			},
			{ runwayVersion: '2025-01-01', createTimeoutMs: 7, readTimeoutMs: 3 },
		);
		await own.create('/runway/pro/generate', {});
		await own.read(ID, 'official');
		expect(sent.map(({ timeoutMs, headers: said }) => [timeoutMs, said])).toEqual([
			[7, { 'X-Runway-Version': '2025-01-01' }],
			[3, { 'X-Runway-Version': '2025-01-01' }],
		]);
	});
});

describe('A read', () => {
	it.each(['task-official-running', 'task-wrapped-queued', 'task-feed-flat-minimal', 'task-numeric-2-failed'])(
		'brings the task of %s, whichever route was asked',
		async (name) => {
			for (const api of ['official', 'compatibility'] as const) {
				expect(await read(answer(200, payload(name)), api)).toMatchObject({ kind: 'task', state: { taskId: ID } });
			}
		},
	);

	it.each([
		[400, 'error-task-not-exist-top-level'],
		[404, 'error-task-not-exist-top-level'],
		[500, 'error-task-not-exist-top-level'],
		[400, 'error-task-not-exist-error-envelope'],
		[200, 'error-task-not-exist-status-200'],
		[200, 'task-wrapped-data-null'],
	])('with status %p and the body %s says that the task is not there yet', async (status, name) => {
		expect(await read(answer(status, payload(name)))).toMatchObject({
			kind: 'trouble',
			problem: { reason: 'notVisible' },
			retryAfterMs: null,
		});
	});

	const troubles: Record<string, [ApiAnswer, Reason]> = {
		'a rate limit': [answer(429, payload('error-comet-429')), 'rateLimit'],
		'a request time-out': [answer(408, ''), 'server'],
		...Object.fromEntries(
			[500, 502, 503, 504, 524].map((status): [string, [ApiAnswer, Reason]] => [
				`a ${status}`,
				[answer(status, status === 502 ? HTML : cometError()), 'server'],
			]),
		),
		'a reset connection': [noAnswer('ECONNRESET', true), 'network'],
		'a refused connection': [noAnswer('ECONNREFUSED', false), 'unreachable'],
		'a time-out': [noAnswer('ETIMEDOUT', true), 'network'],
		'a 200 without content': [answer(200, {}), 'unreadable'],
		'a 200 with half a JSON': [answer(200, '{"id":'), 'unreadable'],
		'a page of a proxy in a 200': [answer(200, HTML), 'wrongUrl'],
		'a business error in a 200': [answer(200, payload('error-business-code-http-200')), 'badRequest'],
		'a wrong request': [answer(400, payload('error-comet-400-empty-code')), 'badRequest'],
		'a wrong key': [answer(401, payload('error-comet-401')), 'auth'],
		'a blocked key': [answer(403, cometError()), 'forbidden'],
		'an empty balance': [answer(403, payload('error-task-insufficient-quota')), 'balance'],
		'a 404 without a word of the task': [answer(404, cometError()), 'notVisible'],
		'a wrong method': [answer(405, cometError()), 'notFound'],
		'a page of a protection service': [answer(403, HTML), 'webPage'],
		'a redirect': [answer(301, HTML), 'wrongUrl'],
		'a refusal in the coat of a 500': [answer(500, payload('error-comet-500-invalid-request')), 'badRequest'],
	};

	it.each(Object.entries(troubles))('that meets %s says what it means', async (_, [reply, reason]) => {
		expect(await read(reply)).toMatchObject({ kind: 'trouble', problem: { reason } });
	});

	it('takes an error with an id of its own for no failure of the task', async () => {
		const body = { id: 'req_1', status: 'error', message: 'temporarily unavailable' };
		expect(await read(answer(200, body))).toMatchObject({ kind: 'trouble' });
		expect(await read(answer(200, { ...body, id: ID.toUpperCase() }))).toMatchObject({ kind: 'task' });
	});

	it('is aborted if the execution was stopped', async () => {
		expect(await read({ kind: 'aborted' })).toEqual({ kind: 'aborted' });
	});
});

describe('Retry-After', () => {
	const date = (seconds: number) => new Date(NOW + seconds * 1000).toUTCString();
	const rows: Array<[Record<string, string>, number | null]> = [
		[{}, null],
		[{ 'retry-after': '3' }, 3_000],
		[{ 'retry-after': ' 1.5 ' }, 1_500],
		[{ 'retry-after': '0' }, 0],
		[{ 'retry-after': '3600' }, 60_000],
		[{ 'retry-after': date(20) }, 20_000],
		[{ 'retry-after': date(-20) }, 0],
		[{ 'retry-after': date(86_400) }, 60_000],
		[{ 'retry-after': 'soon' }, null],
		[{ 'retry-after': '' }, null],
		[{ 'retry-after-ms': '250' }, 250],
		[{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
		[{ 'retry-after-ms': '9000000' }, 60_000],
		[{ 'retry-after-ms': '-5' }, 0],
		[{ 'retry-after-ms': 'soon', 'retry-after': '2' }, 2_000],
	];

	it.each(rows)('%j means %p ms for a create', async (headers, retryAfterMs) => {
		expect(await create(answer(429, cometError(), headers))).toMatchObject({
			kind: 'notCreated',
			retryAfterMs,
		});
	});

	it.each(rows)('%j means %p ms for a read, also of a server that is busy', async (headers, retryAfterMs) => {
		for (const status of [429, 503]) {
			expect(await read(answer(status, cometError(), headers))).toMatchObject({ kind: 'trouble', retryAfterMs });
		}
	});
});

describe('Finding the route of a task', () => {
	const task = (status = 'RUNNING'): ReadOutcome => {
		const state = taskState({ taskId: ID, rawStatus: status, raw: {} });
		return { kind: 'task', state };
	};
	const problem = (reason: Reason): Problem => ({
		reason,
		message: 'no',
		status: 400,
		code: null,
		requestId: null,
		excerpt: null,
		fields: [],
	});
	const trouble = (reason: Reason): ReadOutcome => ({ kind: 'trouble', problem: problem(reason), retryAfterMs: null });
	const notVisible = trouble('notVisible');
	const passing = trouble('server');

	/** A client that answers on each route as scripted, and writes down which one was asked. */
	function routes(answers: Record<ApiFamily, ReadOutcome[]>) {
		const asked: ApiFamily[] = [];
		const client: RunwayClient = {
			create: async () => ({ kind: 'aborted' }),
			read: async (_, api) => {
				asked.push(api);
				const own = answers[api];
				return (own.length > 1 ? own.shift() : own[0]) ?? notVisible;
			},
		};
		return { client, asked };
	}

	it.each(['official', 'compatibility'] as const)('asks only the %s route if the user named it', async (api) => {
		const { client, asked } = routes({ official: [notVisible], compatibility: [notVisible] });
		const reader = createTaskReader(client, ID, api);
		expect(await reader.read()).toEqual(notVisible);
		await reader.read();
		expect(asked).toEqual([api, api]);
		expect(reader.api).toBe(api);
	});

	it('asks only one route if the first one knows the task', async () => {
		const { client, asked } = routes({ official: [task()], compatibility: [notVisible] });
		const reader = createTaskReader(client, ID, 'auto');
		for (let look = 0; look < 3; look += 1) expect(await reader.read()).toEqual(task());
		expect(asked).toEqual(['official', 'official', 'official']);
	});

	it('asks first the route that the item speaks of', async () => {
		const { client, asked } = routes({ official: [notVisible], compatibility: [task()] });
		const reader = createTaskReader(client, ID, 'auto', 'compatibility');
		await reader.read();
		expect(asked).toEqual(['compatibility']);
		expect(reader.api).toBe('compatibility');
	});

	it.each([notVisible, trouble('notFound'), trouble('badRequest')])(
		'goes over to the other route for good if the first does not know the id (%#)',
		async (unknown) => {
			const { client, asked } = routes({ official: [unknown], compatibility: [task()] });
			const reader = createTaskReader(client, ID, 'auto');
			expect(await reader.read()).toEqual(task());
			await reader.read();
			await reader.read();
			expect(asked).toEqual(['official', 'compatibility', 'compatibility', 'compatibility']);
			expect(reader.api).toBe('compatibility');
		},
	);

	it('stays with a route that has known the task, also when the task vanishes', async () => {
		const { client, asked } = routes({ official: [task(), notVisible], compatibility: [task()] });
		const reader = createTaskReader(client, ID, 'auto');
		await reader.read();
		expect(await reader.read()).toEqual(notVisible);
		expect(asked).toEqual(['official', 'official']);
	});

	it('continues with both routes until one of them knows a fresh task', async () => {
		const { client, asked } = routes({ official: [notVisible], compatibility: [notVisible, notVisible, task()] });
		const reader = createTaskReader(client, ID, 'auto');
		expect([await reader.read(), await reader.read(), await reader.read()]).toEqual([notVisible, notVisible, task()]);
		expect(asked).toHaveLength(6);
	});

	it.each([passing, trouble('auth'), { kind: 'aborted' } as const])(
		'does not ask the other route for a fault that is not about the id (%#)',
		async (fault) => {
			const { client, asked } = routes({ official: [fault], compatibility: [task()] });
			expect(await createTaskReader(client, ID, 'auto').read()).toEqual(fault);
			expect(asked).toEqual(['official']);
		},
	);

	it('reports the fault of the second route if the first does not know the id', async () => {
		const { client } = routes({ official: [notVisible], compatibility: [passing] });
		expect(await createTaskReader(client, ID, 'auto').read()).toEqual(passing);
	});

	it.each([trouble('notFound'), trouble('badRequest')])(
		'has patience with a fresh task if one route refuses the id and the other does not know it yet (%#)',
		async (refusal) => {
			const { client } = routes({ official: [refusal], compatibility: [notVisible, task()] });
			const reader = createTaskReader(client, ID, 'auto');
			expect(await reader.read()).toEqual(notVisible);
			expect(await reader.read()).toEqual(task());
		},
	);
});

describe('Secrets', () => {
	const key = 'sk-AbCdEf0123456789AbCdEf0123456789';
	const rows: Array<[text: string, secret: string]> = [
		[`invalid key ${key} given`, 'AbCdEf'],
		[`{"apiKey":"${key}"}`, 'AbCdEf'],
		[`SK-${key.slice(3)}`, 'AbCdEf'],
		[`sk-proj-abc_def-123456`, 'abc_def'],
		[`Authorization: Bearer ${key}`, 'AbCdEf'],
		['Authorization: Bearer abc.def/ghi==', 'abc.def'],
		['headers: {"authorization":"bearer s3cret"}', 's3cret'],
		['GET https://query.cometapi.com/user/quota?key=plainkey12345 failed', 'plainkey'],
		['GET HTTPS://QUERY.COMETAPI.COM/user/quota?start_date=2026-05-01&key=plainkey', 'plainkey'],
		['https://cdn.example.com/a/b.mp4?_jwt=eyJleHAiOjE3Nzc5OTk5OTl9.sig expired', 'eyJ'],
		['<https://cdn.example.com/b.mp4?X-Amz-Signature=deadbeef&X-Amz-Date=1>', 'deadbeef'],
		['two: https://a.example/x?one=1 and "https://b.example/y?two=2"', 'two=2'],
		['connect https://user:passw0rd@proxy.example.com:8080 failed', 'passw0rd'],
		['connect https://user:p@ssw0rd@proxy.example.com failed', 'ssw0rd'],
		['https://user@host.example/x?key=a@b', 'key=a'],
	];

	it.each(rows)('do not survive in %j', (text, secret) => {
		const clean = redact(text);
		expect(clean.toLowerCase()).not.toContain(secret.toLowerCase());
		expect(redact(clean)).toBe(clean);
	});

	it.each([
		'the prompt must have at most 512 characters',
		'https://api.cometapi.com/runway/feed answered 503',
		'ask-me-anything and task-force are words; is this right?',
		'what? https://example.com/a',
		'the address me@example.com is fine',
	])('are not seen in %j, which stays as it is', (text) => {
		expect(redact(text)).toBe(text);
	});

	it('leave enough of a URL to know which one it was', () => {
		expect(redact('https://user:pw@cdn.example.com/runway/a.mp4?_jwt=x failed')).toMatch(
			/cdn\.example\.com\/runway\/a\.mp4\S* failed$/,
		);
	});

	it('do not reach the words of a problem', async () => {
		const message = `key ${key} may not read https://cdn.example.com/a.png?sig=deadbeef`;
		for (const outcome of [
			await create(answer(400, { error: { message } })),
			await create({ kind: 'noResponse', mayHaveArrived: true, code: null, message }),
			await read(answer(503, message)),
		]) {
			expect(JSON.stringify(outcome)).not.toMatch(/AbCdEf|deadbeef/);
		}
	});

	it.each([
		['many addresses', 'https://'],
		['many keys', 'sk-'],
		['many bearers', 'Bearer '],
		['user info without end', 'https://a:'],
		['nothing but letters', 'a'],
	])('are looked for quickly in a huge answer of %s', async (_, piece) => {
		const said = answer(400, { error: { message: piece.repeat(Math.ceil(100_000 / piece.length)) } });
		const creating = async () => {
			const outcome = await create(said);
			expect(outcome.kind === 'notCreated' && outcome.problem.message.length).toBeLessThan(1_000);
		};
		expect(await cpuMsOf(creating)).toBeLessThan(ONE_PASS_MS);
	});
});

describe('The words for a problem', () => {
	const reasons: Record<Reason, RegExp> = {
		badRequest: /refused/i,
		expired: /file.*expired/i,
		notAFile: /not a file/i,
		auth: /key/i,
		forbidden: /not allow/i,
		balance: /balance/i,
		rateLimit: /too many/i,
		wrongUrl: /base URL/i,
		notFound: /endpoint/i,
		notVisible: /not know the task/i,
		tooLarge: /too large/i,
		server: /unavailable/i,
		unreadable: /does not understand/i,
		network: /broke|in time/i,
		unreachable: /reach/i,
		dailyCap: /daily/i,
		keyExpired: /key has expired/i,
		keyUsedUp: /limit of the API key/i,
		keyDisabled: /disabled/i,
		modelNotAllowed: /may not use this model/i,
		modelUnavailable: /does not serve this model/i,
		webPage: /web page/i,
	};

	const teapot = {
		message: 'the own words of the API',
		status: 418,
		code: 'teapot_error',
		requestId: 'req-42',
		excerpt: null,
		fields: [],
	};

	it.each(Object.entries(reasons))('%s say what happened and what to do', (reason, expected) => {
		for (const wanted of ['create', 'read', 'account'] as const) {
			const { message, advice } = explain({ ...teapot, reason: reason as Reason }, wanted);
			expect(message).toMatch(expected);
			expect(message).toContain('the own words of the API');
			expect(advice).toMatch(/^[A-Z].{20,}\./);
			expect(advice).toContain('(HTTP 418, code teapot_error, request ID req-42)');
		}
	});

	it.each(Object.keys(reasons))('%s never invite to buy again what exists', (reason) => {
		expect(explain({ ...teapot, reason: reason as Reason }, 'read').advice).not.toMatch(
			/run (the node |it )?again|run again/i,
		);
	});

	it.each(['keyExpired', 'keyUsedUp', 'balance', 'modelNotAllowed', 'dailyCap', 'forbidden'] as const)(
		'%s do not call the key wrong',
		(reason) => {
			const { message, advice } = explain({ ...teapot, reason }, 'create');
			expect(`${message} ${advice}`).not.toMatch(/valid key|does not accept/i);
		},
	);

	it('name the fields that were refused, with the words about each', () => {
		const fields = [
			{ path: '"Ratio"', message: 'expected one of 1280:720, 720:1280' },
			{ path: '"Duration (Seconds)"', message: 'must be 5 or 10' },
		];
		const { message } = explain({ ...teapot, reason: 'badRequest', fields }, 'create');
		expect(message).toContain('"Ratio": expected one of 1280:720, 720:1280; "Duration (Seconds)": must be 5 or 10');
	});

	it('leave out the evidence that there is not', () => {
		const { advice } = explain({ ...teapot, reason: 'network', status: null, code: null, requestId: null }, 'read');
		expect(advice).not.toMatch(/[()]|null|undefined/);
	});

	it('carry the id of the request, from the message or from the header', async () => {
		const said = await create(answer(400, payload('error-comet-400-empty-code')));
		expect(said).toMatchObject({
			problem: { requestId: '2026050416152241783012AbCdEf', message: 'ratio must not be empty' },
		});
		const inHeader = await create(answer(500, '', { 'x-request-id': 'abc-1' }));
		expect(inHeader).toMatchObject({ problem: { requestId: 'abc-1' } });
	});

	it.each([
		[301, '', /redirect/],
		[200, HTML, /web page/],
		[503, '', /HTTP 503/],
		[503, 'upstream connect error', /upstream connect error/],
		[200, {}, /documented/],
	])('are found for HTTP %p with the body %j', async (status, body, expected) => {
		const outcome = await create(answer(status, body));
		expect(outcome.kind === 'created' || outcome.kind === 'aborted' ? '' : outcome.problem.message).toMatch(expected);
	});
});
