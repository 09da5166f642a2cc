import { createHash } from 'node:crypto';
import * as http from 'node:http';
import { call, finishedUrl, put, read, start, task, until, usual } from './harness';

describe('assets', () => {
	const get = async (url: string, headers: Record<string, string> = {}, method = 'GET') => {
		const response = await fetch(url, { method, headers, redirect: 'manual' });
		return {
			status: response.status,
			headers: response.headers,
			bytes: Buffer.from(await response.arrayBuffer()),
		};
	};

	it('come byte for byte, with type, length and validator', async () => {
		const api = await start();
		const { status, headers, bytes } = await get(await finishedUrl(api));
		expect(status).toBe(200);
		expect(bytes.equals(api.assetBytes('video'))).toBe(true);
		expect(bytes.subarray(4, 8).toString()).toBe('ftyp');
		expect(headers.get('content-type')).toBe('video/mp4');
		expect(headers.get('content-length')).toBe(String(bytes.length));
		expect(headers.get('accept-ranges')).toBe('bytes');
		expect(headers.get('etag')).toMatch(/^"[-\w]+"$/);
		expect(createHash('sha256').update(bytes).digest('hex')).toBe(api.videoDigest());
		const image = await task(api, 'textToImage');
		api.finish(image.id);
		const picture = await get(((await read(api, image)).json.output as string[])[0] ?? '');
		expect(picture.bytes.equals(api.assetBytes('image'))).toBe(true);
		expect(picture.headers.get('content-type')).toBe('image/png');
		expect(api.downloads.map(({ taskId, status: code }) => [taskId, code])).toEqual([
			[[...api.tasks.keys()][0], 200],
			[image.id, 200],
		]);
	});

	it('answer ranges, and only those that can be', async () => {
		const api = await start();
		const url = await finishedUrl(api);
		const whole = api.assetBytes('video');
		const range = async (value: string, more: Record<string, string> = {}) => await get(url, { Range: value, ...more });
		const part = await range('bytes=100-199');
		expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 100-199/${whole.length}`]);
		expect(part.bytes.equals(whole.subarray(100, 200))).toBe(true);
		expect((await range(`bytes=${whole.length - 10}-`)).bytes.equals(whole.subarray(-10))).toBe(true);
		expect((await range('bytes=-10')).bytes.equals(whole.subarray(-10))).toBe(true);
		expect((await range('bytes=0-99999999')).bytes.equals(whole)).toBe(true);
		const beyond = await range(`bytes=${whole.length}-`);
		expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${whole.length}`]);
		for (const odd of ['bytes=9-3', 'bytes=0-1,5-6', 'pages=1-2', 'bytes=-'])
			expect((await range(odd)).status).toBe(200);
		const etag = part.headers.get('etag') ?? '';
		expect((await range('bytes=0-9', { 'If-Range': etag })).status).toBe(206);
		expect((await range('bytes=0-9', { 'If-Range': '"other"' })).status).toBe(200);
		expect((await get(url, { 'If-None-Match': etag })).status).toBe(304);
		const head = await get(url, {}, 'HEAD');
		expect([head.status, head.headers.get('content-length'), head.bytes.length]).toEqual([
			200,
			String(whole.length),
			0,
		]);
		api.settings.supportRanges = false;
		const ignored = await range('bytes=0-9');
		expect([ignored.status, ignored.headers.get('accept-ranges'), ignored.bytes.length]).toEqual([
			200,
			null,
			whole.length,
		]);
	});

	it('refuse a signature that has expired, was changed or is missing, and each read signs afresh', async () => {
		const api = await start({ assetExpiryMs: -1 });
		const old = await finishedUrl(api);
		expect((await get(old)).status).toBe(403);
		api.settings.assetExpiryMs = 60_000;
		const id = [...api.tasks.keys()][0] ?? '';
		const fresh = async () => ((await read(api, id)).json.output as string[])[0] ?? '';
		const [one, other] = [await fresh(), await fresh()];
		expect(one).not.toBe(other);
		expect((await get(one)).status).toBe(200);
		expect((await get(one.replace('_jwt=', '_jwt=x'))).status).toBe(403);
		expect((await get(one.replace(/\?.*/, ''))).status).toBe(403);
		expect((await get(one.replace('video.mp4', 'poster.png'))).status).toBe(403);
		api.expireAssets();
		expect([(await get(one)).status, (await get(await fresh())).status]).toEqual([403, 200]);
		api.settings.signedUrls = false;
		expect(await fresh()).toMatch(/video\.mp4$/);
		expect((await get(await fresh())).status).toBe(200);
	});

	it('refuse an Authorization header, and tell of it', async () => {
		const api = await start();
		const url = await finishedUrl(api);
		expect((await get(url, { Authorization: `Bearer ${api.apiKey}` })).status).toBe(400);
		expect((await get(url)).status).toBe(200);
		expect(api.downloads.map((request) => request.leakedAuthorization)).toEqual([true, undefined]);
	});

	it('exist only for tasks that have succeeded', async () => {
		const api = await start({ signedUrls: false });
		const one = await task(api, 'actOne');
		put(one, 'running');
		const status = async (name: string) => (await get(`${api.url}/assets/${one.id}/${name}`)).status;
		expect(await status('video.mp4')).toBe(404);
		api.finish(one.id);
		expect([await status('video.mp4'), await status('poster.png'), await status('last.png')]).toEqual([200, 200, 200]);
		expect([await status('image.png'), await status('x/video.mp4')]).toEqual([404, 404]);
	});

	it('can be of any size, made on the fly, and keep the real video in front', async () => {
		const api = await start({ assetBytes: 1_000_003 });
		const url = await finishedUrl(api);
		const { bytes } = await get(url);
		const head = api.assetBytes('video');
		expect(bytes.length).toBe(1_000_003);
		expect(bytes.subarray(0, head.length).equals(head)).toBe(true);
		expect(bytes.subarray(head.length + 4, head.length + 8).toString()).toBe('free');
		expect(createHash('sha256').update(bytes).digest('hex')).toBe(api.videoDigest());
		for (const [from, to] of [
			[65_535, 65_540],
			[head.length - 3, head.length + 30],
			[900_001, 1_000_002],
		] as const) {
			const part = await get(url, { Range: `bytes=${from}-${to}` });
			expect(part.bytes.equals(bytes.subarray(from, to + 1))).toBe(true);
		}
		api.settings.assetBytes = 1000;
		expect((await get(url)).bytes.equals(head.subarray(0, 1000))).toBe(true);
	});

	it('stream hundreds of megabytes in bounded memory, waiting for a reader who pauses', async () => {
		const size = 200_000_000;
		const api = await start({ assetBytes: size });
		const url = await finishedUrl(api);
		const before = process.memoryUsage().rss;
		const response = await new Promise<http.IncomingMessage>((resolve) => http.get(url, resolve));
		response.pause();
		await new Promise((resolve) => setTimeout(resolve, 100));
		expect(api.downloads[0]?.bytesSent).toBeLessThan(20_000_000);
		let received = 0;
		for await (const chunk of response as AsyncIterable<Buffer>) received += chunk.length;
		expect(received).toBe(size);
		expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
	});

	it('can be slowed down, and stop when the client leaves', async () => {
		const api = await start({ assetBytes: 50_000_000, assetBytesPerSecond: 2_000_000 });
		const url = await finishedUrl(api);
		const leave = new AbortController();
		const response = await fetch(url, { signal: leave.signal });
		await response.body?.getReader().read();
		leave.abort();
		await until(() => api.downloads[0]?.endedAt !== undefined);
		expect(api.downloads[0]?.bytesSent).toBeLessThan(25_000_000);
	});

	it('may end in anything, whatever they hold', async () => {
		const api = await start({ fileNames: { video: 'result', image: 'picture.mp4' } });
		const video = await finishedUrl(api);
		expect(video).toMatch(/\/result\?_jwt=/);
		expect((await get(video)).bytes.equals(api.assetBytes('video'))).toBe(true);
		const image = await task(api, 'textToImage');
		api.finish(image.id);
		const url = ((await read(api, image)).json.output as string[])[0] ?? '';
		expect(url).toMatch(/\/picture\.mp4\?_jwt=/);
		api.fault({ on: 'asset', kind: 'wrong-type', type: 'video/mp4' });
		const picture = await get(url);
		expect(picture.headers.get('content-type')).toBe('video/mp4');
		expect(picture.bytes.equals(api.assetBytes('image'))).toBe(true);
	});

	it('may lie on the host of the API, which wants the key and sends them itself', async () => {
		const api = await start({ resultUrls: 'gateway' });
		const one = await task(api);
		const path = `/v1/videos/${one.id}/content`;
		put(one, 'running');
		expect((await call(api, 'GET', path)).status).toBe(404);
		api.finish(one.id);
		const url = ((await read(api, one)).json.output as string[])[0] ?? '';
		expect(url).toBe(api.url + path);
		const closed = await call(api, 'GET', path, undefined, {});
		expect([closed.status, closed.json.error]).toEqual([401, expect.objectContaining({ type: 'comet_api_error' })]);
		const { Authorization } = usual;
		const { status, headers, bytes } = await get(url, { Authorization });
		expect([status, headers.get('content-type')]).toEqual([200, 'video/mp4']);
		expect(bytes.equals(api.assetBytes('video'))).toBe(true);
		expect((await get(url, { Authorization, Range: 'bytes=0-9' })).status).toBe(206);
		api.fault({ on: 'asset', kind: 'empty-file' });
		expect((await get(url, { Authorization })).bytes).toHaveLength(0);
		expect(api.downloads.every((request) => !request.leakedAuthorization)).toBe(true);
		expect(api.downloads.map(({ taskId }) => taskId)).toEqual(Array(5).fill(one.id));
		const image = await task(api, 'textToImage');
		api.finish(image.id);
		const picture = ((await read(api, image)).json.output as string[])[0] ?? '';
		expect((await get(picture, { Authorization })).bytes.equals(api.assetBytes('image'))).toBe(true);
	});

	it('may lie on another host to which the API redirects, and that host tells if the key came along', async () => {
		const api = await start({ resultUrls: 'gateway-redirect' });
		const url = await finishedUrl(api);
		expect((await get(url)).status).toBe(401);
		const { Authorization } = usual;
		const first = await get(url, { Authorization });
		const location = first.headers.get('location') ?? '';
		expect([first.status, new URL(location).hostname]).toEqual([302, 'localhost']);
		expect((await get(location)).bytes.equals(api.assetBytes('video'))).toBe(true);
		expect(api.downloads.map((request) => request.leakedAuthorization)).toEqual([undefined, undefined, undefined]);
		await get(location, { Authorization });
		expect(api.downloads.at(-1)).toMatchObject({ leakedAuthorization: true, status: 400 });
	});

	it('come with samples for trying things out', async () => {
		const api = await start();
		expect((await get(`${api.url}/samples/harbor.png`)).bytes.equals(api.assetBytes('image'))).toBe(true);
		expect((await get(`${api.url}/samples/clip.mp4`)).bytes.equals(api.assetBytes('video'))).toBe(true);
		expect((await get(`${api.url}/samples/other.mp4`)).status).toBe(404);
		expect(api.downloads).toEqual([]);
	});
});
