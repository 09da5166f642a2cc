import type { IHttpRequestOptions, IN8nHttpFullResponse } from 'n8n-workflow';

import type { RequestContext } from '../api/credential';
import { requestWithKey } from '../api/gatewayFile';

/**
 * Asks the server of a file. The credential is not sent, unless the base URL's own server asks for it: other hosts are not
 * CometAPI, and signed URLs need none.
 */

/** For the answer to begin; a file may take as long as it keeps coming. */
const RESPONSE_TIMEOUT_MS = 60_000;

type ByteStream = import('stream').Readable;

/** What the server of a file answers. */
export interface FileAnswer {
	status: number;
	headers: IN8nHttpFullResponse['headers'];
	body: ByteStream;
	/** Whether the answer is one to a request that had the key. */
	sentKey: boolean;
}

/** Requests the file, with further headers if only a part of it is wanted. */
export type OpenFile = (headers?: Record<string, string>) => Promise<FileAnswer>;

/** Makes what requests the file at a URL, as often as it is called. */
export function fileOpener(context: RequestContext, fileUrl: string, abortSignal: AbortSignal): OpenFile {
	return async (further) => {
		const options = {
			method: 'GET',
			url: fileUrl,
			headers: { 'Accept-Encoding': 'identity', ...further },
			encoding: 'stream',
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			timeout: RESPONSE_TIMEOUT_MS,
			abortSignal,
		} as const satisfies IHttpRequestOptions;
		const ask = async (url: string) =>
			answer((await context.helpers.httpRequest({ ...options, url })) as IN8nHttpFullResponse, false);

		const plain = await ask(fileUrl);
		if (plain.status !== 401 && plain.status !== 403) return plain;
		const response = await requestWithKey(context, options);
		if (response === null) return plain;
		const keyed = answer(response, true);
		// Object stores answer 400 to a key beside a signature.
		if (keyed.status === 400) {
			keyed.body.destroy();
			return plain;
		}
		plain.body.destroy();
		const { location } = keyed.headers;
		if (keyed.status < 300 || keyed.status >= 400 || typeof location !== 'string') return keyed;
		keyed.body.destroy();
		return await ask(new URL(location, fileUrl).href);
	};
}

function answer({ statusCode, headers, body }: IN8nHttpFullResponse, sentKey: boolean): FileAnswer {
	return { status: statusCode, headers, body: body as ByteStream, sentKey };
}
