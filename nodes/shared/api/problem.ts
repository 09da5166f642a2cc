import { errorCode, errorMessage } from '../task/parse';
import { redact } from './redact';
import type { ApiAnswer } from './send';

/** What went wrong, in the terms that decide what the user has to do. */
export type ProblemReason =
	/** Fields or values that the API does not take. */
	| 'badRequest'
	/** Key missing or wrong. */
	| 'auth'
	/** Key fine, but blocked or not allowed. */
	| 'forbidden'
	/** Not enough balance. */
	| 'balance'
	| 'rateLimit'
	/** A redirect or a page instead of JSON: the base URL is not CometAPI's. */
	| 'wrongUrl'
	| 'notFound'
	| 'tooLarge'
	/** The platform or the provider behind it. */
	| 'server'
	/** A 2xx without the documented content. */
	| 'unreadable'
	/** No answer came. */
	| 'network';

/** A failed call, free of secrets, ready to be put into words. */
export interface Problem {
	reason: ProblemReason;
	/** The API's own words, or Node's for a network fault. */
	message: string;
	/** HTTP status, or null where no answer came. */
	status: number | null;
	/** Text code of the API or of Node, such as `callback_url_empty` or `ECONNRESET`. */
	code: string | null;
	/** CometAPI's id of the request, for its support. */
	requestId: string | null;
}

type Response = Extract<ApiAnswer, { kind: 'response' }>;
type NoResponse = Extract<ApiAnswer, { kind: 'noResponse' }>;

const REQUEST_ID = /\s{0,3}\(request id:\s{0,3}([\w-]{1,100})\)/i;
/** Text codes that say so for certain, and words that do beside a 403. */
const BALANCE_CODE = /^insufficient_(user_)?(quota|balance|credits?)$/i;
const BALANCE_WORDS = /quota|balance|credit/i;
/** Longest excerpt of an answer's text that goes into a message. */
const MAX_MESSAGE = 500;
/** Longest code or id that does. */
const MAX_NAME = 100;
/** Beyond this, nobody looks for anything in an answer's words. */
const MAX_SAID = 10_000;

/** Describes a request that got no answer. */
export function networkProblem(answer: NoResponse): Problem {
	return { reason: 'network', message: clean(answer.message), status: null, code: name(answer.code), requestId: null };
}

/** Describes an answer that is not what was asked for, whatever its HTTP status. */
export function responseProblem(answer: Response): Problem {
	const said = errorMessage(answer.body)?.slice(0, MAX_SAID) ?? null;
	const code = errorCode(answer.body);
	const reason = reasonOf(answer, code, said);
	return {
		reason,
		message: clean(said?.replace(REQUEST_ID, '') ?? withoutWords(answer, reason)),
		status: answer.status,
		code: name(code),
		requestId: name(REQUEST_ID.exec(said ?? '')?.[1] ?? answer.headers['x-request-id'] ?? null),
	};
}

function reasonOf({ status, body }: Response, code: string | null, said: string | null): ProblemReason {
	if (status >= 300 && status < 400) return 'wrongUrl';
	if (looksLikeHtml(body) && (status < 300 || status === 404)) return 'wrongUrl';
	if (status === 401) return 'auth';
	if (status === 402 || BALANCE_CODE.test(code ?? '')) return 'balance';
	if (status === 403) return BALANCE_WORDS.test(said ?? '') ? 'balance' : 'forbidden';
	if (status === 404 || status === 405) return 'notFound';
	if (status === 413) return 'tooLarge';
	if (status === 429) return 'rateLimit';
	// CometAPI dresses some refused requests as a 500 with this code.
	if (code === 'invalid_request') return 'badRequest';
	if (status >= 500 || status === 408) return 'server';
	if (status >= 400) return 'badRequest';
	// A business error inside an HTTP 200 carries its own code.
	return said === null && code === null ? 'unreadable' : 'badRequest';
}

function withoutWords({ status, body }: Response, reason: ProblemReason): string {
	if (looksLikeHtml(body)) return `a web page instead of JSON (HTTP ${status})`;
	if (status >= 300 && status < 400) return `a redirect (HTTP ${status})`;
	if (reason === 'unreadable') return 'an answer without any of the documented fields';
	return typeof body === 'string' && body.trim() !== '' ? body.trim() : `HTTP ${status} without an explanation`;
}

function looksLikeHtml(body: unknown): boolean {
	return typeof body === 'string' && /^\s*(<!doctype\s+html|<html|<head|<body)/i.test(body);
}

function clean(message: string): string {
	const redacted = redact(message);
	return redacted.length > MAX_MESSAGE ? `${redacted.slice(0, MAX_MESSAGE)}…` : redacted;
}

function name(text: string | null): string | null {
	return text === null ? null : redact(text).slice(0, MAX_NAME);
}
