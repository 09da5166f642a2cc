import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const CHUNK_BYTES = 64 * 1024;
const BOX_HEADER_BYTES = 16;
/** Held here because a test runner's sandbox makes each look at a global slow, and this runs for every word. */
const { imul } = Math;

/** A servable file: its bytes are made on demand, so that its size costs no memory. */
export interface Asset {
	readonly type: string;
	readonly size: number;
	/** Strong validator, quotes included. */
	readonly etag: string;
	/** The bytes from `start` up to but not including `end`. */
	slice(start: number, end: number): Buffer;
}

const files = new Map<string, Buffer>();

function load(name: string): Buffer {
	const bytes = files.get(name) ?? readFileSync(join(__dirname, 'assets', name));
	files.set(name, bytes);
	return bytes;
}

export const videoBytes = () => load('clip.mp4');
export const imageBytes = () => load('harbor.png');

function etagOf(bytes: Buffer, size: number): string {
	return `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}-${size.toString(16)}"`;
}

export function imageAsset(): Asset {
	return fileAsset(imageBytes(), 'image/png');
}

/** The video result: the real MP4, or, with a size, the same cut or filled up to it. */
export function videoAsset(size: number | null): Asset {
	const head = videoBytes();
	if (size === null || size === head.length) return fileAsset(head, 'video/mp4');
	const slice = (start: number, end: number) => syntheticSlice(head, size, start, end);
	return { type: 'video/mp4', size, etag: etagOf(head, size), slice };
}

function fileAsset(bytes: Buffer, type: string): Asset {
	return {
		type,
		size: bytes.length,
		etag: etagOf(bytes, bytes.length),
		slice: (start, end) => bytes.subarray(start, end),
	};
}

/**
 * Bytes of a file of `size` bytes: `head`, then a `free` box, which players skip, whose content at each place follows
 * from the place alone. So a range that was joined at the wrong place shows.
 */
function syntheticSlice(head: Buffer, size: number, start: number, end: number): Buffer {
	const from = Math.min(start, size);
	const to = Math.min(end, size);
	const bytes = Buffer.allocUnsafe(Math.max(0, to - from));
	fillByPlace(bytes, from);
	const box = freeBox(size - head.length);
	lay(box, head.length, bytes, from);
	lay(head, 0, bytes, from);
	return bytes;
}

function freeBox(size: number): Buffer {
	if (size < BOX_HEADER_BYTES) return Buffer.alloc(0);
	const header = Buffer.alloc(BOX_HEADER_BYTES);
	header.writeUInt32BE(1, 0);
	header.write('free', 4, 'latin1');
	header.writeBigUInt64BE(BigInt(size), 8);
	return header;
}

/** Copies the part of `source`, which lies at `at` in the file, that falls into `target`, which lies at `from`. */
function lay(source: Buffer, at: number, target: Buffer, from: number): void {
	if (at + source.length <= from || at >= from + target.length) return;
	source.copy(target, Math.max(0, at - from), Math.max(0, from - at));
}

/** Every word of four bytes holds its own place, scrambled. */
function fillByPlace(bytes: Buffer, from: number): void {
	const firstWord = Math.floor(from / 4);
	const lead = from - firstWord * 4;
	const words = new Uint32Array(Math.ceil((lead + bytes.length) / 4));
	for (let index = 0; index < words.length; index += 1) {
		words[index] = imul(firstWord + index, 0x9e3779b1) ^ 0x5bd1e995;
	}
	Buffer.from(words.buffer).copy(bytes, 0, lead);
}

/** The bytes of an asset between two places, in chunks. */
export function* chunksOf(asset: Asset, start = 0, end = asset.size): Generator<Buffer> {
	for (let at = start; at < end; at += CHUNK_BYTES) yield asset.slice(at, Math.min(end, at + CHUNK_BYTES));
}

/** SHA-256 of an asset, in hex. */
export function digestOf(asset: Asset): string {
	const hash = createHash('sha256');
	for (const chunk of chunksOf(asset)) hash.update(chunk);
	return hash.digest('hex');
}

export type RangeAnswer = 'whole' | 'unsatisfiable' | { start: number; end: number };

/** Reads a Range header for a file of `size` bytes. Anything but one valid byte range means the whole file. */
export function parseRange(header: string | undefined, size: number): RangeAnswer {
	const match = /^bytes=(\d*)-(\d*)$/.exec(header?.replace(/\s+/g, '') ?? '');
	const [, first = '', last = ''] = match ?? [];
	if (!match || (first === '' && last === '')) return 'whole';
	if (first === '') {
		const length = Math.min(Number(last), size);
		return length === 0 ? 'unsatisfiable' : { start: size - length, end: size };
	}
	if (last !== '' && Number(last) < Number(first)) return 'whole';
	if (Number(first) >= size) return 'unsatisfiable';
	return { start: Number(first), end: last === '' ? size : Math.min(size, Number(last) + 1) };
}
