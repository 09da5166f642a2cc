import type { Problem } from '../api/problem';
import type { TaskReader } from '../api/route';
import { judge, troubleKind } from '../judgement/judge';
import { isTerminal, type TaskState } from '../task/task';
import { backoffDelay } from '../wait/cadence';
import { pauseUnlessAborted, systemClock } from '../wait/pause';
import { FaultRow } from '../wait/row';

/**
 * Reads a task back after a callback. CometAPI does not call a second time, so one bad answer ends nothing: the table of
 * judgement says what is tolerated, and for how long.
 */

export type ReadBack =
	/** The task, in the last state that was seen. It may still be pending. */
	| { kind: 'task'; state: TaskState }
	/** `isFinal`: whether asking again is not worth it, or only the time was up. */
	| { kind: 'unanswered'; problem: Problem; isFinal: boolean }
	| { kind: 'aborted' };

export interface ReadBackOptions {
	/** Whether this n8n created the task: then "unknown task" may only mean that it is too early. */
	isOurs: boolean;
	/** After this many answers that the task is pending, the last one counts. */
	mostPending: number;
	/** Milliseconds since the epoch; after one read at that time, the latest state counts. */
	givesUpAt: number;
	/** The task's troubles so far, to add to them. */
	row?: FaultRow;
	/** Whether there is no time for ids that CometAPI does not know. */
	isCrowded?: () => boolean;
	/** Runs a read when it may be sent. */
	limit?: <T>(read: () => Promise<T>) => Promise<T>;
	/** Waits this many milliseconds, or less if another call should take over. */
	pause?: (milliseconds: number) => Promise<void>;
	/** Whether another call should take over. */
	isOver?: () => boolean;
}

/** A callback may come before the API's own record says the same: together with the pauses, about two minutes. */
export const READS_UNTIL_ENDED = 10;
const LONGEST_PAUSE_MS = 16_000;

/** Reads the task until it has ended, or for as long as the options and the table of judgement allow. */
export async function readBack(reader: TaskReader, options: ReadBackOptions): Promise<ReadBack> {
	const { isOurs, mostPending, givesUpAt, row = new FaultRow(), isCrowded, isOver } = options;
	const { limit = async (read) => await read() } = options;
	const { pause = async (milliseconds) => await pauseUnlessAborted(milliseconds, systemClock) } = options;
	let last: TaskState | null = null;
	let pending = 0;
	let troubles = 0;
	for (;;) {
		const { read, sentAt } = await limit(async () => ({ sentAt: Date.now(), read: await reader.read() }));
		if (read.kind === 'aborted') return read;
		let delay: number;
		let result: ReadBack;
		if (read.kind === 'task') {
			row.clear();
			troubles = 0;
			pending += 1;
			last = read.state;
			result = { kind: 'task', state: last };
			if (isTerminal(last.status) || pending >= mostPending) return result;
			delay = pauseBefore(pending);
		} else {
			const { problem, retryAfterMs } = read;
			const { kind, longestDelayMs } = troubleKind(problem);
			const isAbsence = kind === 'absence';
			// A task of our own is known to exist; what somebody names may be made up.
			const question = isAbsence && isOurs ? 'readNamed' : 'readCalled';
			const verdict = judge(question, problem.reason, row.add(kind, sentAt, Date.now()));
			const isFinal = verdict !== 'askAgain' || (isAbsence && !isOurs && isCrowded?.() === true);
			result = last === null ? { kind: 'unanswered', problem, isFinal } : { kind: 'task', state: last };
			if (isFinal) return result;
			troubles += 1;
			delay = Math.max(retryAfterMs ?? 0, pauseBefore(troubles, longestDelayMs || LONGEST_PAUSE_MS));
		}
		const left = givesUpAt - Date.now();
		if (left <= 0) return result;
		await pause(Math.min(left, delay));
		if (isOver?.()) return result;
	}
}

/** Milliseconds before the next read, after this many without success. */
export function pauseBefore(reads: number, longestMs = LONGEST_PAUSE_MS): number {
	return Math.min(longestMs, backoffDelay(reads, Math.random()));
}
