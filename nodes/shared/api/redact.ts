const REDACTED = '…';

/** Longer texts are cut first: nobody reads on, and the search has to stay quick. */
const MAX_LENGTH = 20_000;

/**
 * Takes everything secret out of a text that a person will read: bearer tokens, CometAPI keys, and the
 * query and user info of URLs, since result URLs carry signatures and the balance URL carries the key.
 * Every repeat is bounded, so that no text can make it slow.
 */
export function redact(message: string): string {
	return message
		.slice(0, MAX_LENGTH)
		.replace(/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/"'<>?]{0,300}@/gi, `$1${REDACTED}@`)
		.replace(/\b([a-z][a-z0-9+.-]{0,20}:\/\/[^\s"'<>?]{1,2048})\?[^\s"'<>]*/gi, `$1?${REDACTED}`)
		.replace(/\bBearer\s{1,5}[^\s"']+/gi, `Bearer ${REDACTED}`)
		.replace(/\bsk-[\w-]{4,}/gi, `sk-${REDACTED}`);
}

/** The same for everything that a value holds, for data that is shown as it came. */
export function redactDeep(value: unknown): unknown {
	if (typeof value === 'string') return redact(value);
	if (Array.isArray(value)) return value.map(redactDeep);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, redactDeep(entry)]));
}
