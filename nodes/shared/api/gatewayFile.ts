import type { IHttpRequestOptions, IN8nHttpFullResponse } from 'n8n-workflow';

import { CREDENTIAL, readCredential, type RequestContext } from './credential';
import { withSignal } from './transport';

/**
 * Asks for a file of the gateway itself, which may need the key (fact sheet 8.2). The key goes to the base URL's own
 * address alone: scheme, host and port are the same, and a redirect is not followed.
 * @returns null, with nothing sent, if the file lies anywhere else or there is no key
 */
export async function requestWithKey(
	context: RequestContext,
	options: IHttpRequestOptions & { abortSignal: AbortSignal },
): Promise<IN8nHttpFullResponse | null> {
	const credential = await readCredential(context).catch(() => null);
	if (credential === null || new URL(options.url).origin !== new URL(credential.baseURL).origin) return null;
	// n8n's helper takes the signal of its context, not the one of the options.
	const caller = withSignal(context, options.abortSignal);
	return (await context.helpers.httpRequestWithAuthentication.call(caller, CREDENTIAL, {
		...options,
		// n8n writes the key into these.
		headers: { ...options.headers },
		disableFollowRedirect: true,
	})) as IN8nHttpFullResponse;
}
