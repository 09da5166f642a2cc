import type { INodeProperties } from 'n8n-workflow';

/** Options about what a run may spend. */

const maxTasks: INodeProperties = {
	displayName: 'Max Tasks Per Run',
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

const retryFailed: INodeProperties = {
	displayName: 'Retry Failed Tasks',
	name: 'retryFailed',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 5, numberPrecision: 0 },
	default: 0,
	description:
		'How often a task is created anew that failed for a reason that may pass, such as a fault inside Runway. Each attempt is billed and has the whole time limit. Never for what moderation refuses.',
	displayOptions: { show: { '/completion': ['wait'] } },
};

const reuseWithin: INodeProperties = {
	displayName: 'Reuse a Recent Task (Minutes)',
	name: 'reuseWithin',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 1_440, numberPrecision: 0 },
	default: 0,
	description:
		'If this workflow sent an identical request within this many minutes, the node uses its task again, and nothing is billed. For agents that ask twice, webhooks that arrive twice, and trials in the editor. Failed tasks are not used again. 0 creates a task every time.',
};

const fallbackModels: INodeProperties = {
	displayName: 'Fallback Models',
	name: 'fallbackModels',
	type: 'string',
	default: '',
	placeholder: 'e.g. gen4_turbo, veo3.1',
	description:
		"Models to try in turn if CometAPI refuses the chosen one because it isn't served, or isn't allowed for the key. Nothing has been billed then. Separate names with commas. The output says which model made the result.",
	displayOptions: { hide: { '/operation': ['actOne'] } },
};

export const spendingOptions: INodeProperties[] = [maxTasks, minBalance, retryFailed, reuseWithin, fallbackModels];
