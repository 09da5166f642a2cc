import type { ReadOutcome, RunwayClient } from '../shared/api/client';
import type { Problem } from '../shared/api/problem';
import { createTaskReader, type TaskReader } from '../shared/api/route';
import { judge, rulings, troubleKind } from '../shared/judgement/judge';
import type { KnownTask } from '../shared/task/task';
import type { TaskEvent } from '../shared/trigger/events';
import { backoffDelay } from '../shared/wait/cadence';
import { pLimit } from '../shared/wait/limit';
import { pauseUnlessAborted, systemClock } from '../shared/wait/pause';
import { FaultRow } from '../shared/wait/row';
import type { Source } from './source';
import type { Watchlist } from './watchlist';

/** The first half of a poll: asks CometAPI for the watched tasks in turn, as far as there is time. */

const REQUESTS_AT_ONCE = 5;
/** After this many reads in a row without an answer, the rest waits for the next poll. */
const MAX_UNANSWERED = 20;

/** The task to read. */
export interface Search {
	client: RunwayClient;
	source: Pick<Source, 'apiFor' | 'wants' | 'seen'>;
	/** Milliseconds since the epoch; nothing is asked after that. */
	endsAt: number;
	/** The most results with a file in one poll; null for no limit. */
	mostFiles: number | null;
}

/** An event that has not been emitted, with the reader that found it. */
export interface FoundEvent {
	task: KnownTask;
	event: TaskEvent;
	reader: TaskReader;
}

/** What the API said about a task in place of the task. */
export interface Refusal {
	taskId: string;
	problem: Problem;
}

/** What a round of reads brought. */
export interface Found {
	/** In the order of the watched IDs. */
	events: FoundEvent[];
	/** Tasks that the API has not known, or has refused, for long enough to report it. */
	missing: Refusal[];
	/** Whether any read was answered, if only by "not known". */
	isAnswered: boolean;
	/** The latest refusal of the key or the account, if any. */
	refusal: Refusal | null;
	/** Why a read was not answered for now, if any. */
	trouble: Problem | null;
}

/**
 * Asks for the tasks, the longest unseen first, until all have been asked for, the time is up, or the table of judgement
 * says that asking on is no use. What one task is answered never stops the others.
 * @param ids the watched tasks in the user's order
 */
export async function ask(ids: readonly string[], list: Watchlist, search: Search): Promise<Found> {
	const { client, source, endsAt, mostFiles } = search;
	const found: Found = { events: [], missing: [], isAnswered: false, refusal: null, trouble: null };
	const refused: Refusal[] = [];
	const accountRow = new FaultRow();
	let isOver = false;
	let unanswered = 0;
	let files = 0;

	const answered = () => {
		found.isAnswered = true;
		unanswered = 0;
	};
	const miss = ({ taskId, problem }: Refusal) => {
		const question = list.apiOf(taskId) === undefined ? 'poll' : 'pollSeen';
		const row = list.miss(taskId, rulings[problem.reason].kind, Date.now());
		if (row !== null && judge(question, problem.reason, row) !== 'askAgain') found.missing.push({ taskId, problem });
	};
	const askFor = async (taskId: string) => {
		if (isOver || Date.now() >= endsAt) return;
		const reader = createTaskReader(client, taskId, source.apiFor(taskId), list.apiOf(taskId));
		const { read, endsRun } = await readPatiently(reader, accountRow, endsAt);
		if (endsRun) isOver = true;
		if (read.kind === 'aborted') return;
		if (read.kind === 'task') {
			answered();
			const { event, state } = list.see(taskId, read.state, reader.api, Date.now());
			source.seen(taskId, state);
			if (event === null) return;
			const wanted = source.wants(taskId, event, state);
			if (wanted === 'skip') list.markEmitted(taskId, state);
			if (wanted !== 'emit') return;
			found.events.push({ task: { taskId, api: reader.api, state, createdAt: null }, event, reader });
			if (event === 'succeeded') files += 1;
			if (mostFiles !== null && files >= mostFiles) isOver = true;
			return;
		}

		const { problem } = read;
		const { concernsAll, aboutTask } = rulings[problem.reason];
		if (aboutTask) {
			answered();
			miss({ taskId, problem });
		} else if (isRefusedAccess(problem)) {
			found.refusal = { taskId, problem };
			if (concernsAll) list.skip(taskId, Date.now());
			else refused.push(found.refusal);
		} else {
			found.trouble = problem;
			unanswered += 1;
			if (concernsAll || unanswered >= MAX_UNANSWERED) isOver = true;
			if (!concernsAll) list.skip(taskId, Date.now());
		}
	};
	const limit = pLimit(REQUESTS_AT_ONCE);
	await Promise.all(list.inTurn(Date.now()).map(async (taskId) => await limit(async () => await askFor(taskId))));

	// If the API answers for no task, the refusal is about the key and says nothing about this task.
	if (found.isAnswered) refused.forEach(miss);
	const places = new Map(ids.map((taskId, place) => [taskId, place]));
	found.events.sort((one, other) => (places.get(one.task.taskId) ?? 0) - (places.get(other.task.taskId) ?? 0));
	return found;
}

/**
 * Reads a task. A refusal of the key or the account is asked about again after a short pause, since gateways refuse good
 * keys now and then (fact sheet 8.2).
 * @param accountRow refusals that concern all tasks, in a row over all of them
 * @param endsAt milliseconds since the epoch; nothing is asked after that
 * @returns the last answer, and whether asking for other tasks is no use
 */
export async function readPatiently(
	reader: TaskReader,
	accountRow: FaultRow,
	endsAt: number,
): Promise<{ read: ReadOutcome; endsRun: boolean }> {
	const ownRow = new FaultRow();
	for (let tries = 1; ; tries += 1) {
		const sentAt = Date.now();
		const read = await reader.read();
		if (read.kind !== 'trouble' || !isRefusedAccess(read.problem)) {
			if (read.kind === 'task' || (read.kind === 'trouble' && rulings[read.problem.reason].aboutTask))
				accountRow.clear();
			return { read, endsRun: false };
		}
		const { kind, concernsAll, longestDelayMs } = troubleKind(read.problem);
		const row = (concernsAll ? accountRow : ownRow).add(kind, sentAt, Date.now());
		const verdict = judge('lookUp', read.problem.reason, row);
		const pauseMs = Math.min(longestDelayMs, backoffDelay(tries, Math.random()));
		if (verdict !== 'askAgain' || Date.now() + pauseMs >= endsAt) return { read, endsRun: verdict === 'endRun' };
		await pauseUnlessAborted(pauseMs, systemClock);
	}
}

/** Whether the key, the account or the base URL is refused, which does not pass by itself. */
function isRefusedAccess({ reason }: Problem): boolean {
	const { kind, concernsAll } = rulings[reason];
	return kind === 'account' || (concernsAll && kind !== 'passing');
}
