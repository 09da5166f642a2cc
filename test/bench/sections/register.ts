import { randomUUID } from 'node:crypto';

import type { TaskRow } from '../../../nodes/shared/register/row';
import { chain, imageToVideo, manual, noOp, type Place, place, prompts } from '../../e2e/support/place';
import { type OpenRegister, switchOn, switchOnBehindGate, type Written } from '../../e2e/support/register';
import { create, everySeconds, pollTrigger, publish } from '../../e2e/support/triggers';
import { describe, projectRoot, startN8n, type N8n } from '../../support/n8n';
import type { Aim, Report, Section, Table, Tools } from '../section';
import { median } from '../section';
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
		const pairs: Pair[] = [];
		for (const size of SIZES) {
			pairs.push(
				await tools.step(`${size} items, ${RUNS} times without and with it`, async () => await measurePair(n8n, size)),
			);
		}
		const polls = await tools.step(`Polls over ${ROWS} rows`, async (say) => await measurePolls(n8n, say));
		await close();
		const without = await load(tools, 'without');
		let rows: Array<{ status: string; delivered: boolean }> = [];
		const withRegister = await load(tools, 'with', async (here) => {
			const { rows: read } = await switchOn(here);
			return async () => {
				rows = await read();
			};
		});
		const kept = rows.filter(({ status, delivered }) => status === 'succeeded' && delivered).length;
		return report(pairs, polls, [without, withRegister], kept, n8n.version);
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

async function load(tools: Tools, name: string, makeReady?: Parameters<typeof measureMode>[3]): Promise<Found> {
	const title = `${TASKS} tasks in regular mode, ${name} a register`;
	return await tools.step(title, async (say) => await measureMode('regular', tools, say, makeReady));
}

const worst = (values: readonly number[]) => Math.max(...values);

function report(pairs: Pair[], polls: Polls[], loads: Found[], kept: number, version: string): Report {
	const seconds = (value: number) => `${value.toFixed(2)} s`;
	const extra = (pair: Pair, of: (values: readonly number[]) => number) => of(pair.with) - of(pair.without);
	const batches: Table = {
		head: ['items', 'without: median', 'worst', 'with: median', 'worst', 'median / median', 'worst / worst'],
		rows: pairs.map((pair) => [
			`${pair.size} × ${RENDER_MS / 1_000} s`,
			...[pair.without, pair.with].flatMap((values) => [seconds(median(values)), seconds(worst(values))]),
			(median(pair.with) / median(pair.without)).toFixed(3),
			(worst(pair.with) / worst(pair.without)).toFixed(3),
		]),
	};
	const polled: Table = {
		head: ['rows', 'poll: median', 'worst', 'requests to n8n: median', 'most'],
		rows: polls.map((one) => [
			`${one.rows}`,
			seconds(median(one.seconds)),
			seconds(worst(one.seconds)),
			`${median(one.requests)}`,
			`${worst(one.requests)}`,
		]),
	};
	const [without, withIt] = loads;
	const loaded: Table = {
		head: [
			`${EXECUTIONS} × ${ITEMS}`,
			'wall',
			'succeeded',
			'created',
			'doubled',
			'lost',
			'event loop p99',
			'peak memory',
			'CPU',
		],
		rows: loads.map((one, index) => [
			index === 0 ? 'without' : 'with',
			`${one.wall.toFixed(0)} s`,
			`${one.succeeded}`,
			`${one.creates}`,
			`${one.doubled}`,
			`${one.lost}`,
			`${one.probes[0]?.probe.p99Ms.toFixed(0)} ms`,
			`${((one.probes[0]?.probe.peakRss ?? 0) / 1_000_000).toFixed(0)} MB`,
			`${one.probes[0]?.probe.cpuSeconds.toFixed(0)} s`,
		]),
		notes: [
			`Rows that say succeeded and delivered at the end: ${kept} of ${TASKS}.`,
			...loads.flatMap(({ problems }) => problems),
		],
	};
	const batchAims = pairs.map((pair): Aim => {
		const most = MOST_SHARE * median(pair.without) + MOST_EXTRA_SECONDS;
		const found = extra(pair, median);
		return {
			aim: `${pair.size} items take at most ${seconds(most)} longer with a register (median)`,
			found: `${seconds(found)}, at worst ${seconds(extra(pair, worst))}`,
			met: found <= most,
		};
	});
	const slowest = worst(polls.flatMap((one) => one.seconds));
	return {
		how: [
			`n8n ${version} in regular mode with SQLite, the node's time by n8n's own account, ${LATENCY_MS} ms before each answer of the stand-in; ${RUNS} runs`,
			'of each size without and with a register by turns. A poll is timed from its first request to n8n to the last answer.',
		].join('\n'),
		tables: [batches, polled, loaded],
		aims: [
			...batchAims,
			{
				aim: `a poll that finds nothing new over ${ROWS} rows keeps n8n's API busy for at most ${MOST_POLL_SECONDS} s`,
				found: `${seconds(slowest)} at worst`,
				met: slowest <= MOST_POLL_SECONDS,
			},
			{
				aim: `${EXECUTIONS} executions of ${ITEMS} items: each task created once, delivered, and noted as such`,
				found: `${withIt?.creates} created, ${withIt?.doubled} doubled, ${withIt?.lost} lost, ${kept} noted; ${((withIt?.wall ?? 0) / (without?.wall ?? 1)).toFixed(2)} of the time without`,
				met: withIt?.creates === TASKS && withIt.doubled === 0 && withIt.lost === 0 && kept === TASKS,
			},
		],
	};
}
