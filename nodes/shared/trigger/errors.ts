import {
	NodeApiError,
	NodeOperationError,
	type INode,
	type IPollFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';

import { explain, type Wanted } from '../api/explain';
import type { Problem } from '../api/problem';
import { rulings } from '../judgement/judge';

/** The contexts in which triggers run. */
export type TriggerContext = IPollFunctions | IWebhookFunctions;

/** The error for a field that the user has to change. */
export function faultOf(context: { getNode(): INode }, label: string, expected: string): NodeOperationError {
	return new NodeOperationError(context.getNode(), `${label} ${expected}`, {
		description: `Open the node and change the field "${label}".`,
	});
}

/**
 * The error for a failed or missing answer of CometAPI.
 * @param options.taskId the task that was asked for; it is named if the answer may be about this task alone
 * @param options.wanted what was asked for
 */
export function apiError(
	context: TriggerContext,
	problem: Problem,
	{ taskId, wanted = 'read' }: { taskId?: string; wanted?: Wanted } = {},
): NodeApiError {
	const { message, advice } = explain(problem, wanted);
	const httpCode = problem.status === null ? undefined : String(problem.status);
	const isOfTask = taskId !== undefined && !rulings[problem.reason].concernsAll;
	const description = isOfTask ? `${advice} The refused task is ${taskId}.` : advice;
	const error = new NodeApiError(context.getNode(), { message }, { message, description, httpCode });
	// n8n puts words of its own in place of a message with a network code.
	error.message = message;
	return error;
}
