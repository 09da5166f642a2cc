import type {
	IDataObject,
	IExecuteFunctions,
	INodeExecutionData,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';

import { createRunwayClient, type RunwayClient } from '../../shared/api/client';
import { createTaskReader } from '../../shared/api/route';
import { createSend } from '../../shared/api/transport';
import { readTask } from '../../shared/task/parse';
import { isTerminal, type Api, type TaskState } from '../../shared/task/task';
import { deliver, wishOf, type Wish } from './deliver';
import { taskJson } from './output';
import type { Job } from './job';
import { errorItem, type Ending } from './report';

/**
 * `completion: suspend`: the execution sleeps in n8n's database until CometAPI calls back. A callback is
 * unsigned, so it is only a hint: what counts is what CometAPI says when it is asked.
 */

/** What sleeps: one entry for each item, in order. */
type Sleeper =
	| { kind: 'task'; taskId: string; api: Api; createdAt: string | null; runwayVersion: string; wish: Wish }
	/** An item that came to an end before the execution fell asleep. */
	| { kind: 'done'; item: IDataObject; itemIndex: number };

const KEY = 'runwaySleepers';

/** How an item ended, with its job and the item to pass on, where there are any. */
export interface EndedItem extends Ending {
	job: Job | null;
	item: INodeExecutionData | null;
}

/**
 * Puts the execution to sleep until the tasks have ended. The tasks are also written into the node's input
 * items: these are what n8n passes on when the time limit comes first.
 */
export async function suspend(context: IExecuteFunctions, ended: readonly EndedItem[]): Promise<INodeExecutionData[]> {
	context.getContext('node')[KEY] = ended.map(toSleeper) as unknown as IDataObject[];

	const inputs = context.getInputData();
	for (const { itemIndex, job, outcome } of ended) {
		const input = inputs[itemIndex];
		if (job === null || outcome.kind !== 'ready' || input === undefined) continue;
		const task = taskJson(outcome.task, job.operation.value, wishOf(job).produces, false);
		input.json = { ...input.json, ...task };
	}
	const longest = Math.max(...ended.map(({ job }) => job?.settings.timeoutMs ?? 0));
	await context.putExecutionToWait(new Date(Date.now() + longest));
	return inputs;
}

function toSleeper({ itemIndex, job, outcome }: EndedItem): Sleeper {
	if (job === null || outcome.kind !== 'ready') {
		return { kind: 'done', item: errorItem({ itemIndex, outcome }).json, itemIndex };
	}
	const { taskId, api, createdAt } = outcome.task;
	return { kind: 'task', taskId, api, createdAt, runwayVersion: job.settings.runwayVersion, wish: wishOf(job) };
}

/** Executions whose tasks are being read or fetched, so that doubled and forged calls cost nothing. */
const busy = new Set<string>();
/** States of ended tasks of sleeping executions, so that they are read only once in this process. */
const ended = new Map<string, TaskState>();
const MAX_ENDED = 2_000;

/**
 * Handles a call to the address of a sleeping execution. Only when all its tasks have ended, by CometAPI's
 * own word, does the execution go on, with all items.
 */
export async function resume(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const sleepers = sleepersOf(context);
	const tasks = sleepers.filter((sleeper) => sleeper.kind === 'task');
	const reading = readTask(context.getBodyData());
	const named = reading.kind === 'task' ? reading.state.taskId : null;
	if (tasks.length === 0 || (named !== null && !tasks.some(({ taskId }) => taskId === named)))
		return stayAsleep('ignored');

	const execution = `${context.evaluateExpression('{{ $execution.id }}')} ${context.getNode().id}`;
	if (busy.has(execution)) return stayAsleep('busy');
	busy.add(execution);
	try {
		const clientFor = await createClients(context);
		// The one that is said to have ended comes first: mostly it is the only one to be asked for.
		const inTurn = [...tasks].sort((a, b) => Number(b.taskId === named) - Number(a.taskId === named));
		for (const { taskId, api, runwayVersion } of inTurn) {
			if (!(await hasEnded(clientFor(runwayVersion), taskId, api))) return stayAsleep('waiting for the other tasks');
		}
		const items = await Promise.all(sleepers.map(async (sleeper) => await wakeUp(context, sleeper, clientFor)));
		tasks.forEach(({ taskId }) => ended.delete(taskId));
		return { workflowData: [items] };
	} finally {
		busy.delete(execution);
	}
}

/** A webhook has no access to the node's context but by an expression. */
function sleepersOf(context: IWebhookFunctions): Sleeper[] {
	const name = JSON.stringify(context.getNode().name);
	const found = context.evaluateExpression(`{{ $node[${name}].context[${JSON.stringify(KEY)}] }}`) as unknown;
	return Array.isArray(found) ? (found as Sleeper[]) : [];
}

async function createClients(context: IWebhookFunctions): Promise<(runwayVersion: string) => RunwayClient> {
	const send = await createSend(context);
	const clients = new Map<string, RunwayClient>();
	return (runwayVersion) => {
		const client = clients.get(runwayVersion) ?? createRunwayClient(send, { runwayVersion });
		clients.set(runwayVersion, client);
		return client;
	};
}

async function hasEnded(client: RunwayClient, taskId: string, api: Api): Promise<boolean> {
	if (ended.has(taskId)) return true;
	const read = await client.read(taskId, api);
	if (read.kind !== 'task' || !isTerminal(read.state.status)) return false;
	ended.set(taskId, read.state);
	for (const oldest of ended.keys()) {
		if (ended.size <= MAX_ENDED) break;
		ended.delete(oldest);
	}
	return true;
}

async function wakeUp(
	context: IWebhookFunctions,
	sleeper: Sleeper,
	clientFor: (runwayVersion: string) => RunwayClient,
): Promise<INodeExecutionData> {
	if (sleeper.kind === 'done') return { json: sleeper.item, pairedItem: { item: sleeper.itemIndex } };
	const { taskId, api, createdAt, runwayVersion, wish } = sleeper;
	const task = { taskId, api, createdAt, state: ended.get(taskId) ?? null };
	const { item } = await deliver(context, wish, task, createTaskReader(clientFor(runwayVersion), taskId, api));
	return item;
}

/** Answers the call and leaves the execution asleep. */
function stayAsleep(status: string): IWebhookResponseData {
	return { webhookResponse: { status } };
}
