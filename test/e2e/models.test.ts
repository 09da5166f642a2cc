import type { INodeListSearchResult, INodeParameters } from 'n8n-workflow';

import { type CredentialReference, errorOf, freePort, type N8nClient, sharedN8n } from '../support/n8n';
import { startStandIn, type StandIn } from '../support/standin';
import { rowsSince } from './support/host';
import { startJsonHost } from './support/otherHost';
import { chain, CREDENTIAL, runway, RUNWAY, saveCredential, start } from './support/workflows';

/** The list of models, asked for as the editor asks when its field is opened, and what is sent of a choice. */

const MINUTES = 60_000;

let api: StandIn;
let n8n: N8nClient;
let credential: CredentialReference;

beforeAll(async () => {
	api = await startStandIn({ renderMs: 200, queuedMs: 50, notVisibleMs: 0, alsoServes: ['gen9_ultra-β'] });
	n8n = await sharedN8n();
	credential = await saveCredential(n8n, 'Stand-in for the models', { apiKey: api.apiKey, baseUrl: api.url });
}, 4 * MINUTES);

beforeEach(() => api.reset());

afterAll(async () => {
	await api.close();
});

interface Search {
	filter?: string;
	/** null for a node whose credential was not chosen yet. */
	using?: CredentialReference | null;
}

/** Sends what the editor sends when the list is opened, or typed into. */
async function search(parameters: INodeParameters, { filter, using = credential }: Search = {}): Promise<string[]> {
	const { results } = await n8n.request<INodeListSearchResult>(
		'POST',
		'/rest/dynamic-node-parameters/resource-locator-results',
		{
			nodeTypeAndVersion: { name: RUNWAY, version: 1 },
			path: 'parameters.model',
			methodName: 'searchModels',
			currentNodeParameters: parameters,
			...(filter === undefined ? {} : { filter }),
			...(using === null ? {} : { credentials: { [CREDENTIAL]: { id: using.id, name: using.name } } }),
		},
	);
	for (const { name, value } of results) expect(name.startsWith(String(value))).toBe(true);
	return results.map(({ value }) => String(value));
}

const video = (operation: string) => ({ resource: 'video', operation });
const image = { resource: 'image', operation: 'generate' };

/** The names that CometAPI's documentation gives for each operation. */
const documented: Array<[name: string, parameters: INodeParameters, names: string[]]> = [
	['generateFromText', video('generateFromText'), ['gen4_turbo', 'gen4']],
	['generateFromImage', video('generateFromImage'), ['gen4', 'gen4_turbo']],
	['imageToVideo', video('imageToVideo'), ['gen4_turbo', 'gen4.5', 'veo3.1', 'veo3.1_fast']],
	['restyle', video('restyle'), ['gen4']],
	['videoToVideo', video('videoToVideo'), ['aleph2']],
	['characterPerformance', video('characterPerformance'), ['act_two']],
	['upscale', video('upscale'), ['magnific_video_upscaler_creative']],
	[
		'image: generate',
		image,
		['gen4_image', 'gen4_image_turbo', 'gemini_2.5_flash', 'gemini_image3_pro', 'gemini_image3.1_flash'],
	],
];

/** A credential that leads to this host. */
async function credentialFor(host: { url: string }, apiKey = api.apiKey): Promise<CredentialReference> {
	return await saveCredential(n8n, 'Elsewhere', { apiKey, baseUrl: host.url });
}

/** What a search gives while CometAPI's list is this one. */
async function searchIn(ids: unknown[], parameters: INodeParameters, filter?: string): Promise<string[]> {
	const host = await startJsonHost({ object: 'list', data: ids.map((id) => ({ id, object: 'model' })) });
	try {
		return await search(parameters, { using: await credentialFor(host), filter });
	} finally {
		await host.close();
	}
}

describe('In a real n8n, the list of the model field', () => {
	it.each(documented)('of %s begins with the documented names, each once', async (_name, parameters, names) => {
		const found = await search(parameters);
		expect(found.slice(0, names.length)).toEqual(names);
		expect(new Set(found).size).toBe(found.length);
	});

	it('is asked for once, with the key, free of charge', async () => {
		await search(video('imageToVideo'));
		expect(api.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /v1/models']);
		expect(api.requests[0]?.headers.authorization).toBe(`Bearer ${api.apiKey}`);
	});

	it('offers a new model of a known family that CometAPI has begun to list', async () => {
		const found = await searchIn(['gen5_turbo', 'gen4_turbo'], video('imageToVideo'));
		expect(found).toContain('gen5_turbo');
		expect(found.filter((name) => name === 'gen4_turbo')).toHaveLength(1);
	});

	it.each(documented)('of %s offers no billing names and no foreign models', async (_name, parameters) => {
		const billing = [
			'runway-video',
			'runway-video2video',
			'runwayml_text_to_image',
			'runwayml_image_to_video',
			'runwayml-character-performance',
		];
		const foreign = ['gpt-5', 'claude-sonnet-4-5', 'kling-v1', 'actor-1', 'general-1', 'veosomething', 'upscaler'];
		const found = await searchIn([...billing, ...foreign], parameters);
		expect(found.filter((name) => billing.includes(name) || foreign.includes(name))).toEqual([]);
	});

	it('of an image offers no chat models of the same maker', async () => {
		const chat = ['gemini-2.5-pro', 'gemini-2.5-flash', 'gemini-3-pro-preview', 'gemini-embedding-001'];
		expect(await searchIn(chat, image)).toEqual([
			'gen4_image',
			'gen4_image_turbo',
			'gemini_2.5_flash',
			'gemini_image3_pro',
			'gemini_image3.1_flash',
		]);
	});

	it('of a video offers no models that make pictures', async () => {
		const found = await searchIn(['gen4_image', 'gen4_image_turbo'], video('imageToVideo'));
		expect(found.filter((name) => name.includes('image'))).toEqual([]);
	});

	it.each([
		['gen4', ['gen4_turbo', 'gen4.5']],
		['VEO', ['veo3.1', 'veo3.1_fast']],
		['  turbo ', ['gen4_turbo']],
		['.*', []],
		['no such model', []],
		['', ['gen4_turbo', 'gen4.5', 'veo3.1', 'veo3.1_fast']],
	])('narrows down to what was typed: "%s"', async (filter, names) => {
		expect(await searchIn([], video('imageToVideo'), filter)).toEqual(names);
	});

	describe('offers the documented names alone', () => {
		const names = ['gen4_turbo', 'gen4.5', 'veo3.1', 'veo3.1_fast'];
		const expectFallback = async (using: CredentialReference | null) =>
			expect(await search(video('imageToVideo'), { using })).toEqual(names);

		it('while nobody answers', async () => {
			await expectFallback(await credentialFor({ url: `http://127.0.0.1:${await freePort()}` }));
		});

		it('while the host name is unknown', async () => {
			await expectFallback(await credentialFor({ url: 'http://nowhere.invalid' }));
		});

		it('without a credential', async () => {
			await expectFallback(null);
		});

		it('if the base URL is no web address', async () => {
			await expectFallback(await credentialFor({ url: 'api.cometapi.com' }));
		});

		it('with a wrong key', async () => {
			await expectFallback(await credentialFor(api, 'sk-wrong'));
		});

		it.each(['html', 'redirect', 'reset-before', 'truncated-json', 'wrong-json', 'empty-object'] as const)(
			'if CometAPI answers in the manner "%s"',
			async (kind) => {
				api.fault({ on: 'models', kind, times: 10 });
				await expectFallback(credential);
			},
		);

		it.each([401, 403, 404, 429, 500, 503])('if CometAPI answers %i', async (status) => {
			api.fault({ on: 'models', kind: 'status', status, times: 10 });
			await expectFallback(credential);
		});

		it.each([
			['entries that are no models', { data: [null, 7, 'gen9', { id: 12 }, { id: '' }, { name: 'gen9' }] }],
			['no list', { data: { id: 'gen9' } }],
			['a bare list', [{ id: 'gen9' }]],
			['nothing', null],
		])('where the list holds %s', async (_what, body) => {
			const host = await startJsonHost(body);
			await expectFallback(await credentialFor(host)).finally(host.close);
		});
	});

	it.each([
		['an operation without models', video('actOne')],
		['an unknown operation', video('inventNewColours')],
	])('is empty for %s', async (_what, parameters) => {
		expect(await search(parameters)).toEqual([]);
	});
});

describe('In a real n8n, the model is sent as it was given', () => {
	const locator = (mode: string, value: string) => ({ __rl: true, mode, value, cachedResultName: 'Another name' });

	/** Creates a task with this model and returns the model that arrived. */
	async function sent(model: INodeParameters | string | undefined): Promise<{ model: unknown; error?: string }> {
		const create = runway('Runway', {
			...video('imageToVideo'),
			imageUrl: 'https://example.com/pier.jpg',
			completion: 'return',
			// A ratio and a duration that all the models take, where the defaults may suit the default model alone.
			...(model === undefined ? {} : { model, prompt: 'waves', ratio: '1280:720', duration: 8 }),
		});
		const id = await n8n.importWorkflow(chain('Model', start(), create), [credential]);
		const execution = await n8n.runToEnd(id);
		const body = api.creates[0]?.body as { model?: unknown } | undefined;
		return { model: body?.model, error: errorOf(execution)?.message };
	}

	it.each([
		['chosen from the list', locator('list', 'veo3.1'), 'veo3.1'],
		['typed by name', locator('id', 'gen4.5'), 'gen4.5'],
		['typed by a name that no list has', locator('id', 'gen9_ultra-β'), 'gen9_ultra-β'],
		['typed with blanks around it', locator('id', ' gen4_turbo\n'), 'gen4_turbo'],
		['an expression', locator('id', '={{ "gen" + 4 + "_turbo" }}'), 'gen4_turbo'],
		['an expression in the list', locator('list', '={{ "veo" + 3 }}'), 'veo3'],
		['a plain text', 'gen4_turbo', 'gen4_turbo'],
		['an expression in place of the whole field', '={{ "gen" + 4.5 }}', 'gen4.5'],
		['left alone', undefined, 'gen4_turbo'],
	])('%s', async (_what, model, expected) => {
		expect(await sent(model)).toEqual({ model: expected, error: undefined });
	});

	it.each([
		// n8n 1 itself doesn't run a node whose required field was left empty.
		...rowsSince<[string, INodeParameters]>('2', ['empty', locator('id', '')]),
		['blank', locator('id', '  ')],
		['an expression that finds nothing', locator('id', '={{ $json.noSuchField }}')],
	])('and stops before anything is billed where it is %s', async (_what, model) => {
		const { error } = await sent(model);
		expect(error).toMatch(/Model/);
		expect(api.creates).toEqual([]);
	});
});
