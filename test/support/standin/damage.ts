import type { ServerResponse } from 'node:http';
import type { Answer, Api } from './api';
import { moved, page } from './api';
import { businessError, taskError } from './envelopes';
import type { Fault } from './types';

/** Writes an answer out whole. */
export function send(response: ServerResponse, answer: Answer, retryAfter?: number | string): void {
	if (response.destroyed) return;
	const body = bodyOf(answer);
	const headers: Record<string, string | number> = {
		...(answer.json || answer.type ? { 'Content-Type': answer.type ?? 'application/json; charset=utf-8' } : {}),
		'Content-Length': Buffer.byteLength(body),
		...answer.headers,
		...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
	};
	response.writeHead(answer.status, headers).end(body);
}

const bodyOf = (answer: Answer) => answer.text ?? (answer.json ? JSON.stringify(answer.json) : '');

/** Whether a fault concerns how an asset's bytes are sent, which only the asset store can do. */
export function isAssetFault({ kind }: Fault): boolean {
	return ['truncated', 'stall', 'endless', 'wrong-length', 'wrong-type'].includes(kind);
}

/**
 * Lets a fault happen to an answer: to its connection, or instead of it. `answer` is the one that was due; without it
 * the request was not looked at.
 */
export function damage(response: ServerResponse, fault: Fault, api: Api, answer?: Answer): void {
	switch (fault.kind) {
		case 'refuse':
		case 'reset-before':
		case 'reset-after':
			response.socket?.resetAndDestroy();
			return;
		case 'timeout':
		case 'timeout-after':
			return;
		case 'truncated-json':
			sendCut(response, answer ?? { status: 200, json: {} }, fault.length ?? 'cut');
			return;
		default:
			send(response, substitute(fault, api) ?? answer ?? { status: 200, json: {} }, fault.retryAfter);
	}
}

/** The answer that a fault puts in the place of the due one. */
function substitute(fault: Fault, api: Api): Answer | undefined {
	switch (fault.kind) {
		case 'redirect':
			return moved(fault.location ?? '/docs', fault.status);
		case 'html':
			return page(fault.status);
		case 'html-301':
			return moved(undefined);
		case 'wrong-json':
			return { status: 200, json: { ok: true, result: 'accepted' } };
		case 'empty-object':
			return { status: 200, json: {} };
		case 'status':
			return statusAnswer(fault, api);
		case 'invalid-request':
			return api.comet(500, fault.message ?? 'field options.seconds must be an integer', 'invalid_request');
		case 'business':
			return { status: 200, json: businessError(fault.message ?? 'the source image cannot be downloaded') };
		case 'insufficient-quota':
			return {
				status: 403,
				json: taskError('insufficient_user_quota', fault.message ?? 'balance too low for this task'),
			};
		case 'saturated':
			return { status: 429, json: taskError('fail_to_fetch_task', fault.message ?? '上游繁忙，请稍后再试') };
		default:
			return undefined;
	}
}

const statusMessages: Readonly<Record<number, string>> = {
	400: 'ratio must not be empty',
	401: 'invalid token',
	403: 'this request is not allowed',
	404: 'not found',
	413: 'the body is too large',
	429: 'too many requests, retry later',
	500: 'an internal error occurred',
	502: 'bad gateway',
	503: 'upstream is busy',
	504: 'upstream did not answer in time',
	524: 'a timeout occurred',
};

function statusAnswer(fault: Fault, api: Api): Answer {
	const status = fault.status ?? 503;
	const message = fault.message ?? statusMessages[status] ?? 'the request failed';
	switch (fault.shape ?? 'E1') {
		case 'E1':
			return api.comet(status, message, fault.code);
		case 'E2':
			return { status, json: taskError(fault.code ?? 'fail_to_fetch_task', message) };
		case 'E5':
			return { status, json: { error: message } };
		case 'text':
			return { status, text: `error code: ${status}`, type: 'text/plain; charset=utf-8' };
		case 'empty':
			return { status };
	}
}

/** Half of the body: with its own length stated (`honest`), or with the whole one stated and the connection cut. */
function sendCut(response: ServerResponse, answer: Answer, length: 'cut' | 'honest'): void {
	const whole = Buffer.from(bodyOf(answer));
	const half = whole.subarray(0, Math.floor(whole.length / 2));
	const stated = length === 'honest' ? half.length : whole.length;
	const type = answer.type ?? 'application/json; charset=utf-8';
	response.writeHead(answer.status, { 'Content-Type': type, 'Content-Length': stated });
	if (length === 'honest') response.end(half);
	else response.write(half, () => response.socket?.destroySoon());
}
