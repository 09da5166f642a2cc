import { STAND_IN_KEY, startStandIn } from '../../support/standin';
import type * as standIn from '../../support/standin';

export type Json = Record<string, unknown>;

/** What a test has started, closed after it. */
export const running: Array<{ close(): Promise<void> }> = [];

export async function start(options: standIn.StandInOptions = {}): Promise<standIn.StandIn> {
	const api = await startStandIn({ renderMs: 400, notVisibleMs: 0, queuedMs: 100, ...options });
	running.push(api);
	return api;
}

afterEach(async () => {
	jest.restoreAllMocks();
	await Promise.all(running.splice(0).map(async (one) => await one.close()));
});

export const usual = { Authorization: `Bearer ${STAND_IN_KEY}`, 'X-Runway-Version': '2024-11-06' };

export async function call(
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

export const zeros = { x: 0, y: 0, z: 0, r: 0, bg_x_pan: 0, bg_y_pan: 0 };
export const callback_url = 'https://hooks.example.com/rw';

export const bodies = {
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

export const paths: Record<standIn.StandInOperation, string> = {
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
export const operations = Object.keys(paths) as standIn.StandInOperation[];

export async function create(api: standIn.StandIn, operation: standIn.StandInOperation, change: Json = {}) {
	return await call(api, 'POST', paths[operation], { ...bodies[operation], ...change });
}

/** Creates a task and hands it out as the stand-in holds it. */
export async function task(
	api: standIn.StandIn,
	operation: standIn.StandInOperation = 'imageToVideo',
	change: Json = {},
) {
	await create(api, operation, change);
	const made = [...api.tasks.values()].at(-1);
	if (!made) throw new Error('no task was made');
	return made;
}

export async function read(api: standIn.StandIn, one: standIn.StandInTask | string, on?: 'feed' | 'official') {
	const id = typeof one === 'string' ? one : one.id;
	const route = on ?? (typeof one !== 'string' && one.family === 'compatibility' ? 'feed' : 'official');
	return route === 'feed'
		? await call(api, 'POST', '/runway/feed', { task_id: id })
		: await call(api, 'GET', `/runwayml/v1/tasks/${id}`);
}

/** Moves a task to the middle of a phase, so that no test has to wait for it. */
export function put(one: standIn.StandInTask, phase: 'throttled' | 'queued' | 'running'): void {
	const now = Date.now();
	const place = { throttled: [60_000, 70_000], queued: [-5_000, 5_000], running: [-50_000, -40_000] }[phase];
	one.admittedAt = now + (place[0] ?? 0);
	one.startedAt = now + (place[1] ?? 0);
	one.readyAt = now + 60_000;
}

/** Stops the clock, which the stand-in shares. @returns how to move it on, by milliseconds */
export function stopClock(): (ms: number) => void {
	let now = Date.now();
	jest.spyOn(Date, 'now').mockImplementation(() => now);
	return (ms) => (now += ms);
}

export async function finishedUrl(api: standIn.StandIn, change: Json = {}): Promise<string> {
	const one = await task(api, 'imageToVideo', change);
	api.finish(one.id);
	return ((await read(api, one)).json.output as string[])[0] ?? '';
}

export async function until(done: () => boolean): Promise<void> {
	for (let turn = 0; turn < 3_000 && !done(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 10));
	expect(done()).toBe(true);
}
