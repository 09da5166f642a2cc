import type { INode, INodeParameters } from 'n8n-workflow';

import { type CredentialReference, errorOf, type Execution, type N8nClient, outputOf, sharedN8n } from '../support/n8n';
import type { WorkflowFile } from '../support/n8n';
import { startStandIn, type StandIn } from '../support/standin';
import { FINAL_WORDS, startFakeChat, type FakeChat } from './support/fakeChat';
import { itSince, rowsSince } from './support/host';
import { LONGEST_TEST_MS } from './support/place';
import { CREDENTIAL, node, RUNWAY, saveCredential, start } from './support/workflows';

/**
 * The Runway node as the tool of an AI agent in a real n8n, with a model on this machine that calls it as a
 * test says. n8n runs tools in two ways: agents up to version 2 call the node in a context of their own
 * (SupplyDataContext), agents from version 3 let the engine run it as a node (ExecuteContext).
 */

jest.setTimeout(LONGEST_TEST_MS);
const AGENTS: Array<[how: string, version: number]> = [
	['called by the agent itself (agent 2.2)', 2.2],
	...rowsSince<[string, number]>('2', ['run by the engine for the agent (agent 3.1)', 3.1]),
];
/** What an agent may spend on one answer: a few hundred tokens. */
const SHORT = 700;
/** Shorter than anyone would set it, so that the tests are quick. */
const POLL_SECONDS = 0.2;

let api: StandIn;
let chat: FakeChat;
let n8n: N8nClient;
let credentials: CredentialReference[];

beforeAll(async () => {
	api = await startStandIn({ renderMs: 400, queuedMs: 100, notVisibleMs: 0 });
	chat = await startFakeChat();
	n8n = await sharedN8n();
	const model = { name: 'Fake model', type: 'openAiApi', data: { apiKey: 'sk-fake', url: chat.url } };
	credentials = [
		await saveCredential(n8n, 'Stand-in for the agents', { apiKey: api.apiKey, baseUrl: api.url }),
		{ id: await n8n.createCredential(model), name: model.name, type: model.type },
	];
}, LONGEST_TEST_MS);

beforeEach(() => {
	api.reset();
	chat.reset();
});

afterAll(async () => {
	await chat.close();
	await api.close();
});

/** A field that the model fills in. */
const fromAI = (key: string, description: string, type = 'string') =>
	`={{ /*n8n-auto-generated-fromAI-override*/ $fromAI('${key}', \`${description}\`, '${type}') }}`;

const imageToVideo: INodeParameters = {
	resource: 'video',
	operation: 'imageToVideo',
	imageUrl: fromAI('Image_URL', 'Public URL of the picture'),
	prompt: fromAI('Prompt', 'How the picture moves'),
	options: { pollInterval: POLL_SECONDS },
};
const pier = { Image_URL: 'https://example.com/pier.jpg', Prompt: 'waves rolling' };

/** An agent with one Runway tool and the fake model. */
function agentWith(version: number, parameters: INodeParameters, settings: Partial<INode> = {}): WorkflowFile {
	const agent = node('Agent', '@n8n/n8n-nodes-langchain.agent', version, {
		promptType: 'define',
		text: 'Make the pier move',
		options: {},
	});
	const model = node(
		'Model',
		'@n8n/n8n-nodes-langchain.lmChatOpenAi',
		1.3,
		{ model: { __rl: true, mode: 'id', value: 'fake' }, responsesApiEnabled: false, options: { maxRetries: 0 } },
		{ credentials: { openAiApi: { id: '', name: '' } } },
	);
	const tool = node('Make a video', `${RUNWAY}Tool`, 1, parameters, {
		credentials: { [CREDENTIAL]: { id: '', name: '' } },
		...settings,
	});
	return {
		name: 'Agent',
		nodes: [start(), agent, model, tool],
		connections: {
			Start: { main: [[{ node: 'Agent', type: 'main', index: 0 }]] },
			Model: { ai_languageModel: [[{ node: 'Agent', type: 'ai_languageModel', index: 0 }]] },
			'Make a video': { ai_tool: [[{ node: 'Agent', type: 'ai_tool', index: 0 }]] },
		},
	};
}

/** Lets the model call the tool as planned, and waits until the agent has answered. */
async function ask(version: number, parameters: INodeParameters, plan: FakeChat['plan'], settings?: Partial<INode>) {
	chat.plan = plan;
	const id = await n8n.importWorkflow(agentWith(version, parameters, settings), credentials);
	return await n8n.runToEnd(id);
}

/** The one item that the model read, out of the list that either kind of agent makes of it. */
function answered(): Record<string, unknown> {
	expect(chat.toolResults).toHaveLength(1);
	let read = JSON.parse(chat.toolResults[0] ?? '') as unknown;
	while (Array.isArray(read)) {
		expect(read).toHaveLength(1);
		read = read[0];
	}
	return read as Record<string, unknown>;
}

function expectAnswer(execution: Execution): void {
	expect(errorOf(execution)).toBeUndefined();
	expect(execution.status).toBe('success');
	expect(outputOf(execution, 'Agent')[0]?.json.output).toBe(FINAL_WORDS);
}

describe.each(AGENTS)('In a real n8n, the Runway tool, %s,', (_how, version) => {
	it('makes one video and tells the model its id, status and URL in short JSON', async () => {
		expectAnswer(await ask(version, imageToVideo, [[{ arguments: pier }]]));
		expect(api.creates).toHaveLength(1);
		expect(api.creates[0]?.body).toMatchObject({ promptImage: pier.Image_URL, promptText: pier.Prompt });
		const [task] = [...api.tasks.values()];
		expect(answered()).toEqual({
			taskId: task?.id,
			status: 'succeeded',
			progress: 100,
			videoUrl: expect.stringContaining(`/assets/${task?.id}/video.mp4`) as string,
		});
		expect(chat.toolResults[0]?.length).toBeLessThan(SHORT);
		expect(chat.requests).toHaveLength(2);
	});

	it('fetches no file, and leaves none in the execution', async () => {
		const execution = await ask(
			version,
			{ ...imageToVideo, download: true, options: { pollInterval: POLL_SECONDS, binaryField: 'clip' } },
			[[{ arguments: pier }]],
		);
		expectAnswer(execution);
		expect(api.downloads).toEqual([]);
		const runs = execution.data.resultData?.runData['Make a video'] ?? [];
		expect(runs).toHaveLength(1);
		expect(JSON.stringify(runs)).not.toContain('"binary"');
		expect(JSON.stringify(execution)).not.toContain(api.apiKey);
	});

	it('says no more with the raw answer switched on', async () => {
		expectAnswer(
			await ask(version, { ...imageToVideo, options: { pollInterval: POLL_SECONDS, includeRaw: true } }, [
				[{ arguments: pier }],
			]),
		);
		expect(Object.keys(answered()).sort()).toEqual(['progress', 'status', 'taskId', 'videoUrl']);
	});

	it('offers the model the fields that the workflow leaves to it, and a description that says what it does', async () => {
		await ask(version, imageToVideo, []);
		const [tool, ...more] = chat.requests[0]?.tools ?? [];
		expect(more).toEqual([]);
		expect(tool?.name).toBe('Make_a_video');
		expect(Object.keys(tool?.parameters.properties ?? {}).sort()).toEqual(['Image_URL', 'Prompt']);
		expect(tool?.parameters.properties.Prompt).toMatchObject({
			type: 'string',
			description: 'How the picture moves',
		});
		expect(tool?.parameters.required?.sort()).toEqual(['Image_URL', 'Prompt']);
		expect(tool?.description).toMatch(/video/i);
		expect(api.requests).toEqual([]);
	});

	it('offers no fields if the workflow leaves none to the model', async () => {
		const fixed = { ...imageToVideo, imageUrl: 'https://example.com/pier.jpg', prompt: 'waves' };
		expectAnswer(await ask(version, fixed, [[{ arguments: {} }]]));
		expect(chat.requests[0]?.tools[0]?.parameters.properties).toEqual({});
		expect(api.creates).toHaveLength(1);
	});

	it('takes numbers and choices from the model as it gives them', async () => {
		const parameters = {
			...imageToVideo,
			model: { __rl: true, mode: 'id', value: fromAI('Model', 'Name of the model') },
			ratio: fromAI('Ratio', 'Width and height with a colon'),
			duration: fromAI('Duration', 'Seconds, 5 or 10', 'number'),
			options: {
				pollInterval: POLL_SECONDS,
				watermark: fromAI('Watermark', 'Whether to add a watermark', 'boolean'),
			},
		};
		const given = { ...pier, Model: 'gen4_turbo', Ratio: '720:1280', Duration: 10, Watermark: true };
		expectAnswer(await ask(version, parameters, [[{ arguments: given }]]));
		expect(api.creates[0]?.body).toMatchObject({
			model: 'gen4_turbo',
			ratio: '720:1280',
			duration: 10,
			watermark: true,
		});
	});

	it('answers at once with the id if it does not wait', async () => {
		api.settings.renderMs = 600_000;
		expectAnswer(await ask(version, { ...imageToVideo, completion: 'return' }, [[{ arguments: pier }]]));
		expect(answered()).toEqual({ taskId: [...api.tasks.keys()][0], status: 'queued' });
	});

	it('makes a video on a route that requires a callback address', async () => {
		const parameters = {
			resource: 'video',
			operation: 'generateFromText',
			prompt: fromAI('Prompt', 'The scene'),
			options: { pollInterval: POLL_SECONDS },
		};
		expectAnswer(await ask(version, parameters, [[{ arguments: { Prompt: 'a lantern' } }]]));
		const [task] = [...api.tasks.values()];
		expect(task?.callbackUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/webhook-waiting\//);
		expect(answered()).toMatchObject({ taskId: task?.id, status: 'succeeded' });
	});

	it('never loses or doubles the task if it is set to sleep until CometAPI calls back', async () => {
		const parameters = {
			resource: 'video',
			operation: 'generateFromText',
			prompt: fromAI('Prompt', 'The scene'),
			completion: 'suspend',
			options: { pollInterval: POLL_SECONDS, timeout: 10 },
		};
		expectAnswer(await ask(version, parameters, [[{ arguments: { Prompt: 'a lantern' } }]]));
		expect(api.creates).toHaveLength(1);
		expect(chat.toolResults.join()).toContain([...api.tasks.keys()][0]);
		expect(chat.toolResults.join().length).toBeLessThan(SHORT);
	});

	it('makes an image, and tells its URL', async () => {
		const parameters = {
			resource: 'image',
			operation: 'generate',
			prompt: fromAI('Prompt', 'The picture'),
			referenceImages: { image: [{ url: fromAI('Reference', 'URL of a picture'), binaryField: '', tag: 'pier' }] },
			options: { pollInterval: POLL_SECONDS },
		};
		const given = { Prompt: '@pier at dusk', Reference: 'https://example.com/pier.jpg' };
		expectAnswer(await ask(version, parameters, [[{ arguments: given }]]));
		expect(answered()).toMatchObject({
			status: 'succeeded',
			imageUrl: expect.stringContaining('image.png') as string,
		});
		expect(answered()).not.toHaveProperty('videoUrl');
	});

	it('looks up a task, running and failed', async () => {
		const created = await ask(version, { ...imageToVideo, completion: 'return' }, [[{ arguments: pier }]]);
		expectAnswer(created);
		const [id = ''] = [...api.tasks.keys()];
		api.finish(id, { kind: 'failed', code: 'SAFETY.INPUT.TEXT', message: 'Not moderated well.' });
		const parameters = { resource: 'task', operation: 'get', taskId: fromAI('Task_ID', 'Id of the task') };
		chat.reset();
		expectAnswer(await ask(version, parameters, [[{ arguments: { Task_ID: id } }]]));
		expect(answered()).toMatchObject({
			taskId: id,
			status: 'failed',
			failure: { code: 'SAFETY.INPUT.TEXT', message: expect.any(String) as string },
		});
		expect(api.creates).toHaveLength(1);
	});

	it('gives the URL, and no file, of a task that it downloads', async () => {
		await ask(version, { ...imageToVideo, completion: 'return' }, [[{ arguments: pier }]]);
		const [id = ''] = [...api.tasks.keys()];
		api.finish(id);
		chat.reset();
		const parameters = { resource: 'task', operation: 'download', taskId: fromAI('Task_ID', 'Id of the task') };
		expectAnswer(await ask(version, parameters, [[{ arguments: { Task_ID: id } }]]));
		expect(answered()).toMatchObject({ taskId: id, status: 'succeeded', videoUrl: expect.any(String) as string });
		expect(api.downloads).toEqual([]);
	});

	it('tells the balance, without the key', async () => {
		const execution = await ask(version, { resource: 'account', operation: 'getBalance' }, [[{ arguments: {} }]]);
		expectAnswer(execution);
		expect(answered()).toMatchObject({ remaining: expect.any(Number) as number });
		expect(JSON.stringify(chat.requests)).not.toContain(api.apiKey);
	});

	it('makes one task for each call of the model', async () => {
		const second = { ...pier, Prompt: 'the tide goes out' };
		expectAnswer(
			await ask(version, imageToVideo, [[{ arguments: pier }, { arguments: second }], [{ arguments: pier }]]),
		);
		expect(chat.toolResults).toHaveLength(3);
		expect(api.creates).toHaveLength(3);
		const ids = [...api.tasks.keys()];
		expect(ids.map((id) => chat.toolResults.filter((result) => result.includes(id)).length)).toEqual([1, 1, 1]);
	});

	describe('tells the model in words', () => {
		it('that its task failed, with the id', async () => {
			const failing = { ...pier, Prompt: 'a riot [fail SAFETY.INPUT.TEXT]' };
			await ask(version, imageToVideo, [[{ arguments: failing }]]);
			expect(api.creates).toHaveLength(1);
			expect(chat.toolResults[0]).toMatch(/task failed/);
			expect(chat.toolResults[0]).toContain([...api.tasks.keys()][0]);
			expect(chat.toolResults[0]?.length).toBeLessThan(SHORT);
		});

		it('that the time limit was reached, with the id', async () => {
			api.settings.renderMs = 600_000;
			await ask(version, { ...imageToVideo, options: { pollInterval: POLL_SECONDS, timeout: 2 } }, [
				[{ arguments: pier }],
			]);
			expect(api.creates).toHaveLength(1);
			expect(chat.toolResults[0]).toMatch(/after 2 seconds/);
			expect(chat.toolResults[0]).toContain([...api.tasks.keys()][0]);
			expect(chat.toolResults[0]?.length).toBeLessThan(SHORT);
		});

		it('that it is unknown whether a task was created, and that it must not simply try again', async () => {
			api.fault({ on: 'create', kind: 'reset-after' });
			await ask(version, imageToVideo, [[{ arguments: pier }]]);
			expect(api.creates).toHaveLength(1);
			expect(chat.toolResults[0]).toMatch(/unknown whether the task was created/);
			expect(chat.toolResults[0]).toMatch(/may be billed/);
		});

		it('which value was wrong and what is allowed, before anything is billed', async () => {
			await ask(version, imageToVideo, [[{ arguments: { ...pier, Image_URL: 'pier.jpg' } }]]);
			expect(api.creates).toEqual([]);
			expect(chat.toolResults[0]).toMatch(/Image URL/);
			expect(chat.toolResults[0]).toMatch(/https:\/\//);
		});

		it('that CometAPI refused the request', async () => {
			api.fault({ on: 'create', kind: 'insufficient-quota' });
			await ask(version, imageToVideo, [[{ arguments: pier }]]);
			expect(chat.toolResults[0]).toMatch(/balance of the CometAPI account is too low/);
			expect(api.creates).toHaveLength(1);
		});

		it('all of it if the node is set to continue after errors', async () => {
			const failing = { ...pier, Prompt: 'a riot [fail SAFETY.INPUT.TEXT]' };
			const settings = { onError: 'continueRegularOutput' } as const;
			expectAnswer(await ask(version, imageToVideo, [[{ arguments: failing }]], settings));
			expect(answered()).toMatchObject({ error: expect.stringMatching(/task failed/) as string });
			expect(chat.toolResults[0]).toContain([...api.tasks.keys()][0]);
			expect(api.creates).toHaveLength(1);
		});
	});

	it('pays once if the node is set to retry and its task failed for good', async () => {
		const failing = { ...pier, Prompt: 'a riot [fail SAFETY.INPUT.TEXT]' };
		const settings = { retryOnFail: true, maxTries: 3, waitBetweenTries: 100 };
		await ask(version, imageToVideo, [[{ arguments: failing }]], settings);
		expect(api.creates).toHaveLength(1);
		expect(chat.toolResults).toHaveLength(1);
	});

	it('pays once if the node is set to retry and to stop the workflow on errors', async () => {
		api.settings.renderMs = 2500;
		const settings = { retryOnFail: true, maxTries: 3, waitBetweenTries: 100, onError: 'stopWorkflow' } as const;
		const impatient = { ...imageToVideo, options: { pollInterval: POLL_SECONDS, timeout: 1.5 } };
		await ask(version, impatient, [[{ arguments: pier }]], settings);
		expect(api.creates).toHaveLength(1);
	});

	it('pays once if the node is set to retry and the time limit was too short', async () => {
		api.settings.renderMs = 2500;
		const settings = { retryOnFail: true, maxTries: 3, waitBetweenTries: 100 };
		expectAnswer(
			await ask(
				version,
				{ ...imageToVideo, options: { pollInterval: POLL_SECONDS, timeout: 1.5 } },
				[[{ arguments: pier }]],
				settings,
			),
		);
		expect(api.creates).toHaveLength(1);
		// The engine tries again and finds the task; an agent that calls the node itself is told of it at once.
		expect(chat.toolResults).toHaveLength(1);
		expect(chat.toolResults[0]).toContain([...api.tasks.keys()][0]);
	});
});

// An agent that calls the node itself does not end with it.
itSince('2')(
	'In a real n8n, the Runway tool ends the execution if it is set to stop the workflow on errors',
	async () => {
		const failing = { ...pier, Prompt: 'a riot [fail SAFETY.INPUT.TEXT]' };
		const execution = await ask(3.1, imageToVideo, [[{ arguments: failing }]], { onError: 'stopWorkflow' });
		expect(execution.status).toBe('error');
		expect(errorOf(execution)?.message).toMatch(/task failed/);
		expect(errorOf(execution)?.description).toContain([...api.tasks.keys()][0]);
		expect(api.creates).toHaveLength(1);
	},
);
