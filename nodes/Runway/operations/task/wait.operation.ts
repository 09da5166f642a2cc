import type { TaskOperation } from '../operation';
import { taskFields } from '../../../shared/panel/taskFields';

export const wait: TaskOperation = {
	kind: 'task',
	resource: 'task',
	value: 'wait',
	name: 'Wait',
	action: 'Wait for task',
	description: 'Wait until a task has ended, then fetch its result',
	waits: true,
	file: 'optional',
	unfinishedIsError: true,
	fields: taskFields,
};
