import type { Check, Fields, Refusal } from './checks';
import { bool, integer, isObject, list, matching, media, number, object, oneOf, optional, ratio } from './checks';
import { required, text, url } from './checks';
import type { ModelTable } from './models';
import * as models from './models';
import type { Family, JsonObject, StandInOperation } from './types';

/** A create operation: where it lives, what it makes, and what its body must hold. */
export interface CreateRoute {
	path: string;
	operation: StandInOperation;
	family: Family;
	asset: 'video' | 'image';
	/** Field of the body that holds the prompt. */
	prompt?: string;
	fields: Fields;
	/** The models that Runway knows on this route, and what it wants for each. Official routes only. */
	models?: ModelTable;
}

const callbackUrl = { callback_url: required(url, 'callback_url_empty') };
const motionVector = object(
	Object.fromEntries(['x', 'y', 'z', 'r', 'bg_x_pan', 'bg_y_pan'].map((axis) => [axis, required(number())])),
);
/** 5 and 10 are documented for every model, 1 for smoke tests; newer models take what lies between. */
const seconds = integer(1, 10);
const moderation = object({ publicFigureThreshold: optional(oneOf('auto', 'low')) });
const uint32 = integer(0, 4_294_967_295);
const tag = matching(/^[A-Za-z][A-Za-z0-9_]{2,15}$/, '3 to 16 letters, digits or underscores, beginning with a letter');

const characterFields = {
	image: object({ type: required(oneOf('image')), uri: required(media('image')) }),
	video: object({ type: required(oneOf('video')), uri: required(media('video')) }),
};

const character: Check = (value, path) => {
	const refusals = object({ type: required(oneOf('image', 'video')) })(value, path);
	if (refusals.length > 0) return refusals;
	return characterFields[isObject(value) && value.type === 'video' ? 'video' : 'image'](value, path);
};

/** The create routes of CometAPI's documentation, as data. The first of two operations on one path is the default. */
export const createRoutes: readonly CreateRoute[] = [
	{
		path: '/runway/pro/generate',
		operation: 'generateFromText',
		family: 'compatibility',
		asset: 'video',
		prompt: 'prompt',
		fields: {
			...callbackUrl,
			prompt: required(text()),
			ratio: required(ratio),
			style: required(text()),
			model: required(text()),
			options: required(object({ seconds: required(seconds), motion_vector: required(motionVector) })),
		},
	},
	{
		path: '/runway/pro/generate',
		operation: 'generateFromImage',
		family: 'compatibility',
		asset: 'video',
		prompt: 'prompt',
		fields: {
			...callbackUrl,
			image: required(url),
			prompt: required(text()),
			model: required(text()),
			// Required by the schema, left out by every example.
			ratio: optional(ratio),
			style: optional(text()),
			options: optional(
				object({
					seconds: required(seconds),
					image_as_end_frame: optional(bool),
					flip: optional(bool),
					motion_vector: optional(motionVector),
				}),
			),
			last_image: optional(url),
		},
	},
	{
		path: '/runway/pro/video2video',
		operation: 'restyle',
		family: 'compatibility',
		asset: 'video',
		prompt: 'prompt',
		fields: {
			...callbackUrl,
			video: required(url),
			model: required(text()),
			prompt: required(text()),
			options: required(
				object({
					structure_transformation: optional(number(0, 1)),
					flip: optional(bool),
					seconds: optional(seconds),
				}),
			),
		},
	},
	{
		path: '/runway/pro/act_one',
		operation: 'actOne',
		family: 'compatibility',
		asset: 'video',
		fields: { ...callbackUrl, video: required(url), image: required(url) },
	},
	{
		path: '/runwayml/v1/image_to_video',
		operation: 'imageToVideo',
		family: 'official',
		asset: 'video',
		prompt: 'promptText',
		models: models.imageToVideoModels,
		fields: {
			promptImage: required(media('image')),
			model: required(text()),
			promptText: optional(text(1, 512)),
			duration: optional(integer(1, 10)),
			ratio: optional(ratio),
			seed: optional(integer(0, 999_999_999)),
			watermark: optional(bool),
			contentModeration: optional(moderation),
		},
	},
	{
		path: '/runwayml/v1/text_to_image',
		operation: 'textToImage',
		family: 'official',
		asset: 'image',
		prompt: 'promptText',
		models: models.textToImageModels,
		fields: {
			promptText: required(text(1, 1000)),
			ratio: required(ratio),
			model: required(text()),
			referenceImages: required(
				list(1, 3, object({ uri: required(media('image')), tag: optional(tag) })),
				'reference_images_empty',
			),
			seed: optional(uint32),
			contentModeration: optional(moderation),
		},
	},
	{
		path: '/runwayml/v1/video_to_video',
		operation: 'videoToVideo',
		family: 'official',
		asset: 'video',
		prompt: 'promptText',
		models: models.videoToVideoModels,
		fields: {
			videoUri: required(media('video')),
			promptText: required(text(1, 1000)),
			model: required(text()),
			ratio: optional(ratio),
			references: optional(list(0, 1, object({ type: required(oneOf('image')), uri: required(media('image')) }))),
			seed: optional(uint32),
			contentModeration: optional(moderation),
		},
	},
	{
		path: '/runwayml/v1/video_upscale',
		operation: 'upscale',
		family: 'official',
		asset: 'video',
		models: models.videoUpscaleModels,
		fields: { videoUri: required(media('video')), model: required(text()) },
	},
	{
		path: '/runwayml/v1/character_performance',
		operation: 'characterPerformance',
		family: 'official',
		asset: 'video',
		models: models.characterPerformanceModels,
		fields: {
			character: required(character),
			reference: required(characterFields.video),
			model: required(text()),
			ratio: optional(ratio),
			bodyControl: optional(bool),
			expressionIntensity: optional(integer(1, 5)),
			seed: optional(uint32),
			contentModeration: optional(moderation),
		},
	},
];

const createPaths = new Set(createRoutes.map((route) => route.path));

export function isCreatePath(path: string): boolean {
	return createPaths.has(path);
}

/** The operation that a body on a create path asks for: with an `image`, /runway/pro/generate is another one. */
export function findCreateRoute(path: string, body: unknown): CreateRoute | undefined {
	const candidates = createRoutes.filter((route) => route.path === path);
	const withImage = isObject(body) && body.image !== undefined && body.image !== null;
	return (withImage && candidates.find((route) => 'image' in route.fields)) || candidates[0];
}

/** Every model that some route is documented with, at CometAPI or at Runway. */
export const documentedModels: ReadonlySet<string> = new Set([
	...models.compatibilityModels,
	...createRoutes.flatMap((route) => Object.keys(route.models ?? {})),
]);

/** The rules of the model that a body names; undefined where the route doesn't know it. */
function rulesOf(route: CreateRoute, body: unknown): models.ModelRules | undefined {
	const name = isObject(body) && typeof body.model === 'string' ? body.model : '';
	return route.models && Object.hasOwn(route.models, name) ? route.models[name] : undefined;
}

/**
 * Holds a body against the documentation of its operation and model: all that is wrong with it. A model that `lenient`
 * names is held against the operation's alone.
 */
export function checkBody(route: CreateRoute, body: JsonObject, lenient: readonly string[]): Refusal[] {
	const rules = rulesOf(route, body);
	if (route.models && !rules && !lenient.includes(String(body.model))) {
		return oneOf(...Object.keys(route.models))(body.model, ['model']);
	}
	if (rules?.strict) return object(rules.fields, true)(body, []);
	return object({ ...route.fields, ...rules?.fields })(body, []);
}

/** Top-level fields that the documentation of the operation doesn't name. */
export function unknownFields(route: CreateRoute, body: JsonObject): string[] {
	const known = { ...route.fields, ...rulesOf(route, body)?.fields };
	return Object.keys(body).filter((name) => !(name in known));
}
