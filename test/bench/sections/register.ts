import { chain, imageToVideo, manual, type Place, place, prompts } from '../../e2e/support/place';
import { switchOn } from '../../e2e/support/register';
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

/** After the last execution. */
const NOTED_WITHIN_MS = 30_000;

interface Pair {
	size: number;
	/** Seconds that the node took, run by run. */
	without: number[];
	with: number[];
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
		'of each size without and with a register by turns.',
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
