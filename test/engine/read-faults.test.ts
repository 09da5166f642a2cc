import type { Fault, NotExistShape } from '../support/standin';
import { bench, closeBench, CONTINUE, imageToVideo, prompts, tasksIn, textOf, textToVideo, topic } from './bench';

afterAll(closeBench);

const passing: Array<[title: string, fault: Omit<Fault, 'on'>]> = [
	['HTTP 429', { kind: 'saturated' }],
	['HTTP 429 with Retry-After', { kind: 'saturated', retryAfter: 1 }],
	['HTTP 408', { kind: 'status', status: 408 }],
	['HTTP 500', { kind: 'status', status: 500 }],
	['HTTP 502 as plain text', { kind: 'status', status: 502, shape: 'text' }],
	['HTTP 503 without a body', { kind: 'status', status: 503, shape: 'empty' }],
	['HTTP 524', { kind: 'status', status: 524 }],
	['a web page', { kind: 'html' }],
	['an error page with HTTP 502', { kind: 'html', status: 502 }],
	['an answer that is cut off', { kind: 'truncated-json' }],
	['half an answer that claims to be whole', { kind: 'truncated-json', length: 'honest' }],
	['an empty object', { kind: 'empty-object' }],
	['JSON of another kind', { kind: 'wrong-json' }],
	['a broken connection', { kind: 'reset-before' }],
	['a refused connection', { kind: 'refuse' }],
	['no answer', { kind: 'timeout' }],
];

topic('A read that fails for the moment', (test) => {
	for (const parameters of [imageToVideo, textToVideo]) {
		const { operation } = parameters();
		test(`never fails a task of ${String(operation)}, whatever the fault is`, async () => {
			const seen = await Promise.all(
				passing.map(async ([title, fault]) => {
					let status: unknown;
					await bench(async ({ api, attempt }) => {
						const handle = api.fault({ on: 'read', ...fault });
						// Only what gets no answer needs an end, and a busy machine its time for all the others.
						const limits = fault.kind === 'timeout' ? { longestRequestMs: 2_000 } : {};
						const { items, error } = await attempt(parameters({}, { download: false }), limits);
						status = handle.used === 1 ? (items[0]?.json.status ?? String(error)) : 'the fault did not happen';
						if (api.creates.length !== 1) status = `${api.creates.length} creates`;
					})();
					return [title, status];
				}),
			);
			expect(seen.filter(([, status]) => status !== 'succeeded')).toEqual([]);
		});
	}

	test(
		'makes nobody ask before the time that CometAPI names in a 429 is over',
		bench(async ({ api, run }) => {
			api.fault({ on: 'read', kind: 'saturated', retryAfter: 2 });
			const { items } = await run(imageToVideo({ maxParallel: 1 }, { download: false }), {
				items: prompts('a', 'b', 'c', 'd'),
			});

			expect(items.map(({ json }) => json.status)).toEqual(Array(4).fill('succeeded'));
			const [refused, ...later] = api.reads;
			const pauses = later.map(({ at }) => at - (refused?.endedAt ?? 0));
			expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1_950);
		}),
	);

	test(
		'waits as long as a 503 asks for, too',
		bench(async ({ api, run }) => {
			api.fault({ on: 'read', kind: 'status', status: 503, retryAfter: 4 });
			await run(imageToVideo({}, { download: false }));
			const [failed, next] = api.reads;
			expect((next?.at ?? 0) - (failed?.endedAt ?? 0)).toBeGreaterThanOrEqual(3_950);
		}),
	);

	test(
		'of one task does not hold up the others',
		bench(async ({ api, run }) => {
			let troubled: string | undefined;
			api.fault({
				on: 'read',
				kind: 'status',
				status: 502,
				times: 3,
				match: ({ path }) => path === (troubled ??= path),
			});
			await run(imageToVideo({}, { download: false }), { items: prompts('a', 'b', 'c') });

			const others = api.reads.filter(({ path }) => path !== troubled);
			const lastOfOthers = Math.max(...others.map(({ at }) => at));
			const lastOfTroubled = Math.max(...api.reads.filter(({ path }) => path === troubled).map(({ at }) => at));
			expect(others).toHaveLength(2);
			expect(lastOfTroubled - lastOfOthers).toBeGreaterThan(3_000);
		}),
	);

	test(
		'many times over, with a limit on requests, still brings every task in',
		bench(async ({ api, run }) => {
			const items = prompts('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
			const created = await run(imageToVideo({}, { completion: 'return' }), { items });
			api.settings.rateLimit = { perSecond: 4, retryAfter: 1 };
			const waited = await run({ resource: 'task', operation: 'wait', download: false }, { items: created.items });
			expect(waited.items.map(({ json }) => json.status)).toEqual(Array(8).fill('succeeded'));
		}),
	);
});

topic('A task that is not visible yet', (test) => {
	const shapes: NotExistShape[] = ['top-level', 'error-envelope', 'status-200', 'data-null'];
	for (const parameters of [imageToVideo, textToVideo]) {
		test(`is waited for, however ${String(parameters().operation)} is told so`, async () => {
			const seen = await Promise.all(
				shapes.map(async (notExistShape) => {
					let status: unknown;
					await bench(
						async ({ api, attempt }) => {
							const { items, error } = await attempt(parameters({}, { download: false }));
							status = items[0]?.json.status ?? String(error);
							if (!api.reads.some(({ at }) => at < ([...api.tasks.values()][0]?.visibleAt ?? 0))) status = 'not met';
						},
						{ notExistShape, notVisibleMs: 3_500 },
					)();
					return [notExistShape, status];
				}),
			);
			expect(seen).toEqual(shapes.map((shape) => [shape, 'succeeded']));
		});
	}
});

topic('A task with strange states', (test) => {
	test(
		'that goes back to the queue is waited for',
		bench(async ({ run }) => {
			const { items } = await run(imageToVideo({}, { download: false }), { items: prompts('[backwards] [takes 5 s]') });
			expect(items[0]?.json.status).toBe('succeeded');
		}),
	);

	test(
		'whose status is unknown, or which vanishes, is waited for up to the time limit and then named',
		bench(async ({ api, run }) => {
			const { items } = await run(imageToVideo({ timeout: 4 }), {
				items: prompts('[unknown]', '[vanish]', 'fine'),
				onError: CONTINUE,
			});

			const [unknown, vanished, fine] = items;
			const [unknownId = '', vanishedId = ''] = [...api.tasks.keys()];
			expect(unknown?.json.error).toMatch(/the API calls "UNKNOWN" after 4 seconds/);
			expect(unknown?.json.message).toContain(unknownId);
			expect(unknown?.json.details).toMatchObject({ taskId: unknownId, status: 'unknown' });
			expect(vanished?.json.error).toMatch(/still running after 4 seconds/);
			expect(vanished?.json.message).toContain('CometAPI does not know the task');
			expect(vanished?.json.message).toContain(vanishedId);
			expect(fine?.json.status).toBe('succeeded');
		}),
	);
});

topic('A key that is revoked while tasks render', (test) => {
	const revoked: Fault = { on: 'read', kind: 'status', status: 401, times: 1_000 };

	test(
		'ends the wait after several refusals and names every task',
		bench(async ({ api, fail }) => {
			api.fault(revoked);
			const error = await fail(imageToVideo(), { items: prompts('[stuck]', '[stuck]', '[stuck]') });

			expect(textOf(error)).toMatch(/\d tries in a row failed, over \d+ seconds.*does not accept the API key/s);
			expect(textOf(error)).toContain('CometAPI Runway API');
			const ids = [...api.tasks.keys()];
			for (const id of ids) expect(error.description).toContain(id);
			expect(tasksIn(error).map(({ taskId }) => taskId)).toEqual(ids);
			expect(api.reads.length).toBeLessThanOrEqual(24);
		}),
	);

	test(
		'stops further creates, even when the node is set to continue',
		bench(async ({ api, run }) => {
			api.fault({ ...revoked, times: 5 });
			const { items } = await run(imageToVideo({ maxTasksInProgress: 1 }, { download: false }), {
				items: prompts('[stuck]', 'b', 'c'),
				onError: CONTINUE,
			});
			expect(api.creates).toHaveLength(1);
			const [first] = api.tasks.keys();
			expect(items[0]?.json.details).toMatchObject({ taskId: first });
			for (const { json } of items.slice(1)) {
				expect(json.error).toMatch(/another one was refused for a reason that concerns all/);
				expect(json.details).toMatchObject({ created: false });
			}
		}),
	);

	test(
		'and is accepted again at once changes nothing',
		bench(async ({ api, run }) => {
			api.fault({ on: 'read', skip: 2, kind: 'status', status: 401, times: 2 });
			const { items } = await run(imageToVideo({}, { download: false }), {
				items: prompts('[takes 6 s]', '[takes 6 s]', '[takes 6 s]'),
			});
			expect(items.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
			expect(api.creates).toHaveLength(3);
		}),
	);

	test(
		'leaves an item for every task if the node is set to continue',
		bench(async ({ api, run }) => {
			api.fault(revoked);
			const { items } = await run(imageToVideo(), { items: prompts('[stuck]', '[stuck]'), onError: CONTINUE });

			const ids = [...api.tasks.keys()];
			expect(items.map(({ json }) => json.details)).toEqual(
				ids.map((taskId) => expect.objectContaining({ taskId, httpStatus: 401 }) as unknown),
			);
			for (const { json } of items) expect(json.error).toContain('does not accept the API key');
		}),
	);

	test(
		'sends no further create if tasks are made one after the other',
		bench(async ({ api, fail }) => {
			api.fault(revoked);
			await fail(imageToVideo({ maxTasksInProgress: 1 }), { items: prompts('[stuck]', 'b', 'c') });
			expect(api.creates).toHaveLength(1);
		}),
	);
});
