import type { IHttpRequestOptions, IN8nHttpFullResponse } from 'n8n-workflow';

import type { RequestContext } from '../api/credential';
import { requestWithKey } from '../api/gatewayFile';
import { systemClock } from '../wait/pause';

/**
 * The bytes of a file as its server sends them. The credential is not sent, unless the base URL's own server asks for it:
 * other hosts are not CometAPI, and signed URLs need none.
 */

/** For the answer to begin; a file may take as long as it keeps coming. */
const RESPONSE_TIMEOUT_MS = 60_000;
/** How often one download continues after a broken connection. */
const MAX_RESUMES = 3;
const RESUME_DELAY_MS = 500;

type ByteStream = import('stream').Readable;
export type Bytes = AsyncGenerator<Buffer, undefined, undefined>;

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

/** The file has more bytes than are allowed. */
export class TooLarge extends Error {}

/**
 * The bytes of the file, whole or not at all. If the connection breaks, it asks for the rest, if the server supports ranges
 * of the same version. Node notices an end that comes too early. The length shows only whether pieces fit together: that
 * of a file which the server has packed, and n8n unpacked, is not its own.
 */
export async function* wholeFile(first: FileAnswer, open: OpenFile, maxBytes: number): Bytes {
	let { body } = first;
	const announced = Number(first.headers['content-length']);
	const version = String(first.headers.etag ?? '');
	const takesRanges = first.headers['accept-ranges'] === 'bytes' && /^"/.test(version);
	let received = 0;
	for (let resumes = 0; ; resumes += 1) {
		let fault: unknown = null;
		try {
			for await (const chunk of body as AsyncIterable<Buffer>) {
				received += chunk.length;
				if (received > maxBytes) throw new TooLarge();
				yield chunk;
			}
		} catch (error) {
			fault = error;
		} finally {
			body.destroy();
		}
		if (fault === null && (resumes === 0 || received === announced)) return;
		fault ??= new Error(`the file has ${received} bytes in place of ${announced}`);
		const isCutOff = received < announced && !(fault instanceof TooLarge);
		if (!takesRanges || !isCutOff || resumes === MAX_RESUMES) throw fault;

		await systemClock.sleep(RESUME_DELAY_MS * (resumes + 1));
		const rest = await open({ Range: `bytes=${received}-`, 'If-Range': version });
		body = rest.body;
		const isTheRest = rest.status === 206 && String(rest.headers['content-range']).startsWith(`bytes ${received}-`);
		if (!isTheRest) {
			body.destroy();
			throw fault;
		}
	}
}
