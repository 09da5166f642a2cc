import { readTask } from '../shared/task/parse';
import { isTerminal, type TaskState } from '../shared/task/task';

/** What a callback says. It is unsigned, so anybody may have said it. */
export interface Claim {
	taskId: string;
	state: TaskState;
}

/** Larger bodies are not looked at; documented ones have less than 2 KB. */
export const MAX_BODY_BYTES = 256 * 1024;
/** Ids are UUIDs; whatever else gateways may use is shorter than this, and has neither spaces nor control characters. */
const ID = /^[\w.:~@+=/-]{1,200}$/;

/**
 * Reads a callback in any of the documented shapes (fact sheet 5: the task's own fields, CometAPI's general guide, and the
 * envelopes of the get-task routes). Null where it names no task.
 */
export function claimOf(body: unknown): Claim | null {
	const reading = readTask(typeof body === 'string' ? parsed(body) : body);
	if (reading.kind !== 'task' || reading.state.taskId === null) return null;
	const { state } = reading;
	const taskId = reading.state.taskId;
	return ID.test(taskId) ? { taskId, state } : null;
}

/** Callbacks may come with a content type that n8n does not read as JSON. */
function parsed(body: string): unknown {
	if (body.length > MAX_BODY_BYTES) return null;
	try {
		return JSON.parse(body) as unknown;
	} catch {
		return null;
	}
}

/** Whether a callback says that its task goes on; of one that says nothing known, the task itself has to tell. */
export function saysGoingOn({ state }: Claim): boolean {
	return state.rawStatus !== null && state.status !== 'unknown' && !isTerminal(state.status);
}

/**
 * Whether a task ended too long ago for a callback of it to be the first one; only where the API says when it ended.
 * @param receivedAt when the callback came, in milliseconds since the epoch
 * @param maxAgeMs 0 for no limit
 */
export function isStale({ finishedAt }: TaskState, receivedAt: number, maxAgeMs: number): boolean {
	return maxAgeMs > 0 && finishedAt !== null && receivedAt - Date.parse(finishedAt) > maxAgeMs;
}
