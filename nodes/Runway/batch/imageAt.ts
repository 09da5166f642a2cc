import type { IExecuteFunctions, IN8nHttpFullResponse } from 'n8n-workflow';

import { imageShape, type ImageShape } from '../../shared/files/imageShape';

/** Reads the shape of an image on the web from its first bytes, for the ratio that matches it. */

/** A photo's EXIF data, which come before its size, may be larger than 64 KB. */
const MAX_BYTES = 256 * 1024;
const LONGEST_MS = 5_000;

type ByteStream = import('stream').Readable;

/**
 * Makes a reader that asks for each URL once, and a host that does not answer only once, so that a batch does not wait for it
 * with every item. It sends no credential and follows no redirect; n8n's protection against requests to its own network holds.
 * The reader gives null if the shape can't be read.
 */
export function imageShapeReader(context: IExecuteFunctions): (url: string) => Promise<ImageShape | null> {
	const known = new Map<string, Promise<ImageShape | null>>();
	const silent = new Set<string>();
	const read = async (url: string) => {
		const { host } = new URL(url);
		if (silent.has(host)) return null;
		try {
			return await readShape(context, url);
		} catch {
			silent.add(host);
			return null;
		}
	};
	return async (url) => {
		const found = known.get(url) ?? read(url);
		known.set(url, found);
		return await found;
	};
}

/** @throws if the host does not answer in time */
async function readShape(context: IExecuteFunctions, url: string): Promise<ImageShape | null> {
	const stopped = context.getExecutionCancelSignal();
	const { statusCode, body } = (await context.helpers.httpRequest({
		method: 'GET',
		url,
		headers: { Range: `bytes=0-${MAX_BYTES - 1}`, 'Accept-Encoding': 'identity' },
		encoding: 'stream',
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		disableFollowRedirect: true,
		timeout: LONGEST_MS,
		abortSignal: AbortSignal.any([AbortSignal.timeout(LONGEST_MS), ...(stopped === undefined ? [] : [stopped])]),
	})) as IN8nHttpFullResponse;
	const stream = body as ByteStream;
	try {
		if (statusCode !== 200 && statusCode !== 206) return null;
		let head = Buffer.alloc(0);
		for await (const chunk of stream) {
			head = Buffer.concat([head, chunk as Buffer]);
			const shape = imageShape(head);
			if (shape !== null || head.length >= MAX_BYTES) return shape;
		}
		return null;
	} finally {
		stream.destroy();
	}
}
