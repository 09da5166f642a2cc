import type { RequestContext } from '../api/transport';
import type { StoredRow, TaskRow } from './row';

/**
 * The register of all tasks: a data table of the user's own n8n, over its public API (design: the credential switches it on).
 * Nothing here throws and nothing waits long: what can't be written is made up for later, and {@link Register.fault} says why.
 */
export interface Register {
	/** One request for a whole batch. Comes back after two seconds at most, and goes on trying in the background. */
	add(rows: readonly TaskRow[]): Promise<void>;
	/** Changes a row soon, together with other changes; never waits. Several changes of one row are applied in their order. */
	change(requestId: string, changes: Partial<TaskRow>): void;
	/** Waits until everything is written, two seconds at most. To be called when a run, a poll or a webhook ends. */
	settle(): Promise<void>;
	/** The rows that match, or null if the register does not answer. */
	find(query: RowQuery): Promise<StoredRow[] | null>;
	/** What n8n says of an execution; null if it does not answer or does not know it. */
	execution(id: string): Promise<ExecutionState | null>;
	/** One sentence on what is wrong with the register and how to mend it, without any secret; null if nothing is. */
	readonly fault: string | null;
}

/** All conditions must hold. n8n's API takes one list of conditions, all joined by "and" or all by "or". */
export interface RowQuery {
	/** Columns and the values that they must have. */
	where?: Partial<TaskRow>;
	/** Rows changed at or after this moment, ISO 8601. */
	changedSince?: string;
	/** By the table's number (`newest`, `oldest`) or by the latest change (`changed`: the longest unchanged first). */
	order?: 'newest' | 'oldest' | 'changed';
	/** The most rows to give back; further pages are asked for as needed. */
	limit: number;
}

/** An execution in n8n's own words. */
export interface ExecutionState {
	/** Running, waiting or queued: it may yet deliver its tasks. */
	isOpen: boolean;
	/** The execution that this one retries. */
	retryOf: string | null;
}

/** Opens the register; null if the credential does not have it switched on. */
export async function openRegister(_context: RequestContext): Promise<Register | null> {
	return null;
}
