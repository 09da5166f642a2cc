import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { startStandIn, type StandIn } from '../../support/standin';
import { runProgram } from '../program';
import type { WatchInput, WatchResult } from '../programs/watch';
import { median, type Report, type Section, type Table } from '../section';

/** A thousand tasks in one node: how long the event loop stands still, and how many requests are sent. */

const TASKS = 1_000;
const RENDER_MS = 12_000;
/** Render times vary by this fraction to either side. */
const SPREAD = 0.2;
const LATENCY_MS = 20;
const RUNS = 3;
const LONGEST_BLOCK_MS = 50;
const MOST_IN_FLIGHT = 5;

const phases = ['checking', 'creating', 'watching', 'ending'] as const;
type Phase = (typeof phases)[number];

/** The longest delay of a phase in milliseconds, and the longest time that the process itself was busy. */
interface Longest {
	ms: number;
	busyMs: number;
}

interface Run {
	longest: Record<Phase, Longest>;
	/** By Node.js's own account, over all phases. */
	longestMs: number;
	idleMs: number;
	inFlight: number;
	looksPerTask: number;
	requests: number;
	seconds: number;
	cpuSeconds: number;
	problem: string | null;
}

interface Scenario {
	title: string;
	/** Makes what the node is to run; the stand-in has no tasks yet. */
	prepare(api: StandIn): Promise<WatchInput['measured']>;
}

const imageToVideo: INodeParameters = {
	resource: 'video',
	operation: 'imageToVideo',
	imageUrl: 'https://img.example.com/pier.jpg',
	prompt: '={{ $json.prompt }}',
	model: { __rl: true, mode: 'id', value: 'gen4_turbo' },
	ratio: '1280:720',
	download: false,
};

const scenarios: readonly Scenario[] = [
	{
		title: `create ${TASKS} and wait`,
		prepare: async () => ({
			parameters: imageToVideo,
			items: Array.from({ length: TASKS }, (_, index) => ({ prompt: `Scene ${index}` })),
		}),
	},
	{
		title: `wait for ${TASKS} IDs`,
		prepare: async (api) => ({
			parameters: {
				resource: 'task',
				operation: 'wait',
				taskId: '={{ $json.taskIds }}',
				download: false,
				options: { api: 'official' },
			},
			items: [{ taskIds: await createTasks(api) }],
		}),
	},
];

export const loop: Section = {
	name: 'loop',
	title: `${TASKS} tasks in one node`,
	async measure(tools) {
		const found: Array<{ title: string; runs: Run[] }> = [];
		for (const { title, prepare } of scenarios) {
			const runs: Run[] = [];
			for (let run = 1; run <= RUNS; run += 1) {
				const api = await startStandIn({
					latencyMs: LATENCY_MS,
					renderMs: ({ number }) => RENDER_MS * (1 - SPREAD + 2 * SPREAD * (((number * 7919) % TASKS) / TASKS)),
				});
				const close = tools.closeLater(async () => await api.close());
				runs.push(await tools.step(`${title}, run ${run} of ${RUNS}`, async () => await measureRun(api, prepare)));
				await close();
			}
			found.push({ title, runs });
		}
		return report(found);
	},
};

async function measureRun(api: StandIn, prepare: Scenario['prepare']): Promise<Run> {
	const warmUp = {
		parameters: imageToVideo,
		items: Array.from({ length: 20 }, (): IDataObject => ({ prompt: '[takes 0.5 s] warm-up' })),
	};
	const measured = await prepare(api);
	const credential = { apiKey: api.apiKey, baseUrl: api.url };
	return judge(api, await runProgram<WatchResult>('watch', { credential, warmUp, measured } satisfies WatchInput));
}

/** As the documentation says it, without the node. */
async function createTasks(api: StandIn): Promise<string[]> {
	const promptImage = 'https://img.example.com/a.jpg';
	const body = JSON.stringify({ promptImage, model: 'gen4_turbo', ratio: '1280:720', promptText: 'x' });
	const headers = {
		authorization: `Bearer ${api.apiKey}`,
		'content-type': 'application/json',
		'x-runway-version': '2024-11-06',
	};
	const known = new Set(api.tasks.keys());
	for (let made = 0; made < TASKS; made += 50) {
		await Promise.all(
			Array.from({ length: 50 }, async () => {
				await fetch(`${api.url}/runwayml/v1/image_to_video`, { method: 'POST', headers, body });
			}),
		);
	}
	return [...api.tasks.keys()].filter((id) => !known.has(id));
}

function judge(api: StandIn, result: WatchResult): Run {
	const requests = api.requests.filter(({ at }) => at >= result.beganAt && at <= result.endedAt);
	const creates = requests.filter(({ route }) => route === 'create');
	const reads = requests.filter(({ route }) => route === 'read');
	const firstRequest = requests[0]?.at ?? result.endedAt;
	const lastCreate = creates.at(-1)?.endedAt ?? firstRequest;
	const lastRead = Math.max(...reads.map(({ endedAt = 0 }) => endedAt), lastCreate);
	const longest = (from: number, to: number): Longest => {
		const within = result.delays.filter(({ at, ms }) => at - ms / 2 >= from && at - ms / 2 < to);
		return {
			ms: Math.max(0, ...within.map(({ ms }) => ms)),
			busyMs: Math.max(0, ...within.map(({ busyMs }) => busyMs)),
		};
	};
	return {
		longest: {
			checking: longest(result.beganAt - 100, firstRequest),
			creating: longest(firstRequest, lastCreate),
			watching: longest(lastCreate, lastRead),
			ending: longest(lastRead, Number.POSITIVE_INFINITY),
		},
		longestMs: result.longestMs,
		idleMs: result.idleMs,
		inFlight: Math.max(0, ...requests.map(({ inFlight }) => inFlight)),
		looksPerTask: reads.length / TASKS,
		requests: requests.length,
		seconds: (result.endedAt - result.beganAt) / 1000,
		cpuSeconds: result.cpuSeconds,
		problem: result.error ?? (result.items === TASKS ? null : `${result.items} of ${TASKS} items came out`),
	};
}

function report(found: Array<{ title: string; runs: Run[] }>): Report {
	const middle = (runs: Run[], of: (run: Run) => number) => median(runs.map(of));
	const busy = (runs: Run[], phase: Phase) => middle(runs, ({ longest }) => longest[phase].busyMs);
	const table: Table = {
		head: ['busy (delay) in ms', ...phases, 'all', 'idle', 'in flight', 'looks/task', 'requests', 'wall', 'CPU'],
		rows: found.map(({ title, runs }) => [
			title,
			...phases.map((phase) => {
				const ms = middle(runs, ({ longest }) => longest[phase].ms);
				return ms === 0 ? '-' : `${busy(runs, phase).toFixed(0)} (${ms.toFixed(0)})`;
			}),
			`(${middle(runs, ({ longestMs }) => longestMs).toFixed(0)})`,
			`(${middle(runs, ({ idleMs }) => idleMs).toFixed(0)})`,
			`${Math.max(...runs.map(({ inFlight }) => inFlight))}`,
			middle(runs, ({ looksPerTask }) => looksPerTask).toFixed(1),
			middle(runs, ({ requests }) => requests).toFixed(0),
			`${middle(runs, ({ seconds }) => seconds).toFixed(1)} s`,
			`${middle(runs, ({ cpuSeconds }) => cpuSeconds).toFixed(1)} s`,
		]),
		notes: found.flatMap(({ title, runs }) =>
			runs.flatMap(({ problem }) => (problem === null ? [] : [`${title}: ${problem}`])),
		),
	};
	const worst = (of: readonly Phase[]) =>
		Math.max(...found.flatMap(({ runs }) => of.map((phase) => busy(runs, phase))));
	const watching = worst(['watching']);
	const others = worst(phases.filter((phase) => phase !== 'watching'));
	const inFlight = Math.max(...found.flatMap(({ runs }) => runs.map((run) => run.inFlight)));
	return {
		how: [
			`n8n-core's own execute context in a process of its own, the stand-in in another one (${LATENCY_MS} ms an answer, renders of`,
			`${RENDER_MS / 1000} s ± ${SPREAD * 100} %, default options). For each phase, the longest time that the process kept its event loop busy, and`,
			'in brackets the longest delay, which other processes of the machine can cause, too; "all" is the longest one by',
			`monitorEventLoopDelay, "idle" the same while nothing is to be done. Median of ${RUNS} runs. n8n's own work is included.`,
		].join('\n'),
		tables: [table],
		aims: [
			{
				aim: `no delay over ${LONGEST_BLOCK_MS} ms while ${TASKS} tasks are watched`,
				found: `${watching.toFixed(0)} ms`,
				met: watching <= LONGEST_BLOCK_MS,
			},
			{
				aim: 'nor while they are checked, created and passed on',
				found: `${others.toFixed(0)} ms`,
				met: others <= LONGEST_BLOCK_MS,
			},
			{
				aim: `at most ${MOST_IN_FLIGHT} requests in flight`,
				found: `${inFlight}`,
				met: inFlight <= MOST_IN_FLIGHT,
			},
		],
	};
}
