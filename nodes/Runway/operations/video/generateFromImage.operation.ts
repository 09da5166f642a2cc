import {
	flag,
	httpUrl,
	integer,
	MATCH_IMAGE,
	optionalHttpUrl,
	optionalText,
	ratioOrMatch,
	requiredText,
} from '../../../shared/parameters/checks';
import * as z from '../../../shared/parameters/zod';
import { cameraMotion, cameraMotionField, optionalMotionVector } from '../cameraMotion';
import { durationField, flipField, modelField, promptField, ratioField, styleField, urlField } from '../fields';
import { urlDoubts } from '../inputUrls';
import { documentedDoubts } from '../modelRules';
import { createOperation } from '../createOperation';

const documented = { ratios: ['1280:720', '720:1280'], durations: [5, 10] };

/** POST /runway/pro/generate with an image. */
export const generateFromImage = createOperation({
	resource: 'video',
	value: 'generateFromImage',
	name: 'Image to Video (Camera Motion)',
	action: 'Convert image to video with camera motion',
	description: 'Animate an image from a URL and steer the camera, or end on a second image',
	api: 'compatibility',
	path: '/runway/pro/generate',
	produces: 'video',
	models: ['gen4', 'gen4_turbo'],

	fields: [
		urlField({
			displayName: 'Image URL',
			name: 'imageUrl',
			default: '={{ $json.imageUrl }}',
			placeholder: 'e.g. https://example.com/pier.jpg',
			description: 'Public URL of the image to start from. For a file of the item, use the operation Image to Video.',
		}),
		promptField({
			description: 'How the image moves and changes',
			placeholder: 'e.g. slow push-in, waves rolling',
		}),
		modelField('gen4'),
		ratioField(documented.ratios, MATCH_IMAGE),
		durationField('Length of the video in seconds', documented.durations),
		cameraMotionField(),
	],
	options: [
		urlField({
			displayName: 'End Frame URL',
			name: 'lastImageUrl',
			placeholder: 'e.g. https://example.com/pier-night.jpg',
			description: 'Public URL of an image that the video moves towards. Leave empty to let the video end freely.',
			required: false,
		}),
		flipField(),
		{
			displayName: 'Image Is End Frame',
			name: 'imageAsEndFrame',
			type: 'boolean',
			default: false,
			description: 'Whether the video ends with the image, instead of starting with it',
		},
		styleField(),
	],

	parameters: z.object({
		imageUrl: httpUrl(),
		prompt: requiredText(),
		model: requiredText(),
		ratio: ratioOrMatch(),
		duration: integer(1, 60, ' seconds'),
		lastImageUrl: optionalHttpUrl(),
		cameraMotion: cameraMotion(),
		flip: z.optional(flag()),
		imageAsEndFrame: z.optional(flag()),
		style: optionalText(),
	}),

	match: (p) => ({ image: { parameter: 'imageUrl', url: p.imageUrl }, ratios: documented.ratios }),

	body: (p, { callbackUrl }) => ({
		callback_url: callbackUrl,
		image: p.imageUrl,
		prompt: p.prompt,
		model: p.model,
		ratio: p.ratio,
		style: p.style,
		options: {
			seconds: p.duration,
			motion_vector: optionalMotionVector(p.cameraMotion),
			image_as_end_frame: p.imageAsEndFrame,
			flip: p.flip,
		},
		last_image: p.lastImageUrl,
	}),

	doubts: (p, { apiHost }) => [
		...documentedDoubts(documented, p),
		...urlDoubts('imageUrl', p.imageUrl, 'image', apiHost),
		...urlDoubts('lastImageUrl', p.lastImageUrl, 'image', apiHost),
	],
});
