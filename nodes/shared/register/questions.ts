import { isObject, textOf } from '../task/json';
import type { N8nApi } from './api';
import type { TableFault } from './faults';
import type { Health } from './health';
import { newestFirst, readStoredRow, withoutDuplicates, type StoredRow, type TaskRow } from './row';
import type { Shared } from './shared';
import type { Condition, TaskTable } from './table';

/** All conditions must hold. n8n's API takes one list of conditions, all joined by "and" or all by "or". */
export interface RowQuery {
	/** Columns and the values that they must have. */
	where?: Partial<TaskRow>;
	/** A column that must have a value. */
	filled?: keyof TaskRow;
	/** Rows made at or after this moment, ISO 8601. */
	createdSince?: string;
	/** Rows with a larger number in the table. */
	after?: number;
	/** `oldest` is by the table's number, `newest` by the moment of the request. @default newest */
	order?: 'newest' | 'oldest';
	/** The most rows to give back; further pages are asked for as needed. */
	limit: number;
}

/** Rows that have changed, the latest change first. */
export interface Changes {
	rows: StoredRow[];
	/** Where the earlier changes continue, if there are more than were asked for. Changes made meanwhile do no harm. */
	rest: string | null;
}

/** An execution in n8n's own words. */
export interface ExecutionState {
	/** Running, waiting or queued: it may yet deliver its tasks. */
	isOpen: boolean;
	/** All its nodes have run, without an error. */
	hasSucceeded: boolean;
	/** The execution that this one retries. */
	retryOf: string | null;
	/** The workflow that it runs; null if n8n does not say. */
	workflowId: string | null;
	/** False if n8n has no such execution: it was deleted, or never saved. (The key's owner has to be allowed to see it.) */
	isKnown: boolean;
}

const unknownExecution: ExecutionState = {
	isOpen: false,
	hasSucceeded: false,
	retryOf: null,
	workflowId: null,
	isKnown: false,
};

const DAY_MS = 24 * 60 * 60_000;
/** Bounds the work for one question in a table of any size. */
const MOST_PAGES = 80;
const openStatuses: readonly unknown[] = ['new', 'running', 'waiting', 'queued', 'unknown'];

/** What runs and polls ask the register. */
export class Questions {
	/** How requests with this run's key go. */
	readonly health: Health;

	constructor(
		private readonly table: TaskTable,
		private readonly api: N8nApi,
		private readonly common: Shared,
	) {
		this.health = common.reading;
	}

	/** The rows that match, or null if the register does not answer. */
	async find({
		where = {},
		filled,
		createdSince,
		after,
		order = 'newest',
		limit,
	}: RowQuery): Promise<StoredRow[] | null> {
		const conditions = conditionsOf(where);
		if (after !== undefined) conditions.push({ columnName: 'id', condition: 'gt', value: after });
		if (filled !== undefined) conditions.push({ columnName: filled, condition: 'neq', value: null });
		if (createdSince !== undefined) conditions.push(since('createdTime', createdSince));
		const found = await this.pages(conditions, order === 'newest' ? 'id:desc' : 'id:asc', null, {
			limit,
			isWanted: (row) =>
				fits(row, where) &&
				(filled === undefined || row[filled] !== null) &&
				(createdSince === undefined || row.createdTime >= createdSince),
		});
		if (found === null) return null;
		const rows = withoutDuplicates(found.rows);
		return (order === 'newest' ? rows.sort(newestFirst) : rows).slice(0, limit);
	}

	/**
	 * What has changed at or after a moment, the latest first, so that it takes no longer however many rows have changed
	 * earlier that day; null if the register does not answer.
	 * @param moment ISO 8601
	 * @param from where to continue: the `rest` of an earlier answer
	 */
	async changes(
		moment: string,
		{ where = {}, limit, from = null }: { where?: Partial<TaskRow>; limit: number; from?: string | null },
	): Promise<Changes | null> {
		const found = await this.pages([...conditionsOf(where), since('updatedAt', moment)], 'updatedAt:desc', from, {
			limit,
			isWanted: (row) => fits(row, where) && row.updatedAt >= moment,
			isEnd: (row) => row.updatedAt < moment,
		});
		return found && { rows: withoutDuplicates(found.rows), rest: found.rest };
	}

	/** What n8n says of an execution; null if it does not answer. */
	async execution(id: string): Promise<ExecutionState | null> {
		const answer = await this.read(async () => await this.api.execution(id), { mayBeMissing: true });
		if (answer === null) return null;
		if (answer.value === null) return answer.fault.isMissing ? unknownExecution : null;
		const { status, finished, stoppedAt, retryOf, workflowId } = answer.value;
		const isOpen = status === undefined ? finished !== true && !stoppedAt : openStatuses.includes(status);
		const workflow = typeof workflowId === 'string' ? workflowId : null;
		const hasSucceeded = status === undefined ? finished === true : status === 'success';
		return { isOpen, hasSucceeded, retryOf: textOf(retryOf), workflowId: workflow, isKnown: true };
	}

	/**
	 * How often each node of an execution has run, by name, as far as n8n has saved that; null if n8n does not answer. All data of
	 * the execution comes along, so ask seldom.
	 */
	async runsOf(executionId: string): Promise<ReadonlyMap<string, number> | null> {
		const answer = await this.read(async () => await this.api.execution(executionId, { withData: true }));
		if (answer === null || answer.value === null) return null;
		const { data } = answer.value;
		const runData = isObject(data) && isObject(data.resultData) ? data.resultData.runData : null;
		const runs = Object.entries(isObject(runData) ? runData : {});
		return new Map(runs.map(([name, all]) => [name, Array.isArray(all) ? all.length : 0]));
	}

	/** Asks for pages until they end, enough rows are found, or a row shows that no more can come. */
	private async pages(
		conditions: readonly Condition[],
		sort: string,
		from: string | null,
		{ limit, isWanted, isEnd }: { limit: number; isWanted: RowTest; isEnd?: RowTest },
	): Promise<Changes | null> {
		const rows: StoredRow[] = [];
		let rest = from;
		for (let page = 0; page < MOST_PAGES; page++) {
			const cursor = rest;
			const answer = await this.read(async () => await this.table.page(conditions, sort, cursor));
			if (answer === null || answer.value === null) return null;
			const stored = answer.value.rows.map(readStoredRow).filter((row) => row !== null);
			const known = stored.map((row) => ({ ...row, ...this.common.writer.pending(row.requestId) }));
			rows.push(...known.filter(isWanted));
			const last = stored.at(-1);
			rest = last !== undefined && isEnd?.(last) ? null : answer.value.cursor;
			if (rest === null || rows.length >= limit) break;
		}
		return { rows, rest };
	}

	private async read<T extends { fault: TableFault | null }>(
		question: () => Promise<T>,
		{ mayBeMissing = false } = {},
	): Promise<T | null> {
		const { health } = this;
		if (health.isResting) return null;
		const answer = await question();
		health.note(mayBeMissing && answer.fault?.isMissing ? null : answer.fault);
		return answer;
	}
}

type RowTest = (row: StoredRow) => boolean;

function conditionsOf(where: Partial<TaskRow>): Condition[] {
	return Object.entries(where).map(([columnName, value]) => ({ columnName, condition: 'eq', value }));
}

function fits(row: StoredRow, where: Partial<TaskRow>): boolean {
	return Object.entries(where).every(([column, value]) => row[column as keyof TaskRow] === value);
}

function since(columnName: string, moment: string): Condition {
	return { columnName, condition: 'gte', value: beforeDayOf(moment) };
}

/**
 * The last moment of the day before. n8n compares dates in SQLite as texts of two forms, which is right for different days
 * only; so questions ask for too much by a day at most, and the rest is looked at here.
 */
export function beforeDayOf(moment: string): string {
	const time = new Date(moment).getTime();
	return new Date(Math.floor(time / DAY_MS) * DAY_MS - 1).toISOString();
}
