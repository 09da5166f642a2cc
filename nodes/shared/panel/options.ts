import type { INodeProperties } from 'n8n-workflow';

import { fileOptions } from './fileFields';
import { spendingOptions } from './spendingFields';
import { apiField } from './taskFields';

/**
 * Every option about how a node runs, and which operations have it; those about files and spending are in files of their own. To
 * add one, define it and name it in a list at the end; nodes/Runway/batch/settings.ts checks it. Options about the video itself,
 * such as the seed, are in nodes/Runway/operations/fields.ts and in the `options` of their operations.
 */

export const DEFAULT_TIMEOUT_SECONDS = 900;
export const DEFAULT_MAX_PARALLEL = 5;
export const DEFAULT_RUNWAY_VERSION = '2024-11-06';

/** No option is offered that has no effect. A name with a slash is a field outside the collection. */
const unlessAtOnce = { '/completion': ['wait', 'suspend'] };
const withFile = { '/download': [true] };

function shownIf(show: Record<string, Array<string | boolean>>, option: INodeProperties): INodeProperties {
	return { ...option, displayOptions: { show } };
}

const maxParallel: INodeProperties = {
	displayName: 'Max Parallel Requests',
	name: 'maxParallel',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 50, numberPrecision: 0 },
	default: DEFAULT_MAX_PARALLEL,
	description: 'How many requests to CometAPI may be under way at the same time',
};

const pollInterval: INodeProperties = {
	displayName: 'Poll Interval (Seconds)',
	name: 'pollInterval',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 300 },
	default: 0,
	description: 'How many seconds to wait before checking the same task again. 0 adjusts this to the age of the task.',
};

const timeout: INodeProperties = {
	displayName: 'Time Limit (Seconds)',
	name: 'timeout',
	type: 'number',
	typeOptions: { minValue: 1, numberPrecision: 0 },
	default: DEFAULT_TIMEOUT_SECONDS,
	description: 'How long to wait for each task. A longer task keeps running at CometAPI; you can fetch it later.',
};

const onTimeout: INodeProperties = {
	displayName: 'When the Time Limit Is Reached',
	name: 'onTimeout',
	type: 'options',
	options: [
		{
			name: 'Return the Task',
			value: 'returnTask',
			description: 'Output the unfinished task, so that you can fetch it later',
		},
		{
			name: 'Stop With an Error',
			value: 'error',
			description: 'Fail, with an error that names the tasks and says how to fetch them',
		},
	],
	default: 'error',
	description: 'What to do with a task that has not finished by then',
};

const runwayVersion: INodeProperties = {
	displayName: 'Runway API Version',
	name: 'runwayVersion',
	type: 'string',
	default: DEFAULT_RUNWAY_VERSION,
	placeholder: 'e.g. 2024-11-06',
	description:
		"Version of Runway's API, sent as the header X-Runway-Version. Change it only if CometAPI asks for another date.",
};

const includeRaw: INodeProperties = {
	displayName: 'Include Raw Response',
	name: 'includeRaw',
	type: 'boolean',
	default: false,
	description: "Whether to add CometAPI's last response, unchanged, to the output in the field raw",
};

const additionalFields: INodeProperties = {
	displayName: 'Additional Fields (JSON)',
	name: 'additionalFields',
	type: 'json',
	default: '{}',
	placeholder: 'e.g. { "newField": "value" }',
	description:
		'A JSON object to merge into the request body, for API fields that this node does not have yet. It overrides the other fields.',
};

/** An execution that sleeps needs this n8n's own address. */
const callbackUrl: INodeProperties = {
	displayName: 'Callback URL',
	name: 'callbackUrl',
	type: 'string',
	default: '',
	placeholder: 'e.g. https://n8n.example.com/webhook/runway',
	description:
		'Where CometAPI reports that the task has ended. Leave empty to use an address of this n8n, which needs no setup. To continue in another workflow, enter the production URL of its Runway Callback Trigger, and set When to Continue to At Once.',
	displayOptions: { show: { '/completion': ['wait', 'return'] } },
};

const maxTasksInProgress: INodeProperties = {
	displayName: 'Max Tasks in Progress',
	name: 'maxTasksInProgress',
	type: 'number',
	typeOptions: { minValue: 0, numberPrecision: 0 },
	default: 0,
	description:
		'How many tasks may render at the same time. When one ends, the next one is created. 0 creates all at once.',
	displayOptions: { show: { '/completion': ['wait'] } },
};

const sendAnyway: INodeProperties = {
	displayName: 'Send Anyway',
	name: 'sendAnyway',
	type: 'boolean',
	default: false,
	description:
		'Whether to send values that the node finds doubtful, such as a duration that CometAPI does not document. CometAPI may refuse them, or bill for a result that is not what you want.',
};

const always = [maxParallel, timeout, runwayVersion, includeRaw];
const ofWait = [pollInterval, onTimeout];

/** The options by what a node or an operation does. */
export const runOptions = {
	/** Creates tasks. */
	create: [
		...always,
		additionalFields,
		maxTasksInProgress,
		sendAnyway,
		...spendingOptions,
		...fileOptions.ofItem.map((option) => shownIf({ ...unlessAtOnce, ...withFile }, option)),
		...ofWait.map((option) => shownIf(unlessAtOnce, option)),
	],
	/** Creates tasks whose end CometAPI reports. */
	callback: [callbackUrl],
	/** Waits for tasks, and fetches their files if the user wants them. */
	wait: [...always, apiField, ...fileOptions.ofItem.map((option) => shownIf(withFile, option)), ...ofWait],
	/** Fetches files of tasks. */
	download: [...always, apiField, ...fileOptions.ofItem],
	/** Operations that read tasks. */
	look: [...always, apiField],
	/** Starts workflows when tasks end, and fetches their files if the user wants them. There is no item to name them after. */
	trigger: [includeRaw, runwayVersion, ...fileOptions.ofTask.map((option) => shownIf(withFile, option))],
} as const satisfies Record<string, readonly INodeProperties[]>;

/** A collection whose entries are sorted by their label, as n8n's users expect. */
export function optionsField(entries: readonly INodeProperties[]): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		options: [...entries].sort((a, b) => (a.displayName < b.displayName ? -1 : 1)),
	};
}
