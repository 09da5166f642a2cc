import { NodeApiError, NodeOperationError, type IPollFunctions, type IWebhookFunctions } from 'n8n-workflow';

import { explain } from '../api/explain';
import type { Problem } from '../api/problem';

/** The contexts in which triggers run. */
export type TriggerContext = IPollFunctions | IWebhookFunctions;

/** The error of a field that the user has to change. */
export function faultOf(context: TriggerContext, label: string, expected: string): NodeOperationError {
	return new NodeOperationError(context.getNode(), `${label} ${expected}`, {
		description: `Open the node and change the field "${label}".`,
	});
}

/** The error of what CometAPI answered, or did not. */
export function apiError(context: TriggerContext, problem: Problem): NodeApiError {
	const { message, advice } = explain(problem, 'read');
	const httpCode = problem.status === null ? undefined : String(problem.status);
	const error = new NodeApiError(context.getNode(), { message }, { message, description: advice, httpCode });
	// n8n puts words of its own in place of a message with a network code.
	error.message = message;
	return error;
}
