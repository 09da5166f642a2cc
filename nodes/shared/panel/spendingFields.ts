import type { INodeProperties } from 'n8n-workflow';

/** Options about what a run may spend. */

const maxTasks: INodeProperties = {
	displayName: 'Max Tasks per Run',
	name: 'maxTasks',
	type: 'number',
	typeOptions: { minValue: 0, numberPrecision: 0 },
	default: 0,
	description:
		'A run that would create more tasks is refused before the first one. Tasks that a retry takes up again do not count. In a loop, each round is a run. 0 sets no limit.',
};

const minBalance: INodeProperties = {
	displayName: 'Minimum Balance (USD)',
	name: 'minBalance',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: 0,
	description:
		"What the CometAPI account, and the API key if it has a limit of its own, must have left before the first task is created. It is looked up once per run. If it can't be looked up, nothing is created. 0 looks up nothing.",
};

export const spendingOptions: INodeProperties[] = [maxTasks, minBalance];
