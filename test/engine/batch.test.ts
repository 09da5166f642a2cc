import type { IDataObject } from 'n8n-workflow';

import type { StandIn } from '../support/standin';
import { bench, closeBench, CONTINUE, imageToVideo, prompts, textOf, textToVideo, topic, until } from './bench';

afterAll(closeBench);

const promptsCreated = ({ tasks }: StandIn) => [...tasks.values()].map(({ prompt }) => prompt);

topic('A batch', (test) => {
	test(
		'takes about as long as its slowest task, not as long as all of them',
		bench(async ({ api, run }) => {
			const { items } = await run(imageToVideo(), {
				items: prompts(...Array.from({ length: 12 }, (_, n) => `[takes 2500 ms] ${n}`)),
			});

			expect(items.map(({ json }) => json.status)).toEqual(Array(12).fill('succeeded'));
			const created = api.creates.map(({ at }) => at);
			const firstDone = Math.min(...[...api.tasks.values()].map(({ readyAt }) => readyAt));
			expect(Math.max(...created)).toBeLessThan(firstDone);
		}),
	);

	test(
		'keeps the order of the items and their pairing when tasks finish the other way round',
		bench(async ({ api, engine, run }) => {
			api.settings.renderMs = 3_600_000;
			const running = run(imageToVideo(), { items: prompts('0', '1', '2', '3', '4') });
			await until(() => api.tasks.size === 5, 20_000);
			for (const prompt of ['4', '3', '2', '1', '0']) {
				const id = [...api.tasks.values()].find((task) => task.prompt === prompt)?.id ?? '';
				api.finish(id);
				const seen = api.reads.length;
				await until(() => api.reads.slice(seen).some(({ taskId, endedAt }) => taskId === id && endedAt), 20_000);
			}
			const { items } = await running;
			expect(items.map(({ json }) => api.tasks.get(String(json.taskId))?.prompt)).toEqual(['0', '1', '2', '3', '4']);
			expect(items.map(({ pairedItem }) => pairedItem)).toEqual([0, 1, 2, 3, 4].map((item) => ({ item })));
			for (const item of items) {
				expect(item.binary?.data?.fileName).toBe(`runway-${String(item.json.taskId)}.mp4`);
				expect(await engine.bytesOf(item)).toEqual(api.assetBytes('video'));
			}
		}),
	);

	test(
		'has no more requests in flight than Max Parallel Requests allows',
		bench(async ({ api, run }) => {
			api.settings.latencyMs = 60;
			await run(imageToVideo({ maxParallel: 2 }), { items: prompts('a', 'b', 'c', 'd', 'e', 'f') });

			expect(api.creates).toHaveLength(6);
			expect(api.peakInFlight).toBe(2);
		}),
	);

	test(
		'makes good use of the requests it may have in flight',
		bench(async ({ api, run }) => {
			api.settings.latencyMs = 1_000;
			await run(imageToVideo({}, { completion: 'return' }), { items: prompts('a', 'b', 'c', 'd', 'e', 'f', 'g') });

			expect(api.peakInFlight).toBe(5);
		}),
	);

	test(
		'renders one task at a time if Max Tasks in Progress is 1',
		bench(async ({ api, run }) => {
			const { items } = await run(imageToVideo({ maxTasksInProgress: 1 }), { items: prompts('a', 'b', 'c') });

			expect(items.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
			expect(promptsCreated(api)).toEqual(['a', 'b', 'c']);
			const [first, second, third] = [...api.tasks.values()];
			expect(second?.createdAt).toBeGreaterThanOrEqual(first?.readyAt ?? Infinity);
			expect(third?.createdAt).toBeGreaterThanOrEqual(second?.readyAt ?? Infinity);
		}),
	);

	test(
		'gives the task ids at once if it need not wait',
		bench(async ({ api, run }) => {
			const { items, hints } = await run(imageToVideo({}, { completion: 'return' }), { items: prompts('a', 'b') });

			expect(items.map(({ json }) => json.taskId)).toEqual([...api.tasks.keys()]);
			expect(items.map(({ json }) => json.status)).toEqual(['queued', 'queued']);
			expect(items.map(({ binary }) => binary)).toEqual([undefined, undefined]);
			expect(items.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
			expect(api.reads).toHaveLength(0);
			expect(hints).toEqual([]);
		}),
	);

	test(
		'leaves URLs and no file if the file is not wanted',
		bench(async ({ api, run }) => {
			const { items } = await run(imageToVideo({}, { download: false }));

			expect(items[0]?.binary).toBeUndefined();
			expect(items[0]?.json.videoUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/assets\/.+\/video\.mp4\?_jwt=/);
			expect(items[0]?.json).not.toHaveProperty('downloadError');
			expect(api.downloads).toHaveLength(0);
		}),
	);

	test(
		'puts the file into the field that the user names',
		bench(async ({ api, engine, run }) => {
			const { items } = await run(imageToVideo({ binaryField: 'clip' }));

			expect(Object.keys(items[0]?.binary ?? {})).toEqual(['clip']);
			expect(await engine.bytesOf(items[0], 'clip')).toEqual(api.assetBytes('video'));
		}),
	);

	test(
		'adds the untouched last answer as raw if that is wanted',
		bench(async ({ run }) => {
			const [waited, returned, without] = await Promise.all([
				run(imageToVideo({ includeRaw: true })),
				run(imageToVideo({ includeRaw: true }, { completion: 'return' })),
				run(imageToVideo({}, { completion: 'return' })),
			]);

			const { json } = waited.items[0] ?? { json: {} as IDataObject };
			expect(json.raw).toMatchObject({ id: json.taskId, status: 'SUCCEEDED', output: [json.videoUrl] });
			expect(returned.items[0]?.json.raw).toEqual({ id: returned.items[0]?.json.taskId });
			expect(without.items[0]?.json).not.toHaveProperty('raw');
		}),
	);

	test(
		'tells the editor how far it is',
		bench(async ({ run }) => {
			const items = prompts('a', 'b', 'c');
			const waited = await run(imageToVideo(), { items });
			expect(waited.messages).toEqual([1, 2, 3].map((done) => `${done} of 3 Runway tasks done`));
			const returned = await run(imageToVideo({}, { completion: 'return' }), { items });
			expect(returned.messages.at(-1)).toBe('3 of 3 Runway tasks created');
		}),
	);

	test(
		'passes on nothing if nothing came in',
		bench(async ({ api, run }) => {
			const { items } = await run(imageToVideo(), { items: [] });
			expect(items).toEqual([]);
			expect(api.requests).toHaveLength(0);
		}),
	);
});

topic('What is sent', (test) => {
	const atOnce = { completion: 'return' };

	test(
		'has the additional fields merged in last',
		bench(async ({ api, run }) => {
			const additionalFields = '{ "contentModeration": { "publicFigureThreshold": "low" }, "ratio": "720:1280" }';
			const model = { __rl: true, mode: 'id', value: 'gen4_turbo' };
			await run(imageToVideo({ additionalFields }, { ...atOnce, model }));
			await run(imageToVideo({ additionalFields: '={{ { newField: $json.n } }}' }, atOnce), { items: [{ n: 7 }] });
			await run(imageToVideo({ additionalFields: '' }, atOnce));

			expect(api.creates[0]?.body).toMatchObject({
				promptText: 'slow push-in',
				ratio: '720:1280',
				contentModeration: { publicFigureThreshold: 'low' },
			});
			expect(api.creates[1]?.body).toMatchObject({ newField: 7 });
			expect(api.creates).toHaveLength(3);
		}),
	);

	test(
		'is nothing if the additional fields are not a JSON object, and the error names them',
		bench(async ({ api, fail }) => {
			for (const additionalFields of ['{ "a": ', '[1]', '"text"', '12', 'null']) {
				const error = await fail(imageToVideo({ additionalFields }, atOnce));
				expect(error.message).toContain('Additional Fields (JSON)" must be a JSON object');
				// Free JSON may hold secrets, so it is not repeated.
				expect(error.message).not.toContain(additionalFields.trim());
				expect(error.context.itemIndex).toBe(0);
			}
			expect(api.requests).toHaveLength(0);
		}),
	);

	test(
		"reports to the user's own n8n, or to the URL given",
		bench(async ({ api, run }) => {
			await run(textToVideo({}, atOnce));
			await run(textToVideo({ callbackUrl: ' https://hooks.example.com/mine ' }, atOnce));

			const urls = api.creates.map(({ body }) => (body as IDataObject).callback_url);
			// n8n 2.x signs the address; the path must still end in a segment of its own.
			expect(urls[0]).toMatch(/^https:\/\/n8n\.example\.com\/webhook-waiting\/42\/runway(\?signature=\w+)?$/);
			expect(urls[1]).toBe('https://hooks.example.com/mine');
		}),
	);

	test(
		'carries the API version on creates and reads',
		bench(async ({ api, run }) => {
			await run(imageToVideo());
			expect(new Set(api.requests.map(({ headers }) => headers['x-runway-version']))).toEqual(
				new Set(['2024-11-06', undefined]),
			);
			expect(api.downloads.map(({ headers }) => headers['x-runway-version'])).toEqual([undefined]);

			await run(imageToVideo({ runwayVersion: '2025-01-02' }, atOnce));
			expect(api.creates.at(-1)?.headers['x-runway-version']).toBe('2025-01-02');
		}),
	);
});

topic('A wrong value', (test) => {
	const duration = '={{ $json.seconds }}';
	const seconds = (...values: unknown[]) => values.map((value) => ({ seconds: value }) as IDataObject);

	test(
		'in one item of many stops the run before the first create and is named',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo({}, { duration }), { items: seconds(5, 5, 61, 5) });

			expect(error.name).toBe('NodeOperationError');
			expect(error.context.itemIndex).toBe(2);
			expect(error.message).toContain('Duration');
			expect(error.message).toContain('61');
			expect(error.message).toContain('1 to 60');
			expect(error.description).toContain('nothing was billed');
			expect(api.requests).toHaveLength(0);
		}),
	);

	test(
		'in several items is mentioned for each of them',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo({}, { duration }), { items: seconds(5, 61, 5, 'long', 0) });

			expect(error.context.itemIndex).toBe(1);
			expect(error.message).toContain('61');
			expect(error.description).toMatch(/4th item: .*"long"/);
			expect(error.description).toMatch(/5th item: .*\b0\b/);
			expect(api.requests).toHaveLength(0);
		}),
	);

	test(
		'in several fields of one item is mentioned for each of them',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo({}, { duration: 5.5, imageUrl: 'ftp://x/y', ratio: '1280x720' }));

			expect(error.message).toMatch(/Image URL.*ftp:\/\/x\/y/);
			expect(error.message).toMatch(/Ratio.*1280x720/);
			expect(error.message).toMatch(/Duration.*5\.5/);
			expect(api.requests).toHaveLength(0);
		}),
	);

	test(
		'costs only its own item if the node is set to continue',
		bench(async ({ api, run }) => {
			const { items } = await run(imageToVideo({}, { duration, completion: 'return' }), {
				items: seconds(5, 61, 10),
				onError: CONTINUE,
			});

			expect(items.map(({ json }) => json.status)).toEqual(['queued', undefined, 'queued']);
			const bad = items[1];
			expect(Object.keys(bad?.json ?? {}).sort()).toEqual(['details', 'error', 'message']);
			expect(bad?.json.error).toContain('61');
			expect(bad?.json.message).toContain('nothing was billed');
			expect(bad?.json.details).toEqual({ created: false });
			expect(bad?.pairedItem).toEqual({ item: 1 });
			expect(items[2]?.pairedItem).toEqual({ item: 2 });
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'next to an expression that cannot be resolved leaves neither unmentioned',
		bench(async ({ api, fail }) => {
			const prompt = '={{ $json.seconds > 60 ? "a" : $("Nowhere").first().json.prompt }}';
			const items = [{ seconds: 61 }, { seconds: 5 }, { seconds: 62 }];
			const error = await fail(imageToVideo({}, { duration, prompt }), { items });

			expect(textOf(error)).toContain('61');
			expect(textOf(error)).toContain('62');
			expect(textOf(error)).toContain('2nd item:');
			expect(api.requests).toHaveLength(0);
		}),
	);

	test(
		'in the options stops the run before the first create, too',
		bench(async ({ api, fail, run }) => {
			const bad: Array<[string, unknown]> = [
				['timeout', 'soon'],
				['timeout', -5],
				['timeout', 0],
				['pollInterval', 'often'],
				['maxParallel', 'many'],
				['maxTasksInProgress', 'few'],
				['runwayVersion', 'vor 2024-11-06 …'],
			];
			const passed: string[] = [];
			for (const [name, value] of bad) {
				const signal = AbortSignal.timeout(3_000);
				const options = { [name]: `={{ $json.value }}` };
				const error = await fail(imageToVideo(options), { items: [{ value } as IDataObject], signal }).catch(
					() => null,
				);
				if (api.creates.length > 0 || !error?.message.includes(String(value))) passed.push(`${name}: ${String(value)}`);
				api.reset();
			}
			expect(passed).toEqual([]);
			// A number as text is none of these.
			await run(imageToVideo({ maxParallel: '3' }, { completion: 'return' }));
		}),
	);
});
