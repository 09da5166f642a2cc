import type { IDataObject } from 'n8n-workflow';

import {
	bench,
	closeBench,
	CONTINUE,
	imageToVideo,
	makeTask,
	prompts,
	task,
	tasksIn,
	textOf,
	textToVideo,
	topic,
} from './bench';

afterAll(closeBench);

const ROUTE_OF_FEED = '/runway/feed';
const GENERATE = '/runway/pro/generate';
/** Until the routes know the tasks made so far. */
const visible = async () => await new Promise((resolve) => setTimeout(resolve, 100));

topic('Task IDs', (test) => {
	test(
		'may be one, or several in one field, however they are separated',
		bench(async (place) => {
			const ids = [await makeTask(place), await makeTask(place), await makeTask(place)];
			for (const separator of [',', ', ', ' ', '\n', ' ,\n']) {
				const { items } = await place.run(task('get', { taskId: ids.join(separator) }, { api: 'official' }));
				expect(items.map(({ json }) => json.taskId)).toEqual(ids);
				expect(items.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 0 }, { item: 0 }]);
			}
			const [only = ''] = ids;
			const { items } = await place.run(task('get', { taskId: ` ${only} ` }, { api: 'official' }));
			expect(items.map(({ json }) => json.taskId)).toEqual([only]);
		}),
	);

	test(
		'may be a list, and each item keeps its own',
		bench(async (place) => {
			const ids = [await makeTask(place), await makeTask(place), await makeTask(place)];
			const items = [{ ids: ids.slice(0, 2) }, { ids: ids.slice(2) }];
			const output = await place.run(task('get', { taskId: '={{ $json.ids }}' }, { api: 'official' }), { items });

			expect(output.items.map(({ json }) => json.taskId)).toEqual(ids);
			expect(output.items.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 0 }, { item: 1 }]);
		}),
	);

	test(
		'given twice in one field make one item',
		bench(async (place) => {
			const id = await makeTask(place);
			const { items } = await place.run(task('get', { taskId: `${id},${id}` }, { api: 'official' }));
			expect(items).toHaveLength(1);
		}),
	);

	test(
		'come from the items of a create that did not wait, route and all',
		bench(async ({ api, engine, run }) => {
			for (const parameters of [imageToVideo, textToVideo]) {
				const created = await run(parameters({}, { completion: 'return' }), { items: prompts('a', 'b') });
				await visible();
				const before = api.reads.length;
				const { items } = await run(task('wait'), { items: created.items });

				expect(items.map(({ json }) => json.taskId)).toEqual(created.items.map(({ json }) => json.taskId));
				expect(items.map(({ json }) => json.api)).toEqual(created.items.map(({ json }) => json.api));
				expect(items.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
				expect(items.map(({ json }) => json.operation)).toEqual(['wait', 'wait']);
				expect(items.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
				for (const item of items) expect(await engine.bytesOf(item)).toEqual(api.assetBytes('video'));
				const route = created.items[0]?.json.api === 'official' ? /^\/runwayml\/v1\/tasks\// : /^\/runway\/feed$/;
				for (const { path } of api.reads.slice(before)) expect(path).toMatch(route);
			}
		}),
	);

	test(
		'that are missing are named before anything is sent',
		bench(async ({ api, fail }) => {
			for (const taskId of ['', ' , ', '={{ $json.nothing }}', '={{ [] }}', '={{ null }}']) {
				const error = await fail(task('get', { taskId }));
				expect(error.message).toContain('"Task ID" must name at least one task');
				expect(error.context.itemIndex).toBe(0);
			}
			expect(api.requests).toHaveLength(0);
		}),
	);

	test(
		'cannot lead to another route',
		bench(async ({ api, attempt }) => {
			await attempt(task('get', { taskId: '../../v1/models?x=1#' }, { api: 'official', timeout: 1 }));
			expect(api.requests.length).toBeGreaterThan(0);
			for (const { path, query } of api.requests) {
				expect(path).toMatch(/^\/runwayml\/v1\/tasks\/[^/]+$/);
				expect(query).toEqual({});
			}
		}),
	);
});

topic('The route of a task', (test) => {
	test(
		'is found out with at most one request more than needed',
		bench(async (place) => {
			const { api, run } = place;
			const official = await makeTask(place);
			const compatible = await makeTask(place, { path: GENERATE });
			await visible();
			const { items } = await run(task('wait', { taskId: `${official} ${compatible}`, download: false }));

			expect(items.map(({ json }) => json.api)).toEqual(['official', 'compatibility']);
			const asked = (id: string, path: string) =>
				api.reads.filter((read) => read.taskId === id && read.path.startsWith(path)).length;
			expect(asked(official, ROUTE_OF_FEED)).toBeLessThanOrEqual(1);
			expect(asked(compatible, '/runwayml')).toBeLessThanOrEqual(1);
		}),
	);

	test(
		'is asked for alone if the user names it',
		bench(async (place) => {
			const { api, run } = place;
			const taskId = await makeTask(place, { path: GENERATE });
			const { items } = await run(task('wait', { taskId, download: false }, { api: 'compatibility' }));
			expect(items[0]?.json).toMatchObject({ taskId, api: 'compatibility', status: 'succeeded' });
			expect(new Set(api.reads.map(({ path }) => path))).toEqual(new Set([ROUTE_OF_FEED]));
		}),
	);
});

topic('Get', (test) => {
	test(
		'tells of a task in any state with one look, as data',
		bench(async (place) => {
			const { api, run } = place;
			const ids: string[] = [];
			for (const prompt of ['[stuck]', '[fail SAFETY.INPUT.TEXT]', '[cancelled]', '[no url]', 'fine', '[unknown]']) {
				ids.push(await makeTask(place, { prompt }));
			}
			await new Promise((resolve) => setTimeout(resolve, 300));
			const { items } = await run(task('get', { taskId: ids.join(',') }, { api: 'official' }));

			expect(items.map(({ json }) => json.status)).toEqual([
				'running', 'failed', 'cancelled', 'succeeded', 'succeeded', 'unknown',
			]); // prettier-ignore
			expect(items[1]?.json.failure).toEqual({
				code: 'SAFETY.INPUT.TEXT',
				message: 'The text prompt did not pass content moderation.',
				retryable: false,
			});
			expect(items.some(({ json }) => 'error' in json)).toBe(false);
			expect(api.reads).toHaveLength(6);
			expect(api.downloads).toHaveLength(0);
		}),
	);

	test(
		'says that CometAPI does not know an id, and continues with the others if it is set to',
		bench(async (place) => {
			const known = await makeTask(place);
			const parameters = task('get', { taskId: `no-such-task,${known}` }, { api: 'official' });
			const [error, { items }] = await Promise.all([
				place.fail(parameters),
				place.run(parameters, { onError: CONTINUE }),
			]);

			expect(error.message).toBe('CometAPI does not know the task no-such-task');
			expect(error.description).toContain('Check the task ID');
			expect(items[0]?.json.error).toBe('CometAPI does not know the task no-such-task');
			expect(items[1]?.json).toMatchObject({ taskId: known, failure: null });
		}),
	);
});

topic('Wait', (test) => {
	test(
		'takes a task that failed for an error, at once',
		bench(async (place) => {
			const taskId = await makeTask(place, { prompt: '[fail INTERNAL]' });
			const fine = await makeTask(place);
			const error = await place.fail(task('wait', { taskId: `${taskId} ${fine}` }, { api: 'official' }));

			expect(error.message).toBe('The task failed: An unexpected error occurred.');
			expect(error.description).toContain(taskId);
			expect(tasksIn(error).map(({ status }) => status)).toEqual(['failed', 'succeeded']);
		}),
	);

	test(
		'for an unknown id up to the time limit says that CometAPI does not know it',
		bench(async ({ fail }) => {
			const error = await fail(task('wait', { taskId: 'no-such-task' }, { api: 'official', timeout: 1 }));
			expect(textOf(error)).toContain('no-such-task');
			expect(error.message).toMatch(/does not know/);
			expect(error.description).not.toMatch(/exists at CometAPI|still running/);
		}),
	);

	test(
		'looks at once at a task that may have ended long ago',
		bench(async (place) => {
			const taskId = await makeTask(place);
			place.api.finish(taskId);
			const { items } = await place.run(task('wait', { taskId, download: false }, { timeout: 30, pollInterval: 60 }));
			expect(items[0]?.json.status).toBe('succeeded');
			expect(place.api.reads).toHaveLength(1);
		}),
	);
});

topic('Download', (test) => {
	test(
		'fetches the files of finished tasks, videos and pictures',
		bench(async (place) => {
			const { api, engine, run } = place;
			const ids = [
				await makeTask(place),
				await makeTask(place, { path: '/runwayml/v1/text_to_image' }),
				await makeTask(place, { path: GENERATE }),
			];
			await new Promise((resolve) => setTimeout(resolve, 300));
			const { items } = await run(task('download', { taskId: ids.join() }, { binaryField: 'file' }));

			const kinds = ['video', 'image', 'video'] as const;
			for (const [index, kind] of kinds.entries()) {
				expect(await engine.bytesOf(items[index], 'file')).toEqual(api.assetBytes(kind));
			}
			expect(items.map(({ binary }) => binary?.file?.mimeType)).toEqual(['video/mp4', 'image/png', 'video/mp4']);
			const { json } = items[1] ?? { json: {} as IDataObject };
			expect(json).toMatchObject({ videoUrl: null, imageUrl: (json.assetUrls as string[])[0] });
		}),
	);

	test(
		'of a task that is not finished says how far it is',
		bench(async (place) => {
			const taskId = await makeTask(place, { prompt: '[stuck]' });
			await new Promise((resolve) => setTimeout(resolve, 300));
			const error = await place.fail(task('download', { taskId }, { api: 'official' }));
			expect(error.message).toBe('The task is not finished: it is running');
			expect(error.description).toContain(taskId);
			expect(place.api.downloads).toHaveLength(0);
		}),
	);

	test(
		'of a task that failed says why',
		bench(async (place) => {
			const taskId = await makeTask(place, { prompt: '[fail SAFETY]' });
			const error = await place.fail(task('wait', { taskId }, { api: 'official' }));
			expect(error.message).toMatch(/^The task failed: .*moderation/);
			const again = await place.fail(task('download', { taskId }, { api: 'official' }));
			expect(again.message).toBe(error.message);
		}),
	);
});
