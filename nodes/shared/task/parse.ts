import { costOf, percent, time } from './amounts';
import { failureOf, reasonOf } from './failure';
import { objectIn, type Json } from './json';
import { firstAt, hasTaskId, idIn, isNumeric, layersOf, taskIdOf, type Layers } from './layers';
import { errorCode, errorMessage, hasError, isRefusal, saysNotVisible, saysSuccess } from './refusal';
import { resultUrls } from './results';
import { isDoubtfulEnd, isUndocumentedEnd, statusOf, type SaidStatus } from './status';
import type { TaskState, TaskStatus } from './task';

/**
 * Reads every envelope in which CometAPI and its sister gateways are documented to answer (the wrapped
 * one, the flat official one, the flat feed, the numeric feed, callbacks, and a few that only articles
 * and reports show). The documentation contradicts itself, so nothing here depends on the route that was asked.
 */

/** What a get-task answer says about the task. */
export type TaskReading =
	| { kind: 'task'; state: TaskState }
	/** The API does not know the id (yet): normal in a task's first seconds. */
	| { kind: 'notVisible' }
	/** The API answered something that is not a task, such as a business error in an HTTP 200. */
	| { kind: 'notATask'; message: string | null; code: string | null };

/** What a create answer says. */
export type CreateReading =
	| { kind: 'created'; taskId: string; state: TaskState }
	/** The API refused explicitly: nothing was created. */
	| { kind: 'refused'; message: string | null; code: string | null }
	/** No task id anywhere: a task may or may not exist. */
	| { kind: 'unreadable' };

/** An ID in place of an envelope's content: longer than a word, with a digit, without spaces. */
const LONE_ID = /^(?=.*\d)[\w.:-]{8,200}$/;

/** Reads the body of a get-task answer or of a callback, whatever its HTTP status was. */
export function readTask(body: unknown): TaskReading {
	const answer = objectIn(body);
	if (answer !== null && saysNotVisible(answer)) return { kind: 'notVisible' };

	const layers = answer === null ? [] : layersOf(answer);
	const taskId = taskIdOf(layers);
	const said = statusOf(layers);
	if (answer === null || !isTask(answer, layers, taskId, said)) {
		const isNothingYet = answer?.data === null && !hasError(answer) && !isRefusal(answer);
		return isNothingYet
			? { kind: 'notVisible' }
			: { kind: 'notATask', message: errorMessage(body), code: errorCode(body) };
	}
	return { kind: 'task', state: stateOf(body, layers, taskId, said) };
}

function isTask(answer: Json, layers: Layers, taskId: string | null, { status, rawStatus }: SaidStatus): boolean {
	const hasFailed = status === 'failed' || status === 'cancelled';
	// A refusal may say that it failed, too, and have a record with a number.
	const isNamed = taskId !== null && !(hasFailed && isNumeric(taskId) && isRefusal(answer));
	// An ID with a status outweighs any code or error beside it.
	if (isNamed && rawStatus !== null) return true;
	if (hasError(answer) || isRefusal(answer)) return false;
	// Without an ID, a failure may be that of the request: taken for the task's, it would invite to pay again.
	if (!isNamed) return rawStatus !== null && !hasFailed;
	// Lists of anything have entries with IDs, such as those of models.
	return !Array.isArray(answer.data) || hasTaskId(layers);
}

/** Reads the body of a create answer that came with a 2xx status. */
export function readCreated(body: unknown): CreateReading {
	const answer = objectIn(body);
	if (answer === null) return { kind: 'unreadable' };
	const layers = layersOf(answer);
	const taskId = taskIdOf(layers) ?? loneId(answer);
	// An ID outweighs a strange code: losing it could lose a paid task. But a number may be that of the refusal's record.
	if (taskId === null || (isNumeric(taskId) && isRefusal(answer))) {
		return hasError(answer) || isRefusal(answer)
			? { kind: 'refused', message: errorMessage(answer), code: errorCode(answer) }
			: { kind: 'unreadable' };
	}
	// Beside an error an ID proves nothing.
	if (hasError(answer)) return { kind: 'unreadable' };
	return { kind: 'created', taskId, state: stateOf(body, layers, taskId, statusOf(layers)) };
}

/** The ID in an answer that says success and holds nothing else. */
function loneId(answer: Json): string | null {
	const content = saysSuccess(answer) ? idIn(answer.data) : null;
	return content !== null && LONE_ID.test(content) ? content : null;
}

function stateOf(body: unknown, layers: Layers, taskId: string | null, said: SaidStatus): TaskState {
	const urls = resultUrls(layers, said.status);
	const hasPaidResult = isDoubtfulEnd(said) && urls.assetUrls.length > 0 && reasonOf(layers) === null;
	const status: TaskStatus = hasPaidResult ? 'succeeded' : said.status;

	return {
		taskId,
		status,
		rawStatus: said.rawStatus,
		progress: status === 'succeeded' ? 100 : firstAt(layers, ['progress'], percent),
		...urls,
		failure: status === 'failed' || status === 'cancelled' ? failureOf(layers, status, isUndocumentedEnd(said)) : null,
		cost: costOf(layers, status),
		submittedAt: firstAt(layers, ['submit_time', 'createdAt', 'create_time'], time),
		startedAt: firstAt(layers, ['start_time'], time),
		finishedAt: finishedAt(layers, status),
		raw: body,
	};
}

/** The numeric form has no more than the time of its last change. */
function finishedAt(layers: Layers, status: TaskStatus): string | null {
	const hasEnded = status === 'succeeded' || status === 'failed';
	return firstAt(layers, ['finish_time'], time) ?? (hasEnded ? firstAt(layers, ['update_time'], time) : null);
}
