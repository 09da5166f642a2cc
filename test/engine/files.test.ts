import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

import type { TaskReader } from '../../nodes/shared/api/route';
import { deliver, type OutputOptions } from '../../nodes/shared/item/deliver';
import { readTask } from '../../nodes/shared/task/parse';
import type { KnownTask, TaskState } from '../../nodes/shared/task/task';
import { pollingTrigger } from '../support/triggers';
import { type Bench, bench, closeBench, imageToVideo, makeTask, task, textOf, textToVideo, topic } from './bench';

afterAll(closeBench);

/** A server of files that answers what a test says, and notes what it was asked for. */
interface Host {
	url: string;
	requests: Array<{ path: string; authorization: string | undefined; range: string | undefined }>;
}

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

async function withHost(answer: Answer, act: (host: Host) => Promise<void>): Promise<void> {
	const requests: Host['requests'] = [];
	const server = createServer((request, response) => {
		const { authorization, range } = request.headers;
		requests.push({ path: request.url ?? '', authorization, range });
		answer(request, response, requests.length);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	try {
		await act({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests });
	} finally {
		server.closeAllConnections();
		server.close();
	}
}

const send =
	(body: Buffer | string, headers: Record<string, string> = {}, status = 200): Answer =>
	(_, response) => {
		response.writeHead(status, { 'Content-Length': String(Buffer.byteLength(body)), ...headers }).end(body);
	};

function stateWith(...urls: string[]): TaskState {
	const read = readTask({ id: 'task-1', status: 'SUCCEEDED', output: urls });
	if (read.kind !== 'task') throw new Error('no task');
	return read.state;
}

/** Reads a task whose URLs are new each time, if there are several. */
function readerOf(...states: TaskState[]): TaskReader & { reads: number } {
	return {
		api: 'official',
		reads: 0,
		async read() {
			this.reads += 1;
			return { kind: 'task', state: states[Math.min(this.reads, states.length) - 1] as TaskState };
		},
	};
}

const OUTPUT: OutputOptions = {
	itemIndex: 0,
	operation: 'imageToVideo',
	produces: 'video',
	binaryField: 'data',
	fileName: null,
	allFiles: false,
	maxFileBytes: null,
	includeRaw: false,
	forAgent: false,
};

/** Delivers a finished task as a node does, in n8n's own context. */
async function fetchFrom(
	{ engine, credential }: Bench,
	url: string,
	output: Partial<OutputOptions> = {},
	reader?: TaskReader,
) {
	const state = stateWith(url);
	const known: KnownTask = { taskId: 'task-1', api: 'official', state, createdAt: null };
	const context = engine.context({ credential, parameters: {} });
	const { item } = await deliver(context, { ...OUTPUT, ...output }, known, reader ?? readerOf(state));
	return { item, file: item.binary?.data, why: String(item.json.downloadError ?? '') };
}

const PNG_HEAD = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const png = Buffer.concat([PNG_HEAD, Buffer.alloc(2_000, 7)]);
const mp4 = Buffer.concat([Buffer.from('\0\0\0\x20ftypisom\0\0\x02\0isomiso2', 'latin1'), Buffer.alloc(3_000, 9)]);
const unknown = Buffer.from(Array.from({ length: 3_000 }, (_, at) => (at * 37) % 256));
const OCTETS = { 'Content-Type': 'application/octet-stream' };
const MP4 = { 'Content-Type': 'video/mp4' };
const ERROR_XML = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>';

topic('All files of a task', (test) => {
	test(
		'come in binary fields of their own, under the name that the user wants',
		bench(
			async ({ run }) => {
				const named = textToVideo({ fileName: '={{ $json.prompt }}', allFiles: true });
				const { items } = await run(named, { items: [{ prompt: 'pier/at:dusk' }] });
				const names = Object.entries(items[0]?.binary ?? {}).map(([field, { fileName }]) => [field, fileName]);
				expect(names).toEqual([
					['data', 'pier_at_dusk.mp4'],
					['poster', 'pier_at_dusk-poster.png'],
					['last_frame', 'pier_at_dusk-last-frame.png'],
				]);
			},
			{ envelope: 'numeric' },
		),
	);

	test(
		'are all there if the result is to go into the field of a still',
		bench(
			async ({ api, engine, run }) => {
				const { items } = await run(textToVideo({ binaryField: 'poster', allFiles: true }), {
					items: [{ prompt: 'x' }],
				});
				expect(Object.keys(items[0]?.binary ?? {})).toEqual(['poster', 'poster_image', 'last_frame']);
				expect(await engine.bytesOf(items[0], 'poster')).toEqual(api.assetBytes('video'));
			},
			{ envelope: 'numeric' },
		),
	);

	test(
		'are numbered if there are several results, and the one that is missing is named',
		bench(async (place) => {
			const answer: Answer = (request, response, count) =>
				request.url === '/c.png' ? send('', {}, 410)(request, response, count) : send(png)(request, response, count);
			await withHost(answer, async ({ url }) => {
				const { engine, credential } = place;
				const state = stateWith(`${url}/a.png`, `${url}/b.png`, `${url}/c.png`);
				const known: KnownTask = { taskId: 'task-1', api: 'official', state, createdAt: null };
				const output: OutputOptions = { ...OUTPUT, produces: 'image', allFiles: true };
				const { item, noFile } = await deliver(
					engine.context({ credential, parameters: {} }),
					output,
					known,
					readerOf(state),
				);
				const names = Object.entries(item.binary ?? {}).map(([field, { fileName }]) => [field, fileName]);
				expect(names).toEqual([
					['data', 'runway-task-1.png'],
					['data_1', 'runway-task-1-2.png'],
				]);
				expect(item.json.downloadError).toMatch(/^The file "data_2" could not be downloaded: .*HTTP 410/);
				expect(noFile).toBeUndefined();
			});
		}),
	);

	test(
		'of several tasks in one item have names of their own',
		bench(async (place) => {
			const ids = [await makeTask(place), await makeTask(place)];
			const { items } = await place.run(task('wait', { taskId: ids.join() }, { fileName: 'clip.mp4' }));
			expect(items.map(({ binary }) => binary?.data?.fileName)).toEqual(['clip.mp4-1.mp4', 'clip.mp4-2.mp4']);
		}),
	);

	test(
		'are not wanted unless the option says so',
		bench(async ({ run }) => {
			const { items } = await run(textToVideo());
			expect(Object.keys(items[0]?.binary ?? {})).toEqual(['data']);
		}),
	);
});

topic('What a file is', (test) => {
	const files: Array<
		[what: string, body: Buffer, headers: Record<string, string>, path: string, type: string, ending: string]
	> = [
		['a picture called a video', png, MP4, '/x.mp4', 'image/png', 'png'],
		[
			'a JPEG called a PNG',
			Buffer.from('ffd8ffe000104a464946', 'hex'),
			{ 'Content-Type': 'image/png' },
			'/x.png',
			'image/jpeg',
			'jpg',
		],
		['a video without an ending, as octet stream', mp4, OCTETS, '/content', 'video/mp4', 'mp4'],
		['a video called a web page', mp4, { 'Content-Type': 'text/html' }, '/x', 'video/mp4', 'mp4'],
		['a video without any type', mp4, {}, '/content?id=1', 'video/mp4', 'mp4'],
		[
			'a MOV called an MP4',
			Buffer.from('\0\0\0\x14ftypqt  \0\0\0\0qt  ', 'latin1'),
			MP4,
			'/x.mp4',
			'video/quicktime',
			'mov',
		],
		['something unknown', unknown, OCTETS, '/x', 'video/mp4', 'mp4'],
	];
	for (const [what, body, headers, path, type, ending] of files) {
		test(
			`is said by its first bytes: ${what}`,
			bench(async (place) => {
				await withHost(send(body, headers), async ({ url }) => {
					const { item, file } = await fetchFrom(place, `${url}${path}`);
					expect(file).toMatchObject({ mimeType: type, fileExtension: ending, fileName: `runway-task-1.${ending}` });
					expect(await place.engine.bytesOf(item)).toEqual(body);
				});
			}),
		);
	}

	test(
		'is said by its first bytes even if they come one by one',
		bench(async (place) => {
			const drip: Answer = (_, response) => {
				response.writeHead(200, { ...OCTETS, 'Content-Length': String(png.length) });
				response.flushHeaders();
				let at = 0;
				const next = () => {
					if (at < 20) response.write(png.subarray(at, (at += 1)), () => setImmediate(next));
					else response.end(png.subarray(at));
				};
				next();
			};
			await withHost(drip, async ({ url }) => {
				const { item, file } = await fetchFrom(place, `${url}/x.mp4`);
				expect(file?.mimeType).toBe('image/png');
				expect(await place.engine.bytesOf(item)).toEqual(png);
			});
		}),
	);

	const noFiles: Array<[what: string, answer: Answer, says: RegExp]> = [
		['nothing', send('', MP4), /sent an empty file/],
		['HTTP 204', (_, response) => response.writeHead(204, MP4).end(), /sent an empty file/],
		['a web page called a video', send('<!DOCTYPE html><p>Sign in', MP4), /sent a web page/],
		['XML as octet stream', send(ERROR_XML, OCTETS), /sent XML/],
		['JSON called a video', send('{"error":"expired"}', MP4), /sent JSON/],
		['words as octet stream', send('Access denied', OCTETS), /sent text/],
		['a page behind a byte order mark', send('\ufeff\n<html><body>no', MP4), /sent a web page/],
		['packed text', send(unknown, { 'Content-Type': 'text/html; charset=utf-8' }), /sent text\/html/],
	];
	for (const [what, answer, says] of noFiles) {
		test(
			`is not stored if it is ${what}`,
			bench(async (place) => {
				await withHost(answer, async ({ url, requests }) => {
					const { item, file, why } = await fetchFrom(place, `${url}/x.mp4`);
					expect(file).toBeUndefined();
					expect(why).toMatch(says);
					expect(item.json).toMatchObject({ status: 'succeeded', videoUrl: `${url}/x.mp4` });
					expect(requests).toHaveLength(3);
				});
			}),
		);
	}

	test(
		'is asked for again if the first answer was no file',
		bench(async (place) => {
			const answer: Answer = (request, response, count) => send(count === 1 ? '' : mp4, MP4)(request, response, count);
			await withHost(answer, async ({ url }) => {
				const { item, why } = await fetchFrom(place, `${url}/x.mp4`);
				expect(why).toBe('');
				expect(await place.engine.bytesOf(item)).toEqual(mp4);
			});
		}),
	);

	for (const produces of [null, 'video'] as const) {
		test(
			`decides between videoUrl and imageUrl if the URL does not tell (${produces ?? 'unknown'} expected)`,
			bench(async (place) => {
				await withHost(send(png, OCTETS), async ({ url }) => {
					const { item } = await fetchFrom(place, `${url}/content`, { produces });
					expect(item.json).toMatchObject({ imageUrl: `${url}/content`, videoUrl: null });
				});
			}),
		);
	}
});

topic('A file that its server packs without being asked', (test) => {
	for (const [what, body] of [
		['larger than', Buffer.concat([mp4, Buffer.alloc(100_000)])],
		['smaller than', Buffer.concat([mp4.subarray(0, 32), Buffer.from('q8fj2l0dkqz7xv')])],
	] as const) {
		test(
			`is whole although it is ${what} what was announced`,
			bench(async (place) => {
				await withHost(send(gzipSync(body), { ...MP4, 'Content-Encoding': 'gzip' }), async ({ url, requests }) => {
					const { item, why } = await fetchFrom(place, `${url}/x.mp4`);
					expect(why).toBe('');
					expect(await place.engine.bytesOf(item)).toEqual(body);
					expect(requests).toHaveLength(1);
				});
			}),
		);
	}

	test(
		'is not stored if it was cut off',
		bench(async (place) => {
			const packed = gzipSync(Buffer.concat([mp4, unknown]));
			const headers = { ...MP4, 'Content-Encoding': 'gzip', 'Content-Length': String(packed.length) };
			const cut: Answer = (_, response) => {
				response.writeHead(200, headers);
				response.write(packed.subarray(0, packed.length / 2), () => response.destroy());
			};
			await withHost(cut, async ({ url, requests }) => {
				const { file, why } = await fetchFrom(place, `${url}/x.mp4`);
				expect(file).toBeUndefined();
				expect(why).toMatch(/could not be downloaded/);
				expect(requests).toHaveLength(4);
			});
		}),
	);
});

topic('A file beyond the limit', (test) => {
	const rows: Array<[limit: number, size: number, announced: boolean, says: string]> = [
		[2_000, 2_001, true, 'the file has 2.1 kB, but Max File Size (MB) allows 2 kB'],
		[300_000, 2_500_000, true, 'the file has 2500 kB, but Max File Size (MB) allows 300 kB'],
		[1_500_000, 2_500_000, true, 'the file has 2.5 MB, but Max File Size (MB) allows 1.5 MB'],
		[1_500_000, 2_500_000, false, 'the file has more than 1.5 MB, which is what Max File Size (MB) allows'],
	];
	for (const [maxFileBytes, size, announced, says] of rows) {
		test(
			`of ${maxFileBytes} bytes is named with both sizes and not asked for again (${announced ? 'announced' : 'found out'})`,
			bench(async (place) => {
				const body = Buffer.concat([mp4, Buffer.alloc(size)]).subarray(0, size);
				const answer: Answer = (_, response) => {
					response.writeHead(200, announced ? { ...MP4, 'Content-Length': String(size) } : MP4).end(body);
				};
				await withHost(answer, async ({ url, requests }) => {
					const created = await fetchFrom(place, `${url}/x.mp4`, { maxFileBytes });
					expect(created.file).toBeUndefined();
					expect(created.why).toContain(says);
					expect(created.why).toMatch(/Raise Max File Size \(MB\) in the options/);
					expect(created.why).toContain('Operation "Download"');
					expect(requests).toHaveLength(1);
				});
			}),
		);
	}

	test(
		'tells Task → Download to raise the limit, and not to use Task → Download',
		bench(async (place) => {
			const taskId = await makeTask(place);
			await new Promise((resolve) => setTimeout(resolve, 300));
			const error = await place.fail(task('download', { taskId }, { api: 'official', maxFileSize: 0.001 }));
			expect(error.message).toMatch(/the file has [\d.]+ kB, but Max File Size \(MB\) allows 1 kB/);
			expect(error.description).toMatch(/Raise Max File Size \(MB\) in the options/);
			expect(textOf(error)).not.toContain('Operation "Download"');
			expect(error.description).not.toMatch(/ask CometAPI/);
		}),
	);
});

topic('A file that keeps failing', (test) => {
	test(
		'is fetched by a fresh URL although a read in between met trouble of its own',
		bench(async (place) => {
			await withHost(
				(request, response, count) =>
					(request.url === '/fresh.mp4' ? send(mp4, MP4) : send('', {}, 403))(request, response, count),
				async ({ url }) => {
					let reads = 0;
					const reader: TaskReader = {
						api: 'official',
						async read() {
							reads += 1;
							const problem = { message: 'no', status: 403, code: null, requestId: null, excerpt: null, fields: [] };
							return reads === 1
								? { kind: 'trouble', problem: { ...problem, reason: 'forbidden' }, retryAfterMs: null }
								: { kind: 'task', state: stateWith(`${url}/fresh.mp4`) };
						},
					};
					const { item, why } = await fetchFrom(place, `${url}/old.mp4`, {}, reader);
					expect(why).toBe('');
					expect(reads).toBe(2);
					expect(item.json.videoUrl).toBe(`${url}/fresh.mp4`);
				},
			);
		}),
	);

	test(
		'is given up after a few tries, whatever mixture of troubles it is',
		bench(async (place) => {
			await withHost(
				(request, response, count) => send('', {}, count % 2 === 0 ? 503 : 404)(request, response, count),
				async ({ url, requests }) => {
					const { why } = await fetchFrom(place, `${url}/x.mp4`);
					expect(why).toMatch(/expired or is gone \(HTTP 404\)/);
					expect(requests).toHaveLength(3);
				},
			);
		}),
	);

	for (const operation of ['imageToVideo', 'download']) {
		test(
			`never invites to pay again (${operation})`,
			bench(async (place) => {
				for (const status of [400, 404, 503]) {
					await withHost(send('', {}, status), async ({ url }) => {
						const { why } = await fetchFrom(place, `${url}/x.mp4`, { operation });
						expect(why).toContain('The task is finished and paid for.');
						if (operation === 'download') expect(why).not.toContain('Operation "Download"');
						else expect(why).not.toMatch(/run (it|this|the node|again)/i);
					});
				}
			}),
		);
	}
});

/** A gateway in front of the stand-in, whose results lie behind its own key. */
async function withGateway(answer: Answer, act: (place: Bench, host: Host) => Promise<void>): Promise<void> {
	let target = '';
	const front: Answer = (request, response, count) => {
		if (request.url?.startsWith('/assets/')) return answer(request, response, count);
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			const { method = 'GET', url = '' } = request;
			const headers = {
				authorization: String(request.headers.authorization),
				'content-type': 'application/json',
				'x-runway-version': '2024-11-06',
			};
			void fetch(`${target}${url}`, { method, headers, body: method === 'GET' ? null : Buffer.concat(chunks) }).then(
				async (answered) =>
					response.writeHead(answered.status, { 'Content-Type': 'application/json' }).end(await answered.text()),
			);
		});
	};
	await withHost(front, async (host) => {
		await bench(
			async (place) => {
				target = place.api.url;
				await act({ ...place, credential: { ...place.credential, baseUrl: host.url } }, host);
			},
			{ publicUrl: host.url },
		)();
	});
}

const behindKey =
	(apiKey: () => string, answer: Answer): Answer =>
	(request, response, count) =>
		request.headers.authorization === `Bearer ${apiKey()}`
			? answer(request, response, count)
			: send('{"error":{"message":"no key"}}', {}, 401)(request, response, count);

topic("A result at the base URL's own address", (test) => {
	const assetsOf = ({ requests }: Host) => requests.filter(({ path }) => path.startsWith('/assets/'));

	test('is fetched with the key if it needs it', async () => {
		let key = '';
		await withGateway(
			behindKey(() => key, send(mp4, OCTETS)),
			async ({ engine, credential }, host) => {
				key = credential.apiKey;
				const { items } = await engine.run({ credential, parameters: imageToVideo() });
				expect(items[0]?.json).not.toHaveProperty('downloadError');
				expect(await engine.bytesOf(items[0])).toEqual(mp4);
				expect(assetsOf(host).map(({ authorization }) => authorization)).toEqual([undefined, `Bearer ${key}`]);
			},
		);
	});

	for (const resultUrls of ['gateway', 'gateway-redirect'] as const) {
		test(
			`is whole from a gateway as the stand-in plays it (${resultUrls})`,
			bench(
				async ({ api, engine, run }) => {
					const { items } = await run(imageToVideo());
					expect(await engine.bytesOf(items[0])).toEqual(api.assetBytes('video'));
					const toStore = api.downloads.filter(({ path }) => path.startsWith('/assets/'));
					expect(toStore).toHaveLength(resultUrls === 'gateway' ? 0 : 1);
					expect(toStore.filter(({ leakedAuthorization }) => leakedAuthorization)).toEqual([]);
				},
				{ resultUrls },
			),
		);
	}

	test('is taken up with the key if the connection breaks', async () => {
		let key = '';
		const cut: Answer = (request, response) => {
			const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
			const headers = { ...MP4, ETag: '"1"', 'Accept-Ranges': 'bytes', 'Content-Length': String(mp4.length - from) };
			if (from > 0) {
				response.writeHead(206, { ...headers, 'Content-Range': `bytes ${from}-${mp4.length - 1}/${mp4.length}` });
				response.end(mp4.subarray(from));
				return;
			}
			response.writeHead(200, headers);
			response.write(mp4.subarray(0, 1_000), () => setTimeout(() => response.destroy(), 20));
		};
		await withGateway(
			behindKey(() => key, cut),
			async ({ engine, credential }) => {
				key = credential.apiKey;
				const { items } = await engine.run({ credential, parameters: imageToVideo() });
				expect(await engine.bytesOf(items[0])).toEqual(mp4);
			},
		);
	});

	test('is fetched with the key by a trigger, too', async () => {
		let key = '';
		await withGateway(
			behindKey(() => key, send(mp4, OCTETS)),
			async (place) => {
				const { engine, credential, api } = place;
				key = credential.apiKey;
				const taskId = await makeTask(place);
				await new Promise((resolve) => setTimeout(resolve, 300));
				const trigger = pollingTrigger({ credential, parameters: { watch: 'ids', taskIds: taskId, download: true } });
				const [item] = await trigger.poll();
				expect(await engine.bytesOf(item)).toEqual(mp4);
				expect(api.tasks.size).toBe(1);
			},
		);
	});

	test('says that the key was refused, and not that the URL has expired', async () => {
		await withGateway(send('', {}, 401), async ({ engine, credential }, host) => {
			const { items } = await engine.run({ credential, parameters: imageToVideo() });
			const why = String(items[0]?.json.downloadError);
			expect(why).toMatch(/needs the API key.*refused.*HTTP 401/);
			expect(why).toContain('credential "CometAPI Runway API"');
			expect(why).not.toMatch(/expired/);
			expect(why).not.toContain(credential.apiKey);
			expect(assetsOf(host)).toHaveLength(6);
		});
	});

	for (const where of ['another host', 'the same host']) {
		test(`is followed to ${where} without the key`, async () => {
			let key = '';
			await withHost(send(mp4, MP4), async (other) => {
				const answer: Answer = (request, response, count) => {
					if (request.url === '/assets/moved') return send(mp4, MP4)(request, response, count);
					const location = where === 'another host' ? `${other.url}/x.mp4` : '/assets/moved';
					return behindKey(() => key, send('', { Location: location }, 302))(request, response, count);
				};
				await withGateway(answer, async ({ engine, credential }, host) => {
					key = credential.apiKey;
					const { items } = await engine.run({ credential, parameters: imageToVideo() });
					expect(await engine.bytesOf(items[0])).toEqual(mp4);
					const last = where === 'another host' ? other.requests.at(-1) : assetsOf(host).at(-1);
					expect(last).toMatchObject({ authorization: undefined });
				});
			});
		});
	}

	test('is the only place to which the key goes', async () => {
		await withHost(send('', {}, 401), async (other) => {
			await bench(async (place) => {
				const { port } = new URL(other.url);
				for (const url of [other.url, `http://localhost:${port}`]) await fetchFrom(place, `${url}/x.mp4`);
				for (const baseUrl of [`https://127.0.0.1:${port}`, `http://localhost:${port}`]) {
					await fetchFrom({ ...place, credential: { ...place.credential, baseUrl } }, `${other.url}/x.mp4`);
				}
				expect(other.requests).toHaveLength(12);
				expect(other.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
			})();
		});
	});
});
