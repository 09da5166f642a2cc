import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Answer } from './api';
import type { Asset } from './assets';
import { chunksOf, imageAsset, imageBytes, parseRange, videoAsset } from './assets';
import { send } from './damage';
import { progressAt } from './progress';
import type { UrlSigner } from './signing';
import type { TaskBook } from './tasks';
import type { Timers } from './timers';
import type { DisguiseKind, Fault, FaultKind, RecordedRequest, StandInSettings, StandInTask } from './types';

/** Bytes that `wrong-length` promises and never sends. */
const OVERSTATED_BYTES = 1000;
/** Between the last byte of a truncated body and the reset, so that the client sees the bytes first. */
const SETTLE_MS = 20;

/** What comes in the place of a file; without `body`, nothing does. */
interface Disguise {
	status?: number;
	type?: string;
	encoding?: string;
	body?: (asset: Asset) => Buffer;
}

const webPage = '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n';

const disguises: Readonly<Record<DisguiseKind, Disguise>> = {
	'empty-file': {},
	'no-content': { status: 204 },
	'html-file': { body: () => Buffer.from(webPage) },
	'xml-file': {
		type: 'application/octet-stream',
		body: () => Buffer.from(storeError('NoSuchKey', 'The key does not exist')),
	},
	'gzip-file': { encoding: 'gzip', body: (asset) => gzipSync(asset.slice(0, asset.size)) },
	'picture-file': { body: imageBytes },
};

function disguiseOf(kind: FaultKind | undefined): Disguise | undefined {
	return kind !== undefined && Object.hasOwn(disguises, kind) ? disguises[kind as DisguiseKind] : undefined;
}

/** Whether a fault concerns how an asset's bytes are sent, which only the asset store can do. */
export function isAssetFault({ kind }: Fault): boolean {
	const ofBytes = ['truncated', 'stall', 'endless', 'wrong-length', 'wrong-type'].includes(kind);
	return ofBytes || disguiseOf(kind) !== undefined;
}

/**
 * Serves results and samples as an object store does: signed URLs, ranges, validators, no Authorization. Results under
 * the API's own address want the key, as everything there does.
 */
export class AssetStore {
	constructor(
		private readonly settings: StandInSettings,
		private readonly book: TaskBook,
		private readonly signer: UrlSigner,
		private readonly timers: Timers,
		private readonly api: {
			/** Why the key of a request opens nothing, or undefined. */
			locked(request: RecordedRequest): Answer | undefined;
			comet(status: number, message: string, code?: string): Answer;
		},
		/** Base URL of the same server under another host name. */
		private readonly elsewhere: () => string,
	) {}

	async serve(
		request: RecordedRequest,
		incoming: IncomingMessage,
		response: ServerResponse,
		fault: Fault | undefined,
	): Promise<void> {
		if (request.method !== 'GET' && request.method !== 'HEAD') {
			refuse(response, 405, 'MethodNotAllowed', 'The method is not allowed');
			return;
		}
		const asset = this.find(request, response);
		if (response.headersSent) return;
		if (!asset) {
			refuse(response, 404, 'NoSuchKey', 'The key does not exist');
			return;
		}
		await this.send(asset, request, incoming, response, fault);
	}

	private find(request: RecordedRequest, response: ServerResponse): Asset | undefined {
		if (request.route === 'sample') return this.sample(request.path);
		return request.path.startsWith('/assets/') ? this.result(request, response) : this.content(request, response);
	}

	/** The file of a finished task under the API's own address. */
	private content(request: RecordedRequest, response: ServerResponse): Asset | undefined {
		const [, , , taskId = ''] = request.path.split('/');
		request.taskId = taskId;
		const task = this.finished(taskId);
		const refusal = this.api.locked(request) ?? (task ? undefined : this.api.comet(404, 'the task has no file'));
		if (refusal) {
			send(response, refusal);
			return undefined;
		}
		if (!task || this.settings.resultUrls !== 'gateway-redirect') return task && this.fileOf(task);
		const location = `${this.elsewhere()}${this.book.storePath(task, this.settings.fileNames[task.asset])}`;
		send(response, { status: 302, headers: { Location: location } });
		return undefined;
	}

	private finished(taskId: string): StandInTask | undefined {
		const task = this.book.tasks.get(taskId);
		return task && progressAt(task, Date.now()).phase === 'succeeded' ? task : undefined;
	}

	private fileOf(task: StandInTask): Asset {
		return task.asset === 'image' ? imageAsset() : videoAsset(this.settings.assetBytes);
	}

	private sample(path: string): Asset | undefined {
		if (path === '/samples/harbor.png') return imageAsset();
		return path === '/samples/clip.mp4' ? videoAsset(null) : undefined;
	}

	private result(request: RecordedRequest, response: ServerResponse): Asset | undefined {
		const [, , taskId = '', name = '', ...rest] = request.path.split('/');
		request.taskId = taskId;
		if (request.headers.authorization !== undefined) {
			request.leakedAuthorization = true;
			refuse(response, 400, 'InvalidArgument', 'Only one auth mechanism allowed');
			return undefined;
		}
		const refusal = this.settings.signedUrls
			? this.signer.refusal(request.path, request.query._jwt, Date.now())
			: undefined;
		if (refusal !== undefined) {
			refuse(response, 403, 'AccessDenied', refusal);
			return undefined;
		}
		const task = this.finished(taskId);
		if (!task || rest.length > 0) return undefined;
		if (name === this.settings.fileNames[task.asset]) return this.fileOf(task);
		const still = name === 'poster.png' || name === 'last.png';
		return still && task.asset === 'video' ? imageAsset() : undefined;
	}

	private async send(
		asset: Asset,
		request: RecordedRequest,
		incoming: IncomingMessage,
		response: ServerResponse,
		fault: Fault | undefined,
	): Promise<void> {
		const { supportRanges } = this.settings;
		const disguise = disguiseOf(fault?.kind);
		if (disguise) {
			sendDisguised(response, disguise, asset, request);
			return;
		}
		response.setHeader('ETag', asset.etag);
		if (supportRanges) response.setHeader('Accept-Ranges', 'bytes');
		if (incoming.headers['if-none-match'] === asset.etag) {
			response.writeHead(304).end();
			return;
		}
		response.setHeader(
			'Content-Type',
			fault?.kind === 'wrong-type' ? (fault.type ?? 'application/octet-stream') : asset.type,
		);
		const range = supportRanges && request.method === 'GET' ? rangeOf(incoming, asset) : 'whole';
		if (range === 'unsatisfiable') {
			response.writeHead(416, { 'Content-Range': `bytes */${asset.size}`, 'Content-Length': 0 }).end();
			return;
		}
		const { start, end } = range === 'whole' ? { start: 0, end: asset.size } : range;
		if (range !== 'whole') response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${asset.size}`);
		response.statusCode = range === 'whole' ? 200 : 206;
		if (fault?.kind !== 'endless') {
			const overstated = fault?.kind === 'wrong-length' ? OVERSTATED_BYTES : 0;
			response.setHeader('Content-Length', end - start + overstated);
		}
		if (request.method === 'HEAD') {
			response.end();
			return;
		}
		await this.body(asset, start, end, request, response, fault);
	}

	private async body(
		asset: Asset,
		start: number,
		end: number,
		request: RecordedRequest,
		response: ServerResponse,
		fault: Fault | undefined,
	): Promise<void> {
		const kind = fault?.kind;
		if (kind === 'endless') {
			while (await this.pump(chunksOf(asset, start, end), request, response));
			return;
		}
		const halved = kind === 'truncated' || kind === 'stall';
		const alive = await this.pump(
			chunksOf(asset, start, halved ? start + Math.ceil((end - start) / 2) : end),
			request,
			response,
		);
		if (!alive || kind === 'stall') return;
		if (kind === 'truncated') {
			await this.timers.sleep(SETTLE_MS);
			response.socket?.resetAndDestroy();
		} else if (kind === 'wrong-length') {
			response.socket?.destroySoon();
		} else {
			response.end();
		}
	}

	/** Writes as fast as the client reads (or as `assetBytesPerSecond` allows). False once the client has gone. */
	private async pump(chunks: Iterable<Buffer>, request: RecordedRequest, response: ServerResponse): Promise<boolean> {
		const gone = new AbortController();
		const onClose = () => gone.abort();
		response.once('close', onClose);
		try {
			for (const chunk of chunks) {
				if (response.destroyed) return false;
				request.bytesSent = (request.bytesSent ?? 0) + chunk.length;
				if (!response.write(chunk)) await once(response, 'drain', { signal: gone.signal });
				const { assetBytesPerSecond } = this.settings;
				if (assetBytesPerSecond !== null) await this.timers.sleep((chunk.length / assetBytesPerSecond) * 1000);
			}
			return !response.destroyed;
		} catch (error) {
			if (gone.signal.aborted) return false;
			throw error;
		} finally {
			response.off('close', onClose);
		}
	}
}

function rangeOf(incoming: IncomingMessage, asset: Asset): ReturnType<typeof parseRange> {
	const condition = incoming.headers['if-range'];
	const changed = condition !== undefined && condition !== asset.etag;
	return changed ? 'whole' : parseRange(incoming.headers.range, asset.size);
}

function sendDisguised(response: ServerResponse, disguise: Disguise, asset: Asset, request: RecordedRequest): void {
	const { status = 200, type = asset.type, encoding } = disguise;
	if (status === 204) {
		response.writeHead(status).end();
		return;
	}
	const body = disguise.body?.(asset) ?? Buffer.alloc(0);
	response.writeHead(status, {
		'Content-Type': type,
		'Content-Length': body.length,
		...(encoding === undefined ? {} : { 'Content-Encoding': encoding }),
	});
	const sent = request.method === 'HEAD' ? Buffer.alloc(0) : body;
	request.bytesSent = sent.length;
	response.end(sent);
}

const storeError = (code: string, message: string) =>
	`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;

/** Refuses as object stores do: in XML. */
function refuse(response: ServerResponse, status: number, code: string, message: string): void {
	const body = storeError(code, message);
	const headers = { 'Content-Type': 'application/xml', 'Content-Length': Buffer.byteLength(body) };
	response.writeHead(status, headers).end(body);
}
