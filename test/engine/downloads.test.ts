import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { build } from 'esbuild';

import { startStandIn, type Fault } from '../support/standin';
import { bench, closeBench, imageToVideo, makeTask, prompts, task, topic, until } from './bench';

afterAll(closeBench);

topic('The file', (test) => {
	test(
		'has a name, a type and a size, and the exact bytes',
		bench(async ({ api, engine, run }) => {
			const { items } = await run(imageToVideo());
			const [item] = items;
			const bytes = api.assetBytes('video');
			expect(await engine.bytesOf(item)).toEqual(bytes);
			expect(item?.binary?.data).toMatchObject({
				fileName: `runway-${String(item?.json.taskId)}.mp4`,
				fileExtension: 'mp4',
				mimeType: 'video/mp4',
				fileType: 'video',
				bytes: bytes.length,
			});
		}),
	);

	test(
		'of an image operation is the picture',
		bench(async ({ api, engine, run }) => {
			const { items } = await run({
				resource: 'image',
				operation: 'generate',
				prompt: 'a chair',
				referenceImages: { image: [{ url: 'https://img.example.com/chair.jpg', source: 'url' }] },
			});
			const [item] = items;
			expect(await engine.bytesOf(item)).toEqual(api.assetBytes('image'));
			expect(item?.binary?.data).toMatchObject({ mimeType: 'image/png', fileExtension: 'png', fileType: 'image' });
			expect(item?.json).toMatchObject({ videoUrl: null, status: 'succeeded' });
			expect(item?.json.imageUrl).toMatch(/image\.png/);
		}),
	);

	test(
		'is resumed if its connection broke',
		bench(async ({ api, engine, run }) => {
			api.fault({ on: 'asset', kind: 'truncated' });
			const { items } = await run(imageToVideo());
			expect(await engine.bytesOf(items[0])).toEqual(api.assetBytes('video'));
			expect(api.downloads).toHaveLength(2);
			expect(api.downloads[1]).toMatchObject({
				status: 206,
				headers: { range: expect.stringMatching(/^bytes=\d+-$/) as string, 'if-range': expect.any(String) as string },
			});
		}),
	);

	test(
		'is fetched from the start if its connection broke and the server takes no ranges',
		bench(async ({ api, engine, run }) => {
			api.settings.supportRanges = false;
			api.fault({ on: 'asset', kind: 'truncated' });
			const { items } = await run(imageToVideo());
			expect(await engine.bytesOf(items[0])).toEqual(api.assetBytes('video'));
			expect(api.downloads).toHaveLength(2);
			expect(api.downloads[1]?.headers.range).toBeUndefined();
		}),
	);

	test(
		'is a video even if its server does not say so',
		bench(async ({ api, engine, run }) => {
			api.fault({ on: 'asset', kind: 'wrong-type' });
			const { items } = await run(imageToVideo());
			expect(items[0]?.binary?.data).toMatchObject({ mimeType: 'video/mp4', fileExtension: 'mp4' });
			expect(await engine.bytesOf(items[0])).toEqual(api.assetBytes('video'));
		}),
	);

	test(
		'is fetched without the key and without any header of the API',
		bench(async ({ api, run }) => {
			await run(imageToVideo(), { items: prompts('a', 'b') });
			expect(api.downloads).toHaveLength(2);
			for (const { headers, leakedAuthorization } of api.downloads) {
				expect(leakedAuthorization).toBeUndefined();
				expect(headers.authorization).toBeUndefined();
				expect(headers['x-runway-version']).toBeUndefined();
			}
		}),
	);

	test(
		'comes from a fresh URL if the first one has expired',
		bench(async ({ api, engine, run }) => {
			api.fault({ on: 'asset', kind: 'status', status: 403 });
			const { items } = await run(imageToVideo());

			const [item] = items;
			expect(await engine.bytesOf(item)).toEqual(api.assetBytes('video'));
			expect(item?.json).not.toHaveProperty('downloadError');
			const [first] = api.downloads;
			const second = api.downloads.at(-1);
			expect(second?.query._jwt).not.toBe(first?.query._jwt);
			expect(item?.json.videoUrl).toContain(second?.query._jwt);
			expect(item?.json.assetUrls).toEqual([item?.json.videoUrl]);
			expect(api.creates).toHaveLength(1);
		}),
	);

	const passing: Array<[title: string, fault: Omit<Fault, 'on'>]> = [
		['cut off in the middle', { kind: 'truncated' }],
		['shorter than its server says', { kind: 'wrong-length' }],
		['answered with HTTP 503', { kind: 'status', status: 503 }],
		['answered with HTTP 429', { kind: 'status', status: 429 }],
		['answered with a broken connection', { kind: 'reset-before' }],
	];
	for (const [title, fault] of passing) {
		test(
			`comes whole if the first attempt is ${title}`,
			bench(async ({ api, engine, run }) => {
				api.fault({ on: 'asset', ...fault });
				const { items } = await run(imageToVideo());
				expect(await engine.bytesOf(items[0])).toEqual(api.assetBytes('video'));
				expect(items[0]?.json).not.toHaveProperty('downloadError');
				// Once more, and in between perhaps the attempt to get only the rest.
				expect(api.downloads.length).toBeLessThanOrEqual(4);
			}),
		);
	}

	test(
		'comes whole even if it takes longer than an answer may take to begin',
		bench(
			async ({ api, engine, run }) => {
				const { items } = await run(imageToVideo(), { longestRequestMs: 4_000 });
				expect(items[0]?.json).not.toHaveProperty('downloadError');
				expect((await engine.bytesOf(items[0])).length).toBe(6 * 64 * 1024);
				expect(api.downloads).toHaveLength(1);
			},
			{ assetBytes: 6 * 64 * 1024, assetBytesPerSecond: 64 * 1024 },
		),
	);

	test(
		'is fetched from the start if it stops coming in the middle',
		bench(async ({ api, engine, run }) => {
			api.fault({ on: 'asset', kind: 'stall' });
			const signal = AbortSignal.timeout(60_000);
			const { items } = await run(imageToVideo(), { longestRequestMs: 3_000, signal });
			expect(await engine.bytesOf(items[0])).toEqual(api.assetBytes('video'));
			expect(api.downloads).toHaveLength(2);
		}),
	);

	test(
		'of one task does not wait for the other tasks to end',
		bench(async ({ api, run }) => {
			const running = run(imageToVideo(), { items: prompts('slow [stuck]', 'quick') });
			await until(() => api.downloads.length === 1);
			const slow = [...api.tasks.values()].find(({ prompt }) => prompt.startsWith('slow'));
			api.finish(slow?.id ?? '');
			expect((await running).items).toHaveLength(2);
		}),
	);
});

topic('A file that cannot be fetched', (test) => {
	const lasting: Array<[title: string, fault: Omit<Fault, 'on'>, says: RegExp]> = [
		['gone', { kind: 'status', status: 404 }, /expired or is gone \(HTTP 404\)/],
		['always cut off', { kind: 'truncated' }, /cut off|aborted|connection/i],
		['refused', { kind: 'status', status: 400 }, /HTTP 400/],
		['a web page', { kind: 'html' }, /web page/],
		['on a broken server', { kind: 'status', status: 500 }, /HTTP 500/],
	];
	test('leaves an item with its URLs and a reason, not an error, and a hint', async () => {
		await Promise.all(
			lasting.map(async ([title, fault, says]) => {
				await bench(async ({ api, run }) => {
					api.fault({ on: 'asset', times: 50, ...fault });
					const { items, hints } = await run(imageToVideo());

					const [item] = items;
					expect([title, item?.json.status]).toEqual([title, 'succeeded']);
					expect(item?.binary).toBeUndefined();
					expect(item?.json.videoUrl).toMatch(/video\.mp4/);
					expect(item?.json.downloadError).toMatch(says);
					expect(item?.json.downloadError).toContain(String(item?.json.taskId));
					expect(item?.json.downloadError).toContain('Operation "Download"');
					expect(item?.json).not.toHaveProperty('error');
					expect(hints.map(({ message }) => message).join()).toMatch(/could not be downloaded/);
					// Four tries, each taken up again three times at most.
					expect(api.downloads.length).toBeLessThanOrEqual(16);
					expect(api.creates).toHaveLength(1);
				})();
			}),
		);
	});

	test(
		'is an error of the operation that is there to fetch it',
		bench(async (place) => {
			const taskId = await makeTask(place);
			await new Promise((resolve) => setTimeout(resolve, 300));
			place.api.fault({ on: 'asset', times: 50, kind: 'html' });
			const error = await place.fail(task('download', { taskId }, { api: 'official' }));
			expect(error.message).toMatch(/web page/);
			expect(error.description).toContain(taskId);
		}),
	);

	test(
		'because its server answers with an error in JSON is not replaced by that answer',
		bench(async ({ api, run }) => {
			api.fault({ on: 'asset', times: 50, kind: 'wrong-json' });
			const { items } = await run(imageToVideo());
			expect(items[0]?.binary).toBeUndefined();
			expect(items[0]?.json.downloadError).toEqual(expect.any(String));
		}),
	);
});

it('A large file passes through without being held in memory', async () => {
	const api = await startStandIn({ renderMs: 200, queuedMs: 50, notVisibleMs: 50, assetBytes: 300 * 1024 * 1024 });
	const folder = mkdtempSync(path.join(tmpdir(), 'runway-memory-'));
	try {
		const program = path.join(folder, 'measure.cjs');
		await build({
			entryPoints: [path.join(__dirname, 'measureDownload.ts')],
			outfile: program,
			bundle: true,
			platform: 'node',
			packages: 'external',
			resolveExtensions: ['.ts', '.js'],
			logLevel: 'silent',
		});
		const credential = JSON.stringify({ apiKey: api.apiKey, baseUrl: api.url });
		const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, credential], {
			env: { ...process.env, NODE_PATH: path.resolve(__dirname, '../../node_modules') },
		});
		const seen = JSON.parse(stdout) as { digest: string; grownMegabytes: number; warnings: string[] };

		expect(seen.digest).toBe(api.videoDigest());
		expect(seen.grownMegabytes).toBeLessThan(80);
		// Many tasks at once must not look like a leak of listeners in n8n's log.
		expect(seen.warnings).toEqual([]);
	} finally {
		rmSync(folder, { recursive: true, force: true });
		await api.close();
	}
}, 60_000);
