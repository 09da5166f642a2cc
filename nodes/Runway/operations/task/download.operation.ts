import type { TaskOperation } from '../operation';
import { taskFields } from '../../../shared/panel/taskFields';

export const download: TaskOperation = {
	kind: 'task',
	resource: 'task',
	value: 'download',
	name: 'Download',
	action: 'Download the result of a task',
	description: 'Fetch the file of a finished task, with a fresh URL',
	waits: false,
	file: 'always',
	unfinishedIsError: true,
	fields: taskFields,
};
