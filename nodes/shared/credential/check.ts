import type { IDataObject, IHttpRequestOptions, IN8nHttpFullResponse } from 'n8n-workflow';

import type { ApiAnswer, ApiRequest } from '../api/send';
import { readNetworkFault } from '../judgement/networkFault';

/** What people have typed into the credential. */
export type CredentialSettings = Readonly<Record<string, unknown>>;

/** Sends a request without any credential. Answers of any status are answers; redirects are not followed. */
export type AskPlainly = (options: IHttpRequestOptions) => Promise<IN8nHttpFullResponse>;

/**
 * Checks one part of the credential.
 * @param note receives what is worth knowing although nothing is wrong
 * @returns what is wrong and what to do, without any secret; null if all is well, or if the part is not used
 */
export type CredentialCheck = (
	settings: CredentialSettings,
	ask: AskPlainly,
	note?: (words: string) => void,
) => Promise<string | null>;

type PlainSend = (request: ApiRequest) => Promise<Exclude<ApiAnswer, { kind: 'aborted' }>>;

/** Sends the requests of a test as the nodes send theirs, so that the same functions read the answers. */
export function sendWith(ask: AskPlainly, baseUrl: string, secret: Record<string, string>): PlainSend {
	return async ({ method, path, timeoutMs }) => {
		try {
			const url = `${baseUrl}${path}`;
			const { statusCode, headers, body } = await ask({ url, method, headers: secret, timeout: timeoutMs });
			return { kind: 'response', status: statusCode, headers: headers as Record<string, string>, body };
		} catch (error) {
			return { kind: 'noResponse', ...readNetworkFault(error) };
		}
	};
}

/** n8n gives a test of a credential nothing but its oldest helper for requests. */
export function askPlainlyWith(helpers: { request: (options: object) => Promise<unknown> }): AskPlainly {
	return async ({ url, method, headers, body, timeout }) =>
		(await helpers.request({
			uri: url,
			method,
			headers: headers as IDataObject,
			body,
			timeout,
			json: true,
			followRedirect: false,
			followAllRedirects: false,
			simple: false,
			resolveWithFullResponse: true,
		})) as IN8nHttpFullResponse;
}
