import { readFileSync } from 'node:fs';
import path from 'node:path';

import { modelTable } from '../../../nodes/Runway/modelTable';

/** What each operation that creates tasks sends and refuses, as data. */

export type Values = Record<string, unknown>;

export interface Rows {
	/** What must be given, beside the panel's own defaults. */
	minimal: [given: Values, body: Values];
	typical: [given: Values, body: Values];
	full: [given: Values, body: Values];
	/** One wrong value each, with the label and the words that continue it. */
	refused: Array<[given: Values, label: string, expected: string]>;
	/** A value that is sent only with Send Anyway, with words of the doubt. */
	doubts: Array<[given: Values, doubt: RegExp]>;
}

export const callback_url = 'https://n8n.example.com/webhook-waiting/231/runway';
export const pier = 'https://img.example.com/pier.jpg';
export const night = 'https://img.example.com/pier-night.jpg';
export const tall = 'https://img.example.com/tall.jpg';
const street = 'https://vid.example.com/street.mp4';
export const actor = 'https://vid.example.com/actor.mp4';
const signed = `${street}?X-Signature=a%2Fb&X-Date=1#t=1`;

const assets = path.join(__dirname, '../../support/standin/assets');
export const png = readFileSync(path.join(assets, 'harbor.png'));
export const mp4 = readFileSync(path.join(assets, 'clip.mp4'));
const pngUri = `data:image/png;base64,${png.toString('base64')}`;
const mp4Uri = `data:video/mp4;base64,${mp4.toString('base64')}`;

const still = { x: 0, y: 0, z: 0, r: 0, bg_x_pan: 0, bg_y_pan: 0 };
const moving = { x: 1, y: -2, z: 0.5, r: 10, bgXPan: -10, bgYPan: 3 };
const vector = { x: 1, y: -2, z: 0.5, r: 10, bg_x_pan: -10, bg_y_pan: 3 };

export const notEmpty = 'must not be empty';
const aUrl = 'must be a complete URL that starts with https:// or http:// and names a host';
const aRatio = 'must be two whole numbers with a colon between them, such as 1280:720 or 16:9';
const seconds = 'must be a whole number from 1 to 60 seconds';
const gen4Ratios = '1280:720, 720:1280, 1104:832, 832:1104, 960:960, 1584:672';
const uint32 = 'must be a whole number from 0 to 4294967295';
const longUrl = `https://img.example.com/${'a'.repeat(2048)}`;

/** Left out of Image to Video (Camera Motion) unless somebody adds them, because CometAPI does not name their defaults. */
export const OF_CAMERA_MOTION = ['flip', 'imageAsEndFrame', 'style'];

/** What each operation sends, by the documentation of its route. */
export const table: Record<string, Rows> = {
	'video.generateFromText': {
		minimal: [
			{ prompt: 'a lantern' },
			{
				callback_url,
				prompt: 'a lantern',
				model: 'gen4_turbo',
				ratio: '1280:720',
				style: 'cinematic',
				options: { seconds: 5, motion_vector: still },
			},
		],
		typical: [
			{ prompt: '  纸灯笼\nover a lake ', model: 'gen4', ratio: '720:1280', duration: 10 },
			{
				callback_url,
				prompt: '纸灯笼\nover a lake',
				model: 'gen4',
				ratio: '720:1280',
				style: 'cinematic',
				options: { seconds: 10, motion_vector: still },
			},
		],
		full: [
			{ prompt: 'p', model: 'gen5', ratio: '960:960', duration: 10, style: 'noir', cameraMotion: moving },
			{
				callback_url,
				prompt: 'p',
				model: 'gen5',
				ratio: '960:960',
				style: 'noir',
				options: { seconds: 10, motion_vector: vector },
			},
		],
		refused: [
			[{ prompt: ' ' }, 'Prompt', notEmpty],
			[{ prompt: 42 }, 'Prompt', 'must be text'],
			[{ prompt: { length: [{ toString: 200 }] } }, 'Prompt', 'must be text'],
			[{ model: '' }, 'Model', notEmpty],
			[{ ratio: '1280x720' }, 'Ratio', aRatio],
			[{ duration: 0 }, 'Duration (Seconds)', seconds],
			[{ duration: 5.5 }, 'Duration (Seconds)', seconds],
			[{ duration: 'five' }, 'Duration (Seconds)', seconds],
			[{ style: '' }, 'Options → Style', notEmpty],
			[{ cameraMotion: { x: 10.1 } }, 'Camera Motion → Horizontal (X)', 'must be a number from -10 to 10'],
			[{ cameraMotion: { bgYPan: 'up' } }, 'Camera Motion → Pan Vertical', 'must be a number from -10 to 10'],
		],
		doubts: [
			[{ duration: 8 }, /Duration.*5 or 10/],
			[{ ratio: '16:9' }, /Ratio.*1280:720, 720:1280, 960:960.*nearest is 1280:720/],
			[{ prompt: 'a cat, [object Object]' }, /Prompt.*\[object Object\]/],
		],
	},
	'video.generateFromImage': {
		minimal: [
			{ imageUrl: pier, prompt: 'waves' },
			{ callback_url, image: pier, prompt: 'waves', model: 'gen4', ratio: '1280:720', options: { seconds: 5 } },
		],
		typical: [
			{ imageUrl: pier, prompt: 'waves', lastImageUrl: night, duration: 10, cameraMotion: { z: 2 } },
			{
				callback_url,
				image: pier,
				prompt: 'waves',
				model: 'gen4',
				ratio: '1280:720',
				options: { seconds: 10, motion_vector: { ...still, z: 2 } },
				last_image: night,
			},
		],
		full: [
			{
				imageUrl: pier,
				prompt: 'waves',
				model: 'gen4_turbo',
				ratio: '720:1280',
				duration: 10,
				lastImageUrl: night,
				cameraMotion: moving,
				flip: true,
				imageAsEndFrame: false,
				style: 'cinematic',
			},
			{
				callback_url,
				image: pier,
				prompt: 'waves',
				model: 'gen4_turbo',
				ratio: '720:1280',
				style: 'cinematic',
				last_image: night,
				options: { seconds: 10, motion_vector: vector, image_as_end_frame: false, flip: true },
			},
		],
		refused: [
			[{ imageUrl: 'ftp://img.example.com/a.png' }, 'Image URL', aUrl],
			[{ imageUrl: '' }, 'Image URL', notEmpty],
			[{ imageUrl: undefined }, 'Image URL', 'must be a URL'],
			[{ lastImageUrl: 'pier.jpg' }, 'Options → End Frame URL', aUrl],
			[{ prompt: '' }, 'Prompt', notEmpty],
			[{ flip: 'maybe' }, 'Options → Flip', 'must be true or false'],
			[{ duration: 61 }, 'Duration (Seconds)', seconds],
		],
		doubts: [
			[{ imageUrl: 'http://192.168.1.5/a.png' }, /Image URL.*public/],
			[{ lastImageUrl: 'http://localhost:5678/a.png' }, /End Frame URL.*public/],
			[{ duration: 7 }, /Duration.*5 or 10/],
		],
	},
	'video.imageToVideo': {
		minimal: [{ imageUrl: pier }, { promptImage: pier, model: 'gen4_turbo', ratio: '1280:720', duration: 5 }],
		typical: [
			{ imageUrl: pier, prompt: 'slow push-in', model: 'gen4_turbo', ratio: '1280:720', duration: 10, seed: '7421' },
			{
				promptImage: pier,
				promptText: 'slow push-in',
				model: 'gen4_turbo',
				ratio: '1280:720',
				duration: 10,
				seed: 7421,
			},
		],
		full: [
			{
				imageSource: 'binary',
				imageBinaryField: 'picture',
				prompt: 'p'.repeat(512),
				model: 'gen4.5',
				ratio: '1104:832',
				duration: 7,
				seed: 0,
				watermark: true,
				publicFigureThreshold: 'low',
			},
			{
				promptImage: pngUri,
				promptText: 'p'.repeat(512),
				model: 'gen4.5',
				ratio: '1104:832',
				duration: 7,
				seed: 0,
				watermark: true,
				contentModeration: { publicFigureThreshold: 'low' },
			},
		],
		refused: [
			[{ imageUrl: '' }, 'Image URL', notEmpty],
			[{ imageUrl: longUrl }, 'Image URL', 'must have at most 2048 characters'],
			[{ imageUrl: 'https:img.example.com/a.png' }, 'Image URL', aUrl],
			[{ imageUrl: 'javascript:alert(1)' }, 'Image URL', aUrl],
			[{ imageSource: 'clipboard' }, 'Image Source', 'must be one of url, binary'],
			[{ imageSource: 'binary', imageUrl: undefined, imageBinaryField: '' }, 'Image File Field', notEmpty],
			[{ prompt: 'p'.repeat(513) }, 'Prompt', 'must have at most 512 characters'],
			[{ seed: '1e10' }, 'Options → Seed', 'must be a whole number from 0 to 999999999'],
			[{ ratio: '16:9' }, 'Ratio', `must be one of ${gen4Ratios} for gen4_turbo (the nearest is 1280:720)`],
			[{ ratio: '1280:768' }, 'Ratio', `must be one of ${gen4Ratios} for gen4_turbo (the nearest is 1280:720)`],
			[{ duration: 11 }, 'Duration (Seconds)', 'must be one of 2, 3, 4, 5, 6, 7, 8, 9, 10 seconds for gen4_turbo'],
			[{ model: 'veo3.1', duration: 7 }, 'Duration (Seconds)', 'must be one of 4, 6, 8 seconds for veo3.1'],
			[{ model: 'gen4.5', prompt: ' ' }, 'Prompt', 'must not be empty for gen4.5'],
			[{ lastImageUrl: night }, 'End Frame URL', 'must be empty for gen4_turbo, which takes no end frame'],
			[{ model: 'veo3.1', duration: 8, lastImageUrl: 'night' }, 'End Frame URL', aUrl],
			[{ seed: -1 }, 'Options → Seed', 'must be a whole number from 0 to 999999999'],
			[{ duration: null }, 'Duration (Seconds)', seconds],
			[{ watermark: 'yes' }, 'Options → Watermark', 'must be true or false'],
			[{ publicFigureThreshold: 'high' }, 'Options → People Who Resemble Public Figures', 'must be one of auto, low'],
		],
		doubts: [
			[{ ratio: '1280:720', model: 'gen3a_turbo', prompt: 'x' }, /1280:768, 768:1280 for gen3a_turbo/],
			[{ model: 'gen3a_turbo', ratio: '768:1280', duration: 7 }, /Duration.*5, 10 seconds for gen3a_turbo/],
			[{ model: 'gen9', prompt: '' }, /Prompt.*most models need one/],
			[{ model: 'gen9', prompt: 'x', ratio: '16:9' }, /Ratio.*models that this node knows.*nearest is 1280:720/],
			[{ model: 'gen9', prompt: 'x', duration: 11 }, /Duration.*models that this node knows/],
			[{ imageUrl: 'http://127.0.0.1/a.png' }, /Image URL.*public/],
		],
	},
	'video.restyle': {
		minimal: [
			{ videoUrl: street, prompt: 'ink wash' },
			{
				callback_url,
				video: street,
				prompt: 'ink wash',
				model: 'gen4',
				options: { structure_transformation: 0.5, flip: false, seconds: 5 },
			},
		],
		typical: [
			{ videoUrl: signed, prompt: 'ink wash', structureTransformation: '0.4' },
			{
				callback_url,
				video: signed,
				prompt: 'ink wash',
				model: 'gen4',
				options: { structure_transformation: 0.4, flip: false, seconds: 5 },
			},
		],
		full: [
			{ videoUrl: street, prompt: 'ink wash', model: 'gen3', structureTransformation: 0, flip: true },
			{
				callback_url,
				video: street,
				prompt: 'ink wash',
				model: 'gen3',
				options: { structure_transformation: 0, flip: true, seconds: 5 },
			},
		],
		refused: [
			[{ videoUrl: 'street.mp4' }, 'Video URL', aUrl],
			[{ prompt: '' }, 'Prompt', notEmpty],
			[{ structureTransformation: 1.01 }, 'Amount of Change', 'must be a number from 0 to 1'],
			[{ structureTransformation: 'half' }, 'Amount of Change', 'must be a number from 0 to 1'],
			[{ flip: 1 }, 'Options → Flip', 'must be true or false'],
		],
		doubts: [
			[{ duration: 8 }, /Duration.*5 seconds/],
			[{ videoUrl: 'http://10.0.0.7/a.mp4' }, /Video URL.*public/],
		],
	},
	'video.actOne': {
		minimal: [
			{ videoUrl: actor, imageUrl: pier },
			{ callback_url, video: actor, image: pier },
		],
		typical: [
			{ videoUrl: ` ${actor} `, imageUrl: `${pier}\n` },
			{ callback_url, video: actor, image: pier },
		],
		full: [
			{ videoUrl: signed, imageUrl: night },
			{ callback_url, video: signed, image: night },
		],
		refused: [
			[{ videoUrl: '' }, 'Performance Video URL', notEmpty],
			[{ imageUrl: 'data:image/png;base64,AAAA' }, 'Character Image URL', aUrl],
		],
		doubts: [
			[{ videoUrl: 'http://n8n.local/a.mp4' }, /Performance Video URL.*public/],
			[{ imageUrl: 'http://[::1]/a.png' }, /Character Image URL.*public/],
		],
	},
	'video.videoToVideo': {
		minimal: [
			{ videoUrl: street, prompt: 'make it snow' },
			{ videoUri: street, promptText: 'make it snow', model: 'aleph2' },
		],
		typical: [
			{
				videoUrl: street,
				prompt: 'make it snow',
				ratio: '1280:720',
				seed: '4294967295',
			},
			{
				videoUri: street,
				promptText: 'make it snow',
				model: 'aleph2',
				ratio: '1280:720',
				seed: 4_294_967_295,
			},
		],
		full: [
			{
				videoSource: 'binary',
				videoBinaryField: 'clip',
				prompt: 'p'.repeat(1000),
				model: 'gen4_aleph',
				ratio: '848:480',
				seed: 1,
				referenceImages: { image: [{ url: '', binaryField: 'picture' }] },
				publicFigureThreshold: 'low',
			},
			{
				videoUri: mp4Uri,
				promptText: 'p'.repeat(1000),
				model: 'gen4_aleph',
				ratio: '848:480',
				seed: 1,
				references: [{ type: 'image', uri: pngUri }],
				contentModeration: { publicFigureThreshold: 'low' },
			},
		],
		refused: [
			[{ videoUrl: 'x' }, 'Video URL', aUrl],
			[{ prompt: 'p'.repeat(1001) }, 'Prompt', 'must have at most 1000 characters'],
			[{ seed: 4_294_967_296 }, 'Options → Seed', uint32],
			[
				{ model: 'gen4_aleph', referenceImages: { image: [{ url: pier }, { url: night }] } },
				'Reference Images',
				'must have at most 1 image',
			],
			[
				{ model: 'gen4_aleph', referenceImages: { image: [{ url: 'pier' }] } },
				'Reference Images → #1 → Image URL',
				aUrl,
			],
			[
				{ referenceImages: { image: [{ url: pier }] } },
				'Reference Images',
				'must be empty for aleph2, which takes no reference images',
			],
		],
		doubts: [
			[{ videoUrl: 'http://files.internal/a.mp4' }, /Video URL.*public/],
			[{ model: 'gen4_aleph', ratio: '16:9' }, /848:480, 640:480 for gen4_aleph/],
			[{ model: 'gen4_aleph', referenceImages: { image: [{ url: 'http://172.16.0.1/a.png' }] } }, /Image URL.*public/],
		],
	},
	'video.characterPerformance': {
		minimal: [
			{ characterUrl: pier, referenceUrl: actor },
			{
				character: { type: 'image', uri: pier },
				reference: { type: 'video', uri: actor },
				model: 'act_two',
				ratio: '1280:720',
				bodyControl: true,
				expressionIntensity: 3,
			},
		],
		typical: [
			{ characterType: 'video', characterUrl: street, referenceUrl: actor, bodyControl: undefined, ratio: '720:1280' },
			{
				character: { type: 'video', uri: street },
				reference: { type: 'video', uri: actor },
				model: 'act_two',
				ratio: '720:1280',
				expressionIntensity: 3,
			},
		],
		full: [
			{
				characterType: 'image',
				characterSource: 'binary',
				characterBinaryField: 'picture',
				referenceSource: 'binary',
				referenceBinaryField: 'clip',
				model: 'act_three',
				ratio: '960:960',
				bodyControl: 'false',
				expressionIntensity: '5',
				seed: '12',
				publicFigureThreshold: 'low',
			},
			{
				character: { type: 'image', uri: pngUri },
				reference: { type: 'video', uri: mp4Uri },
				model: 'act_three',
				ratio: '960:960',
				bodyControl: false,
				expressionIntensity: 5,
				seed: 12,
				contentModeration: { publicFigureThreshold: 'low' },
			},
		],
		refused: [
			[{ characterUrl: '' }, 'Character URL', notEmpty],
			[{ referenceUrl: 'actor.mp4' }, 'Performance URL', aUrl],
			[{ characterType: 'puppet' }, 'Character Type', 'must be one of image, video'],
			[{ expressionIntensity: 6 }, 'Options → Expression Intensity', 'must be a whole number from 1 to 5'],
			[{ expressionIntensity: 0 }, 'Options → Expression Intensity', 'must be a whole number from 1 to 5'],
			[{ bodyControl: 'a bit' }, 'Options → Body Control', 'must be true or false'],
		],
		doubts: [
			[{ characterUrl: 'http://169.254.1.1/a.png' }, /Character URL.*public/],
			[{ referenceUrl: 'http://[fd00::1]/a.mp4' }, /Performance URL.*public/],
		],
	},
	'video.upscale': {
		minimal: [{ videoUrl: street }, { videoUri: street, model: 'magnific_video_upscaler_creative' }],
		typical: [
			{ videoUrl: signed, model: 'magnific_video_upscaler_creative' },
			{ videoUri: signed, model: 'magnific_video_upscaler_creative' },
		],
		full: [
			{ videoSource: 'binary', videoBinaryField: 'clip', model: 'upscale_v2' },
			{ videoUri: mp4Uri, model: 'upscale_v2' },
		],
		refused: [
			[{ videoUrl: '' }, 'Video URL', notEmpty],
			[{ model: ' ' }, 'Model', notEmpty],
		],
		doubts: [[{ videoUrl: 'http://nas.lan/a.mp4' }, /Video URL.*public/]],
	},
	'image.generate': {
		minimal: [
			{ prompt: 'a studio', referenceImages: { image: [{ url: pier }] } },
			{ promptText: 'a studio', ratio: '1280:720', model: 'gen4_image', referenceImages: [{ uri: pier }] },
		],
		typical: [
			{
				prompt: '@chair in a studio',
				ratio: '1920:1080',
				referenceImages: { image: [{ url: pier, binaryField: '', tag: 'chair' }] },
			},
			{
				promptText: '@chair in a studio',
				ratio: '1920:1080',
				model: 'gen4_image',
				referenceImages: [{ uri: pier, tag: 'chair' }],
			},
		],
		full: [
			{
				prompt: '@one @two',
				model: 'gen4_image_turbo',
				ratio: '1024:1024',
				seed: '5',
				publicFigureThreshold: 'low',
				referenceImages: {
					image: [
						{ url: pier, tag: 'one' },
						{ binaryField: 'picture', tag: 'two' },
						{ url: night, tag: '' },
					],
				},
			},
			{
				promptText: '@one @two',
				model: 'gen4_image_turbo',
				ratio: '1024:1024',
				seed: 5,
				referenceImages: [{ uri: pier, tag: 'one' }, { uri: pngUri, tag: 'two' }, { uri: night }],
				contentModeration: { publicFigureThreshold: 'low' },
			},
		],
		refused: [
			[
				{ referenceImages: {} },
				'Reference Images',
				'must have at least one image, because CometAPI refuses requests without any',
			],
			[
				{ referenceImages: { image: [pier, pier, pier, night].map((url) => ({ url })) } },
				'Reference Images',
				'must have at most 3 images',
			],
			[{ referenceImages: { image: [{ url: pier }, { url: 'x' }] } }, 'Reference Images → #2 → Image URL', aUrl],
			[
				{ referenceImages: { image: [{ url: pier, tag: '1st' }] } },
				'Reference Images → #1 → Tag',
				'must be 3 to 16 letters, digits or underscores and start with a letter',
			],
			[
				{ referenceImages: { image: [{ url: pier, binaryField: 'data' }] } },
				'Reference Images → #1',
				'must have either an image URL or an image file field, and not both',
			],
			[{ prompt: 'p'.repeat(1001) }, 'Prompt', 'must have at most 1000 characters'],
			[{ ratio: 'square' }, 'Ratio', aRatio],
			[
				{ model: 'gemini_2.5_flash', ratio: '1920:1080' },
				'Ratio',
				`must be one of ${modelTable['text-to-image']['gemini_2.5_flash'].ratios.join(', ')} for gemini_2.5_flash (the nearest is 1344:768)`,
			],
			[{ seed: 'lucky' }, 'Options → Seed', uint32],
		],
		doubts: [
			[{ prompt: '@table in a studio' }, /Prompt.*tag table/],
			[{ referenceImages: { image: [{ url: 'http://localhost/a.png' }] } }, /Image URL.*public/],
		],
	},
};
