import type { IExecuteFunctions } from 'n8n-workflow';

import { credentialIdOf } from '../../shared/api/credential';
import { redact } from '../../shared/api/redact';
import type { Register } from '../../shared/register/register';
import type { StoredRow, TaskRow } from '../../shared/register/row';
import { roundOf } from './cutOff';
import type { CreateJob, TaskJob } from './job';

/** The rows that jobs have in the register: new ones for requests, and those of existing tasks. */

/** Characters of a prompt. */
const LONGEST_PROMPT = 200;
/** Up to this many tasks that are only read are searched for one by one. */
const MOST_LOOK_UPS = 20;
/** Of more tasks, the rows are among the undelivered ones, the newest first. */
const MOST_UNDELIVERED = 5_000;

/** The columns that are the same for all rows of a run. */
export type PlaceOfRun = Pick<
	TaskRow,
	'workflowId' | 'workflowName' | 'executionId' | 'nodeName' | 'runIndex' | 'credentialId' | 'createdTime'
>;

export function placeOf(context: IExecuteFunctions): PlaceOfRun {
	const { id = '', name = '' } = context.getWorkflow();
	return {
		workflowId: id,
		workflowName: name,
		executionId: context.getExecutionId(),
		nodeName: context.getNode().name,
		runIndex: roundOf(context),
		credentialId: credentialIdOf(context),
		createdTime: new Date().toISOString(),
	};
}

/** The row of a request before it is sent. */
export function newRow(job: CreateJob, requestId: string, place: PlaceOfRun): TaskRow {
	const { operation, model, prompt, itemIndex, fingerprint } = job;
	return {
		...place,
		requestId,
		taskId: null,
		status: 'sending',
		delivered: false,
		operation: operation.value,
		api: operation.api,
		model: model ?? null,
		prompt: prompt === undefined ? null : redact(prompt).slice(0, LONGEST_PROMPT),
		itemIndex,
		fingerprint,
		endedTime: null,
		cost: null,
		failure: null,
		resumeUrl: null,
	};
}

/** The rows of existing tasks, by task ID. */
export async function rowsOf(
	register: Register,
	credentialId: string,
	jobs: readonly TaskJob[],
): Promise<Map<string | null, StoredRow>> {
	const find = async (where: Partial<TaskRow>, limit: number) =>
		(await register.find({ where: { ...where, credentialId }, limit })) ?? [];
	const rows =
		jobs.length > MOST_LOOK_UPS
			? await find({ delivered: false }, MOST_UNDELIVERED)
			: (await Promise.all(jobs.map(async ({ taskId }) => await find({ taskId }, 1)))).flat();
	return new Map(rows.map((row) => [row.taskId, row]));
}
