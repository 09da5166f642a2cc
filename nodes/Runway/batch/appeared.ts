import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import { listAccountTasks, type AccountTask } from '../../shared/api/accountTasks';
import { taskOf, type Ending } from './job';
import { taskIdsOf, type PaidRecord } from './paid';

/**
 * After a create with an unknown outcome, searches the account for the task that it may have made. That needs the account's
 * access token (fact sheet 8.4), and is no more than a hint: other programs create tasks, too.
 */

/** Nobody waits longer for a hint. */
const LONGEST_LOOK_MS = 5_000;
/** The clocks of this n8n and of CometAPI may differ by this much. */
const TOLERANCE_MS = 60_000;
/** The newest tasks since the first of the creates; a hint needs no more. */
const MOST_TASKS = 100;
const MOST_NAMED = 5;

/**
 * Adds to each create whose outcome is unknown what has appeared in the account since. Asks once for all of them, and leaves the
 * endings as they are if there is no access token, or no answer. Never throws.
 * @param unclaimed what earlier attempts created beside the tasks of the endings
 */
export async function findAppeared(
	context: IExecuteFunctions,
	endings: readonly Ending[],
	unclaimed: readonly PaidRecord[],
): Promise<Ending[]> {
	const times = endings.flatMap(({ outcome }) =>
		outcome.kind === 'maybeCreated' && outcome.underWay !== undefined ? [outcome.underWay.from] : [],
	);
	if (times.length === 0 || context.getExecutionCancelSignal()?.aborted) return [...endings];
	const listed = await look(context, new Date(Math.min(...times) - TOLERANCE_MS));
	if (listed === null) return [...endings];
	const known = new Set([...endings.map(({ outcome }) => taskOf(outcome)?.taskId), ...taskIdsOf(unclaimed)]);
	const unknown = listed.filter(({ taskId }) => !known.has(taskId));
	return endings.map((ending) => {
		const { job, outcome } = ending;
		if (outcome.kind !== 'maybeCreated' || outcome.underWay === undefined || job?.kind !== 'create') return ending;
		const { from, to } = outcome.underWay;
		const ofThatTime = unknown.filter(
			({ submittedAt }) =>
				submittedAt !== null &&
				Date.parse(submittedAt) >= from - TOLERANCE_MS &&
				Date.parse(submittedAt) <= to + TOLERANCE_MS,
		);
		return { ...ending, outcome: { ...outcome, appeared: likeliest(ofThatTime, job.operation.path) } };
	});
}

async function look(context: IExecuteFunctions, since: Date): Promise<AccountTask[] | null> {
	try {
		const limits = { since, limit: MOST_TASKS, timeoutMs: LONGEST_LOOK_MS };
		const listed = await Promise.race([listAccountTasks(context, limits), after(LONGEST_LOOK_MS)]);
		return listed?.kind === 'tasks' ? listed.tasks : null;
	} catch {
		return null;
	}
}

/** Its timer keeps nothing alive. */
async function after(milliseconds: number): Promise<null> {
	const signal = AbortSignal.timeout(milliseconds);
	return await new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }));
}

/** Those with the action of the route, such as IMAGE_TO_VIDEO; all of them if none has it. */
function likeliest(tasks: readonly AccountTask[], path: string): readonly AccountTask[] {
	const action = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
	const same = tasks.filter((task) => task.action?.toLowerCase() === action);
	return same.length > 0 ? same : tasks;
}

/** Advice about a create with an unknown outcome, given the tasks that have appeared. */
export function appearedWords(appeared: readonly AccountTask[] | undefined): string {
	const console = 'Look at the task log in the CometAPI console before you run this item again.';
	if (appeared === undefined) return console;
	if (appeared.length === 0) return `No task has appeared in the CometAPI account so far. ${console}`;
	const named = appeared.slice(0, MOST_NAMED).map(({ taskId, action, submittedAt }) => {
		const facts = [action, submittedAt?.slice(11, 19)].filter(Boolean).join(', ');
		return `${taskId} (${facts} UTC)`;
	});
	const more = appeared.length - named.length;
	const list = `${named.join('; ')}${more > 0 ? ` and ${more} more, listed in the details` : ''}`;
	return appeared.length === 1
		? `At that time, one task that this run does not know appeared in the CometAPI account: ${list}. It is most likely this item's: fetch it with Resource "Task", Operation "Download" before you run this item again.`
		: `At that time, tasks that this run does not know appeared in the CometAPI account: ${list}. If one of them is this item's, fetch it with Resource "Task", Operation "Download" before you run this item again.`;
}

/** The same as data. */
export function appearedDetails(appeared: readonly AccountTask[]): IDataObject[] {
	return appeared.map(({ taskId, action, submittedAt, state }) => ({
		taskId,
		status: state.status,
		action,
		submittedAt,
	}));
}
