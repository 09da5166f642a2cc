import type { StoredRow } from '../shared/register/row';
import { isTerminal, type TaskState } from '../shared/task/task';
import type { TaskEvent } from '../shared/trigger/events';
import { matches, type Filters } from './filters';
import type { FoundRows, Position } from './rows';

/** Which rows of the register a poll watches, and which of their events it emits. Pure. */

/** An execution that has just ended may still be writing down that it has delivered. */
const JUST_CHANGED_MS = 10_000;
/** Tasks that are older than the trigger and have ended at an unknown time are history. */
const LONGEST_RENDER_MS = 24 * 60 * 60_000;

/** What the register's trigger remembers from poll to poll. */
export interface Memory extends Position {
	/** When the trigger began to watch, in milliseconds since the epoch. */
	begunAt: number;
	/** Requests whose tasks were emitted. The next poll writes this to the register, after n8n has saved the emission. */
	emitted: string[];
}

/** What the user wants, and what is remembered. */
interface Wanted {
	/** Milliseconds since the epoch. */
	now: number;
	filters: Filters;
	events: ReadonlySet<TaskEvent>;
	memory: Memory;
}

export type RowRules = ReturnType<typeof rowRules>;

/** @param isClosed whether the execution of a row has ended */
export function rowRules(
	{ now, filters, events, memory }: Wanted,
	found: FoundRows,
	isClosed: (row: StoredRow) => boolean,
) {
	/** Whether the user wants every task, delivered or not. */
	const wantsAll = filters.which === 'all';
	const areEmitted = new Set(memory.emitted);
	const knownFrom = Math.min(Date.parse(memory.since), Date.parse(memory.gap?.since ?? memory.since));

	const isSleeping = (row: StoredRow) => isAsleep(row) && !isClosed(row);
	const isWanted = (row: StoredRow) => {
		if (!matches(row, filters)) return false;
		// Recently emitted events are remembered, and tasks that ended earlier were emitted.
		if (wantsAll) return !isEnded(row) || found.hasChanged(row);
		const isSettled = now - Date.parse(row.updatedAt) > JUST_CHANGED_MS;
		return !row.delivered && !areEmitted.has(row.requestId) && isClosed(row) && isSettled;
	};
	/** An execution that waits reads its own tasks. */
	const isReadByOthers = (row: StoredRow) => !isClosed(row) && !events.has('progressed');
	/** Whether a task has ended before the trigger began to watch. */
	const isHistory = (endedTime: string | null, row: StoredRow) =>
		wantsAll &&
		(endedTime === null
			? Date.parse(row.createdTime) < memory.begunAt - LONGEST_RENDER_MS
			: Date.parse(endedTime) < memory.begunAt);
	/** A row can change long after its end if a retry reuses its task. Earlier polls have emitted it, and may have forgotten that. */
	const isOld = ({ endedTime }: StoredRow) =>
		wantsAll && endedTime !== null && Date.parse(endedTime) < knownFrom - LONGEST_RENDER_MS;

	return {
		isClosed,
		isSleeping,
		isWanted,
		isWatched: (row: StoredRow) =>
			isEnded(row)
				? isWanted(row) && !isHistory(row.endedTime, row) && !isOld(row)
				: isSleeping(row) || (isWanted(row) && !isReadByOthers(row)),
		/** Whether to emit an event of a wanted row. */
		isNews: (row: StoredRow, event: TaskEvent, { finishedAt }: TaskState) =>
			events.has(event) && (event === 'progressed' || !isHistory(finishedAt, row)),
	};
}

/** Whether an execution sleeps until the task of a row has ended, by the row's word. */
export function isAsleep({ resumeUrl, delivered }: StoredRow): boolean {
	return resumeUrl !== null && !delivered;
}

export function isEnded({ status }: StoredRow): boolean {
	return isTerminal(status);
}
