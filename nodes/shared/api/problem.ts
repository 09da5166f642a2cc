import { classify, isWebPage } from '../judgement/classify';
import type { Reason } from '../judgement/reason';
import { errorCode, errorMessage, refusedFields, type RefusedField } from '../task/refusal';
import { redact, redactDeep } from './redact';
import type { ApiAnswer } from './send';

/** A failed call, free of secrets, ready to be judged and to be put into words. */
export interface Problem {
	reason: Reason;
	/** The API's own words, or Node's for a network fault. */
	message: string;
	/** HTTP status, or null if no answer came. */
	status: number | null;
	/** Text code of the API or of Node, such as `callback_url_empty` or `ECONNRESET`. */
	code: string | null;
	/** CometAPI's id of the request, for its support. */
	requestId: string | null;
	/** The beginning of the answer's body, or null if there was none. It may be in an unknown form. */
	excerpt: string | null;
	/** What the API does not like about the request. */
	fields: RefusedField[];
	/** The model that was asked for, if the answer is about that. */
	model?: string;
}

type Response = Extract<ApiAnswer, { kind: 'response' }>;
type NoResponse = Extract<ApiAnswer, { kind: 'noResponse' }>;

const REQUEST_ID = /\s{0,3}\(request id:\s{0,3}([\w-]{1,100})\)/i;
/** Longest piece of an answer's text that goes into a message. */
const MAX_MESSAGE = 500;
/** Longest code or id that does. */
const MAX_NAME = 100;
/** Longest piece of an answer's body that goes into the details, the ledger and the log. */
const MAX_EXCERPT = 2_000;
/** The longest part of an answer's words that is searched. */
const MAX_SAID = 10_000;

/** Describes a request that got no answer. */
export function networkProblem({ mayHaveArrived, message, code }: NoResponse): Problem {
	return { ...ownProblem(mayHaveArrived ? 'network' : 'unreachable', message), code: name(code) };
}

/** Describes an answer that is not what was asked for, whatever its HTTP status. */
export function responseProblem(answer: Response, reason = classify(answer)): Problem {
	const said = errorMessage(answer.body)?.slice(0, MAX_SAID) ?? null;
	return {
		reason,
		message: cut(redact(said?.replace(REQUEST_ID, '') ?? withoutWords(answer, reason)), MAX_MESSAGE),
		status: answer.status,
		code: name(errorCode(answer.body)),
		requestId: name(REQUEST_ID.exec(said ?? '')?.[1] ?? answer.headers['x-request-id'] ?? null),
		excerpt: excerptOf(answer.body),
		fields: refusedFields(answer.body).map(({ path, message: words }) => ({
			path: redact(path),
			message: redact(words),
		})),
	};
}

/** A fault on this side of the wire, described as if the API had caused it, so that nothing about the task gets lost. */
export function ownProblem(reason: Reason, message: string): Problem {
	return {
		reason,
		message: cut(redact(message), MAX_MESSAGE),
		status: null,
		code: null,
		requestId: null,
		excerpt: null,
		fields: [],
	};
}

function withoutWords({ status, body }: Response, reason: Reason): string {
	if (isWebPage(body)) return `a web page instead of JSON (HTTP ${status})`;
	if (status >= 300 && status < 400) return `a redirect (HTTP ${status})`;
	if (reason === 'unreadable') return 'an answer without any of the documented fields';
	return typeof body === 'string' && body.trim() !== '' ? body.trim() : `HTTP ${status} without an explanation`;
}

function excerptOf(body: unknown): string | null {
	const text = typeof body === 'string' ? redact(body) : asJson(redactDeep(body));
	return text === '' ? null : cut(text, MAX_EXCERPT);
}

/** An answer may nest more deeply than can be written down. */
function asJson(body: unknown): string {
	try {
		return JSON.stringify(body) ?? '';
	} catch {
		return '';
	}
}

function cut(text: string, length: number): string {
	return text.length > length ? `${text.slice(0, length)}…` : text;
}

function name(text: string | null): string | null {
	return text === null ? null : redact(text).slice(0, MAX_NAME);
}
