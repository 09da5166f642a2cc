import type { IExecuteFunctions } from 'n8n-workflow';

import type { Problem } from '../../shared/api/problem';
import type { KnownTask } from '../../shared/task/task';
import type { CreateJob } from './job';
import { ordinal } from './words';

/**
 * Writes a task's ID to places that outlive the execution: to n8n's log, which is all that remains of a node that is
 * interrupted by a crash, and to the execution's custom data.
 */
export function noteTask(context: IExecuteFunctions, { itemIndex }: CreateJob, { taskId }: KnownTask): void {
	context.logger.info(`Runway task ${taskId} created (${placeOf(context, itemIndex)})`);
	noteInCustomData(context, taskId);
}

/** Writes to n8n's log that a task with an unknown id may exist, with the answer, which may contain the id. */
export function noteDoubt(context: IExecuteFunctions, { itemIndex }: CreateJob, { excerpt }: Problem): void {
	const answer = excerpt === null ? '' : `. The answer was: ${excerpt}`;
	context.logger.warn(`It is unknown whether a Runway task was created (${placeOf(context, itemIndex)})${answer}`);
}

/** The origin of a task in n8n. */
function placeOf(context: IExecuteFunctions, itemIndex: number): string {
	return `execution ${context.getExecutionId()}, node "${context.getNode().name}", ${ordinal(itemIndex)} item`;
}

/** n8n keeps ten keys of custom data per execution, and complains about values longer than this. */
const MAX_CUSTOM_DATA = 255;
/** n8n takes letters, digits and underscores for a name, which its editor shows beside the execution as "highlighted data". */
const TASK_KEYS = ['Runway_task_IDs', 'Runway_task_IDs_2', 'Runway_task_IDs_3'];
const STOP_KEY = 'Runway_after_stop';

interface CustomData {
	get(key: string): string | undefined;
	set(key: string, value: string): void;
}

function customDataOf(context: IExecuteFunctions): CustomData | undefined {
	const { customData } = context.getWorkflowDataProxy(0).$execution as { customData?: CustomData };
	return customData;
}

/**
 * Puts a task's ID into the execution's custom data, so that it can be found in n8n's list of executions
 * even if the execution was stopped or has failed. What does not fit is left out.
 */
export function noteInCustomData(context: IExecuteFunctions, taskId: string): void {
	const customData = customDataOf(context);
	if (customData === undefined) return;
	for (const key of TASK_KEYS) {
		const noted = customData.get(key);
		if (noted?.split(', ').includes(taskId)) return;
		const value = noted === undefined ? taskId : `${noted}, ${taskId}`;
		if (value.length > MAX_CUSTOM_DATA) continue;
		customData.set(key, value);
		return;
	}
}

/**
 * Says in the execution's custom data what a stopped run leaves at CometAPI: n8n keeps neither the error nor the output of a node
 * that is stopped.
 * @param what such as "2 of 3 still running at CometAPI"
 */
export function noteStop(context: IExecuteFunctions, what: string): void {
	const value = `${what}. To receive them: Runway node, Resource "Task", Operation "Wait", with the IDs in ${TASK_KEYS[0]}.`;
	customDataOf(context)?.set(STOP_KEY, value.slice(0, MAX_CUSTOM_DATA));
}
