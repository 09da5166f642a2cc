import * as z from 'zod/v4-mini';

import { flag, integer, optionalInteger, optionalText, ratio, requiredText } from '../checks';
import { durationField, modelField, moderationField, promptField, ratioField, seedField } from '../fields';
import { missingPrompt, panelRemarks, unlistedRatio, unusualDuration } from '../hints';
import { mediaInput, requireMedia } from '../media';
import { contentModeration, publicFigureThreshold } from '../moderation';
import { createOperation } from '../operation';

const image = mediaInput({
	prefix: 'image',
	label: 'Image',
	kind: 'image',
	defaultUrl: '={{ $json.imageUrl }}',
	placeholder: 'e.g. https://example.com/pier.jpg',
	description: 'The image to start from',
});

/** Ratios that Runway's own documentation lists per model; CometAPI passes the value through. */
const gen4Ratios = ['1280:720', '720:1280', '1104:832', '832:1104', '960:960', '1584:672'];
const veoRatios = ['1280:720', '720:1280', '1920:1080', '1080:1920'];
const ratiosByModel: Readonly<Record<string, readonly string[]>> = {
	gen3a_turbo: ['1280:768', '768:1280'],
	gen4_turbo: gen4Ratios,
	'gen4.5': gen4Ratios,
	veo3: veoRatios,
	'veo3.1': veoRatios,
	'veo3.1_fast': veoRatios,
};

const durations = [5, 10];
const veoDurations = [4, 6, 8];

/** POST /runwayml/v1/image_to_video. */
export const imageToVideo = createOperation({
	resource: 'video',
	value: 'imageToVideo',
	name: 'Image to Video',
	action: 'Make video from image (URL or file)',
	description: 'Animate an image given as a URL or as a file of the item, with seed and watermark',
	api: 'official',
	path: '/runwayml/v1/image_to_video',
	produces: 'video',
	models: Object.keys(ratiosByModel),
	panelRemarks: [
		...panelRemarks.ratios(ratiosByModel),
		panelRemarks.duration(durations, '!String($parameter["model"]).startsWith("veo")'),
		panelRemarks.duration(veoDurations, 'String($parameter["model"]).startsWith("veo")'),
		panelRemarks.prompt,
		panelRemarks.url('imageUrl'),
	],

	fields: [
		...image.fields,
		promptField({
			description: 'How the image moves and changes, in at most 512 characters. Most models require it.',
			placeholder: 'e.g. slow push-in, waves rolling',
			required: false,
		}),
		modelField('gen3a_turbo'),
		ratioField([...new Set([...Object.values(ratiosByModel).flat()])], '1280:768'),
		durationField('Length of the video in seconds', [5, 10], 'with most models'),
		seedField(),
		{
			displayName: 'Watermark',
			name: 'watermark',
			type: 'boolean',
			default: false,
			description: "Whether to put Runway's watermark on the video",
		},
		moderationField(),
	],

	parameters: z
		.object({
			...image.shape,
			prompt: optionalText(512),
			model: requiredText(),
			ratio: ratio(),
			duration: integer(1, 60, ' seconds'),
			seed: optionalInteger(0, 999_999_999),
			watermark: flag(),
			publicFigureThreshold: publicFigureThreshold(),
		})
		.check(requireMedia(image.required)),

	files: (p) => image.files(p, { ratio: p.ratio }),

	body: (p, input) => ({
		promptImage: image.uri(p, input),
		model: p.model,
		promptText: p.prompt,
		duration: p.duration,
		ratio: p.ratio,
		seed: p.seed,
		// Gone from Runway's own API, still documented by CometAPI: sent only where it is wanted.
		watermark: p.watermark ? true : undefined,
		contentModeration: contentModeration(p.publicFigureThreshold),
	}),

	hints: (p) => [
		...unlistedRatio(p.model, p.ratio, ratiosByModel[p.model]),
		...unusualDuration(p.duration, p.model.startsWith('veo') ? veoDurations : durations),
		...missingPrompt(p.prompt),
		...image.hints(p),
	],
});
