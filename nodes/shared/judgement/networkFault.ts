/** Reads Node's and n8n's errors of a request that got no answer: above all, whether the request may have been sent. */
export interface NetworkFault {
	/** False only if no connection came about, so that the API can't have received anything. */
	mayHaveArrived: boolean;
	/** Node's error code, such as `ECONNRESET`, if there is one. */
	code: string | null;
	message: string;
}

/** Faults that come before a connection, or before the first byte on it. */
const NEVER_SENT: ReadonlySet<string> = new Set([
	'ECONNREFUSED',
	'ENOTFOUND',
	'EAI_AGAIN',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'CERT_HAS_EXPIRED',
	'CERT_NOT_YET_VALID',
	'DEPTH_ZERO_SELF_SIGNED_CERT',
	'ERR_INVALID_CHAR',
	'ERR_INVALID_URL',
	'ERR_TLS_CERT_ALTNAME_INVALID',
	'SELF_SIGNED_CERT_IN_CHAIN',
	'UNABLE_TO_GET_ISSUER_CERT',
	'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
/** Steps on the way to a connection. A failed one was never connected, whatever its code is. */
const CONNECTING = /^(connect|getaddrinfo)\b/;
/** A host can also become unreachable in the middle of a connection. */
const CONNECTED = /^(read|write)\b/;
/** n8n's protection against requests into its own network, and proxies that let nothing through. */
const BLOCKED = /^The request was blocked because|^tunneling socket could not be established/i;

type Link = Partial<Record<'message' | 'code' | 'httpCode' | 'syscall' | 'cause' | 'errors' | 'messages', unknown>>;

/**
 * Before version 2, n8n's errors keep no cause: Node's code is found as their `httpCode`, its words as their first message.
 * They are recognized by their fields and not by their class, since npm may have put a second n8n-workflow beside n8n's own.
 */
export function readNetworkFault(error: unknown): NetworkFault {
	const links = linksOf(error);
	const message = messageOf(links);
	const codes = links
		.flatMap(({ code, httpCode }) => [httpCode, code])
		.filter((code): code is string => typeof code === 'string' && /^[A-Z]/.test(code));
	const steps = [message, ...links.flatMap(({ syscall, message: words }) => [syscall, words])].map(String);
	const neverSent = codes.find((code) => NEVER_SENT.has(code));
	const isUnsent = neverSent !== undefined || steps.some((step) => CONNECTING.test(step) || BLOCKED.test(step));
	return {
		mayHaveArrived: !isUnsent || steps.some((step) => CONNECTED.test(step)),
		code: neverSent ?? codes.at(-1) ?? null,
		message,
	};
}

function messageOf(links: readonly Link[]): string {
	const messages = links[0]?.messages;
	const wrapped: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
	if (typeof wrapped === 'string') return wrapped;
	const words = links.map(({ message }) => message).filter((said) => typeof said === 'string' && said !== '');
	return String(words.at(-1) ?? 'no answer');
}

/** The error with its causes, and with the parts of errors that combine several. */
function linksOf(error: unknown, seen: readonly Link[] = []): Link[] {
	if (typeof error !== 'object' || error === null || seen.includes(error)) return [];
	const link = error as Link;
	const known = [...seen, link];
	const parts = Array.isArray(link.errors) ? (link.errors as unknown[]) : [];
	return [link, ...[link.cause, ...parts].flatMap((next) => linksOf(next, known))];
}
