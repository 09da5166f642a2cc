import type { TaskOperation } from '../operation';
import { taskFields } from '../../../shared/panel/taskFields';

export const get: TaskOperation = {
	kind: 'task',
	resource: 'task',
	value: 'get',
	name: 'Get',
	action: 'Get task',
	description: 'Look up the present state of a task without waiting. A failed task comes out as data.',
	waits: false,
	file: 'never',
	unfinishedIsError: false,
	fields: taskFields,
};
