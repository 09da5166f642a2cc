import type { Check, Fields } from './checks';
import { bool, integer, isObject, list, media, number, object, oneOf, optional, ratio, required, text } from './checks';

/** What Runway wants of a body for one model, on top of what it wants on the route (fact sheet 2.6a, 8.1). */
export interface ModelRules {
	fields: Fields;
	/** Fields that are not named are refused. */
	strict?: true;
}

/** Rules by the name of the model, as a create body gives it. */
export type ModelTable = Readonly<Record<string, ModelRules>>;

const uint32 = integer(0, 4_294_967_295);

/** An image, or a list of images that say whether they are the first or the last frame. */
const frames = (...positions: string[]): Check => {
	const positioned = object({ uri: required(media('image')), position: required(oneOf(...positions)) });
	return (value, path) =>
		Array.isArray(value) ? list(1, positions.length, positioned)(value, path) : media('image')(value, path);
};
const firstFrame = required(frames('first'));
const bothFrames = required(frames('first', 'last'));

const gen4Ratios = ['1280:720', '720:1280', '1104:832', '832:1104', '960:960', '1584:672'];
const veoRatios = ['1280:720', '720:1280', '1080:1920', '1920:1080'];
const gen4Seconds = integer(2, 10);

const veo31: ModelRules = {
	strict: true,
	fields: {
		promptImage: bothFrames,
		model: required(text()),
		promptText: optional(text(1, 512)),
		ratio: required(oneOf(...veoRatios)),
		duration: optional(oneOf(4, 6, 8)),
		audio: optional(bool),
		negativePrompt: optional(text()),
		seed: optional(uint32),
	},
};

export const imageToVideoModels: ModelTable = {
	// Withdrawn by Runway; CometAPI still documents it, and requires no more than a picture.
	gen3a_turbo: {
		fields: {
			promptImage: bothFrames,
			ratio: optional(oneOf('1280:768', '768:1280')),
			duration: optional(oneOf(5, 10)),
		},
	},
	gen4_turbo: {
		fields: { promptImage: firstFrame, ratio: required(oneOf(...gen4Ratios)), duration: optional(gen4Seconds) },
	},
	'gen4.5': {
		fields: {
			promptImage: firstFrame,
			promptText: required(text(1, 512)),
			ratio: required(oneOf(...gen4Ratios)),
			duration: required(gen4Seconds),
		},
	},
	veo3: { fields: { promptImage: firstFrame, ratio: required(oneOf(...veoRatios)), duration: optional(oneOf(8)) } },
	'veo3.1': veo31,
	'veo3.1_fast': veo31,
};

const gen4ImageRatios = [
	'1024:1024', '1080:1080', '1168:880', '1360:768', '1440:1080', '1080:1440', '1808:768', '1920:1080',
	'1080:1920', '2112:912', '1280:720', '720:1280', '720:720', '960:720', '720:960', '1680:720',
]; // prettier-ignore
const geminiRatios = [
	'1344:768', '768:1344', '1024:1024', '1184:864', '864:1184', '1536:672', '832:1248', '1248:832', '896:1152',
	'1152:896',
]; // prettier-ignore

export const textToImageModels: ModelTable = {
	gen4_image: { fields: { ratio: required(oneOf(...gen4ImageRatios)) } },
	gen4_image_turbo: { fields: { ratio: required(oneOf(...gen4ImageRatios)) } },
	'gemini_2.5_flash': { fields: { ratio: required(oneOf(...geminiRatios)) } },
	gemini_image3_pro: { fields: { ratio: required(ratio) } },
	'gemini_image3.1_flash': { fields: { ratio: required(ratio) } },
};

const keyframe: Check = (value, path) => {
	const place = isObject(value) && 'at' in value ? 'at' : 'seconds';
	return object({ uri: required(media('image')), [place]: required(number(0)) })(value, path);
};

export const videoToVideoModels: ModelTable = {
	gen4_aleph: {
		fields: {
			ratio: optional(
				oneOf('1280:720', '720:1280', '1104:832', '960:960', '832:1104', '1584:672', '848:480', '640:480'),
			),
		},
	},
	aleph2: {
		fields: {
			promptText: optional(text(1, 1000)),
			ratio: optional(ratio),
			targetAspectRatio: optional(oneOf('16:9', '4:3', '3:2', '1:1', '2:3', '3:4', '9:16', '21:9')),
			keyframes: optional(list(0, 5, keyframe)),
		},
	},
};

const percent = optional(integer(0, 100));

export const videoUpscaleModels: ModelTable = {
	upscale_v1: { fields: {} },
	magnific_video_upscaler_creative: {
		fields: {
			creativity: percent,
			flavor: optional(oneOf('vivid', 'natural')),
			fpsBoost: optional(bool),
			resolution: optional(oneOf('720p', '1k', '2k', '4k')),
			sharpen: percent,
			smartGrain: percent,
		},
	},
	enhance_frame_rate: {
		fields: {
			targetFramerate: required(oneOf('24', '25', '30', '48', '50', '60', '120', '23_98', '29_97', '59_94')),
		},
	},
};

export const characterPerformanceModels: ModelTable = {
	act_two: { fields: { ratio: optional(oneOf(...gen4Ratios)) } },
};

/** The names that the compatibility routes are documented with, here and at sister gateways. */
export const compatibilityModels: readonly string[] = ['gen2', 'gen3', 'gen4', 'gen4_turbo'];
