import { isWebPage } from '../judgement/classify';
import { rulings } from '../judgement/judge';
import { readCreated, readTask } from '../task/parse';
import type { ApiFamily, TaskState } from '../task/task';
import { networkProblem, ownProblem, responseProblem, type Problem } from './problem';
import type { ApiAnswer, ApiRequest, Send } from './send';

/**
 * CometAPI's Runway routes as functions. Rules that must not regress:
 *
 * 1. A create is sent by exactly one call of `create` and never again from in here. There is no
 *    idempotency key and no documented list of tasks at CometAPI, so a second send may be a second bill.
 * 2. Whether an answer proves that nothing was created is said by the table of judgement, and nowhere else. A timeout,
 *    a reset, a 5xx or an unreadable 2xx is `unknown`: the task may exist.
 * 3. Reads are free and safe to repeat; the caller repeats them, as the table of judgement says.
 */
export interface RunwayClient {
	create(path: string, body: Record<string, unknown>): Promise<CreateOutcome>;
	/** Reads a task from the route of one API family. */
	read(taskId: string, api: ApiFamily): Promise<ReadOutcome>;
}

export type CreateOutcome =
	| { kind: 'created'; taskId: string; state: TaskState }
	/** Nothing was created, for certain. `retryAfterMs`: how long the API wants to be left alone, if it said so. */
	| { kind: 'notCreated'; problem: Problem; retryAfterMs: number | null }
	/** A task may have been created and billed. */
	| { kind: 'unknown'; problem: Problem }
	| { kind: 'aborted' };

export type ReadOutcome =
	| { kind: 'task'; state: TaskState }
	/** No task in the answer; its reason says what that means. An id that is not known (yet) is `notVisible`. */
	| { kind: 'trouble'; problem: Problem; retryAfterMs: number | null }
	| { kind: 'aborted' };

export interface ClientOptions {
	/** Sent as `X-Runway-Version`, such as `2024-11-06`. */
	runwayVersion: string;
	createTimeoutMs?: number;
	readTimeoutMs?: number;
	/** Milliseconds since the epoch; for reading `Retry-After` dates. */
	now?: () => number;
}

/** Creates carry data URIs of several megabytes and wait for the provider to accept. */
const CREATE_TIMEOUT_MS = 120_000;
const READ_TIMEOUT_MS = 30_000;
/** A create that is under way when the execution is stopped is billed anyway, and only its answer contains the id. */
const CREATE_AFTER_STOP_MS = 10_000;
/** No server may park a batch for longer than this. */
const MAX_RETRY_AFTER_MS = 60_000;

/** Makes a client over an injected `send`, so that it can be tested without n8n. */
export function createRunwayClient(send: Send, options: ClientOptions): RunwayClient {
	const { runwayVersion, createTimeoutMs = CREATE_TIMEOUT_MS, readTimeoutMs = READ_TIMEOUT_MS } = options;
	const now = options.now ?? Date.now;
	const headers = { 'X-Runway-Version': runwayVersion };

	return {
		async create(path, body) {
			const request = { path, body, headers, timeoutMs: createTimeoutMs, afterStopMs: CREATE_AFTER_STOP_MS };
			return createOutcome(await send({ method: 'POST', ...request }), now());
		},
		async read(taskId, api) {
			// The two ids that encoding can't keep from leaving the route.
			if (taskId === '.' || taskId === '..') return { kind: 'trouble', problem: noSuchId, retryAfterMs: null };
			const answer = await send({ ...readRequest(taskId, api), headers, timeoutMs: readTimeoutMs });
			return readOutcome(answer, taskId, now());
		},
	};
}

function readRequest(taskId: string, api: ApiFamily): Pick<ApiRequest, 'method' | 'path' | 'body'> {
	return api === 'compatibility'
		? { method: 'POST', path: '/runway/feed', body: { task_id: taskId } }
		: { method: 'GET', path: `/runwayml/v1/tasks/${encodeURIComponent(wellFormed(taskId))}` };
}

/** Half of a character can't be encoded; no id has one. */
function wellFormed(taskId: string): string {
	return taskId.replace(/\p{Surrogate}/gu, '\ufffd');
}

const noSuchId = ownProblem('notVisible', 'task_not_exist');

function createOutcome(answer: ApiAnswer, now: number): CreateOutcome {
	if (answer.kind === 'aborted') return answer;
	const problem = answer.kind === 'response' ? responseProblem(answer) : networkProblem(answer);
	if (answer.kind === 'response' && isSuccess(answer.status)) {
		const reading = readCreated(answer.body);
		if (reading.kind === 'created') return reading;
		// Words and codes of a 2xx count only if it is a refusal; a web page can't come from the route that creates tasks.
		if (reading.kind === 'unreadable' && problem.reason !== 'wrongUrl') problem.reason = 'unreadable';
		if (reading.kind === 'refused' && problem.reason === 'unreadable') problem.reason = 'badRequest';
	}
	return rulings[problem.reason].mayHaveCreated
		? { kind: 'unknown', problem }
		: { kind: 'notCreated', problem, retryAfterMs: retryAfter(answer, now) };
}

function readOutcome(answer: ApiAnswer, taskId: string, now: number): ReadOutcome {
	if (answer.kind === 'aborted') return answer;
	if (answer.kind === 'response') {
		const reading = readTask(answer.body);
		if (reading.kind === 'task' && isSuccess(answer.status) && !isOtherFailure(reading.state, taskId)) return reading;
		// `task_not_exist` is documented with several HTTP statuses, and a plain 404 says the same (fact sheet 3.2, 4.2).
		if (reading.kind === 'notVisible' || (answer.status === 404 && !isWebPage(answer.body))) {
			return { kind: 'trouble', problem: responseProblem(answer, 'notVisible'), retryAfterMs: null };
		}
	}
	const problem = answer.kind === 'response' ? responseProblem(answer) : networkProblem(answer);
	return { kind: 'trouble', problem, retryAfterMs: retryAfter(answer, now) };
}

/** An error of the API can look like a failed task, but has another id. */
function isOtherFailure({ status, taskId }: TaskState, asked: string): boolean {
	return (status === 'failed' || status === 'cancelled') && taskId?.toLowerCase() !== asked.toLowerCase();
}

function isSuccess(status: number): boolean {
	return status >= 200 && status < 300;
}

/** Milliseconds that the API asked to wait, from seconds or an HTTP date, capped; null if it did not. */
function retryAfter(answer: ApiAnswer, now: number): number | null {
	if (answer.kind !== 'response') return null;
	const inMs = Number.parseFloat(answer.headers['retry-after-ms'] ?? '');
	if (Number.isFinite(inMs)) return cap(inMs);
	const value = answer.headers['retry-after'];
	if (value === undefined) return null;
	if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return cap(Number(value) * 1000);
	const date = Date.parse(value);
	return Number.isNaN(date) ? null : cap(date - now);
}

function cap(milliseconds: number): number {
	return Math.min(MAX_RETRY_AFTER_MS, Math.max(0, milliseconds));
}
