import * as z from 'zod/v4-mini';

import { cameraMotion, optionalMotionVector } from '../cameraMotion';
import { flag, httpUrl, integer, optionalHttpUrl, optionalText, ratio, requiredText } from '../checks';
import { cameraMotionField, durationField, modelField, promptField, ratioField, urlField } from '../fields';
import { unreachableUrl, unusualDuration } from '../hints';
import { createOperation } from '../operation';

/** POST /runway/pro/generate with an image. */
export const generateFromImage = createOperation({
	resource: 'video',
	value: 'generateFromImage',
	name: 'Generate From Image',
	action: 'Generate a video from an image',
	description: 'Animate a picture by URL, with camera motion and an optional end frame',
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
			description: 'Public URL of the picture to start from. This route takes no files; use Image to Video for those.',
		}),
		promptField({
			description: 'How the picture moves and changes',
			placeholder: 'e.g. slow push-in, waves rolling',
		}),
		modelField('gen4'),
		ratioField(['1280:720', '720:1280'], '1280:720'),
		durationField('Length of the video in seconds: 5 or 10'),
		urlField({
			displayName: 'End Frame URL',
			name: 'lastImageUrl',
			placeholder: 'e.g. https://example.com/pier-night.jpg',
			description: 'Public URL of a picture that the video moves towards. Leave empty to let the video end freely.',
			required: false,
		}),
		cameraMotionField(),
		{
			displayName: 'Frame Settings',
			name: 'frameSettings',
			type: 'collection',
			placeholder: 'Add Setting',
			default: {},
			options: [
				{
					displayName: 'Flip',
					name: 'flip',
					type: 'boolean',
					default: false,
					description:
						'Whether to set the flip option. Sources disagree on whether it mirrors the image or makes a portrait video.',
				},
				{
					displayName: 'Image Is End Frame',
					name: 'imageAsEndFrame',
					type: 'boolean',
					default: false,
					description: 'Whether the picture is the last frame of the video and not the first',
				},
				{
					displayName: 'Style',
					name: 'style',
					type: 'string',
					default: 'cinematic',
					description: 'Style of the video. "cinematic" is the one that CometAPI documents.',
				},
			],
		},
	],

	parameters: z.object({
		imageUrl: httpUrl(),
		prompt: requiredText(),
		model: requiredText(),
		ratio: ratio(),
		duration: integer(1, 60, ' seconds'),
		lastImageUrl: optionalHttpUrl(),
		cameraMotion: cameraMotion(),
		frameSettings: z.optional(
			z.object(
				{ flip: z.optional(flag()), imageAsEndFrame: z.optional(flag()), style: z.optional(optionalText()) },
				'must be a collection of settings',
			),
		),
	}),

	body: (p, { callbackUrl }) => ({
		callback_url: callbackUrl,
		image: p.imageUrl,
		prompt: p.prompt,
		model: p.model,
		ratio: p.ratio,
		style: p.frameSettings?.style,
		options: {
			seconds: p.duration,
			motion_vector: optionalMotionVector(p.cameraMotion),
			image_as_end_frame: p.frameSettings?.imageAsEndFrame,
			flip: p.frameSettings?.flip,
		},
		last_image: p.lastImageUrl,
	}),

	hints: (p) => [
		...unusualDuration(p.duration, [5, 10]),
		...unreachableUrl(p.imageUrl),
		...unreachableUrl(p.lastImageUrl),
	],
});
