import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';
import { pLimit } from '../../shared/wait/limit';

import { createRunwayClient, type RunwayClient } from '../../shared/api/client';
import { rulings } from '../../shared/judgement/judge';
import { redact } from '../../shared/api/redact';
import { createTaskReader } from '../../shared/api/route';
import { createSend } from '../../shared/api/transport';
import { deliver, type Wish } from '../../shared/item/deliver';
import { readTask } from '../../shared/task/parse';
import { isTerminal, type Api, type TaskState } from '../../shared/task/task';
import { backoffDelay } from '../../shared/wait/cadence';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import { taskOf, type Job } from './job';
import type { PaidRecord } from './paid';
import { errorItem, explainOutcome, markForErrorOutput, stoppedError, type Ending } from './report';
import { wishOf } from './wish';

/**
 * `completion: suspend`: the execution sleeps in n8n's database until CometAPI calls back. A callback is
 * unsigned, so it is only a hint: what counts is what CometAPI says when it is asked.
 */

/** What sleeps: one entry for each item, in order. Plain data, as n8n's database keeps it. */
type Sleeper = SleepingTask | EndedSleeper;

interface SleepingTask {
	kind: 'task';
	taskId: string;
	api: Api;
	createdAt: string | null;
	runwayVersion: string;
	maxParallel: number;
	wish: Wish;
}

/** An item that came to an end before the execution fell asleep. */
interface EndedSleeper {
	kind: 'done';
	item: IDataObject;
	itemIndex: number;
}

const KEY = 'runwaySleepers';
/** Within this time of its creation, a task that is refused at once has ended. */
const REFUSED_AT_ONCE_MS = 1_500;
/** A call that says that a task has ended may come before the API's own record says so. */
const MAX_READS_AFTER_CALL = 6;

/** How an item ended, with its job and the item to pass on, where there are any. */
export interface EndedItem extends Ending {
	job: Job | null;
	item: INodeExecutionData | null;
}

/**
 * Puts the execution to sleep until the tasks have ended, unless they have ended by now: while a long
 * batch was created, early calls found no sleeper. The tasks are also written into the node's input items,
 * which are what n8n passes on when the time limit comes first.
 */
export async function suspend(
	context: IExecuteFunctions,
	ended: readonly EndedItem[],
	left: readonly PaidRecord[],
): Promise<INodeExecutionData[]> {
	const sleepers = ended.map((ending) => toSleeper(ending, left));
	// A prompt that is refused is refused at once, and its call may find nobody asleep yet.
	const signal = context.getExecutionCancelSignal();
	await pauseUnlessAborted(REFUSED_AT_ONCE_MS, systemClock, signal);
	if (signal?.aborted) throw stoppedError(context, ended, left);
	const items = await wakeIfAllEnded(context, sleepers, { named: null, isSaidToHaveEnded: false });
	if (items !== null) return items;
	if (signal?.aborted) throw stoppedError(context, ended, left);

	context.getContext('node')[KEY] = sleepers as unknown as IDataObject[];
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
	await context.putExecutionToWait(new Date(Date.now() + longest));
	// n8n keeps the inputs themselves for the time limit. What is returned here only tells it that nothing failed.
	return inputs.map((input) => ({ ...input, json: { ...input.json, error: undefined } }));
}

function failureOf({ outcome }: Ending): IDataObject {
	return { code: null, message: explainOutcome(outcome).message, retryable: false };
}

function toSleeper({ itemIndex, job, outcome }: EndedItem, left: readonly PaidRecord[]): Sleeper {
	if (job === null || outcome.kind !== 'ready') {
		return { kind: 'done', item: errorItem({ itemIndex, outcome }, left).json, itemIndex };
	}
	const { taskId, api, createdAt } = outcome.task;
	const { runwayVersion, limits } = job.settings;
	return { kind: 'task', taskId, api, createdAt, runwayVersion, maxParallel: limits.maxParallel, wish: wishOf(job) };
}

/** What a call claims. */
interface Claim {
	/** The task that it is about, or null where it does not say. */
	named: string | null;
	isSaidToHaveEnded: boolean;
}

/** Sleeping executions whose tasks are being looked at, with the claims that came meanwhile. */
const busy = new Map<string, Claim[]>();

/**
 * Handles a call to the address of a sleeping execution. Only when all its tasks have ended, by CometAPI's
 * own word, does the execution go on, with all items. Never throws: for n8n, an error here would be the
 * end of the sleep, with nothing but an empty item.
 */
export async function resume(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const claim = claimOf(context.getBodyData());
	const sleepers = sleepersOf(context);
	const isOurs = sleepers.some(
		(sleeper) => sleeper.kind === 'task' && (claim.named ?? sleeper.taskId) === sleeper.taskId,
	);
	if (!isOurs) return stayAsleep('ignored');

	// With the tasks in it, since a loop may let the same node sleep again in the same execution.
	const ids = sleepers.map((sleeper) => (sleeper.kind === 'task' ? sleeper.taskId : ''));
	const execution = [context.evaluateExpression('{{ $execution.id }}'), context.getNode().id, ...ids].join(' ');
	if (isWoken(execution)) return stayAsleep('awake');
	const waiting = busy.get(execution);
	if (waiting !== undefined) {
		// The last call of all must not get lost because another one is being handled.
		if (waiting.length < sleepers.length) waiting.push(claim);
		return stayAsleep('noted');
	}
	const claims = [claim];
	busy.set(execution, claims);
	try {
		for (let next = claims.shift(); next !== undefined; next = claims.shift()) {
			const items = await wakeIfAllEnded(context, sleepers, next);
			if (items !== null) {
				markWoken(execution);
				return { workflowData: [items] };
			}
		}
		return stayAsleep('waiting for the other tasks');
	} catch (error) {
		context.logger.warn(
			`A callback could not be handled: ${redact(error instanceof Error ? error.message : String(error))}`,
		);
		return stayAsleep('failed for now');
	} finally {
		busy.delete(execution);
	}
}

/** Executions that have just been woken up, by when: until n8n has noted that, a doubled call would fetch all files again. */
const woken = new Map<string, number>();
const WOKEN_FOR_MS = 30_000;

function markWoken(execution: string): void {
	for (const [name, at] of woken) if (Date.now() - at > WOKEN_FOR_MS) woken.delete(name);
	woken.set(execution, Date.now());
}

function isWoken(execution: string): boolean {
	return Date.now() - (woken.get(execution) ?? 0) <= WOKEN_FOR_MS;
}

/** A body that can't be read claims that anything may have happened. */
function claimOf(body: unknown): Claim {
	const reading = readTask(body);
	if (reading.kind !== 'task') return { named: null, isSaidToHaveEnded: false };
	return { named: reading.state.taskId, isSaidToHaveEnded: isTerminal(reading.state.status) };
}

/** A webhook has no access to the node's context but by an expression. */
function sleepersOf(context: IWebhookFunctions): Sleeper[] {
	const name = JSON.stringify(context.getNode().name);
	const found = context.evaluateExpression(`{{ $node[${name}].context[${JSON.stringify(KEY)}] }}`) as unknown;
	return Array.isArray(found) ? (found as Sleeper[]) : [];
}

/** States of ended tasks, so that this process reads each only once while others are awaited. A help, not a record. */
const knownEnds = new Map<string, TaskState>();
const MAX_KNOWN_ENDS = 2_000;

/** The items of all sleepers where every task has ended, or null. Asks for no more tasks than it must. */
async function wakeIfAllEnded(
	context: IExecuteFunctions | IWebhookFunctions,
	sleepers: readonly Sleeper[],
	{ named, isSaidToHaveEnded }: Claim,
): Promise<INodeExecutionData[] | null> {
	const tasks = sleepers.filter((sleeper) => sleeper.kind === 'task');
	const clientFor = await createClients(context);
	const ends = new Map<string, TaskState>();
	// The one that is said to have ended comes first: mostly it is the only one to be asked for.
	const inTurn = [...tasks].sort((a, b) => Number(b.taskId === named) - Number(a.taskId === named));
	for (const task of inTurn) {
		const reads = task.taskId === named && isSaidToHaveEnded ? MAX_READS_AFTER_CALL : 1;
		const end = knownEnds.get(task.taskId) ?? (await readEnd(clientFor(task.runwayVersion), task, reads));
		if (end === null) return null;
		ends.set(task.taskId, end);
		remember(task.taskId, end);
	}
	const inParallel = pLimit(tasks[0]?.maxParallel ?? 1);
	const items = await Promise.all(
		sleepers.map(async (sleeper) => await inParallel(async () => await wakeUp(context, sleeper, ends, clientFor))),
	);
	tasks.forEach(({ taskId }) => knownEnds.delete(taskId));
	return items;
}

/** The task's last state, or null where it has not ended or can't be read. */
async function readEnd(
	client: RunwayClient,
	{ taskId, api }: SleepingTask,
	maxReads: number,
): Promise<TaskState | null> {
	for (let reads = 1; ; reads += 1) {
		const read = await client.read(taskId, api);
		if (read.kind === 'task' && isTerminal(read.state.status)) return read.state;
		if (
			reads >= maxReads ||
			(read.kind === 'trouble' && rulings[read.problem.reason].kind === 'refusal') ||
			read.kind === 'aborted'
		)
			return null;
		await pauseUnlessAborted(backoffDelay(reads, Math.random()), systemClock);
	}
}

function remember(taskId: string, state: TaskState): void {
	knownEnds.set(taskId, state);
	for (const oldest of knownEnds.keys()) {
		if (knownEnds.size <= MAX_KNOWN_ENDS) break;
		knownEnds.delete(oldest);
	}
}

async function createClients(
	context: IExecuteFunctions | IWebhookFunctions,
): Promise<(runwayVersion: string) => RunwayClient> {
	const send = await createSend(context);
	const clients = new Map<string, RunwayClient>();
	return (runwayVersion) => {
		const client = clients.get(runwayVersion) ?? createRunwayClient(send, { runwayVersion });
		clients.set(runwayVersion, client);
		return client;
	};
}

async function wakeUp(
	context: IExecuteFunctions | IWebhookFunctions,
	sleeper: Sleeper,
	ends: ReadonlyMap<string, TaskState>,
	clientFor: (runwayVersion: string) => RunwayClient,
): Promise<INodeExecutionData> {
	if (sleeper.kind === 'done') return endedItem(context, sleeper);
	const { taskId, api, createdAt, runwayVersion, wish } = sleeper;
	const task = { taskId, api, createdAt, state: ends.get(taskId) ?? null };
	const { item } = await deliver(context, wish, task, createTaskReader(clientFor(runwayVersion), taskId, api));
	return item;
}

function endedItem(
	context: IExecuteFunctions | IWebhookFunctions,
	{ item: json, itemIndex }: EndedSleeper,
): INodeExecutionData {
	const pairedItem = { item: itemIndex };
	if (!('getQueryData' in context)) return markForErrorOutput(context, { json, pairedItem });
	// n8n 1, which does not sign these addresses, copies what it is handed here, so that no mark would last: to the
	// error output go only items of these two.
	const isN8n1 = !('signature' in (context.getQueryData() as object));
	const { error, message } = json;
	const goesToErrorOutput = context.getNode().onError === 'continueErrorOutput';
	return { json: isN8n1 && goesToErrorOutput ? { error, message } : json, pairedItem };
}

/** Answers the call and leaves the execution asleep. */
function stayAsleep(status: string): IWebhookResponseData {
	return { webhookResponse: { status } };
}
