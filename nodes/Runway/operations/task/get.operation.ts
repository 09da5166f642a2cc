import type { TaskOperation } from '../operation';
import { taskFields } from '../../../shared/panel/taskFields';

export const get: TaskOperation = {
	kind: 'task',
	resource: 'task',
	value: 'get',
	name: 'Get',
	action: 'Get task',
	description: 'Get the current state of a task without waiting. A failed task is data, not an error.',
	waits: false,
	file: 'never',
	unfinishedIsError: false,
	fields: taskFields,
};
