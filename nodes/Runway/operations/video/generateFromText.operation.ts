import * as z from 'zod/v4-mini';

import { cameraMotion, motionVector } from '../cameraMotion';
import { integer, ratio, requiredText } from '../checks';
import { cameraMotionField, durationField, modelField, promptField, ratioField } from '../fields';
import { documentedDoubts } from '../modelRules';
import { createOperation } from '../operation';

/** Older pages have shapes such as 16:9 in place of pixels (fact sheet 2.1). */
const documented = { ratios: ['1280:720', '720:1280', '960:960'], durations: [5, 10] };

/** POST /runway/pro/generate without an image. */
export const generateFromText = createOperation({
	resource: 'video',
	value: 'generateFromText',
	name: 'Text to Video',
	action: 'Generate video from text',
	description: 'Turn a written prompt into a video, with camera motion where you want it',
	api: 'compatibility',
	path: '/runway/pro/generate',
	produces: 'video',
	models: ['gen4_turbo', 'gen4'],

	fields: [
		promptField({
			description: 'What the video shows and how it moves',
			placeholder: 'e.g. a paper lantern drifting over a lake at dusk',
		}),
		modelField('gen4_turbo'),
		ratioField(documented.ratios, '1280:720'),
		durationField('Length of the video in seconds', documented.durations),
		{
			displayName: 'Style',
			name: 'style',
			type: 'string',
			default: 'cinematic',
			required: true,
			description: 'Style of the video. "cinematic" is the one that CometAPI documents.',
		},
		cameraMotionField(),
	],

	parameters: z.object({
		prompt: requiredText(),
		model: requiredText(),
		ratio: ratio(),
		duration: integer(1, 60, ' seconds'),
		style: requiredText(),
		cameraMotion: cameraMotion(),
	}),

	body: (p, { callbackUrl }) => ({
		callback_url: callbackUrl,
		prompt: p.prompt,
		model: p.model,
		ratio: p.ratio,
		style: p.style,
		options: { seconds: p.duration, motion_vector: motionVector(p.cameraMotion) },
	}),

	doubts: (p) => documentedDoubts(documented, p),
});
