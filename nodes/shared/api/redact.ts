import type { ApiAnswer } from './send';

const REDACTED = '…';

/** Longer texts are cut first: nobody reads that far, and the search has to stay quick. */
const MAX_LENGTH = 20_000;
/** Deeper data is left out: no documented answer nests like that, and it would exhaust the stack. */
const MAX_DEPTH = 50;

/**
 * Takes everything secret out of a text that a person will read: bearer tokens, keys of CometAPI and of n8n, and the
 * query and user info of URLs, since result URLs carry signatures and the balance URL carries the key.
 * Takes time in proportion to the text, whatever it holds.
 */
export function redact(message: string): string {
	return message
		.slice(0, MAX_LENGTH)
		.replace(/[^\s"<>]+/g, redactUrls)
		.replace(/\bBearer\s+["']?[^\s"']+/gi, `Bearer ${REDACTED}`)
		.replace(/(?<![a-z0-9])sk-[\w-]{4,}/gi, `sk-${REDACTED}`)
		.replace(/(?<!\w)(?:n8n_api_\w+|eyJ[\w-]{8,}\.[\w-]+\.[\w-]+)/g, REDACTED);
}

/** A piece of text without spaces may hold URLs, or parts of them that have lost their scheme. */
function redactUrls(piece: string): string {
	const anonymous = piece.replace(/:\/\/[^/?#]*@/g, `://${REDACTED}@`);
	const scheme = anonymous.indexOf('://');
	const query = scheme === -1 ? anonymous.search(/\?[^?=]*=/) : anonymous.indexOf('?', scheme);
	if (query === -1) return anonymous;
	// What closes the sentence around the URL stays.
	const end = /[)\]}',.;:]{1,3}$/.exec(anonymous.slice(query + 1))?.[0] ?? '';
	return `${anonymous.slice(0, query)}?${REDACTED}${end}`;
}

/** The same for everything that a value holds, names included, for data that is shown as it came. */
export function redactDeep(value: unknown): unknown {
	return withTexts(value, redact, MAX_DEPTH);
}

function withTexts(value: unknown, change: (text: string) => string, depth: number): unknown {
	if (typeof value === 'string') return change(value);
	if (typeof value !== 'object' || value === null) return value;
	if (depth === 0) return REDACTED;
	const within = (entry: unknown) => withTexts(entry, change, depth - 1);
	if (Array.isArray(value)) return value.map(within);
	return Object.fromEntries(Object.entries(value).map(([name, entry]) => [change(name), within(entry)]));
}

/**
 * Takes the credential's own secrets out of an answer: the API may echo a key in what it says. A secret that looks like no
 * key is found, too.
 */
export function withoutSecrets(answer: ApiAnswer, secrets: readonly string[]): ApiAnswer {
	const text = JSON.stringify(answer);
	const found = secrets.filter((secret) => text.includes(JSON.stringify(secret).slice(1, -1)));
	if (found.length === 0) return answer;
	const without = (words: string) => found.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), words);
	const strip = (value: unknown) => withTexts(value, without, Infinity);
	if (answer.kind === 'response')
		return { ...answer, body: strip(answer.body), headers: strip(answer.headers) as Record<string, string> };
	return answer.kind === 'noResponse' ? { ...answer, message: without(answer.message) } : answer;
}
