import { NodeOperationError, type IDataObject, type IPollFunctions } from 'n8n-workflow';

import { CREDENTIAL } from '../shared/api/transport';
import { endInRow, failureInWords } from '../shared/register/end';
import { openRegister, type Register } from '../shared/register/register';
import type { StoredRow } from '../shared/register/row';
import { isTerminal } from '../shared/task/task';
import { pLimit } from '../shared/wait/limit';
import { wakeSleeper } from './sleeper';
import type { NewestTask, OpenSource, Source } from './source';

/** The tasks of this n8n, from the register that its Runway nodes keep. */

/** Rows of one kind that a poll looks at; the next polls look at further ones. */
const MOST_ROWS = 1_000;
/** Changes that a poll looks at, which is what the register reads for one question. */
const MOST_CHANGES = 20_000;
/** Executions that a poll asks n8n about. */
const MOST_EXECUTIONS = 100;
const QUESTIONS_AT_ONCE = 5;
/** A change of the register may be seen later than one that was made after it. */
const OVERLAP_MS = 2 * 60_000;
/** An execution that has just ended may still be writing down that it has delivered. */
const JUST_CHANGED_MS = 10_000;
/** A register that does not answer is borne for so many polls in a row. */
const MOST_SILENT_POLLS = 5;
/** Tasks that were created longer ago than the trigger and have ended nobody knows when are history. */
const LONGEST_RENDER_MS = 24 * 60 * 60_000;

/** Polls in a row without an answer of the register, by trigger. */
const silentPolls = new Map<string, number>();
/** Whether executions have ended, by {@link nameOfExecution}, the longest unasked first. None begins again. */
const executions = new Map<string, boolean>();
const MOST_REMEMBERED = 5_000;

interface Filters {
	which: 'all' | 'undelivered';
	/** IDs or names, in lower case; empty for all. */
	workflows: string[];
	/** Empty for all. */
	operations: string[];
}

interface Memory {
	/** When the trigger began to watch, in milliseconds since the epoch. */
	begunAt: number;
	/** Changes before this moment are known; ISO 8601. */
	since: string;
	/** Requests whose tasks were emitted: the register is told in the next poll, when n8n has saved the emission. */
	emitted: string[];
	/** The order of the latest poll: with the other end in every second one, no row stands behind others for ever. */
	order: 'oldest' | 'newest';
}

export const openRegisterSource: OpenSource = async (context, { events }, saved) => {
	const now = Date.now();
	const filters = readFilters(context);
	const register = await theRegister(context);
	const memory = memoryOf(saved, now);
	const rows = await changedRows(context, register, filters, memory, saved.begunAt === undefined);
	if (rows === null) return null;

	for (const requestId of memory.emitted) register.change(requestId, { delivered: true });
	const areMarked = new Set(memory.emitted);
	const isClosed = await closedAmong(context, register, (row) => row.resumeUrl !== null || matches(row, filters), rows);
	const isEnded = ({ status }: StoredRow) => isTerminal(status as never);
	const isSleeping = (row: StoredRow) => row.resumeUrl !== null && !isClosed(row);
	const isWanted = (row: StoredRow) => {
		if (!matches(row, filters)) return false;
		if (filters.which === 'all') return true;
		const isSettled = now - Date.parse(row.updatedAt) > JUST_CHANGED_MS;
		return !row.delivered && !areMarked.has(row.requestId) && isClosed(row) && isSettled;
	};
	/** An execution that waits reads its own tasks. */
	const isReadByOthers = (row: StoredRow) => !isEnded(row) && !isClosed(row) && !events.has('progressed');
	const isHistory = (endedTime: string | null, row: StoredRow) =>
		filters.which === 'all' &&
		(endedTime === null
			? Date.parse(row.createdTime) < memory.begunAt - LONGEST_RENDER_MS
			: Date.parse(endedTime) < memory.begunAt);

	const watched = rows.filter((row) =>
		isEnded(row)
			? isWanted(row) && !isHistory(row.endedTime, row)
			: isSleeping(row) || (isWanted(row) && !isReadByOthers(row)),
	);
	const byTask = new Map(rows.map((row) => [row.taskId, row]));
	const toEmit = new Set<string>();
	const calls: Array<Promise<void>> = [];
	const wake = (row: StoredRow, status: string) => calls.push(wakeSleeper(context, register, row, status));
	for (const row of rows) {
		if (row.resumeUrl === null) continue;
		if (isClosed(row)) register.change(row.requestId, { resumeUrl: null });
		else if (isEnded(row)) wake(row, row.status);
	}

	return {
		ids: watched.flatMap(({ taskId }) => taskId ?? []),
		apiFor: (taskId) => byTask.get(taskId)?.api ?? 'auto',
		wants(taskId, event, state) {
			const row = byTask.get(taskId);
			if (row === undefined || !isWanted(row)) return 'notYet';
			const isNews = events.has(event) && (event === 'progressed' || !isHistory(state.finishedAt, row));
			return isNews ? 'emit' : 'skip';
		},
		seen(taskId, state) {
			const row = byTask.get(taskId);
			const end = endInRow(state);
			if (row === undefined || end === null || isEnded(row)) return;
			register.change(row.requestId, end);
			if (isSleeping(row)) wake(row, end.status);
		},
		missing(taskId, failure) {
			const row = byTask.get(taskId);
			if (row === undefined || isEnded(row)) return;
			const endedTime = new Date().toISOString();
			register.change(row.requestId, { status: 'failed', endedTime, failure: failureInWords(failure) });
		},
		describe: (taskId) => describe(byTask.get(taskId)),
		emitted(taskIds) {
			for (const taskId of taskIds) {
				const row = byTask.get(taskId);
				// What its own execution has yet to deliver is not delivered.
				if (row !== undefined && isClosed(row)) toEmit.add(row.requestId);
			}
		},
		save(list) {
			const open = watched.filter((row) => isEnded(row) && list.isOpen(row.taskId ?? ''));
			const latest = rows.reduce((moment, { updatedAt }) => (updatedAt > moment ? updatedAt : moment), memory.since);
			const since = open.reduce((moment, { updatedAt }) => (updatedAt < moment ? updatedAt : moment), latest);
			return { begunAt: memory.begunAt, since, emitted: [...toEmit], order: memory.order };
		},
		async finish() {
			await Promise.all([...calls, register.settle()]);
			await register.settle();
		},
	};
};

export const newestOfRegister: NewestTask = async (context) => {
	const register = await theRegister(context);
	const filters = readFilters(context);
	const rows = await register.find({ where: { credentialId: credentialIdOf(context) }, limit: MOST_ROWS });
	if (rows === null) throw silenceError(context, register);
	const newest = rows.find((row) => row.taskId !== null && matches(row, filters));
	if (newest?.taskId == null) {
		throw new NodeOperationError(context.getNode(), 'The register of tasks has no such task yet', {
			description:
				'Run a Runway node that creates a task with the same credential, then test the trigger again. Check the filters, too.',
		});
	}
	return { taskId: newest.taskId, api: newest.api, describe: () => describe(newest) };
};

async function theRegister(context: IPollFunctions): Promise<Register> {
	const register = await openRegister(context);
	if (register !== null) return register;
	throw new NodeOperationError(context.getNode(), 'This n8n keeps no register of tasks yet', {
		description:
			'Open the credential "CometAPI Runway API", switch on "Keep a Register of Tasks" and enter an n8n API key (Settings → n8n API). Or set "Watch" to "Tasks With These IDs".',
	});
}

function silenceError(context: IPollFunctions, { fault }: Register): NodeOperationError {
	return new NodeOperationError(context.getNode(), 'The register of tasks does not answer', {
		description: fault ?? 'It is asked again with the next poll.',
	});
}

function readFilters(context: IPollFunctions): Filters {
	const which = context.getNodeParameter('which', 'all') === 'undelivered' ? 'undelivered' : 'all';
	const { workflows = '', operations = [] } = context.getNodeParameter('filters', {}) as IDataObject;
	return {
		which,
		workflows: String(workflows)
			.split(/[,\n]/)
			.map((name) => name.trim().toLowerCase())
			.filter((name) => name !== ''),
		operations: Array.isArray(operations) ? operations.map(String) : [],
	};
}

function matches({ workflowId, workflowName, operation }: StoredRow, { workflows, operations }: Filters): boolean {
	const names = [workflowId, workflowName].map((name) => name.toLowerCase());
	return (
		(workflows.length === 0 || workflows.some((wanted) => names.includes(wanted))) &&
		(operations.length === 0 || operations.includes(operation))
	);
}

function memoryOf(saved: IDataObject, now: number): Memory {
	const { begunAt, since, emitted, order } = saved;
	return {
		// CometAPI gives whole seconds.
		begunAt: Number(begunAt) || Math.floor(now / 1_000) * 1_000,
		since: typeof since === 'string' ? since : new Date(now).toISOString(),
		emitted: Array.isArray(emitted) ? emitted.map(String) : [],
		order: order === 'oldest' ? 'newest' : 'oldest',
	};
}

/**
 * The rows of this credential that a poll has to look at: what nobody has delivered yet and, for a trigger that watches all
 * tasks, what has changed. Null if the register does not answer.
 * @throws NodeOperationError if that lasts, or if it is so from the beginning
 */
async function changedRows(
	context: IPollFunctions,
	register: Register,
	{ which }: Filters,
	{ since, order }: Memory,
	isFirstPoll: boolean,
): Promise<StoredRow[] | null> {
	const credentialId = credentialIdOf(context);
	const changedSince = new Date(Date.parse(since) - OVERLAP_MS).toISOString();
	const lists = await Promise.all([
		...(['created', 'succeeded', 'failed', 'cancelled'] as const).map(
			async (status) =>
				await register.find({
					where: { status, delivered: false, credentialId },
					order,
					limit: MOST_ROWS,
				}),
		),
		...(which === 'all' ? [register.find({ changedSince, order: 'changed', limit: MOST_CHANGES })] : []),
	]);
	const trigger = `${context.getWorkflow().id} ${context.getNode().id}`;
	if (lists.every((list) => list !== null)) {
		silentPolls.delete(trigger);
		const rows = new Map(lists.flat().map((row) => [row.requestId, row]));
		return [...rows.values()]
			.filter((row) => row.credentialId === credentialId && row.taskId !== null)
			.sort((one, other) => one.id - other.id);
	}
	const silent = (silentPolls.get(trigger) ?? 0) + 1;
	silentPolls.set(trigger, silent);
	if (isFirstPoll || silent >= MOST_SILENT_POLLS) throw silenceError(context, register);
	context.logger.warn(`The Runway Trigger could not read the register of tasks. ${register.fault ?? ''}`.trim());
	return null;
}

/** Tells which executions have ended, so that they deliver nothing any more. One that n8n says nothing of counts as running. */
async function closedAmong(
	context: IPollFunctions,
	register: Register,
	matters: (row: StoredRow) => boolean,
	rows: readonly StoredRow[],
): Promise<(row: StoredRow) => boolean> {
	const nameOf = (id: string) => nameOfExecution(context, id);
	const open = rows.filter((row) => !row.delivered && matters(row));
	const places = new Map([...executions.keys()].map((name, place) => [name, place]));
	const placeOf = (id: string) => places.get(nameOf(id)) ?? -1;
	const asked = [...new Set(open.map(({ executionId }) => executionId))]
		.filter((id) => executions.get(nameOf(id)) !== true)
		.sort((one, other) => placeOf(one) - placeOf(other))
		.slice(0, MOST_EXECUTIONS);
	const limit = pLimit(QUESTIONS_AT_ONCE);
	await Promise.all(
		asked.map(
			async (id) =>
				await limit(async () => {
					const execution = await register.execution(id);
					executions.delete(nameOf(id));
					executions.set(nameOf(id), execution !== null && !execution.isOpen);
				}),
		),
	);
	for (const oldest of executions.keys()) {
		if (executions.size <= MOST_REMEMBERED) break;
		executions.delete(oldest);
	}
	return ({ executionId }) => executions.get(nameOf(executionId)) === true;
}

/** Credentials may lead to the registers of several n8ns, which number their executions alike. */
function nameOfExecution(context: IPollFunctions, executionId: string): string {
	return [context.getWorkflow().id, context.getNode().id, credentialIdOf(context), executionId].join(' ');
}

function credentialIdOf(context: IPollFunctions): string {
	return context.getNode().credentials?.[CREDENTIAL]?.id ?? '';
}

function describe(row: StoredRow | undefined): ReturnType<Source['describe']> {
	if (row === undefined) return {};
	const { operation, model, prompt, workflowId, workflowName, executionId, nodeName, itemIndex } = row;
	return {
		operation,
		produces: operation === 'generate' ? 'image' : 'video',
		origin: { workflowId, workflowName, executionId, nodeName, itemIndex, model, prompt },
	};
}
