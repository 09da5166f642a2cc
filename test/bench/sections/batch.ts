import type { INode, INodeParameters } from 'n8n-workflow';

import {
	describe,
	type Execution,
	isEnded,
	type N8n,
	projectManifest,
	projectRoot,
	startN8n,
	type WorkflowFile,
} from '../../support/n8n';
import { startStandIn } from '../../support/standin';
import { startOpenAiStandIn } from '../openAiStandIn';
import { mean, median, type Report, type Section, type Table, type Tools } from '../section';

/** A batch of items in this node and in n8n's own OpenAI video node, in the same real n8n. */

const SIZES = [1, 5, 20];
/** The OpenAI node takes items one after the other, so two sizes tell the others. */
const MEASURED_OPENAI_SIZES = [1, 2];
const SHORT_SECONDS = 12;
const LONG_SECONDS = 60;
/** A batch right after tasks that rendered for quite another time: nothing that was seen may make it late. */
const CHANGES = [
	{ before: { size: 1, seconds: 45 }, then: { size: 5, seconds: 6 } },
	{ before: { size: 5, seconds: 6 }, then: { size: 5, seconds: 45 } },
];
/** Before each answer, of both stand-ins. */
const LATENCY_MS = 50;

const AIMED_SIZE = 20;
const MOST_TIMES = 1.1;
const MOST_EXTRA_SECONDS = 1;

interface Load {
	size: number;
	seconds: number;
}

interface Row extends Load {
	node: string;
	/** How long the node ran, in seconds. */
	wall: number;
	/** Looks at a task's state, and milliseconds from ready to fetched; null where not measured. */
	looksPerTask: number | null;
	delayMs: number | null;
	note: string;
}

/** What one run left at a stand-in: looks and delays by task. */
interface Seen {
	reads: number[];
	delaysMs: number[];
}

interface Contender {
	node: Pick<INode, 'type' | 'typeVersion' | 'parameters'>;
	credential: { type: string; data: Record<string, unknown> };
	/** To be asked when the run has ended. */
	seen(): Seen;
	close(): Promise<void>;
}

export const batch: Section = {
	name: 'batch',
	title: "a batch beside n8n's own OpenAI video node, in a real n8n",
	async measure(tools) {
		const n8n = await tools.step('Starting n8n', async () => await startN8n({ package: projectRoot }));
		const close = tools.closeLater(async () => await n8n.stop());
		const changed: Row[] = [];
		for (const { before, then } of CHANGES) {
			await runOurs(tools, n8n, before);
			changed.push({ ...(await runOurs(tools, n8n, then)), note: `right after ${before.size} × ${before.seconds} s` });
		}
		const ours: Row[] = [];
		const openAi: Row[] = [];
		for (const seconds of tools.long ? [SHORT_SECONDS, LONG_SECONDS] : [SHORT_SECONDS]) {
			for (const size of SIZES) {
				ours.push(await runOurs(tools, n8n, { size, seconds }));
			}
			openAi.push(...(await runOpenAi(tools, n8n, seconds)));
		}
		await close();
		return report(ours, openAi, changed, n8n.version);
	},
};

async function runOurs(tools: Tools, n8n: N8n, load: Load): Promise<Row> {
	return await tools.step(`Runway: ${load.size} × ${load.seconds} s`, async () => {
		return await measureRow(tools, n8n, load, 'Runway', await ourContender(load));
	});
}

/** All sizes at once: this node sleeps nearly all of its time, so the runs don't disturb each other. */
async function runOpenAi(tools: Tools, n8n: N8n, seconds: number): Promise<Row[]> {
	const sizes = tools.long ? SIZES : MEASURED_OPENAI_SIZES;
	const title = `OpenAI node: ${sizes.join(', ')} × ${seconds} s, at the same time`;
	return await tools.step(title, async () => {
		return await Promise.all(
			sizes.map(async (size) => {
				const load = { size, seconds };
				return await measureRow(tools, n8n, load, 'OpenAI', await openAiContender(load));
			}),
		);
	});
}

async function ourContender({ seconds }: Load): Promise<Contender> {
	const api = await startStandIn({ renderMs: seconds * 1000, latencyMs: LATENCY_MS });
	return {
		node: {
			type: `${projectManifest().name}.runway`,
			typeVersion: 1,
			parameters: {
				resource: 'video',
				operation: 'imageToVideo',
				imageUrl: 'https://example.com/pier.jpg',
				prompt: '={{ $json.prompt }}',
				model: { __rl: true, mode: 'id', value: 'gen4_turbo' },
				ratio: '1280:720',
			},
		},
		credential: { type: 'cometApiRunwayApi', data: { apiKey: api.apiKey, baseUrl: api.url } },
		seen: () => ({
			reads: [...api.tasks.values()].map(({ polls }) => polls),
			delaysMs: [...api.tasks.values()].flatMap(({ id, readyAt }) => {
				const fetched = api.downloads.find(({ taskId }) => taskId === id)?.endedAt;
				return fetched === undefined ? [] : [fetched - readyAt];
			}),
		}),
		close: async () => await api.close(),
	};
}

async function openAiContender({ seconds }: Load): Promise<Contender> {
	const api = await startOpenAiStandIn({ renderMs: seconds * 1000, latencyMs: LATENCY_MS });
	return {
		node: {
			type: '@n8n/n8n-nodes-langchain.openAi',
			typeVersion: 2.3,
			parameters: {
				resource: 'video',
				operation: 'generate',
				modelId: { __rl: true, mode: 'id', value: 'sora-2' },
				prompt: '={{ $json.prompt }}',
				options: {},
			},
		},
		credential: { type: 'openAiApi', data: { apiKey: 'sk-bench', url: api.url } },
		seen: () => ({
			reads: api.videos.map(({ reads }) => reads),
			delaysMs: api.videos.flatMap(({ deliveredAt, readyAt }) => (deliveredAt === null ? [] : [deliveredAt - readyAt])),
		}),
		close: async () => await api.close(),
	};
}

async function measureRow(tools: Tools, n8n: N8n, load: Load, node: string, contender: Contender): Promise<Row> {
	const close = tools.closeLater(contender.close);
	const execution = await execute(n8n, load, contender);
	const { reads, delaysMs } = contender.seen();
	await close();
	const wall = (execution.data.resultData?.runData[NODE]?.[0]?.executionTime ?? 0) / 1000;
	return {
		...load,
		node,
		wall,
		looksPerTask: mean(reads),
		delayMs: median(delaysMs),
		note: execution.status === 'success' ? '' : describe(execution),
	};
}

const NODE = 'Video';

async function execute(n8n: N8n, { size, seconds }: Load, { node, credential }: Contender): Promise<Execution> {
	const name = `${credential.type} ${size} × ${seconds} s ${Date.now()}`;
	const { type, data } = credential;
	const id = await n8n.createCredential({ name, type, data });
	const workflow: WorkflowFile = {
		name,
		nodes: [
			{
				id: 'a',
				name: 'Start',
				type: 'n8n-nodes-base.manualTrigger',
				typeVersion: 1,
				position: [0, 0],
				parameters: {},
			},
			...itemNodes(size),
			{ ...node, id: 'c', name: NODE, position: [600, 0], credentials: { [type]: { id, name } } },
		],
		connections: {
			Start: { main: [[{ node: 'List', type: 'main', index: 0 }]] },
			List: { main: [[{ node: 'Items', type: 'main', index: 0 }]] },
			Items: { main: [[{ node: NODE, type: 'main', index: 0 }]] },
		},
	};
	const workflowId = await n8n.importWorkflow(workflow, [{ id, name, type }]);
	const executionId = await n8n.run(workflowId);
	// n8n is asked seldom, so that asking does not slow it down; the node's time is n8n's own account.
	const deadline = Date.now() + (size * (seconds + 40) + 120) * 1000;
	for (;;) {
		const execution = await n8n.execution(executionId);
		if (isEnded(execution)) return execution;
		if (Date.now() > deadline) throw new Error(`${describe(execution)}, and should have ended long ago`);
		await new Promise((resolve) => setTimeout(resolve, 500));
	}
}

function itemNodes(size: number): INode[] {
	const prompts = Array.from({ length: size }, (_, index) => ({ prompt: `Scene ${index + 1}` }));
	const list: INodeParameters = { mode: 'raw', jsonOutput: JSON.stringify({ list: prompts }) };
	return [
		{ id: 'b', name: 'List', type: 'n8n-nodes-base.set', typeVersion: 3.4, position: [200, 0], parameters: list },
		{
			id: 'd',
			name: 'Items',
			type: 'n8n-nodes-base.splitOut',
			typeVersion: 1,
			position: [400, 0],
			parameters: { fieldToSplitOut: 'list' },
		},
	];
}

function report(ours: Row[], openAi: Row[], changed: Row[], version: string): Report {
	const renders = [...new Set(ours.map(({ seconds }) => seconds))];
	const sizes = [...new Set([...SIZES, ...openAi.map(({ size }) => size)])].sort((one, other) => one - other);
	const beside = renders.flatMap((seconds) =>
		sizes.flatMap((size) => [
			...ours.filter((row) => row.seconds === seconds && row.size === size),
			openAi.find((row) => row.seconds === seconds && row.size === size) ?? extrapolate(openAi, { seconds, size }),
		]),
	);
	const table: Table = {
		head: ['items × render', 'node', 'wall', 'wall / render', 'looks/task', 'ready to fetched', ''],
		rows: [...beside, ...changed].map(({ size, seconds, node, wall, looksPerTask, delayMs, note }) => [
			`${size} × ${seconds} s`,
			node,
			`${wall.toFixed(1)} s`,
			(wall / seconds).toFixed(2),
			looksPerTask?.toFixed(1) ?? '-',
			delayMs === null ? '-' : `${(delayMs / 1000).toFixed(2)} s`,
			note,
		]),
	};
	return {
		how: [
			`n8n ${version} with default settings, the node's time by n8n's own account, loopback with ${LATENCY_MS} ms before each answer,`,
			'files fetched by both nodes. Looks are requests for a task’s state; one create and one download a task come on top.',
			'The OpenAI node speaks to a stand-in of OpenAI’s documented video routes; what was not run is marked.',
		].join('\n'),
		tables: [table],
		aims: aimsFor(ours),
	};
}

/** From one item to two, the node's time tells what a further item takes. */
function extrapolate(measured: Row[], { seconds, size }: Load): Row {
	const [one, two] = measured.filter((row) => row.seconds === seconds);
	const each = (two?.wall ?? 0) - (one?.wall ?? 0);
	const note = 'extrapolated from 1 and 2 items';
	return {
		size,
		seconds,
		node: 'OpenAI',
		wall: (one?.wall ?? 0) + (size - 1) * each,
		looksPerTask: null,
		delayMs: null,
		note,
	};
}

function aimsFor(ours: Row[]) {
	return ours
		.filter(({ size }) => size === AIMED_SIZE)
		.map(({ node, size, seconds, wall, note }) => {
			const most = MOST_TIMES * seconds + MOST_EXTRA_SECONDS;
			return {
				aim: `${node}: ${size} items of ${seconds} s within ${most.toFixed(1)} s`,
				found: note === '' ? `${wall.toFixed(1)} s` : note,
				met: note === '' && wall <= most,
			};
		});
}
