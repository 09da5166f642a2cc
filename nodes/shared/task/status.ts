import { textOf } from './json';
import type { Layers } from './layers';
import type { TaskStatus } from './task';

/** The words of CometAPI, of Runway and of the gateways' own task tables, upper case (fact sheet 3.2). */
const statusByWord: Readonly<Record<string, TaskStatus>> = {
	PENDING: 'queued',
	THROTTLED: 'queued',
	QUEUED: 'queued',
	SUBMITTED: 'queued',
	NOT_START: 'queued',
	'0': 'queued',
	RUNNING: 'running',
	IN_PROGRESS: 'running',
	PROCESSING: 'running',
	'1': 'running',
	SUCCEEDED: 'succeeded',
	SUCCESS: 'succeeded',
	COMPLETED: 'succeeded',
	'3': 'succeeded',
	FAILED: 'failed',
	FAILURE: 'failed',
	ERROR: 'failed',
	CANCELLED: 'cancelled',
	CANCELED: 'cancelled',
	// Words of other providers, which gateways pass on (fact sheet 8.2).
	STARTING: 'queued',
	CREATED: 'queued',
	ACCEPTED: 'queued',
	WAITING: 'queued',
	IN_QUEUE: 'queued',
	GENERATING: 'running',
	RENDERING: 'running',
	SUCCEED: 'succeeded',
	DONE: 'succeeded',
	FINISHED: 'succeeded',
};

/**
 * Words for an end without a result whose meaning is less than certain: no page of CometAPI's has the texts (fact sheet 8.2),
 * and one gateway documents 2 as success (fact sheet 3.2).
 */
const UNDOCUMENTED_ENDS: readonly string[] = ['EXPIRED', 'TIMEOUT', 'TIMED_OUT', 'FAIL', 'REJECTED', 'ABORTED'];
const DOUBTFUL_ENDS: readonly string[] = ['2', ...UNDOCUMENTED_ENDS];

/** What a task's status word means, and the word. */
export interface SaidStatus {
	status: TaskStatus;
	/** As the API wrote it; null if it gave none. */
	rawStatus: string | null;
}

/** The outermost status leads; inner ones speak only if it is missing or unknown (fact sheet 3.2). */
export function statusOf(layers: Layers): SaidStatus {
	const words = layers.flatMap(({ status, state }) => [textOf(status), textOf(state)]).filter((word) => word !== null);
	for (const rawStatus of words) {
		const status = meaningOf(rawStatus);
		if (status !== undefined) return { status, rawStatus };
	}
	// An ID without any status word is a task that has only just been accepted.
	const [rawStatus] = words;
	return rawStatus === undefined ? { status: 'queued', rawStatus: null } : { status: 'unknown', rawStatus };
}

/** True for an end without a result that a result, coming with no reason, disproves: what was paid for must not be thrown away. */
export function isDoubtfulEnd({ rawStatus }: SaidStatus): boolean {
	return DOUBTFUL_ENDS.includes(rawStatus?.toUpperCase() ?? '');
}

/** True for a word that no page of CometAPI's has. */
export function isUndocumentedEnd({ rawStatus }: SaidStatus): boolean {
	return UNDOCUMENTED_ENDS.includes(rawStatus?.toUpperCase() ?? '');
}

function meaningOf(word: string): TaskStatus | undefined {
	return DOUBTFUL_ENDS.includes(word.toUpperCase()) ? 'failed' : statusByWord[word.toUpperCase()];
}
