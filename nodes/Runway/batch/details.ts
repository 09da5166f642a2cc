import type { IDataObject } from 'n8n-workflow';

import type { Problem } from '../../shared/api/problem';
import { redactDeep } from '../../shared/api/redact';
import { appearedDetails } from './appeared';
import { taskOf, type Outcome } from './job';
import { hasFailed, type PaidRecord } from './paid';

/** The facts of outcomes as data, for error items and the details of errors. */

/** The task of an outcome, in a list of one; an empty list if there is none. */
export function taskDetails(outcome: Outcome): IDataObject[] {
	const task = taskOf(outcome);
	return task === null ? [] : [{ taskId: task.taskId, api: task.api, status: task.state?.status ?? 'unknown' }];
}

/** All that is known of an outcome. */
export function detailsOf(outcome: Outcome): IDataObject {
	const details: IDataObject = { ...taskDetails(outcome)[0] };
	const problem = apiProblemOf(outcome);
	const state = taskOf(outcome)?.state;
	if (state?.failure) details.failure = redactDeep(state.failure) as IDataObject;
	if (state?.cost) details.cost = { ...state.cost };
	if (outcome.kind === 'noResult') details.raw = redactDeep(state?.raw) as IDataObject;
	if (outcome.kind === 'maybeCreated') {
		details.created = 'unknown';
		if (outcome.appeared !== undefined) details.appearedTasks = appearedDetails(outcome.appeared);
	}
	const isRefused = ['notCreated', 'notSent', 'invalid', 'overLimit'].includes(outcome.kind);
	if (isRefused || (outcome.kind === 'unresolved' && outcome.task === null)) details.created = false;
	if (problem !== null) {
		details.httpStatus = problem.status;
		details.code = problem.code;
		details.requestId = problem.requestId;
		details.answer = problem.excerpt;
	}
	return details;
}

/** The tasks that earlier attempts paid for and no item reuses. */
export function unclaimedDetails(unclaimed: readonly PaidRecord[]): IDataObject[] {
	return unclaimed.flatMap((record) =>
		'taskId' in record ? [{ taskId: record.taskId, status: hasFailed(record) ? 'failed' : 'unknown' }] : [],
	);
}

/** What the API answered; null if the outcome is no answer of the API. */
export function apiProblemOf(outcome: Outcome): Problem | null {
	return 'problem' in outcome ? outcome.problem : null;
}
