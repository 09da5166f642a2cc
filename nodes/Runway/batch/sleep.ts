import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { Register } from '../../shared/register/register';
import type { KnownTask } from '../../shared/task/task';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import { openClients } from './clients';
import { explainOutcome } from './explainOutcome';
import { follow } from './follow';
import { outputOptionsOf } from './item';
import { taskOf, type Ending, type Outcome } from './job';
import { knownOf } from './known';
import type { PaidRecord } from './paid';
import { errorItem, stoppedError } from './report';
import { addressOf, RESUME_PATH } from './resumePath';
import type { Rows } from './rows';
import {
	deliverAll,
	findOpen,
	nameOfSleep,
	noteDelivered,
	noteSleep,
	saveSleepers,
	tasksOf,
	type Sleeper,
} from './sleepers';

/**
 * `completion: suspend`: the execution sleeps in n8n's database until CometAPI calls back. A callback is
 * unsigned, so it is only a hint: what counts is what CometAPI says when it is asked.
 */

/** Within this time of its creation, a task that is refused at once has ended. */
const REFUSED_AT_ONCE_MS = 1_500;
/** n8n has saved the sleep by then, and calls for tasks that ended meanwhile are over. */
const FOLLOWED_FOR_MS = 45_000;

/**
 * Puts the execution to sleep until the tasks have ended, unless they have ended by now: while a long
 * batch was created, early calls found no sleeper. The tasks are also written into the node's input items,
 * which are what n8n passes on when the time limit comes first.
 */
export async function fallAsleep(
	context: IExecuteFunctions,
	endings: readonly Ending[],
	unclaimed: readonly PaidRecord[],
	register: Register | null,
	rows: Rows,
): Promise<INodeExecutionData[]> {
	const sleepers = endings.map((ending) => toSleeper(ending, unclaimed, rows));
	const tasks = tasksOf(sleepers);
	const known = knownOf(nameOfSleep(context, sleepers));
	// A prompt that is refused is refused at once: not worth a sleep, and an n8n that can't be called would miss it.
	const signal = context.getExecutionCancelSignal();
	await pauseUnlessAborted(REFUSED_AT_ONCE_MS, systemClock, signal);
	if (signal?.aborted) throw stoppedError(context, endings, unclaimed);
	const clientFor = openClients(context);
	if ((await findOpen(clientFor, tasks, known, { givesUpAt: 0 })) === null) {
		const items = await deliverAll(context, clientFor, sleepers, known);
		await noteDelivered(register, sleepers, known);
		return items;
	}
	if (signal?.aborted) throw stoppedError(context, endings, unclaimed);

	saveSleepers(context, sleepers);
	noteInInputs(context, endings);
	const longest = Math.max(...endings.map(({ job }) => job?.settings.timeoutMs ?? 0));
	const url = addressOf(context, RESUME_PATH);
	noteSleep(register, sleepers, url);
	await register?.settle();
	await context.putExecutionToWait(new Date(Date.now() + longest));
	// n8n refuses callbacks until it has saved the sleep, and CometAPI calls only once.
	known.followedUntil = Date.now() + FOLLOWED_FOR_MS;
	void follow(context, known, { url, taskId: tasks[0]?.taskId ?? '' });
	// n8n keeps the inputs itself for the time limit. The return value only says that nothing failed.
	return context.getInputData().map((input) => ({ ...input, json: { ...input.json, error: undefined } }));
}

/** Writes the tasks into the input items, which n8n passes on at the time limit. */
function noteInInputs(context: IExecuteFunctions, endings: readonly Ending[]): void {
	const inputs = context.getInputData();
	for (const { itemIndex, outcome } of endings) {
		const input = inputs[itemIndex];
		if (input === undefined) continue;
		const task = goodTaskOf(outcome);
		const failure = { code: null, message: explainOutcome(outcome).message, retryable: false };
		const note: IDataObject =
			task === null
				? { taskId: taskOf(outcome)?.taskId ?? null, status: 'failed', failure }
				: { taskId: task.taskId, api: task.api, status: task.state?.status ?? 'queued' };
		input.json = { ...input.json, ...note };
	}
}

function toSleeper({ itemIndex, job, outcome }: Ending, unclaimed: readonly PaidRecord[], rows: Rows): Sleeper {
	const task = goodTaskOf(outcome);
	if (job === undefined || task === null) {
		return { kind: 'done', item: errorItem({ itemIndex, outcome }, unclaimed).json, itemIndex };
	}
	const { taskId, api, createdAt } = task;
	const { runwayVersion, limits } = job.settings;
	const { maxParallel } = limits;
	const requestId = rows.requestIdOf(job);
	return { kind: 'task', taskId, api, createdAt, runwayVersion, maxParallel, output: outputOptionsOf(job), requestId };
}

/** The task, unless something went wrong with it. */
function goodTaskOf(outcome: Outcome): KnownTask | null {
	return outcome.kind === 'created' || outcome.kind === 'finished' ? outcome.task : null;
}
