import { NodeOperationError, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';

import { ownProblem } from '../../shared/api/problem';
import { openRegister, type Register } from '../../shared/register/register';
import { isTerminal } from '../../shared/task/task';
import { findOperation } from '../operations/index';
import type { BatchOperation, Operation } from '../operations/operation';
import { findAppeared } from './appeared';
import { runBalance } from './balance';
import { taskOf, type CreateJob, type Job, type Outcome } from './job';
import { begin } from './cutOff';
import { resumeModels } from './fallback';
import { runList } from './list';
import { openLedger, takeUp, type Ledger, type PaidRecord } from './paid';
import { prepare, type Prepared } from './prepare';
import { recallAttempts } from './recall';
import { openRecentTasks, type RecentTasks } from './recent';
import { noRows, openRows } from './rows';
import { errorItem, markForErrorOutput, mostImportant, nodeError, recordsLostError, stoppedError } from './report';
import { runJobs, type JobResult } from './run';
import { goesOnAfterErrors } from './settings';
import { fallAsleep, type EndedItem } from './sleep';
import { spareTasks, withinLimits } from './spending';
import { leftSummary, type Ending } from './summary';
import { count, ordinal } from './words';

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
	const recent = openRecentTasks(context, register);
	try {
		return await runTasks(context, operation, register, recent);
	} finally {
		recent.release();
	}
}

async function runTasks(
	context: IExecuteFunctions,
	operation: BatchOperation,
	register: Register | null,
	recent: RecentTasks,
): Promise<INodeExecutionData[][]> {
	const checked = await prepare(context, operation, register !== null);
	const wanted = jobsOf(checked);
	const recalled = await attemptsBefore(context, wanted, operation, register);
	const rows = register === null ? noRows : openRows(context, register);
	const ledger = openLedger(context, rows, recent.created);
	ledger.recall(recalled ?? []);
	resumeModels(wanted, ledger);
	const leftBefore = ledger.leftBehind(wanted);
	endIfHopeless(context, checked, ledger, leftBefore, recalled !== null);
	await recent.reuse(wanted, ledger);
	const prepared = await withinLimits(context, checked, ledger);
	endIfHopeless(context, prepared, ledger, leftBefore, recalled !== null);
	const jobs = jobsOf(prepared);
	await rows.begin(jobs, (job) => ledger.find(job));
	const settled = progressReporter(context, jobs);
	if (register?.isDown) jobs.forEach(waitHere);
	const ran = await runJobs(jobs, {
		context,
		ledger,
		limits: jobs[0]?.settings.limits ?? { maxParallel: 1, maxTasksInProgress: 0 },
		goOnAfterFailedCreate: goesOnAfterErrors(context),
		onSettled: (job, outcome) => {
			rows.ended(job, outcome);
			recent.ended(job, outcome);
			settled(outcome);
		},
		onNewAttempt: async (job, outcome) => {
			rows.ended(job, outcome);
			if (outcome.kind === 'failed') await rows.finish([job]);
			await rows.begin([job], (one) => ledger.find(one));
		},
		spareTasks: spareTasks(jobs, ledger),
	});
	const ends = new Set(ran.map(({ outcome }) => taskOf(outcome)?.taskId));
	const left = ledger.leftBehind(jobs).filter((record) => !('taskId' in record && ends.has(record.taskId)));
	const results = await findAppeared(context, ran, left);

	const endings = results.map(({ job, outcome }): Ending => ({ itemIndex: job.itemIndex, outcome }));
	const failed = results.flatMap(({ item }, index) => (item === null ? (endings[index] ?? []) : []));
	// With the register, what an earlier attempt left open doesn't end a run that has something to deliver.
	const mayBeOpen = recalled !== null && failed.length < results.length;
	const leftOpen = new Set(mayBeOpen ? results.filter(isLeftOpen).map(({ outcome }) => outcome) : []);
	const important = mostImportant(failed.filter(({ outcome }) => !leftOpen.has(outcome)));
	const isStopped = context.getExecutionCancelSignal()?.aborted === true;
	const isOver = isStopped || (important !== undefined && !goesOnAfterErrors(context));
	const noted = rows.finish(
		results.filter((result) => isPassedOn(result, isOver || results.some(isToSleep))).map(({ job }) => job),
	);
	// n8n does not wait for a node that is stopped: what it says too late is lost.
	if (isStopped) throw stoppedError(context, endings, left);
	await noted;
	if (important !== undefined && isOver) throw nodeError(context, important, endings, left);

	addHints(context, prepared, results, left, recent.reused, register?.fault ?? null);
	const ended = inItemOrder(prepared, results);
	if (results.some(isToSleep)) return [await fallAsleep(context, ended, left, register, rows)];
	// An error item may be what n8n's Retry On Fail runs the node again for, so the ledger stays.
	if (failed.length === 0 && jobs.length === prepared.length) ledger.clear();
	return [ended.map(({ item, ...ending }) => item ?? markForErrorOutput(context, errorItem(ending, left)))];
}

function jobsOf(prepared: readonly Prepared[]): Job[] {
	return prepared.flatMap(({ job }) => (job === null ? [] : [job]));
}

/**
 * @param isRecalled whether the register knows what earlier attempts created
 * @throws the error of an item that can't run, before anything is sent, unless the node is set to continue
 */
function endIfHopeless(
	context: IExecuteFunctions,
	prepared: readonly Prepared[],
	ledger: Ledger,
	left: readonly PaidRecord[],
	isRecalled: boolean,
): void {
	if (goesOnAfterErrors(context)) return;
	const wrong = prepared.filter((entry) => entry.job === null);
	const jobs = jobsOf(prepared);
	const earlier = earlierEndings(jobs, ledger);
	// If it is unknown whether an earlier attempt created a task, this one can only end with the same error. With the
	// register it delivers everything else, because nothing else would after a crash.
	const open = earlier.filter(({ outcome }) => outcome.kind === 'maybeCreated');
	const hopeless = wrong[0] ?? (!isRecalled || open.length === jobs.length ? open[0] : undefined);
	if (hopeless !== undefined) throw nodeError(context, hopeless, [...wrong, ...earlier], left);
}

/**
 * What the register of tasks knows of the attempts that this one retries; null if it was not asked or did not answer.
 * @throws NodeOperationError if they may have paid for tasks that nothing is known about
 */
async function attemptsBefore(
	context: IExecuteFunctions,
	jobs: readonly Job[],
	operation: Operation,
	register: Register | null,
): Promise<PaidRecord[] | null> {
	const isRetry = operation.kind === 'create' && context.getMode() === 'retry';
	if (isRetry) register?.askAnew();
	const recalled = isRetry && register !== null ? await recallAttempts(context, register, jobs) : null;
	// One row does not vouch for the others: they may not have been written in time.
	const isRecalled = recalled !== null && jobs.every(({ itemIndex }) => recalled.itemIndexes.has(itemIndex));
	const { areRecordsLost } = await begin(context, isRecalled);
	if (operation.kind !== 'create' || !areRecordsLost) return recalled?.records ?? null;
	const noRow =
		'The register of tasks has no row of some or all of them: either nothing was sent, or n8n could not write it in time.';
	if (!recalled?.records.some((record) => 'taskId' in record)) {
		const silent = 'n8n did not say in time what the register of tasks has: retry once more.';
		throw recordsLostError(context, register && (register.fault ?? (recalled === null ? silent : noRow)));
	}
	const missing = jobs.filter((job) => job.kind === 'create' && !recalled.itemIndexes.has(job.itemIndex));
	return [
		...recalled.records,
		...(missing as CreateJob[]).map(({ itemIndex, fingerprint }) => ({
			itemIndex,
			fingerprint,
			problem: ownProblem('network', noRow),
		})),
	];
}

/** Whether an earlier attempt left it unknown if a task was created. */
function isLeftOpen({ outcome, reattached }: JobResult): boolean {
	return reattached && outcome.kind === 'maybeCreated';
}

/** Makes a job wait instead of sleep if nothing would wake it up: the trigger that does so needs the register, which can't be written. */
function waitHere(job: Job): void {
	const isWoken = job.kind === 'task' || job.operation.api === 'compatibility';
	if (!isWoken && job.settings.completion === 'suspend') job.settings = { ...job.settings, completion: 'wait' };
}

/** Whether the end of a task has reached the next node, or the person who reads the error. */
function isPassedOn({ job, outcome, item }: JobResult, isHeldBack: boolean): boolean {
	const state = taskOf(outcome)?.state;
	if (!state || !isTerminal(state.status)) return false;
	const isLookedUp = job.kind === 'task' && job.operation.file === 'never';
	return state.status !== 'succeeded' || (item !== null && !isHeldBack && !isLookedUp);
}

/** The endings that earlier attempts left for the items, as if this one ended before it read any of them. */
function earlierEndings(jobs: readonly Job[], ledger: Ledger): Ending[] {
	return jobs.flatMap((job): Ending[] => {
		const record = job.kind === 'create' ? ledger.find(job) : undefined;
		if (job.kind !== 'create' || record === undefined) return [];
		return [{ itemIndex: job.itemIndex, outcome: takeUp(job, record) }];
	});
}

function isToSleep({ job, outcome }: JobResult): boolean {
	return job.settings.completion === 'suspend' && outcome.kind === 'ready';
}

function operationOf(context: IExecuteFunctions): Operation {
	const resource = context.getNodeParameter('resource', 0) as string;
	const value = context.getNodeParameter('operation', 0) as string;
	const operation = findOperation(resource, value);
	if (operation !== undefined) return operation;
	throw new NodeOperationError(
		context.getNode(),
		`The operation "${value}" of the resource "${resource}" does not exist`,
		{
			description: 'Open the node and choose an operation from the list.',
		},
	);
}

/** Reports the progress of a manual run to the editor; n8n shows it in the browser's console. */
function progressReporter(context: IExecuteFunctions, jobs: readonly Job[]): (outcome: Outcome) => void {
	const areAwaited = jobs.some(({ kind, settings }) => kind === 'task' || settings.completion === 'wait');
	let done = 0;
	return ({ kind }) => {
		if (kind === 'leftRunning' || kind === 'notSent') return;
		done += 1;
		context.sendMessageToUI(`${done} of ${jobs.length} Runway tasks ${areAwaited ? 'done' : 'created'}`);
	};
}

/** Brings what was run and what could not be run back into the order of the items. */
function inItemOrder(prepared: readonly Prepared[], results: readonly JobResult[]): EndedItem[] {
	const resultOf = new Map<Job, JobResult>(results.map((result) => [result.job, result]));
	return prepared.map((entry): EndedItem => {
		const { itemIndex } = entry;
		if (entry.job === null) return { itemIndex, job: null, outcome: entry.outcome, item: null };
		const { outcome, item } = resultOf.get(entry.job) ?? { outcome: { kind: 'notSent' }, item: null };
		return { itemIndex, job: entry.job, outcome, item };
	});
}

/** Says after the run what the items themselves do not: doubtful values, missing files, unfinished tasks. */
function addHints(
	context: IExecuteFunctions,
	prepared: readonly Prepared[],
	results: readonly JobResult[],
	left: readonly PaidRecord[],
	reused: ReadonlySet<Job>,
	registerFault: string | null,
): void {
	const itemsByHint = new Map<string, number[]>();
	for (const entry of prepared) {
		for (const hint of entry.job === null ? [] : entry.hints) {
			itemsByHint.set(hint, [...(itemsByHint.get(hint) ?? []), entry.itemIndex]);
		}
	}
	const hints = [...itemsByHint].map(([hint, items]) => (prepared.length > 1 ? `${itemList(items)}: ${hint}` : hint));

	const takenUp = results.filter((result) => result.reattached && taskOf(result.outcome) !== null);
	const recent = takenUp.filter(({ job }) => reused.has(job)).length;
	if (recent > 0) {
		hints.push(`Reused ${count(recent, 'task')} from a recent identical request; nothing was billed for this.`);
	}
	const reattached = takenUp.length - recent;
	if (reattached > 0) {
		const wereNot = reattached === 1 ? 'it was not' : 'they were not';
		hints.push(`Reused ${count(reattached, 'task')} from an earlier attempt; ${wereNot} billed again.`);
	}
	const open = results.filter(isLeftOpen).length;
	if (open > 0) {
		hints.push(
			`${count(open, 'item')} came out as an error: an earlier attempt left it unknown whether a task was created.`,
		);
	}
	const summary = leftSummary(left);
	if (summary !== '') hints.push(summary);
	const unfinished = results.filter(({ item, outcome }) => item !== null && outcome.kind === 'unfinished').length;
	if (unfinished > 0) {
		hints.push(
			`${count(unfinished, 'task')} had not finished when the time limit was reached. Fetch the result with Resource "Task", Operation "Wait".`,
		);
	}
	if (registerFault !== null) hints.push(registerFault);
	const withoutFile = results.filter(({ item }) => item?.json.downloadError !== undefined).length;
	if (withoutFile > 0)
		hints.push(`${count(withoutFile, 'file')} could not be downloaded; see downloadError in the output.`);

	if (hints.length > 0) {
		// The context in which agents of early versions call a tool has no hints.
		(context as Partial<IExecuteFunctions>).addExecutionHints?.(
			...hints.map((message) => ({ message, type: 'warning' as const, location: 'outputPane' as const })),
		);
	}
}

/** Such as "1st, 2nd, and 5 more items". */
function itemList(items: number[]): string {
	const shown = items.slice(0, 10).map(ordinal);
	const more = items.length > 10 ? [`${items.length - 10} more`] : [];
	return `${new Intl.ListFormat('en').format([...shown, ...more])} item${items.length === 1 ? '' : 's'}`;
}
