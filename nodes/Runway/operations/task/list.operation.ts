import type { ListOperation } from '../operation';

const ofRegister = { show: { '/source': ['register'] } };

/** The sources of tasks. */
const places = [
	[
		'register',
		'Tasks of This n8n',
		'The tasks of this n8n that were created with this credential since the register of tasks was switched on. Switch it on in the credential: Keep a Register of Tasks.',
	],
	[
		'account',
		'Tasks of the CometAPI Account',
		'Experimental, because CometAPI does not document this list. It includes tasks that other programs have created. Needs the access token in the credential.',
	],
].map(([value = '', name = '', description = '']) => ({ name, value, description }));

/** Reads the register of tasks, or GET /api/task/self (fact sheet 8.4). */
export const list: ListOperation = {
	kind: 'list',
	resource: 'task',
	value: 'list',
	name: 'Get Many',
	action: 'Get many tasks',
	description: 'List the tasks of this n8n, or of the whole CometAPI account',
	fields: [
		{
			displayName: 'Source',
			name: 'source',
			type: 'options',
			options: places,
			default: 'register',
			description: 'Where to look for tasks',
		},
		{
			displayName: 'Status',
			name: 'status',
			type: 'multiOptions',
			options: [
				{
					name: 'Being Sent',
					value: 'sending',
					description: 'No task ID so far. If it stays like this, it is unknown whether there is a task.',
				},
				{ name: 'Cancelled', value: 'cancelled', description: 'The task was cancelled' },
				{ name: 'Failed', value: 'failed', description: 'The task has ended without a result' },
				{ name: 'In Progress', value: 'created', description: 'The task was created, and has not been seen to end' },
				{ name: 'Not Created', value: 'notCreated', description: 'The request was refused, so there is no task' },
				{
					name: 'Not Sent Yet',
					value: 'notSent',
					description: 'It is still waiting its turn, or the run ended first, so there is no task',
				},
				{ name: 'Outcome Unknown', value: 'unknown', description: 'There may be a task, but its ID is unknown' },
				{ name: 'Succeeded', value: 'succeeded', description: 'The task has ended with a result' },
			],
			default: [],
			description:
				'Which tasks to list. Leave it empty for all. Requests without a task ID (Being Sent, Not Created, Not Sent Yet, Outcome Unknown) are only in the register, and are listed only if you choose them here.',
		},
		{
			displayName: 'Return All',
			name: 'returnAll',
			type: 'boolean',
			default: false,
			description: 'Whether to return all results or only up to a given limit',
		},
		{
			displayName: 'Limit',
			name: 'limit',
			type: 'number',
			typeOptions: { minValue: 1, numberPrecision: 0 },
			default: 50,
			displayOptions: { show: { returnAll: [false] } },
			description: 'Max number of results to return',
		},
		{
			displayName: 'Filters',
			name: 'filters',
			type: 'collection',
			placeholder: 'Add Filter',
			default: {},
			options: [
				{
					displayName: 'Created After',
					name: 'createdAfter',
					type: 'dateTime',
					default: '',
					description: "List only tasks created at this time or later, by the workflow's time zone",
				},
				{
					displayName: 'Created Within (Days)',
					name: 'withinDays',
					type: 'number',
					typeOptions: { minValue: 0 },
					default: 7,
					description: 'List only tasks created within this many days. You can enter parts of a day, such as 0.5.',
				},
				{
					displayName: 'Delivered',
					name: 'delivered',
					type: 'options',
					options: [
						{ name: 'Any', value: 'any', description: 'Whether they have been delivered or not' },
						{ name: 'No', value: 'no', description: 'Only tasks that no workflow has received so far' },
						{ name: 'Yes', value: 'yes', description: 'Only tasks that a workflow has received' },
					],
					default: 'no',
					displayOptions: ofRegister,
					description:
						'A task is delivered once a Runway node has output it after it ended, or a trigger has started a workflow for it',
				},
				{
					displayName: 'Workflow',
					name: 'workflow',
					type: 'options',
					options: [
						{ name: 'All', value: 'all', description: 'Tasks of all workflows' },
						{ name: 'By Name or ID', value: 'named', description: 'Tasks of the workflow that you name' },
						{ name: 'This Workflow', value: 'this', description: 'Tasks of the workflow that this node is in' },
					],
					default: 'this',
					displayOptions: ofRegister,
					description: 'Which workflow created the tasks',
				},
				{
					displayName: 'Workflow Name or ID',
					name: 'workflowName',
					type: 'string',
					default: '',
					displayOptions: { show: { ...ofRegister.show, workflow: ['named'] } },
					placeholder: 'e.g. Product clips',
					description:
						"The workflow's name when it created the tasks, or its ID, which is in its address in the editor",
				},
			],
		},
	],
};
