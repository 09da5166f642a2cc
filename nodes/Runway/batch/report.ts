import {
	NodeApiError,
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';

import { evidence, explain, type Explanation } from '../../shared/api/explain';
import type { Problem } from '../../shared/api/problem';
import { redact, redactDeep } from '../../shared/api/redact';
import type { Row } from '../../shared/wait/watch';
import { isTerminal, type KnownTask } from '../../shared/task/task';
import type { Fault } from '../operations/operation';
import { appearedDetails, appearedWords } from './appeared';
import { taskOf, type Outcome } from './job';
import { hasFailed, type PaidRecord } from './paid';

/** Puts outcomes into the words, errors and items that users see. */

/** How an item ended. */
export interface Ending {
	itemIndex: number;
	outcome: Outcome;
}

/** More ids than this make an error unreadable; the rest is counted. */
const MAX_IDS_IN_TEXT = 25;
/** Where earlier attempts have paid, that must not sound as if they had not. */
const nothingBilled = (reason: string, hasEarlier: boolean) =>
	`${reason} for this item, so ${hasEarlier ? 'this attempt billed nothing' : 'nothing was billed'}.`;
const SEND_ANYWAY = 'If you are sure of the value, switch on "Send Anyway" in the options.';
const NOTHING_SENT = 'Nothing was sent to CometAPI';

/**
 * The item that stands for a failed one where the node is set to continue. The keys are n8n's condition for the error output.
 *
 * @param left what earlier attempts left behind; what concerns the item is named in it
 */
export function errorItem({ itemIndex, outcome }: Ending, left: readonly PaidRecord[] = []): INodeExecutionData {
	const itsLeft = left.filter((record) => record.itemIndex === itemIndex);
	const { message, advice } = explainOutcome(outcome, itsLeft.length > 0);
	const earlier = leftDetails(itsLeft);
	return {
		json: {
			error: message,
			message: sentences(advice, leftSummary(itsLeft)),
			details: { ...detailsOf(outcome), ...(earlier.length > 0 && { earlierTasks: earlier }) },
		},
		pairedItem: { item: itemIndex },
	};
}

/**
 * Marks an error item, so that n8n 1 sends it to the error output, too, with its details: there, an item needs an `error`
 * of its own for that. n8n merges the item with its input and then empties each one that has an `error`, so the mark is
 * one that copies don't have. Without an input there is no copy, and so no mark.
 */
export function markForErrorOutput(context: IExecuteFunctions, item: INodeExecutionData): INodeExecutionData {
	const node = context.getNode();
	if (node.onError !== 'continueErrorOutput' || !hasSource(context)) return item;
	const error = new NodeOperationError(node, String(item.json.error));
	return Object.defineProperty(item, 'error', { value: error, writable: true, enumerable: false });
}

function hasSource(context: IExecuteFunctions): boolean {
	try {
		context.getInputSourceData();
		return true;
	} catch {
		return false;
	}
}

/**
 * The error that ends the node, about the ending that matters most, naming every task that was paid for.
 * @param all the endings of the whole run
 */
export function nodeError(
	context: IExecuteFunctions,
	ending: Ending,
	all: readonly Ending[],
	left: readonly PaidRecord[] = [],
): Error {
	const { outcome, itemIndex } = ending;
	const node = context.getNode();
	const leftBehind = leftSummary(left);
	const isAlone =
		leftBehind === '' &&
		all.every(
			(other) =>
				other === ending ||
				(taskOf(other.outcome) === null && !['invalid', 'maybeCreated'].includes(other.outcome.kind)),
		);
	// n8n's own errors know where they come from; of others it would tell neither node nor item.
	const isOfN8n = outcome.kind === 'unresolved' && 'context' in outcome.error;
	if (isOfN8n && outcome.task === null && isAlone) return outcome.error;

	const itsLeft = left.some((record) => record.itemIndex === itemIndex);
	const { message, advice } = explainOutcome(outcome, itsLeft);
	const others = all.filter((other) => other !== ending);
	const description = sentences(advice, faultSummary(others), taskSummary(others), leftBehind);
	const problem = apiProblemOf(outcome);
	const error =
		problem === null
			? new NodeOperationError(node, message, { itemIndex, description })
			: new NodeApiError(node, { message }, { message, description, httpCode: httpCodeOf(problem), itemIndex });
	const tasks = [...all.flatMap((other) => taskDetails(other.outcome)), ...leftDetails(left)];
	return worded(error, message, { ...detailsOf(outcome), tasks });
}

/**
 * The error of a stopped execution, which names the tasks that go on. n8n tells it from a failure by the word "canceled", and its
 * editor shows none of it, so the editor is told as well.
 */
export function stoppedError(
	context: IExecuteFunctions,
	all: readonly Ending[],
	left: readonly PaidRecord[] = [],
): Error {
	const description = sentences(taskSummary(all) || 'No task had been created.', leftSummary(left));
	const message = 'The execution was canceled';
	context.sendMessageToUI(`Stopped. ${description}`);
	const error = new NodeOperationError(context.getNode(), message, { description });
	return worded(error, message, {
		tasks: [...all.flatMap(({ outcome }) => taskDetails(outcome)), ...leftDetails(left)],
	});
}

/**
 * The error of a retry that can't know what was paid for before n8n crashed.
 * @param register why the register of tasks does not help; null if there is none
 */
export function recordsLostError(context: IExecuteFunctions, register: string | null): Error {
	const message = 'Tasks of this execution may have been created already, so a retry creates none';
	const description = [
		'n8n was cut off while this node ran, and the list of its tasks was lost.',
		...(register === null ? [] : [register]),
		'The log of n8n has a line "Runway task … created" for each of them.',
		'Fetch them with Resource "Task", Operation "Wait". To create and pay anew, start the workflow again instead of retrying.',
	].join(' ');
	return worded(new NodeOperationError(context.getNode(), message, { description }), message, {});
}

/**
 * n8n's error classes put advice of their own in place of any message that contains a code such as
 * ECONNRESET: "You can retry the request immediately". After a create that may have been billed, that is
 * wrong, so our words are put back.
 */
function worded(error: NodeApiError | NodeOperationError, message: string, data: IDataObject): Error {
	error.message = message;
	error.context.data = data;
	return error;
}

function httpCodeOf({ status }: Problem): string | undefined {
	return status === null ? undefined : String(status);
}

/** The ending that the node's error is about: what ended the run first, then failures in the items' order. */
export function mostImportant(endings: readonly Ending[]): Ending | undefined {
	const isConsequence = ({ outcome }: Ending) => outcome.kind === 'notSent' || outcome.kind === 'leftRunning';
	const endedTheRun = ({ outcome }: Ending) => ['notCreated', 'maybeCreated', 'unresolved'].includes(outcome.kind);
	return endings.find(endedTheRun) ?? endings.find((ending) => !isConsequence(ending)) ?? endings[0];
}

/** What the API answered, where the outcome is an answer of the API. */
function apiProblemOf(outcome: Outcome): Problem | null {
	return 'problem' in outcome ? outcome.problem : null;
}

/**
 * Says what happened and what to do, for every way in which a job can end without being ready.
 *
 * @param hasEarlier whether attempts before this one have paid, or may have, for other tasks of the item
 */
export function explainOutcome(outcome: Outcome, hasEarlier = false): Explanation {
	switch (outcome.kind) {
		case 'invalid':
			return {
				message: outcome.faults.map(describeFault).join('; '),
				advice: sentences(
					outcome.faults.some(({ isDoubt }) => isDoubt) ? SEND_ANYWAY : '',
					nothingBilled(NOTHING_SENT, hasEarlier),
				),
			};
		case 'unresolved':
			return {
				message: redact(outcome.error.message),
				advice: outcome.task === null ? nothingBilled(NOTHING_SENT, hasEarlier) : howToFetch(outcome.task),
			};
		case 'notRead':
			return explain(outcome.problem, outcome.wanted);
		case 'noRegister':
		case 'overLimit':
			return outcome;
		case 'notCreated': {
			const { message, advice } = explain(outcome.problem, 'create');
			return {
				message,
				advice: sentences(advice, ...outcome.remarks, nothingBilled('No task was created', hasEarlier)),
			};
		}
		case 'maybeCreated':
			// No advice of the problem's own here: "run again later" would be an invitation to pay twice.
			return {
				message: `It is unknown whether the task was created. ${explain(outcome.problem, 'create').message}`,
				advice:
					`The request may have reached CometAPI and may be billed, so it is not sent again. ${appearedWords(outcome.appeared)}${outcome.problem.excerpt === null ? '' : ' What CometAPI answered is in the details, and may hold the task ID.'} ${evidence(outcome.problem)}`.trim(),
			};
		case 'notSent':
			return explainNotSent(outcome.because, nothingBilled(NOTHING_SENT, hasEarlier));
		case 'leftRunning':
			return { message: 'The run ended before the task did', advice: howToFetch(outcome.task) };
		case 'failed':
			return explainFailed(outcome.task);
		case 'noResult':
			return {
				message: 'CometAPI says that the task succeeded, but gives no URL of a result',
				advice: `The result may be where this node does not look: see the whole answer with Resource "Task", Operation "Get" and Include Raw Response, then ask CometAPI about the task ID ${outcome.task.taskId}. Don't create the task again before that.`,
			};
		case 'noFile':
			return {
				message: `The file of the task can't be fetched: ${outcome.reason}`,
				advice: `The task ${outcome.task.taskId} is finished and paid for. ${outcome.advice}`,
			};
		case 'unfinished':
			return explainUnfinished(outcome);
		case 'absent':
			return explainAbsent(outcome.task);
		case 'unreadable': {
			const { message, advice } = explain(outcome.problem, 'read');
			return {
				message: `The state of the task can't be read${howOften(outcome.row)}. ${message}`,
				advice: `${advice} ${howToFetch(outcome.task)}`,
			};
		}
		case 'ready':
			return { message: 'The task is ready', advice: '' };
	}
}

function explainNotSent(because: Problem | undefined, nothing: string): Explanation {
	if (because === undefined) {
		return { message: 'The task was not created, because the run stopped before this item was sent', advice: nothing };
	}
	const { message, advice } = explain(because, 'create');
	return {
		message: `The task was not created, because another one was refused for a reason that concerns all. ${message}`,
		advice: `${advice} ${nothing}`,
	};
}

function howOften(row: Row | null): string {
	return row === null || row.answers < 2
		? ''
		: `: ${row.answers} tries in a row failed, over ${count(Math.round(row.ms / 1000), 'second')}`;
}

function explainFailed({ taskId, state }: KnownTask): Explanation {
	const { code = null, message = 'the provider gave no reason', retryable = false } = state?.failure ?? {};
	const ids = `(task ID ${taskId}${code === null ? '' : `, code ${redact(code).slice(0, 100)}`})`;
	if (state?.status === 'cancelled') {
		return { message: 'The task was cancelled at CometAPI', advice: `A new attempt is billed again. ${ids}` };
	}
	const advice = retryable
		? 'The cause may pass: a new attempt can succeed, and is billed again.'
		: 'A new attempt with the same input would most likely fail again: change the prompt or the input first.';
	return { message: `The task failed: ${redact(message)}`, advice: `${advice} ${ids}` };
}

function explainAbsent({ taskId, state, createdAt }: KnownTask): Explanation {
	if (state === null && createdAt === null) {
		return {
			message: `CometAPI does not know the task ${taskId}`,
			advice:
				'Check the task ID, that the credential belongs to the account that created the task, and that API is set to the route that created it.',
		};
	}
	return {
		message: `CometAPI no longer knows the task ${taskId}, which it had accepted`,
		advice: `The task may be paid for. Look for it with Resource "Task", Operation "Get" a little later; if it is still missing, contact CometAPI and quote the task ID ${taskId}.`,
	};
}

function explainUnfinished({ task, waitedMs, trouble }: Extract<Outcome, { kind: 'unfinished' }>): Explanation {
	const known = task.state?.status;
	// The API's own word says more than that we do not know it.
	const status =
		known === 'unknown'
			? `in a state that the API calls "${redact(task.state?.rawStatus ?? '').slice(0, 100)}"`
			: known;
	const lastTrouble =
		trouble === null ? '' : ` The last problem was: ${explain(trouble, 'read').message.replace(/[.\s]+$/, '')}.`;
	if (waitedMs === 0) {
		return {
			message: `The task is not finished: it is ${status ?? 'unknown'}`,
			advice: `${howToFetch(task)}${lastTrouble}`,
		};
	}
	const seconds = count(Math.round(waitedMs / 1000), 'second');
	const message =
		status === undefined
			? `The state of the task could not be read within ${seconds}`
			: `The task was still ${status} after ${seconds}`;
	return { message, advice: `${howToFetch(task)} To wait longer, raise the time limit in the options.${lastTrouble}` };
}

function howToFetch({ taskId }: KnownTask): string {
	return `The task exists at CometAPI and is paid for. Fetch its result with Resource "Task", Operation "Wait" and the task ID ${taskId}.`;
}

function describeFault({ label, found, expected }: Fault): string {
	const shown = found === null ? '' : show(found.value);
	return `"${label}" ${expected}${shown === '' || expected.endsWith(shown) ? '' : `, but is ${shown}`}`;
}

function show(value: unknown): string {
	if (value === undefined || value === null || value === '') return 'empty';
	const text = typeof value === 'string' ? `"${value}"` : asJson(value);
	const clean = redact(text);
	const { length } = typeof value === 'string' ? value : text;
	return clean.length > 120 ? `${clean.slice(0, 120)}… (${length} characters)` : clean;
}

/** Expressions may bring values that JSON has not; an error about one must not fail itself. */
function asJson(value: unknown): string {
	try {
		return JSON.stringify(value) ?? `a ${typeof value}`;
	} catch {
		return typeof value === 'bigint' ? value.toString() : "a value that JSON can't hold";
	}
}

/** Names the other items that can't run, so that all can be mended at once. */
function faultSummary(others: readonly Ending[]): string {
	const bad = others.filter(({ outcome }) => outcome.kind === 'invalid' || outcome.kind === 'unresolved');
	if (bad.length === 0) return '';
	const list = bad.slice(0, 5).map(({ itemIndex, outcome }) => `item ${itemIndex}: ${explainOutcome(outcome).message}`);
	const more = bad.length > list.length ? ` and ${bad.length - list.length} more` : '';
	return `Other items also have invalid values: ${list.join('; ')}${more}.`;
}

/** A number with its noun, in the plural where it is one. */
export function count(amount: number, noun: string): string {
	return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

function hasOrMayHaveResult({ state }: KnownTask): boolean {
	return state === null || !isTerminal(state.status) || state.status === 'succeeded';
}

/** Names the tasks that exist at CometAPI, finished ones and those that go on. */
function taskSummary(endings: readonly Ending[]): string {
	const tasks = endings.map(({ outcome }) => taskOf(outcome)).filter((task) => task !== null);
	const ended = tasks.filter(({ state }) => state !== null && isTerminal(state.status));
	const running = tasks.filter((task) => !ended.includes(task));
	const unknown = endings.filter(({ outcome }) => outcome.kind === 'maybeCreated').length;
	return sentences(
		ended.length > 0 ? `Tasks of this run that have ended: ${idList(ended)}.` : '',
		running.length > 0 ? `Tasks still running at CometAPI: ${idList(running)}.` : '',
		tasks.some(hasOrMayHaveResult) ? 'Fetch them with Resource "Task", Operation "Wait".' : '',
		unknown > 0
			? `For ${count(unknown, 'item')} it is unknown whether a task was created; look at the task log in the CometAPI console.`
			: '',
	);
}

/**
 * Names what earlier attempts paid for, or may have, and that none of the items takes up.
 *
 * @param list how to put ids into words. @default the first ones, since an error has the rest in its details
 */
export function leftSummary(left: readonly PaidRecord[], list: (ids: readonly string[]) => string = firstOf): string {
	const failed = taskIdsOf(left.filter(hasFailed));
	const changed = taskIdsOf(left.filter((record) => !hasFailed(record)));
	const doubts = left.length - failed.length - changed.length;
	return sentences(
		failed.length > 0 ? `${count(failed.length, 'task')} of earlier attempts failed: ${list(failed)}.` : '',
		changed.length > 0
			? `${count(changed.length, 'task')} of earlier attempts not reused, because no item makes the same request any more: ${list(changed)}.`
			: '',
		doubts > 0
			? `It is unknown whether ${count(doubts, 'earlier request')}, which no item repeats, created a task; look at the task log in the CometAPI console.`
			: '',
	);
}

function leftDetails(left: readonly PaidRecord[]): IDataObject[] {
	return left.flatMap((record) =>
		'taskId' in record ? [{ taskId: record.taskId, status: hasFailed(record) ? 'failed' : 'unknown' }] : [],
	);
}

function taskIdsOf(left: readonly PaidRecord[]): string[] {
	return left.flatMap((record) => ('taskId' in record ? [record.taskId] : []));
}

function sentences(...all: readonly string[]): string {
	return all.filter(Boolean).join(' ');
}

function idList(tasks: KnownTask[]): string {
	return firstOf(
		tasks.map(({ taskId, state }) => {
			const status = state !== null && isTerminal(state.status) ? ` (${state.status})` : '';
			return `${taskId}${status}`;
		}),
	);
}

function firstOf(all: readonly string[]): string {
	const ids = all.slice(0, MAX_IDS_IN_TEXT);
	const more = all.length - ids.length;
	return more > 0 ? `${ids.join(', ')} and ${more} more, listed in the error's details` : ids.join(', ');
}

function taskDetails(outcome: Outcome): IDataObject[] {
	const task = taskOf(outcome);
	return task === null ? [] : [{ taskId: task.taskId, api: task.api, status: task.state?.status ?? 'unknown' }];
}

/** The facts of an outcome as data, for error items and the error's details. */
function detailsOf(outcome: Outcome): IDataObject {
	const details: IDataObject = { ...taskDetails(outcome)[0] };
	const problem = apiProblemOf(outcome);
	const state = taskOf(outcome)?.state;
	if (state?.failure) details.failure = redactDeep(state.failure) as IDataObject;
	if (state?.cost) details.cost = { ...state.cost };
	if (outcome.kind === 'noResult') details.raw = redactDeep(state?.raw) as IDataObject;
	if (outcome.kind === 'maybeCreated') {
		details.created = 'unknown';
		if (outcome.appeared !== undefined) details.appearedTasks = appearedDetails(outcome.appeared);
	}
	if (
		outcome.kind === 'notCreated' ||
		outcome.kind === 'notSent' ||
		outcome.kind === 'invalid' ||
		outcome.kind === 'overLimit' ||
		(outcome.kind === 'unresolved' && outcome.task === null)
	)
		details.created = false;
	if (problem !== null) {
		details.httpStatus = problem.status;
		details.code = problem.code;
		details.requestId = problem.requestId;
		details.answer = problem.excerpt;
	}
	return details;
}
