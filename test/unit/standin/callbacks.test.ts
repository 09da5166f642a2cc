import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json } from './harness';
import { callback_url, running, start, task, until } from './harness';

describe('callbacks', () => {
	async function receiver(status = 200) {
		const received: Json[] = [];
		const server = http.createServer((incoming, response) => {
			const chunks: Buffer[] = [];
			incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
			incoming.on('end', () => {
				received.push(JSON.parse(Buffer.concat(chunks).toString()) as Json);
				response.writeHead(status).end();
			});
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		running.push({ close: async () => await new Promise<void>((resolve) => server.close(() => resolve())) });
		return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
	}

	it('tell of the end in the documented form', async () => {
		const api = await start({ renderMs: 40 });
		const { received, url } = await receiver();
		const one = await task(api, 'generateFromText', { callback_url: url });
		await until(() => api.callbacks[0]?.status === 200);
		expect(received).toEqual([
			{
				task_id: one.id,
				status: '3',
				prompt: one.prompt,
				prompt_en: one.prompt,
				video_url: expect.stringContaining(`/assets/${one.id}/video.mp4`),
				poster: expect.any(String),
				last_frame: expect.any(String),
				msg: null,
				point: '320',
				refund: '0',
				create_time: expect.any(String),
				update_time: expect.any(String),
			},
		]);
		expect(api.callbacks).toEqual([{ taskId: one.id, url, at: expect.any(Number), body: received[0], status: 200 }]);
	});

	it('tell of progress, twice, in the other form and of failure, if asked to', async () => {
		const callbacks = { onProgress: true, times: 2, shape: 'generic' as const };
		const api = await start({ renderMs: 80, queuedMs: 20, callbacks });
		const { received, url } = await receiver();
		await task(api, 'generateFromText', { callback_url: url, prompt: 'a gale [fail]' });
		await until(() => received.length === 6);
		expect(received.map(({ status }) => status)).toEqual([...Array(4).fill('processing'), 'failed', 'failed']);
	});

	it('do not matter when they fail, and leave hosts elsewhere alone', async () => {
		const api = await start({ renderMs: 0 });
		const { url } = await receiver(500);
		for (const callback of [url, 'http://127.0.0.1:1/', callback_url])
			await task(api, 'actOne', { callback_url: callback });
		await until(() => api.callbacks.length === 3 && api.callbacks.every(({ status, error }) => status ?? error));
		expect(api.callbacks.map(({ status, error }) => status ?? error)).toEqual(
			expect.arrayContaining([500, expect.stringContaining('ECONNREFUSED'), expect.stringContaining('not called')]),
		);
	});

	it('are sent for tasks ended by hand, and not at all if switched off', async () => {
		const api = await start({ renderMs: 60_000 });
		const { received, url } = await receiver();
		const one = await task(api, 'actOne', { callback_url: url });
		api.finish(one.id, { kind: 'cancelled', message: 'called off' });
		await until(() => received.length === 1);
		expect(received[0]).toMatchObject({ status: '2', msg: 'called off' });
		api.settings.callbacks.enabled = false;
		api.finish((await task(api, 'actOne', { callback_url: url })).id);
		await new Promise((resolve) => setTimeout(resolve, 30));
		expect(received).toHaveLength(1);
	});
});
