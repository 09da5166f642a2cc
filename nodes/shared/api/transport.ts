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

import { readNetworkFault } from '../judgement/networkFault';
import type { ApiAnswer, Send } from './send';

/** The credential type of this package. */
export const CREDENTIAL = 'cometApiRunwayApi';

/** n8n's ID of the node's credential, which separates accounts in the register of tasks; empty without one. */
export function credentialIdOf(context: Pick<IExecuteFunctions, 'getNode'>): string {
	return context.getNode().credentials?.[CREDENTIAL]?.id ?? '';
}

const BALANCE_TIMEOUT_MS = 30_000;

/** The contexts in which n8n lets a node send requests with a credential. */
export type RequestContext = IExecuteFunctions | ILoadOptionsFunctions | IPollFunctions | IWebhookFunctions;

/**
 * Makes the one way in which this package calls the API: through n8n's own HTTP helper, which adds the
 * bearer key, to the credential's base URL and nowhere else. Redirects are never followed, because a
 * followed 301 turns a POST into a GET and may carry the key to another host.
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
			json: true,
			timeout: timeoutMs,
			disableFollowRedirect: true,
			ignoreHttpStatusErrors: true,
			returnFullResponse: true,
		};
		const delayed = delay(signal, afterStopMs);
		const caller = delayed.signal === signal ? context : withSignal(context, delayed.signal);
		const request = async () =>
			(await context.helpers.httpRequestWithAuthentication.call(caller, CREDENTIAL, options)) as IN8nHttpFullResponse;
		try {
			return await answerOf(request, signal, secrets);
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
	return await answerOf(request, signal, secrets);
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
	const { baseURL, accessToken, userId, secrets } = await readCredential(context);
	if (accessToken === '') return null;
	if (!isPossibleKey(accessToken) || !isPossibleKey(userId)) {
		throw credentialFault(
			context,
			'The access token or the user ID of the credential holds characters that none has',
			'paste both again from the CometAPI console. Often an invisible character or "…" got in while copying.',
		);
	}
	const signal = cancelSignalOf(context);
	const options: IHttpRequestOptions = {
		baseURL,
		url: path,
		method: 'GET',
		qs: query,
		headers: { Authorization: accessToken, ...(userId !== '' && { 'New-Api-User': userId }) },
		json: true,
		timeout: timeoutMs,
		disableFollowRedirect: true,
		ignoreHttpStatusErrors: true,
		returnFullResponse: true,
		abortSignal: signal,
	};
	const request = async () => (await context.helpers.httpRequest(options)) as IN8nHttpFullResponse;
	return await answerOf(request, signal, secrets);
}

function cancelSignalOf(context: RequestContext): AbortSignal | undefined {
	return 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
}

async function answerOf(
	request: () => Promise<IN8nHttpFullResponse>,
	signal: AbortSignal | undefined,
	secrets: readonly string[],
): Promise<ApiAnswer> {
	try {
		const { statusCode, headers, body } = await request();
		// An answer that can't be looked through is as good as none, but the request has been sent.
		return withoutSecret({ kind: 'response', status: statusCode, headers: plainHeaders(headers), body }, secrets);
	} catch (error) {
		// After Stop, n8n's own signal fails every request under way: that is no fault of the network.
		return signal?.aborted
			? { kind: 'aborted' }
			: withoutSecret({ kind: 'noResponse', ...readNetworkFault(error) }, secrets);
	}
}

/** What the credential holds, checked before anything is sent. */
interface Credential {
	/** Without a slash at its end. */
	baseURL: string;
	apiKey: string;
	/** Of the account, for its list of tasks; empty for none. The sender checks it, because everything else works without it. */
	accessToken: string;
	/** Empty for none. */
	userId: string;
	/** The parts of the credential that nobody may read. */
	secrets: readonly string[];
}

/** The address that somebody has typed, without a slash at its end; null if it is none of the web. */
export function baseUrlOf(typed: string): string | null {
	const baseURL = typed.trim().replace(/\/+$/, '');
	return /^https?:\/\//i.test(baseURL) && URL.canParse(baseURL) ? baseURL : null;
}

/** Keys hold no blanks, and nothing that a header can't hold. */
export function isPossibleKey(key: string): boolean {
	return /^[\x21-\x7e]*$/.test(key);
}

/** @throws NodeOperationError that names the field, before anything is sent */
export async function readCredential(context: RequestContext): Promise<Credential> {
	// n8n's helper, which adds the key, reads the credential for the first item, so its address is that item's, too.
	const { baseUrl, apiKey, n8nApiKey, accessToken, userId } = await (context as IExecuteFunctions).getCredentials<{
		baseUrl: string;
		apiKey: string;
		n8nApiKey?: string;
		accessToken?: string;
		userId?: string | number;
	}>(CREDENTIAL, 0);
	const baseURL = baseUrlOf(baseUrl);
	if (baseURL === null) {
		throw credentialFault(
			context,
			'The base URL of the credential is not a web address',
			'set the base URL to https://api.cometapi.com, with https:// and without a path.',
		);
	}
	const key = apiKey.trim();
	if (!isPossibleKey(key)) {
		throw credentialFault(
			context,
			'The API key of the credential holds characters that no key has',
			'paste the key again from the CometAPI console. Often an invisible character or "…" got in while copying.',
		);
	}
	const secrets = [key, n8nApiKey, accessToken].map((secret) => (secret ?? '').trim());
	return {
		baseURL,
		apiKey: key,
		accessToken: (accessToken ?? '').trim(),
		userId: String(userId ?? '').trim(),
		secrets: secrets.filter(({ length }) => length >= SHORTEST_SECRET),
	};
}

function credentialFault(context: RequestContext, message: string, advice: string): NodeOperationError {
	return new NodeOperationError(context.getNode(), message, {
		description: `Open the credential "CometAPI Runway API" and ${advice}`,
	});
}

/** A shorter "key" is a word that answers may hold for other reasons. */
const SHORTEST_SECRET = 8;

/** The API may echo a key in what it says; nothing that leaves this file holds one. */
function withoutSecret(answer: ApiAnswer, secrets: readonly string[]): ApiAnswer {
	const text = JSON.stringify(answer);
	const found = secrets.filter((secret) => text.includes(JSON.stringify(secret).slice(1, -1)));
	if (found.length === 0) return answer;
	const strip = (value: unknown): unknown => {
		if (typeof value === 'string') return found.reduce((words, secret) => words.replaceAll(secret, '…'), value);
		if (Array.isArray(value)) return value.map(strip);
		if (typeof value !== 'object' || value === null) return value;
		return Object.fromEntries(Object.entries(value).map(([name, entry]) => [strip(name), strip(entry)]));
	};
	if (answer.kind === 'response')
		return { ...answer, body: strip(answer.body), headers: strip(answer.headers) as Record<string, string> };
	return answer.kind === 'noResponse' ? { ...answer, message: String(strip(answer.message)) } : answer;
}

function plainHeaders(headers: object): Record<string, string> {
	return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}
