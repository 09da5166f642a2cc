import { NodeOperationError, type ILoadOptionsFunctions, type INodePropertyOptions } from 'n8n-workflow';

import { credentialIdOf } from '../shared/api/credential';
import { openRegister } from '../shared/register/register';
import { wordsOf } from './filters';

/** Rows among which workflows are looked for, the newest first. */
const MOST_ROWS = 2_000;

/**
 * The workflows whose tasks the register has, by their latest names, and the present choice unchanged.
 * @throws NodeOperationError that says why there is nothing to choose from
 */
export async function getWorkflows(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	const options = new Map<string, INodePropertyOptions>();
	const register = await openRegister(this);
	const credentialId = credentialIdOf(this);
	const rows = (await register?.find({ where: { credentialId }, limit: MOST_ROWS })) ?? null;
	for (const { workflowId, workflowName } of rows ?? []) {
		if (workflowId === '' || options.has(workflowId)) continue;
		options.set(workflowId, { name: workflowName || workflowId, value: workflowId, description: `ID ${workflowId}` });
	}
	const chosen = wordsOf(this.getCurrentNodeParameter('filters.workflows'));
	for (const value of chosen) if (!options.has(value)) options.set(value, { name: value, value });
	if (options.size > 0) return [...options.values()].sort((one, other) => one.name.localeCompare(other.name));
	throw new NodeOperationError(
		this.getNode(),
		register === null
			? 'Switch on "Keep a Register of Tasks" in the credential to choose from a list, or use an expression'
			: (register.fault ?? 'No Runway node has created a task with this credential yet'),
	);
}
