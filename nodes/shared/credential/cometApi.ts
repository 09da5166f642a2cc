import { USAGE_PATH, faultOfKey, noteOnKey, readKey, type KeyState } from '../api/keyUsage';
import { baseUrlOf, isPossibleKey } from '../api/credential';
import { readNetworkFault } from '../judgement/networkFault';
import type { AskPlainly, CredentialCheck } from './check';

const TIMEOUT_MS = 15_000;

const WRONG_KEY =
	'The API key is missing, or CometAPI does not accept it. Copy it again from the CometAPI console, and check that it is active.';
const WRONG_URL =
	'The base URL does not lead to CometAPI: it answers with a redirect, a web page or anything other than a list of models. Use https://api.cometapi.com, without a path.';
const NO_URL = 'The base URL is not a web address. Use https://api.cometapi.com, with https:// and without a path.';

/**
 * Asks for the list of models: free of charge, needs the key, and answers JSON, which a wrong address does not. Then asks for
 * the state of the key, which says more than that it is refused.
 */
export const checkCometApi: CredentialCheck = async ({ baseUrl, apiKey }, ask, note) => {
	const base = baseUrlOf(String(baseUrl ?? ''));
	const key = String(apiKey ?? '').trim();
	if (base === null) return NO_URL;
	if (key === '' || !isPossibleKey(key)) return WRONG_KEY;
	try {
		const headers = { Authorization: `Bearer ${key}` };
		const { statusCode, body } = await ask({ url: `${base}/v1/models`, method: 'GET', headers, timeout: TIMEOUT_MS });
		const fault = faultOf(statusCode, body);
		if (fault !== null && fault !== WRONG_KEY) return fault;
		const state = await stateOf(base, headers, ask);
		const limits = state === null ? null : noteOnKey(state);
		if (limits !== null) note?.(limits);
		return (state && faultOfKey(state)) ?? fault;
	} catch (error) {
		return silence(error, new URL(base).host);
	}
};

/** Null if nothing can be learned: the test of the key is the list of models. */
async function stateOf(base: string, headers: { Authorization: string }, ask: AskPlainly): Promise<KeyState | null> {
	try {
		const url = `${base}${USAGE_PATH}`;
		const { statusCode, body } = await ask({ url, method: 'GET', headers, timeout: TIMEOUT_MS });
		return statusCode === 200 ? readKey(body, Date.now()) : null;
	} catch {
		return null;
	}
}

function faultOf(status: number, body: unknown): string | null {
	if (status === 401 || status === 403) return WRONG_KEY;
	if (status === 429) return 'CometAPI receives too many requests of this account (HTTP 429). Test again in a minute.';
	if (status >= 500) return `CometAPI has trouble at present (HTTP ${status}). Test again in a minute.`;
	return status >= 200 && status < 300 && hasModels(body) ? null : WRONG_URL;
}

function hasModels(body: unknown): boolean {
	const list = typeof body === 'object' && body !== null && 'data' in body ? body.data : null;
	const first: unknown = Array.isArray(list) ? list[0] : null;
	return typeof first === 'object' && first !== null && 'id' in first && first.id !== undefined;
}

function silence(error: unknown, host: string): string {
	const { code, message } = readNetworkFault(error);
	const advice = 'Check the base URL. It should be https://api.cometapi.com.';
	if (/^The request was blocked because/i.test(message)) {
		return `n8n's protection against requests into its own network blocks ${host}. ${advice}`;
	}
	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `There is no host ${host} (${code}). ${advice}`;
	if (code === 'ECONNREFUSED') return `Nothing answers at ${host} (${code}). ${advice}`;
	if (code !== null && /CERT|TLS|SSL|SIGNATURE|EPROTO/.test(code)) {
		return `No secure connection to ${host} comes about (${code}). ${advice}`;
	}
	return `No answer comes from ${host} (${code ?? 'no code'}). ${advice} If it is right, a firewall or a proxy may be in the way.`;
}
