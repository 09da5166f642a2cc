import type { ToldProgress } from '../../support/simulatedBatch';
import { simulate, type CadenceCase, type CadenceResult } from '../cadence';
import type { Report, Section, Table } from '../section';

/** How often tasks are looked at and how late their end is noticed, in fake time. */

interface Circumstances {
	name: string;
	seconds: number[];
	slots?: number;
	/** Looks per task of the plan before this one, which learned across executions, while it had learned nothing. */
	formerLooks?: number;
}

const same = (tasks: number, seconds: number) => Array.from({ length: tasks }, () => seconds);
const drift = (tasks: number, from: number, to: number) =>
	Array.from({ length: tasks }, (_, index) => from + ((to - from) * index) / (tasks - 1));

const uniform: Circumstances[] = [
	{ name: '1 × 12 s', seconds: same(1, 12), formerLooks: 6.3 },
	{ name: '20 × 12 s', seconds: same(20, 12), formerLooks: 5.4 },
	{ name: '1 × 60 s', seconds: same(1, 60), formerLooks: 18.8 },
	{ name: '5 × 60 s', seconds: same(5, 60), formerLooks: 10.9 },
	{ name: '100 × 60 s', seconds: same(100, 60), formerLooks: 7.2 },
	{ name: '1 × 256 s', seconds: same(1, 256), formerLooks: 35.2 },
	{ name: '20 × 256 s', seconds: same(20, 256), formerLooks: 15 },
	{ name: '5 × 600 s', seconds: same(5, 600), formerLooks: 24.6 },
	{ name: '100 × 600 s', seconds: same(100, 600), formerLooks: 13.7 },
];

/** Later tasks begin when earlier ones have ended, so they know how long those have taken. */
const changing: Circumstances[] = [
	{ name: '100 × 60 s, 20 at once', seconds: same(100, 60), slots: 20 },
	{ name: '20 × 60 s, then 20 × 600 s', seconds: [...same(20, 60), ...same(20, 600)], slots: 20 },
	{ name: '20 × 600 s, then 20 × 60 s', seconds: [...same(20, 600), ...same(20, 60)], slots: 20 },
	{ name: '60 from 60 s to 240 s, 10 at once', seconds: drift(60, 60, 240), slots: 10 },
	{ name: '60 from 240 s to 60 s, 10 at once', seconds: drift(60, 240, 60), slots: 10 },
	{ name: '40, every other 60 s and 600 s', seconds: same(20, 60).flatMap((short) => [short, 600]) },
];

const told: Array<{ name: string; progress: ToldProgress }> = [
	{ name: 'none', progress: 'none' },
	{ name: 'true', progress: 'true' },
	{ name: 'stuck at 20 %', progress: { stuckAt: 20 } },
	{ name: 'stuck at 99 %', progress: { stuckAt: 99 } },
];

const INTERVALS = [2, 5, 10, 15];
const MOST_TIMES = 2;

interface Row extends Circumstances {
	results: CadenceResult[];
}

export const cadence: Section = {
	name: 'cadence',
	title: 'how often tasks are looked at, and how late their end is noticed',
	async measure({ step }) {
		return await step('Simulating', async (say) => {
			const rows: Row[] = [];
			const fixed: Row[] = [];
			for (const circumstances of [...uniform, ...changing]) {
				say(circumstances.name);
				const each = async (cases: Array<Partial<CadenceCase>>) => {
					const results: CadenceResult[] = [];
					for (const one of cases) results.push(await simulate({ progress: 'none', ...circumstances, ...one }));
					return results;
				};
				rows.push({ ...circumstances, results: await each(told.map(({ progress }) => ({ progress }))) });
				if (!uniform.includes(circumstances)) continue;
				fixed.push({ ...circumstances, results: await each(INTERVALS.map((interval) => ({ interval }))) });
			}
			return report(rows, fixed);
		});
	},
};

function report(rows: Row[], fixed: Row[]): Report {
	const timesAsMany = rows.flatMap(({ formerLooks, results: [withoutProgress] }) =>
		formerLooks === undefined || withoutProgress === undefined ? [] : [withoutProgress.looksPerTask / formerLooks],
	);
	return {
		how: [
			'Simulated with the real watcher in fake time, 200 ms a request and five in flight; the same seed gives the same table.',
			'Render times vary by a standard deviation of 12 %, 8 runs each. Each cell: looks per task, then the delay from ready to',
			'noticed in seconds: median of all tasks / worst of all tasks / worst of the batches, which end with their last task.',
		].join('\n'),
		tables: [
			table(
				'progress told',
				told.map(({ name }) => name),
				rows,
			),
			table(
				'fixed intervals',
				INTERVALS.map((interval) => `every ${interval} s`),
				fixed,
			),
		],
		aims: [
			{
				aim: 'every batch T noticed by T + 12 s and, above 60 s, by 1.15 T, apart from the time of requests',
				found: `${worst(rows, ({ batchDelay }) => batchDelay)} s late at worst`,
				met: rows.every(({ results }) => results.every(({ isPunctual }) => isPunctual)),
			},
			{
				aim: `without progress at most ${MOST_TIMES} times the looks of the plan that learned across executions, before it had learned`,
				found: `${Math.max(...timesAsMany).toFixed(1)} times at worst`,
				met: Math.max(...timesAsMany) <= MOST_TIMES,
			},
		],
	};
}

function worst(rows: Row[], of: (result: CadenceResult) => number): string {
	return Math.max(...rows.flatMap(({ results }) => results.map(of))).toFixed(1);
}

function table(first: string, columns: string[], rows: Row[]): Table {
	return { head: [first, ...columns], rows: rows.map(({ name, results }) => [name, ...results.map(cell)]) };
}

function cell({ looksPerTask, medianDelay, worstDelay, batchDelay }: CadenceResult): string {
	const delays = [medianDelay, worstDelay, batchDelay].map((delay) => delay.toFixed(1));
	return `${looksPerTask.toFixed(1)}  ${delays.join(' / ')}`;
}
