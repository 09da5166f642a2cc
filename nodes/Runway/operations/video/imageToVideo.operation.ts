import {
	flag,
	integer,
	MATCH_IMAGE,
	optionalHttpUrl,
	optionalInteger,
	optionalText,
	ratioOrMatch,
	requiredText,
} from '../../../shared/parameters/checks';
import * as z from '../../../shared/parameters/zod';
import { modelTable } from '../../modelTable';
import { durationField, modelField, promptField, ratioFields, seedField, urlField } from '../fields';
import { panelRemarks, replacedDefaults } from '../hints';
import { urlDoubts } from '../inputUrls';
import { mediaInput, requireMedia } from '../media';
import { contentModeration, moderationField, publicFigureThreshold } from '../moderation';
import { currentModels, fitsModel, modelDoubts, modelsWithout, ratiosOf, replacements } from '../modelRules';
import { createOperation } from '../createOperation';

const image = mediaInput({
	prefix: 'image',
	label: 'Image',
	kind: 'image',
	defaultUrl: '={{ $json.imageUrl }}',
	placeholder: 'e.g. https://example.com/pier.jpg',
	description: 'The image to start from',
});

const facts = modelTable['image-to-video'];
const defaults = { duration: 5 };

/** POST /runwayml/v1/image_to_video. */
export const imageToVideo = createOperation({
	resource: 'video',
	value: 'imageToVideo',
	name: 'Image to Video',
	action: 'Convert image to video',
	description: 'Animate an image from a URL or a file',
	api: 'official',
	path: '/runwayml/v1/image_to_video',
	produces: 'video',
	models: currentModels(facts),
	facts,
	panelRemarks: [...panelRemarks.retired(facts), ...panelRemarks.replaced(facts, defaults)],

	fields: [
		...image.fields,
		promptField({
			description: 'How the image moves and changes, in at most 512 characters. Gen-4.5 requires it.',
			placeholder: 'e.g. slow push-in, waves rolling',
			required: false,
		}),
		modelField('gen4_turbo'),
		...ratioFields(facts, MATCH_IMAGE),
		{
			...durationField('Length of the video in seconds', []),
			default: defaults.duration,
			hint: 'Gen-4 models take 2 to 10 seconds. Veo models take 4, 6 or 8, and get 4 if you leave it at 5.',
		},
		{
			...urlField({
				displayName: 'End Frame URL',
				name: 'lastImageUrl',
				placeholder: 'e.g. https://example.com/pier-night.jpg',
				description: 'Public URL of an image that the video ends with. Leave empty to let the video end freely.',
				required: false,
			}),
			displayOptions: { hide: { model: modelsWithout(facts, 'takesLastFrame') } },
		},
	],
	options: [
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
			ratio: ratioOrMatch(),
			duration: integer(1, 60, ' seconds'),
			lastImageUrl: optionalHttpUrl(),
			seed: optionalInteger(0, 999_999_999),
			watermark: z.optional(flag()),
			publicFigureThreshold: publicFigureThreshold(),
		})
		.check(requireMedia(image.required), fitsModel(facts, defaults)),

	files: (p) => image.files(p),

	match: (p) => ({ image: image.image(p), ratios: ratiosOf(facts, p.model) }),

	body: (p, input) => ({
		promptImage:
			p.lastImageUrl === undefined
				? image.uri(p, input)
				: [
						{ uri: image.uri(p, input), position: 'first' },
						{ uri: p.lastImageUrl, position: 'last' },
					],
		model: p.model,
		promptText: p.prompt,
		duration: p.duration,
		ratio: p.ratio,
		...replacements(facts, defaults, p),
		seed: p.seed,
		// Gone from Runway's own API, still documented by CometAPI: sent only if it is wanted.
		watermark: p.watermark === true ? true : undefined,
		contentModeration: contentModeration(p.publicFigureThreshold),
	}),

	hints: (p) => replacedDefaults(facts, defaults, p),

	doubts: (p, { apiHost }) => [
		...modelDoubts(facts, p),
		...image.doubts(p, apiHost),
		...urlDoubts('lastImageUrl', p.lastImageUrl, 'image', apiHost),
	],
});
