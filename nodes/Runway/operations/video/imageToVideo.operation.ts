import * as z from 'zod/v4-mini';

import { flag, httpUrl, integer, optionalInteger, optionalText, ratio, requiredText } from '../checks';
import { durationField, modelField, promptField, ratioField, seedField, urlField } from '../fields';
import { encodeImage } from '../files';
import { unreachableUrl, unusualDuration } from '../hints';
import { createOperation } from '../operation';

/** POST /runwayml/v1/image_to_video. */
export const imageToVideo = createOperation({
	resource: 'video',
	value: 'imageToVideo',
	name: 'Image to Video',
	action: 'Turn an image into a video',
	description: 'Animate a picture given as a URL or as a file of the item',
	api: 'official',
	path: '/runwayml/v1/image_to_video',
	produces: 'video',
	models: ['gen3a_turbo', 'gen4_turbo', 'gen4.5', 'veo3', 'veo3.1', 'veo3.1_fast'],

	fields: [
		{
			displayName: 'Image Source',
			name: 'imageSource',
			type: 'options',
			options: [
				{ name: 'File of the Item', value: 'binary', description: 'A binary field of the incoming item' },
				{ name: 'URL', value: 'url', description: 'A public address' },
			],
			default: 'url',
		},
		{
			...urlField({
				displayName: 'Image URL',
				name: 'imageUrl',
				default: '={{ $json.imageUrl }}',
				placeholder: 'e.g. https://example.com/pier.jpg',
				description: 'Public URL of the picture to start from: JPEG, PNG or WebP, up to 16 MB',
			}),
			displayOptions: { show: { imageSource: ['url'] } },
		},
		{
			displayName: 'Image File Field',
			name: 'imageBinaryField',
			type: 'string',
			default: 'data',
			required: true,
			placeholder: 'e.g. data',
			hint: 'The name of the binary field that holds the picture: JPEG, PNG or WebP, up to 3.3 MB',
			displayOptions: { show: { imageSource: ['binary'] } },
		},
		promptField({
			description: 'How the picture moves and changes. At most 512 characters; current models require it.',
			placeholder: 'e.g. slow push-in, waves rolling',
			required: false,
		}),
		modelField('gen3a_turbo'),
		ratioField(
			['1280:768', '768:1280', '1280:720', '720:1280', '1104:832', '832:1104', '960:960', '1584:672'],
			'1280:768',
		),
		durationField('Length of the video in seconds: 5 or 10 with most models'),
		seedField(),
		{
			displayName: 'Watermark',
			name: 'watermark',
			type: 'boolean',
			default: false,
			description: "Whether to put Runway's watermark on the video",
		},
	],

	parameters: z.discriminatedUnion(
		'imageSource',
		[
			z.object({ imageSource: z.literal('url'), imageUrl: httpUrl(), ...shared() }),
			z.object({ imageSource: z.literal('binary'), imageBinaryField: requiredText(), ...shared() }),
		],
		'must be "url" or "binary"',
	),

	files: (p) =>
		p.imageSource === 'binary'
			? [{ parameter: 'imageBinaryField', field: p.imageBinaryField, encode: (file) => encodeImage(file, p.ratio) }]
			: [],

	body: (p, { uri }) => ({
		promptImage: p.imageSource === 'url' ? p.imageUrl : uri('imageBinaryField'),
		model: p.model,
		promptText: p.prompt,
		duration: p.duration,
		ratio: p.ratio,
		seed: p.seed,
		// Gone from Runway's own API, still documented by CometAPI: sent only where it is wanted.
		watermark: p.watermark ? true : undefined,
	}),

	hints: (p) => [
		...modelHints(p.model, p.ratio),
		...unusualDuration(p.duration, p.model.startsWith('veo') ? [4, 6, 8] : [5, 10]),
		...(p.prompt === undefined
			? ['Current Runway models require a prompt. If CometAPI refuses the request, add one.']
			: []),
		...(p.imageSource === 'url' ? unreachableUrl(p.imageUrl) : []),
	],
});

function shared() {
	return {
		prompt: optionalText(512),
		model: requiredText(),
		ratio: ratio(),
		duration: integer(1, 60, ' seconds'),
		seed: optionalInteger(0, 999_999_999),
		watermark: flag(),
	};
}

/** Ratios that Runway's own documentation lists per model; CometAPI passes the value through. */
const ratiosByModel: Readonly<Record<string, readonly string[]>> = {
	gen3a_turbo: ['1280:768', '768:1280'],
	gen4_turbo: ['1280:720', '720:1280', '1104:832', '832:1104', '960:960', '1584:672'],
	'gen4.5': ['1280:720', '720:1280', '1104:832', '832:1104', '960:960', '1584:672'],
	veo3: ['1280:720', '720:1280', '1920:1080', '1080:1920'],
	'veo3.1': ['1280:720', '720:1280', '1920:1080', '1080:1920'],
	'veo3.1_fast': ['1280:720', '720:1280', '1920:1080', '1080:1920'],
};

function modelHints(model: string, chosen: string): string[] {
	const known = ratiosByModel[model];
	if (known === undefined || known.includes(chosen)) return [];
	return [`Runway lists the ratios ${known.join(', ')} for ${model}. If ${chosen} is refused, use one of those.`];
}
