import type { IDataObject } from 'n8n-workflow';

import type { Fault } from '../support/standin';
import {
	asNodeFailure,
	bench,
	closeBench,
	CONTINUE,
	imageToVideo,
	prompts,
	tasksIn,
	textOf,
	textToVideo,
	topic,
} from './bench';

afterAll(closeBench);

const AT_ONCE = { completion: 'return' };
const UNKNOWN = /^It is unknown whether the task was created\./;
/** What n8n says of network faults on its own: advice to send again, which may cost twice. */
const N8N_WORDS = /perhaps it is offline|retry the request immediately|Retry on Fail/i;

type Case = [title: string, fault: Omit<Fault, 'on'>, says?: RegExp];

/** The create may have been accepted: it must not be sent again. */
const mayHaveArrived: Case[] = [
	['the connection is refused after it was made', { kind: 'refuse' }],
	['the connection breaks before the create was read', { kind: 'reset-before' }],
	['the connection breaks after the create was accepted', { kind: 'reset-after' }],
	['no answer comes', { kind: 'timeout' }],
	['no answer comes, although the create was accepted', { kind: 'timeout-after' }],
	['the answer is cut off', { kind: 'truncated-json' }],
	['half of the answer comes as if it were all', { kind: 'truncated-json', length: 'honest' }],
	['the answer is JSON of another kind', { kind: 'wrong-json' }],
	['the answer is an empty object', { kind: 'empty-object' }],
	...[408, 500, 502, 503, 504, 524].map((status): Case => [`the answer is HTTP ${status}`, { kind: 'status', status }]),
	['the answer is HTTP 502 as plain text', { kind: 'status', status: 502, shape: 'text' }],
	['the answer is an empty HTTP 504', { kind: 'status', status: 504, shape: 'empty' }],
	['the answer is an error page with HTTP 502', { kind: 'html', status: 502 }],
];

/** The API refused: nothing was created, and sending again would change nothing. */
const refused: Case[] = [
	['a redirect', { kind: 'redirect' }, /base URL/],
	['a redirect without a target', { kind: 'html-301' }, /base URL/],
	['a redirect that would keep the method', { kind: 'redirect', status: 307 }, /base URL/],
	['a web page', { kind: 'html' }, /base URL/],
	['HTTP 400 in the words of CometAPI', { kind: 'status', status: 400 }, /ratio must not be empty/],
	['HTTP 400 in the words of Runway', { kind: 'status', status: 400, shape: 'E5' }, /ratio must not be empty/],
	['HTTP 401', { kind: 'status', status: 401 }, /API key/],
	['HTTP 403', { kind: 'status', status: 403 }, /not allow/],
	['HTTP 404', { kind: 'status', status: 404 }, /no such endpoint/],
	['HTTP 413', { kind: 'status', status: 413 }, /too large/],
	['HTTP 500 with the code invalid_request', { kind: 'invalid-request' }, /options\.seconds must be an integer/],
	['a business error in HTTP 200', { kind: 'business' }, /the source image cannot be downloaded/],
	['too low a balance', { kind: 'insufficient-quota' }, /balance of the CometAPI account is too low/],
];

topic('A create that may or may not have been accepted', (test) => {
	for (const [title, fault] of mayHaveArrived) {
		test(
			`because ${title}, is sent once and leaves the other tasks named`,
			bench(async ({ api, fail }) => {
				api.fault({ on: 'create', skip: 1, ...fault });
				const parameters = imageToVideo({ maxParallel: 1 }, AT_ONCE);
				const error = await fail(parameters, {
					items: prompts('a', 'b'),
					longestRequestMs: /^timeout/.test(fault.kind) ? 1_500 : undefined,
				});

				expect(api.creates).toHaveLength(2);
				expect(error.message).toMatch(UNKNOWN);
				expect(textOf(error)).not.toMatch(N8N_WORDS);
				expect(error.description).toContain('may be billed');
				expect(error.context.itemIndex).toBe(1);
				const [firstTask = ''] = api.tasks.keys();
				expect(error.description).toContain(firstTask);
				expect(tasksIn(error)).toEqual([expect.objectContaining({ taskId: firstTask, api: 'official' })]);
				expect(error.context.data).toMatchObject({ created: 'unknown' });
			}),
		);
	}

	test(
		'costs only its own item if the node is set to continue',
		bench(async ({ api, run }) => {
			api.fault({ on: 'create', skip: 1, kind: 'reset-after' });
			const { items } = await run(imageToVideo({ maxParallel: 1 }, AT_ONCE), {
				items: prompts('a', 'b', 'c'),
				onError: CONTINUE,
			});

			expect(api.creates).toHaveLength(3);
			expect(items.map(({ json }) => json.status)).toEqual(['queued', undefined, 'queued']);
			expect(Object.keys(items[1]?.json ?? {}).sort()).toEqual(['details', 'error', 'message']);
			expect(items[1]?.json.error).toMatch(UNKNOWN);
			expect(items[1]?.json.details).toMatchObject({ created: 'unknown' });
			expect(items[1]?.pairedItem).toEqual({ item: 1 });
		}),
	);

	test(
		'lets no further create be sent',
		bench(async ({ api, fail }) => {
			api.fault({ on: 'create', skip: 1, kind: 'reset-after' });
			await fail(imageToVideo({ maxParallel: 1 }, AT_ONCE), { items: prompts('a', 'b', 'c', 'd') });
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'leaves the tasks of the other items named, however far they are',
		bench(async ({ api, fail }) => {
			api.fault({ on: 'create', kind: 'slow', ms: 200, match: ({ body }) => JSON.stringify(body).includes('bad') });
			api.fault({ on: 'create', kind: 'status', match: ({ body }) => JSON.stringify(body).includes('bad') });
			const error = await fail(textToVideo(), { items: prompts('a', 'bad', 'c') });

			expect(api.creates).toHaveLength(3);
			expect(error.context.itemIndex).toBe(1);
			const ids = [...api.tasks.keys()];
			expect(ids).toHaveLength(2);
			for (const id of ids) expect(error.description).toContain(id);
			expect(
				tasksIn(error)
					.map(({ taskId }) => taskId)
					.sort(),
			).toEqual(ids.sort());
			expect(error.description).toContain('Operation "Wait"');
		}),
	);
});

topic('A create that CometAPI refuses', (test) => {
	for (const [title, fault, says] of refused) {
		test(
			`with ${title} is sent once and says why`,
			bench(async ({ api, fail }) => {
				api.fault({ on: 'create', skip: 1, ...fault });
				const error = await fail(imageToVideo({ maxParallel: 1 }, AT_ONCE), { items: prompts('a', 'b') });

				expect(api.creates).toHaveLength(2);
				expect(error.message).toMatch(says ?? /./);
				expect(textOf(error)).not.toMatch(/unknown whether/);
				expect(error.description).toContain('No task was created for this item, so nothing was billed.');
				expect(error.context.itemIndex).toBe(1);
				expect(tasksIn(error).map(({ taskId }) => taskId)).toEqual([...api.tasks.keys()]);
				expect(error.context.data).toMatchObject({ created: false });
				expect(new Set(api.requests.map(({ path }) => path))).toEqual(new Set(['/runwayml/v1/image_to_video']));
			}),
		);
	}

	test(
		'lets no further create be sent',
		bench(async ({ api, fail }) => {
			api.fault({ on: 'create', skip: 1, kind: 'insufficient-quota' });
			await fail(imageToVideo({ maxParallel: 1 }, AT_ONCE), { items: prompts('a', 'b', 'c', 'd') });
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'lets no further create be sent if tasks are made one after the other, either',
		bench(async ({ api, fail }) => {
			api.fault({ on: 'create', kind: 'insufficient-quota' });
			await fail(imageToVideo({ maxTasksInProgress: 1 }), { items: prompts('a', 'b', 'c') });
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'has the request id in its error, for the support of CometAPI',
		bench(async ({ api, fail }) => {
			api.fault({ on: 'create', kind: 'status', status: 400 });
			const error = await fail(imageToVideo({}, AT_ONCE));
			expect(error.description).toMatch(/request ID \d+StandIn/);
			expect(error.description).toContain('HTTP 400');
			expect(error.message).not.toContain('request id');
			expect(error.context.data?.requestId).toMatch(/^\d+StandIn$/);
		}),
	);

	for (const onError of [undefined, CONTINUE] as const) {
		test(
			`names the fields by their labels, what is allowed and what the node itself doubts, also under ${onError ?? 'stop'}`,
			bench(async ({ api, attempt }) => {
				const parameters = {
					...imageToVideo({ sendAnyway: true }, AT_ONCE),
					model: { __rl: true, mode: 'id', value: 'gen3a_turbo' },
					ratio: '16:9',
					duration: 17,
				};
				const { error, items } = await attempt(parameters, { items: prompts('a'), onError });
				const { message, advice, details } =
					error === null
						? {
								message: String(items[0]?.json.error),
								advice: String(items[0]?.json.message),
								details: items[0]?.json.details as IDataObject,
							}
						: {
								message: asNodeFailure(error).message,
								advice: asNodeFailure(error).description ?? '',
								details: asNodeFailure(error).context.data ?? {},
							};
				expect(api.tasks.size).toBe(0);
				expect(message).toMatch(/"Ratio": .*1280:768/);
				expect(message).toMatch(/"Duration \(Seconds\)": /);
				expect(advice).toMatch(/"Ratio" must be one of 1280:768, .* for gen3a_turbo/);
				expect(advice).toContain('nothing was billed');
				expect(details).toMatchObject({ created: false, answer: expect.stringContaining('issues') as unknown });
			}),
		);
	}

	test(
		'because nobody serves the model names the model and where to choose another, and a retry may send it again',
		bench(async ({ api, fail }) => {
			api.fault({ on: 'create', kind: 'no-channel' });
			const parameters = {
				...imageToVideo({}, AT_ONCE),
				model: { __rl: true, mode: 'id', value: 'gen4_turbo' },
				ratio: '1280:720',
			};
			const error = await fail(parameters);
			expect(error.message).toMatch(/does not serve this model at present \(gen4_turbo\)/);
			expect(error.description).toMatch(/Choose another model in the field Model.*nothing was billed/s);
			expect(error.context.data).toMatchObject({ created: false, httpStatus: 503 });
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'costs only its own item when the node is set to continue',
		bench(async ({ api, run }) => {
			api.fault({ on: 'create', skip: 1, kind: 'status', status: 400 });
			const { items } = await run(imageToVideo({ maxParallel: 1 }, AT_ONCE), {
				items: prompts('a', 'b', 'c'),
				onError: CONTINUE,
			});
			expect(api.creates).toHaveLength(3);
			expect(items.map(({ json }) => json.status)).toEqual(['queued', undefined, 'queued']);
			expect(items[1]?.json.error).toContain('ratio must not be empty');
			expect(items[1]?.json.details).toMatchObject({ created: false, httpStatus: 400 });
			expect(JSON.stringify(items[1]?.json.details)).toContain('ratio must not be empty');
		}),
	);

	test(
		'for a reason that concerns the account is the last one, even when the node is set to continue',
		bench(async ({ api, run }) => {
			api.fault({ on: 'create', skip: 1, kind: 'insufficient-quota', times: 99 });
			const { items } = await run(imageToVideo({ maxParallel: 1 }, AT_ONCE), {
				items: prompts('a', 'b', 'c', 'd'),
				onError: CONTINUE,
			});
			expect(api.creates).toHaveLength(2);
			expect(items.map(({ json }) => json.status)).toEqual(['queued', undefined, undefined, undefined]);
			expect(items[1]?.json.error).toContain('balance of the CometAPI account is too low');
			expect(items[1]?.json.details).toMatchObject({ created: false, code: 'insufficient_user_quota' });
			for (const { json } of items.slice(2)) {
				expect(json.error).toMatch(/another one was refused for a reason that concerns all.*balance/);
				expect(json.message).toContain('nothing was billed');
				expect(json.details).toMatchObject({ created: false });
			}
		}),
	);
});

topic('A create that is turned away for now', (test) => {
	test(
		'is sent again after the time that CometAPI asks for',
		bench(async ({ api, run }) => {
			api.fault({ on: 'create', kind: 'saturated', retryAfter: 2 });
			const { items } = await run(imageToVideo({}, AT_ONCE));

			expect(items[0]?.json.status).toBe('queued');
			expect(api.tasks.size).toBe(1);
			const [first, second] = api.creates;
			expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_950);
		}),
	);

	test(
		'is sent again if no time was named',
		bench(async ({ api, run }) => {
			api.fault({ on: 'create', kind: 'saturated' });
			const { items } = await run(imageToVideo({}, AT_ONCE));
			expect(items[0]?.json.status).toBe('queued');
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'is given up at the time limit, with nothing created',
		bench(async ({ api, fail }) => {
			api.fault({ on: 'create', kind: 'saturated', retryAfter: 0, times: 50 });
			const error = await fail(imageToVideo({ timeout: 5 }, AT_ONCE));
			expect(api.creates.length).toBeLessThanOrEqual(6);
			expect(error.message).toContain('too many requests');
			expect(error.description).toContain('nothing was billed');
		}),
	);

	test(
		'does not end a batch that only has to go more slowly',
		bench(async ({ api, run }) => {
			api.settings.rateLimit = { perSecond: 2 };
			const { items } = await run(imageToVideo({}, AT_ONCE), { items: prompts(...'abcdefghijkl'.split('')) });
			expect(items).toHaveLength(12);
			expect(api.tasks.size).toBe(12);
		}),
	);
});

topic('A create that never left', (test) => {
	test(
		'because nobody listens there says so and bills nothing',
		bench(async ({ fail }) => {
			const credential = { apiKey: 'sk-x', baseUrl: 'http://127.0.0.1:9' };
			const error = await fail(imageToVideo({}, AT_ONCE), { credential });
			expect(error.message).toContain("CometAPI can't be reached");
			expect(error.description).toContain('No task was created for this item, so nothing was billed.');
			expect(error.description).toContain('base URL');
		}),
	);

	const wrongCredentials: Array<[title: string, wrong: { apiKey?: string; baseUrl?: string }]> = [
		['the base URL has no https://', { baseUrl: 'api.cometapi.com' }],
		['the base URL is no URL', { baseUrl: 'https://' }],
		['the key has a character that no header may carry', { apiKey: 'sk-abc…def' }],
	];
	for (const [title, wrong] of wrongCredentials) {
		test(
			`because ${title} is not said to be possibly billed`,
			bench(async ({ api, credential, fail }) => {
				const error = await fail(imageToVideo({}, AT_ONCE), { credential: { ...credential, ...wrong } });
				expect(api.tasks.size).toBe(0);
				expect(textOf(error)).not.toMatch(/unknown whether|may be billed/);
				expect(textOf(error)).toMatch(/credential/i);
			}),
		);
	}
});
