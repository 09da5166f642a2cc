import {
	flag,
	integer,
	MATCH_IMAGE,
	oneOf,
	optionalInteger,
	ratioOrMatch,
	requiredText,
} from '../../../shared/parameters/checks';
import * as z from '../../../shared/parameters/zod';
import { modelTable } from '../../modelTable';
import { modelField, ratioField, seedField } from '../fields';
import { mediaInput, requireMedia } from '../media';
import { contentModeration, moderationField, publicFigureThreshold } from '../moderation';
import { currentModels, fitsModel, modelDoubts, ratiosOf } from '../modelRules';
import { createOperation } from '../createOperation';

const character = mediaInput({
	prefix: 'character',
	label: 'Character',
	kind: 'image',
	defaultUrl: '={{ $json.imageUrl }}',
	placeholder: 'e.g. https://example.com/puppet.png',
	description: 'The character, with a face that stays in the frame',
});

const reference = mediaInput({
	prefix: 'reference',
	label: 'Performance',
	kind: 'video',
	defaultUrl: '={{ $json.videoUrl }}',
	placeholder: 'e.g. https://example.com/actor.mp4',
	description: 'The performance to copy, 3 to 30 seconds long',
});

const facts = modelTable['character-performance'];

/** POST /runwayml/v1/character_performance. */
export const characterPerformance = createOperation({
	resource: 'video',
	value: 'characterPerformance',
	name: 'Character Performance (Act-Two)',
	action: 'Animate character with Act-Two',
	description: 'Make a character in an image or video act like an actor in a video, with face and movements',
	api: 'official',
	path: '/runwayml/v1/character_performance',
	produces: 'video',
	models: currentModels(facts),
	facts,

	fields: [
		{
			displayName: 'Character Type',
			name: 'characterType',
			type: 'options',
			options: [
				{ name: 'Image', value: 'image' },
				{ name: 'Video', value: 'video' },
			],
			default: 'image',
			description: 'Whether the character comes from an image or a video',
		},
		...character.fields,
		...reference.fields,
		ratioField(facts.act_two.ratios, MATCH_IMAGE),
	],
	options: [
		// There is only one, so nobody needs to see it. n8n calls a required option missing until it is added.
		{ ...modelField('act_two'), required: false },
		{
			displayName: 'Body Control',
			name: 'bodyControl',
			type: 'boolean',
			default: true,
			description: 'Whether to copy gestures and body movements too, not just the face',
			displayOptions: { show: { '/characterType': ['image'] } },
		},
		{
			displayName: 'Expression Intensity',
			name: 'expressionIntensity',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 5, numberPrecision: 0 },
			default: 3,
			description: 'How strong the facial expressions are, from 1 (calm) to 5 (exaggerated)',
		},
		seedField(),
		moderationField(),
	],

	parameters: z
		.object({
			characterType: oneOf(['image', 'video']),
			...character.shape,
			...reference.shape,
			model: z.prefault(requiredText(), 'act_two'),
			ratio: ratioOrMatch(),
			bodyControl: z.optional(flag()),
			expressionIntensity: z.prefault(integer(1, 5), 3),
			seed: optionalInteger(0, 4_294_967_295),
			publicFigureThreshold: publicFigureThreshold(),
		})
		.check(requireMedia(character.required, reference.required), fitsModel(facts)),

	files: (p) => [...character.files(p, { kind: p.characterType }), ...reference.files(p)],

	match: (p) => ({ image: character.image(p), ratios: ratiosOf(facts, p.model) }),

	body: (p, input) => ({
		character: { type: p.characterType, uri: character.uri(p, input) },
		reference: { type: 'video', uri: reference.uri(p, input) },
		model: p.model,
		ratio: p.ratio,
		bodyControl: p.characterType === 'image' ? (p.bodyControl ?? true) : undefined,
		expressionIntensity: p.expressionIntensity,
		seed: p.seed,
		contentModeration: contentModeration(p.publicFigureThreshold),
	}),

	doubts: (p, { apiHost }) => [
		...modelDoubts(facts, p),
		...character.doubts(p, apiHost, { kind: p.characterType }),
		...reference.doubts(p, apiHost),
	],
});
