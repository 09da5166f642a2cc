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
export function encodeImage(file: InputFile, ratio?: string): Encoded {
	const picture = readImageHeader(file.bytes);
	if (picture === null) {
		return { expected: `must name a binary field with a JPEG, PNG or WebP image, but the file is ${describe(file)}` };
	}
	const uri = `data:${picture.mimeType};base64,${file.bytes.toString('base64')}`;
	if (uri.length > MAX_IMAGE_URI_BYTES) {
		return {
			expected: `must name an image of at most 3.3 MB, because Runway takes files of up to 5 MB after encoding, but the file has ${megabytes(file.bytes.length)}. Make it smaller, or give a URL, where up to 16 MB are allowed`,
		};
	}
	return { uri, hints: ratio === undefined ? [] : shapeHints(picture, ratio) };
}

/** Encodes a video file. */
export function encodeVideo(file: InputFile): Encoded {
	const mimeType = readVideoType(file.bytes);
	if (mimeType === null) {
		return { expected: `must name a binary field with an MP4, MOV or WebM video, but the file is ${describe(file)}` };
	}
	const uri = `data:${mimeType};base64,${file.bytes.toString('base64')}`;
	if (uri.length > MAX_VIDEO_URI_BYTES) {
		return {
			expected: `must name a video of at most 12 MB, because Runway takes files of up to 16 MB after encoding, but the file has ${megabytes(file.bytes.length)}. Make it smaller, or give a URL, where up to 32 MB are allowed`,
		};
	}
	const hints =
		uri.length > SAFE_VIDEO_URI_BYTES
			? [
					"The video is larger than 3.7 MB, which some versions of Runway's API refuse as a file. If it is refused, give a URL.",
				]
			: [];
	return { uri, hints };
}

/** Pictures and sounds that come in the same container as MP4. */
const NO_VIDEO_BRANDS: ReadonlySet<string> = new Set(['avif', 'avis', 'heic', 'heix', 'mif1', 'msf1', 'M4A', 'M4B']);

/** MIME type from the first bytes of an MP4, MOV or WebM, or null. */
export function readVideoType(bytes: Buffer): string | null {
	if (bytes.length < 12) return null;
	if (bytes.toString('latin1', 4, 8) === 'ftyp') {
		if (NO_VIDEO_BRANDS.has(bytes.toString('latin1', 8, 12).trim())) return null;
		return bytes.toString('latin1', 8, 12) === 'qt  ' ? 'video/quicktime' : 'video/mp4';
	}
	return bytes.readUInt32BE(0) === 0x1a45dfa3 ? 'video/webm' : null;
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
	if (bytes.length >= 24 && bytes.readUInt32BE(0) === 0x89504e47) {
		return { mimeType: 'image/png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
	}
	if (bytes.length >= 4 && bytes.readUInt16BE(0) === 0xffd8) return { mimeType: 'image/jpeg', ...jpegSize(bytes) };
	if (bytes.length >= 30 && bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP') {
		return { mimeType: 'image/webp', ...webpSize(bytes) };
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

function describe({ mimeType, bytes }: InputFile): string {
	return bytes.length === 0 ? 'empty' : `none of these (the item calls it ${mimeType})`;
}

function megabytes(count: number): string {
	return `${(count / 1024 / 1024).toFixed(1)} MB`;
}
