import { randomUUID } from 'node:crypto';

import { chain, imageToVideo, manual, noOp, type Place, place, prompts } from '../../e2e/support/place';
import { type OpenRegister, switchOnBehindGate, type Written } from '../../e2e/support/register';
import { create, everySeconds, pollTrigger, publish } from '../../e2e/support/triggers';
import { projectRoot, startN8n, type N8n } from '../../support/n8n';
import { taskRow } from '../../support/taskRow';
import { type Findings, median, type Section } from '../section';

/** What a Runway Trigger that watches a large register asks of n8n with each poll. */

const ROWS = 10_000;
const OPEN_ROWS = 100;
const ROWS_AT_A_TIME = 500;
const POLLS = 5;
const POLL_SECONDS = 10;
/** Of tasks that are over. */
const AGE_MS = 60 * 60_000;
/** After this long, no poll looks out for late changes any more. */
const SETTLED_MS = 150_000;
/** A poll that finds nothing new must leave n8n in peace. */
const MOST_SECONDS = 1;

interface Polls {
	name: string;
	/** Seconds from a poll's first request to n8n's API to its last answer. */
	seconds: number[];
	requests: number[];
}

export const polls: Section = {
	name: 'polls',
	title: `polls over a register of ${ROWS} rows`,
	async measure(tools) {
		const n8n = await tools.step('Starting n8n', async () => await startN8n({ package: projectRoot }));
		const close = tools.closeLater(async () => await n8n.stop());
		await tools.part('Polls', async (say) => await measurePolls(n8n, say), ofPolls);
		await close();
		const how = `n8n ${n8n.version} in regular mode with SQLite. A poll is timed from its first request to n8n to the last answer.`;
		return { how, tables: [], aims: [] };
	},
};

/** Polls of one trigger over few rows, over many that have just changed, and over many that have not changed lately. */
export async function measurePolls(n8n: N8n, say: (note: string) => void): Promise<Polls[]> {
	const found: Polls[] = [];
	const act = async (here: Place) => {
		const { gate, ...table } = await switchOnBehindGate(here);
		const measure = async (name: string) => {
			say(name);
			found.push(await collect(gate.requests, name));
		};
		try {
			// The first one makes the table.
			await here.run(chain(manual, ...prompts('first'), imageToVideo()));
			await fill(here, table, OPEN_ROWS, '[stuck]');
			const pollTimes = { item: everySeconds(POLL_SECONDS) };
			const trigger = pollTrigger({ watch: 'register', download: false, pollTimes });
			const id = await here.save(chain(trigger, noOp('After')));
			await publish(n8n, id);
			await measure(`${OPEN_ROWS} rows`);
			await fill(here, table, ROWS - OPEN_ROWS, 'over');
			await measure(`${ROWS} rows, just changed`);
			await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
			await measure(`${ROWS} rows`);
			await n8n.deactivate(id);
		} finally {
			await gate.close();
		}
	};
	await place(act, {}, async () => n8n)();
	return found;
}

/** Rows of tasks that are rendering, which exist at the stand-in, or of such as ended before the trigger began to watch. */
async function fill({ api, credential }: Place, table: OpenRegister, amount: number, kind: '[stuck]' | 'over') {
	const isOver = kind === 'over';
	const time = new Date(Date.now() - (isOver ? AGE_MS : 0)).toISOString();
	for (let first = 0; first < amount; first += ROWS_AT_A_TIME) {
		const length = Math.min(ROWS_AT_A_TIME, amount - first);
		const ids = Array.from({ length }, async () =>
			isOver ? randomUUID() : await create(api, kind, { family: 'official' }),
		);
		const rows = (await Promise.all(ids)).map((taskId, itemIndex) =>
			taskRow({
				requestId: randomUUID(),
				taskId,
				status: isOver ? 'succeeded' : 'created',
				delivered: isOver,
				prompt: 'A long line about a pier in the evening light. '.repeat(4),
				workflowId: 'bench',
				workflowName: 'Bench',
				executionId: '1',
				itemIndex,
				fingerprint: randomUUID(),
				credentialId: credential.id,
				createdTime: time,
				endedTime: isOver ? time : null,
			}),
		);
		await table.add(rows);
	}
}

/** Waits for some polls and tells them apart by the pauses between them; the first one is not like the others. */
async function collect(requests: readonly Written[], name: string): Promise<Polls> {
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
		name,
		requests: whole.map(({ length }) => length),
		seconds: whole.map((poll) => (Math.max(...poll.map(({ endedAt }) => endedAt ?? 0)) - (poll[0]?.at ?? 0)) / 1_000),
	};
}

const worst = (values: readonly number[]) => Math.max(...values);
const seconds = (value: number) => `${value.toFixed(2)} s`;

function ofPolls(found: Polls[]): Findings {
	const quiet = found.at(-1)?.seconds ?? [];
	return {
		tables: [
			{
				head: ['rows', 'poll: median', 'worst', 'requests to n8n: median', 'most'],
				rows: found.map((one) => [
					one.name,
					seconds(median(one.seconds)),
					seconds(worst(one.seconds)),
					`${median(one.requests)}`,
					`${worst(one.requests)}`,
				]),
			},
		],
		aims: [
			{
				aim: `a poll that finds nothing new over ${ROWS} rows keeps n8n's API busy for at most ${MOST_SECONDS} s`,
				found: `${seconds(worst(quiet))} at worst`,
				met: worst(quiet) <= MOST_SECONDS,
			},
		],
	};
}
