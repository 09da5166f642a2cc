import type { Api } from '../task/task';

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
	api: Api;
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
	/** Tells accounts apart: n8n's ID of the credential. */
	credentialId: string;
	/** ISO 8601. */
	createdTime: string;
	/** ISO 8601; null while the task may still change. */
	endedTime: string | null;
	/** In words, such as `0.25 USD`; null if no answer told. */
	cost: string | null;
	/** Why there is no result, in words without secrets. */
	failure: string | null;
	/** Where to call an execution that sleeps until this task has ended; null if none does. Holds n8n's signature. */
	resumeUrl: string | null;
}

export type RowStatus =
	/** The request may be on its way. A row that stays like this is a create whose outcome is unknown. */
	| 'sending'
	/** CometAPI has given an ID; the task has not been seen to end. */
	| 'created'
	| 'succeeded'
	| 'failed'
	| 'cancelled'
	/** Certainly no task exists. */
	| 'notCreated'
	/** A task may exist whose ID nobody knows. */
	| 'unknown';

/** A row as the table gives it back. */
export interface StoredRow extends TaskRow {
	/** The table's own number; grows with each row. */
	id: number;
	/** When n8n has last changed the row, by the database's clock; ISO 8601. */
	updatedAt: string;
}
