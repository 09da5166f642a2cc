import type { INodeProperties } from 'n8n-workflow';

import { httpUrl, oneOf, requiredText } from '../../shared/parameters/checks';
import * as z from '../../shared/parameters/zod';
import { encodeFile } from './files';
import { urlField } from './fields';
import { urlDoubts } from './inputUrls';
import type { BodyInput, Doubt, FileInput, InputFile, InputImage } from './operation';

/** An input that may be a public URL or a file of the item: its fields, its checks and its URI. */

interface MediaSpec<Prefix extends string> {
	/** Begins the parameters' names: `image` makes imageSource, imageUrl and imageBinaryField. */
	prefix: Prefix;
	/** Begins the labels, such as "Image". */
	label: string;
	kind: 'image' | 'video';
	/** Value of the URL field, so that items of an earlier Runway node are found. */
	defaultUrl: string;
	placeholder: string;
	/** What the image or video is for. */
	description: string;
}

type MediaShape<Prefix extends string> = Record<`${Prefix}Source`, ReturnType<typeof source>> &
	Record<`${Prefix}Url`, z.ZodMiniOptional<ReturnType<typeof httpUrl>>> &
	Record<`${Prefix}BinaryField`, z.ZodMiniOptional<ReturnType<typeof requiredText>>>;

const source = () => oneOf(['url', 'binary']);

const limits = {
	image: { types: 'JPEG, PNG or WebP', url: '16 MB', file: '3.7 MB' },
	video: { types: 'MP4, MOV or WebM', url: '32 MB', file: '3.7 MB' },
} as const;

export function mediaInput<const Prefix extends string>(spec: MediaSpec<Prefix>) {
	const { prefix, kind } = spec;
	const names = { source: `${prefix}Source`, url: `${prefix}Url`, binary: `${prefix}BinaryField` } as const;
	const shape = {
		[names.source]: source(),
		[names.url]: z.optional(httpUrl()),
		[names.binary]: z.optional(requiredText()),
	} as MediaShape<Prefix>;

	type Values = Record<`${Prefix}Source`, 'url' | 'binary'> &
		Partial<Record<`${Prefix}Url` | `${Prefix}BinaryField`, string>>;
	const read = (values: Values) => {
		const byName = values as Record<string, string | undefined>;
		return { isFile: byName[names.source] === 'binary', url: byName[names.url], field: byName[names.binary] };
	};

	return {
		fields: mediaFields(spec, names),
		shape,
		/** What the chosen source needs; n8n leaves out the value of the field that it hides. */
		required: { switch: names.source, parameters: { url: names.url, binary: names.binary } },
		/** The URI for the request body. */
		uri(values: Values, input: BodyInput): string | undefined {
			const { isFile, url } = read(values);
			return isFile ? input.uri(names.binary) : url;
		},
		/** The image that a ratio can match. */
		image(values: Values): InputImage {
			const { isFile, url } = read(values);
			return isFile ? { parameter: names.binary, url: undefined } : { parameter: names.url, url };
		},
		/** @param as.kind what the file must be, if that varies */
		files(values: Values, as: { kind?: 'image' | 'video' } = {}): FileInput[] {
			const { isFile, field } = read(values);
			if (!isFile || field === undefined) return [];
			const encode = async (content: InputFile) => await encodeFile(content, as.kind ?? kind);
			return [{ parameter: names.binary, field, encode }];
		},
		/** @param as.kind what the URL must lead to, if that varies */
		doubts(values: Values, apiHost: string, as: { kind?: 'image' | 'video' } = {}): Doubt[] {
			const { isFile, url } = read(values);
			return isFile ? [] : urlDoubts(names.url, url, as.kind ?? kind, apiHost);
		},
	};
}

function mediaFields(
	{ label, kind, defaultUrl, placeholder, description }: MediaSpec<string>,
	names: { source: string; url: string; binary: string },
): INodeProperties[] {
	const { types, url, file } = limits[kind];
	return [
		{
			displayName: `${label} Source`,
			name: names.source,
			type: 'options',
			options: [
				{ name: 'File of the Item', value: 'binary', description: 'A binary field of the incoming item' },
				{ name: 'URL', value: 'url', description: 'A public address that CometAPI downloads from' },
			],
			default: 'url',
			description: `Where the ${label.toLowerCase()} comes from: an address that CometAPI can download from, or a file of the item`,
		},
		{
			...urlField({
				displayName: `${label} URL`,
				name: names.url,
				default: defaultUrl,
				placeholder,
				description: `${description}: a public URL, ${types}, up to ${url}`,
			}),
			displayOptions: { show: { [names.source]: ['url'] } },
		},
		{
			displayName: `${label} File Field`,
			name: names.binary,
			type: 'string',
			default: 'data',
			required: true,
			placeholder: 'e.g. data',
			hint: `The name of the binary field that holds the ${types} file, up to ${file}`,
			description,
			displayOptions: { show: { [names.source]: ['binary'] } },
		},
	];
}

type Requirement = ReturnType<typeof mediaInput>['required'];

/** Checks that each media input has the value that its source asks for. */
export function requireMedia(...requirements: Requirement[]) {
	return z.check<Record<string, unknown>>(({ value, issues }) => {
		for (const requirement of requirements) {
			const parameter = requirement.parameters[value[requirement.switch] as 'url' | 'binary'];
			const isFaulty = issues.some(({ path }) => path?.[0] === parameter);
			if (value[parameter] !== undefined || isFaulty) continue;
			issues.push({ code: 'custom', path: [parameter], message: 'must not be empty', input: undefined });
		}
	});
}
