import type * as standIn from '../../support/standin';
import type { Json } from './harness';
import { bodies, call, create, put, read, start, stopClock, task } from './harness';

describe('get-task routes', () => {
	it('follow the clock: unknown at first, then queued, running with growing progress, and done', async () => {
		const api = await start({ notVisibleMs: 200, queuedMs: 400, renderMs: 1_200 });
		const moveOn = stopClock();
		const one = await task(api);
		const seen: string[] = [];
		const progress: number[] = [];
		for (let json: Json = {}; json.status !== 'SUCCEEDED';) {
			json = (await read(api, one)).json;
			const word = String(json.status ?? json.code);
			if (seen.at(-1) !== word) seen.push(word);
			if (json.status === 'RUNNING') progress.push(json.progress as number);
			moveOn(20);
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
		const progress = expect.closeTo(0.4, 1);
		expect(busy).toEqual({ id, status: 'RUNNING', createdAt, progress, estimatedCost: { credits: 25 } });
		const failure = { failure: 'it broke', failureCode: 'INTERNAL' };
		expect(failed).toEqual({ id, status: 'FAILED', createdAt, ...failure, cost: { credits: 0 } });
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

	it.each<[standIn.EnvelopeName, Json]>([
		['output-objects', { output: [{ url }] }],
		['output-video-url', { output: { video_url: url } }],
		['video-object', { video: { url } }],
		['plain-url', { url }],
	])('answer as other providers do, with the result as %s', async (envelope, result) => {
		const { id, queued, busy, failed, done } = await walk({ envelope });
		expect([queued, busy]).toEqual([
			{ id, status: 'queued' },
			{ id, status: 'processing' },
		]);
		expect(failed).toEqual({ id, status: 'failed', error: { code: 'INTERNAL', message: 'it broke' } });
		expect(done).toEqual({ id, status: 'completed', ...result });
	});

	it('put other words for the states into each envelope that has words', async () => {
		const statusWords = { running: 'rendering', succeeded: 'done', failed: 'expired' };
		const words = async (envelope: standIn.EnvelopeName, place: (json: Json) => unknown) => {
			const { busy, failed, done } = await walk({ envelope, statusWords });
			return [busy, failed, done].map(place);
		};
		const flat = ({ status }: Json) => status;
		for (const envelope of ['official-flat', 'official-lowercase', 'feed-flat', 'plain-url'] as const) {
			expect(await words(envelope, flat)).toEqual(['rendering', 'expired', 'done']);
		}
		expect(await words('wrapped', ({ data }) => (data as Json).status)).toEqual(['rendering', 'expired', 'done']);
		const { done } = await walk({ envelope: 'official-flat', statusWords }, 'imageToVideo');
		expect(done).toEqual({ id: done.id, status: 'done', createdAt: expect.any(String), output: [url] });
	});

	it('say what a task costs, if that is asked for', async () => {
		const api = await start({ costs: true });
		expect((await create(api, 'upscale')).json).toEqual({ id: expect.any(String), estimatedCost: { credits: 25 } });
		const costs = async (settings: standIn.StandInOptions) => {
			const { queued, failed, done } = await walk(settings);
			return [queued, failed, done].map(({ data }) => (data as Json).quota);
		};
		expect(await costs({ envelope: 'wrapped', costs: true })).toEqual([160_000, 160_000, 160_000]);
		expect(await costs({ envelope: 'wrapped' })).toEqual([undefined, undefined, undefined]);
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
		const moveOn = stopClock();
		const api = await start({ concurrency: 1, renderMs: 150, queuedMs: 0 });
		const [first, second] = [await task(api), await task(api)];
		expect((await read(api, first)).json.status).toBe('RUNNING');
		expect((await read(api, second)).json.status).toBe('THROTTLED');
		expect(second.readyAt).toBe(first.readyAt + 150);
		moveOn(150);
		expect((await read(api, first)).json.status).toBe('SUCCEEDED');
		expect((await read(api, second)).json.status).toBe('RUNNING');
	});
});
