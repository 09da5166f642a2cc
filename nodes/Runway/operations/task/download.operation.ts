import type { TaskOperation } from '../operation';
import { taskFields } from '../../../shared/panel/taskFields';

export const download: TaskOperation = {
	kind: 'task',
	resource: 'task',
	value: 'download',
	name: 'Download',
	action: 'Download result of task',
	description: 'Fetch the file of a finished task, also where the URL you have has expired',
	waits: false,
	file: 'always',
	unfinishedIsError: true,
	fields: taskFields,
};
