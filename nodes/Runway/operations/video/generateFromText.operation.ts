import { integer, ratio, requiredText } from '../../../shared/parameters/checks';
import * as z from '../../../shared/parameters/zod';
import { cameraMotion, cameraMotionField, motionVector } from '../cameraMotion';
import { durationField, modelField, promptField, ratioField, styleField } from '../fields';
import { documentedDoubts } from '../modelRules';
import { createOperation } from '../createOperation';

/** Older pages have shapes such as 16:9 in place of pixels (fact sheet 2.1). */
const documented = { ratios: ['1280:720', '720:1280', '960:960'], durations: [5, 10] };

/** POST /runway/pro/generate without an image. */
export const generateFromText = createOperation({
	resource: 'video',
	value: 'generateFromText',
	name: 'Text to Video',
	action: 'Convert text to video',
	description: 'Turn a prompt into a video, with camera motion if you like',
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
		cameraMotionField(),
	],
	options: [styleField()],

	parameters: z.object({
		prompt: requiredText(),
		model: requiredText(),
		ratio: ratio(),
		duration: integer(1, 60, ' seconds'),
		style: z.prefault(requiredText(), 'cinematic'),
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
