import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { familyNames } from './families';

/** Fields about how the node runs: waiting, files, limits. The same for all operations. */

export const DEFAULT_TIMEOUT_SECONDS = 900;
export const DEFAULT_MAX_PARALLEL = 5;
export const DEFAULT_MAX_FILE_SIZE_MB = 2_000;
export const DEFAULT_RUNWAY_VERSION = '2024-11-06';

export const noticeFields: INodeProperties[] = [
	{
		displayName:
			'Every item creates one task that CometAPI bills. All items are checked before the first one is sent. Stopping the execution cancels nothing at CometAPI.',
		name: 'costNotice',
		type: 'notice',
		default: '',
	},
];

const whenFinished: INodePropertyOptions = {
	name: 'When Finished',
	value: 'wait',
	description: 'Wait here until all tasks have ended, then pass on their results',
};
const atOnce: INodePropertyOptions = {
	name: 'At Once',
	value: 'return',
	description: 'Pass on the task IDs without waiting; fetch the results later with the Task resource',
};
const whenCalledBack: INodePropertyOptions = {
	name: 'When CometAPI Calls Back',
	value: 'suspend',
	description: 'Put the execution to sleep, which survives a restart, until CometAPI reports that all tasks have ended',
};
const whenTriggerCalls: INodePropertyOptions = {
	name: 'When a Runway Trigger Reports the End',
	value: 'suspend',
	description:
		'Put the execution to sleep, which survives a restart, until a Runway Trigger that watches the register of tasks sees that all tasks have ended',
};
const calledBackNotice =
	'CometAPI must be able to reach this n8n from the internet, or a published Runway Trigger must watch the register of tasks. If neither reports the end, the execution resumes at the time limit and outputs its items with their task IDs; fetch the results with Task → Wait. Failed tasks come out as items with the status "failed".';
const triggerNotice =
	'Two things are needed: "Keep a Register of Tasks" switched on in the credential, and a published workflow with a Runway Trigger that watches "Tasks of This n8n". Without the trigger, the execution sleeps until the time limit and outputs its items with their task IDs; fetch the results with Task → Wait. Failed tasks come out as items with the status "failed".';

/** @param callsBack whether CometAPI reports the end of the operation's tasks; if not, a Runway Trigger does */
export function completionFields(callsBack: boolean): INodeProperties[] {
	const field: INodeProperties = {
		displayName: 'When to Continue',
		name: 'completion',
		type: 'options',
		noDataExpression: true,
		options: [whenFinished, callsBack ? whenCalledBack : whenTriggerCalls, atOnce],
		default: 'wait',
		description: 'Whether the next node receives the finished result or the task that has just been created',
	};
	const notice: INodeProperties = {
		displayName: callsBack ? calledBackNotice : triggerNotice,
		name: 'suspendNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { completion: ['suspend'] } },
	};
	return [field, notice];
}

/**
 * @param show further display conditions of the switch; null leaves the switch out, because the file
 * always comes
 */
export function downloadFields(show: Record<string, string[]> | null): INodeProperties[] {
	const fileField: INodeProperties = {
		displayName: 'Put Output File in Field',
		name: 'binaryField',
		type: 'string',
		default: 'data',
		required: true,
		placeholder: 'e.g. data',
		hint: 'The name of the output binary field to put the file in',
	};
	if (show === null) return [fileField];
	return [
		{
			displayName: 'Download File',
			name: 'download',
			type: 'boolean',
			default: true,
			description:
				'Whether to fetch the finished file into n8n. Its URL expires after a day or two, so the file is what lasts.',
			...(Object.keys(show).length > 0 ? { displayOptions: { show } } : {}),
		},
		{ ...fileField, displayOptions: { show: { ...show, download: [true] } } },
		{
			displayName:
				'The URLs in the output expire after a day or two. Fetch what you want to keep before that, or later with Task → Download.',
			name: 'expiryNotice',
			type: 'notice',
			default: '',
			displayOptions: { show: { ...show, download: [false] } },
		},
	];
}

const maxParallel: INodeProperties = {
	displayName: 'Max Parallel Requests',
	name: 'maxParallel',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 50, numberPrecision: 0 },
	default: DEFAULT_MAX_PARALLEL,
	description: 'How many requests to CometAPI may be under way at the same time',
};

export const maxFileSize: INodeProperties = {
	displayName: 'Max File Size (MB)',
	name: 'maxFileSize',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: DEFAULT_MAX_FILE_SIZE_MB,
	description:
		'Larger files are not downloaded: the item keeps the URL and explains why in downloadError. Enter 0 for no limit.',
};

const fileName: INodeProperties = {
	displayName: 'File Name',
	name: 'fileName',
	type: 'string',
	default: '',
	placeholder: 'e.g. {{ $json.title }}',
	description: 'Name of the file, without its ending. Leave empty for "runway-" and the task ID.',
};

const allFiles: INodeProperties = {
	displayName: 'Download All Files',
	name: 'allFiles',
	type: 'boolean',
	default: false,
	description:
		'Whether to fetch every result, the poster and the last frame as far as CometAPI has them. Further results get numbered binary fields such as data_1; the stills get "poster" and "last_frame".',
};

const pollInterval: INodeProperties = {
	displayName: 'Poll Interval (Seconds)',
	name: 'pollInterval',
	type: 'number',
	typeOptions: { minValue: 0, maxValue: 300 },
	default: 0,
	description: 'Seconds between two looks at the same task. 0 adapts the pace to the age of the task.',
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
		{ name: 'Return the Task', value: 'returnTask', description: 'Pass on the unfinished task, to be fetched later' },
		{ name: 'Stop With an Error', value: 'error', description: 'The error names the tasks and how to fetch them' },
	],
	default: 'error',
	description: 'What to do with a task that has not finished by then',
};

export const runwayVersion: INodeProperties = {
	displayName: 'Runway API Version',
	name: 'runwayVersion',
	type: 'string',
	default: DEFAULT_RUNWAY_VERSION,
	placeholder: 'e.g. 2024-11-06',
	description:
		"Version of Runway's API, sent as the header X-Runway-Version. Change it only if CometAPI asks for another date.",
};

export const includeRaw: INodeProperties = {
	displayName: 'Include Raw Response',
	name: 'includeRaw',
	type: 'boolean',
	default: false,
	description: "Whether to add CometAPI's last answer, as it came, to the output under the name raw",
};

const additionalFields: INodeProperties = {
	displayName: 'Additional Fields (JSON)',
	name: 'additionalFields',
	type: 'json',
	default: '{}',
	placeholder: 'e.g. { "newField": "value" }',
	description: 'A JSON object that is merged into the request body last, for fields that the API gains later',
};

const callbackUrl: INodeProperties = {
	displayName: 'Callback URL',
	name: 'callbackUrl',
	type: 'string',
	default: '',
	placeholder: 'e.g. https://n8n.example.com/webhook/runway',
	description: `Where CometAPI reports to when a task of ${familyNames.compatibility} has ended. Leave empty to use an address of this n8n, which needs no set-up. To continue in another workflow, enter the production URL of its Runway Callback Trigger and choose At Once. When CometAPI Calls Back always uses this n8n's own address.`,
};

/** A collection whose entries are sorted by their label, as n8n's users expect. */
export function optionsField(entries: INodeProperties[]): INodeProperties {
	return {
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add Option',
		default: {},
		options: [...entries].sort((a, b) => (a.displayName < b.displayName ? -1 : 1)),
	};
}

const maxTasksInProgress: INodeProperties = {
	displayName: 'Max Tasks in Progress',
	name: 'maxTasksInProgress',
	type: 'number',
	typeOptions: { minValue: 0, numberPrecision: 0 },
	default: 0,
	description:
		'How many tasks may render at the same time. The next one is created when one has ended. 0 creates all at once.',
	displayOptions: { show: { '/completion': ['wait'] } },
};

const lookOptions = [maxParallel, timeout, runwayVersion, includeRaw];
const fileOptions = [...lookOptions, maxFileSize, fileName, allFiles];
const waitOptions = [...fileOptions, pollInterval, onTimeout];
const createOptions = [...waitOptions, additionalFields, maxTasksInProgress];

/** The options by what an operation does: none is offered that would have no effect. */
export const optionsFields = {
	/** Creates tasks whose end CometAPI reports. It has all the options. */
	createWithCallback: optionsField([...createOptions, callbackUrl]),
	create: optionsField(createOptions),
	wait: optionsField(waitOptions),
	download: optionsField(fileOptions),
	look: optionsField(lookOptions),
} as const;
