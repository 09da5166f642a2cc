import type { IDataObject, IExecuteFunctions, IHttpRequestOptions, IN8nHttpFullResponse } from 'n8n-workflow';

import { readNetworkFault } from '../judgement/networkFault';
import {
	accountHeaders,
	CREDENTIAL,
	credentialFault,
	isPossibleKey,
	readCredential,
	type RequestContext,
} from './credential';
import { withoutSecrets } from './redact';
import type { ApiAnswer, Send } from './send';

/**
 * The one way in which this package calls the API: through n8n's own HTTP helper, to the credential's base URL and nowhere
 * else. Answers of every status are answers.
 */

/** A followed 301 turns a POST into a GET, and may carry the key to another host. */
export const anyAnswer = {
	json: true,
	disableFollowRedirect: true,
	ignoreHttpStatusErrors: true,
	returnFullResponse: true,
} as const satisfies Partial<IHttpRequestOptions>;

const BALANCE_TIMEOUT_MS = 30_000;

/**
 * Makes what sends requests with the bearer key, which n8n's helper adds.
 * @param context the running node; its cancel signal ends requests under way
 * @throws n8n's own error if the node has no credential, and ours if its base URL or its key can't be one
 */
export async function createSend(context: RequestContext): Promise<Send> {
	const { baseURL, secrets } = await readCredential(context);
	const signal = cancelSignalOf(context);

	return async ({ method, path, body, headers, timeoutMs, afterStopMs = 0 }) => {
		const options: IHttpRequestOptions = {
			baseURL,
			url: path,
			method,
			headers,
			body: body as IDataObject | undefined,
			timeout: timeoutMs,
			...anyAnswer,
		};
		const delayed = delay(signal, afterStopMs);
		const caller = delayed.signal === signal ? context : withSignal(context, delayed.signal);
		try {
			return await answerTo(
				async () => (await context.helpers.httpRequestWithAuthentication.call(caller, CREDENTIAL, options)) as unknown,
				signal,
				secrets,
			);
		} finally {
			delayed.forget();
		}
	};
}

/** A signal that fires a number of milliseconds after another one. */
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
export function withSignal<Context extends object>(context: Context, signal: AbortSignal | undefined): Context {
	return Object.create(context, { getExecutionCancelSignal: { value: () => signal } }) as Context;
}

const OFFICIAL_HOST = 'api.cometapi.com';
const BALANCE_URL = 'https://query.cometapi.com/user/quota';

/**
 * Asks for the account's balance. This one route takes the key in its URL, on a host of its own. If
 * the base URL is not CometAPI's, the query goes there, so that the key goes nowhere else. The
 * URL must never reach a message, a log or an output.
 * @param days `start_date` and `end_date` as YYYY-MM-DD, or nothing
 */
export async function askBalance(context: IExecuteFunctions, days: Record<string, string>): Promise<ApiAnswer> {
	const { baseURL, apiKey, secrets } = await readCredential(context);
	const url = new URL(baseURL).hostname === OFFICIAL_HOST ? BALANCE_URL : `${baseURL}/user/quota`;
	return await get(context, { url, qs: { key: apiKey, ...days }, timeout: BALANCE_TIMEOUT_MS }, secrets);
}

/**
 * Asks the account's own routes, which take the access token of the account and not the key (fact sheet 8.4), at the base URL.
 * @returns null if the credential has no access token
 * @throws NodeOperationError if the token or the user ID can't be one, before anything is sent
 */
export async function askAccount(
	context: RequestContext,
	path: string,
	query: IDataObject,
	timeoutMs: number,
): Promise<ApiAnswer | null> {
	const credential = await readCredential(context);
	const { baseURL, accessToken, userId, secrets } = credential;
	if (accessToken === '') return null;
	if (!isPossibleKey(accessToken) || !isPossibleKey(userId)) {
		throw credentialFault(
			context,
			'The access token or the user ID of the credential holds characters that none has',
			'paste both again from the CometAPI console. Often an invisible character or "…" got in while copying.',
		);
	}
	const headers = accountHeaders(credential);
	return await get(context, { baseURL, url: path, qs: query, headers, timeout: timeoutMs }, secrets);
}

/** Asks without the key that n8n's helper adds. */
async function get(
	context: RequestContext,
	request: IHttpRequestOptions,
	secrets: readonly string[],
): Promise<ApiAnswer> {
	const abortSignal = cancelSignalOf(context);
	const options: IHttpRequestOptions = { method: 'GET', ...request, ...anyAnswer, abortSignal };
	return await answerTo(async () => (await context.helpers.httpRequest(options)) as unknown, abortSignal, secrets);
}

function cancelSignalOf(context: RequestContext): AbortSignal | undefined {
	return 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
}

async function answerTo(
	request: () => Promise<unknown>,
	signal: AbortSignal | undefined,
	secrets: readonly string[],
): Promise<ApiAnswer> {
	try {
		const { statusCode, headers, body } = (await request()) as IN8nHttpFullResponse;
		// An answer that can't be looked through is as good as none, but the request has been sent.
		return withoutSecrets({ kind: 'response', status: statusCode, headers: plainHeaders(headers), body }, secrets);
	} catch (error) {
		// After Stop, n8n's own signal fails every request under way: that is no fault of the network.
		return signal?.aborted
			? { kind: 'aborted' }
			: withoutSecrets({ kind: 'noResponse', ...readNetworkFault(error) }, secrets);
	}
}

function plainHeaders(headers: object): Record<string, string> {
	return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}
