import type { IDataObject, IPollFunctions } from 'n8n-workflow';

import type { StoredRow } from '../shared/register/row';

/** Which of the register's tasks start the workflow. */
export interface Filters {
	which: 'all' | 'undelivered';
	/** IDs or names, in lower case; empty for all. */
	workflows: string[];
	/** Empty for all. */
	operations: string[];
}

export function readFilters(context: IPollFunctions): Filters {
	const which = context.getNodeParameter('which', 'all') === 'undelivered' ? 'undelivered' : 'all';
	const { workflows, operations } = context.getNodeParameter('filters', {}) as IDataObject;
	return { which, workflows: wordsOf(workflows).map((name) => name.toLowerCase()), operations: wordsOf(operations) };
}

/** The entries of a list, which an expression may give as a text with commas. */
export function wordsOf(value: unknown): string[] {
	const all = Array.isArray(value) ? value.map(String) : String(value ?? '').split(/[,\n]/);
	return all.map((word) => word.trim()).filter((word) => word !== '');
}

export function matches({ workflowId, workflowName, operation }: StoredRow, { workflows, operations }: Filters) {
	const names = [workflowId, workflowName].map((name) => name.toLowerCase());
	return (
		(workflows.length === 0 || workflows.some((wanted) => names.includes(wanted))) &&
		(operations.length === 0 || operations.includes(operation))
	);
}
