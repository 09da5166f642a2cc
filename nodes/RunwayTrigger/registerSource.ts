import { NodeOperationError, type IDataObject, type IPollFunctions } from 'n8n-workflow';

import { credentialIdOf } from '../shared/api/credential';
import { endInRow, failureInWords } from '../shared/register/end';
import { openRegister, type Register } from '../shared/register/register';
import type { StoredRow } from '../shared/register/row';
import { isTerminal } from '../shared/task/task';
import type { TaskEvent } from '../shared/trigger/events';
import { closedAmong } from './executions';
import { matches, readFilters } from './filters';
import { findRows, positionOf, type FoundRows, type Position } from './rows';
import { Wakers } from './sleeper';
import type { NewestTask, OpenSource, Source } from './source';

/** The tasks of this n8n, from the register that its Runway nodes keep. */

/** How many rows a test in the editor searches for the newest task. */
const MOST_SHOWN = 1_000;
/** An execution that has just ended may still be writing down that it has delivered. */
const JUST_CHANGED_MS = 10_000;
/** After this many polls in a row without an answer from the register, fail visibly. */
const MOST_SILENT_POLLS = 5;
/** Tasks that are older than the trigger and have ended at an unknown time are history. */
const LONGEST_RENDER_MS = 24 * 60 * 60_000;

/** Polls in a row without an answer of the register, by trigger. */
const silentPolls = new Map<string, number>();

interface Memory extends Position {
	/** When the trigger began to watch, in milliseconds since the epoch. */
	begunAt: number;
	/** Requests whose tasks were emitted. The next poll writes this to the register, after n8n has saved the emission. */
	emitted: string[];
}

export const openRegisterSource: OpenSource = async (context, { events }, saved) => {
	const now = Date.now();
	const filters = readFilters(context);
	const register = await theRegister(context);
	const memory = memoryOf(saved, now);
	const found = await findRows(register, credentialIdOf(context), memory, filters.which === 'all');
	noteAnswer(context, register, found, saved.begunAt === undefined);
	if (found === null) return null;
	const { rows } = found;

	for (const requestId of memory.emitted) register.change(requestId, { delivered: true });
	const areMarked = new Set(memory.emitted);
	const undelivered = rows.filter((row) => !row.delivered && (row.resumeUrl !== null || matches(row, filters)));
	const isClosed = await closedAmong(context, register, undelivered);
	const isEnded = ({ status }: StoredRow) => isTerminal(status as never);
	const isSleeping = (row: StoredRow) => row.resumeUrl !== null && !isClosed(row);
	const isWanted = (row: StoredRow) => {
		if (!matches(row, filters)) return false;
		// Recently emitted events are remembered, and tasks that ended earlier were emitted.
		if (filters.which === 'all') return !isEnded(row) || found.hasChanged(row);
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

	/** A row can change long after its end if a retry reuses its task. Earlier polls have emitted it, and may have forgotten that. */
	const knownFrom = Math.min(Date.parse(memory.since), Date.parse(memory.gap?.since ?? memory.since));
	const isOld = ({ endedTime }: StoredRow) =>
		filters.which === 'all' && endedTime !== null && Date.parse(endedTime) < knownFrom - LONGEST_RENDER_MS;

	const watched = rows.filter((row) =>
		isEnded(row)
			? isWanted(row) && !isHistory(row.endedTime, row) && !isOld(row)
			: isSleeping(row) || (isWanted(row) && !isReadByOthers(row)),
	);
	const byTask = new Map(rows.map((row) => [row.taskId, row]));
	const toEmit = new Set<string>();
	const wakers = new Wakers(context, register);
	const sleepers = rows.filter(({ resumeUrl }) => resumeUrl !== null);
	// Those that don't answer must not keep the others from being called, poll after poll.
	const first = Math.floor(Math.random() * sleepers.length);
	for (const row of [...sleepers.slice(first), ...sleepers.slice(0, first)]) {
		if (isClosed(row)) register.change(row.requestId, { resumeUrl: null });
		else if (isEnded(row)) wakers.wake(row, row.status);
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
			if (isSleeping(row)) wakers.wake(row, end.status);
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
			const isOpen = (row: StoredRow) => isEnded(row) && list.isOpen(row.taskId ?? '');
			return { begunAt: memory.begunAt, emitted: [...toEmit], ...found.next(isOpen) };
		},
		async finish() {
			await Promise.all([wakers.done(), register.settle()]);
			await register.settle();
		},
	};
};

export const newestOfRegister: NewestTask = async (context, events) => {
	const register = await theRegister(context);
	const filters = readFilters(context);
	const rows = await register.find({ where: { credentialId: credentialIdOf(context) }, limit: MOST_SHOWN });
	if (rows === null) throw silenceError(context, register);
	const wanted = rows.filter((row) => row.taskId !== null && matches(row, filters));
	// Fields of a failed task are no help to somebody who maps those of a finished one.
	const newest =
		wanted.find(({ status }) => !isTerminal(status as never) || events.has(status as TaskEvent)) ?? wanted[0];
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

function memoryOf(saved: IDataObject, now: number): Memory {
	const { begunAt, emitted } = saved;
	return {
		// CometAPI gives whole seconds.
		begunAt: Number(begunAt) || Math.floor(now / 1_000) * 1_000,
		emitted: Array.isArray(emitted) ? emitted.map(String) : [],
		...positionOf(saved, new Date(now).toISOString()),
	};
}

/** @throws NodeOperationError if the register has not answered for some polls, or does not in the first one */
function noteAnswer(context: IPollFunctions, register: Register, found: FoundRows | null, isFirstPoll: boolean): void {
	const trigger = `${context.getWorkflow().id} ${context.getNode().id}`;
	if (found !== null) {
		silentPolls.delete(trigger);
		return;
	}
	const silent = (silentPolls.get(trigger) ?? 0) + 1;
	silentPolls.set(trigger, silent);
	if (isFirstPoll || silent >= MOST_SILENT_POLLS) throw silenceError(context, register);
	context.logger.warn(`The Runway Trigger could not read the register of tasks. ${register.fault ?? ''}`.trim());
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
