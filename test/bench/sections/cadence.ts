import { simulate, type CadenceCase, type CadenceResult } from '../cadence';
import type { Report, Section } from '../section';

/** Requests and delay of the adaptive pace beside fixed intervals, in fake time. */

const RENDER_SECONDS = [12, 41, 64, 256];
const INTERVALS = [2, 5, 10, 15];
const LESSONS = 6;
/** The render times that the aims are about. */
const AIMED_SECONDS = [64, 256];
const MOST_UNTAUGHT = 6;
const MOST_TAUGHT = 3;
const MOST_DELAY_PERCENT = 5;

type Circumstances = Pick<CadenceCase, 'seconds' | 'batch' | 'progress'>;

interface Row extends Circumstances {
	untaught: CadenceResult;
	taught: CadenceResult;
	fixed: CadenceResult[];
}

export const cadence: Section = {
	name: 'cadence',
	title: 'how often tasks are looked at, and how late their end is noticed',
	async measure({ step }) {
		const rows = await step('Simulating', async (say) => {
			const measured: Row[] = [];
			for (const seconds of RENDER_SECONDS) {
				say(`renders of ${seconds} s`);
				for (const batch of [1, 20]) {
					for (const progress of [true, false]) measured.push(await measureRow({ seconds, batch, progress }));
				}
			}
			return measured;
		});
		return report(rows);
	},
};

async function measureRow(circumstances: Circumstances): Promise<Row> {
	const adaptive = { ...circumstances, interval: 0 };
	const fixed: CadenceResult[] = [];
	for (const interval of INTERVALS) fixed.push(await simulate({ ...circumstances, taughtBy: 0, interval }));
	return {
		...circumstances,
		untaught: await simulate({ ...adaptive, taughtBy: 0 }),
		taught: await simulate({ ...adaptive, taughtBy: LESSONS }),
		fixed,
	};
}

function report(rows: Row[]): Report {
	return {
		how: [
			'Simulated with the real scheduler in fake time, without a network; the same seed gives the same table. Render',
			`times vary by a standard deviation of 12 %, 24 runs each; "taught" comes after ${LESSONS} earlier runs of the kind. Each`,
			'cell: looks per task, then the median delay from ready to noticed, in seconds and as a share of the render time.',
		].join('\n'),
		tables: [
			{
				head: ['render, batch', 'untaught', 'taught', ...INTERVALS.map((interval) => `every ${interval} s`)],
				rows: rows.map(({ untaught, taught, fixed, ...row }) => [
					`${row.seconds} s, ${row.batch}${row.progress ? ', progress' : ''}`,
					...[untaught, taught, ...fixed].map(cell),
				]),
			},
		],
		aims: [true, false].flatMap((progress) => aimsFor(rows, progress)),
	};
}

function aimsFor(all: Row[], progress: boolean) {
	const rows = all.filter((row) => row.progress === progress && AIMED_SECONDS.includes(row.seconds));
	const worst = (kind: 'untaught' | 'taught', most: number) => {
		const looks = rounded(Math.max(...rows.map((row) => row[kind].requestsPerTask)));
		const delay = rounded(Math.max(...rows.map((row) => row[kind].delayPercent)));
		return {
			aim: `${kind}, ${progress ? 'with' : 'without'} progress, at most ${most} looks and under ${MOST_DELAY_PERCENT} % delay`,
			found: `${looks.toFixed(1)}, ${delay.toFixed(1)} %`,
			met: looks <= most && delay < MOST_DELAY_PERCENT,
		};
	};
	return [worst('untaught', MOST_UNTAUGHT), worst('taught', MOST_TAUGHT)];
}

/** As it is printed. */
function rounded(value: number): number {
	return Number(value.toFixed(1));
}

function cell({ requestsPerTask, delayMs, delayPercent }: CadenceResult): string {
	const delay = (delayMs / 1000).toFixed(1);
	return `${requestsPerTask.toFixed(1)} ${delay.padStart(5)} s ${delayPercent.toFixed(1).padStart(4)} %`;
}
