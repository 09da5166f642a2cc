import { optionalInteger, optionalRatio, requiredText } from '../../../shared/parameters/checks';
import * as z from '../../../shared/parameters/zod';
import { modelTable } from '../../modelTable';
import { panelRemarks } from '../hints';
import { modelField, optionalRatioField, promptField, seedField } from '../fields';
import { mediaInput, requireMedia } from '../media';
import { contentModeration, moderationField, publicFigureThreshold } from '../moderation';
import { currentModels, fitsModel, modelDoubts, modelsWithout } from '../modelRules';
import { createOperation } from '../createOperation';
import { referenceDoubts, referenceFiles, references, referencesField, referenceUris } from '../references';

const video = mediaInput({
	prefix: 'video',
	label: 'Video',
	kind: 'video',
	defaultUrl: '={{ $json.videoUrl }}',
	placeholder: 'e.g. https://example.com/street.mp4',
	description: 'The video to change',
});

const facts = modelTable['video-to-video'];

/** POST /runwayml/v1/video_to_video. */
export const videoToVideo = createOperation({
	resource: 'video',
	value: 'videoToVideo',
	name: 'Video to Video (Aleph)',
	action: 'Change video with Aleph',
	description: 'Change what a video shows with a prompt. Takes a URL or a file.',
	api: 'official',
	path: '/runwayml/v1/video_to_video',
	produces: 'video',
	models: currentModels(facts),
	facts,
	panelRemarks: panelRemarks.retired(facts),

	fields: [
		...video.fields,
		promptField({
			description: 'What to change in the video, in at most 1000 characters',
			placeholder: 'e.g. make it snow',
		}),
		modelField('aleph2'),
		optionalRatioField(facts.gen4_aleph.ratios),
		{
			...referencesField({
				description: 'An image whose look the video takes on. Aleph 2 takes none.',
				tags: false,
				required: false,
			}),
			displayOptions: { hide: { model: modelsWithout(facts, 'takesReferences') } },
		},
	],
	options: [seedField(), moderationField()],

	parameters: z
		.object({
			...video.shape,
			prompt: requiredText(1000),
			model: requiredText(),
			ratio: optionalRatio(),
			referenceImages: references({ min: 0, max: 1, tooFew: '' }),
			seed: optionalInteger(0, 4_294_967_295),
			publicFigureThreshold: publicFigureThreshold(),
		})
		.check(requireMedia(video.required), fitsModel(facts)),

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

	doubts: (p, { apiHost }) => [
		...modelDoubts(facts, p),
		...video.doubts(p, apiHost),
		...referenceDoubts(p.referenceImages, apiHost),
	],
});
