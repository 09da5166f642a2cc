import type { Json } from './harness';
import { start, call, bodies, create, task, read, finishedUrl, stopClock, until } from './harness';

describe('account routes and the rest', () => {
	it('list models for the key, the catalog for anyone, and the balance by the key in the query', async () => {
		const api = await start();
		expect((await call(api, 'GET', '/v1/models', undefined, {})).status).toBe(401);
		expect((await call(api, 'GET', '/v1/models')).json).toMatchObject({
			object: 'list',
			data: expect.any(Array),
		});
		expect((await call(api, 'GET', '/api/models', undefined, {})).json).toMatchObject({
			success: true,
			total: 2,
		});
		const quota = async (query: string) => await call(api, 'GET', `/user/quota${query}`, undefined, {});
		const before = (await quota(`?key=${api.apiKey}`)).json;
		expect(before).toMatchObject({
			username: 'studio-north',
			keys: [{ remain_quota: -1 }, { name: 'capped' }],
		});
		expect(before).not.toHaveProperty('daily_quota');
		await task(api);
		expect((await quota(`?key=${api.apiKey}`)).json.total_quota).toBeCloseTo((before.total_quota as number) - 0.32);
		const daily = await quota(`?key=${api.apiKey}&start_date=2026-05-03&end_date=2026-05-04`);
		expect(Object.keys(daily.json.daily_quota as Json)).toEqual(['2026-05-03', '2026-05-04']);
		const refused = [await quota(''), await quota('?key=sk-other'), await quota(`?key=${api.apiKey}&start_date=May`)];
		expect(refused.map(({ status }) => status)).toEqual([400, 401, 400]);
		expect(api.requests.map(({ route }) => route)).toEqual(expect.arrayContaining(['models', 'catalog', 'quota']));
	});

	it('tell the state of the key to whoever has it, in internal units', async () => {
		const api = await start({ keyUsage: { expires_at: 1_700_000_000 } });
		expect((await call(api, 'GET', '/api/usage/token', undefined, {})).status).toBe(401);
		const state = async () => (await call(api, 'GET', '/api/usage/token')).json;
		const before = await state();
		expect(before).toMatchObject({ code: true, data: { name: 'n8n', total_used: 0, expires_at: 1_700_000_000 } });
		await task(api);
		expect(await state()).toMatchObject({ data: { total_used: 160_000, total_available: 4_840_000 } });
		api.fault({ on: 'keyUsage', kind: 'status', status: 404 });
		expect((await call(api, 'GET', '/api/usage/token')).status).toBe(404);
	});

	it("list the account's tasks for its access token, the newest first and page by page", async () => {
		const api = await start();
		const list = async (query = '', headers: Record<string, string> = { Authorization: api.accessToken }) =>
			await call(api, 'GET', `/api/task/self${query}`, undefined, headers);
		const idsIn = ({ json }: Awaited<ReturnType<typeof list>>) =>
			((json.data as Json).items as Json[]).map(({ task_id }) => task_id);
		const [first, second, third] = [await task(api), await task(api, 'restyle'), await task(api, 'upscale')];
		api.finish(first.id);
		Object.assign(first, { createdAt: first.createdAt - 60_000 });

		const all = await list();
		expect(idsIn(all)).toEqual([third.id, second.id, first.id]);
		expect(all.json).toMatchObject({ success: true, message: '', data: { page: 1, page_size: 10, total: 3 } });
		expect(((all.json.data as Json).items as Json[])[2]).toMatchObject({
			id: expect.any(Number),
			platform: 'runway',
			action: 'IMAGE_TO_VIDEO',
			status: 'SUCCESS',
			submit_time: Math.floor(first.createdAt / 1000),
			quota: expect.any(Number),
			properties: { input: bodies.imageToVideo.promptText },
		});
		expect(idsIn(await list('?p=2&page_size=2'))).toEqual([first.id]);
		const after = Math.floor(first.createdAt / 1000) + 30;
		expect(idsIn(await list(`?start_timestamp=${after}`))).toEqual([third.id, second.id]);
		expect(idsIn(await list(`?end_timestamp=${after}`))).toEqual([first.id]);
		expect(idsIn(await list(`?task_id=${second.id}`))).toEqual([second.id]);
		expect(idsIn(await list('?status=SUCCESS'))).toEqual([first.id]);

		expect((await list('', { Authorization: `Bearer ${api.accessToken}`, 'New-Api-User': '17' })).status).toBe(200);
		const wrong: Array<Record<string, string>> = [
			{},
			{ Authorization: `Bearer ${api.apiKey}` },
			{ Authorization: api.accessToken, 'New-Api-User': '18' },
		];
		for (const headers of wrong) {
			expect(await list('', headers)).toMatchObject({ status: 401, json: { success: false } });
		}
		api.settings.userIdRequired = true;
		expect((await list()).status).toBe(401);
		api.fault({ on: 'taskList', kind: 'status', status: 404 });
		expect((await list('', { Authorization: api.accessToken, 'New-Api-User': '17' })).status).toBe(404);
	});

	it('lead a wrong path to the documentation, and refuse a wrong method', async () => {
		const api = await start();
		const wrong = await call(api, 'POST', '/v1/runwayml/v1/image_to_video', bodies.imageToVideo);
		expect([wrong.status, wrong.headers.get('location'), wrong.headers.get('content-type')]).toEqual([
			301,
			'/docs',
			'text/html',
		]);
		const docs = await call(api, 'GET', '/docs', undefined, {});
		expect([docs.status, docs.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
		expect((await call(api, 'GET', '/runway/feed')).status).toBe(405);
	});

	it('answer 429 beyond the rate limit', async () => {
		stopClock();
		const api = await start({ rateLimit: { perSecond: 2, retryAfter: 3 } });
		const answers = [await create(api, 'actOne'), await create(api, 'actOne'), await create(api, 'actOne')];
		expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
		expect(answers[2]?.headers.get('retry-after')).toBe('3');
		expect(api.tasks.size).toBe(2);
		api.settings.rateLimit = { perSecond: 2 };
		expect((await create(api, 'actOne')).headers.get('retry-after')).toBeNull();
	});

	it('wait the latency set, and count requests in flight', async () => {
		const api = await start({ latencyMs: 80 });
		const began = Date.now();
		await Promise.all(['a', 'b', 'c'].map(async (id) => await read(api, id)));
		expect(Date.now() - began).toBeGreaterThanOrEqual(75);
		expect(api.peakInFlight).toBe(3);
	});

	it('log neither the key nor a signature', async () => {
		const lines: string[] = [];
		const api = await start({ log: (line) => lines.push(line) });
		const url = await finishedUrl(api);
		await fetch(url);
		await call(api, 'GET', `/user/quota?key=${api.apiKey}`, undefined, {});
		await until(() => lines.length === 4);
		expect(lines.join('\n')).not.toMatch(/sk-|_jwt/);
		expect(lines[0]).toMatch(/^POST \/runwayml\/v1\/image_to_video 200 \d+ ms [-\w]{36}$/);
	});

	it('forget everything on reset, and go back to the settings of the start', async () => {
		const api = await start({ renderMs: 10, callbacks: { times: 2 } });
		const { settings } = api;
		api.settings.renderMs = 5000;
		api.settings.callbacks.times = 9;
		api.settings.envelope = 'wrapped';
		const fault = api.fault({ on: 'any', kind: 'saturated', times: Infinity });
		await create(api, 'actOne');
		api.reset();
		expect(api.settings).toBe(settings);
		expect(api.settings).toMatchObject({
			renderMs: 10,
			envelope: {},
			callbacks: { times: 2, enabled: true },
		});
		expect((await create(api, 'actOne')).status).toBe(200);
		expect([api.requests.length, api.tasks.size, fault.used]).toEqual([1, 1, 1]);
	});

	it('close without waiting for the answers that are under way', async () => {
		const api = await start({ assetBytes: 1_000_000_000, assetBytesPerSecond: 100_000 });
		const url = await finishedUrl(api);
		api.fault({ on: 'create', kind: 'timeout' });
		api.fault({ on: 'read', kind: 'slow', ms: 600_000 });
		const open = [
			fetch(url).then(async (response) => await response.arrayBuffer()),
			create(api, 'actOne'),
			read(api, 'x'),
		].map(async (request) => await expect(request).rejects.toThrow());
		await until(() => api.requests.length === 5);
		await api.close();
		await Promise.all(open);
		await expect(fetch(api.url)).rejects.toThrow();
	});
});
