import { NodeOperationError, type IDataObject, type IPollFunctions } from 'n8n-workflow';

import { credentialIdOf } from '../shared/api/credential';
import { endInRow, failureInWords } from '../shared/register/end';
import { openRegister, type Register } from '../shared/register/register';
import type { StoredRow } from '../shared/register/row';
import { isTerminal } from '../shared/task/task';
import type { TaskEvent } from '../shared/trigger/events';
import { nameOfTrigger } from '../shared/trigger/settings';
import { executionsOf } from './executions';
import { matches, readFilters } from './filters';
import { isAsleep, isEnded, rowRules, type Memory, type RowRules } from './rowRules';
import { findRows, positionOf, type FoundRows } from './rows';
import { Wakers } from './sleeper';
import type { Describe, NewestTask, OpenSource, Source } from './source';
import { findWoken, settleWoken } from './woken';

/** The tasks of this n8n, from the register that its Runway nodes keep. */

/** How many rows a test in the editor searches for the newest task. */
const MOST_SHOWN = 1_000;
/** After this many polls in a row without an answer from the register, fail visibly. */
const MOST_SILENT_POLLS = 5;
/** Polls in a row without an answer of the register, by trigger. */
const silentPolls = new Map<string, number>();

export const openRegisterSource: OpenSource = async (context, { events }, saved) => {
	const now = Date.now();
	const filters = readFilters(context);
	const register = await theRegister(context);
	const memory = memoryOf(saved, now);
	const [found, woken] = await Promise.all([
		findRows(register, credentialIdOf(context), memory, filters.which === 'all'),
		findWoken(register, credentialIdOf(context)),
	]);
	noteAnswer(context, register, found, saved.begunAt === undefined);
	if (found === null) return null;
	for (const requestId of memory.emitted) register.change(requestId, { delivered: true });
	const undelivered = found.rows.filter((row) => isAsleep(row) || (!row.delivered && matches(row, filters)));
	const executionOf = await executionsOf(context, register, [...undelivered, ...woken]);
	await settleWoken(register, woken, executionOf);
	const isClosed = (row: StoredRow) => executionOf(row)?.isOpen === false;
	const rules = rowRules({ now, filters, events, memory }, found, isClosed);
	const wakers = new Wakers(context, register);
	const sleepers = found.rows.filter(isAsleep);
	// Those that don't answer must not keep the others from being called, poll after poll.
	const first = Math.floor(Math.random() * sleepers.length);
	for (const row of [...sleepers.slice(first), ...sleepers.slice(0, first)]) {
		if (isClosed(row)) register.change(row.requestId, { resumeUrl: null });
		else if (isEnded(row)) wakers.wake(row, row.status);
	}
	return registerSource(register, found, rules, memory.begunAt, wakers);
};

function registerSource(
	register: Register,
	found: FoundRows,
	rules: RowRules,
	begunAt: number,
	wakers: Wakers,
): Source {
	const byTask = new Map(found.rows.map((row) => [row.taskId, row]));
	const toEmit = new Set<string>();
	return {
		ids: found.rows.filter(rules.isWatched).flatMap(({ taskId }) => taskId ?? []),
		apiFor: (taskId) => byTask.get(taskId)?.api ?? 'auto',
		wants(taskId, event, state) {
			const row = byTask.get(taskId);
			if (row === undefined || !rules.isWanted(row)) return 'notYet';
			return rules.isNews(row, event, state) ? 'emit' : 'skip';
		},
		seen(taskId, state) {
			const row = byTask.get(taskId);
			const end = endInRow(state);
			if (row === undefined || end === null || isEnded(row)) return;
			register.change(row.requestId, end);
			if (rules.isSleeping(row)) wakers.wake(row, end.status);
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
				if (row !== undefined && rules.isClosed(row)) toEmit.add(row.requestId);
			}
		},
		save(list) {
			const isOpen = (row: StoredRow) => isEnded(row) && list.isOpen(row.taskId ?? '');
			return { begunAt, emitted: [...toEmit], ...found.next(isOpen) };
		},
		async finish() {
			await Promise.all([wakers.done(), register.settle()]);
			await register.settle();
		},
	};
}

export const newestOfRegister: NewestTask = async (context, events) => {
	const register = await theRegister(context);
	const filters = readFilters(context);
	const rows = await register.find({ where: { credentialId: credentialIdOf(context) }, limit: MOST_SHOWN });
	if (rows === null) throw silenceError(context, register);
	const wanted = rows.filter((row) => row.taskId !== null && matches(row, filters));
	// Fields of a failed task are no help to somebody who maps those of a finished one.
	const newest = wanted.find(({ status }) => !isTerminal(status) || events.has(status as TaskEvent)) ?? wanted[0];
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
	const trigger = nameOfTrigger(context);
	if (found !== null) {
		silentPolls.delete(trigger);
		return;
	}
	const silent = (silentPolls.get(trigger) ?? 0) + 1;
	silentPolls.set(trigger, silent);
	if (isFirstPoll || silent >= MOST_SILENT_POLLS) throw silenceError(context, register);
	context.logger.warn(`The Runway Trigger could not read the register of tasks. ${register.fault ?? ''}`.trim());
}

function describe(row: StoredRow | undefined): ReturnType<Describe> {
	if (row === undefined) return {};
	const { operation, model, prompt, workflowId, workflowName, executionId, nodeName, itemIndex } = row;
	return {
		operation,
		produces: operation === 'generate' ? 'image' : 'video',
		origin: { workflowId, workflowName, executionId, nodeName, itemIndex, model, prompt },
	};
}
