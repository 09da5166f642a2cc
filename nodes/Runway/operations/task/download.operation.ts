import type { TaskOperation } from '../operation';
import { taskFields } from '../../../shared/panel/taskFields';

export const download: TaskOperation = {
	kind: 'task',
	resource: 'task',
	value: 'download',
	name: 'Download',
	action: 'Download task result',
	description: 'Fetch the file of a finished task, even if its URL has expired',
	waits: false,
	file: 'always',
	unfinishedIsError: true,
	fields: taskFields,
};
