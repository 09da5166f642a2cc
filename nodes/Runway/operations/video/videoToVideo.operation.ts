import * as z from 'zod/v4-mini';

import { panelRemarks } from '../hints';
import { optionalInteger, ratio, requiredText } from '../checks';
import { modelField, moderationField, promptField, ratioField, seedField } from '../fields';
import { mediaInput, requireMedia } from '../media';
import { contentModeration, publicFigureThreshold } from '../moderation';
import { createOperation } from '../operation';
import { referenceFiles, referenceHints, references, referencesField, referenceUris } from '../references';

const video = mediaInput({
	prefix: 'video',
	label: 'Video',
	kind: 'video',
	defaultUrl: '={{ $json.videoUrl }}',
	placeholder: 'e.g. https://example.com/street.mp4',
	description: 'The video to change',
});

/** POST /runwayml/v1/video_to_video. */
export const videoToVideo = createOperation({
	resource: 'video',
	value: 'videoToVideo',
	name: 'Video to Video (Aleph)',
	action: 'Change video by prompt (Aleph)',
	description: 'Edit what a video shows by a prompt and an optional reference image; takes a URL or a file of the item',
	api: 'official',
	path: '/runwayml/v1/video_to_video',
	produces: 'video',
	models: ['gen4_aleph'],
	panelRemarks: [panelRemarks.url('videoUrl')],

	fields: [
		...video.fields,
		promptField({
			description: 'What to change in the video, in at most 1000 characters',
			placeholder: 'e.g. make it snow',
		}),
		modelField('gen4_aleph'),
		ratioField(
			['1280:720', '720:1280', '1104:832', '960:960', '832:1104', '1584:672', '848:480', '640:480'],
			'1280:720',
		),
		referencesField({ description: 'An image whose look the video takes over', tags: false, required: false }),
		seedField(),
		moderationField(),
	],

	parameters: z
		.object({
			...video.shape,
			prompt: requiredText(1000),
			model: requiredText(),
			ratio: ratio(),
			referenceImages: references({ min: 0, max: 1, tooFew: '' }),
			seed: optionalInteger(0, 4_294_967_295),
			publicFigureThreshold: publicFigureThreshold(),
		})
		.check(requireMedia(video.required)),

	files: (p) => [...video.files(p), ...referenceFiles(p.referenceImages)],

	body: (p, input) => ({
		videoUri: video.uri(p, input),
		promptText: p.prompt,
		model: p.model,
		ratio: p.ratio,
		references:
			p.referenceImages.image.length === 0
				? undefined
				: referenceUris(p.referenceImages, input).map(({ uri }) => ({ type: 'image', uri })),
		seed: p.seed,
		contentModeration: contentModeration(p.publicFigureThreshold),
	}),

	hints: (p) => [...video.hints(p), ...referenceHints(p.referenceImages)],
});
