/** Detects what a file is by its first bytes: names, URLs and content types are often guesses. */

/** The number of bytes that show what a file is. */
export const HEAD_BYTES = 512;

/** MIME types of images, videos and sounds that share a container with MP4, by their brand. Every other brand is an MP4. */
const typeByBrand: Readonly<Record<string, string>> = {
	avif: 'image/avif',
	avis: 'image/avif',
	heic: 'image/heic',
	heix: 'image/heic',
	mif1: 'image/heif',
	msf1: 'image/heif',
	M4A: 'audio/mp4',
	M4B: 'audio/mp4',
	qt: 'video/quicktime',
};

const signatures: ReadonlyArray<{ type: string; at: number; bytes: string }> = [
	{ type: 'image/png', at: 0, bytes: '\x89PNG' },
	{ type: 'image/jpeg', at: 0, bytes: '\xff\xd8' },
	{ type: 'image/gif', at: 0, bytes: 'GIF8' },
	// RIFF, four bytes of length, WEBP.
	{ type: 'image/webp', at: 8, bytes: 'WEBP' },
	{ type: 'video/webm', at: 0, bytes: '\x1a\x45\xdf\xa3' },
];

/** The MIME type of an image, a video or an MP4 sound, or null for everything else. */
export function mediaTypeOf(head: Buffer): string | null {
	const piece = (at: number, length: number) => head.toString('latin1', at, at + length);
	if (piece(4, 4) === 'ftyp' && head.length >= 12) return typeByBrand[piece(8, 4).trim()] ?? 'video/mp4';
	return signatures.find(({ at, bytes }) => piece(at, bytes.length) === bytes)?.type ?? null;
}

/** What a text is, in words that follow "sent", or null if the bytes are no text. */
export function textKindOf(head: Buffer): string | null {
	if (head.length === 0) return null;
	const text = head
		.toString('latin1')
		.replace(/^\xef\xbb\xbf/, '')
		.trimStart();
	const isWide = /^(\xff\xfe|\xfe\xff)/.test(text);
	// Every format of images or videos has control characters within this length.
	if (!isWide && !/^[\t\n\f\r\x1b\x20-\x7e\x80-\xff]*$/.test(text)) return null;
	if (/^<(!doctype\s+html|html|head|body)/i.test(text)) return 'a web page';
	if (text.startsWith('<')) return 'XML';
	return /^[{[]/.test(text) ? 'JSON' : 'text';
}

const endingByType: Readonly<Record<string, string>> = {
	'audio/mp4': 'm4a',
	'image/avif': 'avif',
	'image/gif': 'gif',
	'image/heic': 'heic',
	'image/heif': 'heif',
	'image/jpeg': 'jpg',
	'image/png': 'png',
	'image/webp': 'webp',
	'video/mp4': 'mp4',
	'video/quicktime': 'mov',
	'video/webm': 'webm',
};

/** The ending of a file's name, without a dot. */
export function endingOf(mimeType: string): string {
	return endingByType[mimeType] ?? 'bin';
}
