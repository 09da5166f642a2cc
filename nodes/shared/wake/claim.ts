import { readTask } from '../task/parse';
import { isTerminal, type TaskState } from '../task/task';

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
 * envelopes of the get-task routes). Null if it names no task.
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

/** The name under which a task is remembered: callbacks may bring its id in capital letters. */
export function keyOf({ taskId }: { taskId: string }): string {
	return taskId.toLowerCase();
}

/** Whether a callback says that its task is still running; if it says nothing known, the task itself has to say. */
export function saysGoingOn({ state }: Claim): boolean {
	return state.rawStatus !== null && state.status !== 'unknown' && !isTerminal(state.status);
}
