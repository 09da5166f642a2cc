import type { IBinaryData, IExecuteFunctions, IPollFunctions, IWebhookFunctions } from 'n8n-workflow';

import { networkProblem, ownProblem, type Problem } from '../api/problem';
import { redact } from '../api/redact';
import { classifyFile } from '../judgement/classify';
import { readNetworkFault } from '../judgement/networkFault';
import type { Reason } from '../judgement/reason';
import { endingOf, HEAD_BYTES, mediaTypeOf, textKindOf } from './content';
import { fileOpener, TooLarge, wholeFile, type Bytes, type FileAnswer, type OpenFile } from './fileStream';
import { withEnding } from './names';
import { sizes } from './sizes';

/** Fetches a finished asset into n8n's binary store as a stream, so that no more than a few chunks are ever in memory. */

export type DownloadResult =
	| { kind: 'stored'; file: IBinaryData }
	/** The problem's message says what happened, after "The file could not be downloaded: ". */
	| { kind: 'failed'; problem: Problem }
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

/** The longest that any file may take. */
const TOTAL_TIMEOUT_MS = 30 * 60_000;

/**
 * Downloads one asset. Resolves for every fault: a failed download must not fail paid work.
 * @param deadline ends the download; a stopped execution does, too
 */
export async function download(context: FileContext, asset: Asset, deadline?: AbortSignal): Promise<DownloadResult> {
	if (!/^https?:\/\//i.test(asset.url) || !URL.canParse(asset.url)) {
		return failed('badRequest', 'the URL of the file is not an http(s) address');
	}
	const stopped = 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
	const limits = [stopped, deadline, AbortSignal.timeout(TOTAL_TIMEOUT_MS)].filter((signal) => signal !== undefined);
	try {
		return await store(context, asset, fileOpener(context, asset.url, AbortSignal.any(limits)));
	} catch (error) {
		if (stopped?.aborted || deadline?.aborted) return { kind: 'aborted' };
		if (error instanceof TooLarge) return tooLarge(asset, null);
		return { kind: 'failed', problem: networkProblem({ kind: 'noResponse', ...readNetworkFault(error) }) };
	}
}

function failed(reason: Reason, message: string): DownloadResult {
	return { kind: 'failed', problem: ownProblem(reason, message) };
}

async function store(context: FileContext, asset: Asset, open: OpenFile): Promise<DownloadResult> {
	const first = await open();
	try {
		const refused = classifyFile(first.status, first.sentKey);
		if (refused !== null) return failed(refused, refusalWords(first, refused));
		const announced = Number(first.headers['content-length']);
		if (announced > asset.maxBytes) return tooLarge(asset, announced);

		const bytes = wholeFile(first, open, asset.maxBytes);
		const head = await readHead(bytes);
		const mimeType = mediaTypeOf(head);
		const noFile = mimeType === null ? noFileWords(head, first.headers['content-type']) : null;
		if (noFile !== null) {
			await bytes.return(undefined);
			return failed('notAFile', `the server of the file sent ${noFile}`);
		}
		const type = mimeType ?? (asset.expected === 'video' ? 'video/mp4' : 'image/png');
		// Verified nodes may not import `stream`, but every stream class inherits `Readable.from`.
		const { from } = first.body.constructor as unknown as typeof import('stream').Readable;
		const stream = from(joined(head, bytes), { objectMode: false });
		const file = await context.helpers.prepareBinaryData(stream, withEnding(asset.baseName, endingOf(type)), type);
		return { kind: 'stored', file };
	} finally {
		// If the store failed, the rest of the file is not wanted.
		first.body.destroy();
	}
}

function refusalWords({ status, sentKey }: FileAnswer, reason: Reason): string {
	if (reason === 'expired') return `the URL of the file has expired or is gone (HTTP ${status})`;
	return sentKey && (status === 401 || status === 403)
		? `the file lies at the base URL's own address and needs the API key, which was refused there (HTTP ${status})`
		: `the server of the file answered HTTP ${status}`;
}

/** What came in place of a file, or null if it may be one. */
function noFileWords(head: Buffer, contentType: unknown): string | null {
	if (head.length === 0) return 'an empty file';
	const kind = textKindOf(head);
	if (kind !== null) return kind;
	const said = String(contentType ?? '');
	return /^text\/|[/+](json|xml)\b|html\b/i.test(said) ? redact(said) : null;
}

/** The first bytes, as many as say what the file is. */
async function readHead(bytes: Bytes): Promise<Buffer> {
	let head: Buffer = Buffer.alloc(0);
	while (head.length < HEAD_BYTES) {
		const { done, value } = await bytes.next();
		if (done) break;
		head = Buffer.concat([head, value]);
	}
	return head;
}

async function* joined(head: Buffer, rest: Bytes): Bytes {
	yield head;
	return yield* rest;
}

/** @param bytes size of the file, or null if it is only known to be too large */
function tooLarge({ maxBytes }: Asset, bytes: number | null): DownloadResult {
	const [limit, size] = sizes(maxBytes, bytes ?? maxBytes);
	return failed(
		'tooLarge',
		bytes === null
			? `the file has more than ${limit}, which is what Max File Size (MB) allows`
			: `the file has ${size}, but Max File Size (MB) allows ${limit}`,
	);
}
