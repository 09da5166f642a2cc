import type { INodeProperties } from 'n8n-workflow';

import { atLeast, atMost, optionalHttpUrl, optionalText } from '../../shared/parameters/checks';
import * as z from '../../shared/parameters/zod';
import { encodeFile } from './files';
import { urlDoubts } from './inputUrls';
import type { BodyInput, Doubt, FileInput } from './operation';

/** Reference images: a list, each a public URL or a file of the item. */

const TAG = /^[A-Za-z][A-Za-z0-9_]{2,15}$/;

const imageUrl: INodeProperties = {
	displayName: 'Image URL',
	name: 'url',
	type: 'string',
	default: '',
	placeholder: 'e.g. https://example.com/chair.png',
	hint: 'Fill in either Image URL or Image File Field, and leave the other one empty',
	description: 'Public URL of a JPEG, PNG or WebP image of up to 16 MB',
};
const imageFile: INodeProperties = {
	displayName: 'Image File Field',
	name: 'binaryField',
	type: 'string',
	default: '',
	placeholder: 'e.g. data',
	hint: 'The name of the binary field of the item that holds the image, in place of a URL',
	description: 'A JPEG, PNG or WebP image of up to 3.7 MB',
};
const tag: INodeProperties = {
	displayName: 'Tag',
	name: 'tag',
	type: 'string',
	default: '',
	placeholder: 'e.g. chair',
	description: 'Name by which the prompt refers to the image, such as @chair: 3 to 16 letters, digits or underscores',
};

export function referencesField(text: { description: string; tags: boolean; required: boolean }): INodeProperties {
	return {
		displayName: 'Reference Images',
		name: 'referenceImages',
		type: 'fixedCollection',
		typeOptions: { multipleValues: true, sortable: true },
		placeholder: 'Add Image',
		default: {},
		required: text.required,
		description: text.description,
		options: [
			{ displayName: 'Image', name: 'image', values: text.tags ? [imageUrl, imageFile, tag] : [imageUrl, imageFile] },
		],
	};
}

/** Schema of the field. */
export function references({ min, max, tooFew }: { min: number; max: number; tooFew: string }) {
	const image = z
		.object(
			{
				url: optionalHttpUrl(),
				binaryField: optionalText(),
				tag: z.optional(optionalTag()),
			},
			'must be an image with a URL or a file field',
		)
		.check(
			z.refine((value) => (value.url === undefined) !== (value.binaryField === undefined), {
				message: 'must have either an image URL or an image file field, and not both',
			}),
		);
	const list = z
		.array(image, 'must be a list of images')
		.check(atLeast(min, tooFew), atMost(max, `must have at most ${max} image${max === 1 ? '' : 's'}`));
	return z.pipe(
		// An untouched collection is an empty object, or nothing at all.
		z.transform((value: unknown): unknown => value ?? {}),
		z.object({ image: z.prefault(list, []) }, 'must be a collection of images'),
	);
}

type References = z.infer<ReturnType<typeof references>>;

export interface Reference {
	uri: string;
	tag?: string;
}

/** The images as URIs with their tags. */
export function referenceUris({ image: images }: References, input: BodyInput): Reference[] {
	return images.map(({ url, tag }, index) => ({ uri: url ?? input.uri(fileParameter(index)), ...(tag && { tag }) }));
}

export function referenceFiles({ image: images }: References): FileInput[] {
	return images.flatMap(({ binaryField }, index) =>
		binaryField === undefined
			? []
			: [
					{
						parameter: fileParameter(index),
						field: binaryField,
						encode: async (file) => await encodeFile(file, 'image'),
					},
				],
	);
}

export function referenceDoubts({ image: images }: References, apiHost: string): Doubt[] {
	return images.flatMap(({ url }, index) => urlDoubts(`referenceImages.image.${index}.url`, url, 'image', apiHost));
}

function fileParameter(index: number): string {
	return `referenceImages.image.${index}.binaryField`;
}

function optionalTag() {
	return z.pipe(
		optionalText(),
		z.optional(
			z.string().check(z.regex(TAG, 'must be 3 to 16 letters, digits or underscores and start with a letter')),
		),
	);
}
