import { isObject, objectIn, parsedText, textOf, type Json } from './json';

/** What an answer says of an error or a refusal, in any of the documented envelopes (fact sheet 4.2, 8.2). */

/** One thing that the API does not like about a request. */
export interface RefusedField {
	/** The API's name of the field, such as `referenceImages.0.uri`; empty for the request as a whole. */
	path: string;
	/** The API's own words, not redacted. */
	message: string;
}

const NOT_VISIBLE = 'task_not_exist';
/** Words of success, which are no explanation of anything. */
const SUCCESS = /^(200|success|ok|成功)$/i;
/** The most fields that anybody reads about, and the longest words of one. */
const MAX_FIELDS = 10;
const MAX_FIELD_WORDS = 500;
/** How deep refusals are packed into each other: the gateway's, the channel's, Runway's. */
const MAX_PACKED = 4;
/** Braces in a text that are tried as the beginning of packed JSON. */
const MAX_BEGINNINGS = 5;
/** The fields in which a refusal can contain another one, as object or as text. */
const PACKED_NAMES = ['error', 'message', 'msg', 'detail', 'data'];
/** FastAPI's name for the part of the request with the field; all of ours are in the body. */
const REQUEST_PARTS: ReadonlySet<unknown> = new Set(['body', 'query', 'path']);

/** The API's own words for what went wrong, from any of its error envelopes; null if it has none. */
export function errorMessage(body: unknown): string | null {
	return messageIn(body, MAX_PACKED);
}

/** The text code of an error, such as `callback_url_empty`; null if there is none or it says success. */
export function errorCode(body: unknown): string | null {
	const answer = objectIn(body);
	if (answer === null) return null;
	return textOf(errorIn(answer).code) ?? unlessSuccess(textOf(answer.code));
}

/**
 * The fields that a refusal names, at most ten: Runway's `issues[]` and FastAPI's `detail[]`, also if they are packed as JSON text
 * into the words of the gateway. Reads anything, and finds nothing in what it does not know.
 */
export function refusedFields(body: unknown): RefusedField[] {
	const fields = new Map<string, RefusedField>();
	for (const refusal of packedIn(body, MAX_PACKED)) {
		for (const entry of [refusal.issues, refusal.detail].flatMap((list) => (Array.isArray(list) ? list : []))) {
			const field = fieldOf(entry);
			if (field !== null && fields.size < MAX_FIELDS) fields.set(JSON.stringify(field), field);
		}
	}
	return [...fields.values()];
}

/** An `error` that says something: gateways fill the fields that they do not use with empty values. */
export function hasError({ error }: Json): boolean {
	const said: unknown[] = isObject(error) ? Object.values(error) : [error];
	return said.some((value) =>
		isObject(value) ? Object.keys(value).length > 0 : textOf(value) !== null && value !== 0,
	);
}

/** A `code` that is neither 200 nor success is a refusal, as number or as text, unless the words beside it say success. */
export function isRefusal({ code, message, msg }: Json): boolean {
	const said = textOf(code);
	return said !== null && ![said, textOf(message), textOf(msg)].some((word) => word !== null && SUCCESS.test(word));
}

/** True if a `code` explicitly says success. */
export function saysSuccess({ code }: Json): boolean {
	return SUCCESS.test(textOf(code) ?? '');
}

/** True if any of the documented forms says that the ID is not known. */
export function saysNotVisible(body: Json): boolean {
	const nested = errorIn(body);
	const exact = [body.code, nested.code, body.status];
	if (exact.some((value) => textOf(value)?.toLowerCase() === NOT_VISIBLE)) return true;
	const loose = [body.message, body.msg, nested.message, body.error];
	return loose.some((value) => typeof value === 'string' && value.toLowerCase().includes(NOT_VISIBLE));
}

function errorIn({ error }: Json): Json {
	return isObject(error) ? error : {};
}

function messageIn(body: unknown, depth: number): string | null {
	const answer = depth === 0 ? null : objectIn(body);
	if (answer === null) return null;
	const nested = errorIn(answer);
	const data = isObject(answer.data) ? answer.data : {};
	const said = [nested.message, answer.error, answer.message, answer.msg, nested.msg, answer.detail];
	for (const candidate of [...said, data.msg, data.fail_reason, answer.failure]) {
		const words = unlessSuccess(textOf(candidate));
		if (words !== null) return withoutJson(words, depth - 1);
	}
	return null;
}

/** Some gateways put the provider's JSON error into their own words: its words take its place. */
function withoutJson(words: string, depth: number): string {
	const packed = packedText(words);
	if (packed === null) return words;
	const inner = messageIn(packed.content, depth);
	return inner === null ? words : words.slice(0, packed.begin) + inner + words.slice(packed.end);
}

/** The refusal and those that are packed in it, outermost first. */
function packedIn(body: unknown, depth: number): Json[] {
	const content = typeof body === 'string' ? packedText(body)?.content : body;
	const refusal = depth === 0 ? null : objectIn(Array.isArray(content) ? { detail: content } : content);
	if (refusal === null) return [];
	return [
		refusal,
		...PACKED_NAMES.flatMap((name) => (Array.isArray(refusal[name]) ? [] : packedIn(refusal[name], depth - 1))),
	];
}

/** The JSON within a text, from one of its first braces to its last one. */
function packedText(words: string): { content: unknown; begin: number; end: number } | null {
	const end = Math.max(words.lastIndexOf('}'), words.lastIndexOf(']')) + 1;
	const beginnings = /[{[]/g;
	for (let tries = 0; tries < MAX_BEGINNINGS; tries += 1) {
		const begin = beginnings.exec(words)?.index ?? end;
		if (begin >= end) return null;
		const content = parsedText(words.slice(begin, end));
		if (content !== null) return { content, begin, end };
	}
	return null;
}

function fieldOf(entry: unknown): RefusedField | null {
	if (!isObject(entry)) return null;
	const message = textOf(entry.message) ?? textOf(entry.msg);
	if (message === null) return null;
	const place = entry.path ?? entry.loc;
	const steps: unknown[] = Array.isArray(place) ? place : [place];
	const path = steps.filter((step, index) => index > 0 || !REQUEST_PARTS.has(step)).map(textOf);
	return { path: path.filter((step) => step !== null).join('.'), message: message.slice(0, MAX_FIELD_WORDS) };
}

function unlessSuccess(said: string | null): string | null {
	return said !== null && SUCCESS.test(said) ? null : said;
}
