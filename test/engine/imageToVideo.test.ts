import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRunExecutionData, type IDataObject, type INodeParameters } from 'n8n-workflow';

import { bench, closeBench, imageToVideo, topic } from './bench';

afterAll(closeBench);

/** A host of images on the gateway's own machine, whose addresses pass. */
async function withImages(
	answer: RequestListener,
	act: (url: string, requests: IncomingMessage[]) => Promise<void>,
): Promise<void> {
	const requests: IncomingMessage[] = [];
	const server = createServer((request, response) => {
		requests.push(request);
		answer(request, response);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	try {
		await act(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests);
	} finally {
		server.closeAllConnections();
		server.close();
	}
}

/** Only the beginning of a PNG. */
function png(width: number, height: number): Buffer {
	const bytes = Buffer.alloc(64);
	bytes.write('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1');
	bytes.writeUInt32BE(width, 16);
	bytes.writeUInt32BE(height, 20);
	return bytes;
}

const matching = (imageUrl: string, more: INodeParameters = {}): INodeParameters =>
	imageToVideo({}, { imageUrl, ratio: 'auto', completion: 'return', ...more });
const ratiosIn = (creates: ReadonlyArray<{ body?: unknown }>) => creates.map(({ body }) => (body as IDataObject).ratio);

topic('Image to Video', (test) => {
	test(
		'passes on the finished file',
		bench(async ({ api, engine, run }) => {
			const { items } = await run(imageToVideo());

			expect(items).toHaveLength(1);
			const [item] = items;
			expect(item?.json).toMatchObject({
				operation: 'imageToVideo',
				api: 'official',
				status: 'succeeded',
				progress: 100,
				ratio: '1280:720',
				failure: null,
			});
			expect(await engine.bytesOf(item)).toEqual(api.assetBytes('video'));
			expect(item?.binary?.data).toMatchObject({ mimeType: 'video/mp4', fileExtension: 'mp4', fileType: 'video' });
		}),
	);
});

topic('The ratio that matches the image', (test) => {
	test(
		'is read from the first bytes of a URL, without the key, and the item says it',
		bench(async ({ api, run }) => {
			// The rest of the file never comes.
			await withImages(
				(_, response) => response.writeHead(200, { 'content-type': 'image/png' }).write(png(900, 1600)),
				async (url, requests) => {
					const { items, hints } = await run(matching(`=${url}/{{ $json.name }}`), {
						items: [{ name: 'a.png' }, { name: 'a.png' }, { name: 'b.png' }],
					});
					expect(ratiosIn(api.creates)).toEqual(['720:1280', '720:1280', '720:1280']);
					expect(items.map(({ json }) => json.ratio)).toEqual(['720:1280', '720:1280', '720:1280']);
					expect(hints).toEqual([]);
					expect(requests.map(({ url: path }) => path).sort()).toEqual(['/a.png', '/b.png']);
					for (const { headers, method } of requests) {
						expect([method, headers.range, headers.authorization]).toEqual(['GET', 'bytes=0-262143', undefined]);
					}
				},
			);
		}),
	);

	test(
		'is read from a file, turned as its EXIF data say',
		bench(async ({ api, engine, run }) => {
			const head = Buffer.from(
				'ffd8ffe1002245786966000049492a0008000000010012010300010000000600000000000000ffc0001108',
				'hex',
			);
			const size = Buffer.alloc(12);
			size.writeUInt16BE(900, 0);
			size.writeUInt16BE(1600, 2);
			const binary = await engine.storeFile(Buffer.concat([head, size]), 'a.jpg', 'image/jpeg');
			await run(matching('', { imageSource: 'binary' }), { items: [{ json: {}, binary }] });
			expect(ratiosIn(api.creates)).toEqual(['720:1280']);
		}),
	);

	for (const [what, answer] of [
		['is not there', (_, response) => response.writeHead(404).end('no')],
		['is a page', (_, response) => response.writeHead(200).end('<!doctype html>')],
		['redirects', (_, response) => response.writeHead(302, { location: '/b.png' }).end()],
		['is endless noise', (_, response) => response.writeHead(200).write(Buffer.alloc(600_000, 7))],
	] satisfies Array<[string, RequestListener]>) {
		test(
			`is the model's default, with a remark, if the image ${what}`,
			bench(async ({ api, run }) => {
				await withImages(answer, async (url, requests) => {
					const { hints } = await run(matching(`${url}/a.png`));
					expect(ratiosIn(api.creates)).toEqual(['1280:720']);
					expect(hints.map(({ message }) => message)).toEqual([expect.stringMatching(/can't be read.*1280:720/)]);
					expect(requests).toHaveLength(1);
				});
			}),
		);
	}

	test(
		'is asked of a host that does not answer once only',
		bench(async ({ api, run }) => {
			await withImages(
				(request) => request.socket.destroy(),
				async (url, requests) => {
					const items = Array.from({ length: 12 }, (_, name) => ({ name }));
					await run(matching(`=${url}/{{ $json.name }}.png`), { items });
					expect(api.creates).toHaveLength(12);
					// As many as are under way at the same time.
					expect(requests.length).toBeLessThanOrEqual(5);
				},
			);
		}),
	);

	test(
		'leaves the request the same for a retry that can no longer read the image',
		bench(async ({ api, fail, run }) => {
			let isThere = true;
			await withImages(
				(_, response) => (isThere ? response.end(png(900, 1600)) : response.writeHead(404).end()),
				async (url) => {
					const runData = createRunExecutionData({});
					const items = [{ prompt: '[stuck]' }];
					const parameters = (timeout: number) => ({
						...matching(`${url}/a.png`, { completion: 'wait' }),
						options: { pollInterval: 0.2, timeout },
					});
					await fail(parameters(1), { items, runData });
					isThere = false;
					api.finish([...api.tasks.keys()][0] ?? '');
					await run(parameters(60), { items, runData });
					expect(api.creates).toHaveLength(1);
				},
			);
		}),
	);
});
