import type { StoredRow } from '../shared/register/row';
import { isTerminal, type TaskState } from '../shared/task/task';
import type { TaskEvent } from '../shared/trigger/events';
import { matches, type Filters } from './filters';
import type { Position } from './rows';

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

interface Facts {
	/** Milliseconds since the epoch. */
	now: number;
	filters: Filters;
	events: ReadonlySet<TaskEvent>;
	memory: Memory;
	/** Whether the execution of a row has ended. */
	isClosed: (row: StoredRow) => boolean;
	/** Whether a row has changed lately. */
	hasChanged: (row: StoredRow) => boolean;
}

export class RowRules {
	readonly isClosed: Facts['isClosed'];
	/** Whether the user wants every task, delivered or not. */
	private readonly wantsAll: boolean;
	private readonly emitted: ReadonlySet<string>;

	constructor(private readonly facts: Facts) {
		this.isClosed = facts.isClosed;
		this.wantsAll = facts.filters.which === 'all';
		this.emitted = new Set(facts.memory.emitted);
	}

	isWatched(row: StoredRow): boolean {
		if (isEnded(row)) return this.isWanted(row) && !this.isHistory(row.endedTime, row) && !this.isOld(row);
		// An execution that waits reads its own tasks.
		const isReadByOthers = !this.isClosed(row) && !this.facts.events.has('progressed');
		return this.isSleeping(row) || (this.isWanted(row) && !isReadByOthers);
	}

	isSleeping(row: StoredRow): boolean {
		return row.resumeUrl !== null && !this.isClosed(row);
	}

	isWanted(row: StoredRow): boolean {
		const { filters, now, hasChanged } = this.facts;
		if (!matches(row, filters)) return false;
		// Recently emitted events are remembered, and tasks that ended earlier were emitted.
		if (this.wantsAll) return !isEnded(row) || hasChanged(row);
		const isSettled = now - Date.parse(row.updatedAt) > JUST_CHANGED_MS;
		return !row.delivered && !this.emitted.has(row.requestId) && this.isClosed(row) && isSettled;
	}

	/** Whether to emit an event of a wanted row. */
	isNews(row: StoredRow, event: TaskEvent, { finishedAt }: TaskState): boolean {
		return this.facts.events.has(event) && (event === 'progressed' || !this.isHistory(finishedAt, row));
	}

	/** Whether the task has ended before the trigger began to watch. */
	private isHistory(endedTime: string | null, row: StoredRow): boolean {
		const { begunAt } = this.facts.memory;
		if (!this.wantsAll) return false;
		return endedTime === null
			? Date.parse(row.createdTime) < begunAt - LONGEST_RENDER_MS
			: Date.parse(endedTime) < begunAt;
	}

	/** A row can change long after its end if a retry reuses its task. Earlier polls have emitted it, and may have forgotten that. */
	private isOld({ endedTime }: StoredRow): boolean {
		const { since, gap } = this.facts.memory;
		const knownFrom = Math.min(Date.parse(since), Date.parse(gap?.since ?? since));
		return this.wantsAll && endedTime !== null && Date.parse(endedTime) < knownFrom - LONGEST_RENDER_MS;
	}
}

export function isEnded({ status }: StoredRow): boolean {
	return isTerminal(status);
}
