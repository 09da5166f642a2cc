const REDACTED = '…';

/**
 * Takes everything secret out of a text that a person will read: bearer tokens, CometAPI keys, and the
 * query and user info of URLs, since result URLs carry signatures and the balance URL carries the key.
 */
export function redact(message: string): string {
	return message
		.replace(/(https?:\/\/)[^\s/"'<>@]+@/gi, `$1${REDACTED}@`)
		.replace(/(https?:\/\/[^\s"'<>?]+)\?[^\s"'<>]*/gi, `$1?${REDACTED}`)
		.replace(/\bBearer\s+[^\s"']+/gi, `Bearer ${REDACTED}`)
		.replace(/\bsk-[\w-]{4,}/gi, `sk-${REDACTED}`);
}
