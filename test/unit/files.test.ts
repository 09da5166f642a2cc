import { readFileSync } from 'node:fs';
import path from 'node:path';

import { type Encoded, encodeFile } from '../../nodes/Runway/operations/files';
import type { InputFile } from '../../nodes/Runway/operations/operation';
import { imageShape } from '../../nodes/shared/files/imageShape';
import { mediaTypeOf, textKindOf } from '../../nodes/shared/files/content';
import { sizes } from '../../nodes/shared/files/sizes';
import { cpuMsOf, ONE_PASS_MS } from '../support/cpuTime';

const assets = path.join(__dirname, '../support/standin/assets');
const realPng = readFileSync(path.join(assets, 'harbor.png'));
const realMp4 = readFileSync(path.join(assets, 'clip.mp4'));

const MIB = 1024 * 1024;
/** The most bytes whose data URI still fits into this many characters. */
const bytesForUri = (characters: number, mimeType: string) =>
	Math.floor((characters - `data:${mimeType};base64,`.length) / 4) * 3;

const ascii = (text: string) => Buffer.from(text, 'latin1');

function png(width: number, height: number): Buffer {
	const size = Buffer.alloc(8);
	size.writeUInt32BE(width, 0);
	size.writeUInt32BE(height, 4);
	return Buffer.concat([
		Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
		size,
		Buffer.from('0806000000', 'hex'),
	]);
}

const segment = (marker: number, content: Buffer) => {
	const head = Buffer.from([0xff, marker, 0, 0]);
	head.writeUInt16BE(content.length + 2, 2);
	return Buffer.concat([head, content]);
};

function jpegFrame(width: number, height: number, marker = 0xc0): Buffer {
	const frame = Buffer.alloc(15);
	frame.writeUInt8(8, 0);
	frame.writeUInt16BE(height, 1);
	frame.writeUInt16BE(width, 3);
	return segment(marker, frame);
}

const jpeg = (...parts: Buffer[]) => Buffer.concat([Buffer.from('ffd8', 'hex'), ...parts, Buffer.from('ffd9', 'hex')]);
const app0 = segment(0xe0, ascii('JFIF\0\x01\x01\0\0\x01\0\x01\0\0'));
/** Cameras put a whole thumbnail, itself a JPEG, into this segment. */
const exif = segment(0xe1, Buffer.concat([ascii('Exif\0\0'), jpeg(jpegFrame(160, 120)), Buffer.alloc(30_000)]));

function webp(kind: string, content: Buffer): Buffer {
	const head = Buffer.concat([ascii('RIFF'), Buffer.alloc(4), ascii('WEBP'), ascii(kind), Buffer.alloc(4)]);
	return Buffer.concat([head, content, Buffer.alloc(16)]);
}

function webpLossy(width: number, height: number): Buffer {
	const content = Buffer.from('0000009d012a00000000', 'hex');
	content.writeUInt16LE(width, 6);
	content.writeUInt16LE(height, 8);
	return webp('VP8 ', content);
}

/** EXIF data with nothing but an orientation. */
function exifWith(orientation: number, isBig = false): Buffer {
	const tiff = Buffer.alloc(26);
	tiff.write(isBig ? 'MM' : 'II', 'latin1');
	const short = (value: number, at: number) => (isBig ? tiff.writeUInt16BE(value, at) : tiff.writeUInt16LE(value, at));
	short(42, 2);
	if (isBig) tiff.writeUInt32BE(8, 4);
	else tiff.writeUInt32LE(8, 4);
	short(1, 8);
	short(0x0112, 10);
	short(3, 12);
	short(orientation, 18);
	return segment(0xe1, Buffer.concat([ascii('Exif\0\0'), tiff]));
}

function webpLossless(width: number, height: number): Buffer {
	const content = Buffer.alloc(5);
	content.writeUInt8(0x2f, 0);
	content.writeUInt32LE(width - 1 + (height - 1) * 0x4000, 1);
	return webp('VP8L', content);
}

function webpExtended(width: number, height: number): Buffer {
	const content = Buffer.alloc(10);
	content.writeUIntLE(width - 1, 4, 3);
	content.writeUIntLE(height - 1, 7, 3);
	return webp('VP8X', content);
}

const file = (bytes: Buffer, mimeType = 'application/octet-stream'): InputFile => ({
	mimeType,
	size: bytes.length,
	read: async () => bytes,
});
const faultOf = (encoded: Encoded) => ('expected' in encoded ? encoded.expected : '');

describe('The header of a picture', () => {
	const rows: Array<[name: string, bytes: Buffer, width: number, height: number]> = [
		['a PNG', png(1280, 720), 1280, 720],
		['a real PNG', realPng, realPng.readUInt32BE(16), realPng.readUInt32BE(20)],
		['a JPEG', jpeg(app0, jpegFrame(1280, 720)), 1280, 720],
		['a progressive JPEG', jpeg(app0, jpegFrame(300, 4000, 0xc2)), 300, 4000],
		['a JPEG with a thumbnail inside', jpeg(app0, exif, jpegFrame(4032, 3024)), 4032, 3024],
		[
			'a JPEG with tables before its frame',
			jpeg(segment(0xdb, Buffer.alloc(65)), segment(0xc4, Buffer.alloc(30)), jpegFrame(64, 48)),
			64,
			48,
		],
		[
			'a JPEG with fill bytes between its segments',
			jpeg(app0, Buffer.from('ffff', 'hex'), jpegFrame(640, 480)),
			640,
			480,
		],
		['a lossy WebP', webpLossy(1280, 720), 1280, 720],
		['a scaled lossy WebP', webpLossy(1280 + 0x4000, 720 + 0x8000), 1280, 720],
		['a lossless WebP', webpLossless(1280, 720), 1280, 720],
		['a big lossless WebP', webpLossless(16_384, 16_384), 16_384, 16_384],
		['an extended WebP', webpExtended(1280, 720), 1280, 720],
		['a huge extended WebP', webpExtended(100_000, 3), 100_000, 3],
		['a JPEG that its EXIF data turn', jpeg(app0, exifWith(6), jpegFrame(4032, 3024)), 3024, 4032],
		['a JPEG that its EXIF data turn back', jpeg(exifWith(8, true), jpegFrame(4032, 3024)), 3024, 4032],
		['a JPEG that its EXIF data turn upside down', jpeg(exifWith(3), jpegFrame(4032, 3024)), 4032, 3024],
	];

	it.each(rows)('of %s tells its size', (_, bytes, width, height) => {
		expect(imageShape(bytes)).toEqual({ width, height });
	});

	it.each(rows)('of %s, cut off anywhere, is read as far as it goes', (_, bytes, width, height) => {
		for (let length = 0; length < Math.min(bytes.length, 200); length += 1) {
			const shape = imageShape(bytes.subarray(0, length));
			if (shape !== null) expect(shape).toEqual({ width, height });
		}
	});

	it.each([
		['nothing', Buffer.alloc(0)],
		['a GIF', ascii('GIF89a\x01\0\x01\0\0\0\0;                    ')],
		['an AVIF', ascii('\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B')],
		['an SVG', ascii('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
		['a web page', ascii('<!DOCTYPE html><html><body>not found, sorry</body></html>')],
		['a PDF', ascii('%PDF-1.7 and then some more bytes of it')],
		['a video', realMp4],
		['a RIFF that is a WAV', ascii('RIFF\0\0\0\0WAVEfmt \0\0\0\0\0\0\0\0\0\0\0\0')],
		['zeros', Buffer.alloc(1_000)],
	])('is not found in %s', (_, bytes) => {
		expect(imageShape(bytes)).toBeNull();
	});
});

describe('The header of a video', () => {
	it.each([
		['a real MP4', realMp4, 'video/mp4'],
		['an MP4', ascii('\0\0\0\x20ftypisom\0\0\x02\0isomiso2'), 'video/mp4'],
		['a MOV', ascii('\0\0\0\x14ftypqt  \0\0\0\0qt  '), 'video/quicktime'],
		['a WebM', Buffer.from('1a45dfa39f4286810142f7810142f28104', 'hex'), 'video/webm'],
		['a picture', png(1, 1), 'image/png'],
		['text', ascii('this is no video at all'), null],
		['nothing', Buffer.alloc(0), null],
	])('of %s tells its type', (_, bytes, expected) => {
		expect(mediaTypeOf(bytes)).toBe(expected);
	});

	it.each(['avif', 'heic', 'mif1', 'M4A '])('is not found in a %s, which begins in the same way', (brand) => {
		expect(mediaTypeOf(ascii(`\0\0\0\x20ftyp${brand}\0\0\0\0${brand}mif1`))).not.toMatch(/^video/);
	});
});

describe('A text in place of a file', () => {
	it.each([
		['<!DOCTYPE html><p>', 'a web page'],
		['\r\n  <HTML lang="de">', 'a web page'],
		['\xef\xbb\xbf<?xml version="1.0"?><Error/>', 'XML'],
		['\xff\xfe<\0h\0t\0m\0l\0', 'text'],
		['{"error": "expired"}', 'JSON'],
		['[]', 'JSON'],
		['Access denied: \xc3\xa4', 'text'],
	])('is seen in %j', (text, kind) => {
		expect(textKindOf(ascii(text))).toBe(kind);
	});

	it.each([
		['nothing', Buffer.alloc(0)],
		['a video', realMp4.subarray(0, 512)],
		['a picture', realPng.subarray(0, 512)],
		['bytes that begin like JSON', ascii('{\0\x01\x02')],
	])('is not seen in %s', (_, bytes) => {
		expect(textKindOf(bytes)).toBeNull();
	});
});

describe('A size beyond a limit', () => {
	it.each([
		[2_000_000_000, 2_000_000_001, '2000 MB', '2000.1 MB'],
		[1_500_000, 410_000_000, '1.5 MB', '410 MB'],
		[500_000, 500_001, '500 kB', '500.1 kB'],
		[1, 12, '1 bytes', '12 bytes'],
	])('of %p is told for %p as %s and %s', (limit, size, ...told) => {
		expect(sizes(limit, size)).toEqual(told);
	});
});

describe('A picture that is sent as a file', () => {
	it('becomes a data URI with the type that its bytes say, not the one of the item', async () => {
		const encoded = await encodeFile(file(realPng, 'image/jpeg'), 'image');
		expect('uri' in encoded && encoded.uri).toBe(`data:image/png;base64,${realPng.toString('base64')}`);
	});

	it.each([
		['nothing', Buffer.alloc(0), 'empty'],
		['a GIF', ascii('GIF89a\x01\0\x01\0\0\0\0;'), 'image/gif'],
	])('is refused where it is %s, in words that say what it is', async (_, bytes, named) => {
		const fault = faultOf(await encodeFile(file(bytes, 'image/gif'), 'image'));
		expect(fault).toMatch(/^must .*JPEG, PNG or WebP/);
		expect(fault).toContain(named);
	});

	it.each([-3, -1, 0])('of the limit with %p bytes more is taken', async (more) => {
		const bytes = Buffer.alloc(bytesForUri(5 * MIB, 'image/png') + more);
		png(1280, 720).copy(bytes);
		const encoded = await encodeFile(file(bytes), 'image');
		expect('uri' in encoded && encoded.uri.length).toBeLessThanOrEqual(5 * MIB);
	});

	it.each([1, 3, 5 * MIB])('of the limit with %p bytes more is refused, with its size and a way out', async (more) => {
		const bytes = Buffer.alloc(bytesForUri(5 * MIB, 'image/png') + more);
		png(1280, 720).copy(bytes);
		const fault = faultOf(await encodeFile(file(bytes), 'image'));
		expect(fault).toMatch(/^must .*3\.7 MB.*URL/);
		expect(fault).toContain(`${(bytes.length / MIB).toFixed(1)} MB`);
	});

	it('is refused without naming the very size that it is said to be allowed', async () => {
		const bytes = Buffer.alloc(Math.ceil(3.75 * MIB) + 1);
		png(1280, 720).copy(bytes);
		const [, allowed = '', actual = ''] =
			/at most ([\d.]+) MB.*has ([\d.]+) MB/.exec(faultOf(await encodeFile(file(bytes), 'image'))) ?? [];
		expect(Number(actual)).toBeGreaterThan(Number(allowed));
	});
});

describe('A video that is sent as a file', () => {
	it('becomes a data URI with the type that its bytes say', async () => {
		const encoded = await encodeFile(file(realMp4), 'video');
		expect('uri' in encoded && encoded.uri).toBe(`data:video/mp4;base64,${realMp4.toString('base64')}`);
	});

	it('is taken up to the limit, and refused beyond it with its size and a way out', async () => {
		const bytes = Buffer.alloc(bytesForUri(5 * MIB, 'video/mp4') + 1);
		realMp4.copy(bytes, 0, 0, 64);
		expect(await encodeFile(file(bytes.subarray(0, -1)), 'video')).toHaveProperty('uri');
		expect(faultOf(await encodeFile(file(bytes), 'video'))).toMatch(/^must .*3\.7 MB.*3\.[78] MB.*URL/);
	});

	it('is refused if it is something else', async () => {
		expect(faultOf(await encodeFile(file(realPng, 'image/png'), 'video'))).toMatch(
			/^must .*MP4, MOV or WebM.*image\/png/,
		);
		expect(faultOf(await encodeFile(file(Buffer.alloc(0)), 'video'))).toMatch(/empty/);
	});
});

describe('Hostile files', () => {
	const beginnings = {
		jpeg: Buffer.from('ffd8', 'hex'),
		'jpeg with EXIF data': Buffer.from('ffd8ffe10040457869660000', 'hex'),
		'jpeg with a TIFF inside': Buffer.from('ffd8ffe1004045786966000049492a00', 'hex'),
		'jpeg with segments of length zero': Buffer.from('ffd8ffe00000ffe00000ffe00000', 'hex'),
		png: Buffer.from('89504e470d0a1a0a', 'hex'),
		webp: ascii('RIFF\xff\xff\xff\xffWEBP'),
		'webp lossy': ascii('RIFF\0\0\0\0WEBPVP8 '),
		'webp lossless': ascii('RIFF\0\0\0\0WEBPVP8L'),
		'webp extended': ascii('RIFF\0\0\0\0WEBPVP8X'),
		mp4: ascii('\0\0\0\x20ftyp'),
	};

	it.each(Object.entries(beginnings))('that begin like a %s never break the reading', (_, beginning) => {
		let state = 1;
		const random = () => (state = Math.imul(state, 48_271) & 0x7fffffff);
		for (let round = 0; round < 500; round += 1) {
			const noise = Buffer.from(Array.from({ length: random() % 80 }, () => random() >> 8));
			const bytes = Buffer.concat([beginning, noise]);
			const shape = imageShape(bytes);
			if (shape !== null) {
				expect(Number.isInteger(shape.width) && shape.width > 0).toBe(true);
				expect(Number.isInteger(shape.height) && shape.height > 0).toBe(true);
			}
			mediaTypeOf(bytes);
		}
	});

	it.each([
		['segments of length zero', Buffer.from('ffe00000', 'hex')],
		['segments of length one', Buffer.from('ffe00001', 'hex')],
		['empty segments', Buffer.from('ffe00002', 'hex')],
		['fill bytes', Buffer.from('ffffffff', 'hex')],
	])('that are a JPEG of nothing but %s are read quickly', async (_, piece) => {
		const bytes = Buffer.concat([Buffer.from('ffd8', 'hex'), Buffer.alloc(3 * MIB, piece)]);
		expect(await cpuMsOf(() => expect(imageShape(bytes)).toBeNull())).toBeLessThan(ONE_PASS_MS);
	});
});
