import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import { follow } from './follow';
import { taskOf, type Job } from './job';
import type { Register } from '../../shared/register/register';
import { explainOutcome } from './explainOutcome';
import type { PaidRecord } from './paid';
import { errorItem, stoppedError } from './report';
import { addressOf, RESUME_PATH } from './resumePath';
import type { Rows } from './rows';
import {
	createClients,
	deliverAll,
	findOpen,
	nameOfSleep,
	noteDelivered,
	noteSleep,
	recall,
	saveSleepers,
	tasksOf,
	type Sleeper,
} from './sleepers';
import type { Ending } from './summary';
import { wishOf } from './wish';

/**
 * `completion: suspend`: the execution sleeps in n8n's database until CometAPI calls back. A callback is
 * unsigned, so it is only a hint: what counts is what CometAPI says when it is asked.
 */

/** Within this time of its creation, a task that is refused at once has ended. */
const REFUSED_AT_ONCE_MS = 1_500;
/** n8n has saved the sleep by then, and calls for tasks that ended meanwhile are over. */
const FOLLOWED_FOR_MS = 45_000;

/** How an item ended, with its job and the item to pass on, if there are any. */
export interface EndedItem extends Ending {
	job: Job | null;
	item: INodeExecutionData | null;
}

/**
 * Puts the execution to sleep until the tasks have ended, unless they have ended by now: while a long
 * batch was created, early calls found no sleeper. The tasks are also written into the node's input items,
 * which are what n8n passes on when the time limit comes first.
 */
export async function fallAsleep(
	context: IExecuteFunctions,
	ended: readonly EndedItem[],
	left: readonly PaidRecord[],
	register: Register | null,
	rows: Rows,
): Promise<INodeExecutionData[]> {
	const sleepers = ended.map((ending) => toSleeper(ending, left, rows));
	const tasks = tasksOf(sleepers);
	const known = recall(nameOfSleep(context, sleepers));
	// A prompt that is refused is refused at once: not worth a sleep, and an n8n that can't be called would miss it.
	const signal = context.getExecutionCancelSignal();
	await pauseUnlessAborted(REFUSED_AT_ONCE_MS, systemClock, signal);
	if (signal?.aborted) throw stoppedError(context, ended, left);
	const clientFor = await createClients(context);
	if ((await findOpen(clientFor, tasks, known, { givesUpAt: 0 })) === null) {
		const items = await deliverAll(context, clientFor, sleepers, known);
		await noteDelivered(register, sleepers, known);
		return items;
	}
	if (signal?.aborted) throw stoppedError(context, ended, left);

	saveSleepers(context, sleepers);
	const inputs = context.getInputData();
	for (const { itemIndex, outcome } of ended) {
		const input = inputs[itemIndex];
		if (input === undefined) continue;
		const task: IDataObject =
			outcome.kind === 'ready'
				? { taskId: outcome.task.taskId, api: outcome.task.api, status: outcome.task.state?.status ?? 'queued' }
				: { taskId: taskOf(outcome)?.taskId ?? null, status: 'failed', failure: failureOf({ itemIndex, outcome }) };
		input.json = { ...input.json, ...task };
	}
	const longest = Math.max(...ended.map(({ job }) => job?.settings.timeoutMs ?? 0));
	const url = addressOf(context, RESUME_PATH);
	noteSleep(register, sleepers, url);
	await register?.settle();
	await context.putExecutionToWait(new Date(Date.now() + longest));
	// n8n refuses callbacks until it has saved the sleep, and CometAPI calls only once.
	known.followedUntil = Date.now() + FOLLOWED_FOR_MS;
	void follow(context, known, { url, taskId: tasks[0]?.taskId ?? '' });
	// n8n keeps the inputs itself for the time limit. The return value only says that nothing failed.
	return inputs.map((input) => ({ ...input, json: { ...input.json, error: undefined } }));
}

function failureOf({ outcome }: Ending): IDataObject {
	return { code: null, message: explainOutcome(outcome).message, retryable: false };
}

function toSleeper({ itemIndex, job, outcome }: EndedItem, left: readonly PaidRecord[], rows: Rows): Sleeper {
	if (job === null || outcome.kind !== 'ready') {
		return { kind: 'done', item: errorItem({ itemIndex, outcome }, left).json, itemIndex };
	}
	const { taskId, api, createdAt } = outcome.task;
	const { runwayVersion, limits } = job.settings;
	const { maxParallel } = limits;
	const requestId = rows.requestIdOf(job);
	return { kind: 'task', taskId, api, createdAt, runwayVersion, maxParallel, wish: wishOf(job), requestId };
}
