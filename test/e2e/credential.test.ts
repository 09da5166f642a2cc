import { freePort, type CredentialTest, type N8nClient, sharedN8n } from '../support/n8n';
import { startStandIn, type StandIn } from '../support/standin';
import { startHost, startJsonHost } from './support/otherHost';
import { saveCredential } from './support/workflows';

/** The test that n8n runs when a credential is saved, and that its button "Retry" runs again. */

const MINUTES = 60_000;
const KEY_WORDS = /API key is missing, or CometAPI does not accept it/;
const URL_WORDS = /base URL/i;

let api: StandIn;
let n8n: N8nClient;

beforeAll(async () => {
	api = await startStandIn();
	n8n = await sharedN8n();
}, 4 * MINUTES);

beforeEach(() => api.reset());

afterAll(async () => {
	await api.close();
});

/** Saves a credential, lets n8n test it, and checks what holds for every answer. */
async function test(baseUrl: string, apiKey = api.apiKey): Promise<CredentialTest> {
	const { id } = await saveCredential(n8n, 'Under test', { apiKey, baseUrl });
	const answer = await n8n.testCredential(id);
	expect(JSON.stringify(answer)).not.toContain(apiKey.trim());
	expect(api.creates).toEqual([]);
	return answer;
}

async function expectWrongUrl(baseUrl: string): Promise<void> {
	expect(await test(baseUrl)).toEqual({ status: 'Error', message: expect.stringMatching(URL_WORDS) as string });
}

describe('In a real n8n, the test of the credential', () => {
	it('accepts the right key at the right address, and asks for the list of models and the state of the key only', async () => {
		expect(await test(api.url)).toEqual({ status: 'OK', message: expect.any(String) as string });
		expect(api.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
			'GET /v1/models',
			'GET /api/usage/token',
		]);
		for (const { headers, query } of api.requests) {
			expect(headers.authorization).toBe(`Bearer ${api.apiKey}`);
			expect(query).toEqual({});
		}
		expect(api.tasks.size).toBe(0);
	});

	it.each([
		['a slash at the end', (url: string) => `${url}/`],
		['several slashes at the end', (url: string) => `${url}///`],
		['blanks around it', (url: string) => `  ${url} `],
		['a slash and a blank at the end', (url: string) => `${url}/ `],
		['a scheme in capitals', (url: string) => url.replace('http', 'HTTP')],
	])('accepts a base URL with %s', async (_what, form) => {
		expect((await test(form(api.url))).status).toBe('OK');
	});

	describe('blames the key', () => {
		it.each([
			['a wrong key', 'sk-wrong-1111111111111111111111111111'],
			['an empty-looking key', ' '],
		])('where it is %s', async (_what, apiKey) => {
			const { id } = await saveCredential(n8n, 'Under test', { apiKey, baseUrl: api.url });
			const answer = await n8n.testCredential(id);
			expect(answer).toEqual({ status: 'Error', message: expect.stringMatching(KEY_WORDS) as string });
			expect(answer.message).not.toContain('sk-wrong');
			expect(answer.message).not.toMatch(URL_WORDS);
		});

		it.each([
			['expired', { expires_at: 1_700_000_000 }, /^This key expired on 2023-11-14\./],
			['is used up', { total_available: 0 }, /^This key is used up\./],
			[
				'is for models of others alone',
				{ model_limits_enabled: true, model_limits: { 'gpt-5': true } },
				/^This key may only use gpt-5, and none of them is a Runway model\./,
			],
		])('where it %s, in words that say so', async (_what, keyUsage, words) => {
			api.settings.keyUsage = keyUsage;
			expect(await test(api.url)).toEqual({ status: 'Error', message: expect.stringMatching(words) as string });
		});

		it('if CometAPI answers 403', async () => {
			api.fault({ on: 'models', kind: 'status', status: 403 });
			const answer = await test(api.url);
			expect(answer).toEqual({ status: 'Error', message: expect.stringMatching(KEY_WORDS) as string });
		});
	});

	describe('blames the base URL', () => {
		it.each(['/v1', '/v1/', '/docs', '/runwayml/v1', '/v1/models'])('if the path %s was added', async (path) => {
			await expectWrongUrl(`${api.url}${path}`);
		});

		it('if it leads to a web page', async () => {
			api.fault({ on: 'models', kind: 'html' });
			await expectWrongUrl(api.url);
		});

		it('if it leads to an empty answer', async () => {
			const host = await startHost((_request, response) => response.writeHead(200).end());
			await expectWrongUrl(host.url).finally(host.close);
		});

		it.each([301, 302, 303, 307, 308])('if it answers with a redirect %i, which is not followed', async (status) => {
			const elsewhere = await startJsonHost({ object: 'list', data: [{ id: 'gen4_turbo', object: 'model' }] });
			api.fault({ on: 'models', kind: 'redirect', status, location: `${elsewhere.url}/v1/models` });
			await expectWrongUrl(api.url).finally(elsewhere.close);
			expect(elsewhere.requests).toEqual([]);
		});

		it.each([
			['an object', { ok: true, result: 'accepted' }],
			['an empty object', {}],
			['a list', [{ id: 1 }]],
			['an object whose data is an object', { data: { user: 'north' } }],
			['an object whose data is nothing', { data: null }],
			['a business error with HTTP 200', { code: 401, message: 'invalid token', data: null }],
			['a list of something else', { data: [{ title: 'A post' }] }],
			['null', null],
			['a text', 'hello'],
		])('where the host answers JSON of another kind: %s', async (_what, body) => {
			const host = await startJsonHost(body);
			await expectWrongUrl(host.url).finally(host.close);
		});

		it.each([404, 405, 410])('if the host answers %i', async (status) => {
			const host = await startJsonHost({ message: 'no such page' }, status);
			await expectWrongUrl(host.url).finally(host.close);
		});
	});

	describe('is no success, and shows why,', () => {
		const expectCode = async (baseUrl: string, code: RegExp) => {
			expect(await test(baseUrl)).toEqual({ status: 'Error', message: expect.stringMatching(code) as string });
		};

		it('if nobody listens at the port', async () => {
			await expectCode(
				`http://127.0.0.1:${await freePort()}`,
				/Nothing answers at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)\. Check the base URL/,
			);
		});

		it('if the host name is unknown', async () => {
			await expectCode('http://nowhere.invalid', /no host nowhere\.invalid \((ENOTFOUND|EAI_AGAIN)\)/);
		});

		it('if https is spoken to a host that speaks http', async () => {
			await expectCode(api.url.replace('http:', 'https:'), /ECONNRESET|EPROTO|SSL/);
		});

		it.each([
			['no scheme', (url: string) => url.replace('http://', '')],
			['a scheme that is none of the web', (url: string) => url.replace('http:', 'ftp:')],
			['a slash too few', (url: string) => url.replace('//', '/')],
			['no host', () => 'https://'],
			['nothing but blanks', () => '   '],
			['words', () => 'my CometAPI'],
		])('where it has %s', async (_what, form) => {
			await expectCode(form(api.url), /base URL is not a web address/);
			expect(api.requests).toEqual([]);
		});
	});

	it.each([500, 502, 503, 429])('is no success, and blames nobody, while CometAPI answers %i', async (status) => {
		api.fault({ on: 'models', kind: 'status', status, times: 10 });
		const answer = await test(api.url);
		expect(answer.status).toBe('Error');
		expect(answer.message).not.toMatch(KEY_WORDS);
		expect(answer.message).not.toBe('');
	});

	it('is no success if the answer breaks off', async () => {
		api.fault({ on: 'models', kind: 'truncated-json', times: 10 });
		expect((await test(api.url)).status).toBe('Error');
	});

	it('is no success if a page only looks like the answer', async () => {
		api.fault({ on: 'models', kind: 'truncated-json', length: 'honest', times: 10 });
		expect((await test(api.url)).status).toBe('Error');
	});

	it('repeats no key that a host sends back', async () => {
		const host = await startHost((request, response) => {
			response
				.writeHead(400, { 'content-type': 'application/json' })
				.end(JSON.stringify({ message: `refused: ${request.headers.authorization ?? ''}` }));
		});
		expect((await test(host.url).finally(host.close)).status).toBe('Error');
	});
});
