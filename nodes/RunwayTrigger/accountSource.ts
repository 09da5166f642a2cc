import { NodeOperationError, type IPollFunctions } from 'n8n-workflow';

import { listAccountTasks, type AccountTask } from '../shared/api/accountTasks';
import { isTerminal } from '../shared/task/task';
import { apiError } from '../shared/trigger/errors';
import type { Describe, NewestTask, OpenSource } from './source';

/** All tasks of the CometAPI account, also those of other programs (fact sheet 8.4). */

/** Renders take minutes, and an API that is overloaded may hold a task back for hours. */
const LONGEST_RENDER_MS = 24 * 60 * 60_000;
const MOST_TASKS = 1_000;

export const openAccount: OpenSource = async (context, { events }, saved) => {
	const begunAt = Number(saved.begunAt) || Date.now();
	const tasks = await listTasks(context, new Date(begunAt - LONGEST_RENDER_MS));
	const byId = new Map(tasks.map((task) => [task.taskId, task]));
	/** The list gives whole seconds. */
	const beganAt = Math.floor(begunAt / 1_000) * 1_000;
	const isNews = ({ state, submittedAt }: AccountTask) =>
		isTerminal(state.status) ? Date.parse(state.finishedAt ?? submittedAt ?? '') >= beganAt : events.has('progressed');
	return {
		ids: tasks
			.filter(isNews)
			.map(({ taskId }) => taskId)
			.reverse(),
		apiFor: () => 'auto',
		wants: (_taskId, event) => (events.has(event) ? 'emit' : 'skip'),
		describe: (taskId) => describe(byId.get(taskId)),
		save: () => ({ begunAt }),
	};
};

export const newestOfAccount: NewestTask = async (context) => {
	const tasks = await listTasks(context);
	const [newest] = tasks;
	if (newest === undefined) {
		throw new NodeOperationError(context.getNode(), 'The account has no Runway task yet', {
			description: 'Create one, for example with a Runway node, then test the trigger again.',
		});
	}
	return { taskId: newest.taskId, api: 'auto', describe: () => describe(newest) };
};

async function listTasks(context: IPollFunctions, since?: Date): Promise<AccountTask[]> {
	const listed = await listAccountTasks(context, { since, limit: MOST_TASKS });
	switch (listed.kind) {
		case 'tasks':
			return listed.tasks;
		case 'trouble':
			throw apiError(context, listed.problem, { wanted: 'accountTasks' });
		case 'aborted':
			return [];
	}
}

function describe(task?: AccountTask): ReturnType<Describe> {
	const { action = null, model = null, prompt = null, submittedAt = null } = task ?? {};
	return { origin: { action, model, prompt, submittedAt } };
}
