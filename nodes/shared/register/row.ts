import { textOf } from '../task/json';
import type { ApiFamily } from '../task/task';

/** What the register holds of one request to create a task: one row of the data table `Runway tasks`. */
export interface TaskRow {
	/** Ours, made before the request is sent; a UUID. */
	requestId: string;
	/** Null until CometAPI has given one. */
	taskId: string | null;
	status: RowStatus;
	/** Whether the task has gone out to the next node, or to a workflow that a trigger has started. */
	delivered: boolean;
	/** The operation's `value`, such as `imageToVideo`. */
	operation: string;
	api: ApiFamily;
	model: string | null;
	/** The beginning of the prompt. */
	prompt: string | null;
	workflowId: string;
	workflowName: string;
	/** The execution that the task is with: the one that created it, or a retry that has taken it up. */
	executionId: string;
	nodeName: string;
	runIndex: number;
	itemIndex: number;
	/** A hash of route and body: equal for equal requests. */
	fingerprint: string;
	/** Separates accounts: n8n's ID of the credential. */
	credentialId: string;
	/** ISO 8601. */
	createdTime: string;
	/** ISO 8601; null while the task may still change. */
	endedTime: string | null;
	/** In words, such as `0.25 USD`; null if no answer said it. */
	cost: string | null;
	/** Why there is no result, in words without secrets. */
	failure: string | null;
	/**
	 * Where to call an execution that sleeps until this task has ended; null if none does. Holds n8n's signature. When the execution
	 * wakes up, the row becomes `delivered` and keeps this address until a trigger has seen how the execution ended.
	 */
	resumeUrl: string | null;
}

export type RowStatus =
	/** Its turn has not come: certainly nothing was sent. Before the request is sent, the row says `sending`. */
	| 'notSent'
	/** The request may be on its way. A row that stays like this is a create whose outcome is unknown. */
	| 'sending'
	/** CometAPI has given an ID; the task has not been seen to end. */
	| 'created'
	| 'succeeded'
	| 'failed'
	| 'cancelled'
	/** Certainly no task exists. */
	| 'notCreated'
	/** A task with an unknown ID may exist. */
	| 'unknown';

/** A row as the table gives it back. */
export interface StoredRow extends TaskRow {
	/** The table's own number. It grows with each row that is written, so a row that is written late or anew has a larger one. */
	id: number;
	/** When n8n has last changed the row, by the database's clock; ISO 8601. */
	updatedAt: string;
}

/** The name of the data table. Its columns are those of {@link columns}, beside n8n's own `id`, `createdAt` and `updatedAt`. */
export const TABLE_NAME = 'Runway tasks';

/** The columns with their types in n8n's words, in the order in which people see them. */
export const columns: Readonly<Record<keyof TaskRow, 'string' | 'number' | 'boolean' | 'date'>> = {
	taskId: 'string',
	status: 'string',
	delivered: 'boolean',
	operation: 'string',
	model: 'string',
	prompt: 'string',
	workflowName: 'string',
	nodeName: 'string',
	createdTime: 'date',
	endedTime: 'date',
	cost: 'string',
	failure: 'string',
	workflowId: 'string',
	executionId: 'string',
	runIndex: 'number',
	itemIndex: 'number',
	api: 'string',
	requestId: 'string',
	fingerprint: 'string',
	credentialId: 'string',
	resumeUrl: 'string',
};

/** One more column, for the moment in which several rows are replaced by newer ones. Then it holds a word that the old ones share. */
export const REPLACED = 'replaced';

/** How much is known about a request, from little to much. The same row may be there twice; the one that knows more counts. */
const knowledge: Readonly<Record<RowStatus, number>> = {
	notSent: 0,
	sending: 1,
	unknown: 2,
	notCreated: 2,
	created: 3,
	cancelled: 4,
	failed: 4,
	succeeded: 4,
};

/**
 * Reads a row as n8n gives it back. People may edit the table, so a value that can't be right becomes the column's default.
 * @returns null if the row has no request ID, so that it can't be one of ours
 */
export function readStoredRow(raw: unknown): StoredRow | null {
	const cells: Record<string, unknown> = typeof raw === 'object' && raw !== null ? { ...raw } : {};
	const requestId = textOf(cells.requestId);
	const id = Number(cells.id);
	if (requestId === null || !Number.isSafeInteger(id)) return null;
	const createdTime = moment(cells.createdTime) ?? moment(cells.createdAt) ?? new Date(0).toISOString();
	return {
		id,
		requestId,
		taskId: textOf(cells.taskId),
		status: isStatus(cells.status) ? cells.status : textOf(cells.taskId) === null ? 'unknown' : 'created',
		delivered: [true, 1, 'true'].includes(cells.delivered as never),
		operation: textOf(cells.operation) ?? '',
		api: cells.api === 'official' ? 'official' : 'compatibility',
		model: textOf(cells.model),
		prompt: textOf(cells.prompt),
		workflowId: textOf(cells.workflowId) ?? '',
		workflowName: textOf(cells.workflowName) ?? '',
		executionId: textOf(cells.executionId) ?? '',
		nodeName: textOf(cells.nodeName) ?? '',
		runIndex: index(cells.runIndex),
		itemIndex: index(cells.itemIndex),
		fingerprint: textOf(cells.fingerprint) ?? '',
		credentialId: textOf(cells.credentialId) ?? '',
		createdTime,
		endedTime: moment(cells.endedTime),
		cost: textOf(cells.cost),
		failure: textOf(cells.failure),
		resumeUrl: textOf(cells.resumeUrl),
		updatedAt: moment(cells.updatedAt) ?? createdTime,
	};
}

/** One row for each request, in the order given. */
export function withoutDuplicates(rows: readonly StoredRow[]): StoredRow[] {
	const kept = new Map<string, StoredRow>();
	for (const row of rows) {
		const other = kept.get(row.requestId);
		if (other === undefined || tellsMore(row, other)) kept.set(row.requestId, row);
	}
	return [...kept.values()];
}

/** Sorts rows by the moment of the request; those of one run by the table's number. */
export function newestFirst(one: StoredRow, other: StoredRow): number {
	return other.createdTime.localeCompare(one.createdTime) || other.id - one.id;
}

function tellsMore(row: StoredRow, other: StoredRow): boolean {
	const known = ({ taskId, status, delivered, id }: StoredRow) => [
		knowledge[status],
		Number(delivered),
		Number(taskId !== null),
		id,
	];
	const theirs = known(other);
	const difference = known(row).map((value, at) => value - (theirs[at] ?? 0));
	return (difference.find((value) => value !== 0) ?? 0) > 0;
}

function isStatus(value: unknown): value is RowStatus {
	return typeof value === 'string' && Object.hasOwn(knowledge, value);
}

function index(value: unknown): number {
	const number = Number(value ?? 0);
	return Number.isSafeInteger(number) && number >= 0 ? number : 0;
}

function moment(value: unknown): string | null {
	const time = typeof value === 'string' || value instanceof Date ? new Date(value).getTime() : NaN;
	return Number.isNaN(time) ? null : new Date(time).toISOString();
}
