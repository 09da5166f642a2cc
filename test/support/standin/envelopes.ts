import type { Phase } from './progress';
import type * as types from './types';
import type { CreateShape, EnvelopeName, JsonObject, JsonValue, NotExistShape, WrappedResult } from './types';

/** What an envelope says about a task, whichever envelope it is. Times are milliseconds; null means not yet. */
export interface TaskView {
	id: string;
	/** `generate` for the compatibility family, otherwise `IMAGE_TO_VIDEO` and the like. */
	action: string;
	asset: 'video' | 'image';
	phase: Phase;
	share: number;
	prompt: string;
	failure: { code: string | null; message: string } | null;
	createdAt: number;
	startedAt: number | null;
	finishedAt: number | null;
	updatedAt: number;
	/** The finished asset; null before the end, or where it is withheld. */
	resultUrl: string | null;
	posterUrl: string | null;
	lastFrameUrl: string | null;
	/** Adds what the task costs, where the envelope has a field for it. */
	costs: boolean;
	/** The word for the state, in place of the envelope's own. */
	word: string | undefined;
}

const POINTS = '320';
const CREDITS = 25;
/** The gateway's internal units: 500,000 for a dollar. */
const QUOTA = 160_000;
/** The numbers of an account's tasks begin anywhere. */
const FIRST_RECORD = 90_410;
const GATEWAY_OFFSET_MS = 8 * 3_600_000;

const unixSeconds = (ms: number | null) => (ms === null ? 0 : Math.floor(ms / 1000));
const isTerminal = (phase: Phase) => phase === 'succeeded' || phase === 'failed' || phase === 'cancelled';
const isGoing = (phase: Phase) => phase === 'queued' || phase === 'throttled';

/** The answer of a get-task route in the envelope named. */
export function taskEnvelope(view: TaskView, name: EnvelopeName, result: WrappedResult): JsonObject {
	switch (name) {
		case 'official-flat':
			return official(view, new Date(view.createdAt).toISOString());
		case 'official-lowercase':
			return officialLowercase(view);
		case 'wrapped':
			return wrapped(view, result);
		case 'feed-flat':
			return feedFlat(view);
		case 'feed-minimal':
			return isTerminal(view.phase) ? feedFlat(view) : { task_id: view.id };
		case 'numeric':
			return { code: 200, msg: '成功', data: numericData(view), exec_time: 0.027331, ...senderIp(view) };
		case 'numeric-short':
			return { code: 200, msg: '成功', data: numericShortData(view), exec_time: 0.022208 };
		case 'numeric-state':
			return { code: 200, msg: '成功', data: numericStateData(view), exec_time: 0 };
		default:
			return foreign(view, name);
	}
}

const officialWords: Readonly<Record<Phase, string>> = {
	throttled: 'THROTTLED',
	queued: 'PENDING',
	running: 'RUNNING',
	succeeded: 'SUCCEEDED',
	failed: 'FAILED',
	cancelled: 'CANCELLED',
	unknown: 'UNKNOWN',
};

/** Runway's own task object, as the get-task page shows it. */
function official(view: TaskView, createdAt: string): JsonObject {
	const { phase, failure } = view;
	const task: JsonObject = { id: view.id, status: view.word ?? officialWords[phase], createdAt };
	if (phase === 'running') task.progress = Number(view.share.toFixed(4));
	if (phase === 'succeeded' && view.resultUrl !== null) task.output = [view.resultUrl];
	if (phase === 'failed' && failure) Object.assign(task, { failure: failure.message, failureCode: failure.code });
	if (view.costs && !isTerminal(phase)) task.estimatedCost = { credits: CREDITS };
	if (view.costs && isTerminal(phase)) task.cost = { credits: phase === 'succeeded' ? CREDITS : 0 };
	return task;
}

function officialLowercase(view: TaskView): JsonObject {
	const task: JsonObject = { id: view.id, status: view.word ?? officialWords[view.phase].toLowerCase() };
	if (view.phase === 'succeeded' && view.resultUrl !== null) task.output = [view.resultUrl];
	if (view.phase === 'failed') task.error = view.failure?.message ?? null;
	return task;
}

const foreignWords: Readonly<Record<Phase, string>> = {
	throttled: 'queued',
	queued: 'queued',
	running: 'processing',
	succeeded: 'completed',
	failed: 'failed',
	cancelled: 'cancelled',
	unknown: 'unknown',
};

const foreignResults: Readonly<Record<types.ForeignEnvelope, (url: string) => JsonObject>> = {
	'output-objects': (url) => ({ output: [{ url }] }),
	'output-video-url': (url) => ({ output: { video_url: url } }),
	'video-object': (url) => ({ video: { url } }),
	'plain-url': (url) => ({ url }),
};

/** The bodies of other providers, as gateways of the family pass them on. */
function foreign(view: TaskView, name: types.ForeignEnvelope): JsonObject {
	const { phase, resultUrl, failure } = view;
	return {
		id: view.id,
		status: view.word ?? foreignWords[phase],
		...(resultUrl === null ? {} : foreignResults[name](resultUrl)),
		...(phase === 'failed' && failure ? { error: { code: failure.code, message: failure.message } } : {}),
	};
}

/** The words that the gateway's task table goes through before rendering. */
function queueWord(share: number): { status: string; progress: string } {
	if (share < 1 / 3) return { status: 'NOT_START', progress: '0%' };
	return share < 2 / 3 ? { status: 'SUBMITTED', progress: '10%' } : { status: 'QUEUED', progress: '0%' };
}

const gatewayWords: Readonly<Partial<Record<Phase, string>>> = {
	running: 'IN_PROGRESS',
	succeeded: 'SUCCESS',
	failed: 'FAILURE',
	cancelled: 'CANCELLED',
	unknown: 'UNKNOWN',
};

function gatewayStatus({ phase, share, word }: TaskView): { status: string; progress: string } {
	const status = word ?? gatewayWords[phase];
	if (status === undefined) return queueWord(phase === 'throttled' ? 1 : share);
	if (phase === 'unknown') return { status, progress: '0%' };
	return { status, progress: isTerminal(phase) ? '100%' : `${Math.floor(share * 100)}%` };
}

function gatewayTask(view: TaskView, failReason: string, extra: JsonObject): JsonObject {
	const { status, progress } = gatewayStatus(view);
	return {
		task_id: view.id,
		action: view.action,
		status,
		fail_reason: failReason,
		...extra,
		submit_time: unixSeconds(view.createdAt),
		start_time: unixSeconds(view.startedAt),
		finish_time: unixSeconds(view.finishedAt),
		progress,
	};
}

/** `{code:"success", data:{…, data:{…}}}`; a finished asset is where `result` says. */
function wrapped(view: TaskView, result: WrappedResult): JsonObject {
	const done = view.phase === 'succeeded' && view.resultUrl !== null;
	const failReason = view.failure?.message ?? (done && result === 'fail_reason' ? (view.resultUrl ?? '') : '');
	const extra: JsonObject = {
		...(view.costs ? { quota: QUOTA } : {}),
		...(done && result === 'result_url' ? { result_url: view.resultUrl } : {}),
	};
	const outer = gatewayTask(view, failReason, extra);
	const bare = outer.status === 'NOT_START' || view.phase === 'unknown' || (done && result === 'fail_reason');
	return { code: 'success', message: '', data: { ...outer, data: bare ? null : inner(view, result) } };
}

/** A task as the list of the account's tasks shows it: the wrapped form without its envelope, as a record. */
export function accountEntry(view: TaskView, result: WrappedResult, number: number, userId: number): JsonObject {
	const { data } = wrapped(view, result);
	return {
		id: FIRST_RECORD + number,
		created_at: unixSeconds(view.createdAt),
		updated_at: unixSeconds(view.updatedAt),
		platform: 'runway',
		user_id: userId,
		group: 'default',
		channel_id: 0,
		quota: QUOTA,
		properties: view.prompt === '' ? null : { input: view.prompt },
		...(data as JsonObject),
	};
}

function inner(view: TaskView, result: WrappedResult): JsonValue {
	if (result === 'video_url') return numericStateData(view);
	if (result === 'nested') return { code: 200, msg: '成功', data: numericStateData(view), exec_time: 0.021 };
	const shown = result === 'output' ? view : { ...view, resultUrl: null };
	return official({ ...shown, word: undefined }, gatewayTime(view.createdAt));
}

/** ISO 8601 at +08:00, as the wrapped bodies give it. */
function gatewayTime(ms: number): string {
	return new Date(ms + GATEWAY_OFFSET_MS).toISOString().replace(/\.\d+Z$/, '+08:00');
}

function feedFlat(view: TaskView): JsonObject {
	const extra: JsonObject = view.resultUrl === null ? {} : { result_url: view.resultUrl };
	const task = gatewayTask(view, view.failure?.message ?? '', extra);
	if (view.phase === 'succeeded') task.data = { id: view.id, status: 'SUCCEEDED' };
	return task;
}

const numbers: Readonly<Record<Phase, string>> = {
	throttled: '0',
	queued: '0',
	running: '1',
	failed: '2',
	cancelled: '2',
	succeeded: '3',
	unknown: '9',
};

const states: Readonly<Partial<Record<Phase, string>>> = { succeeded: 'succeeded', failed: 'failed' };

/** The numeric task object: the `data` of the feed's older envelope, and the whole body of a callback. */
function numericData(view: TaskView) {
	return {
		task_id: view.id,
		status: numbers[view.phase],
		prompt: view.prompt,
		prompt_en: view.prompt,
		video_url: view.resultUrl,
		poster: view.posterUrl,
		last_frame: view.lastFrameUrl,
		msg: view.failure?.message ?? null,
		point: POINTS,
		refund: view.phase === 'failed' || view.phase === 'cancelled' ? '1' : '0',
		create_time: String(unixSeconds(view.createdAt)),
		update_time: String(unixSeconds(view.updatedAt)),
	};
}

/** Some gateways add their address to the answer for a finished task. */
function senderIp(view: TaskView): JsonObject {
	return view.phase === 'succeeded' ? { ip: '203.0.113.24' } : {};
}

function numericShortData(view: TaskView): JsonObject {
	const { task_id, status, video_url, msg, point, refund, create_time, update_time } = numericData(view);
	return { task_id, status, prompt: '', video_url, msg, point, refund, create_time, update_time };
}

function numericStateData(view: TaskView): JsonObject {
	if (isGoing(view.phase)) return initialData(view.id);
	return { ...numericData(view), state: states[view.phase] ?? '' };
}

function initialData(id: string): JsonObject {
	return {
		task_id: id,
		state: '',
		status: '0',
		prompt: '',
		prompt_en: null,
		video_url: null,
		raw_video_url: null,
		poster: null,
		last_frame: null,
		msg: null,
		create_time: '0',
		update_time: '0',
	};
}

/** The answer of a create route in the shape named. */
export function createEnvelope(id: string, name: CreateShape): JsonObject {
	switch (name) {
		case 'C1':
			return { code: 200, message: '', msg: 'success', data: { task_id: id } };
		case 'C2':
			return { code: 200, msg: '成功', data: { task_id: id }, exec_time: 0.418204 };
		case 'C3':
			return { code: 200, msg: 'success', data: emptyStringsData(id), exec_time: 17.205113 };
		case 'C4':
			return { code: 200, msg: '成功', data: initialData(id), exec_time: 0 };
		case 'C5':
			return { id };
		case 'C6':
			return { id, estimatedCost: { credits: CREDITS } };
		case 'C7':
			return {};
	}
}

function emptyStringsData(id: string): JsonObject {
	const nothing = { prompt_en: null, video_url: null, poster: null, last_frame: null, msg: null };
	const empty = { point: '', refund: '', create_time: '', update_time: '' };
	return { task_id: id, state: '', status: '', prompt: '', ...nothing, ...empty };
}

/** The body of a callback, in the form that the documentation shows or in that of its general guide. */
export function callbackBody(view: TaskView, shape: 'documented' | 'generic'): JsonObject {
	if (shape === 'documented') return numericData(view);
	const status = view.phase === 'succeeded' ? 'completed' : isTerminal(view.phase) ? 'failed' : 'processing';
	const body: JsonObject = { task_id: view.id, status, progress: Math.floor(view.share * 100) };
	if (view.resultUrl !== null) body.result = { video_url: view.resultUrl };
	if (view.failure) body.error = view.failure.message;
	return body;
}

/** How a get-task route says that it doesn't know a task: HTTP status and body. */
export function notExist(id: string, shape: NotExistShape, requestId: string): { status: number; body: JsonObject } {
	switch (shape) {
		case 'top-level':
			return { status: 400, body: { code: 'task_not_exist', message: 'task_not_exist', data: null } };
		case 'error-envelope':
			return { status: 400, body: cometError('task_not_exist', requestId, 'task_not_exist') };
		case 'status-200':
			return { status: 200, body: { id, status: 'task_not_exist' } };
		case 'data-null':
			return { status: 200, body: { code: 'success', data: null } };
	}
}

/** CometAPI's general error envelope (E1). */
export function cometError(message: string, requestId: string, code = ''): JsonObject {
	return {
		error: { message: `${message} (request id: ${requestId})`, type: 'comet_api_error', param: '', code },
	};
}

/** The error envelope of the task routes (E2). */
export function taskError(code: string, message: string): JsonObject {
	return { code, message, data: null };
}

/** A refusal inside HTTP 200 (E3), as the compatibility routes may answer. */
export function businessError(msg: string, code = 400): JsonObject {
	return { code, msg, data: null, exec_time: 0.091 };
}

/** The body of Runway's own refusals (E5). */
export function runwayError(message: string): JsonObject {
	return { error: message };
}

/** The body of Runway's refusals of a create body (fact sheet 8.2). */
export function runwayIssues(issues: readonly types.Issue[]): JsonObject {
	return {
		error: 'Validation of body failed',
		issues: issues.map(({ code, path, message }) => ({ code, path: [...path], message })),
		docUrl: 'https://docs.dev.runwayml.com/api',
	};
}
