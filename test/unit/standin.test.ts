import { createHash } from 'node:crypto';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { MAX_DATA_URI_CHARACTERS, STAND_IN_KEY, startStandIn } from '../support/standin';
import type * as standIn from '../support/standin';

type Json = Record<string, unknown>;

const running: Array<{ close(): Promise<void> }> = [];

async function start(options: standIn.StandInOptions = {}): Promise<standIn.StandIn> {
	const api = await startStandIn({ renderMs: 400, notVisibleMs: 0, queuedMs: 100, ...options });
	running.push(api);
	return api;
}

afterEach(async () => {
	await Promise.all(running.splice(0).map(async (one) => await one.close()));
});

const usual = { Authorization: `Bearer ${STAND_IN_KEY}`, 'X-Runway-Version': '2024-11-06' };

async function call(
	api: standIn.StandIn,
	method: 'GET' | 'POST',
	path: string,
	body?: unknown,
	headers: Record<string, string> = usual,
) {
	const response = await fetch(api.url + path, {
		method,
		redirect: 'manual',
		headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
		body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
	});
	const text = await response.text();
	const json = /json/.test(response.headers.get('content-type') ?? '') ? (JSON.parse(text) as Json) : {};
	return { status: response.status, headers: response.headers, text, json };
}

const zeros = { x: 0, y: 0, z: 0, r: 0, bg_x_pan: 0, bg_y_pan: 0 };
const callback_url = 'https://hooks.example.com/rw';

const bodies = {
	generateFromText: {
		callback_url,
		ratio: '1280:720',
		prompt: 'a paper lantern drifting over a lake',
		style: 'cinematic',
		model: 'gen4_turbo',
		options: { seconds: 5, motion_vector: zeros },
	},
	generateFromImage: {
		callback_url,
		image: 'https://img.example.com/pier.jpg',
		model: 'gen4',
		ratio: '1280:720',
		prompt: 'slow push-in, waves rolling',
		options: { seconds: 5 },
		last_image: 'https://img.example.com/pier-night.jpg',
	},
	restyle: {
		callback_url,
		video: 'https://vid.example.com/street.mp4',
		model: 'gen4',
		prompt: 'ink wash painting',
		options: { structure_transformation: 0.4, flip: false, seconds: 5 },
	},
	actOne: {
		callback_url,
		video: 'https://vid.example.com/actor.mp4',
		image: 'https://img.example.com/puppet.png',
	},
	imageToVideo: {
		promptImage: 'https://img.example.com/pier.jpg',
		model: 'gen4_turbo',
		promptText: 'slow push-in',
		ratio: '1280:720',
		duration: 5,
		seed: 7421,
	},
	textToImage: {
		promptText: '@chair in a sunlit studio',
		ratio: '1920:1080',
		model: 'gen4_image',
		referenceImages: [{ uri: 'https://img.example.com/chair.png', tag: 'chair' }],
	},
	videoToVideo: {
		videoUri: 'https://vid.example.com/street.mp4',
		promptText: 'make it snow',
		model: 'gen4_aleph',
		ratio: '1280:720',
	},
	upscale: { videoUri: 'https://vid.example.com/final.mp4', model: 'upscale_v1' },
	characterPerformance: {
		character: { type: 'image', uri: 'https://img.example.com/puppet.png' },
		reference: { type: 'video', uri: 'https://vid.example.com/actor.mp4' },
		model: 'act_two',
		ratio: '1280:720',
		bodyControl: true,
		expressionIntensity: 3,
	},
} as const;

const paths: Record<standIn.StandInOperation, string> = {
	generateFromText: '/runway/pro/generate',
	generateFromImage: '/runway/pro/generate',
	restyle: '/runway/pro/video2video',
	actOne: '/runway/pro/act_one',
	imageToVideo: '/runwayml/v1/image_to_video',
	textToImage: '/runwayml/v1/text_to_image',
	videoToVideo: '/runwayml/v1/video_to_video',
	upscale: '/runwayml/v1/video_upscale',
	characterPerformance: '/runwayml/v1/character_performance',
};
const operations = Object.keys(paths) as standIn.StandInOperation[];

async function create(api: standIn.StandIn, operation: standIn.StandInOperation, change: Json = {}) {
	return await call(api, 'POST', paths[operation], { ...bodies[operation], ...change });
}

/** Creates a task and hands it out as the stand-in holds it. */
async function task(api: standIn.StandIn, operation: standIn.StandInOperation = 'imageToVideo', change: Json = {}) {
	await create(api, operation, change);
	const made = [...api.tasks.values()].at(-1);
	if (!made) throw new Error('no task was made');
	return made;
}

async function read(api: standIn.StandIn, one: standIn.StandInTask | string, on?: 'feed' | 'official') {
	const id = typeof one === 'string' ? one : one.id;
	const route = on ?? (typeof one !== 'string' && one.family === 'compatibility' ? 'feed' : 'official');
	return route === 'feed'
		? await call(api, 'POST', '/runway/feed', { task_id: id })
		: await call(api, 'GET', `/runwayml/v1/tasks/${id}`);
}

/** Moves a task to the middle of a phase, so that no test has to wait for it. */
function put(one: standIn.StandInTask, phase: 'throttled' | 'queued' | 'running'): void {
	const now = Date.now();
	const place = { throttled: [60_000, 70_000], queued: [-5_000, 5_000], running: [-50_000, -40_000] }[phase];
	one.admittedAt = now + (place[0] ?? 0);
	one.startedAt = now + (place[1] ?? 0);
	one.readyAt = now + 60_000;
}

async function finishedUrl(api: standIn.StandIn, change: Json = {}): Promise<string> {
	const one = await task(api, 'imageToVideo', change);
	api.finish(one.id);
	return ((await read(api, one)).json.output as string[])[0] ?? '';
}

async function until(done: () => boolean): Promise<void> {
	for (let turn = 0; turn < 200 && !done(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 10));
	expect(done()).toBe(true);
}

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
		['generateFromText', 'no model', { model: undefined }],
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
		['upscale', 'no model', { model: undefined }],
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
					? { error: expect.any(String) }
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
			['imageToVideo', { promptText: undefined, ratio: undefined, duration: undefined, seed: undefined }],
			['imageToVideo', { promptImage: [{ uri: 'https://a.example/b.png', position: 'first' }] }],
			['textToImage', { promptText: long(1000), seed: 4_294_967_295 }],
			['generateFromImage', { ratio: undefined, options: undefined, last_image: undefined }],
			['generateFromText', { model: 'one of next year', ratio: '21:9' }],
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

describe('get-task routes', () => {
	it('follow the clock: unknown at first, then queued, running with growing progress, and done', async () => {
		const api = await start({ notVisibleMs: 60, queuedMs: 120, renderMs: 360 });
		const one = await task(api);
		const seen: string[] = [];
		const progress: number[] = [];
		for (let json: Json = {}; json.status !== 'SUCCEEDED';) {
			json = (await read(api, one)).json;
			const word = String(json.status ?? json.code);
			if (seen.at(-1) !== word) seen.push(word);
			if (json.status === 'RUNNING') progress.push(json.progress as number);
			await new Promise((resolve) => setTimeout(resolve, 8));
		}
		expect(seen).toEqual(['task_not_exist', 'PENDING', 'RUNNING', 'SUCCEEDED']);
		expect(progress).toEqual([...progress].sort((a, b) => a - b));
		expect(Math.max(...progress)).toBeLessThan(1);
		expect(one.polls).toBe(api.reads.length);
		expect(api.reads.every((request) => request.taskId === one.id && request.operation === 'getTask')).toBe(true);
	});

	it('say that a task does not exist in every form', async () => {
		const api = await start();
		const say = async (notExistShape: standIn.NotExistShape) => {
			api.settings.notExistShape = notExistShape;
			const { status, json } = await read(api, 'nobody');
			return [status, json];
		};
		expect(await say('top-level')).toEqual([400, { code: 'task_not_exist', message: 'task_not_exist', data: null }]);
		expect(await say('error-envelope')).toEqual([400, { error: expect.objectContaining({ code: 'task_not_exist' }) }]);
		expect(await say('status-200')).toEqual([200, { id: 'nobody', status: 'task_not_exist' }]);
		expect(await say('data-null')).toEqual([200, { code: 'success', data: null }]);
	});

	it('know the tasks of their own family only, unless told otherwise', async () => {
		const api = await start();
		const [official, compatible] = [await task(api, 'upscale'), await task(api, 'actOne')];
		expect((await read(api, official, 'feed')).json.code).toBe('task_not_exist');
		expect((await read(api, compatible, 'official')).json.code).toBe('task_not_exist');
		api.settings.crossRoutes = true;
		expect((await read(api, official, 'feed')).json.task_id).toBe(official.id);
		expect((await read(api, compatible, 'official')).json.id).toBe(compatible.id);
	});

	it('refuse a feed request without a task id', async () => {
		const api = await start();
		expect((await call(api, 'POST', '/runway/feed', {})).status).toBe(400);
		expect((await call(api, 'POST', '/runway/feed', { task_id: 7 })).status).toBe(400);
	});

	const url = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/assets\/[-\w]+\/video\.mp4\?_jwt=[-\w.]+&exp=\d+$/);
	const still = expect.stringMatching(/\.png\?_jwt=/);
	const seconds = expect.any(Number);

	/** Reads one task queued, running, failed and succeeded. */
	async function walk(settings: standIn.StandInOptions, operation: standIn.StandInOperation = 'generateFromText') {
		const api = await start(settings);
		const one = await task(api, operation);
		put(one, 'queued');
		const queued = (await read(api, one)).json;
		put(one, 'running');
		const busy = (await read(api, one)).json;
		api.finish(one.id, { kind: 'failed', code: 'INTERNAL', message: 'it broke' });
		const failed = (await read(api, one)).json;
		api.finish(one.id, { kind: 'succeeded' });
		return { id: one.id, queued, busy, failed, done: (await read(api, one)).json };
	}

	it("answer in Runway's own envelope", async () => {
		const { id, queued, busy, failed, done } = await walk({ costs: true }, 'imageToVideo');
		const createdAt = expect.stringMatching(/^\d{4}-.*T.*\.\d{3}Z$/);
		expect(queued).toEqual({ id, status: 'PENDING', createdAt, estimatedCost: { credits: 25 } });
		expect(busy).toEqual({ id, status: 'RUNNING', createdAt, progress: expect.closeTo(0.4, 1) });
		expect(failed).toMatchObject({ id, status: 'FAILED', failure: 'it broke', failureCode: 'INTERNAL' });
		expect(done).toEqual({ id, status: 'SUCCEEDED', createdAt, output: [url], cost: { credits: 25 } });
	});

	it('answer in lower case', async () => {
		const { id, failed, done } = await walk({ envelope: 'official-lowercase' });
		expect(failed).toEqual({ id, status: 'failed', error: 'it broke' });
		expect(done).toEqual({ id, status: 'succeeded', output: [url] });
	});

	it('answer in the flat envelope of the feed', async () => {
		const { id, queued, busy, failed, done } = await walk({});
		const times = { submit_time: seconds, start_time: seconds, finish_time: seconds };
		const shared = { task_id: id, action: 'generate', fail_reason: '', ...times };
		expect(queued).toEqual({
			...shared,
			status: 'SUBMITTED',
			start_time: 0,
			finish_time: 0,
			progress: '10%',
		});
		expect(busy).toEqual({
			...shared,
			status: 'IN_PROGRESS',
			finish_time: 0,
			progress: expect.stringMatching(/^4\d%$/),
		});
		expect(failed).toEqual({ ...shared, status: 'FAILURE', fail_reason: 'it broke', progress: '100%' });
		expect(done).toEqual({
			...shared,
			status: 'SUCCESS',
			progress: '100%',
			result_url: url,
			data: { id, status: 'SUCCEEDED' },
		});
	});

	it('answer with the task id alone until the task ends', async () => {
		const { id, queued, busy, done } = await walk({ envelope: { feed: 'feed-minimal' } });
		expect([queued, busy]).toEqual([{ task_id: id }, { task_id: id }]);
		expect(done).toMatchObject({ task_id: id, status: 'SUCCESS', result_url: url });
	});

	it('answer in the wrapped envelope, with the asset in each place known', async () => {
		const { id, queued, busy, failed, done } = await walk({ envelope: 'wrapped' }, 'imageToVideo');
		expect(queued).toMatchObject({
			code: 'success',
			message: '',
			data: { task_id: id, action: 'IMAGE_TO_VIDEO', status: 'SUBMITTED' },
		});
		expect(busy).toMatchObject({
			data: {
				status: 'IN_PROGRESS',
				data: { id, status: 'RUNNING', createdAt: expect.stringMatching(/\+08:00$/) },
			},
		});
		expect(failed).toMatchObject({
			data: { status: 'FAILURE', fail_reason: 'it broke', data: { failureCode: 'INTERNAL' } },
		});
		expect(done).toMatchObject({ data: { status: 'SUCCESS', fail_reason: '', data: { output: [url] } } });
		const places: Array<[standIn.WrappedResult, Json]> = [
			['video_url', { data: { video_url: url, poster: still, last_frame: still, status: '3' } }],
			['result_url', { result_url: url, data: { status: 'SUCCEEDED' } }],
			['nested', { data: { code: 200, data: { video_url: url, state: 'succeeded' } } }],
			['fail_reason', { fail_reason: url, data: null }],
		];
		for (const [wrappedResult, data] of places) {
			expect((await walk({ envelope: 'wrapped', wrappedResult })).done).toMatchObject({ data });
		}
	});

	it('answer in the numeric envelopes', async () => {
		const { id, queued, busy, failed, done } = await walk({ envelope: 'numeric' });
		const shared = { task_id: id, prompt: bodies.generateFromText.prompt };
		expect(queued).toMatchObject({
			code: 200,
			msg: '成功',
			data: { ...shared, status: '0', video_url: null, refund: '0' },
		});
		expect(busy).toMatchObject({ data: { ...shared, status: '1', msg: null } });
		expect(failed).toMatchObject({ data: { ...shared, status: '2', msg: 'it broke', refund: '1' } });
		expect(done).toMatchObject({
			data: {
				status: '3',
				video_url: url,
				poster: still,
				last_frame: still,
				create_time: expect.stringMatching(/^\d{10}$/),
			},
		});
		const stated = await walk({ envelope: 'numeric-state' });
		expect(stated.queued).toMatchObject({
			data: { state: '', status: '0', raw_video_url: null, create_time: '0' },
		});
		expect(stated.done).toMatchObject({ data: { state: 'succeeded', status: '3', video_url: url } });
		const short = await walk({ envelope: 'numeric-short' });
		expect(short.done).toMatchObject({ data: { status: '3', video_url: url } });
		expect(short.done.data).not.toHaveProperty('poster');
	});

	it('rotate through the envelopes task by task, and keep to those that can hold an image for images', async () => {
		const api = await start({ envelope: 'rotate', createShape: 'rotate' });
		const kinds = new Set<string>();
		for (let count = 0; count < 12; count += 1) {
			const one = await task(api, count % 2 ? 'actOne' : 'textToImage');
			api.finish(one.id);
			const { text, json } = await read(api, one);
			expect(text).toContain(one.asset === 'video' ? '/video.mp4?' : '/image.png?');
			kinds.add(Object.keys(json).join());
		}
		expect(kinds.size).toBeGreaterThan(3);
	});

	it('hold the surplus of tasks back as THROTTLED until one ends', async () => {
		const api = await start({ concurrency: 1, renderMs: 150, queuedMs: 0 });
		const [first, second] = [await task(api), await task(api)];
		expect((await read(api, first)).json.status).toBe('RUNNING');
		expect((await read(api, second)).json.status).toBe('THROTTLED');
		expect(second.readyAt).toBe(first.readyAt + 150);
		await until(() => Date.now() >= first.readyAt);
		expect((await read(api, first)).json.status).toBe('SUCCEEDED');
		expect((await read(api, second)).json.status).toBe('RUNNING');
	});
});

describe('directives in the prompt', () => {
	async function steered(directive: string, api?: standIn.StandIn) {
		const server = api ?? (await start());
		return {
			api: server,
			one: await task(server, 'imageToVideo', { promptText: `a harbour ${directive} at dawn` }),
		};
	}

	it('[takes …] sets the time that a task takes', async () => {
		const { api, one } = await steered('[takes 12 s]');
		expect(one.readyAt - one.createdAt).toBe(12_000);
		expect((await steered('[takes 250 ms]', api)).one.readyAt).toBeLessThan(Date.now() + 251);
		expect((await steered('[a lamp]', api)).one.readyAt).toBeLessThan(Date.now() + 401);
	});

	it('[fail] and [cancelled] end a task badly', async () => {
		const { api, one } = await steered('[fail] [takes 0 s]');
		expect((await read(api, one)).json).toMatchObject({
			status: 'FAILED',
			failure: expect.any(String),
			failureCode: null,
		});
		const coded = await steered('[takes 0 s][fail SAFETY.INPUT.TEXT]', api);
		expect((await read(api, coded.one)).json).toMatchObject({
			failureCode: 'SAFETY.INPUT.TEXT',
			failure: expect.stringContaining('moderation'),
		});
		const cancelled = await steered('[cancelled] [takes 0 s]', api);
		expect((await read(api, cancelled.one)).json.status).toBe('CANCELLED');
	});

	it('[fail once …] fails the first task of a prompt only', async () => {
		const { api, one } = await steered('[fail once INTERNAL] [takes 0 s]');
		const again = await steered('[fail once INTERNAL] [takes 0 s]', api);
		expect((await read(api, one)).json).toMatchObject({ status: 'FAILED', failureCode: 'INTERNAL' });
		expect((await read(api, again.one)).json.status).toBe('SUCCEEDED');
	});

	it('[no url] succeeds without an asset, [unknown] and [stuck] never end', async () => {
		const { api, one } = await steered('[no url] [takes 0 s]');
		expect((await read(api, one)).json).toEqual({
			id: one.id,
			status: 'SUCCEEDED',
			createdAt: expect.any(String),
		});
		const odd = await steered('[unknown] [takes 0 s]', api);
		expect((await read(api, odd.one)).json.status).toBe('UNKNOWN');
		const stuck = await steered('[stuck] [takes 0 s]', api);
		expect((await read(api, stuck.one)).json).toMatchObject({
			status: 'RUNNING',
			progress: expect.any(Number),
		});
		api.finish(stuck.one.id);
		expect((await read(api, stuck.one)).json.status).toBe('SUCCEEDED');
	});

	it('[vanish] makes a task unknown once it was seen running', async () => {
		const { api, one } = await steered('[vanish] [takes 0 s]');
		expect((await read(api, one)).json.status).toBe('RUNNING');
		expect((await read(api, one)).json.code).toBe('task_not_exist');
		expect((await read(api, one)).json.code).toBe('task_not_exist');
	});

	it('[backwards] goes from running back to the queue and on', async () => {
		const { api, one } = await steered('[backwards]');
		const at = async (share: number) => {
			one.admittedAt = Date.now() - share * 100_000;
			one.readyAt = one.admittedAt + 100_000;
			return (await read(api, one)).json.status;
		};
		expect([await at(0.1), await at(0.3), await at(0.7), await at(1.1)]).toEqual([
			'RUNNING',
			'PENDING',
			'RUNNING',
			'SUCCEEDED',
		]);
	});

	it('are read from the input URLs of operations without a prompt', async () => {
		const api = await start();
		const videoUri = 'https://vid.example.com/a.mp4?%5Btakes+0+s%5D#%5Bfail%20INTERNAL%5D';
		const upscaled = await task(api, 'upscale', { videoUri });
		expect((await read(api, upscaled)).json).toMatchObject({ status: 'FAILED', failureCode: 'INTERNAL' });
		const acted = await task(api, 'actOne', { image: 'https://a.example/b.png?[stuck]' });
		expect(acted.outcome.kind).toBe('stuck');
		const prompted = await task(api, 'imageToVideo', { promptImage: 'https://a.example/b.png?[stuck]' });
		expect(prompted.outcome.kind).toBe('succeeded');
	});
});

describe('assets', () => {
	const get = async (url: string, headers: Record<string, string> = {}, method = 'GET') => {
		const response = await fetch(url, { method, headers, redirect: 'manual' });
		return {
			status: response.status,
			headers: response.headers,
			bytes: Buffer.from(await response.arrayBuffer()),
		};
	};

	it('come byte for byte, with type, length and validator', async () => {
		const api = await start();
		const { status, headers, bytes } = await get(await finishedUrl(api));
		expect(status).toBe(200);
		expect(bytes.equals(api.assetBytes('video'))).toBe(true);
		expect(bytes.subarray(4, 8).toString()).toBe('ftyp');
		expect(headers.get('content-type')).toBe('video/mp4');
		expect(headers.get('content-length')).toBe(String(bytes.length));
		expect(headers.get('accept-ranges')).toBe('bytes');
		expect(headers.get('etag')).toMatch(/^"[-\w]+"$/);
		expect(createHash('sha256').update(bytes).digest('hex')).toBe(api.videoDigest());
		const image = await task(api, 'textToImage');
		api.finish(image.id);
		const picture = await get(((await read(api, image)).json.output as string[])[0] ?? '');
		expect(picture.bytes.equals(api.assetBytes('image'))).toBe(true);
		expect(picture.headers.get('content-type')).toBe('image/png');
		expect(api.downloads.map(({ taskId, status: code }) => [taskId, code])).toEqual([
			[[...api.tasks.keys()][0], 200],
			[image.id, 200],
		]);
	});

	it('answer ranges, and only those that can be', async () => {
		const api = await start();
		const url = await finishedUrl(api);
		const whole = api.assetBytes('video');
		const range = async (value: string, more: Record<string, string> = {}) => await get(url, { Range: value, ...more });
		const part = await range('bytes=100-199');
		expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 100-199/${whole.length}`]);
		expect(part.bytes.equals(whole.subarray(100, 200))).toBe(true);
		expect((await range(`bytes=${whole.length - 10}-`)).bytes.equals(whole.subarray(-10))).toBe(true);
		expect((await range('bytes=-10')).bytes.equals(whole.subarray(-10))).toBe(true);
		expect((await range('bytes=0-99999999')).bytes.equals(whole)).toBe(true);
		const beyond = await range(`bytes=${whole.length}-`);
		expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${whole.length}`]);
		for (const odd of ['bytes=9-3', 'bytes=0-1,5-6', 'pages=1-2', 'bytes=-'])
			expect((await range(odd)).status).toBe(200);
		const etag = part.headers.get('etag') ?? '';
		expect((await range('bytes=0-9', { 'If-Range': etag })).status).toBe(206);
		expect((await range('bytes=0-9', { 'If-Range': '"other"' })).status).toBe(200);
		expect((await get(url, { 'If-None-Match': etag })).status).toBe(304);
		const head = await get(url, {}, 'HEAD');
		expect([head.status, head.headers.get('content-length'), head.bytes.length]).toEqual([
			200,
			String(whole.length),
			0,
		]);
		api.settings.supportRanges = false;
		const ignored = await range('bytes=0-9');
		expect([ignored.status, ignored.headers.get('accept-ranges'), ignored.bytes.length]).toEqual([
			200,
			null,
			whole.length,
		]);
	});

	it('refuse a signature that has expired, was changed or is missing, and each read signs afresh', async () => {
		const api = await start({ assetExpiryMs: -1 });
		const old = await finishedUrl(api);
		expect((await get(old)).status).toBe(403);
		api.settings.assetExpiryMs = 60_000;
		const id = [...api.tasks.keys()][0] ?? '';
		const fresh = async () => ((await read(api, id)).json.output as string[])[0] ?? '';
		const [one, other] = [await fresh(), await fresh()];
		expect(one).not.toBe(other);
		expect((await get(one)).status).toBe(200);
		expect((await get(one.replace('_jwt=', '_jwt=x'))).status).toBe(403);
		expect((await get(one.replace(/\?.*/, ''))).status).toBe(403);
		expect((await get(one.replace('video.mp4', 'poster.png'))).status).toBe(403);
		api.expireAssets();
		expect([(await get(one)).status, (await get(await fresh())).status]).toEqual([403, 200]);
		api.settings.signedUrls = false;
		expect(await fresh()).toMatch(/video\.mp4$/);
		expect((await get(await fresh())).status).toBe(200);
	});

	it('refuse an Authorization header, and tell of it', async () => {
		const api = await start();
		const url = await finishedUrl(api);
		expect((await get(url, { Authorization: `Bearer ${api.apiKey}` })).status).toBe(400);
		expect((await get(url)).status).toBe(200);
		expect(api.downloads.map((request) => request.leakedAuthorization)).toEqual([true, undefined]);
	});

	it('exist only for tasks that have succeeded', async () => {
		const api = await start({ signedUrls: false });
		const one = await task(api, 'actOne');
		put(one, 'running');
		const status = async (name: string) => (await get(`${api.url}/assets/${one.id}/${name}`)).status;
		expect(await status('video.mp4')).toBe(404);
		api.finish(one.id);
		expect([await status('video.mp4'), await status('poster.png'), await status('last.png')]).toEqual([200, 200, 200]);
		expect([await status('image.png'), await status('x/video.mp4')]).toEqual([404, 404]);
	});

	it('can be of any size, made on the fly, and keep the real video in front', async () => {
		const api = await start({ assetBytes: 1_000_003 });
		const url = await finishedUrl(api);
		const { bytes } = await get(url);
		const head = api.assetBytes('video');
		expect(bytes.length).toBe(1_000_003);
		expect(bytes.subarray(0, head.length).equals(head)).toBe(true);
		expect(bytes.subarray(head.length + 4, head.length + 8).toString()).toBe('free');
		expect(createHash('sha256').update(bytes).digest('hex')).toBe(api.videoDigest());
		for (const [from, to] of [
			[65_535, 65_540],
			[head.length - 3, head.length + 30],
			[900_001, 1_000_002],
		] as const) {
			const part = await get(url, { Range: `bytes=${from}-${to}` });
			expect(part.bytes.equals(bytes.subarray(from, to + 1))).toBe(true);
		}
		api.settings.assetBytes = 1000;
		expect((await get(url)).bytes.equals(head.subarray(0, 1000))).toBe(true);
	});

	it('stream hundreds of megabytes in bounded memory, waiting for a reader who pauses', async () => {
		const size = 200_000_000;
		const api = await start({ assetBytes: size });
		const url = await finishedUrl(api);
		const before = process.memoryUsage().rss;
		const response = await new Promise<http.IncomingMessage>((resolve) => http.get(url, resolve));
		response.pause();
		await new Promise((resolve) => setTimeout(resolve, 100));
		expect(api.downloads[0]?.bytesSent).toBeLessThan(20_000_000);
		let received = 0;
		for await (const chunk of response as AsyncIterable<Buffer>) received += chunk.length;
		expect(received).toBe(size);
		expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
	});

	it('can be slowed down, and stop when the client leaves', async () => {
		const api = await start({ assetBytes: 50_000_000, assetBytesPerSecond: 2_000_000 });
		const url = await finishedUrl(api);
		const leave = new AbortController();
		const response = await fetch(url, { signal: leave.signal });
		await response.body?.getReader().read();
		leave.abort();
		await until(() => api.downloads[0]?.endedAt !== undefined);
		expect(api.downloads[0]?.bytesSent).toBeLessThan(2_000_000);
	});

	it('come with samples for trying things out', async () => {
		const api = await start();
		expect((await get(`${api.url}/samples/harbor.png`)).bytes.equals(api.assetBytes('image'))).toBe(true);
		expect((await get(`${api.url}/samples/clip.mp4`)).bytes.equals(api.assetBytes('video'))).toBe(true);
		expect((await get(`${api.url}/samples/other.mp4`)).status).toBe(404);
		expect(api.downloads).toEqual([]);
	});
});

describe('callbacks', () => {
	async function receiver(status = 200) {
		const received: Json[] = [];
		const server = http.createServer((incoming, response) => {
			const chunks: Buffer[] = [];
			incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
			incoming.on('end', () => {
				received.push(JSON.parse(Buffer.concat(chunks).toString()) as Json);
				response.writeHead(status).end();
			});
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		running.push({ close: async () => await new Promise<void>((resolve) => server.close(() => resolve())) });
		return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
	}

	it('tell of the end in the documented form', async () => {
		const api = await start({ renderMs: 40 });
		const { received, url } = await receiver();
		const one = await task(api, 'generateFromText', { callback_url: url });
		await until(() => api.callbacks[0]?.status === 200);
		expect(received).toEqual([
			{
				task_id: one.id,
				status: '3',
				prompt: one.prompt,
				prompt_en: one.prompt,
				video_url: expect.stringContaining(`/assets/${one.id}/video.mp4`),
				poster: expect.any(String),
				last_frame: expect.any(String),
				msg: null,
				point: '320',
				refund: '0',
				create_time: expect.any(String),
				update_time: expect.any(String),
			},
		]);
		expect(api.callbacks).toEqual([{ taskId: one.id, url, at: expect.any(Number), body: received[0], status: 200 }]);
	});

	it('tell of progress, twice, in the other form and of failure, where asked to', async () => {
		const callbacks = { onProgress: true, times: 2, shape: 'generic' as const };
		const api = await start({ renderMs: 80, queuedMs: 20, callbacks });
		const { received, url } = await receiver();
		await task(api, 'generateFromText', { callback_url: url, prompt: 'a gale [fail]' });
		await until(() => received.length === 6);
		expect(received.map(({ status }) => status)).toEqual([...Array(4).fill('processing'), 'failed', 'failed']);
	});

	it('do not matter when they fail, and leave hosts elsewhere alone', async () => {
		const api = await start({ renderMs: 0 });
		const { url } = await receiver(500);
		for (const callback of [url, 'http://127.0.0.1:1/', callback_url])
			await task(api, 'actOne', { callback_url: callback });
		await until(() => api.callbacks.length === 3 && api.callbacks.every(({ status, error }) => status ?? error));
		expect(api.callbacks.map(({ status, error }) => status ?? error)).toEqual(
			expect.arrayContaining([500, expect.stringContaining('ECONNREFUSED'), expect.stringContaining('not called')]),
		);
	});

	it('are sent for tasks ended by hand, and not at all where switched off', async () => {
		const api = await start({ renderMs: 60_000 });
		const { received, url } = await receiver();
		const one = await task(api, 'actOne', { callback_url: url });
		api.finish(one.id, { kind: 'cancelled', message: 'called off' });
		await until(() => received.length === 1);
		expect(received[0]).toMatchObject({ status: '2', msg: 'called off' });
		api.settings.callbacks.enabled = false;
		api.finish((await task(api, 'actOne', { callback_url: url })).id);
		await new Promise((resolve) => setTimeout(resolve, 30));
		expect(received).toHaveLength(1);
	});
});

describe('faults', () => {
	it.each(['refuse', 'reset-before', 'reset-after'] as const)('%s cuts the connection', async (kind) => {
		const api = await start();
		const fault = api.fault({ on: 'create', kind });
		await expect(create(api, 'imageToVideo')).rejects.toThrow();
		expect(fault.used).toBe(1);
		expect(api.tasks.size).toBe(kind === 'reset-after' ? 1 : 0);
		expect(api.creates[0]).toMatchObject({ status: 0, fault: kind });
		expect([...api.tasks.values()][0]?.fault).toBe(kind === 'reset-after' ? kind : undefined);
		expect((await create(api, 'imageToVideo')).status).toBe(200);
	});

	it.each(['timeout', 'timeout-after'] as const)('%s never answers', async (kind) => {
		const api = await start();
		api.fault({ on: 'create', kind });
		const request = fetch(api.url + paths.actOne, {
			method: 'POST',
			headers: { ...usual, 'Content-Type': 'application/json' },
			body: JSON.stringify(bodies.actOne),
			signal: AbortSignal.timeout(60),
		});
		await expect(request).rejects.toThrow(/timeout/);
		expect(api.tasks.size).toBe(kind === 'timeout-after' ? 1 : 0);
		await until(() => api.creates[0]?.endedAt !== undefined);
	});

	it('answers that are none: redirect, HTML, cut, foreign or empty JSON', async () => {
		const api = await start();
		const meet = async (fault: Omit<standIn.Fault, 'on'>) => {
			api.fault({ on: 'create', ...fault });
			return await create(api, 'imageToVideo');
		};
		const redirect = await meet({ kind: 'redirect', location: 'https://elsewhere.example/x', status: 302 });
		expect([redirect.status, redirect.headers.get('location')]).toEqual([302, 'https://elsewhere.example/x']);
		expect(await meet({ kind: 'html' })).toMatchObject({
			status: 200,
			text: expect.stringMatching(/^<!DOCTYPE html>/),
		});
		const moved = await meet({ kind: 'html-301' });
		expect([moved.status, moved.headers.get('location')]).toEqual([301, null]);
		expect(api.tasks.size).toBe(0);
		expect((await meet({ kind: 'wrong-json' })).json).toEqual({ ok: true, result: 'accepted' });
		expect((await meet({ kind: 'empty-object' })).json).toEqual({});
		await expect(meet({ kind: 'truncated-json' })).rejects.toThrow(/terminated/);
		await expect(meet({ kind: 'truncated-json', length: 'honest' })).rejects.toThrow(/JSON/);
		expect(api.tasks.size).toBe(4);
	});

	it('errors in every envelope', async () => {
		const api = await start();
		const meet = async (fault: Omit<standIn.Fault, 'on'>) => {
			api.fault({ on: 'any', ...fault });
			const { status, json, headers } = await create(api, 'actOne');
			return [status, json, headers.get('retry-after')];
		};
		for (const status of [400, 401, 403, 404, 413, 429, 500, 502, 503, 504, 524]) {
			expect(await meet({ kind: 'status', status })).toEqual([
				status,
				{ error: expect.objectContaining({ type: 'comet_api_error' }) },
				null,
			]);
		}
		expect(await meet({ kind: 'status', status: 429, retryAfter: 7 })).toEqual([429, expect.anything(), '7']);
		expect(await meet({ kind: 'status', shape: 'E2', message: 'm' })).toEqual([
			503,
			{ code: 'fail_to_fetch_task', message: 'm', data: null },
			null,
		]);
		expect(await meet({ kind: 'status', status: 400, shape: 'E5', message: 'm' })).toEqual([400, { error: 'm' }, null]);
		expect(await meet({ kind: 'invalid-request' })).toEqual([
			500,
			{ error: expect.objectContaining({ code: 'invalid_request' }) },
			null,
		]);
		expect(await meet({ kind: 'business' })).toEqual([
			200,
			expect.objectContaining({ code: 400, msg: expect.any(String), data: null }),
			null,
		]);
		expect(await meet({ kind: 'insufficient-quota' })).toEqual([
			403,
			expect.objectContaining({ code: 'insufficient_user_quota' }),
			null,
		]);
		expect(await meet({ kind: 'saturated', retryAfter: 1 })).toEqual([
			429,
			expect.objectContaining({ code: 'fail_to_fetch_task' }),
			'1',
		]);
		expect(api.tasks.size).toBe(0);
		await meet({ kind: 'status', status: 502, created: true });
		expect(api.tasks.size).toBe(1);
	});

	it('are met in order, on the requests named, as often as said, until cleared', async () => {
		const api = await start();
		const one = await task(api);
		const status = async () => (await read(api, one)).status;
		api.fault({ on: 'read', kind: 'status', status: 502, skip: 1, times: 2 });
		api.fault({ on: 'read', kind: 'status', status: 503, times: 1, skip: 1 });
		expect([await status(), await status(), await status(), await status(), await status()]).toEqual([
			200, 502, 502, 503, 200,
		]);
		const endless = api.fault({ on: /^GET .*\/tasks\//g, kind: 'status', status: 500, times: Infinity });
		expect([await status(), await status(), await status()]).toEqual([500, 500, 500]);
		expect((await create(api, 'upscale')).status).toBe(200);
		endless.clear();
		expect([await status(), endless.used]).toEqual([200, 3]);
		api.fault({
			on: 'create',
			kind: 'saturated',
			match: ({ body }) => (body as Json).model === 'gen3a_turbo',
		});
		expect((await create(api, 'imageToVideo')).status).toBe(200);
		expect((await create(api, 'imageToVideo', { model: 'gen3a_turbo' })).status).toBe(429);
	});

	it('wait for a create that is accepted if they hide its answer', async () => {
		const api = await start();
		const fault = api.fault({ on: 'create', kind: 'reset-after' });
		expect((await create(api, 'imageToVideo', { ratio: 'wide' })).status).toBe(400);
		expect([fault.used, api.creates[0]?.fault]).toEqual([0, undefined]);
		await expect(create(api, 'imageToVideo')).rejects.toThrow();
		expect([fault.used, api.tasks.size]).toEqual([1, 1]);
	});

	it('slow comes on top of what else happens', async () => {
		const api = await start();
		api.fault({ on: 'create', kind: 'slow', ms: 60 });
		api.fault({ on: 'create', kind: 'saturated' });
		expect((await create(api, 'actOne')).status).toBe(429);
		const [request] = api.creates;
		await until(() => request?.endedAt !== undefined);
		expect((request?.endedAt ?? 0) - (request?.at ?? 0)).toBeGreaterThanOrEqual(55);
	});

	it('spoil downloads', async () => {
		const api = await start();
		const url = await finishedUrl(api);
		const size = api.assetBytes('video').length;
		const meet = async (fault: Omit<standIn.Fault, 'on'>, patienceMs = 3000) => {
			api.fault({ on: 'asset', ...fault });
			return await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(patienceMs) });
		};
		const cut = await meet({ kind: 'truncated' });
		expect(cut.headers.get('content-length')).toBe(String(size));
		await expect(cut.arrayBuffer()).rejects.toThrow();
		const overstated = await meet({ kind: 'wrong-length' });
		expect(overstated.headers.get('content-length')).toBe(String(size + 1000));
		await expect(overstated.arrayBuffer()).rejects.toThrow();
		await expect((await meet({ kind: 'stall' }, 150)).arrayBuffer()).rejects.toThrow(/timeout/);
		const endless = await meet({ kind: 'endless' }, 250);
		expect(endless.headers.get('content-length')).toBeNull();
		await expect(endless.arrayBuffer()).rejects.toThrow(/timeout/);
		expect(api.downloads.at(-1)?.bytesSent).toBeGreaterThan(size * 2);
		expect((await meet({ kind: 'wrong-type' })).headers.get('content-type')).toBe('application/octet-stream');
		expect((await meet({ kind: 'wrong-type', type: 'text/html' })).headers.get('content-type')).toBe('text/html');
		expect((await meet({ kind: 'html' })).headers.get('content-type')).toMatch(/^text\/html/);
		expect((await meet({ kind: 'status', status: 503 })).status).toBe(503);
		expect((await meet({ kind: 'redirect', location: '/docs' })).status).toBe(301);
		await expect(meet({ kind: 'reset-before' })).rejects.toThrow();
		expect((await fetch(url)).status).toBe(200);
	});
});

describe('account routes and the rest', () => {
	it('list models for the key, the catalog for anyone, and the balance by the key in the query', async () => {
		const api = await start();
		expect((await call(api, 'GET', '/v1/models', undefined, {})).status).toBe(401);
		expect((await call(api, 'GET', '/v1/models')).json).toMatchObject({
			object: 'list',
			data: expect.any(Array),
		});
		expect((await call(api, 'GET', '/api/models', undefined, {})).json).toMatchObject({
			success: true,
			total: 2,
		});
		const quota = async (query: string) => await call(api, 'GET', `/user/quota${query}`, undefined, {});
		const before = (await quota(`?key=${api.apiKey}`)).json;
		expect(before).toMatchObject({
			username: 'studio-north',
			keys: [{ remain_quota: -1 }, { name: 'capped' }],
		});
		expect(before).not.toHaveProperty('daily_quota');
		await task(api);
		expect((await quota(`?key=${api.apiKey}`)).json.total_quota).toBeCloseTo((before.total_quota as number) - 0.32);
		const daily = await quota(`?key=${api.apiKey}&start_date=2026-05-03&end_date=2026-05-04`);
		expect(Object.keys(daily.json.daily_quota as Json)).toEqual(['2026-05-03', '2026-05-04']);
		const refused = [await quota(''), await quota('?key=sk-other'), await quota(`?key=${api.apiKey}&start_date=May`)];
		expect(refused.map(({ status }) => status)).toEqual([400, 401, 400]);
		expect(api.requests.map(({ route }) => route)).toEqual(expect.arrayContaining(['models', 'catalog', 'quota']));
	});

	it('lead a wrong path to the documentation, and refuse a wrong method', async () => {
		const api = await start();
		const wrong = await call(api, 'POST', '/v1/runwayml/v1/image_to_video', bodies.imageToVideo);
		expect([wrong.status, wrong.headers.get('location'), wrong.headers.get('content-type')]).toEqual([
			301,
			'/docs',
			'text/html',
		]);
		const docs = await call(api, 'GET', '/docs', undefined, {});
		expect([docs.status, docs.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
		expect((await call(api, 'GET', '/runway/feed')).status).toBe(405);
	});

	it('answer 429 beyond the rate limit', async () => {
		const api = await start({ rateLimit: { perSecond: 2, retryAfter: 3 } });
		const answers = [await create(api, 'actOne'), await create(api, 'actOne'), await create(api, 'actOne')];
		expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
		expect(answers[2]?.headers.get('retry-after')).toBe('3');
		expect(api.tasks.size).toBe(2);
		api.settings.rateLimit = { perSecond: 2 };
		expect((await create(api, 'actOne')).headers.get('retry-after')).toBeNull();
	});

	it('wait the latency set, and count requests in flight', async () => {
		const api = await start({ latencyMs: 80 });
		const began = Date.now();
		await Promise.all(['a', 'b', 'c'].map(async (id) => await read(api, id)));
		expect(Date.now() - began).toBeGreaterThanOrEqual(75);
		expect(api.peakInFlight).toBe(3);
	});

	it('log neither the key nor a signature', async () => {
		const lines: string[] = [];
		const api = await start({ log: (line) => lines.push(line) });
		const url = await finishedUrl(api);
		await fetch(url);
		await call(api, 'GET', `/user/quota?key=${api.apiKey}`, undefined, {});
		await until(() => lines.length === 4);
		expect(lines.join('\n')).not.toMatch(/sk-|_jwt/);
		expect(lines[0]).toMatch(/^POST \/runwayml\/v1\/image_to_video 200 \d+ ms [-\w]{36}$/);
	});

	it('forget everything on reset, and go back to the settings of the start', async () => {
		const api = await start({ renderMs: 10, callbacks: { times: 2 } });
		const { settings } = api;
		api.settings.renderMs = 5000;
		api.settings.callbacks.times = 9;
		api.settings.envelope = 'wrapped';
		const fault = api.fault({ on: 'any', kind: 'saturated', times: Infinity });
		await create(api, 'actOne');
		api.reset();
		expect(api.settings).toBe(settings);
		expect(api.settings).toMatchObject({
			renderMs: 10,
			envelope: {},
			callbacks: { times: 2, enabled: true },
		});
		expect((await create(api, 'actOne')).status).toBe(200);
		expect([api.requests.length, api.tasks.size, fault.used]).toEqual([1, 1, 1]);
	});

	it('close at once, whatever is still going on', async () => {
		const api = await start({ assetBytes: 1_000_000_000, assetBytesPerSecond: 100_000 });
		const url = await finishedUrl(api);
		api.fault({ on: 'create', kind: 'timeout' });
		api.fault({ on: 'read', kind: 'slow', ms: 60_000 });
		const open = [
			fetch(url).then(async (response) => await response.arrayBuffer()),
			create(api, 'actOne'),
			read(api, 'x'),
		].map(async (request) => await expect(request).rejects.toThrow());
		await until(() => api.requests.length === 5);
		const began = Date.now();
		await api.close();
		expect(Date.now() - began).toBeLessThan(1000);
		await Promise.all(open);
		await expect(fetch(api.url)).rejects.toThrow();
	});
});
