import type { ReadOutcome, RunwayClient } from '../shared/api/client';
import type { Problem } from '../shared/api/problem';
import { createTaskReader, type TaskReader } from '../shared/api/route';
import { judge, rulings, troubleKind } from '../shared/judgement/judge';
import type { KnownTask, TaskState } from '../shared/task/task';
import type { TaskEvent } from '../shared/trigger/events';
import { backoffDelay } from '../shared/wait/cadence';
import { pLimit } from '../shared/wait/limit';
import { pauseUnlessAborted, systemClock } from '../shared/wait/pause';
import { FaultRow } from '../shared/wait/row';
import type { Poll } from './source';

/** The first half of a poll: asks CometAPI for the watched tasks in turn, as far as there is time. */

const REQUESTS_AT_ONCE = 5;
/** After this many reads in a row without an answer, the rest waits for the next poll. */
const MAX_UNANSWERED = 20;
/** Further files wait for the next poll: an n8n that keeps files in memory has to hold them all. */
export const MAX_FILES = 50;

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

/**
 * Asks for the tasks, the longest unseen first, until all have been asked for, the time is up, or the table of judgement
 * says that asking again is no use. The answer about one task never stops the others.
 * @param endsAt milliseconds since the epoch; nothing is asked after that
 */
export async function ask(poll: Poll, client: RunwayClient, endsAt: number): Promise<Round> {
	const round = new Round(poll, client, endsAt);
	const limit = pLimit(REQUESTS_AT_ONCE);
	await Promise.all(
		poll.list.inTurn(Date.now()).map(async (taskId) => await limit(async () => await round.askFor(taskId))),
	);
	round.end();
	return round;
}

/** One round of reads, and what it brought. */
export class Round {
	/** In the order of the watched IDs. */
	readonly events: FoundEvent[] = [];
	/** Tasks that the API has not known, or has refused, for long enough to report it. */
	readonly missing: Refusal[] = [];
	/** Whether any read was answered, if only by "not known". */
	isAnswered = false;
	/** The latest refusal of the key or the account, if any. */
	refusal: Refusal | null = null;
	/** Why a read was not answered for now, if any. */
	trouble: Problem | null = null;
	/** Refusals that may be about the task alone. */
	private readonly refused: Refusal[] = [];
	/** Refusals that concern all tasks. */
	private readonly accountRow = new FaultRow();
	private isOver = false;
	/** Reads in a row. */
	private unanswered = 0;
	private files = 0;

	constructor(
		private readonly poll: Poll,
		private readonly client: RunwayClient,
		private readonly endsAt: number,
	) {}

	async askFor(taskId: string): Promise<void> {
		const { source, list } = this.poll;
		if (this.isOver || Date.now() >= this.endsAt) return;
		const reader = createTaskReader(this.client, taskId, source.apiFor(taskId), list.apiOf(taskId));
		const { read, endsRun } = await readPatiently(reader, this.accountRow, this.endsAt);
		if (endsRun) this.isOver = true;
		if (read.kind === 'task') this.noteTask(taskId, read.state, reader);
		if (read.kind === 'trouble') this.noteTrouble({ taskId, problem: read.problem });
	}

	end(): void {
		// If the API answers for no task, the refusal is about the key and says nothing about this task.
		if (this.isAnswered) this.refused.forEach((refusal) => this.miss(refusal));
		const places = new Map(this.poll.source.ids.map((taskId, place) => [taskId, place]));
		this.events.sort((one, other) => (places.get(one.task.taskId) ?? 0) - (places.get(other.task.taskId) ?? 0));
	}

	private noteTask(taskId: string, read: TaskState, reader: TaskReader): void {
		const { source, list, settings } = this.poll;
		this.noteAnswer();
		const { event, state } = list.see(taskId, read, reader.api, Date.now());
		source.seen?.(taskId, state);
		if (event === null) return;
		const wanted = source.wants(taskId, event, state);
		if (wanted === 'skip') list.markEmitted(taskId, state);
		if (wanted !== 'emit') return;
		this.events.push({ task: { taskId, api: reader.api, state, createdAt: null }, event, reader });
		if (event === 'succeeded' && settings.output.binaryField !== null) this.files += 1;
		if (this.files >= MAX_FILES) this.isOver = true;
	}

	private noteTrouble(refusal: Refusal): void {
		const { taskId, problem } = refusal;
		const { list } = this.poll;
		const { concernsAll, aboutTask } = rulings[problem.reason];
		if (aboutTask) {
			this.noteAnswer();
			this.miss(refusal);
		} else if (isRefusedAccess(problem)) {
			this.refusal = refusal;
			if (concernsAll) list.skip(taskId, Date.now());
			else this.refused.push(refusal);
		} else {
			this.trouble = problem;
			this.unanswered += 1;
			if (concernsAll || this.unanswered >= MAX_UNANSWERED) this.isOver = true;
			if (!concernsAll) list.skip(taskId, Date.now());
		}
	}

	private noteAnswer(): void {
		this.isAnswered = true;
		this.unanswered = 0;
	}

	private miss({ taskId, problem }: Refusal): void {
		const { list } = this.poll;
		const question = list.apiOf(taskId) === undefined ? 'poll' : 'pollSeen';
		const row = list.miss(taskId, rulings[problem.reason].kind, Date.now());
		if (row !== null && judge(question, problem.reason, row) !== 'askAgain') {
			this.missing.push({ taskId, problem });
		}
	}
}

/**
 * Reads a task. A refusal of the key or the account is asked about again after a short pause, since gateways refuse good
 * keys now and then (fact sheet 8.2).
 * @param accountRow refusals that concern all tasks, in a row over all of them
 * @param endsAt milliseconds since the epoch; nothing is asked after that
 * @returns the last answer, and whether it is no use to ask for other tasks
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
