import type { ServerResponse } from 'node:http';
import type { Asked } from './answers';
import { faultAnswer } from './answers';
import type { Answer } from './api';
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

/**
 * Lets a fault happen to an answer: to its connection, or instead of it. `answer` is the one that was due; without it
 * the request was not looked at.
 */
export function damage(response: ServerResponse, fault: Fault, asked: Asked, answer?: Answer): void {
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
			send(response, faultAnswer(fault, asked) ?? answer ?? { status: 200, json: {} }, fault.retryAfter);
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
