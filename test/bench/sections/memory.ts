import { startStandIn, type StandIn } from '../../support/standin';
import { runProgram } from '../program';
import type { DownloadInput, DownloadResult } from '../programs/download';
import { median, MEGABYTE, type Report, type Section } from '../section';

/** Growth of memory while one large file downloads. */

const RUNS = 3;
const MOST_GROWN_MB = 64;
const QUICK = { renderMs: 200, queuedMs: 50, notVisibleMs: 50 };

interface Row {
	way: string;
	/** Empty where the process did not live to tell. */
	results: DownloadResult[];
	failure: string | null;
}

export const memory: Section = {
	name: 'memory',
	title: 'growth of memory while one large file downloads',
	async measure({ long, step, closeLater }) {
		const megabytes = long ? 1_000 : 300;
		const large = await startStandIn({ ...QUICK, assetBytes: megabytes * MEGABYTE });
		const small = await startStandIn(QUICK);
		const close = closeLater(async () => {
			await Promise.all([large.close(), small.close()]);
		});
		const rows: Row[] = [];
		for (const [way, title] of [
			['stream', 'this node'],
			['buffer', 'a buffer, stored when whole'],
		] as const) {
			rows.push(
				await step(`Downloading ${megabytes} MB: ${title}`, async () => await measureWay(title, way, small, large)),
			);
		}
		await close();
		return report(rows, megabytes);
	},
};

async function measureWay(title: string, way: DownloadInput['way'], small: StandIn, large: StandIn): Promise<Row> {
	const input: DownloadInput = { way, small: credentialOf(small), large: credentialOf(large) };
	const results: DownloadResult[] = [];
	try {
		for (let run = 0; run < RUNS; run += 1) results.push(await runProgram<DownloadResult>('download', input));
		return { way: title, results, failure: null };
	} catch (error) {
		return { way: title, results, failure: error instanceof Error ? error.message : String(error) };
	}
}

function credentialOf({ apiKey, url }: StandIn) {
	return { apiKey, baseUrl: url };
}

function report(rows: Row[], megabytes: number): Report {
	const grown = (row: Row | undefined) => median(row?.results.map(({ grownBytes }) => grownBytes) ?? []) / MEGABYTE;
	const [ours] = rows;
	const measured = (ours?.results.length ?? 0) > 0 && ours?.failure === null;
	return {
		how: [
			`One task with a file of ${megabytes} MB, in n8n-core's own execute context with the binary store on disk; the stand-in is`,
			`another process. Growth is the peak of the resident memory over what it was just before; median of ${RUNS} processes.`,
		].join('\n'),
		tables: [
			{
				head: ['file goes through', 'growth', 'worst', 'time', 'stored'],
				rows: rows.map((row) =>
					row.failure !== null
						? [row.way, `failed: ${row.failure.slice(0, 60)}`]
						: [
								row.way,
								`${grown(row).toFixed(0)} MB`,
								`${(Math.max(...row.results.map(({ grownBytes }) => grownBytes)) / MEGABYTE).toFixed(0)} MB`,
								`${median(row.results.map(({ seconds }) => seconds)).toFixed(1)} s`,
								`${(median(row.results.map(({ storedBytes }) => storedBytes)) / MEGABYTE).toFixed(0)} MB`,
							],
				),
			},
		],
		aims: [
			{
				aim: `under ${MOST_GROWN_MB} MB of growth for a file of ${megabytes} MB`,
				found: measured ? `${grown(ours).toFixed(0)} MB` : 'not measured',
				met: measured && grown(ours) < MOST_GROWN_MB,
			},
		],
	};
}
