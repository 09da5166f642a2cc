import { isRetryableFailure } from './failure';
import { isObject, type Json } from './json';
import type { TaskState, TaskStatus } from './task';

/**
 * Reads every envelope in which CometAPI and its sister gateways are documented to answer (the wrapped
 * one, the flat official one, the flat feed, the numeric feed, callbacks, and a few that only articles
 * show). The documentation contradicts itself, so nothing here depends on the route that was asked.
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
	/** The API said no in so many words: nothing was created. */
	| { kind: 'refused'; message: string | null; code: string | null }
	/** No task id anywhere: a task may or may not exist. */
	| { kind: 'unreadable' };

const statusByWord: Readonly<Record<string, TaskStatus>> = {
	PENDING: 'queued',
	THROTTLED: 'queued',
	QUEUED: 'queued',
	SUBMITTED: 'queued',
	NOT_START: 'queued',
	'0': 'queued',
	RUNNING: 'running',
	IN_PROGRESS: 'running',
	PROCESSING: 'running',
	'1': 'running',
	SUCCEEDED: 'succeeded',
	SUCCESS: 'succeeded',
	COMPLETED: 'succeeded',
	'3': 'succeeded',
	FAILED: 'failed',
	FAILURE: 'failed',
	ERROR: 'failed',
	'2': 'failed',
	CANCELLED: 'cancelled',
	CANCELED: 'cancelled',
};

/** How deep envelopes nest: the wrapped form may hold a numeric one, which holds the task. */
const MAX_ENVELOPES = 4;
const NOT_VISIBLE = 'task_not_exist';

/** Reads the body of a get-task answer or of a callback, whatever its HTTP status was. */
export function readTask(body: unknown): TaskReading {
	if (!isObject(body)) return { kind: 'notATask', message: null, code: null };
	if (saysNotVisible(body)) return { kind: 'notVisible' };

	const layers = envelopes(body);
	const isEndedTask = firstText(layers, ['task_id', 'id']) !== null && statusOf(layers).rawStatus !== null;
	if ((hasError(body) && !isEndedTask) || isRefusal(body)) {
		return { kind: 'notATask', message: errorMessage(body), code: errorCode(body) };
	}
	if ('data' in body && body.data === null && !('status' in body)) return { kind: 'notVisible' };

	const taskId = firstText(layers, ['task_id', 'id']);
	const hasStatus = layers.some((layer) => text(layer.status) !== null || text(layer.state) !== null);
	if (taskId === null && !hasStatus) {
		return { kind: 'notATask', message: errorMessage(body), code: errorCode(body) };
	}
	return { kind: 'task', state: stateOf(body, layers, taskId) };
}

/** Reads the body of a create answer that came with a 2xx status. */
export function readCreated(body: unknown): CreateReading {
	if (!isObject(body)) return { kind: 'unreadable' };
	const taskId = createdId(body);
	// An id outweighs a strange code: losing it could lose a paid task. Beside an error it proves nothing.
	if (taskId !== null) {
		return hasError(body)
			? { kind: 'unreadable' }
			: { kind: 'created', taskId, state: stateOf(body, envelopes(body), taskId) };
	}
	if (hasError(body) || isRefusal(body)) {
		return { kind: 'refused', message: errorMessage(body), code: errorCode(body) };
	}
	return { kind: 'unreadable' };
}

/** The id of a new task where the documentation has it; a number only where there is no text, since gateways number their own records. */
function createdId(body: Json): string | null {
	const data = isObject(body.data) ? body.data : {};
	const candidates = [body.id, body.task_id, data.task_id, data.id];
	const texts = candidates.filter((candidate) => typeof candidate === 'string');
	return [...texts, ...candidates].map(text).find((found) => found !== null) ?? null;
}

/** An `error` that says something: gateways fill the fields that they do not use with empty texts. */
function hasError(body: Json): boolean {
	return isObject(body.error) ? Object.keys(body.error).length > 0 : text(body.error) !== null;
}

/** The API's own words for what went wrong, from any of its error envelopes. */
export function errorMessage(body: unknown): string | null {
	if (typeof body === 'string') return null;
	if (!isObject(body)) return null;
	const data = isObject(body.data) ? body.data : {};
	const nested = isObject(body.error) ? body.error : {};
	const candidates = [nested.message, body.error, body.message, body.msg, data.msg, data.fail_reason, body.failure];
	for (const candidate of candidates) {
		const found = text(candidate);
		if (found !== null) return unwrapJsonError(found);
	}
	return null;
}

/** The text code of an error, such as `callback_url_empty`, or null. */
export function errorCode(body: unknown): string | null {
	if (!isObject(body)) return null;
	const nested = isObject(body.error) ? body.error : {};
	return text(nested.code) ?? text(body.code);
}

/** True where any of the documented forms says that the id is not known. */
function saysNotVisible(body: Json): boolean {
	const nested = isObject(body.error) ? body.error : {};
	const exact = [body.code, nested.code, body.status];
	if (exact.some((value) => text(value)?.toLowerCase() === NOT_VISIBLE)) return true;
	const loose = [body.message, body.msg, nested.message, body.error];
	return loose.some((value) => typeof value === 'string' && value.toLowerCase().includes(NOT_VISIBLE));
}

/** A `code` that is neither 200 nor "success" is a refusal, as number or as text. */
function isRefusal(body: Json): boolean {
	const code = text(body.code);
	return code !== null && code !== '200' && code.toLowerCase() !== 'success';
}

/** The body and the objects nested in its `data` (or the guide's `result`), outermost first. */
function envelopes(body: Json): Json[] {
	const layers: Json[] = [body];
	let current: unknown = body;
	while (isObject(current) && layers.length < MAX_ENVELOPES) {
		const next: unknown = isObject(current.data) ? current.data : current.result;
		if (!isObject(next)) break;
		layers.push(next);
		current = next;
	}
	return layers;
}

function stateOf(body: Json, layers: Json[], taskId: string | null): TaskState {
	const { status: said, rawStatus } = statusOf(layers);
	const urls = urlsOf(layers, said);
	const status = correctedStatus(said, rawStatus, urls, layers);

	return {
		taskId,
		status,
		rawStatus,
		progress: status === 'succeeded' ? 100 : firstOf(layers, (layer) => percent(layer.progress)),
		...urls,
		failure: status === 'failed' || status === 'cancelled' ? failureOf(layers, status) : null,
		submittedAt: firstOf(
			layers,
			(layer) => time(layer.submit_time) ?? time(layer.createdAt) ?? time(layer.create_time),
		),
		startedAt: firstOf(layers, (layer) => time(layer.start_time)),
		finishedAt:
			firstOf(layers, (layer) => time(layer.finish_time)) ??
			(status === 'succeeded' || status === 'failed' ? firstOf(layers, (layer) => time(layer.update_time)) : null),
		raw: body,
	};
}

/** The outermost status leads; inner ones speak only where it is missing or unknown. */
function statusOf(layers: Json[]): { status: TaskStatus; rawStatus: string | null } {
	let seen: string | null = null;
	for (const layer of layers) {
		for (const raw of [text(layer.status), text(layer.state)]) {
			if (raw === null) continue;
			const status = statusByWord[raw.toUpperCase()];
			if (status !== undefined) return { status, rawStatus: raw };
			seen ??= raw;
		}
	}
	// An id without any status word is a task that has only just been accepted.
	return seen === null ? { status: 'queued', rawStatus: null } : { status: 'unknown', rawStatus: seen };
}

/**
 * One gateway documents the numeric codes the other way round (2 = success). A "failed" that brings a
 * video and no reason is therefore taken at its video: a paid result must not be thrown away.
 */
function correctedStatus(said: TaskStatus, raw: string | null, urls: Urls, layers: Json[]): TaskStatus {
	if (said === 'failed' && raw === '2' && urls.assetUrls.length > 0 && failureText(layers) === null) return 'succeeded';
	return said;
}

type Urls = Pick<TaskState, 'videoUrl' | 'imageUrl' | 'posterUrl' | 'lastFrameUrl' | 'assetUrls'>;

function urlsOf(layers: Json[], status: TaskStatus): Urls {
	const posterUrl = firstOf(layers, (layer) => httpUrl(layer.poster));
	const lastFrameUrl = firstOf(layers, (layer) => httpUrl(layer.last_frame));
	const assetUrls: string[] = [];
	const add = (value: unknown) => {
		const found = httpUrl(value);
		if (found !== null && !assetUrls.includes(found)) assetUrls.push(found);
	};
	for (const layer of layers) {
		for (const value of Array.isArray(layer.output) ? layer.output : [layer.output]) add(value);
		add(layer.video_url);
		add(layer.image_url);
		add(layer.result_url);
	}
	// Older code of the gateway family keeps the result's URL in fail_reason.
	if (assetUrls.length === 0 && status === 'succeeded') layers.forEach((layer) => add(layer.fail_reason));

	return {
		videoUrl: assetUrls.find((found) => !isImageUrl(found)) ?? null,
		imageUrl: assetUrls.find(isImageUrl) ?? null,
		posterUrl,
		lastFrameUrl,
		assetUrls,
	};
}

function failureOf(layers: Json[], status: TaskStatus) {
	const code = firstText(layers, ['failureCode', 'failure_code']);
	const message =
		failureText(layers) ?? (status === 'cancelled' ? 'The task was cancelled.' : 'The provider gave no reason.');
	return { code, message, retryable: status === 'failed' && isRetryableFailure(code, message) };
}

function failureText(layers: Json[]): string | null {
	const nested = layers.flatMap(({ error }) => (isObject(error) ? [error] : []));
	const found =
		firstText(layers.slice().reverse(), ['failure', 'fail_reason', 'error']) ??
		firstText(nested, ['message', 'msg']) ??
		firstText(
			layers.filter((layer) => 'task_id' in layer),
			['msg'],
		);
	return found === null || httpUrl(found) !== null ? null : found;
}

/** Some gateways put the provider's JSON error into their own message as text. */
function unwrapJsonError(message: string): string {
	if (!message.startsWith('{')) return message;
	try {
		return errorMessage(JSON.parse(message)) ?? message;
	} catch {
		return message;
	}
}

/** Percent from `"37%"`, `0.37`, `37` or `"37"`; a bare number up to 1 is a fraction. */
function percent(value: unknown): number | null {
	const isFraction = typeof value === 'number' || (typeof value === 'string' && !value.includes('%'));
	const amount = typeof value === 'string' ? Number.parseFloat(value) : value;
	if (typeof amount !== 'number' || !Number.isFinite(amount)) return null;
	const scaled = isFraction && amount <= 1 ? amount * 100 : amount;
	return Math.min(100, Math.max(0, Math.round(scaled * 10) / 10));
}

/** Unix seconds as number or text (0 = not yet), or an ISO date with any offset, as ISO in UTC. */
function time(value: unknown): string | null {
	const seconds = typeof value === 'number' ? value : /^\d+$/.test(text(value) ?? '') ? Number(value) : null;
	if (seconds !== null) return seconds > 0 ? isoOrNull(seconds * 1000) : null;
	const iso = text(value);
	return iso === null ? null : isoOrNull(Date.parse(iso));
}

function isoOrNull(milliseconds: number): string | null {
	const date = new Date(milliseconds);
	return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function isImageUrl(value: string): boolean {
	return /\.(png|jpe?g|webp|gif|avif)$/i.test(new URL(value).pathname);
}

function httpUrl(value: unknown): string | null {
	const candidate = text(value);
	if (candidate === null || !/^https?:\/\//i.test(candidate)) return null;
	return URL.canParse(candidate) ? candidate : null;
}

function firstText(layers: Json[], keys: readonly string[]): string | null {
	return firstOf(layers, (layer) => {
		for (const key of keys) {
			const found = text(layer[key]);
			if (found !== null) return found;
		}
		return null;
	});
}

function firstOf<T>(layers: Json[], read: (layer: Json) => T | null): T | null {
	for (const layer of layers) {
		const found = read(layer);
		if (found !== null) return found;
	}
	return null;
}

/** A trimmed, non-empty string; numbers as text, because status and codes come as both. */
function text(value: unknown): string | null {
	if (typeof value === 'number') return String(value);
	if (typeof value !== 'string') return null;
	const trimmed = value.trim();
	return trimmed === '' ? null : trimmed;
}
