import { MAX_DATA_URI_CHARACTERS, STAND_IN_KEY } from '../../support/standin';
import type * as standIn from '../../support/standin';
import type { Json } from './harness';
import { bodies, call, create, operations, paths, start, task, usual, zeros } from './harness';

describe('create routes', () => {
	it.each(operations)("%s accepts the documented example and answers in its family's shape", async (operation) => {
		const api = await start();
		const { status, json } = await create(api, operation);
		const made = [...api.tasks.values()][0];
		expect(status).toBe(200);
		expect(made).toMatchObject({ operation, route: paths[operation], unknownFields: [] });
		expect(json).toEqual(
			paths[operation].startsWith('/runwayml')
				? { id: made?.id }
				: { code: 200, message: '', msg: 'success', data: { task_id: made?.id } },
		);
		expect(api.creates).toEqual([
			expect.objectContaining({ status: 200, operation, taskId: made?.id, body: bodies[operation] }),
		]);
	});

	const long = (length: number) => 'x'.repeat(length);
	const png = (characters: number) => `data:image/png;base64,${long(characters)}`;
	const options = bodies.generateFromText.options;
	const wrong: Array<[standIn.StandInOperation, string, Json]> = [
		['generateFromText', 'no prompt', { prompt: undefined }],
		['generateFromText', 'an empty prompt', { prompt: '' }],
		['generateFromText', 'no style', { style: undefined }],
		['generateFromText', 'no options', { options: undefined }],
		['generateFromText', 'seconds as text', { options: { ...options, seconds: '5' } }],
		['generateFromText', 'seconds with a fraction', { options: { ...options, seconds: 5.5 } }],
		[
			'generateFromText',
			'a camera motion of five numbers',
			{ options: { ...options, motion_vector: { ...zeros, bg_y_pan: undefined } } },
		],
		['generateFromText', 'a camera motion as text', { options: { ...options, motion_vector: { ...zeros, x: '1' } } }],
		['generateFromText', 'a ratio with an x', { ratio: '1280x720' }],
		['generateFromText', 'a callback URL without a scheme', { callback_url: 'hooks.example.com' }],
		['generateFromImage', 'a data URI', { image: png(4) }],
		['generateFromImage', 'options without seconds', { options: {} }],
		['generateFromImage', 'flip as text', { options: { seconds: 5, flip: 'true' } }],
		['generateFromImage', 'a last image that is no URL', { last_image: 'pier.jpg' }],
		['restyle', 'no options', { options: undefined }],
		['restyle', 'a transformation above 1', { options: { structure_transformation: 1.1 } }],
		['restyle', 'flip as a number', { options: { flip: 1 } }],
		['actOne', 'no picture', { image: undefined }],
		['actOne', 'an ftp URL', { video: 'ftp://vid.example.com/a.mp4' }],
		['imageToVideo', 'no picture', { promptImage: undefined }],
		['imageToVideo', 'a data URI of text', { promptImage: 'data:text/plain;base64,AAAA' }],
		['imageToVideo', 'a data URI without a type', { promptImage: 'data:;base64,AAAA' }],
		['imageToVideo', 'a GIF', { promptImage: 'data:image/gif;base64,AAAA' }],
		['imageToVideo', 'a prompt of 513 characters', { promptText: long(513) }],
		['imageToVideo', 'a duration as text', { duration: '5' }],
		['imageToVideo', 'a seed above 999999999', { seed: 1_000_000_000 }],
		['imageToVideo', 'a negative seed', { seed: -1 }],
		['imageToVideo', 'a watermark as text', { watermark: 'false' }],
		[
			'imageToVideo',
			'a moderation threshold of another name',
			{ contentModeration: { publicFigureThreshold: 'high' } },
		],
		['textToImage', 'no ratio', { ratio: undefined }],
		['textToImage', 'a prompt of 1001 characters', { promptText: long(1001) }],
		['textToImage', 'four reference images', { referenceImages: Array(4).fill({ uri: 'https://a.example/b.png' }) }],
		['textToImage', 'a tag of two letters', { referenceImages: [{ uri: 'https://a.example/b.png', tag: 'ab' }] }],
		[
			'textToImage',
			'a tag that begins with a digit',
			{ referenceImages: [{ uri: 'https://a.example/b.png', tag: '1chair' }] },
		],
		['videoToVideo', 'a picture in place of the video', { videoUri: png(4) }],
		[
			'videoToVideo',
			'two references',
			{ references: Array(2).fill({ type: 'image', uri: 'https://a.example/b.png' }) },
		],
		['videoToVideo', 'a seed above 4294967295', { seed: 4_294_967_296 }],
		['videoToVideo', 'a prompt of 1001 characters', { promptText: long(1001) }],
		['upscale', 'a URL of 2049 characters', { videoUri: `https://vid.example.com/${long(2025)}` }],
		[
			'characterPerformance',
			'a character of another type',
			{ character: { type: 'audio', uri: 'https://a.example/b' } },
		],
		['characterPerformance', 'a picture as reference', { reference: { type: 'image', uri: 'https://a.example/b' } }],
		['characterPerformance', 'an intensity of 6', { expressionIntensity: 6 }],
		['characterPerformance', 'an intensity with a fraction', { expressionIntensity: 2.5 }],
		['characterPerformance', 'body control as text', { bodyControl: 'true' }],
	];

	const issue = { code: expect.any(String), path: expect.any(Array), message: expect.any(String) };

	it('refuse what the documentation rules out, and make no task of it', async () => {
		const api = await start({ compatibilityRefusal: 'E2' });
		for (const [operation, fault, change] of wrong) {
			const { status, json } = await create(api, operation, change);
			const official = paths[operation].startsWith('/runwayml');
			expect({ operation, fault, status, json }).toEqual({
				operation,
				fault,
				status: 400,
				json: official
					? { error: 'Validation of body failed', issues: [issue], docUrl: expect.stringContaining('https://') }
					: { code: 'invalid_request', message: expect.any(String), data: null },
			});
		}
		expect(api.tasks.size).toBe(0);
		expect(api.creates).toHaveLength(wrong.length);
	});

	it('take the values at the edge of what is documented', async () => {
		const api = await start();
		const edges: Array<[standIn.StandInOperation, Json]> = [
			['imageToVideo', { promptText: long(512), seed: 999_999_999, promptImage: png(100) }],
			['imageToVideo', { promptText: undefined, duration: undefined, seed: undefined }],
			['imageToVideo', { model: 'gen3a_turbo', promptText: undefined, ratio: undefined, duration: undefined }],
			['imageToVideo', { promptImage: [{ uri: 'https://a.example/b.png', position: 'first' }] }],
			['textToImage', { promptText: long(1000), seed: 4_294_967_295 }],
			['generateFromImage', { ratio: undefined, options: undefined, last_image: undefined }],
			['generateFromText', { model: 'gen3', ratio: '21:9' }],
			['videoToVideo', { videoUri: 'data:video/mp4;base64,AAAA' }],
			['characterPerformance', { character: { type: 'video', uri: 'https://a.example/b.mp4' } }],
		];
		for (const [operation, change] of edges)
			expect((await create(api, operation, change)).json).not.toHaveProperty('error');
		expect(api.tasks.size).toBe(edges.length);
	});

	it('refuse a data URI of more than the documented size', async () => {
		const api = await start();
		const { image } = MAX_DATA_URI_CHARACTERS;
		const head = png(0).length;
		expect((await create(api, 'imageToVideo', { promptImage: png(image - head) })).status).toBe(200);
		expect((await create(api, 'imageToVideo', { promptImage: png(image - head + 1) })).status).toBe(400);
	});

	it('name the two refusals that the documentation gives a code', async () => {
		const api = await start();
		for (const operation of ['generateFromText', 'generateFromImage', 'restyle', 'actOne'] as const) {
			const { status, json } = await create(api, operation, { callback_url: '' });
			expect([status, json]).toEqual([400, { code: 'callback_url_empty', message: 'callback_url_empty', data: null }]);
		}
		for (const referenceImages of [undefined, []]) {
			const { status, json } = await create(api, 'textToImage', { referenceImages });
			expect([status, json.code]).toEqual([400, 'reference_images_empty']);
		}
	});

	it('refuse a value inside HTTP 200 on the compatibility routes unless told otherwise', async () => {
		const api = await start();
		const { status, json } = await create(api, 'generateFromText', { ratio: 'wide' });
		expect([status, json]).toEqual([
			200,
			{ code: 400, msg: expect.stringContaining('ratio'), data: null, exec_time: 0.091 },
		]);
		expect(api.tasks.size).toBe(0);
	});

	it('want the key, the version header, JSON and an object', async () => {
		const api = await start();
		const post = async (body: unknown, headers: Record<string, string>) =>
			await call(api, 'POST', paths.imageToVideo, body, headers);
		for (const headers of [{}, { Authorization: 'Bearer sk-other' }, { Authorization: STAND_IN_KEY }]) {
			const { status, json } = await post(bodies.imageToVideo, headers as Record<string, string>);
			expect(status).toBe(401);
			expect(json.error).toMatchObject({
				type: 'comet_api_error',
				message: expect.stringMatching(/\(request id: \w+\)$/),
			});
		}
		const { Authorization } = usual;
		expect((await post(bodies.imageToVideo, { Authorization })).json.error).toMatch(/X-Runway-Version/);
		expect((await post(bodies.imageToVideo, { Authorization, 'X-Runway-Version': 'latest' })).status).toBe(400);
		expect((await post('{"promptImage":', usual)).status).toBe(400);
		expect((await post([], usual)).status).toBe(400);
		const untyped = await fetch(api.url + paths.imageToVideo, { method: 'POST', headers: usual, body: '{}' });
		expect(untyped.status).toBe(400);
		expect(api.tasks.size).toBe(0);
		expect((await call(api, 'POST', paths.actOne, bodies.actOne, { Authorization })).status).toBe(200);
		api.settings.versionHeaderRequired = false;
		expect((await post(bodies.imageToVideo, { Authorization })).status).toBe(200);
	});

	const ratios = {
		gen3: ['1280:768', '768:1280'],
		gen4: ['1280:720', '720:1280', '1104:832', '832:1104', '960:960', '1584:672'],
		veo: ['1280:720', '720:1280', '1080:1920', '1920:1080'],
		image: [
			...['1024:1024', '1080:1080', '1168:880', '1360:768', '1440:1080', '1080:1440', '1808:768', '1920:1080'],
			...['1080:1920', '2112:912', '1280:720', '720:1280', '720:720', '960:720', '720:960', '1680:720'],
		],
		gemini: [
			...['1344:768', '768:1344', '1024:1024', '1184:864', '864:1184'],
			...['1536:672', '832:1248', '1248:832', '896:1152', '1152:896'],
		],
		aleph: ['1280:720', '720:1280', '1104:832', '960:960', '832:1104', '1584:672', '848:480', '640:480'],
	};
	/** Without what the example says of the ratio and the duration, and with a prompt. */
	const bare = { ratio: undefined, duration: undefined, promptText: 'waves' };

	it.each<[standIn.StandInOperation, string, string[], number[]]>([
		['imageToVideo', 'gen3a_turbo', ratios.gen3, [5, 10]],
		['imageToVideo', 'gen4_turbo', ratios.gen4, [2, 3, 4, 5, 6, 7, 8, 9, 10]],
		['imageToVideo', 'gen4.5', ratios.gen4, [2, 3, 4, 5, 6, 7, 8, 9, 10]],
		['imageToVideo', 'veo3', ratios.veo, [8]],
		['imageToVideo', 'veo3.1', ratios.veo, [4, 6, 8]],
		['imageToVideo', 'veo3.1_fast', ratios.veo, [4, 6, 8]],
		['textToImage', 'gen4_image', ratios.image, []],
		['textToImage', 'gen4_image_turbo', ratios.image, []],
		['textToImage', 'gemini_2.5_flash', ratios.gemini, []],
		['videoToVideo', 'gen4_aleph', ratios.aleph, []],
		['characterPerformance', 'act_two', ratios.gen4, []],
	])('of %s take just the ratios and durations that Runway lists for %s', async (operation, model, listed, seconds) => {
		const api = await start();
		const taken = async (change: Json) => {
			const { status, json } = await create(api, operation, { ...bare, model, ...change });
			const paths = ((json.issues ?? []) as standIn.Issue[]).map(({ path }) => path.join('.'));
			return status === 200 ? 'taken' : paths.join();
		};
		const every = [...new Set(Object.values(ratios).flat())];
		const tried = await Promise.all(
			every.map(async (ratio) => [ratio, await taken({ ratio, duration: seconds[0] })] as const),
		);
		expect(tried).toEqual(every.map((ratio) => [ratio, listed.includes(ratio) ? 'taken' : 'ratio']));
		if (seconds.length === 0) return;
		const ofSeconds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
		const timed = await Promise.all(
			ofSeconds.map(async (duration) => [duration, await taken({ ratio: listed[0], duration })] as const),
		);
		expect(timed).toEqual(ofSeconds.map((one) => [one, seconds.includes(one) ? 'taken' : 'duration']));
	});

	it.each<[standIn.StandInOperation, string, string, Json, string[]]>([
		['imageToVideo', 'gen4_turbo', 'no ratio', { ratio: undefined }, ['ratio']],
		[
			'imageToVideo',
			'gen4.5',
			'no prompt and no duration',
			{ promptText: undefined, duration: undefined },
			['promptText', 'duration'],
		],
		[
			'imageToVideo',
			'gen4_turbo',
			'a last frame',
			{ promptImage: [{ uri: 'https://a.example/b.png', position: 'last' }] },
			['promptImage.0.position'],
		],
		[
			'imageToVideo',
			'veo3.1',
			'fields of another model',
			{ duration: 8, watermark: true, contentModeration: {} },
			[''],
		],
		[
			'videoToVideo',
			'aleph2',
			'six keyframes',
			{ keyframes: Array(6).fill({ uri: 'https://a.example/b.png', at: 1 }) },
			['keyframes'],
		],
		['upscale', 'enhance_frame_rate', 'no frame rate', {}, ['targetFramerate']],
		['upscale', 'magnific_video_upscaler_creative', 'a creativity of 101', { creativity: 101 }, ['creativity']],
	])('of %s refuse %s with %s', async (operation, model, _what, change, expected) => {
		const api = await start();
		const { status, json } = await create(api, operation, { model, ...change });
		expect(status).toBe(400);
		expect((json.issues as standIn.Issue[]).map(({ path }) => path.join('.'))).toEqual(expected);
	});

	it("list everything that is wrong in Runway's form", async () => {
		const api = await start();
		const { status, json } = await create(api, 'imageToVideo', { ratio: '16:9', duration: 11, seed: 'x' });
		expect([status, json]).toEqual([
			400,
			{
				error: 'Validation of body failed',
				issues: [
					{
						code: 'too_big',
						path: ['duration'],
						message: 'Too big: expected number to be <=10',
					},
					{
						code: 'invalid_value',
						path: ['ratio'],
						message: 'Invalid option: expected one of "1280:720"|"720:1280"|"1104:832"|"832:1104"|"960:960"|"1584:672"',
					},
					{ code: 'invalid_type', path: ['seed'], message: 'Invalid input: expected number, received string' },
				],
				docUrl: 'https://docs.dev.runwayml.com/api',
			},
		]);
		const other = await create(api, 'imageToVideo', { model: 'gen4_image', ratio: 'wide' });
		expect(other.json.issues).toEqual([
			{ code: 'invalid_value', path: ['model'], message: expect.stringContaining('"gen4_turbo"|"gen4.5"') },
		]);
		expect(api.tasks.size).toBe(0);
	});

	const modelled = operations.filter((operation) => 'model' in bodies[operation]);

	it.each(modelled)('of %s find no channel for a model that nobody serves, before all else', async (operation) => {
		const api = await start();
		const notFound = (model: string) => ({
			error: {
				message: expect.stringMatching(
					new RegExp(`^No available channel for model ${model} under group default \\(distributor\\) \\(request id:`),
				),
				type: 'comet_api_error',
				param: '',
				code: 'model_not_found',
			},
		});
		// Neither the rest of the body nor the version header has been looked at by then.
		const unknown = await call(
			api,
			'POST',
			paths[operation],
			{ model: 'gen9' },
			{ Authorization: usual.Authorization },
		);
		expect([unknown.status, unknown.json]).toEqual([503, notFound('gen9')]);
		const { model } = bodies[operation] as { model: string };
		api.settings.noChannelFor = [model];
		const unserved = await create(api, operation);
		expect([unserved.status, unserved.json]).toEqual([503, notFound(model)]);
		expect((await call(api, 'GET', '/v1/models')).text).not.toContain(`"${model}"`);
		api.settings.noChannelFor = [];
		api.settings.alsoServes = ['gen9'];
		expect((await create(api, operation, { model: 'gen9' })).status).toBe(200);
		expect((await call(api, 'GET', '/v1/models')).text).toContain('"gen9"');
		expect(api.tasks.size).toBe(1);
	});

	it.each(modelled)('of %s want the name of a model', async (operation) => {
		const api = await start();
		for (const model of [undefined, '', 4]) {
			const { status, json } = await create(api, operation, { model });
			expect([status, json.error]).toEqual([
				400,
				expect.objectContaining({ message: expect.stringMatching(/^model name is required/) }),
			]);
		}
		expect(api.tasks.size).toBe(0);
	});

	it('take fields that nobody documents, and note them', async () => {
		const api = await start();
		expect((await task(api, 'upscale', { loop: true, ratio: '1280:720' })).unknownFields).toEqual(['loop', 'ratio']);
	});

	it('answer in each documented shape', async () => {
		const api = await start();
		const shapes = ['C1', 'C2', 'C3', 'C4', 'C5', 'C6', 'C7'] as const;
		const keys: Json = {};
		for (const shape of shapes) {
			api.settings.createShape = shape;
			const { json } = await create(api, shape < 'C5' ? 'actOne' : 'upscale');
			keys[shape] = Object.keys(json).join() + '|' + Object.keys((json.data ?? {}) as Json).length;
		}
		expect(keys).toEqual({
			C1: 'code,message,msg,data|1',
			C2: 'code,msg,data,exec_time|1',
			C3: 'code,msg,data,exec_time|13',
			C4: 'code,msg,data,exec_time|12',
			C5: 'id|0',
			C6: 'id,estimatedCost|0',
			C7: '|0',
		});
		expect(api.tasks.size).toBe(shapes.length);
		expect((await create(api, 'actOne')).json).toHaveProperty('message', '');
	});
});
