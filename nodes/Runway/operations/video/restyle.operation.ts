import * as z from 'zod/v4-mini';

import { decimal, flag, httpUrl, integer, requiredText } from '../checks';
import { durationField, modelField, promptField, urlField } from '../fields';
import { unreachableUrl, unusualDuration } from '../hints';
import { createOperation } from '../operation';

/** POST /runway/pro/video2video. */
export const restyle = createOperation({
	resource: 'video',
	value: 'restyle',
	name: 'Restyle',
	action: 'Restyle a video',
	description: 'Redraw a video in another style and keep its movement',
	api: 'compatibility',
	path: '/runway/pro/video2video',
	produces: 'video',
	models: ['gen4'],

	fields: [
		urlField({
			displayName: 'Video URL',
			name: 'videoUrl',
			default: '={{ $json.videoUrl }}',
			placeholder: 'e.g. https://example.com/street.mp4',
			description: 'Public URL of the video to redraw. This route takes no files; use Video to Video for those.',
		}),
		promptField({ description: 'The look that the video gets', placeholder: 'e.g. ink wash painting' }),
		modelField('gen4'),
		{
			displayName: 'Structure Transformation',
			name: 'structureTransformation',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 1, numberPrecision: 2 },
			default: 0.5,
			description: 'How far to leave the structure of the video, from 0 (keep it) to 1 (redraw it); start modest',
		},
		durationField('Length of the result in seconds; 5 is the documented value'),
		{
			displayName: 'Flip',
			name: 'flip',
			type: 'boolean',
			default: false,
			description: 'Whether to make a portrait video. Sources disagree on whether it mirrors the video instead.',
		},
	],

	parameters: z.object({
		videoUrl: httpUrl(),
		prompt: requiredText(),
		model: requiredText(),
		structureTransformation: decimal(0, 1),
		duration: integer(1, 60, ' seconds'),
		flip: flag(),
	}),

	body: (p, { callbackUrl }) => ({
		callback_url: callbackUrl,
		video: p.videoUrl,
		model: p.model,
		prompt: p.prompt,
		options: { structure_transformation: p.structureTransformation, flip: p.flip, seconds: p.duration },
	}),

	hints: (p) => [...unusualDuration(p.duration, [5]), ...unreachableUrl(p.videoUrl)],
});
