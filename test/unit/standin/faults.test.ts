import * as http from 'node:http';
import { gunzipSync } from 'node:zlib';
import type * as standIn from '../../support/standin';
import type { Json } from './harness';
import { bodies, call, create, finishedUrl, paths, read, start, task, until, usual } from './harness';

describe('faults', () => {
	it.each(['refuse', 'reset-before', 'reset-after'] as const)('%s cuts the connection', async (kind) => {
		const api = await start();
		const fault = api.fault({ on: 'create', kind });
		await expect(create(api, 'imageToVideo')).rejects.toThrow();
		expect(fault.used).toBe(1);
		expect(api.tasks.size).toBe(kind === 'reset-after' ? 1 : 0);
		expect(api.creates[0]).toMatchObject({ status: 0, fault: kind });
		expect([...api.tasks.values()][0]?.fault).toBe(kind === 'reset-after' ? kind : undefined);
		expect((await create(api, 'imageToVideo')).status).toBe(200);
	});

	it.each(['timeout', 'timeout-after'] as const)('%s never answers', async (kind) => {
		const api = await start();
		const fault = api.fault({ on: 'create', kind });
		const patience = new AbortController();
		const request = fetch(api.url + paths.actOne, {
			method: 'POST',
			headers: { ...usual, 'Content-Type': 'application/json' },
			body: JSON.stringify(bodies.actOne),
			signal: patience.signal,
		});
		const unanswered = expect(request).rejects.toThrow(/timeout/);
		// A busy machine takes its time to send the request, so the patience begins when it has come.
		await until(() => fault.used === 1);
		setTimeout(() => patience.abort(new Error('timeout')), 60);
		await unanswered;
		expect(api.tasks.size).toBe(kind === 'timeout-after' ? 1 : 0);
		await until(() => api.creates[0]?.endedAt !== undefined);
	});

	it('answers that are none: redirect, HTML, cut, foreign or empty JSON', async () => {
		const api = await start();
		const meet = async (fault: Omit<standIn.Fault, 'on'>) => {
			api.fault({ on: 'create', ...fault });
			return await create(api, 'imageToVideo');
		};
		const redirect = await meet({ kind: 'redirect', location: 'https://elsewhere.example/x', status: 302 });
		expect([redirect.status, redirect.headers.get('location')]).toEqual([302, 'https://elsewhere.example/x']);
		expect(await meet({ kind: 'html' })).toMatchObject({
			status: 200,
			text: expect.stringMatching(/^<!DOCTYPE html>/),
		});
		const moved = await meet({ kind: 'html-301' });
		expect([moved.status, moved.headers.get('location')]).toEqual([301, null]);
		expect(api.tasks.size).toBe(0);
		expect((await meet({ kind: 'wrong-json' })).json).toEqual({ ok: true, result: 'accepted' });
		expect((await meet({ kind: 'empty-object' })).json).toEqual({});
		await expect(meet({ kind: 'truncated-json' })).rejects.toThrow(/terminated/);
		await expect(meet({ kind: 'truncated-json', length: 'honest' })).rejects.toThrow(/JSON/);
		expect(api.tasks.size).toBe(4);
	});

	it('errors in every envelope', async () => {
		const api = await start();
		const meet = async (fault: Omit<standIn.Fault, 'on'>) => {
			api.fault({ on: 'any', ...fault });
			const { status, json, headers } = await create(api, 'actOne');
			return [status, json, headers.get('retry-after')];
		};
		for (const status of [400, 401, 403, 404, 413, 429, 500, 502, 503, 504, 524]) {
			expect(await meet({ kind: 'status', status })).toEqual([
				status,
				{ error: expect.objectContaining({ type: 'comet_api_error' }) },
				null,
			]);
		}
		expect(await meet({ kind: 'status', status: 429, retryAfter: 7 })).toEqual([429, expect.anything(), '7']);
		expect(await meet({ kind: 'status', shape: 'E2', message: 'm' })).toEqual([
			503,
			{ code: 'fail_to_fetch_task', message: 'm', data: null },
			null,
		]);
		expect(await meet({ kind: 'status', status: 400, shape: 'E5', message: 'm' })).toEqual([400, { error: 'm' }, null]);
		expect(await meet({ kind: 'invalid-request' })).toEqual([
			500,
			{ error: expect.objectContaining({ code: 'invalid_request' }) },
			null,
		]);
		expect(await meet({ kind: 'business' })).toEqual([
			200,
			expect.objectContaining({ code: 400, msg: expect.any(String), data: null }),
			null,
		]);
		expect(await meet({ kind: 'insufficient-quota' })).toEqual([
			403,
			expect.objectContaining({ code: 'insufficient_user_quota' }),
			null,
		]);
		expect(await meet({ kind: 'saturated', retryAfter: 1 })).toEqual([
			429,
			expect.objectContaining({ code: 'fail_to_fetch_task' }),
			'1',
		]);
		expect(api.tasks.size).toBe(0);
		await meet({ kind: 'status', status: 502, created: true });
		expect(api.tasks.size).toBe(1);
	});

	it.each<[standIn.FaultKind, number, string, string, { english: string; code?: string }]>([
		['key-wrong', 401, '无效的令牌', '', { english: 'invalid token' }],
		[
			'key-used-up',
			401,
			'该令牌额度已用尽 TokenStatusExhausted[sk-7c1***3aa]',
			'',
			{ english: 'The quota of this token is used up', code: 'TokenStatusExhausted' },
		],
		['key-expired', 401, '该令牌已过期', '', { english: 'This token has expired' }],
		['key-disabled', 401, '该令牌状态不可用', '', { english: 'The status of this token is unavailable' }],
		[
			'account-empty',
			403,
			'用户额度不足, 剩余额度: $0.012000',
			'insufficient_user_quota',
			{ english: 'The user quota is not enough', code: 'insufficient_user_quota' },
		],
		[
			'prepayment-failed',
			403,
			'预扣费额度失败',
			'pre_consume_token_quota_failed',
			{ english: 'could not be reserved', code: 'pre_consume_token_quota_failed' },
		],
		['quota-not-enough', 403, '额度不足', 'quota_not_enough', { english: 'The quota', code: 'quota_not_enough' }],
		['model-not-allowed', 403, '该令牌无权访问模型 gen4_turbo', '', { english: 'no access to model gen4_turbo' }],
		[
			'no-channel',
			503,
			'模型 gen4_turbo 无可用渠道（distributor）',
			'model_not_found',
			{ english: 'No available channel for model gen4_turbo', code: 'model_not_found' },
		],
	])('%s is said in Chinese, in English and by code', async (kind, status, chinese, code, { english, code: alone }) => {
		const api = await start();
		const meet = async (fault: Partial<standIn.Fault>) => {
			api.fault({ on: 'create', kind, ...fault });
			const answer = await create(api, 'imageToVideo');
			return [answer.status, answer.json.error as Json] as const;
		};
		const saying = (words: string, given: string) => [
			status,
			{ message: expect.stringContaining(words), type: 'comet_api_error', param: '', code: given },
		];
		expect(await meet({})).toEqual(saying(chinese, code));
		expect(await meet({ words: 'english' })).toEqual(saying(english, code));
		expect(await meet({ words: 'code' })).toEqual(saying(alone ?? english.slice(0, 12), alone ?? ''));
		expect(await meet({ message: 'other words' })).toEqual(saying('other words', code));
		api.fault({ on: 'create', kind, shape: 'E2', code: 'x' });
		expect((await create(api, 'imageToVideo')).json).toEqual({ code: 'x', message: expect.any(String), data: null });
		expect(api.tasks.size).toBe(0);
	});

	it('strike creates, reads and the balance: once, three times, for good, or the n-th read alone', async () => {
		const api = await start();
		const one = await task(api);
		const ask: Record<'create' | 'read' | 'quota', () => Promise<{ status: number }>> = {
			create: async () => await create(api, 'imageToVideo'),
			read: async () => await read(api, one),
			quota: async () => await call(api, 'GET', `/user/quota?key=${api.apiKey}`, undefined, {}),
		};
		const kinds: Array<[standIn.FaultKind, number]> = [
			['key-expired', 401],
			['protection-page', 403],
			['daily-cap', 429],
		];
		const ok = 200;
		for (const on of ['create', 'read', 'quota'] as const) {
			const five = async () => {
				const statuses: number[] = [];
				for (let turn = 0; turn < 5; turn += 1) statuses.push((await ask[on]()).status);
				return statuses;
			};
			for (const [kind, no] of kinds) {
				api.fault({ on, kind });
				expect(await five()).toEqual([no, ok, ok, ok, ok]);
				api.fault({ on, kind, times: 3 });
				expect(await five()).toEqual([no, no, no, ok, ok]);
				const forGood = api.fault({ on, kind, times: Infinity });
				expect(await five()).toEqual([no, no, no, no, no]);
				forGood.clear();
				api.fault({ on, kind, skip: 3 });
				expect(await five()).toEqual([ok, ok, ok, no, ok]);
			}
		}
	});

	it('pages and plain words in the place of JSON', async () => {
		const api = await start();
		const one = await task(api);
		const meet = async (fault: Omit<standIn.Fault, 'on'>) => {
			api.fault({ on: 'read', ...fault });
			const { status, text, headers } = await read(api, one);
			return [status, headers.get('content-type'), text];
		};
		const text = 'text/plain; charset=utf-8';
		expect(await meet({ kind: 'protection-page' })).toEqual([
			403,
			'text/html; charset=UTF-8',
			expect.stringContaining('<title>Just a moment...</title>'),
		]);
		expect(await meet({ kind: 'status', status: 404, shape: 'text' })).toEqual([404, text, '404 page not found']);
		expect(await meet({ kind: 'status', status: 400, shape: 'text' })).toEqual([400, text, '400 Bad Request']);
		expect(await meet({ kind: 'status', status: 502, shape: 'text' })).toEqual([502, text, 'error code: 502']);
		expect(await meet({ kind: 'redirect', status: 302 })).toEqual([302, 'text/html', expect.any(String)]);
	});

	it('refusals with the fields named, in each form in which they come', async () => {
		const api = await start();
		const issue = { code: 'too_big', path: ['options', 'seconds'], message: 'Too big' } as const;
		const meet = async (fault: Partial<standIn.Fault>) => {
			api.fault({ on: 'create', kind: 'status', ...fault });
			const { status, json } = await create(api, 'imageToVideo');
			return [status, json];
		};
		const body = (issues: unknown) => ({
			error: 'Validation of body failed',
			issues,
			docUrl: 'https://docs.dev.runwayml.com/api',
		});
		expect(await meet({ shape: 'issues', issues: [issue, issue] })).toEqual([400, body([issue, issue])]);
		const usualIssue = { code: 'invalid_value', path: ['ratio'], message: expect.stringContaining('"1280:720"') };
		expect(await meet({ shape: 'issues' })).toEqual([400, body([usualIssue])]);
		expect(await meet({ shape: 'issues', message: 'said' })).toEqual([400, body([{ ...usualIssue, message: 'said' }])]);
		expect(await meet({ shape: 'detail', issues: [issue] })).toEqual([
			422,
			{ detail: [{ loc: ['body', 'options', 'seconds'], msg: 'Too big', type: 'too_big' }] },
		]);
		const packed = JSON.stringify(body([issue]));
		expect(await meet({ shape: 'packed-E2', issues: [issue] })).toEqual([
			400,
			{ code: 'fail_to_fetch_task', message: packed, data: null },
		]);
		expect(await meet({ shape: 'packed-E1', issues: [issue], status: 500 })).toEqual([
			500,
			{ error: expect.objectContaining({ message: expect.stringContaining(packed) }) },
		]);
	});

	it('a daily cap is said in words of Runway', async () => {
		const api = await start();
		api.fault({ on: 'create', kind: 'daily-cap' });
		const { status, json } = await create(api, 'upscale');
		expect([status, json]).toEqual([429, { error: expect.stringContaining('daily task limit') }]);
	});

	it('are met in order, on the requests named, as often as said, until cleared', async () => {
		const api = await start();
		const one = await task(api);
		const status = async () => (await read(api, one)).status;
		api.fault({ on: 'read', kind: 'status', status: 502, skip: 1, times: 2 });
		api.fault({ on: 'read', kind: 'status', status: 503, times: 1, skip: 1 });
		expect([await status(), await status(), await status(), await status(), await status()]).toEqual([
			200, 502, 502, 503, 200,
		]);
		const endless = api.fault({ on: /^GET .*\/tasks\//g, kind: 'status', status: 500, times: Infinity });
		expect([await status(), await status(), await status()]).toEqual([500, 500, 500]);
		expect((await create(api, 'upscale')).status).toBe(200);
		endless.clear();
		expect([await status(), endless.used]).toEqual([200, 3]);
		api.fault({
			on: 'create',
			kind: 'saturated',
			match: ({ body }) => (body as Json).model === 'gen3a_turbo',
		});
		expect((await create(api, 'imageToVideo')).status).toBe(200);
		expect((await create(api, 'imageToVideo', { model: 'gen3a_turbo' })).status).toBe(429);
	});

	it('wait for a create that is accepted if they hide its answer', async () => {
		const api = await start();
		const fault = api.fault({ on: 'create', kind: 'reset-after' });
		expect((await create(api, 'imageToVideo', { ratio: 'wide' })).status).toBe(400);
		expect([fault.used, api.creates[0]?.fault]).toEqual([0, undefined]);
		await expect(create(api, 'imageToVideo')).rejects.toThrow();
		expect([fault.used, api.tasks.size]).toEqual([1, 1]);
	});

	it('slow comes on top of what else happens', async () => {
		const api = await start();
		api.fault({ on: 'create', kind: 'slow', ms: 60 });
		api.fault({ on: 'create', kind: 'saturated' });
		expect((await create(api, 'actOne')).status).toBe(429);
		const [request] = api.creates;
		await until(() => request?.endedAt !== undefined);
		expect((request?.endedAt ?? 0) - (request?.at ?? 0)).toBeGreaterThanOrEqual(55);
	});

	it('spoil downloads', async () => {
		const api = await start();
		const url = await finishedUrl(api);
		const size = api.assetBytes('video').length;
		const meet = async (fault: Omit<standIn.Fault, 'on'>, patienceMs = 3000) => {
			api.fault({ on: 'asset', ...fault });
			return await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(patienceMs) });
		};
		const cut = await meet({ kind: 'truncated' });
		expect(cut.headers.get('content-length')).toBe(String(size));
		await expect(cut.arrayBuffer()).rejects.toThrow();
		const overstated = await meet({ kind: 'wrong-length' });
		expect(overstated.headers.get('content-length')).toBe(String(size + 1000));
		await expect(overstated.arrayBuffer()).rejects.toThrow();
		await expect((await meet({ kind: 'stall' }, 150)).arrayBuffer()).rejects.toThrow(/timeout/);
		const endless = await meet({ kind: 'endless' }, 250);
		expect(endless.headers.get('content-length')).toBeNull();
		await expect(endless.arrayBuffer()).rejects.toThrow(/timeout/);
		expect(api.downloads.at(-1)?.bytesSent).toBeGreaterThan(size * 2);
		expect((await meet({ kind: 'wrong-type' })).headers.get('content-type')).toBe('application/octet-stream');
		expect((await meet({ kind: 'wrong-type', type: 'text/html' })).headers.get('content-type')).toBe('text/html');
		expect((await meet({ kind: 'html' })).headers.get('content-type')).toMatch(/^text\/html/);
		expect((await meet({ kind: 'status', status: 503 })).status).toBe(503);
		expect((await meet({ kind: 'redirect', location: '/docs' })).status).toBe(301);
		await expect(meet({ kind: 'reset-before' })).rejects.toThrow();
		expect((await fetch(url)).status).toBe(200);
	});

	it('put something else in the place of a file', async () => {
		const api = await start();
		const url = await finishedUrl(api);
		const meet = async (kind: standIn.DisguiseKind) => {
			api.fault({ on: 'asset', kind });
			return await new Promise<{ status?: number; headers: http.IncomingHttpHeaders; body: Buffer }>(
				(resolve, reject) => {
					http
						.get(url, { headers: { 'Accept-Encoding': 'identity' } }, (response) => {
							const chunks: Buffer[] = [];
							response.on('data', (chunk: Buffer) => chunks.push(chunk));
							response.on('end', () => {
								const { statusCode: status, headers } = response;
								resolve({ status, headers, body: Buffer.concat(chunks) });
							});
						})
						.on('error', reject);
				},
			);
		};
		const video = api.assetBytes('video');
		const empty = await meet('empty-file');
		expect([empty.status, empty.headers['content-length'], empty.headers['content-type']]).toEqual([
			200,
			'0',
			'video/mp4',
		]);
		expect(empty.body).toHaveLength(0);
		const nothing = await meet('no-content');
		expect([nothing.status, nothing.body.length]).toEqual([204, 0]);
		const page = await meet('html-file');
		expect([page.status, page.headers['content-type']]).toEqual([200, 'video/mp4']);
		expect(page.body.toString()).toMatch(/^<!DOCTYPE html>/);
		const xml = await meet('xml-file');
		expect([xml.status, xml.headers['content-type']]).toEqual([200, 'application/octet-stream']);
		expect(xml.body.toString()).toMatch(/^<\?xml.*<Code>NoSuchKey<\/Code>/s);
		const zipped = await meet('gzip-file');
		expect([zipped.status, zipped.headers['content-encoding']]).toEqual([200, 'gzip']);
		expect(gunzipSync(zipped.body).equals(video)).toBe(true);
		const picture = await meet('picture-file');
		expect([picture.headers['content-type'], url]).toEqual(['video/mp4', expect.stringContaining('/video.mp4?')]);
		expect(picture.body.equals(api.assetBytes('image'))).toBe(true);
		expect((await fetch(url)).headers.get('content-length')).toBe(String(video.length));
	});
});
