import { NodeOperationError, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';

import { openRegister, type Register } from '../../shared/register/register';
import { isTerminal } from '../../shared/task/task';
import { findOperation } from '../operations/index';
import type { BatchOperation, Operation } from '../operations/operation';
import { findAppeared } from './appeared';
import { runBalance } from './balance';
import { attemptsBefore, endIfHopeless, isLeftOpen } from './earlier';
import { resumeModels } from './fallback';
import { addHints, hintsOf, hintsOfSleep } from './hints';
import { isJob, taskOf, type Ending } from './job';
import { runList } from './list';
import { Ledger } from './paid';
import { prepare } from './prepare';
import { RecentTasks } from './recent';
import { errorItem, markForErrorOutput, mostImportant, nodeError, stoppedError } from './report';
import { Rows } from './rows';
import { runJobs, type RunMemory } from './run';
import { fallAsleep } from './sleep';
import { withinLimits } from './spending';
import { continuesAfterErrors } from './tool';

/**
 * A run of the Runway node: all items are checked, then all tasks are created, then all are watched at
 * once, and every file is fetched as soon as it is there.
 */
export async function runBatch(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	if (context.getInputData().length === 0) return [[]];

	const operation = operationOf(context);
	if (operation.kind === 'account') return [await runBalance(context)];
	if (operation.kind === 'list') return [await runList(context)];
	const register = await openRegister(context);
	const recent = new RecentTasks(context, register);
	try {
		return [await runTasks(context, operation, register, recent)];
	} finally {
		recent.release();
	}
}

async function runTasks(
	context: IExecuteFunctions,
	operation: BatchOperation,
	register: Register | null,
	recent: RecentTasks,
): Promise<INodeExecutionData[]> {
	const checked = await prepare(context, operation, register !== null);
	const wanted = checked.filter(isJob);
	const recalled = await attemptsBefore(context, wanted, operation, register);
	const isRecalled = recalled !== null;
	const rows = new Rows(context, register);
	const ledger = new Ledger(context, rows, (job, taskId) => recent.created(job, taskId));
	ledger.recall(recalled ?? []);
	resumeModels(wanted, ledger);
	endIfHopeless(context, checked, ledger, isRecalled);
	await recent.reuse(wanted, ledger);
	const prepared = await withinLimits(context, checked, ledger);
	endIfHopeless(context, prepared, ledger, isRecalled);
	const memory = { register, rows, ledger, recent };
	return await passOn(context, await runJobs(context, prepared, memory), memory, isRecalled);
}

/**
 * Makes the output: all items, a sleep until there are all items, or an error.
 * @param isRecalled whether the register knows what earlier attempts created
 */
async function passOn(
	context: IExecuteFunctions,
	ran: readonly Ending[],
	{ register, rows, ledger, recent }: RunMemory,
	isRecalled: boolean,
): Promise<INodeExecutionData[]> {
	const ends = new Set(ran.map(({ outcome }) => taskOf(outcome)?.taskId));
	const jobs = ran.flatMap(({ job }) => job ?? []);
	const unclaimed = ledger.unclaimed(jobs).filter((record) => !('taskId' in record && ends.has(record.taskId)));
	const endings = await findAppeared(context, ran, unclaimed);

	const results = endings.filter(({ job }) => job !== undefined);
	const failed = results.filter(({ item }) => item === undefined);
	// With the register, what an earlier attempt left open doesn't end a run that has something to deliver.
	const mayBeOpen = isRecalled && failed.length < results.length;
	const important = mostImportant(failed.filter((ending) => !(mayBeOpen && isLeftOpen(ending))));
	const isStopped = context.getExecutionCancelSignal()?.aborted === true;
	const isOver = isStopped || (important !== undefined && !continuesAfterErrors(context));
	const isSleep = results.some(isToSleep);
	const noted = rows.finish(
		results.flatMap((result) => (isDelivered(result, isOver || isSleep) ? (result.job ?? []) : [])),
	);
	// n8n does not wait for a node that is stopped: what it says too late is lost.
	if (isStopped) throw stoppedError(context, results, unclaimed);
	await noted;
	if (important !== undefined && isOver) throw nodeError(context, important, results, unclaimed);

	const hints = hintsOf(endings, unclaimed, recent.reused, register?.fault ?? null);
	addHints(context, isSleep ? [...hints, ...hintsOfSleep(context)] : hints);
	if (isSleep) return await fallAsleep(context, endings, unclaimed, register, rows);
	// An error item may be what n8n's Retry On Fail runs the node again for, so the ledger stays.
	if (endings.every(({ item }) => item !== undefined)) ledger.clear();
	return endings.map((ending) => ending.item ?? markForErrorOutput(context, errorItem(ending, unclaimed)));
}

/** Whether the end of a task has reached the next node, or the person who reads the error. */
function isDelivered({ job, outcome, item }: Ending, isHeldBack: boolean): boolean {
	const state = taskOf(outcome)?.state;
	if (!state || !isTerminal(state.status)) return false;
	const isLookedUp = job?.kind === 'task' && job.operation.file === 'never';
	return state.status !== 'succeeded' || (item !== undefined && !isHeldBack && !isLookedUp);
}

function isToSleep({ job, outcome }: Ending): boolean {
	return job?.settings.completion === 'suspend' && outcome.kind === 'created';
}

function operationOf(context: IExecuteFunctions): Operation {
	const resource = context.getNodeParameter('resource', 0) as string;
	const value = context.getNodeParameter('operation', 0) as string;
	const operation = findOperation(resource, value);
	if (operation !== undefined) return operation;
	const message = `The operation "${value}" of the resource "${resource}" does not exist`;
	const description = 'Open the node and choose an operation from the list.';
	throw new NodeOperationError(context.getNode(), message, { description });
}
