import { NodeHelpers, type INodeParameters, type INodeProperties } from 'n8n-workflow';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { modelTable } from '../../nodes/Runway/modelTable';
import { isCreate, operations } from '../../nodes/Runway/operations';
import type { BuildInput, BuildResult, CreateOperation, Fault } from '../../nodes/Runway/operations/operation';
import { labelledParameters } from '../../nodes/Runway/operations/parameters';
import { STAND_IN_KEY, startStandIn, type StandIn } from '../support/standin';

type Values = Record<string, unknown>;

interface Rows {
	/** What must be given, beside the panel's own defaults. */
	minimal: [given: Values, body: Values];
	typical: [given: Values, body: Values];
	full: [given: Values, body: Values];
	/** One wrong value each, with the label and the words that continue it. */
	refused: Array<[given: Values, label: string, expected: string]>;
	/** A value that is sent only with Send Anyway, with words of the doubt. */
	doubts: Array<[given: Values, doubt: RegExp]>;
}

const callback_url = 'https://n8n.example.com/webhook-waiting/231/runway';
const pier = 'https://img.example.com/pier.jpg';
const night = 'https://img.example.com/pier-night.jpg';
const tall = 'https://img.example.com/tall.jpg';
const street = 'https://vid.example.com/street.mp4';
const actor = 'https://vid.example.com/actor.mp4';
const signed = `${street}?X-Signature=a%2Fb&X-Date=1#t=1`;

const assets = path.join(__dirname, '../support/standin/assets');
const png = readFileSync(path.join(assets, 'harbor.png'));
const mp4 = readFileSync(path.join(assets, 'clip.mp4'));
const pngUri = `data:image/png;base64,${png.toString('base64')}`;
const mp4Uri = `data:video/mp4;base64,${mp4.toString('base64')}`;

const still = { x: 0, y: 0, z: 0, r: 0, bg_x_pan: 0, bg_y_pan: 0 };
const moving = { x: 1, y: -2, z: 0.5, r: 10, bgXPan: -10, bgYPan: 3 };
const vector = { x: 1, y: -2, z: 0.5, r: 10, bg_x_pan: -10, bg_y_pan: 3 };

const notEmpty = 'must not be empty';
const aUrl = 'must be a complete URL that starts with https:// or http:// and names a host';
const aRatio = 'must be two whole numbers with a colon between them, such as 1280:720 or 16:9';
const seconds = 'must be a whole number from 1 to 60 seconds';
const gen4Ratios = '1280:720, 720:1280, 1104:832, 832:1104, 960:960, 1584:672';
const uint32 = 'must be a whole number from 0 to 4294967295';
const longUrl = `https://img.example.com/${'a'.repeat(2048)}`;

/** Left out of Image to Video (Camera Motion) unless somebody adds them, because CometAPI does not name their defaults. */
const OF_CAMERA_MOTION = ['flip', 'imageAsEndFrame', 'style'];

/** What each operation sends, by the documentation of its route. */
const table: Record<string, Rows> = {
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

const creates = operations.filter(isCreate);
const nameOf = (operation: CreateOperation) => `${operation.resource}.${operation.value}`;
const named = creates.map((operation): [string, CreateOperation] => [nameOf(operation), operation]);
const operationOf = (name: string) => {
	const operation = creates.find((candidate) => nameOf(candidate) === name);
	if (operation === undefined) throw new Error(`${name} is no longer in the table`);
	return operation;
};

/** What can be read of the images on the web. */
const shapes: Record<string, { width: number; height: number }> = {
	[pier]: { width: 1600, height: 900 },
	[tall]: { width: 900, height: 1600 },
};

const files: Record<string, Buffer> = { picture: png, clip: mp4, data: png };
const input: BuildInput = {
	callbackUrl: callback_url,
	apiHost: 'api.cometapi.com',
	sendAnyway: false,
	expressionOf: () => null,
	shapeAt: async (url) => shapes[url] ?? null,
	readFile: async (field) => {
		const bytes = files[field] ?? Buffer.alloc(0);
		return { mimeType: 'application/octet-stream', size: bytes.length, read: async () => bytes };
	},
};

/** The values that n8n hands over for a field that was left alone; expressions on items find nothing. */
function defaultOf(field: INodeProperties): unknown {
	if (field.type === 'resourceLocator') return (field.default as { value: unknown }).value;
	return typeof field.default === 'string' && field.default.startsWith('=') ? undefined : field.default;
}

const isShown = (field: INodeProperties, values: Values) =>
	NodeHelpers.displayParameter(values as INodeParameters, field, null, null);

/** All parameters of an operation: the panel's defaults with the given ones, without those that the panel then hides. */
function parametersOf({ fields, options = [] }: CreateOperation, given: Values): Values {
	const defaults = Object.fromEntries(fields.map((field) => [field.name, defaultOf(field)]));
	const shown = fields.filter((field) => isShown(field, { ...defaults, ...given }));
	return {
		...Object.fromEntries([...fields, ...options].map(({ name }) => [name, undefined])),
		...Object.fromEntries(shown.map((field) => [field.name, defaultOf(field)])),
		...given,
	};
}

async function build(operation: CreateOperation, given: Values): Promise<BuildResult> {
	return await operation.build(parametersOf(operation, given), input);
}

async function bodyOf(operation: CreateOperation, given: Values): Promise<Values> {
	const result = await build(operation, given);
	if (!result.ok) throw new Error(result.faults.map(({ label, expected }) => `${label} ${expected}`).join('; '));
	return result.body;
}

async function faultsOf(operation: CreateOperation, given: Values): Promise<Fault[]> {
	const result = await build(operation, given);
	return result.ok ? [] : result.faults;
}

describe('The rows of this suite', () => {
	it('are there for every operation that creates a task, and for no other', () => {
		expect(Object.keys(table).sort()).toEqual(creates.map(nameOf).sort());
	});

	it.each(named)('are whole for %s', (name) => {
		expect(table[name]?.refused.length).toBeGreaterThan(0);
		expect(table[name]?.doubts.length).toBeGreaterThan(0);
	});
});

const eachBody = Object.entries(table).flatMap(([name, rows]) =>
	(['minimal', 'typical', 'full'] as const).map((extent): [string, string, Values, Values] => [
		name,
		extent,
		...rows[extent],
	]),
);

describe('The request body', () => {
	it.each(eachBody)('of %s with %s parameters is exactly as documented', async (name, _, given, body) => {
		expect(await bodyOf(operationOf(name), given)).toStrictEqual(body);
	});

	it.each(eachBody)('of %s with %s parameters holds nothing empty at any depth', async (name, _, given) => {
		const text = JSON.stringify(await bodyOf(operationOf(name), given), (_key, value: unknown) =>
			value === undefined ? 'UNSET' : value,
		);
		expect(text).not.toMatch(/"UNSET"|:null|:\{\}|:\[\]|:""/);
	});

	it.each(eachBody)(
		'of %s with %s parameters is the same when it is built again, as it is for a file',
		async (name, _, given, body) => {
			const operation = operationOf(name);
			await build(operation, given);
			expect(await bodyOf(operation, given)).toStrictEqual(body);
		},
	);

	it.each(eachBody)(
		'of %s with %s parameters is the same if numbers and switches come as text',
		async (name, _, given, body) => {
			const operation = operationOf(name);
			const asText = (value: unknown): unknown => {
				if (typeof value === 'number' || typeof value === 'boolean')
					return ` ${value}`.slice(typeof value === 'number' ? 0 : 1);
				if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
				return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asText(inner)]));
			};
			const parameters = asText(parametersOf(operation, given)) as Values;
			const result = await operation.build(parameters, input);
			expect(result.ok && result.body).toStrictEqual(body);
		},
	);

	it.each(named)('of %s is the same once options are added and left at their defaults', async (name, operation) => {
		const [given] = table[name]?.minimal ?? [{}];
		const leftOut = operation.value === 'generateFromImage' ? OF_CAMERA_MOTION : [];
		const added = (operation.options ?? []).filter(({ name: option }) => !leftOut.includes(option));
		const defaults = Object.fromEntries(added.map((option) => [option.name, defaultOf(option)]));
		expect(await bodyOf(operation, { ...given, ...defaults })).toStrictEqual(await bodyOf(operation, given));
	});

	it.each(eachBody)(
		'of %s with %s parameters does not stumble over empty optional fields',
		async (name, _, given, body) => {
			const operation = operationOf(name);
			const optional = [...operation.fields, ...(operation.options ?? [])].filter(
				(field) => !(field.name in given) && defaultOf(field) === '',
			);
			for (const empty of ['', '  ', null]) {
				const parameters = {
					...parametersOf(operation, given),
					...Object.fromEntries(optional.map((field) => [field.name, empty])),
				};
				const result = await operation.build(parameters, input);
				expect(result.ok && result.body).toStrictEqual(body);
			}
		},
	);
});

describe('A model that is offered', () => {
	const offered = creates.flatMap((operation) =>
		operation.models.map((model): [string, string] => [nameOf(operation), model]),
	);
	const needed: Values = { prompt: 'slow push-in' };

	it.each(offered)("of %s works with the panel's other defaults: %s", async (name, model) => {
		const operation = operationOf(name);
		const { minimal } = table[name] as Rows;
		const { body, faults } = {
			body: undefined,
			faults: [],
			...(await build(operation, { ...needed, ...minimal[0], model })),
		};
		expect(faults).toEqual([]);
		const { ratios = [], durations = [] } = operation.facts?.[model] ?? {};
		const { ratio, duration } = body as unknown as { ratio?: string; duration?: number };
		if (ratio !== undefined && ratios.length > 0) expect(ratios).toContain(ratio);
		if (duration !== undefined && durations.length > 0) expect(durations).toContain(duration);
	});

	it('gets the value that is nearest to a default that it does not take, and the user is told', async () => {
		const video = await build(operationOf('video.imageToVideo'), { imageUrl: pier, model: 'veo3.1' });
		expect(video).toMatchObject({ ok: true, body: { ratio: '1280:720', duration: 4 } });
		expect(video.ok && video.hints).toEqual([expect.stringMatching(/veo3\.1 doesn't take .* duration 5, .* sends 4/)]);
		const [minimal] = table['image.generate']?.minimal ?? [];
		const image = await build(operationOf('image.generate'), {
			...minimal,
			model: 'gemini_2.5_flash',
			ratio: '1280:720',
		});
		expect(image).toMatchObject({ ok: true, body: { ratio: '1344:768' } });
		expect(image.ok && image.hints).toEqual([expect.stringMatching(/ratio 1280:720, .* sends 1344:768/)]);
	});
});

describe('The ratio that matches the image', () => {
	const sent = async (name: string, given: Values, more: Partial<BuildInput> = {}) => {
		const operation = operationOf(name);
		const result = await operation.build(parametersOf(operation, given), { ...input, ...more });
		return result.ok ? { ratio: result.body.ratio, matched: result.matchedRatio, hints: result.hints } : result.faults;
	};
	const shaped = (width: number, height: number) => ({ shapeAt: async () => ({ width, height }) });

	it.each([
		['video.imageToVideo', { imageUrl: tall }],
		['video.generateFromImage', { imageUrl: tall, prompt: 'waves' }],
		['video.characterPerformance', { characterUrl: tall, referenceUrl: actor }],
	])('is what %s starts with', async (name, given) => {
		expect(await sent(name, given)).toEqual({ ratio: '720:1280', matched: '720:1280', hints: [] });
	});

	it.each([
		[4000, 3000, 'gen4_turbo', '1104:832'],
		[3000, 4000, 'gen4.5', '832:1104'],
		[100, 101, 'gen4_turbo', '960:960'],
		[2520, 1080, 'gen4_turbo', '1584:672'],
		[1170, 2532, 'gen4_turbo', '720:1280'],
		[1170, 2532, 'veo3.1', '720:1280'],
		[4000, 3000, 'veo3.1', '1280:720'],
		[9000, 16_000, 'gen3a_turbo', '768:1280'],
		[100, 100, 'gen9', '960:960'],
	])('of %p x %p is, for %s: %s', async (width, height, model, ratio) => {
		const given = { imageUrl: pier, prompt: 'x', model, duration: model === 'veo3.1' ? 8 : 5 };
		expect(await sent('video.imageToVideo', given, shaped(width, height))).toMatchObject({ ratio, hints: [] });
	});

	it('is read from the header of a file, without asking the web', async () => {
		const shapeAt = jest.fn(async () => null);
		const given = { imageSource: 'binary', imageBinaryField: 'picture' };
		expect(await sent('video.imageToVideo', given, { shapeAt })).toMatchObject({ ratio: '1280:720', hints: [] });
		expect(shapeAt).not.toHaveBeenCalled();
	});

	it("is the model's default, with a remark, if the shape can't be read", async () => {
		const words = [expect.stringMatching(/can't be read.*1280:768/)];
		expect(await sent('video.imageToVideo', { imageUrl: night, prompt: 'x', model: 'gen3a_turbo' })).toEqual({
			ratio: '1280:768',
			matched: '1280:768',
			hints: words,
		});
	});

	it('is not looked for at an address that is doubtful, nor if a ratio is chosen', async () => {
		const shapeAt = jest.fn(async () => null);
		await sent('video.imageToVideo', { imageUrl: 'http://10.0.0.1/a.png' }, { shapeAt, sendAnyway: true });
		await sent('video.imageToVideo', { imageUrl: pier, ratio: '960:960' }, { shapeAt });
		expect(shapeAt).not.toHaveBeenCalled();
	});

	it('is no choice for an operation without an image', async () => {
		expect(await sent('video.generateFromText', { prompt: 'x', ratio: 'auto' })).toMatchObject([{ label: 'Ratio' }]);
	});
});

describe('The list of ratios', () => {
	const listed = (name: string, model: string) => {
		const operation = operationOf(name);
		const shown = operation.fields.filter(
			(field) => field.name === 'ratio' && isShown(field, { model: { __rl: true, mode: 'id', value: model } }),
		);
		expect(shown).toHaveLength(1);
		const [{ options = [], default: start } = {} as INodeProperties] = shown;
		return { values: options.map((option) => ('value' in option ? option.value : '')), start };
	};
	const withFacts = creates.flatMap((operation) =>
		Object.entries(operation.facts ?? {})
			.filter(([, { ratios }]) => ratios.length > 0)
			.map(([model, { ratios }]): [string, string, readonly string[]] => [nameOf(operation), model, ratios]),
	);

	it.each(withFacts)('of %s is what the chosen model takes: %s', (name, model, ratios) => {
		const { values, start } = listed(name, model);
		expect(values.filter((value) => value !== 'auto' && value !== '').sort()).toEqual([...ratios].sort());
		expect(values).toContain(start);
	});

	it.each(['gen9', '', '={{ $json.model }}'])('has all ratios for a model that is not known: %j', (model) => {
		const { values } = listed('video.imageToVideo', model);
		expect(values).toEqual(expect.arrayContaining(['auto', '1584:672', '1920:1080']));
		expect(new Set(values).size).toBe(values.length);
	});
});

describe('The API as it is documented', () => {
	let api: StandIn;

	beforeAll(async () => {
		api = await startStandIn({ alsoServes: ['gen5', 'act_three', 'upscale_v2'] });
	});
	afterAll(async () => await api.close());

	it.each(eachBody)('takes the body of %s with %s parameters, for the right operation', async (name, _, given) => {
		const operation = operationOf(name);
		const response = await fetch(api.url + operation.path, {
			method: 'POST',
			headers: {
				Authorization: `Bearer ${STAND_IN_KEY}`,
				'X-Runway-Version': '2024-11-06',
				'Content-Type': 'application/json',
			},
			body: JSON.stringify(await bodyOf(operation, given)),
		});
		expect([response.status, await response.text()]).toEqual([200, expect.stringMatching(/"(task_)?id":/)]);

		const task = [...api.tasks.values()].at(-1);
		expect(task?.operation).toBe(name === 'image.generate' ? 'textToImage' : operation.value);
		expect(task?.family).toBe(operation.api);
		expect(task?.asset).toBe(operation.produces);
		expect(task?.unknownFields).toEqual([]);
	});
});

const eachRefusal = Object.entries(table).flatMap(([name, rows]) =>
	rows.refused.map(([wrong, label, expected]): [string, string, string, Values] => [
		name,
		label,
		expected,
		{ ...rows.minimal[0], ...wrong },
	]),
);

describe('A value that the API would refuse', () => {
	it.each(eachRefusal)('is refused by %s before anything is sent: "%s" %s', async (name, label, expected, given) => {
		const faults = await faultsOf(operationOf(name), given);
		expect(faults.map((fault) => ({ label: fault.label, expected: fault.expected }))).toEqual([{ label, expected }]);
	});

	it.each(eachRefusal)(
		'is refused by %s with the very value that the user gave: "%s" %s',
		async (name, _label, _expected, given) => {
			const operation = operationOf(name);
			const parameters = parametersOf(operation, given);
			for (const { parameter, found } of await faultsOf(operation, given)) {
				const at = parameter
					.split('.')
					.reduce<unknown>((inner, key) => (inner as Values | null | undefined)?.[key], parameters);
				if (found !== null) expect(found.value).toBe(at);
				expect(parameter.split('.')[0]).toBe(
					labelledParameters(operation).find(({ name: field }) => parameter.startsWith(field))?.name,
				);
				if (parameter.includes('.') && !parameter.endsWith('.image')) expect(at).toBeDefined();
			}
		},
	);

	it.each(named)('is named with all the others of its item by %s', async (name, operation) => {
		const wrong = table[name]?.refused ?? [];
		const given = Object.assign({}, table[name]?.minimal[0], ...wrong.map(([value]) => value)) as Values;
		const faults = await faultsOf(operation, given);
		const parameters = new Set(faults.map(({ parameter }) => parameter));
		expect(parameters.size).toBe(faults.length);
		expect(faults.length).toBeGreaterThan(0);
	});

	it.each(named)('is told in words for people by %s, whatever it is', async (name, operation) => {
		const strange: unknown[] = [
			undefined,
			null,
			true,
			-1,
			1e21,
			Number.NaN,
			'',
			'x'.repeat(5_000),
			[],
			[1],
			{},
			{ image: 7 },
			{ image: {} },
			{ x: {} },
		];
		for (const field of labelledParameters(operation)) {
			for (const value of strange) {
				for (const fault of await faultsOf(operation, { ...table[name]?.minimal[0], [field.name]: value })) {
					expect([fault.label, fault.expected]).toEqual([
						expect.stringMatching(/^[A-Z]/),
						expect.stringMatching(/^must /),
					]);
				}
			}
		}
	});

	it.each(named)('is a missing value, for every field that %s requires', async (name, operation) => {
		const minimal = parametersOf(operation, table[name]?.minimal[0] ?? {});
		for (const field of operation.fields.filter((candidate) => candidate.required && isShown(candidate, minimal))) {
			for (const nothing of [undefined, '', '   ']) {
				const faults = await faultsOf(operation, { ...table[name]?.minimal[0], [field.name]: nothing });
				expect([field.name, faults.map(({ label }) => label)]).toEqual([field.name, [field.displayName]]);
			}
		}
	});
});

describe('A file of the item', () => {
	const withFiles = Object.entries(table).filter(
		([, rows]) =>
			Object.values(rows.full[0]).includes('binary') || /"binaryField":"\w/.test(JSON.stringify(rows.full[0])),
	);

	it.each(withFiles)('that is something else is refused by %s with the label of its field', async (name, rows) => {
		const operation = operationOf(name);
		const wrong: BuildInput = {
			...input,
			readFile: async () => ({
				mimeType: 'application/pdf',
				size: 23,
				read: async () => Buffer.from('%PDF-1.7 and more of it'),
			}),
		};
		const result = await operation.build(parametersOf(operation, rows.full[0]), wrong);
		const faults = result.ok ? [] : result.faults;
		expect(faults.length).toBeGreaterThan(0);
		for (const fault of faults) {
			expect(fault.label).toMatch(/File Field$/);
			expect(fault.expected).toMatch(/^must name .*application\/pdf/);
		}
	});

	it.each(withFiles)(
		'makes %s say that its body holds files, so that it need not stay in memory',
		async (name, rows) => {
			const operation = operationOf(name);
			expect(await build(operation, rows.full[0])).toMatchObject({ ok: true, usesFiles: true });
			expect(await build(operation, rows.minimal[0])).toMatchObject({ ok: true, usesFiles: false });
		},
	);
});

describe('A doubtful value', () => {
	const rows = Object.entries(table).flatMap(([name, { minimal, doubts }]) =>
		doubts.map(([doubtful, doubt]): [string, RegExp, Values] => [name, doubt, { ...minimal[0], ...doubtful }]),
	);

	it.each(rows)('is refused by %s before anything is sent: %s', async (name, doubt, given) => {
		const faults = await faultsOf(operationOf(name), given);
		expect(faults.map(({ label, expected }) => `${label} ${expected}`)).toEqual([expect.stringMatching(doubt)]);
		expect(faults.every(({ isDoubt }) => isDoubt)).toBe(true);
	});

	it.each(rows)(
		'is sent by %s if the user says so, and its refusal repeats the doubt: %s',
		async (name, doubt, given) => {
			const operation = operationOf(name);
			const result = await operation.build(parametersOf(operation, given), { ...input, sendAnyway: true });
			expect(result).toMatchObject({ ok: true, remarks: [expect.stringMatching(doubt)] });
		},
	);

	it.each(named)('is not seen if there is none, in %s', async (name, operation) => {
		for (const given of [table[name]?.minimal[0], table[name]?.typical[0], table[name]?.full[0]]) {
			expect(await build(operation, given ?? {})).toMatchObject({ ok: true, remarks: [], hints: [] });
		}
	});
});

describe('An input URL', () => {
	const doubtOf = async (operation: string, given: Values, more: Partial<BuildInput> = {}) => {
		const found = operationOf(operation);
		const result = await found.build(parametersOf(found, given), { ...input, ...more });
		return result.ok ? null : result.faults.map(({ expected }) => expected).join('\n');
	};
	const video = async (videoUrl: string, more?: Partial<BuildInput>) =>
		await doubtOf('video.upscale', { videoUrl }, more);
	const image = async (imageUrl: string) => await doubtOf('video.imageToVideo', { imageUrl });

	it.each([
		'http://localhost/a.mp4',
		'https://LOCALHOST:8080/a.mp4',
		'http://app.localhost/a.mp4',
		'http://127.0.0.1/a.mp4',
		'http://127.1/a.mp4',
		'http://2130706433/a.mp4',
		'http://0.0.0.0/a.mp4',
		'http://10.1.2.3/a.mp4',
		'http://172.31.255.1/a.mp4',
		'https://192.168.0.1/a.mp4',
		'http://[::1]/a.mp4',
		'http://[fe80::1]/a.mp4',
		'http://host.docker.internal:9000/a.mp4',
		'http://minio:9000/bucket/a.mp4',
	])('of the own network is refused: %s', async (url) => {
		expect(await video(url)).toMatch(/must be a public address.*give the file/);
	});

	it.each([
		['http://cdn.example.com/a.mp4', /https:\/\//],
		['https://8.8.8.8/a.mp4', /IP address/],
		['https://[2001:db8::1]/a.mp4', /IP address/],
		['https://172.32.0.1/a.mp4', /IP address/],
		['https://cdn.example.com/a.gif', /MP4, MOV or WebM/],
		['https://cdn.example.com/undefined', /broken expression/],
		['https://cdn.example.com/null/a.mp4', /broken expression/],
		['https://cdn.example.com/[object Object]', /broken expression/],
		['https://drive.google.com/file/d/1aB/view?usp=sharing', /Google Drive node/],
		['https://docs.google.com/uc?id=1aB&export=download', /Google Drive node/],
		['https://www.dropbox.com/scl/fi/x/a.mp4?rlkey=y&dl=0', /Dropbox node.*raw=1/],
		['https://1drv.ms/v/s!abc', /OneDrive node/],
		['https://contoso-my.sharepoint.com/:v:/g/personal/x', /OneDrive node/],
		['https://www.icloud.com/iclouddrive/0abc#a', /public web server/],
		['https://app.box.com/s/abc', /Box node/],
		['https://we.tl/t-abc', /public web server/],
		['https://www.youtube.com/watch?v=abc', /address of the video file/],
	])("that Runway's rules exclude is refused with what to do: %s", async (url, words) => {
		expect(await video(url)).toMatch(words);
	});

	it('of a picture that Runway does not take is refused', async () => {
		expect(await image('https://img.example.com/a.GIF?x=1')).toMatch(/JPEG, PNG or WebP/);
		expect(await image('https://imgur.com/abc')).toMatch(/i\.imgur\.com/);
	});

	it.each([
		'https://cdn.example.com/a.mp4',
		'https://cdn.example.com/download?file=a.gif',
		'https://cdn.example.com/undefined-shapes.mp4',
		'https://172.example.com/a.mp4',
		'https://0.gravatar.com/a.mp4',
		'https://10.example.com/a.mp4',
		'https://localhost.example.com/a.mp4',
		'https://fd00.example.com/a.mp4',
		'https://notdropbox.com/s/a.mp4',
		'https://www.dropbox.com/scl/fi/x/a.mp4?rlkey=y&raw=1',
		'https://dl.dropboxusercontent.com/s/x/a.mp4',
		'https://app.box.com/shared/static/abc.mp4',
		'https://cdn.example.com/100%.mp4',
	])('that may well work passes: %s', async (url) => {
		expect(await video(url)).toBeNull();
	});

	it("passes if it is the gateway's own, wherever that is", async () => {
		const url = 'http://127.0.0.1:3000/assets/a.mp4';
		expect(await video(url, { apiHost: '127.0.0.1' })).toBeNull();
		expect(await video(url, { apiHost: 'localhost' })).toMatch(/public/);
	});
});

describe('A word that a broken expression has left in a prompt', () => {
	const faults = async (prompt: string, expression: string | null) => {
		const operation = operationOf('video.generateFromText');
		const result = await operation.build(parametersOf(operation, { prompt }), {
			...input,
			expressionOf: (path) => (path === 'prompt' ? expression : null),
		});
		return result.ok ? '' : result.faults.map(({ expected }) => expected).join('\n');
	};

	it.each([
		['undefined', '={{ $json.text + "" }}', 'undefined'],
		['null', '={{ $json.prompt }}', 'null'],
		['NaN', '={{ $json.prompt }}', 'NaN'],
		['[object Object]', '={{ $json }} ', '[object Object]'],
		['[object Object], cinematic', null, '[object Object]'],
		['A cat.\nundefined\nIn Paris.', '={{ $json.prompt }}', 'undefined'],
		['Mood: undefined', '={{ $json.prompt }}', 'undefined'],
		['a portrait of undefined', "={{ 'a portrait of ' + $json.name }}", 'undefined'],
		['a portrait of undefined in Paris', '={{ `a portrait of ${$json.name} in Paris` }}', 'undefined'],
		['undefined, cinematic', "={{ $json.subject + ', cinematic' }}", 'undefined'],
		['a cat, null, at dusk', '={{ $json.prompt }}', 'null'],
		['5 cats, NaN dogs', '=5 cats, {{ $json.dogs * 2 }} dogs', 'NaN'],
	])('is refused: %s', async (prompt, expression, word) => {
		expect(await faults(prompt, expression)).toContain(`must not contain "${word}"`);
	});

	it.each([
		['undefined', null],
		['an undefined shape in fog', '={{ $json.prompt }}'],
		['soft, undefined, dreamy shapes', '={{ $json.prompt }}'],
		['A scene: undefined shapes in fog', '=A scene: {{ $json.prompt }}'],
		['the edges stay undefined', '={{ $json.prompt }}'],
		['the edges stay undefined', '=the edges stay undefined{{ $json.more }}'],
		['the edges stay undefined', "={{ $json.more ?? 'the edges stay undefined' }}"],
		['a null pointer, painted', '={{ $json.prompt }}'],
		['warm nan bread', '={{ $json.prompt }}'],
		['nullified, undefinedly', '={{ $json.prompt }}'],
	])('is not seen in prose: %s', async (prompt, expression) => {
		expect(await faults(prompt, expression)).toBe('');
	});
});

describe('A field that looks filled in and is empty', () => {
	it.each([
		['imageUrl', /^Image URL contains the expression \{\{ \$json\.x \}\}, which is empty for this item/],
		['duration', /^Duration \(Seconds\) contains the expression \{\{ \$json\.x \}\}/],
		['model', /^Model contains the expression/],
	])('is named as an expression that came out empty: %s', async (name, words) => {
		const operation = operationOf('video.imageToVideo');
		const expressionOf = (path: string) => (path === name ? '={{ $json.x }}' : null);
		for (const nothing of [undefined, null, '', '  ']) {
			const given = parametersOf(operation, { imageUrl: pier, [name]: nothing });
			const result = await operation.build(given, { ...input, expressionOf });
			expect(result.ok ? [] : result.faults.map(({ label, expected }) => `${label} ${expected}`)).toEqual([
				expect.stringMatching(words),
			]);
		}
	});

	it('is just empty if nothing was entered', async () => {
		const [fault] = await faultsOf(operationOf('video.imageToVideo'), { imageUrl: '' });
		expect(fault).toMatchObject({ label: 'Image URL', expected: notEmpty });
	});
});
