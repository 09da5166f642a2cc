import {
	NodeApiError,
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';

import { apiProblemOf, detailsOf, unclaimedDetails, taskDetails } from './details';
import { explainOutcome } from './explainOutcome';
import { taskOf, type Ending } from './job';
import { noteStop } from './notes';
import type { PaidRecord } from './paid';
import { unclaimedInLines, unclaimedSummary, placeOfItem, runSummary, stateOfRun, stopSummary } from './summary';
import { breakable, lines, plainLines, sentences } from './words';

/** Turns outcomes into the errors and error items that users see. */

/**
 * The item in place of a failed one if the node is set to continue. n8n sends an item with these keys to the error output.
 *
 * @param unclaimed the tasks of earlier attempts; the item names those that concern it
 */
export function errorItem({ itemIndex, outcome }: Ending, unclaimed: readonly PaidRecord[] = []): INodeExecutionData {
	const its = unclaimed.filter((record) => record.itemIndex === itemIndex);
	const { message, advice } = explainOutcome(outcome, its.length > 0);
	const earlier = unclaimedDetails(its);
	return {
		json: {
			error: message,
			message: sentences(advice, unclaimedSummary(its)),
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
	unclaimed: readonly PaidRecord[] = [],
): Error {
	const { outcome, itemIndex } = ending;
	const node = context.getNode();
	const unclaimedLines = unclaimedInLines(unclaimed);
	const isAlone =
		unclaimedLines === '' &&
		all.every(
			(other) =>
				other === ending ||
				(taskOf(other.outcome) === null && !['invalid', 'maybeCreated'].includes(other.outcome.kind)),
		);
	// n8n's own errors know their node and item; other errors don't.
	const isOfN8n = outcome.kind === 'unresolved' && 'context' in outcome.error;
	if (isOfN8n && outcome.task === null && isAlone) return outcome.error;

	const hasUnclaimed = unclaimed.some((record) => record.itemIndex === itemIndex);
	const { message, advice } = explainOutcome(outcome, hasUnclaimed);
	const place = placeOfItem(itemIndex, context.getInputData().length);
	const description = lines(advice, place, runSummary(ending, all), unclaimedLines);
	const problem = apiProblemOf(outcome);
	const error =
		problem === null
			? new NodeOperationError(node, message, { itemIndex, description })
			: new NodeApiError(node, { message }, { message, description, httpCode: problem.status?.toString(), itemIndex });
	const tasks = [...all.flatMap((other) => taskDetails(other.outcome)), ...unclaimedDetails(unclaimed)];
	return worded(error, message, { ...detailsOf(outcome), tasks });
}

/**
 * The error of a stopped execution, which names the running tasks. n8n recognizes it by the word "canceled". The editor
 * does not show it, so it goes to the browser's console as well.
 */
export function stoppedError(
	context: IExecuteFunctions,
	all: readonly Ending[],
	unclaimed: readonly PaidRecord[] = [],
): Error {
	const state = stateOfRun(all);
	if (state !== null) noteStop(context, state);
	const description = stopSummary(all, unclaimed);
	const message = 'The execution was canceled';
	context.sendMessageToUI(`Stopped. ${plainLines(description)}`);
	const error = new NodeOperationError(context.getNode(), message, { description });
	return worded(error, message, {
		tasks: [...all.flatMap(({ outcome }) => taskDetails(outcome)), ...unclaimedDetails(unclaimed)],
	});
}

/**
 * The error of a retry that can't know what was paid for before n8n crashed.
 * @param register why the register of tasks does not help; null if there is none
 */
export function recordsLostError(context: IExecuteFunctions, register: string | null): Error {
	const message = 'This retry creates no tasks, because the original execution may already have created them';
	const description = [
		'n8n was cut off while this node ran, and the list of its tasks was lost.',
		...(register === null ? [] : [register]),
		'The log of n8n has a line "Runway task … created" for each of them.',
		'Fetch them with Resource "Task", Operation "Wait". To create new tasks and pay for them, start the workflow again instead of retrying.',
	].join(' ');
	return worded(new NodeOperationError(context.getNode(), message, { description }), message, {});
}

/**
 * n8n's error classes put advice of their own in place of any message that contains a code such as
 * ECONNRESET: "You can retry the request immediately". After a create that may have been billed, that is
 * wrong, so our words are put back.
 */
function worded(error: NodeApiError | NodeOperationError, message: string, data: IDataObject): Error {
	error.message = breakable(message);
	error.context.data = data;
	return error;
}

/** The ending that the node's error is about: what ended the run first, then failures in the items' order. */
export function mostImportant(endings: readonly Ending[]): Ending | undefined {
	const isConsequence = ({ outcome }: Ending) => outcome.kind === 'notSent' || outcome.kind === 'leftRunning';
	const endedTheRun = ({ outcome }: Ending) => ['notCreated', 'maybeCreated', 'unresolved'].includes(outcome.kind);
	return endings.find(endedTheRun) ?? endings.find((ending) => !isConsequence(ending)) ?? endings[0];
}
