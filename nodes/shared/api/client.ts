import { readCreated, readTask, type CreateReading } from '../task/parse';
import type { Api, TaskState } from '../task/task';
import { networkProblem, responseProblem, type Problem } from './problem';
import type { ApiAnswer, ApiRequest, Send } from './send';

/**
 * CometAPI's Runway routes as functions. Rules that must not regress:
 *
 * 1. A create is sent by exactly one call of `create` and never again from in here. There is no
 *    idempotency key and no list of tasks at CometAPI, so a second send may be a second bill.
 * 2. `create` says `notCreated` only where the API refused in so many words or the connection never came
 *    about. A timeout, a reset, a 5xx or an unreadable 2xx is `unknown`: the task may exist.
 * 3. Reads are free and safe to repeat; whether to repeat them is the caller's business.
 */
export interface RunwayClient {
	create(path: string, body: Record<string, unknown>): Promise<CreateOutcome>;
	/** Reads a task from the route of one family. */
	read(taskId: string, api: Api): Promise<ReadOutcome>;
}

export type CreateOutcome =
	| { kind: 'created'; taskId: string; state: TaskState }
	/** Certainly nothing was created. `resend`: the same request may be sent again, after the wait. */
	| { kind: 'notCreated'; problem: Problem; resend: boolean; retryAfterMs: number | null }
	/** A task may have been created and billed. */
	| { kind: 'unknown'; problem: Problem }
	| { kind: 'aborted' };

export type ReadOutcome =
	| { kind: 'task'; state: TaskState }
	/** The id is not known to this route (yet). */
	| { kind: 'notVisible' }
	/** Worth asking again. `retryAfterMs`: what the API asked for, if it did. */
	| { kind: 'passing'; problem: Problem; retryAfterMs: number | null }
	/** Asking again changes nothing. */
	| { kind: 'refused'; problem: Problem }
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
/** A create that is under way when the execution is stopped is billed all the same, and only its answer tells the id. */
const CREATE_AFTER_STOP_MS = 10_000;
/** Codes in an HTTP 200 by which a gateway says that it lost sight of the request. */
const GATEWAY_FAULTS: ReadonlySet<string> = new Set(['408', '502', '503', '504', '524']);

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
			if (taskId === '.' || taskId === '..') return { kind: 'notVisible' };
			return readOutcome(await send({ ...readRequest(taskId, api), headers, timeoutMs: readTimeoutMs }), now());
		},
	};
}

function readRequest(taskId: string, api: Api): Pick<ApiRequest, 'method' | 'path' | 'body'> {
	return api === 'compatibility'
		? { method: 'POST', path: '/runway/feed', body: { task_id: taskId } }
		: { method: 'GET', path: `/runwayml/v1/tasks/${encodeURIComponent(wellFormed(taskId))}` };
}

/** Half of a character can't be encoded; no id has one. */
function wellFormed(taskId: string): string {
	return taskId.replace(/\p{Surrogate}/gu, '\ufffd');
}

function createOutcome(answer: ApiAnswer, now: number): CreateOutcome {
	if (answer.kind === 'aborted') return { kind: 'aborted' };
	if (answer.kind === 'noResponse') {
		const problem = networkProblem(answer);
		return answer.mayHaveArrived
			? { kind: 'unknown', problem }
			: { kind: 'notCreated', problem, resend: true, retryAfterMs: null };
	}
	if (isSuccess(answer.status)) return acceptedOutcome(answer, readCreated(answer.body));

	const problem = responseProblem(answer);
	if (problem.reason === 'server') return { kind: 'unknown', problem };
	const resend = answer.status === 429;
	return { kind: 'notCreated', problem, resend, retryAfterMs: resend ? retryAfter(answer.headers, now) : null };
}

function acceptedOutcome(answer: Extract<ApiAnswer, { kind: 'response' }>, reading: CreateReading): CreateOutcome {
	if (reading.kind === 'created') return reading;
	const problem = responseProblem(answer);
	// A web page is documented as the sign of a wrong address: it can't come from the route that creates tasks.
	const isRefused = reading.kind === 'refused' && !GATEWAY_FAULTS.has(reading.code ?? '');
	const isCertain = isRefused || problem.reason === 'wrongUrl';
	return isCertain ? { kind: 'notCreated', problem, resend: false, retryAfterMs: null } : { kind: 'unknown', problem };
}

function readOutcome(answer: ApiAnswer, now: number): ReadOutcome {
	if (answer.kind === 'aborted') return { kind: 'aborted' };
	if (answer.kind === 'noResponse') return { kind: 'passing', problem: networkProblem(answer), retryAfterMs: null };

	// `task_not_exist` is documented with several HTTP statuses, so it is looked for before the status.
	const reading = readTask(answer.body);
	if (reading.kind === 'notVisible') return { kind: 'notVisible' };
	if (isSuccess(answer.status) && reading.kind === 'task') return { kind: 'task', state: reading.state };

	const problem = responseProblem(answer);
	const passing: ReadonlySet<Problem['reason']> = new Set(['rateLimit', 'server', 'unreadable', 'network']);
	return passing.has(problem.reason) || isSuccess(answer.status)
		? { kind: 'passing', problem, retryAfterMs: retryAfter(answer.headers, now) }
		: { kind: 'refused', problem };
}

function isSuccess(status: number): boolean {
	return status >= 200 && status < 300;
}

/** Milliseconds that the API asked to wait, from seconds or an HTTP date, capped; null where it did not. */
function retryAfter(headers: Record<string, string>, now: number): number | null {
	const inMs = Number.parseFloat(headers['retry-after-ms'] ?? '');
	if (Number.isFinite(inMs)) return cap(inMs);
	const value = headers['retry-after'];
	if (value === undefined) return null;
	if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return cap(Number(value) * 1000);
	const date = Date.parse(value);
	return Number.isNaN(date) ? null : cap(date - now);
}

function cap(milliseconds: number): number {
	return Math.min(MAX_RETRY_AFTER_MS, Math.max(0, milliseconds));
}
