import {
	sleep,
	type IBinaryData,
	type IExecuteFunctions,
	type IN8nHttpFullResponse,
	type IPollFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';

import { redact } from '../api/redact';

/**
 * Fetches a finished asset into n8n's binary store as a stream, so that no more than a few chunks are ever
 * in memory. The credential is never sent: asset hosts are not CometAPI, and signed URLs need none.
 */

export type DownloadResult =
	| { kind: 'stored'; file: IBinaryData }
	/** The URL has expired or is gone: a fresh one may work. */
	| { kind: 'expired'; message: string }
	| { kind: 'failed'; message: string; passing: boolean }
	| { kind: 'aborted' };

export interface Asset {
	url: string;
	/** File name without its ending. */
	baseName: string;
	expected: 'video' | 'image';
	/** Larger files are refused. */
	maxBytes: number;
}

/** The contexts in which n8n lets a node store files. */
export type FileContext = IExecuteFunctions | IPollFunctions | IWebhookFunctions;

/** For the answer to begin; a file may take as long as it keeps coming. */
const RESPONSE_TIMEOUT_MS = 60_000;
/** The longest that any file may take. */
const TOTAL_TIMEOUT_MS = 30 * 60_000;

/** How often a broken connection is taken up again in one download. */
const MAX_RESUMES = 3;
const RESUME_DELAY_MS = 500;

const typeByEnding: Readonly<Record<string, string>> = {
	gif: 'image/gif',
	jpeg: 'image/jpeg',
	jpg: 'image/jpeg',
	mov: 'video/quicktime',
	mp4: 'video/mp4',
	png: 'image/png',
	webm: 'video/webm',
	webp: 'image/webp',
};
const endingByType: Readonly<Record<string, string>> = {
	'image/gif': 'gif',
	'image/jpeg': 'jpg',
	'image/png': 'png',
	'image/webp': 'webp',
	'video/mp4': 'mp4',
	'video/quicktime': 'mov',
	'video/webm': 'webm',
};

/**
 * Downloads one asset. Resolves for every fault: a failed download must not fail paid work.
 * @param deadline gives the download up; a stopped execution does, too
 */
export async function download(context: FileContext, asset: Asset, deadline?: AbortSignal): Promise<DownloadResult> {
	if (!/^https?:\/\//i.test(asset.url)) {
		return { kind: 'failed', message: 'the URL of the file is not an http(s) address', passing: false };
	}
	const stopped = 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
	const limits = [stopped, deadline, AbortSignal.timeout(TOTAL_TIMEOUT_MS)].filter((signal) => signal !== undefined);
	const open: Open = async (headers) =>
		await context.helpers.httpRequest({
			method: 'GET',
			url: asset.url,
			// A compressed file would arrive with a length that is not its own.
			headers: { 'Accept-Encoding': 'identity', ...headers },
			encoding: 'stream',
			returnFullResponse: true,
			ignoreHttpStatusErrors: true,
			timeout: RESPONSE_TIMEOUT_MS,
			abortSignal: AbortSignal.any(limits),
		});
	try {
		return await store(context, asset, open);
	} catch (error) {
		if (stopped?.aborted || deadline?.aborted) return { kind: 'aborted' };
		if (error instanceof TooLarge) return tooLarge(asset);
		return { kind: 'failed', message: redact(error instanceof Error ? error.message : String(error)), passing: true };
	}
}

/** Requests the asset, with further headers where only a part of it is wanted. */
type Open = (headers?: Record<string, string>) => Promise<IN8nHttpFullResponse>;

async function store(context: FileContext, asset: Asset, open: Open): Promise<DownloadResult> {
	const response = await open();
	const { statusCode, headers } = response;
	const body = response.body as ByteStream;
	const refused = refusal(statusCode, headers) ?? (lengthOf(headers) > asset.maxBytes ? tooLarge(asset) : null);
	if (refused !== null) {
		body.destroy();
		return refused;
	}
	const mimeType = mimeTypeOf(headers['content-type'], asset);
	const fileName = `${asset.baseName}.${endingByType[mimeType] ?? 'bin'}`;
	try {
		const file = await context.helpers.prepareBinaryData(wholeFile(response, open, asset.maxBytes), fileName, mimeType);
		return { kind: 'stored', file };
	} finally {
		// Where the store failed, the rest of the file is not wanted.
		body.destroy();
	}
}

/** Bytes, or NaN where the answer does not say. */
function lengthOf(headers: IN8nHttpFullResponse['headers']): number {
	return Number(headers['content-encoding'] === undefined ? headers['content-length'] : undefined);
}

function refusal(status: number, headers: IN8nHttpFullResponse['headers']): DownloadResult | null {
	if (status === 401 || status === 403 || status === 404 || status === 410) {
		return { kind: 'expired', message: `the URL of the file has expired or is gone (HTTP ${status})` };
	}
	if (status < 200 || status >= 300) {
		const passing = status === 429 || status >= 500;
		return { kind: 'failed', message: `the server of the file answered HTTP ${status}`, passing };
	}
	const type = String(headers['content-type'] ?? '');
	if (/html\b/i.test(type)) {
		return { kind: 'failed', message: 'the server of the file answered with a web page', passing: false };
	}
	if (/^text\/|[/+](json|xml)\b/i.test(type)) {
		return { kind: 'failed', message: `the server of the file answered with ${redact(type)}`, passing: false };
	}
	return null;
}

/** The kind that was asked for leads: asset hosts often send `application/octet-stream`. */
function mimeTypeOf(contentType: unknown, { url, expected }: Asset): string {
	const said =
		String(contentType ?? '')
			.split(';')[0]
			?.trim()
			.toLowerCase() ?? '';
	if (endingByType[said] !== undefined) return said;
	const ending = new URL(url).pathname.split('.').at(-1)?.toLowerCase() ?? '';
	return typeByEnding[ending] ?? (expected === 'video' ? 'video/mp4' : 'image/png');
}

class TooLarge extends Error {}

function tooLarge({ maxBytes }: Asset): DownloadResult {
	const message = `the file is larger than ${Math.round(maxBytes / 1_000_000)} MB, the limit in the options`;
	return { kind: 'failed', message, passing: false };
}

type ByteStream = import('stream').Readable;

/**
 * The bytes of the file, whole or not at all: where the connection breaks, the rest is asked for, if the
 * server takes ranges of that very version; where fewer bytes arrive than were announced, it fails, since
 * a cut-off video would otherwise be stored as if it were whole.
 */
function wholeFile(first: IN8nHttpFullResponse, open: Open, maxBytes: number): ByteStream {
	const announced = lengthOf(first.headers);
	const version = String(first.headers.etag ?? '');
	const takesRanges = first.headers['accept-ranges'] === 'bytes' && /^"/.test(version) && Number.isFinite(announced);
	let body = first.body as ByteStream;

	async function* bytes() {
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
			if (fault === null && (!Number.isFinite(announced) || received === announced)) return;
			fault ??= new Error(`the file was cut off after ${received} of ${announced} bytes`);
			if (!takesRanges || resumes === MAX_RESUMES || received >= announced || fault instanceof TooLarge) throw fault;

			await sleep(RESUME_DELAY_MS * (resumes + 1));
			const rest = await open({ Range: `bytes=${received}-`, 'If-Range': version });
			body = rest.body as ByteStream;
			const isTheRest =
				rest.statusCode === 206 && String(rest.headers['content-range']).startsWith(`bytes ${received}-`);
			if (!isTheRest) {
				body.destroy();
				throw fault;
			}
		}
	}
	// Verified nodes may not import `stream`, but every stream class inherits `Readable.from`.
	const { from } = body.constructor as unknown as typeof import('stream').Readable;
	return from(bytes(), { objectMode: false });
}
