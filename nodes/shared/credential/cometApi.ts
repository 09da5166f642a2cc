import { askKey, faultOfKey, noteOnKey } from '../api/keyUsage';
import { baseUrlOf, isPossibleKey } from '../api/credential';
import type { NetworkFault } from '../judgement/networkFault';
import { sendWith, type CredentialCheck } from './check';

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
	const send = sendWith(ask, base, { Authorization: `Bearer ${key}` });
	const answer = await send({ method: 'GET', path: '/v1/models', timeoutMs: TIMEOUT_MS });
	if (answer.kind !== 'response') return silence(answer, new URL(base).host);
	const fault = faultOf(answer.status, answer.body);
	if (fault !== null && fault !== WRONG_KEY) return fault;
	const state = await askKey(send);
	const limits = state === null ? null : noteOnKey(state);
	if (limits !== null) note?.(limits);
	return (state && faultOfKey(state)) ?? fault;
};

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

function silence({ code, message }: NetworkFault, host: string): string {
	const advice = 'Check the base URL. It should be https://api.cometapi.com.';
	if (/^The request was blocked because/i.test(message)) {
		return `n8n's protection against requests into its own network blocks ${host}. ${advice}`;
	}
	if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `There is no host ${host} (${code}). ${advice}`;
	if (code === 'ECONNREFUSED') return `Nothing answers at ${host} (${code}). ${advice}`;
	if (code !== null && /CERT|TLS|SSL|SIGNATURE|EPROTO/.test(code)) {
		return `No secure connection to ${host} is possible (${code}). ${advice}`;
	}
	return `No answer comes from ${host} (${code ?? 'no code'}). ${advice} If it is right, a firewall or a proxy may be in the way.`;
}
