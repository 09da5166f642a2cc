import {
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type IHttpRequestOptions,
	type ILoadOptionsFunctions,
	type IPollFunctions,
	type IWebhookFunctions,
	type IN8nHttpFullResponse,
} from 'n8n-workflow';

import type { ApiAnswer, Send } from './send';

/** The credential type of this package. */
export const CREDENTIAL = 'cometApiRunwayApi';

const BALANCE_TIMEOUT_MS = 30_000;

/** The contexts in which n8n lets a node send requests with a credential. */
type RequestContext = IExecuteFunctions | ILoadOptionsFunctions | IPollFunctions | IWebhookFunctions;

/** Faults that arise before a connection exists, so that no byte of the request can have arrived. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
	'ECONNREFUSED',
	'ENOTFOUND',
	'EAI_AGAIN',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'CERT_HAS_EXPIRED',
	'CERT_NOT_YET_VALID',
	'DEPTH_ZERO_SELF_SIGNED_CERT',
	'ERR_TLS_CERT_ALTNAME_INVALID',
	'SELF_SIGNED_CERT_IN_CHAIN',
	'UNABLE_TO_GET_ISSUER_CERT',
	'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/**
 * Makes the one way in which this package calls the API: through n8n's own HTTP helper, which adds the
 * bearer key, to the credential's base URL and nowhere else. Redirects are never followed, because a
 * followed 301 turns a POST into a GET and may carry the key to another host.
 * @param context the running node; its cancel signal ends requests under way
 * @throws n8n's own error where the node has no credential, and ours where its base URL is none
 */
export async function createSend(context: RequestContext, itemIndex = 0): Promise<Send> {
	const { baseURL, apiKey } = await readCredential(context, itemIndex);
	const signal = 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;

	return async ({ method, path, body, headers, timeoutMs, afterStopMs = 0 }) => {
		const options: IHttpRequestOptions = {
			baseURL,
			url: path,
			method,
			headers,
			body: body as IDataObject | undefined,
			json: true,
			timeout: timeoutMs,
			disableFollowRedirect: true,
			ignoreHttpStatusErrors: true,
			returnFullResponse: true,
		};
		const delayed = delay(signal, afterStopMs);
		const caller = delayed.signal === signal ? context : withSignal(context as IExecuteFunctions, delayed.signal);
		const request = async () =>
			(await context.helpers.httpRequestWithAuthentication.call(caller, CREDENTIAL, options)) as IN8nHttpFullResponse;
		try {
			return await answerOf(request, signal, apiKey);
		} finally {
			delayed.forget();
		}
	};
}

/** A signal that fires so many milliseconds after another one. */
function delay(
	signal: AbortSignal | undefined,
	milliseconds: number,
): { signal: AbortSignal | undefined; forget: () => void } {
	if (signal === undefined || signal.aborted || milliseconds === 0) return { signal, forget: () => {} };
	const late = new AbortController();
	const onAbort = () => {
		AbortSignal.timeout(milliseconds).addEventListener('abort', () => late.abort(), { once: true });
	};
	signal.addEventListener('abort', onAbort, { once: true });
	return { signal: late.signal, forget: () => signal.removeEventListener('abort', onAbort) };
}

/** The same context with another signal: n8n's helper takes the one that its caller has, whatever the options say. */
function withSignal(context: IExecuteFunctions, signal: AbortSignal | undefined): IExecuteFunctions {
	return Object.create(context, { getExecutionCancelSignal: { value: () => signal } }) as IExecuteFunctions;
}

const OFFICIAL_HOST = 'api.cometapi.com';
const BALANCE_URL = 'https://query.cometapi.com/user/quota';

/**
 * Asks for the account's balance. This one route takes the key in its URL, on a host of its own; where
 * the base URL is not CometAPI's, the route is looked for there, so that the key goes nowhere else. The
 * URL must never reach a message, a log or an output.
 * @param days `start_date` and `end_date` as YYYY-MM-DD, or nothing
 */
export async function askBalance(
	context: IExecuteFunctions,
	itemIndex: number,
	days: Record<string, string>,
): Promise<ApiAnswer> {
	const { baseURL, apiKey } = await readCredential(context, itemIndex);
	const signal = context.getExecutionCancelSignal();
	const options: IHttpRequestOptions = {
		url: new URL(baseURL).hostname === OFFICIAL_HOST ? BALANCE_URL : `${baseURL}/user/quota`,
		method: 'GET',
		qs: { key: apiKey, ...days },
		json: true,
		timeout: BALANCE_TIMEOUT_MS,
		disableFollowRedirect: true,
		ignoreHttpStatusErrors: true,
		returnFullResponse: true,
		abortSignal: signal,
	};
	const request = async () => (await context.helpers.httpRequest(options)) as IN8nHttpFullResponse;
	return await answerOf(request, signal, apiKey);
}

async function answerOf(
	request: () => Promise<IN8nHttpFullResponse>,
	signal: AbortSignal | undefined,
	apiKey: string,
): Promise<ApiAnswer> {
	try {
		const { statusCode, headers, body } = await request();
		// An answer that can't be looked through is as good as none, but the request has been sent.
		return withoutSecret({ kind: 'response', status: statusCode, headers: plainHeaders(headers), body }, apiKey);
	} catch (error) {
		// After Stop, n8n's own signal fails every request under way: that is no fault of the network.
		return signal?.aborted ? { kind: 'aborted' } : withoutSecret(noResponse(error), apiKey);
	}
}

async function readCredential(
	context: RequestContext,
	itemIndex: number,
): Promise<{ baseURL: string; apiKey: string }> {
	const { baseUrl, apiKey } = await (context as IExecuteFunctions).getCredentials<{ baseUrl: string; apiKey: string }>(
		CREDENTIAL,
		itemIndex,
	);
	const baseURL = baseUrl.trim().replace(/\/+$/, '');
	if (/^https?:\/\//i.test(baseURL) && URL.canParse(baseURL)) return { baseURL, apiKey };
	throw new NodeOperationError(context.getNode(), 'The base URL of the credential is not a web address', {
		itemIndex,
		description:
			'Open the credential "CometAPI Runway API" and set the base URL to https://api.cometapi.com, with https:// and without a path.',
	});
}

/** The API may echo the key in what it says; nothing that leaves this file holds it. */
function withoutSecret(answer: ApiAnswer, apiKey: string): ApiAnswer {
	if (apiKey === '' || !JSON.stringify(answer).includes(JSON.stringify(apiKey).slice(1, -1))) return answer;
	const strip = (value: unknown): unknown => {
		if (typeof value === 'string') return value.replaceAll(apiKey, '…');
		if (Array.isArray(value)) return value.map(strip);
		if (typeof value !== 'object' || value === null) return value;
		return Object.fromEntries(Object.entries(value).map(([name, entry]) => [strip(name), strip(entry)]));
	};
	return strip(answer) as ApiAnswer;
}

/** Before version 2, n8n's errors keep no cause: Node's code is found as their `httpCode`, its words as their first message. */
function noResponse(error: unknown): ApiAnswer {
	const links = chain(error) as Array<{ code?: unknown; httpCode?: unknown; syscall?: unknown }>;
	const codes = links
		.flatMap(({ code, httpCode }) => [httpCode, code])
		.filter((code) => typeof code === 'string' && /^[A-Z]/.test(code));
	const message = faultMessage(error);
	const neverConnected = codes.find((code) => NEVER_CONNECTED.has(String(code)));
	// A host can also become unreachable in the middle of a connection.
	const wasConnected =
		links.some(({ syscall }) => syscall === 'read' || syscall === 'write') || /^(read|write) /.test(message);
	const code = neverConnected ?? codes.at(-1);
	return {
		kind: 'noResponse',
		mayHaveArrived: neverConnected === undefined || wasConnected,
		code: code === undefined ? null : String(code),
		message,
	};
}

function faultMessage(error: unknown): string {
	const links = chain(error);
	// An n8n error, told not by its class: npm may have put another n8n-workflow beside this package than n8n's own.
	const [first] = links as Array<{ messages?: unknown }>;
	const wrapped: unknown = Array.isArray(first?.messages) ? first.messages.at(-1) : undefined;
	if (typeof wrapped === 'string') return wrapped;
	const innermost = links.at(-1);
	return innermost instanceof Error && innermost.message !== '' ? innermost.message : 'no answer';
}

function chain(error: unknown): object[] {
	const links: object[] = [];
	let current = error;
	while (typeof current === 'object' && current !== null && !links.includes(current)) {
		links.push(current);
		current = (current as { cause?: unknown }).cause;
	}
	return links;
}

function plainHeaders(headers: object): Record<string, string> {
	return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}
