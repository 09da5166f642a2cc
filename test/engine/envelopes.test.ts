import type { IDataObject } from 'n8n-workflow';

import type { CreateShape, EnvelopeName, WrappedResult } from '../support/standin';
import { type Bench, bench, closeBench, imageToVideo, prompts, tasksIn, textToVideo, topic } from './bench';

afterAll(closeBench);

const KEYS = [
	'api', 'assetUrls', 'attempts', 'cost', 'failure', 'finishedAt', 'imageUrl', 'lastFrameUrl', 'model', 'operation', 'posterUrl',
	'progress', 'ratio', 'startedAt', 'status', 'submittedAt', 'taskId', 'videoUrl',
]; // prettier-ignore

const ENVELOPES: Array<[EnvelopeName, WrappedResult?]> = [
	['official-flat'],
	['official-lowercase'],
	['wrapped', 'output'],
	['wrapped', 'video_url'],
	['wrapped', 'result_url'],
	['wrapped', 'nested'],
	['wrapped', 'fail_reason'],
	['feed-flat'],
	['feed-minimal'],
	['numeric'],
	['numeric-short'],
	['numeric-state'],
];

const FAMILIES = [
	{ api: 'official', operation: 'imageToVideo', parameters: imageToVideo },
	{ api: 'compatibility', operation: 'generateFromText', parameters: textToVideo },
] as const;

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const isTimeOrNull = (value: unknown) => value === null || ISO.test(String(value));
const near = (value: unknown) => Math.abs(Date.parse(String(value)) - Date.now()) < 60_000;

/** What can be said of a finished item whatever form the answer had. */
async function expectFinished({ api, engine }: Bench, item: Awaited<ReturnType<Bench['run']>>['items'][number]) {
	const { json } = item;
	expect(Object.keys(json).sort()).toEqual(KEYS);
	expect(json).toMatchObject({ status: 'succeeded', progress: 100, failure: null, imageUrl: null });
	expect(json.videoUrl).toMatch(new RegExp(`^${api.url}/assets/${String(json.taskId)}/video\\.mp4\\?`));
	expect(json.assetUrls).toEqual([json.videoUrl]);
	expect(near(json.submittedAt)).toBe(true);
	expect([json.submittedAt, json.startedAt, json.finishedAt].every(isTimeOrNull)).toBe(true);
	expect(await engine.bytesOf(item)).toEqual(api.assetBytes('video'));
}

topic('The item of a finished task', (test) => {
	for (const { api: family, operation, parameters } of FAMILIES) {
		test(`is the same in every envelope of a task of the ${family} family`, async () => {
			const seen = await Promise.all(
				ENVELOPES.map(async ([envelope, wrappedResult]) => {
					const settings = { envelope, ...(wrappedResult && { wrappedResult }) };
					const label = [envelope, wrappedResult].filter(Boolean).join('/');
					let status = 'nothing';
					try {
						await bench(async (place) => {
							const { items } = await place.run(parameters());
							const [item] = items;
							if (item === undefined) throw new Error('no item');
							await expectFinished(place, item);
							expect(item.json).toMatchObject({ operation, api: family });
							status = 'fine';
						}, settings)();
					} catch (error) {
						status = (error as Error).message;
					}
					return [label, status];
				}),
			);
			expect(seen.filter(([, status]) => status !== 'fine')).toEqual([]);
		});
	}

	test(
		'has the poster and the last frame if the envelope brings them',
		bench(
			async ({ run }) => {
				const { json } = (await run(textToVideo())).items[0] ?? { json: {} as IDataObject };
				expect(json.posterUrl).toMatch(/poster\.png\?/);
				expect(json.lastFrameUrl).toMatch(/last\.png\?/);
				expect(json.assetUrls).toEqual([json.videoUrl]);
				expect(json.imageUrl).toBeNull();
			},
			{ envelope: 'numeric' },
		),
	);

	test(
		'is not disturbed by the costs that the official route may add',
		bench(
			async (place) => {
				const { items } = await place.run(imageToVideo());
				for (const item of items) await expectFinished(place, item);
			},
			{ costs: true, createShape: 'C6' },
		),
	);

	test(
		'is the same when every task of a batch comes in another envelope',
		bench(
			async (place) => {
				const { items } = await place.run(textToVideo(), { items: prompts(...'abcdefghijkl'.split('')) });
				expect(items).toHaveLength(12);
				for (const item of items) await expectFinished(place, item);
			},
			{ envelope: 'rotate', createShape: 'rotate', notExistShape: 'rotate', notVisibleMs: 400 },
		),
	);
});

topic('The item of a task that failed', (test) => {
	test('names the provider reason in every envelope', async () => {
		const seen = await Promise.all(
			ENVELOPES.map(async ([envelope, wrappedResult]) => {
				const label = [envelope, wrappedResult].filter(Boolean).join('/');
				let message = '';
				const settings = { envelope, ...(wrappedResult && { wrappedResult }) };
				await bench(async ({ fail }) => {
					({ message } = await fail(textToVideo(), { items: prompts('[fail SAFETY.INPUT.TEXT]') }));
				}, settings)();
				return [label, message];
			}),
		);
		const expected = 'The task failed: The text prompt did not pass content moderation.';
		expect(seen.filter(([, message]) => message !== expected)).toEqual([]);
	});
});

topic('A create answer', (test) => {
	const shapes: Array<[CreateShape, typeof imageToVideo]> = [
		['C1', textToVideo],
		['C2', textToVideo],
		['C3', textToVideo],
		['C4', textToVideo],
		['C5', imageToVideo],
		['C6', imageToVideo],
	];
	for (const [createShape, parameters] of shapes) {
		test(
			`in the form ${createShape} gives the task`,
			bench(
				async ({ api, run }) => {
					const { json } = (await run(parameters({}, { completion: 'return' }))).items[0] ?? {
						json: {} as IDataObject,
					};
					expect(Object.keys(json).sort()).toEqual(KEYS);
					expect(json).toMatchObject({
						taskId: [...api.tasks.keys()][0],
						status: 'queued',
						videoUrl: null,
						imageUrl: null,
						assetUrls: [],
						failure: null,
						startedAt: null,
						finishedAt: null,
					});
					expect(near(json.submittedAt)).toBe(true);
				},
				{ createShape },
			),
		);
	}

	test(
		'without an id leaves open whether there is a task, and is not asked for again',
		bench(
			async ({ api, fail }) => {
				const error = await fail(imageToVideo());
				expect(error.message).toMatch(/^It is unknown whether the task was created/);
				expect(error.description).toContain('may be billed');
				expect(tasksIn(error)).toEqual([]);
				expect(api.creates).toHaveLength(1);
			},
			{ createShape: { official: 'C7' } },
		),
	);
});
