import { optionalInteger, ratio, requiredText } from '../../../shared/parameters/checks';
import * as z from '../../../shared/parameters/zod';
import { modelTable } from '../../modelTable';
import { modelField, promptField, ratioFields, seedField } from '../fields';
import { panelRemarks, replacedDefaults } from '../hints';
import { contentModeration, moderationField, publicFigureThreshold } from '../moderation';
import { currentModels, fitsModel, modelDoubts, replacements } from '../modelRules';
import { createOperation } from '../createOperation';
import type { Doubt } from '../operation';
import { referenceDoubts, referenceFiles, references, referencesField, referenceUris } from '../references';

const facts = modelTable['text-to-image'];
const defaults = { ratio: '1280:720' };

/** POST /runwayml/v1/text_to_image. */
export const generate = createOperation({
	resource: 'image',
	value: 'generate',
	name: 'Generate',
	action: 'Generate image',
	description: 'Make an image from a prompt and one to three reference images',
	api: 'official',
	path: '/runwayml/v1/text_to_image',
	produces: 'image',
	models: currentModels(facts),
	facts,
	panelRemarks: panelRemarks.replaced(facts, defaults),

	fields: [
		promptField({
			description: 'What the image shows, in at most 1000 characters. Refer to a reference image by @ and its tag.',
			placeholder: 'e.g. @chair in a sunlit studio',
		}),
		referencesField({
			description: 'One to three images to work from. CometAPI refuses requests without any.',
			tags: true,
			required: true,
		}),
		modelField('gen4_image'),
		...ratioFields(facts, defaults.ratio),
	],
	options: [seedField(), moderationField()],

	parameters: z
		.object({
			prompt: requiredText(1000),
			referenceImages: references({
				min: 1,
				max: 3,
				tooFew: 'must have at least one image, because CometAPI refuses requests without any',
			}),
			model: requiredText(),
			ratio: ratio(),
			seed: optionalInteger(0, 4_294_967_295),
			publicFigureThreshold: publicFigureThreshold(),
		})
		.check(fitsModel(facts, defaults)),

	files: (p) => referenceFiles(p.referenceImages),

	body: (p, input) => ({
		promptText: p.prompt,
		ratio: p.ratio,
		...replacements(facts, defaults, p),
		model: p.model,
		referenceImages: referenceUris(p.referenceImages, input),
		seed: p.seed,
		contentModeration: contentModeration(p.publicFigureThreshold),
	}),

	hints: (p) => replacedDefaults(facts, defaults, p),

	doubts: (p, { apiHost }) => [
		...modelDoubts(facts, p),
		...unknownTags(p.prompt, p.referenceImages.image),
		...referenceDoubts(p.referenceImages, apiHost),
	],
});

/** Finds tags in the prompt that no image has: Runway takes them for plain words. */
function unknownTags(prompt: string, images: ReadonlyArray<{ tag?: string }>): Doubt[] {
	const tags = new Set(images.map(({ tag }) => tag));
	const used = [...prompt.matchAll(/(?<![\w@.])@([A-Za-z]\w{2,15})\b/g)].map(([, tag]) => tag);
	const unknown = [...new Set(used)].filter((tag) => !tags.has(tag));
	return unknown.length === 0
		? []
		: [
				{
					parameter: 'prompt',
					expected: `must refer to reference images by their tags, but no image has the tag ${unknown.join(' or ')}`,
				},
			];
}
