import type { INodeProperties } from 'n8n-workflow';

import { familyNames } from './families';

/** Which of CometAPI's two families of routes a task belongs to. */
export const apiField: INodeProperties = {
	displayName: 'API',
	name: 'api',
	type: 'options',
	options: [
		{
			name: 'Compatibility',
			value: 'compatibility',
			description: `Tasks of ${familyNames.compatibility}, or of another client's /runway/pro calls`,
		},
		{
			name: 'Detect Automatically',
			value: 'auto',
			description: 'Try both APIs, starting with the one named in the item',
		},
		{
			name: 'Official',
			value: 'official',
			description: `Tasks of ${familyNames.official}, or of another client's /runwayml/v1 calls`,
		},
	],
	default: 'auto',
	description: "Which of CometAPI's two Runway APIs knows the task",
};

/** The fields by which the task operations name what they look at. */
export const taskFields: INodeProperties[] = [
	{
		displayName: 'Task ID',
		name: 'taskId',
		type: 'string',
		default: '={{ $json.taskId }}',
		required: true,
		placeholder: 'e.g. 7c1f0e52-4b6d-4a38-9f21-2d5e8b90c3aa',
		description: 'One ID or several, as a list or separated by commas, spaces or lines. Each becomes an output item.',
	},
	apiField,
];
