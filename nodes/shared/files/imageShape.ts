import { mediaTypeOf } from './content';

/** Reads the displayed width and height of an image from the first bytes of a PNG, JPEG or WebP. */

/** In pixels. */
export interface ImageShape {
	width: number;
	height: number;
}

/**
 * The shape of an image, turned as its EXIF data say.
 * @param head the file's beginning, of any length
 * @returns null if the bytes are too few or of something else
 */
export function imageShape(head: Buffer): ImageShape | null {
	const shape = shapeOf(head);
	return shape !== null && shape.width > 0 && shape.height > 0 ? shape : null;
}

function shapeOf(head: Buffer): ImageShape | null {
	switch (mediaTypeOf(head)) {
		case 'image/png':
			return head.length < 24 ? null : { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
		case 'image/jpeg':
			return jpegShape(head);
		case 'image/webp':
			return head.length < 30 ? null : webpShape(head);
		default:
			return null;
	}
}

/** Walks the JPEG's segments to the frame header, which holds the size; the EXIF data come before it. */
function jpegShape(head: Buffer): ImageShape | null {
	let isTurned = false;
	let at = 2;
	while (at + 9 <= head.length && head[at] === 0xff) {
		const marker = head[at + 1] ?? 0;
		if (marker === 0xff) {
			// Any number of fill bytes may come before a marker.
			at += 1;
			continue;
		}
		const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
		if (isFrame) {
			const [height, width] = [head.readUInt16BE(at + 5), head.readUInt16BE(at + 7)];
			return isTurned ? { width: height, height: width } : { width, height };
		}
		const length = head.readUInt16BE(at + 2);
		if (marker === 0xe1 && isTurnedByExif(head.subarray(at + 4, at + 2 + length))) isTurned = true;
		at += 2 + length;
	}
	return null;
}

const ORIENTATION = 0x0112;

/** Whether the orientation in EXIF data, a small TIFF file, swaps width and height: 5 to 8 do. */
function isTurnedByExif(segment: Buffer): boolean {
	if (segment.toString('latin1', 0, 6) !== 'Exif\0\0' || segment.length < 14) return false;
	const tiff = segment.subarray(6);
	const isLittle = tiff.toString('latin1', 0, 2) === 'II';
	const short = (at: number) => (at + 2 > tiff.length ? 0 : isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
	const directory = isLittle ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
	const entries = short(directory);
	for (let entry = 0; entry < entries; entry += 1) {
		const at = directory + 2 + entry * 12;
		if (at + 12 > tiff.length) return false;
		if (short(at) === ORIENTATION) return short(at + 8) >= 5 && short(at + 8) <= 8;
	}
	return false;
}

function webpShape(head: Buffer): ImageShape | null {
	switch (head.toString('latin1', 12, 16)) {
		case 'VP8 ':
			return { width: head.readUInt16LE(26) & 0x3fff, height: head.readUInt16LE(28) & 0x3fff };
		case 'VP8L': {
			const bits = head.readUInt32LE(21);
			return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
		}
		case 'VP8X':
			return { width: head.readUIntLE(24, 3) + 1, height: head.readUIntLE(27, 3) + 1 };
		default:
			return null;
	}
}
