import { decimal, flag, httpUrl, integer, requiredText } from '../../../shared/parameters/checks';
import * as z from '../../../shared/parameters/zod';
import { durationField, flipField, modelField, promptField, urlField } from '../fields';
import { urlDoubts } from '../inputUrls';
import { documentedDoubts } from '../modelRules';
import { createOperation } from '../createOperation';

/** POST /runway/pro/video2video. */
export const restyle = createOperation({
	resource: 'video',
	value: 'restyle',
	name: 'Restyle',
	action: 'Restyle video',
	description: 'Redraw a video from a URL in another style, keeping its movement',
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
			description:
				'Public URL of the video to redraw. For a file of the item, use the operation Video to Video (Aleph).',
		}),
		promptField({ description: 'How the video should look', placeholder: 'e.g. ink wash painting' }),
		modelField('gen4'),
		{
			displayName: 'Amount of Change',
			name: 'structureTransformation',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 1, numberPrecision: 2 },
			default: 0.5,
			description:
				'How much the shapes in the video may change, from 0 (not at all) to 1 (redraw everything). Start at 0.5 or lower.',
		},
		durationField('Length of the result in seconds', [5]),
	],
	options: [flipField()],

	parameters: z.object({
		videoUrl: httpUrl(),
		prompt: requiredText(),
		model: requiredText(),
		structureTransformation: decimal(0, 1),
		duration: integer(1, 60, ' seconds'),
		flip: z.prefault(flag(), false),
	}),

	body: (p, { callbackUrl }) => ({
		callback_url: callbackUrl,
		video: p.videoUrl,
		model: p.model,
		prompt: p.prompt,
		options: { structure_transformation: p.structureTransformation, flip: p.flip, seconds: p.duration },
	}),

	doubts: (p, { apiHost }) => [
		...documentedDoubts({ durations: [5] }, p),
		...urlDoubts('videoUrl', p.videoUrl, 'video', apiHost),
	],
});
