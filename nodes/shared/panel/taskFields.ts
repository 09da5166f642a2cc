import type { INodeProperties } from 'n8n-workflow';

import { familyNames } from './families';

/** Which of CometAPI's two API families a task belongs to. */
export const apiField: INodeProperties = {
	displayName: 'Task Created By',
	name: 'api',
	type: 'options',
	options: [
		{
			name: 'Any Operation',
			value: 'auto',
			description: 'Finds out by itself, starting with what the item says. Almost always right.',
		},
		{
			name: familyNames.compatibility,
			value: 'compatibility',
			description: "Also another program's call of /runway/pro",
		},
		{
			name: familyNames.official,
			value: 'official',
			description: "Also another program's call of /runwayml/v1",
		},
	],
	default: 'auto',
	description: 'The operations that may have created the task. CometAPI keeps the tasks of the two groups apart.',
};

/** The fields in which the task operations name their tasks. */
export const taskFields: INodeProperties[] = [
	{
		displayName: 'Task ID',
		name: 'taskId',
		type: 'string',
		default: '={{ $json.taskId }}',
		required: true,
		placeholder: 'e.g. 7c1f0e52-4b6d-4a38-9f21-2d5e8b90c3aa',
		description:
			'One ID or several, as a list or separated by commas, spaces or line breaks. Each becomes an output item.',
	},
];
