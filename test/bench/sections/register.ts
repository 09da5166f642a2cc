import { randomUUID } from 'node:crypto';

import type { TaskRow } from '../../../nodes/shared/register/row';
import { chain, imageToVideo, manual, noOp, type Place, place, prompts } from '../../e2e/support/place';
import { type OpenRegister, switchOn, switchOnBehindGate, type Written } from '../../e2e/support/register';
import { create, everySeconds, pollTrigger, publish } from '../../e2e/support/triggers';
import { describe, projectRoot, startN8n, type N8n } from '../../support/n8n';
import { type Findings, median, MEGABYTE, type Section, type Tools } from '../section';
import { EXECUTIONS, type Found, ITEMS, measureMode, TASKS } from './executions';

/** What the register of tasks costs, in a real n8n whose API it asks. */

const SIZES = [5, 20, 100];
const RUNS = 5;
const RENDER_MS = 8_000;
/** Before each answer of the stand-in. */
const LATENCY_MS = 50;
const MOST_SHARE = 0.05;
const MOST_EXTRA_SECONDS = 0.3;

const ROWS = 10_000;
const OPEN_ROWS = 100;
const ROWS_AT_A_TIME = 500;
const POLLS = 5;
const POLL_SECONDS = 10;
/** After the last execution. */
const NOTED_WITHIN_MS = 30_000;
/** A poll that finds nothing new must leave n8n in peace. */
const MOST_POLL_SECONDS = 1;

interface Pair {
	size: number;
	/** Seconds that the node took, run by run. */
	without: number[];
	with: number[];
}

interface Polls {
	rows: number;
	/** Seconds from a poll's first request to n8n's API to its last answer. */
	seconds: number[];
	requests: number[];
}

export const register: Section = {
	name: 'register',
	title: 'what the register of tasks costs',
	async measure(tools) {
		const n8n = await tools.step('Starting n8n', async () => await startN8n({ package: projectRoot }));
		const close = tools.closeLater(async () => await n8n.stop());
		for (const size of SIZES) {
			const title = `${size} items, ${RUNS} times without and with it`;
			await tools.part(title, async () => await measurePair(n8n, size), ofPair);
		}
		await tools.part(`Polls over ${ROWS} rows`, async (say) => await measurePolls(n8n, say), ofPolls);
		await close();
		const without = await load(tools, 'without', noRegister, null);
		await load(tools, 'with', watchedRegister, without);
		return { how: howOn(n8n.version), tables: [], aims: [] };
	},
};

/** By turns, so that whatever else the machine does concerns both. */
async function measurePair(n8n: N8n, size: number): Promise<Pair> {
	const pair: Pair = { size, without: [], with: [] };
	for (let run = 0; run < RUNS; run += 1) {
		pair.without.push(await measureBatch(n8n, size));
		pair.with.push(await measureBatch(n8n, size, switchOn));
	}
	return pair;
}

async function measureBatch(n8n: N8n, size: number, makeReady?: (here: Place) => Promise<unknown>): Promise<number> {
	let seconds = 0;
	const act = async (here: Place) => {
		await makeReady?.(here);
		const list = Array.from({ length: size }, (_, index) => `Scene ${index + 1}`);
		const execution = await here.run(chain(manual, ...prompts(...list), imageToVideo()), 120_000);
		if (execution.status !== 'success') throw new Error(describe(execution));
		seconds = (execution.data.resultData?.runData.Runway?.[0]?.executionTime ?? 0) / 1_000;
	};
	await place(act, { renderMs: RENDER_MS, latencyMs: LATENCY_MS }, async () => n8n)();
	return seconds;
}

async function measurePolls(n8n: N8n, say: (note: string) => void): Promise<Polls[]> {
	const found: Polls[] = [];
	const act = async (here: Place) => {
		const { gate, ...table } = await switchOnBehindGate(here);
		try {
			// The first one makes the table.
			await here.run(chain(manual, ...prompts('first'), imageToVideo()));
			await fill(here, table, OPEN_ROWS, '[stuck]');
			const pollTimes = { item: everySeconds(POLL_SECONDS) };
			const trigger = pollTrigger({ watch: 'register', download: false, pollTimes });
			const id = await here.save(chain(trigger, noOp('After')));
			await publish(n8n, id);
			say(`${OPEN_ROWS} rows`);
			found.push(await collect(gate.requests, OPEN_ROWS));
			await fill(here, table, ROWS - OPEN_ROWS, 'over');
			say(`${ROWS} rows`);
			found.push(await collect(gate.requests, ROWS));
			await n8n.deactivate(id);
		} finally {
			await gate.close();
		}
	};
	await place(act, {}, async () => n8n)();
	return found;
}

/** Rows of tasks that are rendering, which exist at the stand-in, or of such as were delivered long ago. */
async function fill({ api, credential }: Place, table: OpenRegister, amount: number, kind: '[stuck]' | 'over') {
	const isOver = kind === 'over';
	const time = new Date().toISOString();
	for (let first = 0; first < amount; first += ROWS_AT_A_TIME) {
		const length = Math.min(ROWS_AT_A_TIME, amount - first);
		const ids = Array.from({ length }, async () =>
			isOver ? randomUUID() : await create(api, kind, { family: 'official' }),
		);
		const rows = (await Promise.all(ids)).map((taskId, itemIndex): TaskRow => ({
			requestId: randomUUID(),
			taskId,
			status: isOver ? 'succeeded' : 'created',
			delivered: isOver,
			operation: 'imageToVideo',
			api: 'official',
			model: 'gen4_turbo',
			prompt: 'A long line about a pier in the evening light. '.repeat(4),
			workflowId: 'bench',
			workflowName: 'Bench',
			executionId: '1',
			nodeName: 'Runway',
			runIndex: 0,
			itemIndex,
			fingerprint: randomUUID(),
			credentialId: credential.id,
			createdTime: time,
			endedTime: isOver ? time : null,
			cost: null,
			failure: null,
			resumeUrl: null,
		}));
		await table.add(rows);
	}
}

/** Waits for some polls and tells them apart by the pauses between them; the first one is not like the others. */
async function collect(requests: readonly Written[], rows: number): Promise<Polls> {
	const before = requests.length;
	await new Promise((resolve) => setTimeout(resolve, (POLLS + 2) * POLL_SECONDS * 1_000));
	const polls: Written[][] = [];
	for (const request of requests.slice(before)) {
		const last = polls.at(-1)?.at(-1);
		if (last === undefined || request.at - last.at > (POLL_SECONDS * 1_000) / 2) polls.push([]);
		polls.at(-1)?.push(request);
	}
	const whole = polls.slice(1, 1 + POLLS);
	return {
		rows,
		requests: whole.map(({ length }) => length),
		seconds: whole.map((poll) => (Math.max(...poll.map(({ endedAt }) => endedAt ?? 0)) - (poll[0]?.at ?? 0)) / 1_000),
	};
}

/** The executions under load, and how many rows say succeeded and delivered at the end; null without a register. */
interface Loaded extends Found {
	kept: number | null;
}

/** Makes a place ready before the load; what it gives back counts the rows after it. */
type MakeReady = (here: Place) => Promise<() => Promise<number | null>>;

const noRegister: MakeReady = async () => async () => null;

const watchedRegister: MakeReady = async (here) => {
	const { rows } = await switchOn(here);
	return async () => {
		// Under load, n8n writes the rows when the executions are over.
		for (const deadline = Date.now() + NOTED_WITHIN_MS; ;) {
			const noted = (await rows()).filter(({ status, delivered }) => status === 'succeeded' && delivered).length;
			if (noted >= TASKS || Date.now() >= deadline) return noted;
			await new Promise((resolve) => setTimeout(resolve, 1_000));
		}
	};
};

async function load(tools: Tools, name: string, makeReady: MakeReady, before: Loaded | null): Promise<Loaded | null> {
	let kept: number | null = null;
	const work = async (say: (note: string) => void): Promise<Loaded> => {
		const found = await measureMode('regular', tools, say, async (here) => {
			const count = await makeReady(here);
			return async () => {
				kept = await count();
			};
		});
		return { ...found, kept };
	};
	const title = `${TASKS} tasks in regular mode, ${name} a register`;
	return await tools.part(title, work, (found) => ofLoad(name, found, before));
}

const worst = (values: readonly number[]) => Math.max(...values);
const seconds = (value: number) => `${value.toFixed(2)} s`;

function howOn(version: string): string {
	return [
		`n8n ${version} in regular mode with SQLite, the node's time by n8n's own account, ${LATENCY_MS} ms before each answer of the stand-in; ${RUNS} runs`,
		'of each size without and with a register by turns. A poll is timed from its first request to n8n to the last answer.',
	].join('\n');
}

function ofPair(pair: Pair): Findings {
	const extra = (of: (values: readonly number[]) => number) => of(pair.with) - of(pair.without);
	const most = MOST_SHARE * median(pair.without) + MOST_EXTRA_SECONDS;
	return {
		tables: [
			{
				head: ['items', 'without: median', 'worst', 'with: median', 'worst', 'median / median', 'worst / worst'],
				rows: [
					[
						`${pair.size} × ${RENDER_MS / 1_000} s`,
						...[pair.without, pair.with].flatMap((values) => [seconds(median(values)), seconds(worst(values))]),
						(median(pair.with) / median(pair.without)).toFixed(3),
						(worst(pair.with) / worst(pair.without)).toFixed(3),
					],
				],
			},
		],
		aims: [
			{
				aim: `${pair.size} items take at most ${seconds(most)} longer with a register (median)`,
				found: `${seconds(extra(median))}, at worst ${seconds(extra(worst))}`,
				met: extra(median) <= most,
			},
		],
	};
}

function ofPolls(polls: Polls[]): Findings {
	const slowest = worst(polls.flatMap((one) => one.seconds));
	return {
		tables: [
			{
				head: ['rows', 'poll: median', 'worst', 'requests to n8n: median', 'most'],
				rows: polls.map((one) => [
					`${one.rows}`,
					seconds(median(one.seconds)),
					seconds(worst(one.seconds)),
					`${median(one.requests)}`,
					`${worst(one.requests)}`,
				]),
			},
		],
		aims: [
			{
				aim: `a poll that finds nothing new over ${ROWS} rows keeps n8n's API busy for at most ${MOST_POLL_SECONDS} s`,
				found: `${seconds(slowest)} at worst`,
				met: slowest <= MOST_POLL_SECONDS,
			},
		],
	};
}

/** @param before the same load without a register, if it was measured */
function ofLoad(name: string, found: Loaded, before: Loaded | null): Findings {
	const { wall, succeeded, creates, doubled, lost, kept, probes, problems } = found;
	const probe = probes[0]?.probe;
	const share = before === null ? '' : `; ${(wall / before.wall).toFixed(2)} of the time without`;
	return {
		tables: [
			{
				head: [
					...[`${EXECUTIONS} × ${ITEMS}`, 'wall', 'succeeded', 'created', 'doubled', 'lost'],
					...['event loop p99', 'peak memory', 'CPU'],
				],
				rows: [
					[
						name,
						`${wall.toFixed(0)} s`,
						...[succeeded, creates, doubled, lost].map(String),
						`${probe?.p99Ms.toFixed(0)} ms`,
						`${((probe?.peakRss ?? 0) / MEGABYTE).toFixed(0)} MB`,
						`${probe?.cpuSeconds.toFixed(0)} s`,
					],
				],
				notes: [
					...(kept === null ? [] : [`Rows that say succeeded and delivered at the end: ${kept} of ${TASKS}.`]),
					...problems,
				],
			},
		],
		aims:
			kept === null
				? []
				: [
						{
							aim: `${EXECUTIONS} executions of ${ITEMS} items: each task created once, delivered, and noted as such`,
							found: `${creates} created, ${doubled} doubled, ${lost} lost, ${kept} noted${share}`,
							met: creates === TASKS && doubled === 0 && lost === 0 && kept === TASKS,
						},
					],
	};
}
