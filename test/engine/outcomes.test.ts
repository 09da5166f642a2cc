import type { IDataObject } from 'n8n-workflow';

import {
	bench,
	closeBench,
	CONTINUE,
	CONTINUE_ON_ERROR_OUTPUT,
	imageToVideo,
	prompts,
	tasksIn,
	textToVideo,
	topic,
} from './bench';

afterAll(closeBench);

const idOf = (tasks: ReadonlyMap<string, unknown>, index: number) => [...tasks.keys()][index] ?? '';

topic('A task that fails', (test) => {
	test(
		'for its content is an error with the reason, the id and the advice to change the input',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo(), { items: prompts('[fail SAFETY.INPUT.TEXT]') });

			expect(error.message).toBe('The task failed: The text prompt did not pass content moderation.');
			expect(error.description).toContain('change the prompt or the input first');
			expect(error.description).toContain(idOf(api.tasks, 0));
			expect(error.description).toContain('SAFETY.INPUT.TEXT');
			expect(error.context.itemIndex).toBe(0);
			expect(error.context.data).toMatchObject({
				status: 'failed',
				failure: { code: 'SAFETY.INPUT.TEXT', retryable: false },
			});
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'for a passing cause says that a new attempt can succeed and costs again, and makes none',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo(), { items: prompts('[fail INTERNAL]') });

			expect(error.message).toBe('The task failed: An unexpected error occurred.');
			expect(error.description).toMatch(/new attempt can succeed, and is billed again/);
			expect(error.context.data).toMatchObject({ failure: { code: 'INTERNAL', retryable: true } });
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'without a code gives the reason that there is',
		bench(async ({ fail }) => {
			const error = await fail(textToVideo(), { items: prompts('[fail]') });
			expect(error.message).toBe('The task failed: An unexpected error occurred.');
			expect(error.context.data).toMatchObject({ failure: { code: null } });
		}),
	);

	test(
		'because it was cancelled is told apart',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo(), { items: prompts('[cancelled]') });
			expect(error.message).toMatch(/^The task was cancelled/);
			expect(error.description).toContain(idOf(api.tasks, 0));
			expect(error.context.data).toMatchObject({ status: 'cancelled' });
		}),
	);

	test(
		'because it was cancelled is not said to have failed for its input',
		bench(async ({ fail }) => {
			const error = await fail(imageToVideo(), { items: prompts('[cancelled]') });
			expect(error.message).not.toMatch(/cancelled: The task was cancelled/);
			expect(error.description).not.toMatch(/change the prompt or the input/);
		}),
	);

	test(
		'by giving no URL is an error that names the task',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo(), { items: prompts('[no url]') });
			expect(error.message).toMatch(/succeeded, but gives no URL/);
			expect(error.description).toContain(idOf(api.tasks, 0));
			expect(error.context.data).toMatchObject({ status: 'succeeded', raw: { status: 'SUCCEEDED' } });
		}),
	);

	test(
		'does not hide the others: all have ended and are named',
		bench(async ({ api, fail }) => {
			const items = prompts('a', '[fail SAFETY]', 'c', '[fail INTERNAL]', '[cancelled]');
			const error = await fail(imageToVideo(), { items });

			expect(error.context.itemIndex).toBe(1);
			const ids = [...api.tasks.keys()];
			expect(tasksIn(error)).toEqual(
				['succeeded', 'failed', 'succeeded', 'failed', 'cancelled'].map((status, index) => ({
					taskId: ids[index],
					api: 'official',
					status,
				})),
			);
			for (const id of ids) expect(error.description).toContain(id);
		}),
	);

	test(
		'tells of a batch what finished, what else failed and how to receive the rest, one ID a line',
		bench(async ({ api, fail }) => {
			const items = prompts('a', '[fail SAFETY]', 'c', '[fail INTERNAL]');
			const error = await fail(imageToVideo(), { items });
			const [first, second, third, fourth] = [...api.tasks.keys()];

			expect(error.description?.split('<br>')).toEqual([
				`A new attempt with the same input would most likely fail again: change the prompt or the input first. CometAPI reports no refund. (task ID ${second}, code SAFETY)`,
				"The error is about the 2nd of 4 items: n8n's [item 1] counts from 0.",
				'2 of 4 failed, 2 finished.',
				`4th item: The task failed: An unexpected error occurred. (task ID ${fourth})`,
				'Executing this node again buys these tasks again, unless Reuse a Recent Task is set. To receive their results instead, enter these task IDs in Resource "Task", Operation "Wait":',
				first,
				third,
				'To pass on finished items next time, even if others fail, set On Error to "Continue" in the settings of this node.',
			]);
		}),
	);

	test(
		'alone says nothing of others, and not which item it is about',
		bench(async ({ fail }) => {
			const error = await fail(imageToVideo(), { items: prompts('[fail SAFETY]') });
			expect(error.description).not.toContain('<br>');
		}),
	);

	test(
		'in words without blanks breaks them, so that they fit into the panel',
		bench(async ({ fail }) => {
			const error = await fail(textToVideo({}, { ratio: 'x'.repeat(100) }));
			expect(Math.max(...error.message.split(/[\s\u200b]/).map(({ length }) => length))).toBeLessThanOrEqual(42);
		}),
	);
});

topic('The time limit', (test) => {
	test(
		'is an error that names the task and how to fetch it',
		bench(async ({ api, fail }) => {
			const error = await fail(imageToVideo({ timeout: 1 }), { items: prompts('[stuck]') });

			expect(error.message).toMatch(/^The task was still running after 1 seconds?$/);
			expect(error.description).toContain(idOf(api.tasks, 0));
			expect(error.description).toContain('Operation "Wait"');
			expect(error.context.data).toMatchObject({ taskId: idOf(api.tasks, 0), status: 'running' });
			expect(api.reads.length).toBeGreaterThanOrEqual(1);
		}),
	);

	test(
		'passes on the unfinished task if that is wanted, without a file and with a hint',
		bench(async ({ api, run }) => {
			const { items, hints } = await run(imageToVideo({ timeout: 1, onTimeout: 'returnTask' }), {
				items: prompts('[stuck]', '[takes 100 ms] b'),
			});

			expect(items.map(({ json }) => json.status)).toEqual(['running', 'succeeded']);
			expect(items[0]?.json.taskId).toBe(idOf(api.tasks, 0));
			expect(items[0]?.binary).toBeUndefined();
			expect(items[0]?.json).not.toHaveProperty('error');
			expect(items[1]?.binary?.data).toBeDefined();
			expect(hints.map(({ message }) => message).join()).toMatch(/1 task.*time limit/);
		}),
	);

	test(
		'counts for each task from its own start, so that late ones get their time, too',
		bench(async ({ run }) => {
			const { items } = await run(imageToVideo({ timeout: 4, maxTasksInProgress: 1 }, { download: false }), {
				items: prompts('[takes 2500 ms] a', '[takes 2500 ms] b'),
			});
			expect(items.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
		}),
	);

	test(
		'of a task that CometAPI has not shown yet still names it',
		bench(
			async ({ api, fail }) => {
				const error = await fail(imageToVideo({ timeout: 1 }));
				expect(error.description).toContain(idOf(api.tasks, 0));
				expect(tasksIn(error)).toHaveLength(1);
			},
			{ notVisibleMs: 60_000 },
		),
	);
});

topic('On Error', (test) => {
	const items = prompts('a', '[fail SAFETY.INPUT.TEXT]', '[no url]', '[stuck]', 'e');
	const parameters = imageToVideo({ timeout: 4 });

	for (const onError of [CONTINUE, CONTINUE_ON_ERROR_OUTPUT]) {
		test(
			`set to ${String(onError)} gives an item for each input, the bad ones in the shape of n8n's error output`,
			bench(async ({ api, run }) => {
				const { items: given, hints } = await run(parameters, { items, onError });

				const isError = ({ error }: IDataObject) => error !== undefined;
				expect(given.map(({ json }) => isError(json))).toEqual([false, true, true, true, false]);
				expect(given.map(({ pairedItem }) => pairedItem)).toEqual([0, 1, 2, 3, 4].map((item) => ({ item })));
				expect(given.map(({ error }) => error)).toEqual(Array(5).fill(undefined));
				const ids = [...api.tasks.keys()];
				for (const [index, { json }] of given.entries()) {
					if (!isError(json)) continue;
					expect(Object.keys(json).sort()).toEqual(['details', 'error', 'message']);
					expect(typeof json.error).toBe('string');
					expect(json.details).toMatchObject({ taskId: ids[index] });
					expect(json.message).toContain(ids[index]);
				}
				const details = given.map(({ json }) => json.details as IDataObject | undefined);
				expect(details.map((entry) => entry?.status)).toEqual([
					undefined, 'failed', 'succeeded', 'running', undefined,
				]); // prettier-ignore
				expect(details[1]?.failure).toMatchObject({ code: 'SAFETY.INPUT.TEXT', retryable: false });
				expect(hints).toEqual([]);
			}),
		);
	}

	test(
		'set to stop throws one error about the first of them, with all tasks',
		bench(async ({ fail }) => {
			const error = await fail(parameters, { items });
			expect(error.context.itemIndex).toBe(1);
			expect(tasksIn(error).map(({ status }) => status)).toEqual([
				'succeeded', 'failed', 'succeeded', 'running', 'succeeded',
			]); // prettier-ignore
			expect(error.description).toContain('2 of 5 failed, 2 finished, 1 still running at CometAPI.');
		}),
	);
});
