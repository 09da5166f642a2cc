import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

import { startStandIn } from '../support/standin';
import { bench, closeBench, CONTINUE, imageToVideo, makeTask, prompts, task, textOf, topic } from './bench';

afterAll(closeBench);

const REDIRECTS = [301, 302, 303, 307, 308];
const balance = { resource: 'account', operation: 'getBalance' };

topic('The credential', (test) => {
	for (const status of REDIRECTS) {
		test(
			`does not follow a redirect ${status} to another host, nor does any request`,
			bench(async ({ api, attempt }) => {
				const elsewhere = await startStandIn();
				try {
					for (const on of ['create', 'read', 'quota'] as const) {
						api.fault({ on, kind: 'redirect', status, location: `${elsewhere.url}/v1/models`, times: 9 });
						const parameters =
							on === 'create' ? imageToVideo() : on === 'read' ? task('get', { taskId: 'x' }) : balance;
						const { error } = await attempt(parameters);
						expect([on, String((error as Error).message)]).toEqual([on, expect.stringContaining('base URL')]);
					}
					expect(elsewhere.requests).toEqual([]);
				} finally {
					await elsewhere.close();
				}
			}),
		);
	}

	test(
		'smuggles in no header',
		bench(async ({ api, credential, fail }) => {
			const apiKey = `${credential.apiKey}\r\nX-Smuggled: yes`;
			const error = await fail(imageToVideo(), { credential: { ...credential, apiKey } });
			expect(api.requests.filter(({ headers }) => 'x-smuggled' in headers)).toEqual([]);
			expect(api.tasks.size).toBe(0);
			expect(textOf(error)).not.toContain(credential.apiKey);
		}),
	);

	test(
		'is not accompanied by headers that a parameter would smuggle in',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo({ runwayVersion: '2024-11-06\r\nX-Smuggled: yes' }));
			expect(error.message).toContain('must be a date');
			expect(api.requests).toEqual([]);
		}),
	);
});

topic('A download', (test) => {
	for (const status of REDIRECTS) {
		test(
			`that is redirected (${status}) carries nothing of the credential to the next host`,
			bench(async ({ api, engine, run }) => {
				const elsewhere = await startStandIn();
				try {
					api.fault({ on: 'asset', kind: 'redirect', status, location: `${elsewhere.url}/samples/clip.mp4` });
					const { items } = await run(imageToVideo());
					expect(await engine.bytesOf(items[0])).toEqual(api.assetBytes('video'));
					expect(elsewhere.requests).toHaveLength(1);
					for (const { headers, query } of elsewhere.requests) {
						expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['authorization']));
						expect(headers['x-runway-version']).toBeUndefined();
						expect(headers.cookie).toBeUndefined();
						expect(query).toEqual({});
					}
				} finally {
					await elsewhere.close();
				}
			}),
		);
	}

	for (const location of [
		'file:///etc/passwd',
		'ftp://127.0.0.1/x',
		'data:video/mp4;base64,AAAA',
		'gopher://127.0.0.1/',
	]) {
		test(
			`that is redirected to ${location.split(':')[0]}: brings no file`,
			bench(async ({ api, run }) => {
				api.fault({ on: 'asset', kind: 'redirect', location, times: 99 });
				const { items } = await run(imageToVideo());
				expect(items[0]?.binary).toBeUndefined();
				expect(items[0]?.json.downloadError).toEqual(expect.any(String));
			}),
		);
	}

	test(
		'of what services inside a network answer, text and JSON, is not stored',
		bench(async ({ api, run }) => {
			for (const kind of ['wrong-json', 'xml-file', 'html-file'] as const) {
				const fault = api.fault({ on: 'asset', kind, times: 99 });
				const { items } = await run(imageToVideo());
				expect([kind, items[0]?.binary]).toEqual([kind, undefined]);
				fault.clear();
			}
		}),
	);
});

/** An API that answers as the function says, with every task finished; keeps what it was asked. */
async function startApi(answer: (path: string, base: string) => unknown) {
	const requests: Array<Pick<IncomingMessage, 'url' | 'headers'>> = [];
	const server = createServer((request, response) => {
		requests.push({ url: request.url, headers: request.headers });
		request.resume();
		if (request.url === '/file') {
			response.writeHead(200, { 'content-type': 'video/mp4' }).end('\0\0\0\x20ftypisom');
			return;
		}
		response.writeHead(200, { 'content-type': 'application/json' });
		response.end(JSON.stringify(answer(request.url ?? '', base)));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	const close = () => {
		server.close();
		server.closeAllConnections();
	};
	return { base, requests, close };
}

topic('What the API answers', (test) => {
	const ids = ['../../../../tmp/escaped', '..', 'a/b?c=d#e', 'C:\\evil', 'a\r\nX-Smuggled: yes', '.npmrc', '__proto__'];
	for (const id of ids) {
		test(
			`as a task id, such as ${JSON.stringify(id)}, names no other route, no header and no path`,
			bench(async ({ engine }) => {
				const api = await startApi((path, base) =>
					path.includes('image_to_video') ? { id } : { id, status: 'SUCCEEDED', output: [`${base}/file`] },
				);
				try {
					const credential = { apiKey: 'k', baseUrl: api.base };
					const { items } = await engine.run({
						parameters: imageToVideo({ timeout: 2 }),
						credential,
						onError: CONTINUE,
					});
					const [item] = items;
					expect(item?.json.taskId ?? (item?.json.details as { taskId?: string }).taskId).toBe(id);
					const file = item?.binary?.data;
					if (id !== '..') expect(file?.fileName).toMatch(/^runway-[\w-]+\.mp4$/);
					for (const { url, headers } of api.requests) {
						expect(url).toMatch(/^\/runwayml\/v1\/(image_to_video|tasks\/[^/?#\r\n]+)$|^\/file$/);
						expect(headers['x-smuggled']).toBeUndefined();
					}
				} finally {
					api.close();
				}
			}),
		);
	}

	test(
		'is data, even if it looks like an expression or like code',
		bench(async (place) => {
			const words = '={{ $credentials.apiKey }} {{ 7777 * 1111 }} ${7777 * 1111} <script>alert(1)</script>';
			place.api.settings.renderMs = (made) => {
				made.outcome = { kind: 'failed', code: '={{ 7777 * 1111 }}', message: words };
				return 50;
			};
			const taskId = await makeTask(place);
			const { items } = await place.attempt(task('wait', { taskId }), { onError: CONTINUE });
			expect(items[0]?.json.error).toBe(`The task failed: ${words}`);
			expect(JSON.stringify(items)).not.toContain('8640247');

			const again = await place.run(task('get'), { items: [{ taskId }] });
			expect(again.items[0]?.json.failure).toMatchObject({ code: '={{ 7777 * 1111 }}', message: words });
		}),
	);

	test(
		'as a task id is not evaluated when the next node takes it',
		bench(async ({ api, run }) => {
			await run(task('get', {}, { timeout: 1 }), { items: [{ taskId: '{{7777*1111}}' }], onError: CONTINUE });
			expect(api.reads.length).toBeGreaterThan(0);
			expect(api.reads.every(({ path, body }) => !`${path} ${JSON.stringify(body)}`.includes('8640247'))).toBe(true);
		}),
	);

	test(
		'and what a user adds to the request changes no prototype',
		bench(async ({ api, run }) => {
			const additionalFields = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
			await run(imageToVideo({ additionalFields }, { completion: 'return' }), { items: prompts('a') });
			expect(api.creates).toHaveLength(1);
			expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
		}),
	);
});
