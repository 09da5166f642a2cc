import { mediaTypeOf } from '../../shared/files/content';
import { imageShape, type ImageShape } from '../../shared/files/imageShape';
import type { InputFile } from './operation';

/** Checks binary inputs before they are paid for and turns them into data URIs. */

/** Runway's limit for a data URI, counted after base64 (fact sheet 8.1). */
const MAX_URI_BYTES = 5 * 1024 * 1024;

const kinds = {
	image: {
		article: 'an image',
		types: ['image/jpeg', 'image/png', 'image/webp'],
		names: 'a JPEG, PNG or WebP image',
		url: '16 MB',
	},
	video: { article: 'a video', types: ['video/'], names: 'an MP4, MOV or WebM video', url: '32 MB' },
} as const;

/** `shape`: of an image, if its header contains it. */
export type EncodedFile = { uri: string; shape: ImageShape | null };
export type Encoded = EncodedFile | { expected: string };

/** Encodes a file, or says what it must be. The type is read from the file's own header, since MIME types of items are often guesses. */
export async function encodeFile(file: InputFile, kind: 'image' | 'video'): Promise<Encoded> {
	const { article, types, names, url } = kinds[kind];
	const tooLarge = {
		expected: `must name ${article} of at most 3.7 MB, because Runway takes files of up to 5 MB after encoding, but the file has ${megabytes(file.size)}. Make it smaller, or give a URL, where up to ${url} are allowed`,
	};
	if (uriLength(file.size, '') > MAX_URI_BYTES) return tooLarge;
	const bytes = await file.read();
	const mimeType = mediaTypeOf(bytes);
	if (mimeType === null || !types.some((type) => mimeType.startsWith(type))) {
		return { expected: `must name a binary field with ${names}, but the file is ${describe(file)}` };
	}
	if (uriLength(bytes.length, mimeType) > MAX_URI_BYTES) return tooLarge;
	return { uri: `data:${mimeType};base64,${bytes.toString('base64')}`, shape: imageShape(bytes) };
}

/** Characters of a data URI. Counted before anything is encoded, which takes twice the memory of the file. */
function uriLength(size: number, mimeType: string): number {
	return `data:${mimeType};base64,`.length + Math.ceil(size / 3) * 4;
}

function describe({ mimeType, size }: InputFile): string {
	return size === 0 ? 'empty' : `none of these (the item calls it ${mimeType})`;
}

function megabytes(count: number): string {
	return `${(count / 1024 / 1024).toFixed(1)} MB`;
}
