import type { INodeProperties } from 'n8n-workflow';

import { apiField } from '../shared/panel/taskFields';
import { triggerFields } from '../shared/panel/triggerFields';

const shownFor = (watch: string, fields: INodeProperties[]): INodeProperties[] =>
	fields.map((field) => ({ ...field, displayOptions: { show: { watch: [watch] } } }));

const notice = (name: string, displayName: string): INodeProperties => ({
	displayName,
	name,
	type: 'notice',
	default: '',
});

/** The sources of tasks. */
const places = [
	[
		'register',
		'Tasks of This n8n',
		'The tasks that Runway nodes have created in any workflow, with the same credential',
	],
	[
		'account',
		'Tasks of the CometAPI Account (Experimental)',
		'The tasks of all programs that use the account. Needs an access token in the credential.',
	],
	['ids', 'Tasks With These IDs', 'The tasks whose IDs you enter, for example from another service'],
].map(([value = '', name = '', description = '']) => ({ name, value, description }));

/** The operations whose tasks the register has, by the names of the panel. */
const operations = [
	['actOne', 'Act-One'],
	['characterPerformance', 'Character Performance (Act-Two)'],
	['generate', 'Generate Image'],
	['imageToVideo', 'Image to Video'],
	['generateFromImage', 'Image to Video (Camera Motion)'],
	['restyle', 'Restyle'],
	['generateFromText', 'Text to Video'],
	['upscale', 'Upscale'],
	['videoToVideo', 'Video to Video (Aleph)'],
].map(([value = '', name = '']) => ({ name, value }));

export const watchFields: INodeProperties[] = [
	{
		displayName: 'Watch',
		name: 'watch',
		type: 'options',
		noDataExpression: true,
		options: places,
		default: 'register',
		description: 'Where the trigger finds the tasks',
	},
	...shownFor('register', [
		notice(
			'registerNotice',
			'The trigger finds the tasks in the register, a list that Runway nodes keep in this n8n while "Keep a Register of Tasks" is on in their credential. Choose the same credential here.',
		),
		{
			displayName: 'Which Tasks',
			name: 'which',
			type: 'options',
			options: [
				{
					name: 'All',
					value: 'all',
					description: 'Every task that ends from now on, including those whose result a Runway node delivers itself',
				},
				{
					name: 'Only What Nobody Has Received',
					value: 'undelivered',
					description: 'Tasks created with At Once, and tasks whose execution was stopped, failed or crashed',
				},
			],
			default: 'all',
			description: 'Which tasks start the workflow. Each task starts it once.',
		},
	]),
	...shownFor('account', [
		notice(
			'accountNotice',
			'CometAPI does not document the list of tasks that this uses, so it may stop working. It needs an access token from the CometAPI console in the credential. The trigger begins with tasks that end from now on.',
		),
	]),
	...shownFor('ids', [
		{
			displayName: 'Task IDs',
			name: 'taskIds',
			type: 'string',
			typeOptions: { rows: 4 },
			default: '',
			required: true,
			placeholder: 'e.g. 7c1f0e52-4b6d-4a38-9f21-2d5e8b90c3aa',
			description:
				'The tasks to watch, as a list or separated by commas, spaces or lines. A task that has ended is not checked again.',
		},
		apiField,
	]),
	...triggerFields(),
	...shownFor('register', [
		{
			displayName: 'Filters',
			name: 'filters',
			type: 'collection',
			placeholder: 'Add Filter',
			default: {},
			options: [
				{
					displayName: 'Operations',
					name: 'operations',
					type: 'multiOptions',
					options: operations,
					default: [],
					description: 'Only tasks of these operations. Leave empty for all.',
				},
				{
					displayName: 'Workflow Names or IDs',
					name: 'workflows',
					type: 'multiOptions',
					typeOptions: { loadOptionsMethod: 'getWorkflows' },
					default: [],
					description:
						'Only tasks that these workflows have created. Leave empty for all. Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.',
				},
			],
		},
	]),
];
