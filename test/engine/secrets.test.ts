import type { INodeParameters } from 'n8n-workflow';

import type { RunInput } from '../support/engine';
import { startStandIn, type Fault } from '../support/standin';
import { bench, closeBench, CONTINUE, imageToVideo, prompts, task, textToVideo, topic, type Bench } from './bench';
import { traces } from './traces';

afterAll(closeBench);

const SIGNATURE = 'top-secret-signature';

interface Case {
	title: string;
	fault?: Fault;
	prompt?: string;
	parameters?: INodeParameters;
	more?: Partial<RunInput>;
}

const echo = (key: string) => `invalid token ${key} at https://api.example.com/x?key=${key}&_jwt=${SIGNATURE}`;

const cases = (key: string): Case[] => [
	...(
		['refuse', 'reset-after', 'timeout', 'redirect', 'html', 'truncated-json', 'wrong-json', 'empty-object'] as const
	).map((kind): Case => ({ title: `create: ${kind}`, fault: { on: 'create', kind } })),
	...[400, 401, 403, 404, 413, 500, 502].map((status): Case => ({
		title: `create: ${status}`,
		fault: { on: 'create', kind: 'status', status, message: echo(key) },
	})),
	{
		title: 'create: redirect to elsewhere',
		fault: { on: 'create', kind: 'redirect', location: `http://x.example/?key=${key}` },
	},
	{ title: 'create: business', fault: { on: 'create', kind: 'business', message: echo(key) } },
	{ title: 'read: 401', fault: { on: 'read', kind: 'status', status: 401, message: echo(key) } },
	{ title: 'read: 403', fault: { on: 'read', kind: 'status', status: 403, message: echo(key) } },
	{
		title: 'read: 500 to the end',
		fault: { on: 'read', kind: 'status', status: 500, message: echo(key), times: 99 },
		parameters: imageToVideo({ timeout: 1 }),
	},
	{ title: 'no url', prompt: '[no url]' },
	{ title: 'time limit', prompt: '[stuck]', parameters: imageToVideo({ timeout: 1 }) },
	{ title: 'asset: HTTP 400', fault: { on: 'asset', kind: 'status', status: 400, times: 9, message: echo(key) } },
	{ title: 'asset: html', fault: { on: 'asset', kind: 'html', times: 9 } },
	{ title: 'asset: reset', fault: { on: 'asset', kind: 'reset-before', times: 9 } },
	{ title: 'wrong input', parameters: imageToVideo({}, { imageUrl: `ftp://h/a.jpg?_jwt=${SIGNATURE}` }) },
	{ title: 'wrong extra fields', parameters: imageToVideo({ additionalFields: `{ "key": "${key}"` }) },
	{ title: 'odd input', parameters: imageToVideo({}, { imageUrl: `http://localhost/a.jpg?_jwt=${SIGNATURE}` }) },
	{
		title: 'balance refused',
		fault: { on: 'quota', kind: 'status', status: 400 },
		parameters: { resource: 'account', operation: 'getBalance' },
	},
	{
		title: 'balance reset',
		fault: { on: 'quota', kind: 'reset-before', times: 9 },
		parameters: { resource: 'account', operation: 'getBalance' },
	},
	{ title: 'balance', parameters: { resource: 'account', operation: 'getBalance' } },
];

/** Runs all cases and gives the titles of those that left the key or a signature anywhere. */
async function leaks(settings: { apiKey?: string }, onError?: RunInput['onError']): Promise<string[]> {
	const found: string[] = [];
	const key = settings.apiKey ?? 'sk-standin-0000000000000000000000000000000000000000';
	await Promise.all(
		cases(key).map(async ({ title, fault, prompt = 'x', parameters = imageToVideo(), more }) => {
			await bench(async ({ api, attempt }: Bench) => {
				expect(api.apiKey).toBe(key);
				if (fault !== undefined) api.fault(fault);
				const result = await attempt(parameters, { items: prompts(prompt), longestRequestMs: 300, onError, ...more });
				const text = traces(result);
				const signed = api.downloads.map(({ query }) => query._jwt).filter((token) => token !== undefined);
				if (text.includes(key)) found.push(`${title}: the key`);
				if ([SIGNATURE, ...signed].some((secret) => text.includes(secret))) found.push(`${title}: a signature`);
			}, settings)();
		}),
	);
	return found.sort();
}

topic('The API key and signatures', (test) => {
	test('appear in no error, hint, message or item when the run stops', async () => expect(await leaks({})).toEqual([]));

	test('appear in no error item either if the run continues', async () =>
		expect(await leaks({}, CONTINUE)).toEqual([]));

	test('do not appear where the key has another form and CometAPI repeats it', async () =>
		expect(await leaks({ apiKey: 'comet0123456789abcdef' })).toEqual([]));

	test(
		'do not appear in the reason of a failed task, neither in words nor as data',
		bench(async ({ api, attempt, run }) => {
			const reason = `could not fetch https://bucket.example.com/in.png?X-Amz-Signature=${SIGNATURE}`;
			api.settings.renderMs = (made) => {
				made.outcome = { kind: 'failed', code: 'ASSET.INVALID', message: reason };
				return 200;
			};
			const [stopped, went] = await Promise.all([
				attempt(textToVideo()),
				attempt(textToVideo(), { onError: CONTINUE }),
			]);
			const [taskId = ''] = api.tasks.keys();
			const got = await run(task('get', { taskId }));

			expect(stopped.error).toMatchObject({ message: expect.stringContaining('could not fetch') as unknown });
			expect(traces(stopped)).not.toContain(SIGNATURE);
			expect(traces(went)).not.toContain(SIGNATURE);
			expect(traces({ ...got, error: null })).not.toContain(SIGNATURE);
		}),
	);

	test('go to the host of the base URL and to no other', async () => {
		const elsewhere = await startStandIn();
		try {
			await bench(async ({ api, attempt }) => {
				for (const [on, status] of [
					['create', 301],
					['create', 307],
					['read', 302],
					['quota', 302],
				] as const) {
					api.fault({ on, kind: 'redirect', status, location: `${elsewhere.url}/v1/models` });
				}
				await attempt(imageToVideo({}, { completion: 'return' }));
				await attempt(imageToVideo({}, { completion: 'return' }));
				await attempt(imageToVideo());
				await attempt({ resource: 'account', operation: 'getBalance' });
				expect(elsewhere.requests).toEqual([]);
				for (const { headers, route } of api.requests) {
					const expected = route === 'asset' || route === 'quota' ? undefined : `Bearer ${api.apiKey}`;
					expect(headers.authorization).toBe(expected);
				}
			})();
			await bench(
				async ({ run }) => {
					elsewhere.settings.signedUrls = false;
					await run(imageToVideo());
					for (const { headers } of elsewhere.requests) expect(headers.authorization).toBeUndefined();
					expect(elsewhere.requests.length).toBeGreaterThan(0);
				},
				{ publicUrl: elsewhere.url },
			)();
		} finally {
			await elsewhere.close();
		}
	});
});
