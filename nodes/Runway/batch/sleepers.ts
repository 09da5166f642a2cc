import type { IDataObject, IExecuteFunctions, INodeExecutionData, IWebhookFunctions } from 'n8n-workflow';

import { createTaskReader } from '../../shared/api/route';
import { deliver, type OutputOptions } from '../../shared/item/deliver';
import { endInRow } from '../../shared/register/end';
import type { Register } from '../../shared/register/register';
import { isTerminal, settled, type ApiFamily } from '../../shared/task/task';
import { pLimit } from '../../shared/wait/limit';
import { FaultRow } from '../../shared/wait/row';
import { keyOf } from '../../shared/wake/claim';
import { readBack, type ReadBack, type ReadBackOptions } from '../../shared/wake/readBack';
import type { ClientFor } from './clients';
import type { Known } from './known';
import { markForErrorOutput } from './report';

/**
 * What a sleeping execution is made of, and how its tasks are read and delivered. `sleep.ts` sends it to sleep, `wake.ts`
 * wakes it up.
 */

/** What sleeps: one entry for each item, in order. Plain data, as n8n's database keeps it. */
export type Sleeper = SleepingTask | EndedSleeper;

export interface SleepingTask {
	kind: 'task';
	taskId: string;
	api: ApiFamily;
	createdAt: string | null;
	runwayVersion: string;
	maxParallel: number;
	output: OutputOptions;
	/** Its row in the register of tasks, if it has one. */
	requestId?: string;
}

/** An item that came to an end before the execution fell asleep. */
export interface EndedSleeper {
	kind: 'done';
	item: IDataObject;
	itemIndex: number;
}

type Context = IExecuteFunctions | IWebhookFunctions;

const KEY = 'runwaySleepers';

export function saveSleepers(context: IExecuteFunctions, sleepers: readonly Sleeper[]): void {
	context.getContext('node')[KEY] = sleepers as unknown as IDataObject[];
}

/** A webhook reads the node's context by an expression; it has no other access, and can't write. */
export function savedSleepers(context: IWebhookFunctions): Sleeper[] {
	// Braces would end the expression.
	const name = JSON.stringify(context.getNode().name).replaceAll('{', '\\u007b').replaceAll('}', '\\u007d');
	const found = context.evaluateExpression(`{{ $node[${name}].context[${JSON.stringify(KEY)}] }}`) as unknown;
	return Array.isArray(found) ? (found as Sleeper[]) : [];
}

export function tasksOf(sleepers: readonly Sleeper[]): SleepingTask[] {
	return sleepers.filter((sleeper) => sleeper.kind === 'task');
}

/** The name of one sleep. With the tasks in it, since a loop may let the same node sleep again in the same execution. */
export function nameOfSleep(context: Context, sleepers: readonly Sleeper[]): string {
	const ids = tasksOf(sleepers).map(keyOf);
	return [String(context.evaluateExpression('{{ $execution.id }}', 0)), context.getNode().id, ...ids].join(' ');
}

/** Writes the address that wakes the execution into the register. */
export function noteSleep(register: Register | null, sleepers: readonly Sleeper[], resumeUrl: string): void {
	for (const { requestId } of tasksOf(sleepers)) {
		if (requestId !== undefined) register?.change(requestId, { resumeUrl });
	}
}

/**
 * Notes in the register that the tasks of an execution that wakes up have ended, and that n8n passes them on. `resumeUrl` stays: n8n
 * has yet to run the execution, and a trigger looks whether it did.
 */
export async function noteDelivered(
	register: Register | null,
	sleepers: readonly Sleeper[],
	{ ends }: Known,
): Promise<void> {
	if (register === null) return;
	for (const task of tasksOf(sleepers)) {
		const state = ends.get(keyOf(task));
		if (task.requestId === undefined || state === undefined) continue;
		register.change(task.requestId, { ...endInRow(state), delivered: true });
	}
	await register.settle();
}

/** What keeps an execution asleep: a task that is still pending, or can't be read. */
export interface Open {
	task: SleepingTask;
	read: ReadBack;
}

/** Reads the tasks that are not known to have ended until one of them has not; null if all have. */
export async function findOpen(
	clientFor: ClientFor,
	tasks: readonly SleepingTask[],
	known: Known,
	options: Pick<ReadBackOptions, 'givesUpAt' | 'pause' | 'isOver'>,
): Promise<Open | null> {
	known.lookedAt = Date.now();
	// One that is said to have ended comes first: mostly it is the only one to be asked for.
	const isSaid = (task: SleepingTask) => Number(known.saidToHaveEnded.has(keyOf(task)));
	for (const task of [...tasks].sort((a, b) => isSaid(b) - isSaid(a))) {
		const key = keyOf(task);
		if (known.ends.has(key)) continue;
		const row = known.rows.get(key) ?? new FaultRow();
		known.rows.set(key, row);
		const reader = createTaskReader(await clientFor(task.runwayVersion), task.taskId, task.api);
		const read = await readBack(reader, { ...options, isOurs: true, mostPending: 1, row });
		if (read.kind !== 'task') return { task, read };
		const state = settled(known.states.get(key) ?? null, read.state);
		known.states.set(key, state);
		if (!isTerminal(state.status)) return { task, read: { kind: 'task', state } };
		known.ends.set(key, state);
	}
	return null;
}

/** The items of all sleepers, in order, when every task has ended. */
export async function deliverAll(
	context: Context,
	clientFor: ClientFor,
	sleepers: readonly Sleeper[],
	{ ends }: Known,
): Promise<INodeExecutionData[]> {
	const inParallel = pLimit(tasksOf(sleepers)[0]?.maxParallel ?? 1);
	return await Promise.all(
		sleepers.map(async (sleeper) => {
			if (sleeper.kind === 'done') return endedItem(context, sleeper);
			const { taskId, api, createdAt, runwayVersion, output } = sleeper;
			const task = { taskId, api, createdAt, state: ends.get(keyOf(sleeper)) ?? null };
			const reader = createTaskReader(await clientFor(runwayVersion), taskId, api);
			return await inParallel(async () => (await deliver(context, output, task, reader)).item);
		}),
	);
}

function endedItem(context: Context, { item: json, itemIndex }: EndedSleeper): INodeExecutionData {
	const pairedItem = { item: itemIndex };
	if (!('getQueryData' in context)) return markForErrorOutput(context, { json, pairedItem });
	// n8n copies what a webhook hands over, so no mark would last, and before 2.36 only items without details go to the error
	// output. A webhook is not told the version; this method has been there since 2.38.
	const goesToErrorOutput = context.getNode().onError === 'continueErrorOutput';
	const { error, message } = json;
	return { json: goesToErrorOutput && !('isChatSessionTest' in context) ? { error, message } : json, pairedItem };
}
