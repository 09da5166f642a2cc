import { NodeOperationError, type IPollFunctions } from 'n8n-workflow';

import { apiField } from '../shared/panel/taskFields';
import { familyChoice } from '../shared/parameters/commonOptions';
import * as z from '../shared/parameters/zod';
import { taskIdsOf } from '../shared/task/ids';
import { faultOf } from '../shared/trigger/errors';
import { checked } from '../shared/trigger/settings';
import type { NewestTask, OpenSource } from './source';
import { MAX_TASKS } from './watchlist';

/** The tasks whose IDs are in the panel. */

export const openIds: OpenSource = async (context, { events }) => {
	const { ids, api } = readIds(context);
	return await Promise.resolve({
		ids,
		apiFor: () => api,
		wants: (_taskId, event) => (events.has(event) ? 'emit' : 'skip'),
		save: () => ({}),
	});
};

export const firstOfIds: NewestTask = async (context) => {
	const { ids, api } = readIds(context);
	const [taskId] = ids;
	if (taskId === undefined) {
		throw new NodeOperationError(context.getNode(), 'There is no task to show', {
			description: 'Enter at least one task ID. Every Runway node outputs the IDs of its tasks as taskId.',
		});
	}
	return await Promise.resolve({ taskId, api });
};

function readIds(context: IPollFunctions) {
	const ids = taskIdsOf(context.getNodeParameter('taskIds', ''));
	if (ids.length > MAX_TASKS) throw faultOf(context, 'Task IDs', `must name no more than ${MAX_TASKS} tasks`);
	const { api } = checked(context, z.object({ api: familyChoice }), [apiField], {
		api: context.getNodeParameter('api', 'auto'),
	});
	return { ids, api };
}
