import type { TaskOperation } from '../operation';
import { taskFields } from '../../../shared/panel/taskFields';

export const get: TaskOperation = {
	kind: 'task',
	resource: 'task',
	value: 'get',
	name: 'Get',
	action: 'Get a task',
	description: 'Look up the present state of a task; a failed task is data, not an error',
	waits: false,
	file: 'never',
	unfinishedIsError: false,
	fields: taskFields,
};
