import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { binaryOf, errorOf, type N8nClient, outputOf, projectRoot, sharedN8n, type WorkflowFile } from '../support/n8n';
import { startStandIn, type StandIn } from '../support/standin';
import { LONGEST_TEST_MS, QUICK } from './support/place';

/**
 * Every example of an operation is imported into a real n8n and run to its end against the stand-in, and what comes out
 * is compared byte for byte. The ones for real jobs, from number 14 on, are in realJobs.test.ts.
 */

const RUNWAY = 'n8n-nodes-cometapi-runway.runway';

const folder = path.join(projectRoot, 'examples');
const files = readdirSync(folder).filter((file) => file.endsWith('.json') && Number.parseInt(file, 10) < 14);
const example = (file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as WorkflowFile;

let api: StandIn;
let n8n: N8nClient;
let credentials: Array<{ id: string; name: string; type: string }>;

beforeAll(async () => {
	api = await startStandIn(QUICK);
	n8n = await sharedN8n();
	const credential = {
		name: 'Stand-in for the examples',
		type: 'cometApiRunwayApi',
		data: { apiKey: api.apiKey, baseUrl: api.url },
	};
	credentials = [{ id: await n8n.createCredential(credential), name: credential.name, type: credential.type }];
}, LONGEST_TEST_MS);

beforeEach(() => api.reset());

afterAll(async () => {
	await api.close();
});

/** Runs an example up to its last Runway node, since saving to disk is the user's own folder. */
async function run(file: string) {
	const workflow = example(file);
	const runways = workflow.nodes.filter(({ type }) => type === RUNWAY).map(({ name }) => name);
	const id = await n8n.importWorkflow(workflow, credentials);
	const execution = await n8n.runToEnd(id, { destinationNode: runways.at(-1) });
	return { execution, runways, last: () => outputOf(execution, runways.at(-1) ?? '') };
}

describe('In a real n8n, the example', () => {
	const withFile: Array<[file: string, operation: string, kind: 'video' | 'image']> = [
		['01-text-to-video.json', 'generateFromText', 'video'],
		['02-image-to-video.json', 'imageToVideo', 'video'],
		['03-image-to-video-with-end-frame.json', 'generateFromImage', 'video'],
		['04-restyle.json', 'restyle', 'video'],
		['05-act-one.json', 'actOne', 'video'],
		['06-video-to-video.json', 'videoToVideo', 'video'],
		['07-character-performance.json', 'characterPerformance', 'video'],
		['08-upscale.json', 'upscale', 'video'],
		['09-generate-image.json', 'generate', 'image'],
		['10-chain.json', 'upscale', 'video'],
		['11-submit-now-fetch-later.json', 'download', 'video'],
		['12-sleep-until-callback.json', 'generateFromText', 'video'],
	];

	it('of every file has its test here', () => {
		expect([...withFile.map(([file]) => file), '13-balance.json'].sort()).toEqual([...files].sort());
	});

	it.each(withFile)(
		'%s ends with a finished file from %s',
		async (file, operation, kind) => {
			const { execution, last } = await run(file);
			expect(errorOf(execution)).toBeUndefined();
			expect(execution.status).toBe('success');
			const [item, ...more] = last();
			expect(more).toEqual([]);
			expect(item?.json).toMatchObject({ operation, status: 'succeeded', progress: 100, failure: null });
			const binary = binaryOf(item);
			expect(binary.mimeType).toBe(kind === 'video' ? 'video/mp4' : 'image/png');
			expect((await n8n.download(binary)).equals(api.assetBytes(kind))).toBe(true);
		},
		LONGEST_TEST_MS,
	);

	it(
		'10-chain.json passes each result on by defaults alone, and creates three tasks',
		async () => {
			await run('10-chain.json');
			const [image, video] = [...api.tasks.values()];
			expect(api.creates.map(({ operation }) => operation)).toEqual(['textToImage', 'imageToVideo', 'upscale']);
			expect(String(api.creates[1]?.body && (api.creates[1].body as Record<string, unknown>).promptImage)).toContain(
				image?.id,
			);
			expect(String(api.creates[2]?.body && (api.creates[2].body as Record<string, unknown>).videoUri)).toContain(
				video?.id,
			);
		},
		LONGEST_TEST_MS,
	);

	it(
		'11-submit-now-fetch-later.json pays once for one task that four nodes handle',
		async () => {
			const { execution, runways } = await run('11-submit-now-fetch-later.json');
			expect(api.creates).toHaveLength(1);
			const ids = runways.map((name) => outputOf(execution, name)[0]?.json.taskId);
			expect(new Set(ids).size).toBe(1);
			expect(outputOf(execution, 'Submit')[0]?.json.status).toBe('queued');
		},
		LONGEST_TEST_MS,
	);

	it(
		'12-sleep-until-callback.json sleeps in the database while the video renders',
		async () => {
			api.settings.renderMs = 600_000;
			const id = await n8n.importWorkflow(example('12-sleep-until-callback.json'), credentials);
			const executionId = await n8n.run(id);
			const asleep = await n8n.waitForExecution(executionId, { until: ({ status }) => status === 'waiting' });
			expect(asleep.waitTill).not.toBeNull();
			for (const taskId of api.tasks.keys()) api.finish(taskId);
			const execution = await n8n.waitForExecution(executionId);
			expect(execution.status).toBe('success');
			expect(outputOf(execution, 'Runway')[0]?.json.status).toBe('succeeded');
			expect(api.creates).toHaveLength(1);
		},
		LONGEST_TEST_MS,
	);

	it(
		'13-balance.json tells the balance, and its key is in no part of the execution',
		async () => {
			const { execution, last } = await run('13-balance.json');
			expect(last()[0]?.json).toMatchObject({ remaining: expect.any(Number) as number });
			expect(JSON.stringify(execution)).not.toContain(api.apiKey);
		},
		LONGEST_TEST_MS,
	);
});
