import type { APIError } from '@runwayml/sdk';
import RunwayML, { BadRequestError, InternalServerError, TaskFailedError } from '@runwayml/sdk';
import type * as standIn from '../../support/standin';
import { start } from './harness';

/** Between two looks at a task, Runway's client waits 4.5 to 7.5 seconds; here, no time at all. */
function hurry(): void {
	const { setTimeout: wait } = globalThis;
	jest
		.spyOn(globalThis, 'setTimeout')
		.mockImplementation(((act: () => void, ms = 0, ...rest: []) =>
			wait(act, ms >= 4500 && ms <= 7500 ? 1 : ms, ...rest)) as typeof setTimeout);
}

afterEach(() => jest.restoreAllMocks());

/** CometAPI's official routes are Runway's own under another path. */
function clientOf(api: standIn.StandIn): RunwayML {
	return new RunwayML({ apiKey: api.apiKey, baseURL: `${api.url}/runwayml`, maxRetries: 0 });
}

const picture = 'https://img.example.com/pier.jpg';
const clip = 'https://vid.example.com/street.mp4';

/** What a refused call throws. */
async function refusal(call: Promise<unknown>): Promise<unknown> {
	return await call.then(
		() => undefined,
		(error: unknown) => error,
	);
}

type Create = (client: RunwayML) => ReturnType<RunwayML['imageToVideo']['create']>;

describe("Runway's own client, at the official routes", () => {
	it.each<[standIn.StandInOperation, Create]>([
		[
			'imageToVideo',
			(client) =>
				client.imageToVideo.create({
					model: 'gen4.5',
					promptImage: [{ uri: picture, position: 'first' }],
					promptText: 'slow push-in',
					ratio: '1280:720',
					duration: 5,
				}),
		],
		[
			'textToImage',
			(client) =>
				client.textToImage.create({
					model: 'gen4_image',
					promptText: '@pier at dawn',
					ratio: '1920:1080',
					referenceImages: [{ uri: picture, tag: 'pier' }],
				}),
		],
		[
			'videoToVideo',
			(client) =>
				client.videoToVideo.create({
					model: 'aleph2',
					videoUri: clip,
					promptText: 'make it snow',
					targetAspectRatio: '16:9',
					keyframes: [{ uri: picture, seconds: 1 }],
				}),
		],
		[
			'characterPerformance',
			(client) =>
				client.characterPerformance.create({
					model: 'act_two',
					character: { type: 'image', uri: picture },
					reference: { type: 'video', uri: clip },
					ratio: '1280:720',
				}),
		],
		[
			'upscale',
			(client) => client.videoUpscale.create({ model: 'enhance_frame_rate', videoUri: clip, targetFramerate: '60' }),
		],
	])('creates a task of %s, follows it to its end and fetches its file', async (operation, create) => {
		hurry();
		const api = await start({ renderMs: 60, queuedMs: 20, notVisibleMs: 0, costs: true });
		const client = clientOf(api);
		const created = await create(client);
		expect(created).toEqual({ id: expect.any(String), estimatedCost: { credits: 25 } });
		expect(api.tasks.get(created.id)).toMatchObject({ operation, unknownFields: [] });
		const task = await client.tasks.retrieve(created.id).waitForTaskOutput();
		const [url = ''] = task.output ?? [];
		expect(task).toMatchObject({ id: created.id, status: 'SUCCEEDED', cost: { credits: 25 } });
		const file = Buffer.from(await (await fetch(url)).arrayBuffer());
		expect(file.equals(api.assetBytes(operation === 'textToImage' ? 'image' : 'video'))).toBe(true);
		expect(api.creates).toHaveLength(1);
		expect(api.creates[0]?.headers['x-runway-version']).toBe('2024-11-06');
	});

	it('waits for the output of what it has just created, and is told of a failure with its code', async () => {
		hurry();
		const api = await start({ renderMs: 40, queuedMs: 10, costs: true });
		const { imageToVideo } = clientOf(api);
		const body = { model: 'gen4_turbo', promptImage: picture, ratio: '1280:720' } as const;
		const task = await imageToVideo.create({ ...body, promptText: 'waves' }).waitForTaskOutput();
		expect(task.output).toEqual([expect.stringContaining('/video.mp4?_jwt=')]);
		const failing = imageToVideo.create({ ...body, promptText: '[fail SAFETY.INPUT.TEXT]' }).waitForTaskOutput();
		const error = await refusal(failing);
		expect(error).toBeInstanceOf(TaskFailedError);
		expect((error as TaskFailedError).taskDetails).toMatchObject({
			status: 'FAILED',
			failureCode: 'SAFETY.INPUT.TEXT',
			cost: { credits: 0 },
		});
	});

	it('sees a task throttled, then pending, then running, each with its estimated cost', async () => {
		const api = await start({ renderMs: 60_000, concurrency: 1, costs: true });
		const client = clientOf(api);
		const body = { model: 'gen4_turbo', promptImage: picture, ratio: '1280:720' } as const;
		const [first, second] = [await client.imageToVideo.create(body), await client.imageToVideo.create(body)];
		const estimatedCost = { credits: 25 };
		expect(await client.tasks.retrieve(second.id)).toMatchObject({ status: 'THROTTLED', estimatedCost });
		expect(await client.tasks.retrieve(first.id)).toMatchObject({ status: 'PENDING', estimatedCost });
		const one = api.tasks.get(first.id);
		if (one) one.startedAt = Date.now() - 1000;
		expect(await client.tasks.retrieve(first.id)).toMatchObject({
			status: 'RUNNING',
			progress: expect.any(Number),
			estimatedCost,
		});
	});

	it('is refused a ratio and a duration with the issues readable', async () => {
		const api = await start();
		// As a workflow might fill them in; the types would not allow it.
		const wrong = { model: 'gen4_turbo', promptImage: picture, ratio: '16:9', duration: 11 } as never;
		const error = await refusal(clientOf(api).imageToVideo.create(wrong));
		expect(error).toBeInstanceOf(BadRequestError);
		const { status, error: body } = error as BadRequestError;
		expect([status, body]).toEqual([
			400,
			{
				error: 'Validation of body failed',
				issues: [
					{ code: 'too_big', path: ['duration'], message: expect.any(String) },
					{ code: 'invalid_value', path: ['ratio'], message: expect.stringContaining('"1280:720"|"720:1280"') },
				],
				docUrl: expect.any(String),
			},
		]);
		expect(api.tasks.size).toBe(0);
	});

	it('is told that no channel serves a model, and that a key is wrong', async () => {
		const api = await start({ noChannelFor: ['gen4_turbo'] });
		const body = { model: 'gen4_turbo', promptImage: picture, ratio: '1280:720' } as const;
		const error = await refusal(clientOf(api).imageToVideo.create(body));
		expect(error).toBeInstanceOf(InternalServerError);
		expect((error as APIError).status).toBe(503);
		expect((error as APIError).error).toMatchObject({ error: { code: 'model_not_found' } });
		const stranger = new RunwayML({ apiKey: 'sk-other', baseURL: `${api.url}/runwayml`, maxRetries: 0 });
		expect(await refusal(stranger.tasks.retrieve('x'))).toMatchObject({ status: 401 });
	});
});
