import type { IExecuteFunctions } from 'n8n-workflow';

/** How the node behaves as a tool of an AI agent. */

/**
 * Whether a failed item is passed on as an item. Always so for an agent, unless its user wants the workflow to
 * stop: agents learn little or nothing from an error that is thrown, and might well pay for a second attempt.
 */
export function continuesAfterErrors(context: IExecuteFunctions): boolean {
	const { onError, retryOnFail } = context.getNode();
	// For n8n, each try of an agent's tool is a new run, so it would find no record of what was paid for.
	const wouldPayAgain = isCalledAsTool(context) && retryOnFail === true;
	return context.continueOnFail() || (runsAsTool(context) && (onError !== 'stopWorkflow' || wouldPayAgain));
}

/** n8n marks tools in two ways: agents call them in a context of their own, or run the node under a tool's type. */
export function runsAsTool(context: IExecuteFunctions): boolean {
	return isCalledAsTool(context) || hasTypeOfTool(context);
}

/** Early versions of n8n have no tools but those that an agent calls. */
export function isCalledAsTool(context: IExecuteFunctions): boolean {
	return 'isToolExecution' in context ? context.isToolExecution() : hasTypeOfTool(context);
}

function hasTypeOfTool(context: IExecuteFunctions): boolean {
	return context.getNode().type.endsWith('Tool');
}
