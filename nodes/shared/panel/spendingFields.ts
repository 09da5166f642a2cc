import type { INodeProperties } from 'n8n-workflow';

/** Options about what a run may spend. */

const maxTasks: INodeProperties = {
	displayName: 'Max Tasks Per Run',
	name: 'maxTasks',
	type: 'number',
	typeOptions: { minValue: 0, numberPrecision: 0 },
	default: 0,
	description:
		'A run that would create more tasks than this fails before it creates any. Tasks that a retry reuses do not count. In a loop, each iteration is a run. 0 sets no limit.',
};

const minBalance: INodeProperties = {
	displayName: 'Minimum Balance (USD)',
	name: 'minBalance',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: 0,
	description:
		'What the CometAPI account, and the API key if it has a limit of its own, must have left before the first task is created. It is checked once per run. If the check fails, nothing is created. 0 turns the check off.',
};

const retryFailed: INodeProperties = {
	displayName: 'Retry Failed Tasks',
	name: 'retryFailed',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 5, numberPrecision: 0 },
	default: 0,
	description:
		'How many more times to try a task that failed for a temporary reason, such as an internal error at Runway. Each attempt is billed and gets the full time limit. What moderation refuses is not tried again.',
	displayOptions: { show: { '/completion': ['wait'] } },
};

const reuseWithin: INodeProperties = {
	displayName: 'Reuse a Recent Task (Minutes)',
	name: 'reuseWithin',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 1_440, numberPrecision: 0 },
	default: 0,
	description:
		'If this workflow sent an identical request within this many minutes, the node reuses its task, and nothing is billed. Helps with agents that ask twice, webhooks that arrive twice, and tests in the editor. Failed tasks are not reused. 0 creates a task every time.',
};

const fallbackModels: INodeProperties = {
	displayName: 'Fallback Models',
	name: 'fallbackModels',
	type: 'string',
	default: '',
	placeholder: 'e.g. gen4_turbo, veo3.1',
	description:
		"Models to try in turn if CometAPI refuses the chosen one because it doesn't offer it, or because the key may not use it. Such a refusal costs nothing. Separate names with commas. The output says which model made the result.",
	displayOptions: { hide: { '/operation': ['actOne'] } },
};

export const spendingOptions: INodeProperties[] = [maxTasks, minBalance, retryFailed, reuseWithin, fallbackModels];
