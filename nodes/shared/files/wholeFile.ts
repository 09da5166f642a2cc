import { sleep } from 'n8n-workflow';

import type { FileAnswer, OpenFile } from './fileServer';

/** How often one download continues after a broken connection. */
const MAX_RESUMES = 3;
const RESUME_DELAY_MS = 500;

export type Bytes = AsyncGenerator<Buffer, undefined, undefined>;

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

		await sleep(RESUME_DELAY_MS * (resumes + 1));
		const rest = await open({ Range: `bytes=${received}-`, 'If-Range': version });
		body = rest.body;
		const isTheRest = rest.status === 206 && String(rest.headers['content-range']).startsWith(`bytes ${received}-`);
		if (!isTheRest) {
			body.destroy();
			throw fault;
		}
	}
}
