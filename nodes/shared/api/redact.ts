const REDACTED = '…';

/**
 * Takes everything secret out of a text that a person will read: bearer tokens, CometAPI keys, and the
 * query and user info of URLs, since result URLs carry signatures and the balance URL carries the key.
 */
export function redact(message: string): string {
	return message
		.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/"'<>@]+@/gi, `$1${REDACTED}@`)
		.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s"'<>?]+)\?[^\s"'<>]*/gi, `$1?${REDACTED}`)
		.replace(/\bBearer\s+[^\s"']+/gi, `Bearer ${REDACTED}`)
		.replace(/\bsk-[\w-]{4,}/gi, `sk-${REDACTED}`);
}

/** The same for everything that a value holds, for data that is shown as it came. */
export function redactDeep(value: unknown): unknown {
	if (typeof value === 'string') return redact(value);
	if (Array.isArray(value)) return value.map(redactDeep);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, redactDeep(entry)]));
}
