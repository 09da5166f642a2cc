import { mediaTypeOf } from '../../shared/files/content';
import type { InputFile } from './operation';

/** Checks binary inputs before they are paid for and turns them into data URIs. */

/** Runway's limit for a data URI with an image, counted after base64. */
const MAX_IMAGE_URI_BYTES = 5 * 1024 * 1024;
/** Runway's page says 16 MB for videos, its newer typings 5 MB: between the two it is a hint. */
const MAX_VIDEO_URI_BYTES = 16 * 1024 * 1024;
const SAFE_VIDEO_URI_BYTES = 5 * 1024 * 1024;
/** Beyond this factor between the shapes of frame and picture, much of the picture is cut off. */
const SHAPE_TOLERANCE = 1.35;

type Encoded = { uri: string; hints: string[] } | { expected: string };

/** Encodes an image file. The type is read from the file's own header, since MIME types of items are often guesses. */
export async function encodeImage(file: InputFile, ratio?: string): Promise<Encoded> {
	const tooLarge = {
		expected: `must name an image of at most 3.3 MB, because Runway takes files of up to 5 MB after encoding, but the file has ${megabytes(file.size)}. Make it smaller, or give a URL, where up to 16 MB are allowed`,
	};
	if (uriLength(file.size, '') > MAX_IMAGE_URI_BYTES) return tooLarge;
	const bytes = await file.read();
	const picture = readImageHeader(bytes);
	if (picture === null) {
		return { expected: `must name a binary field with a JPEG, PNG or WebP image, but the file is ${describe(file)}` };
	}
	if (uriLength(bytes.length, picture.mimeType) > MAX_IMAGE_URI_BYTES) return tooLarge;
	return { uri: dataUri(bytes, picture.mimeType), hints: ratio === undefined ? [] : shapeHints(picture, ratio) };
}

/** Encodes a video file. */
export async function encodeVideo(file: InputFile): Promise<Encoded> {
	const tooLarge = {
		expected: `must name a video of at most 12 MB, because Runway takes files of up to 16 MB after encoding, but the file has ${megabytes(file.size)}. Make it smaller, or give a URL, where up to 32 MB are allowed`,
	};
	if (uriLength(file.size, '') > MAX_VIDEO_URI_BYTES) return tooLarge;
	const bytes = await file.read();
	const mimeType = mediaTypeOf(bytes);
	if (mimeType === null || !mimeType.startsWith('video/')) {
		return { expected: `must name a binary field with an MP4, MOV or WebM video, but the file is ${describe(file)}` };
	}
	const length = uriLength(bytes.length, mimeType);
	if (length > MAX_VIDEO_URI_BYTES) return tooLarge;
	const hints =
		length > SAFE_VIDEO_URI_BYTES
			? [
					"The video is larger than 3.7 MB, which some versions of Runway's API refuse as a file. If it is refused, give a URL.",
				]
			: [];
	return { uri: dataUri(bytes, mimeType), hints };
}

/** Characters of a data URI. Counted before anything is encoded, which takes twice the memory of the file. */
function uriLength(size: number, mimeType: string): number {
	return `data:${mimeType};base64,`.length + Math.ceil(size / 3) * 4;
}

function dataUri(bytes: Buffer, mimeType: string): string {
	return `data:${mimeType};base64,${bytes.toString('base64')}`;
}

interface Picture {
	mimeType: string;
	/** Pixels; 0 where the header does not say. */
	width: number;
	height: number;
}

function shapeHints({ width, height }: Picture, ratio: string): string[] {
	const [frameWidth = 0, frameHeight = 0] = ratio.split(':').map(Number);
	if (width === 0 || height === 0 || frameWidth === 0 || frameHeight === 0) return [];
	const factor = width / height / (frameWidth / frameHeight);
	if (factor < SHAPE_TOLERANCE && factor > 1 / SHAPE_TOLERANCE) return [];
	return [
		`The image (${width}x${height}) has another shape than the ratio ${ratio}, so Runway will crop it. Choose a closer ratio to keep the whole image.`,
	];
}

/** Type and size from the first bytes of a PNG, JPEG or WebP, or null. */
export function readImageHeader(bytes: Buffer): Picture | null {
	const mimeType = mediaTypeOf(bytes);
	if (mimeType === 'image/jpeg' && bytes.length >= 4) return { mimeType, ...jpegSize(bytes) };
	if (mimeType === 'image/webp' && bytes.length >= 30) return { mimeType, ...webpSize(bytes) };
	if (mimeType === 'image/png' && bytes.length >= 24) {
		return { mimeType, width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
	}
	return null;
}

const UNKNOWN_SIZE = { width: 0, height: 0 };

/** Walks the JPEG's segments to the frame header, which holds the size. */
function jpegSize(bytes: Buffer) {
	let offset = 2;
	while (offset + 9 < bytes.length && bytes[offset] === 0xff) {
		const marker = bytes[offset + 1] ?? 0;
		if (marker === 0xff) {
			// Any number of fill bytes may come before a marker.
			offset += 1;
			continue;
		}
		const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
		if (isFrame) return { width: bytes.readUInt16BE(offset + 7), height: bytes.readUInt16BE(offset + 5) };
		offset += 2 + bytes.readUInt16BE(offset + 2);
	}
	return UNKNOWN_SIZE;
}

function webpSize(bytes: Buffer) {
	switch (bytes.toString('latin1', 12, 16)) {
		case 'VP8 ':
			return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
		case 'VP8L': {
			const bits = bytes.readUInt32LE(21);
			return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
		}
		case 'VP8X':
			return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
		default:
			return UNKNOWN_SIZE;
	}
}

function describe({ mimeType, size }: InputFile): string {
	return size === 0 ? 'empty' : `none of these (the item calls it ${mimeType})`;
}

function megabytes(count: number): string {
	return `${(count / 1024 / 1024).toFixed(1)} MB`;
}
