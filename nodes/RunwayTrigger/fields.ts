import type { INodeProperties } from 'n8n-workflow';

import { apiField } from '../shared/panel/taskFields';
import { triggerFields } from '../shared/panel/triggerFields';

export const watchFields: INodeProperties[] = [
	{
		displayName:
			'This trigger watches the tasks whose IDs you enter, for example from another workflow or service. To wait for tasks that a Runway node creates in this workflow, no trigger is needed: the node waits itself.',
		name: 'watchNotice',
		type: 'notice',
		default: '',
	},
	{
		displayName: 'Task IDs',
		name: 'taskIds',
		type: 'string',
		typeOptions: { rows: 4 },
		default: '',
		required: true,
		placeholder: 'e.g. 7c1f0e52-4b6d-4a38-9f21-2d5e8b90c3aa',
		description:
			'The tasks to watch, as a list or separated by commas, spaces or lines. A task that has ended is not asked for again.',
	},
	apiField,
	...triggerFields(),
];
