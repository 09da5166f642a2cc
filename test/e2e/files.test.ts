import type { INode, INodeParameters } from 'n8n-workflow';

import {
	binaryOf,
	type CredentialReference,
	errorOf,
	type Execution,
	type N8nClient,
	outputOf,
	sharedN8n,
} from '../support/n8n';
import { startStandIn, type StandIn } from '../support/standin';
import { rowsSince } from './support/host';
import { LONGEST_TEST_MS } from './support/place';
import { chain, fetchFile, items, runway, saveCredential, start } from './support/workflows';

/** Files that earlier nodes of a real n8n have made go in, and tasks that earlier nodes have created are found. */

jest.setTimeout(LONGEST_TEST_MS);

let api: StandIn;
let n8n: N8nClient;
let credential: CredentialReference;
let picture: string;
let clip: string;

beforeAll(async () => {
	api = await startStandIn({ renderMs: 300, queuedMs: 50, notVisibleMs: 0 });
	n8n = await sharedN8n();
	credential = await saveCredential(n8n, 'Stand-in for the files', { apiKey: api.apiKey, baseUrl: api.url });
	picture = `data:image/png;base64,${api.assetBytes('image').toString('base64')}`;
	clip = `data:video/mp4;base64,${api.assetBytes('video').toString('base64')}`;
}, LONGEST_TEST_MS);

beforeEach(() => api.reset());

afterAll(async () => {
	await api.close();
});

async function run(...nodes: INode[]): Promise<Execution> {
	return await n8n.runToEnd(await n8n.importWorkflow(chain('Files', start(), ...nodes), [credential]));
}

function expectSuccess(execution: Execution): void {
	expect(errorOf(execution)).toBeUndefined();
	expect(execution.status).toBe('success');
}

const fetchPicture = (field = 'data') => fetchFile('Picture', `${api.url}/samples/harbor.png`, field);
const fetchClip = (field = 'data') => fetchFile('Clip', `${api.url}/samples/clip.mp4`, field);

const options = { pollInterval: 0.2 };
const animate: INodeParameters = {
	resource: 'video',
	operation: 'imageToVideo',
	imageSource: 'binary',
	prompt: 'waves rolling',
	options,
};
/** A task by URL, that is not waited for. */
const submit: INodeParameters = {
	...animate,
	imageSource: 'url',
	imageUrl: 'https://example.com/pier.jpg',
	completion: 'return',
};

describe('In a real n8n, a file of an earlier node', () => {
	const cases: Array<[operation: string, parameters: INodeParameters, expected: () => object]> = [
		['imageToVideo', { ...animate, imageBinaryField: 'picture' }, () => ({ promptImage: picture })],
		[
			'videoToVideo',
			{
				resource: 'video',
				operation: 'videoToVideo',
				videoSource: 'binary',
				videoBinaryField: 'clip',
				prompt: 'make it snow',
				model: { __rl: true, mode: 'id', value: 'gen4_aleph' },
				referenceImages: { image: [{ url: '', binaryField: 'picture' }] },
				options,
			},
			() => ({ videoUri: clip, references: [{ type: 'image', uri: picture }] }),
		],
		[
			'upscale',
			{ resource: 'video', operation: 'upscale', videoSource: 'binary', videoBinaryField: 'clip', options },
			() => ({ videoUri: clip }),
		],
		[
			'characterPerformance',
			{
				resource: 'video',
				operation: 'characterPerformance',
				characterSource: 'binary',
				characterBinaryField: 'picture',
				referenceSource: 'binary',
				referenceBinaryField: 'clip',
				options,
			},
			() => ({ character: { type: 'image', uri: picture }, reference: { type: 'video', uri: clip } }),
		],
		[
			'characterPerformance of a video',
			{
				resource: 'video',
				operation: 'characterPerformance',
				characterType: 'video',
				characterSource: 'binary',
				characterBinaryField: 'clip',
				referenceSource: 'url',
				referenceUrl: 'https://example.com/actor.mp4',
				options,
			},
			() => ({
				character: { type: 'video', uri: clip },
				reference: { type: 'video', uri: 'https://example.com/actor.mp4' },
			}),
		],
		[
			'image: generate',
			{
				resource: 'image',
				operation: 'generate',
				prompt: '@pier and @boat at dusk',
				referenceImages: {
					image: [
						{ url: '', binaryField: 'picture', tag: 'pier' },
						{ url: 'https://example.com/boat.png', binaryField: '', tag: 'boat' },
						{ url: '', binaryField: 'picture', tag: '' },
					],
				},
				options,
			},
			() => ({
				referenceImages: [
					{ uri: picture, tag: 'pier' },
					{ uri: 'https://example.com/boat.png', tag: 'boat' },
					{ uri: picture },
				],
			}),
		],
	];

	it.each(cases)('goes into %s byte for byte, and its result comes back', async (_operation, parameters, expected) => {
		const execution = await run(fetchPicture('picture'), fetchClip('clip'), runway('Runway', parameters));
		expectSuccess(execution);
		expect(api.creates).toHaveLength(1);
		const body = api.creates[0]?.body as Record<string, unknown>;
		expect(Object.entries(expected()).map(([name, value]) => [name, isSame(body[name], value)])).toEqual(
			Object.keys(expected()).map((name) => [name, true]),
		);
		const file = binaryOf(outputOf(execution, 'Runway')[0]);
		const made = parameters.resource === 'image' ? 'image' : 'video';
		expect((await n8n.download(file)).equals(api.assetBytes(made))).toBe(true);
	});

	it('is found in the field "data" by default', async () => {
		expectSuccess(await run(fetchPicture(), runway('Runway', { ...animate, completion: 'return' })));
		expect((api.creates[0]?.body as { promptImage: string }).promptImage === picture).toBe(true);
	});

	it('is taken of each item, even if fields are named by an expression', async () => {
		const parameters = { ...animate, imageBinaryField: '={{ $json.field }}', completion: 'return' };
		const named = items('Items', [{ field: 'picture' }, { field: 'picture' }]);
		expectSuccess(await run(named, fetchPicture('picture'), runway('Runway', parameters)));
		const sent = api.creates.map(({ body }) => (body as { promptImage: string }).promptImage === picture);
		expect(sent).toEqual([true, true]);
	});

	it('passes from one Runway node to the next', async () => {
		const grow = {
			resource: 'video',
			operation: 'upscale',
			videoSource: 'binary',
			videoBinaryField: 'clip',
			completion: 'return',
		};
		const make = runway('Make', { ...submit, completion: 'wait', options: { ...options, binaryField: 'clip' } });
		expectSuccess(await run(make, runway('Grow', grow)));
		expect((api.creates[1]?.body as { videoUri: string }).videoUri === clip).toBe(true);
	});

	it.each([
		['is missing', { imageBinaryField: 'absent' }, /absent/],
		['is a video where a picture is asked for', { imageBinaryField: 'clip' }, /JPEG, PNG or WebP/],
	])('stops the node before anything is billed where it %s', async (_what, changes, words) => {
		const execution = await run(fetchClip('clip'), runway('Runway', { ...animate, ...changes }));
		expect(execution.status).toBe('error');
		expect(errorOf(execution)?.message).toMatch(words);
		expect(api.creates).toEqual([]);
	});

	it('is not asked for if its item gives a URL', async () => {
		expectSuccess(await run(runway('Runway', submit)));
		expect(api.creates[0]?.body).toMatchObject({ promptImage: 'https://example.com/pier.jpg' });
	});
});

describe('In a real n8n, tasks that a node has created and not waited for', () => {
	const three = items('Items', [{ shot: 1 }, { shot: 2 }, { shot: 3 }]);
	const submitThree = runway('Submit', { ...submit, prompt: '=shot {{ $json.shot }}' });
	const operations = ['get', 'wait', 'download'] as const;
	const once = { executeOnce: true };
	const fetch = (operation: string, parameters: INodeParameters = {}, rest: Partial<INode> = {}) =>
		runway('Fetch', { resource: 'task', operation, options, ...parameters }, rest);

	/** Runs the three creates, then the task node, and checks what came out. */
	async function expectAll(operation: (typeof operations)[number], node: INode, pairs: number[]): Promise<void> {
		if (operation === 'download') api.settings.renderMs = 0;
		const execution = await run(three, submitThree, node);
		expectSuccess(execution);
		expect(api.creates).toHaveLength(3);
		const created = outputOf(execution, 'Submit').map(({ json }) => json.taskId);
		const fetched = outputOf(execution, 'Fetch');
		expect(fetched.map(({ json }) => json.taskId)).toEqual(created);
		expect(fetched.map(({ pairedItem }) => pairedItem)).toEqual(pairs.map((item) => ({ item })));
		expect(new Set(created)).toEqual(new Set(api.tasks.keys()));
		for (const item of fetched) {
			expect(item.json).toMatchObject({ operation, api: 'official' });
			if (operation === 'get') {
				expect(item.binary).toBeUndefined();
				continue;
			}
			expect(item.json.status).toBe('succeeded');
			expect((await n8n.download(binaryOf(item))).equals(api.assetBytes('video'))).toBe(true);
		}
	}

	it.each(operations)('are found by task: %s from its items, by defaults alone', async (operation) => {
		await expectAll(operation, fetch(operation), [0, 1, 2]);
		// Each item says which route knows its task, so none is asked for in vain.
		expect(new Set(api.reads.map(({ operation: route }) => route))).toEqual(new Set(['getTask']));
	});

	const lists: Array<[how: string, taskId: string]> = [
		['a list of ids', "={{ $('Submit').all().map(item => item.json.taskId) }}"],
		['the items themselves', "={{ $('Submit').all().map(item => item.json) }}"],
		['ids split by comma', "={{ $('Submit').all().map(item => item.json.taskId).join(',') }}"],
		['ids split by comma, blank and line', "=\n{{ $('Submit').all().map(item => item.json.taskId).join(' ,\\n') }}, "],
		['ids of which some are there twice', "={{ $('Submit').all().map(i => i.json.taskId + ' ' + i.json.taskId) }}"],
	];

	it.each(lists.flatMap(([how, taskId]) => operations.map((operation) => [operation, how, taskId] as const)))(
		'are found by task: %s from %s',
		async (operation, _how, taskId) => {
			await expectAll(operation, fetch(operation, { taskId }, once), [0, 0, 0]);
		},
	);

	it('are found if nothing says which route knows them', async () => {
		const bare = items('Bare', [{}]);
		const taskId = "={{ $('Submit').all().map(item => item.json.taskId) }}";
		const execution = await run(three, submitThree, bare, fetch('wait', { taskId, download: false }, once));
		expectSuccess(execution);
		expect(outputOf(execution, 'Fetch').map(({ json }) => json.status)).toEqual(Array(3).fill('succeeded'));
		expect(outputOf(execution, 'Fetch').every(({ binary }) => binary === undefined)).toBe(true);
	});

	it('are found together with those of the other family', async () => {
		const text = {
			resource: 'video',
			operation: 'generateFromText',
			prompt: 'a lantern',
			completion: 'return',
			options,
		};
		const other = runway('Other', text, once);
		const taskId = "={{ [$('Other').first().json, ...$('Submit').all().map(item => item.json)] }}";
		const execution = await run(three, submitThree, other, fetch('wait', { taskId, download: false }));
		expectSuccess(execution);
		expect(outputOf(execution, 'Fetch').map(({ json }) => [json.api, json.status])).toEqual([
			['compatibility', 'succeeded'],
			...Array<[string, string]>(3).fill(['official', 'succeeded']),
		]);
	});

	it('are found after a time-out that returned them', async () => {
		api.settings.renderMs = 2500;
		const impatient = { timeout: 1, onTimeout: 'returnTask', pollInterval: 0.2 };
		const slow = runway('Submit', { ...submit, completion: 'wait', options: impatient });
		const execution = await run(slow, fetch('wait'));
		expectSuccess(execution);
		expect(outputOf(execution, 'Submit')[0]?.json.status).toMatch(/queued|running/);
		expect(outputOf(execution, 'Submit')[0]?.binary).toBeUndefined();
		expect(outputOf(execution, 'Fetch')[0]?.json.status).toBe('succeeded');
		expect(api.creates).toHaveLength(1);
	});

	it.each([
		// n8n 1 itself doesn't run a node whose required field was left empty.
		...rowsSince<[string, string, RegExp]>('2', ['an empty text', '', /Task ID/]),
		['nothing but separators', ' , ,\n', /Task ID/],
		['an empty list', '={{ [] }}', /Task ID/],
		['a field that is not there', '={{ $json.noSuchField }}', /Task ID/],
	])('are asked for in words where the id is %s', async (_what, taskId, words) => {
		const execution = await run(fetch('get', { taskId }));
		expect(execution.status).toBe('error');
		expect(errorOf(execution)?.message).toMatch(words);
		expect(api.requests).toEqual([]);
	});
});

/** Whether two values are alike, without printing megabytes where they are not. */
function isSame(one: unknown, other: unknown): boolean {
	return JSON.stringify(one) === JSON.stringify(other);
}
