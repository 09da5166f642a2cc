import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import {
	cacheFolder,
	describe,
	isEnded,
	type N8n,
	type N8nCompanion,
	N8nHttpError,
	outputOf,
	projectRoot,
	readJson,
	startN8n,
	startQueueMode,
} from '../../support/n8n';
import type { StandIn } from '../../support/standin';
import { chain, imageToVideo, type Part, type Place, place, webhook } from '../../e2e/support/place';
import { type Findings, MEGABYTE, type Section, type Tools } from '../section';

/** Very many executions at once, in a real n8n, in regular mode and in queue mode. */

export const EXECUTIONS = 200;
export const ITEMS = 10;
export const TASKS = EXECUTIONS * ITEMS;
const RENDER_MS = 10_000;
const LATENCY_MS = 20;
const LONGEST_MS = 15 * 60_000;
const POLL_MS = 2_000;
/** So long n8n may say that its database is not ready, as it does under load. */
const MOST_BUSY_MS = 2 * 60_000;
const PAGE = 100;
const ENDED = ['success', 'error', 'crashed', 'canceled'];
const PROBE = path.join(__dirname, '..', 'probe.cjs');
const PROBE_FOLDER = path.join(cacheFolder, 'probe');

/** What the probe has written about a process. */
interface Probe {
	/** Bytes. */
	peakRss: number;
	p50Ms: number;
	p99Ms: number;
	longestMs: number;
	cpuSeconds: number;
}

/** An n8n to be measured. */
interface Host {
	main: N8n;
	/** By the name that the table gives them. */
	processes: Array<{ name: string; process: Pick<N8n | N8nCompanion, 'pid'> }>;
	stop(): Promise<void>;
}

export interface Found {
	mode: string;
	/** Seconds from the first call to the end of the last execution. */
	wall: number;
	succeeded: number;
	creates: number;
	/** Prompts for which more than one task was created. */
	doubled: number;
	/** Prompts without exactly one item that came out with its task and file. */
	lost: number;
	looksPerTask: number;
	inFlight: number;
	/** Calls that n8n did not accept. */
	refused: number;
	probes: Array<{ name: string; probe: Probe; restRss: number }>;
	problems: string[];
}

const preload = [PROBE];
const env = { RUNWAY_PROBE_FOLDER: PROBE_FOLDER };

const hosts: Record<string, () => Promise<Host>> = {
	async regular() {
		const main = await startN8n({ package: projectRoot, preload, env });
		return { main, processes: [{ name: 'n8n', process: main }], stop: async () => await main.stop() };
	},
	async queue() {
		const { main, workers, webhooks, stop } = await startQueueMode({ preload, env });
		const processes = [
			{ name: 'main', process: main },
			{ name: 'webhooks', process: webhooks },
			...workers.map((process, index) => ({ name: `worker ${index + 1}`, process })),
		];
		return { main, processes, stop };
	},
};

export const executions: Section = {
	name: 'executions',
	title: `${EXECUTIONS} executions of ${ITEMS} items at once`,
	async measure(tools) {
		for (const mode of Object.keys(hosts)) {
			await tools.part(
				`${TASKS} tasks in ${mode} mode`,
				async (say) => await measureMode(mode, tools, say),
				findingsOf,
			);
		}
		return { how: HOW, tables: [], aims: [] };
	},
};

const HOW = [
	`${EXECUTIONS} calls of a production webhook at once, each with ${ITEMS} items for Image to Video; renders of ${RENDER_MS / 1000} s, ${LATENCY_MS} ms before`,
	'each answer, files fetched. Regular mode: one process, SQLite, files on disk. Queue mode: main, webhook processor and',
	'two workers with the usual ten executions at a time each, PostgreSQL, Redis, files in the',
	'database. Everything, the stand-in included, on this machine.',
].join('\n');

/**
 * Measures one mode: `regular` or `queue`.
 *
 * @param makeReady changes the place before the load; what it gives back is done after it
 */
export async function measureMode(
	mode: string,
	tools: Tools,
	say: (note: string) => void,
	makeReady: (here: Place) => Promise<() => Promise<void>> = async () => async () => {},
): Promise<Found> {
	rmSync(PROBE_FOLDER, { recursive: true, force: true });
	mkdirSync(PROBE_FOLDER, { recursive: true });
	say('starting n8n');
	const host = await hosts[mode]?.();
	if (host === undefined) throw new Error(`There is no mode ${mode}`);
	const close = tools.closeLater(async () => await host.stop());
	let found: Found | undefined;
	const settings = { renderMs: RENDER_MS, latencyMs: LATENCY_MS };
	const act = place(
		async (here) => {
			const { api, n8n, save } = here;
			const finish = await makeReady(here);
			const workflow = chain(webhook(), ...itemsOfTheCall, imageToVideo());
			const workflowId = await save(workflow);
			await n8n.activate(workflowId);
			const url = n8n.webhookUrl(workflow.nodes[0]?.parameters.path as string);
			await untilLive(url);
			found = await measureLoad(mode, host, api, workflowId, url, say);
			await finish();
		},
		settings,
		async () => host.main,
	);
	try {
		await act();
	} finally {
		await close();
	}
	if (found === undefined) throw new Error('nothing was found');
	return found;
}

/** The items of one execution; a call without a number makes none. */
const itemsOfTheCall: Part[] = [
	{
		name: 'List',
		type: 'n8n-nodes-base.set',
		typeVersion: 3.4,
		parameters: {
			mode: 'raw',
			jsonOutput: `={{ JSON.stringify({ list: [...Array($json.body.run === undefined ? 0 : ${ITEMS}).keys()].map((item) => ({ prompt: 'run ' + $json.body.run + ' item ' + item })) }) }}`,
			options: {},
		},
	},
	{
		name: 'Items',
		type: 'n8n-nodes-base.splitOut',
		typeVersion: 1,
		parameters: { fieldToSplitOut: 'list', options: {} },
	},
];

const post = async (url: string, body: object) =>
	await fetch(url, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	}).then(
		({ ok }) => ok,
		() => false,
	);

/** n8n answers before a webhook is live. */
async function untilLive(url: string): Promise<void> {
	for (const deadline = Date.now() + 30_000; !(await post(url, {}));) {
		if (Date.now() > deadline) throw new Error('The webhook did not become live');
		await pause(200);
	}
}

async function measureLoad(
	mode: string,
	{ main, processes }: Host,
	api: StandIn,
	workflowId: string,
	url: string,
	say: (note: string) => void,
): Promise<Found> {
	const before = new Set((await listed(main, workflowId)).map(({ id }) => id));
	// What starting n8n has cost is not of interest.
	for (const { process: target } of processes) process.kill(target.pid, 'SIGUSR2');
	await pause(2_500);
	const rest = processes.map(({ process: target }) => probeOf(target.pid).peakRss);

	const beganAt = Date.now();
	const accepted = await Promise.all(Array.from({ length: EXECUTIONS }, async (_, run) => await post(url, { run })));
	const refused = accepted.filter((isAccepted) => !isAccepted).length;
	let list: Listed[] = [];
	for (const deadline = beganAt + LONGEST_MS; Date.now() < deadline;) {
		await pause(POLL_MS);
		list = (await listed(main, workflowId)).filter(({ id }) => !before.has(id));
		const ended = list.filter(({ status }) => ENDED.includes(status));
		say(`${api.creates.length} tasks created, ${ended.length} of ${EXECUTIONS} executions ended`);
		if (ended.length >= EXECUTIONS - refused) break;
	}
	await pause(1_500);
	const probes = processes.map(({ name, process: target }, index) => ({
		name,
		probe: probeOf(target.pid),
		restRss: rest[index] ?? 0,
	}));
	const endedAt = Math.max(...list.map(({ stoppedAt }) => Date.parse(stoppedAt ?? '') || 0));
	return {
		mode,
		wall: (endedAt - beganAt) / 1000,
		refused,
		probes,
		...(await judge(main, api, list)),
	};
}

/** Holds what came out against what was asked for. */
async function judge(main: N8n, api: StandIn, list: readonly Listed[]) {
	const delivered = new Map<string, number>();
	const problems = new Set<string>();
	let succeeded = 0;
	const promptOf = new Map([...api.tasks].map(([id, { prompt }]) => [id, prompt]));
	for (const { id } of list) {
		const execution = await patiently(async () => await main.execution(id));
		if (execution.status === 'success') succeeded += 1;
		else problems.add(describe(execution).replace(`Execution ${id} is `, ''));
		if (!isEnded(execution)) continue;
		for (const { json, binary } of outputOf(execution, 'Runway')) {
			const prompt = promptOf.get(String(json.taskId));
			if (json.status !== 'succeeded' || binary?.data === undefined || prompt === undefined) continue;
			delivered.set(prompt, (delivered.get(prompt) ?? 0) + 1);
		}
	}
	const created = new Map<string, number>();
	for (const { prompt } of api.tasks.values()) created.set(prompt, (created.get(prompt) ?? 0) + 1);
	const wanted = Array.from({ length: TASKS }, (_, n) => `run ${Math.floor(n / ITEMS)} item ${n % ITEMS}`);
	return {
		succeeded,
		creates: api.creates.length,
		doubled: [...created.values()].filter((times) => times > 1).length,
		lost: wanted.filter((prompt) => delivered.get(prompt) !== 1).length,
		looksPerTask: api.reads.length / TASKS,
		inFlight: Math.max(0, ...api.requests.map(({ inFlight }) => inFlight)),
		problems: [...problems],
	};
}

interface Listed {
	id: string;
	status: string;
	stoppedAt: string | null;
}

interface Page {
	results: Listed[];
	nextCursor?: string | null;
}

async function listed(n8n: N8n, workflowId: string): Promise<Listed[]> {
	const filter = encodeURIComponent(JSON.stringify({ workflowId }));
	// By id, since what moves in the list while it is paged through may come twice.
	const all = new Map<string, Listed>();
	for (let cursor: string | null | undefined = ''; typeof cursor === 'string';) {
		const address: string = `/rest/executions?filter=${filter}&limit=${PAGE}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
		const page: Page = await patiently(async () => await n8n.request<Page>('GET', address));
		for (const execution of page.results) all.set(execution.id, execution);
		cursor = page.nextCursor;
	}
	return [...all.values()];
}

function probeOf(pid: number): Probe {
	return readJson<Probe>(path.join(PROBE_FOLDER, `${pid}.json`));
}

/** Asks n8n again while it says that it is busy. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
	for (const deadline = Date.now() + MOST_BUSY_MS; ;) {
		try {
			return await ask();
		} catch (error) {
			if (!(error instanceof N8nHttpError) || error.status !== 503 || Date.now() > deadline) throw error;
		}
		await pause(POLL_MS);
	}
}

async function pause(milliseconds: number): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function findingsOf({ mode, probes, refused, problems, ...found }: Found): Findings {
	const megabytes = (bytes: number) => `${(bytes / MEGABYTE).toFixed(0)} MB`;
	return {
		tables: [
			{
				head: ['mode', 'wall', 'executions succeeded', 'tasks created', 'doubled', 'lost', 'looks/task', 'in flight'],
				rows: [
					[
						mode,
						`${found.wall.toFixed(0)} s`,
						`${found.succeeded}`,
						`${found.creates}`,
						`${found.doubled}`,
						`${found.lost}`,
						found.looksPerTask.toFixed(1),
						`${found.inFlight}`,
					],
				],
				notes: [...(refused === 0 ? [] : [`${refused} calls were not accepted`]), ...problems],
			},
			{
				head: ['process', 'memory at rest', 'peak', 'event loop p50', 'p99', 'longest', 'CPU'],
				rows: probes.map(({ name, probe, restRss }) => [
					name,
					megabytes(restRss),
					megabytes(probe.peakRss),
					`${probe.p50Ms.toFixed(0)} ms`,
					`${probe.p99Ms.toFixed(0)} ms`,
					`${probe.longestMs.toFixed(0)} ms`,
					`${probe.cpuSeconds.toFixed(0)} s`,
				]),
			},
		],
		aims: [
			{
				aim: `${mode} mode: each of ${TASKS} tasks created once, and its result there`,
				found: `${found.creates} created, ${found.doubled} doubled, ${found.lost} lost`,
				met: found.creates === TASKS && found.doubled === 0 && found.lost === 0,
			},
		],
	};
}
