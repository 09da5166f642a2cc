import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { pollingTrigger } from '../support/triggers';
import { asNodeFailure, bench, type Bench, closeBench, makeTask, task, textOf, topic, until } from './bench';
import { collect, fails, idsOf, makeEnded, makeTasks, STUCK, wait, watching } from './watching';

/** The polling trigger in n8n-core's own poll context. */

afterAll(closeBench);

const GENERATE = '/runway/pro/generate';
const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const ALL_EVENTS = ['succeeded', 'failed', 'cancelled', 'progressed'];
const eventsOf = (items: INodeExecutionData[]) => items.map(({ json }) => [json.taskId, json.status]);

topic('The polling trigger', (test) => {
	test(
		'emits each end of a task once, whatever route knows it, and does not ask again for what has ended',
		bench(async (place) => {
			const ids = [
				await makeTask(place, { prompt: 'official' }),
				await makeTask(place, { prompt: '[fail SAFETY.INPUT.TEXT]' }),
				await makeTask(place, { prompt: '[cancelled]' }),
				await makeTask(place, { prompt: 'compatibility', path: GENERATE }),
			];
			const trigger = watching(place, ids);
			const items = await collect(trigger, 4);
			expect(Object.fromEntries(eventsOf(items))).toEqual({
				[ids[0] ?? '']: 'succeeded',
				[ids[1] ?? '']: 'failed',
				[ids[2] ?? '']: 'cancelled',
				[ids[3] ?? '']: 'succeeded',
			});
			const reads = place.api.reads.length;
			for (let poll = 0; poll < 3; poll += 1) expect(await trigger.poll()).toEqual([]);
			trigger.restart();
			expect(await trigger.poll()).toEqual([]);
			expect(place.api.reads).toHaveLength(reads);
		}),
	);

	test(
		'outputs the same item as the Runway node',
		bench(async (place) => {
			for (const path of ['/runwayml/v1/image_to_video', GENERATE, '/runwayml/v1/text_to_image']) {
				const id = await makeTask(place, { path });
				const [item] = await collect(watching(place, [id], { options: { includeRaw: true } }), 1);
				const node = await place.run(task('get', { taskId: id }, { includeRaw: true }));
				const withoutSignature = (json: unknown) => JSON.stringify(json).replace(/_jwt=[^"]*/g, '');
				const expected = { ...node.items[0]?.json, operation: 'watch' };
				expect(withoutSignature(item?.json)).toBe(withoutSignature(expected));
			}
		}),
	);

	test(
		'emits the items of one poll in the order of the list',
		bench(async (place) => {
			const ids = await makeEnded(place, 20);
			place.api.settings.latencyMs = () => Math.random() * 50;
			expect(idsOf(await watching(place, ids).poll())).toEqual(ids);
		}),
	);

	test(
		'emits only the chosen events, and does not make up for the others later',
		bench(async (place) => {
			const good = await makeTask(place);
			const bad = await makeTask(place, { prompt: '[fail INTERNAL]' });
			await until(() => [...place.api.tasks.values()].every(({ readyAt }) => readyAt < Date.now()));
			const trigger = watching(place, [good, bad], { events: ['succeeded'] });
			expect(eventsOf(await trigger.poll())).toEqual([[good, 'succeeded']]);
			trigger.change({ events: ALL_EVENTS });
			expect(await trigger.poll()).toEqual([]);
		}),
	);

	test(
		'emits progress forward only, then the end',
		bench(async (place) => {
			const id = await makeTask(place, { prompt: '[backwards] [takes 4 s]' });
			const trigger = watching(place, [id], { events: ALL_EVENTS });
			const items: INodeExecutionData[] = [];
			while (items.at(-1)?.json.status !== 'succeeded') {
				items.push(...(await trigger.poll()));
				await wait(20);
			}
			const steps = items.map(({ json }) => json.progress as number);
			expect(steps).toEqual([...steps].sort((one, other) => one - other));
			// A task may be at 100 % before it has ended.
			const onTheWay = steps.slice(0, -1);
			expect(onTheWay.length).toBeGreaterThan(1);
			expect(new Set(onTheWay).size).toBe(onTheWay.length);
			expect(items.slice(0, -1).every(({ json }) => json.status === 'running')).toBe(true);
			expect(await trigger.poll()).toEqual([]);
		}),
	);

	test(
		'takes its tasks as a list, as a text, and as items of a Runway node',
		bench(async (place) => {
			const ids = await makeEnded(place, 3);
			const forms = [
				ids.join(','),
				` ${ids.join('\n')}\n`,
				`={{ ${JSON.stringify(ids)} }}`,
				`={{ ${JSON.stringify(ids.map((taskId) => ({ taskId, status: 'queued' })))} }}`,
			];
			for (const taskIds of forms) {
				const trigger = pollingTrigger({
					credential: place.credential,
					parameters: { watch: 'ids', taskIds, download: false },
				});
				expect(idsOf(await trigger.poll())).toEqual(ids);
			}
		}),
	);

	test(
		'waits for a task that the API does not know yet',
		bench(async (place) => {
			const id = await makeTask(place);
			const record = place.api.tasks.get(id);
			if (record !== undefined) record.visibleAt = Infinity;
			const trigger = watching(place, [id]);
			expect(await trigger.poll()).toEqual([]);
			if (record !== undefined) record.visibleAt = 0;
			expect(eventsOf(await collect(trigger, 1))).toEqual([[id, 'succeeded']]);
		}),
	);

	test('is not stopped by ids that nobody can know', bench(badIdsAmongGoodOnes));

	test(
		'remembers what it emitted with n8n’s durable cursors, too',
		bench(async (place) => {
			const ids = await makeEnded(place, 5);
			const trigger = watching(place, ids, {}, 'cursor');
			expect(idsOf(await trigger.poll())).toEqual(ids);
			expect(await trigger.poll()).toEqual([]);
			trigger.restart();
			expect(await trigger.poll()).toEqual([]);
		}),
	);

	test(
		'starts over from static data that it does not know',
		bench(async (place) => {
			const id = await makeTask(place);
			for (const watchlist of ['x', { told: { ended: {}, stages: { [id]: 90 } }, watched: { [id]: {} } }, []]) {
				const parameters = { watch: 'ids', taskIds: id, download: false };
				const trigger = pollingTrigger({ credential: place.credential, parameters, saved: { watchlist } });
				expect(idsOf(await collect(trigger, 1))).toEqual([id]);
			}
		}),
	);
});

async function badIdsAmongGoodOnes(place: Bench): Promise<void> {
	const good = await makeTask(place);
	const strange = [
		'__proto__',
		'constructor',
		'..',
		'.',
		'%2e%2e',
		'a/../../v1/models',
		'"><b>',
		'日本',
		'x'.repeat(2_000),
	];
	const trigger = watching(place, [...strange, good, UNKNOWN]);
	expect(idsOf(await collect(trigger, 1))).toEqual([good]);
	trigger.restart();
	expect(await trigger.poll()).toEqual([]);
	expect(({} as { seenAt?: unknown }).seenAt).toBeUndefined();
	expect(place.api.requests.every(({ route }) => route === 'create' || route === 'read' || route === 'other')).toBe(
		true,
	);
}

topic('A test of the polling trigger in the editor', (test) => {
	test(
		'shows the first task as it is now, and counts for nothing',
		bench(async (place) => {
			const ids = [await makeTask(place, STUCK), await makeTask(place)];
			await wait(150);
			const trigger = watching(place, ids);
			for (let times = 0; times < 2; times += 1) {
				expect(eventsOf(await trigger.poll({ mode: 'manual' }))).toEqual([[ids[0], 'running']]);
			}
			expect(trigger.saved).toEqual({});
			place.api.finish(ids[0] ?? '');
			expect(eventsOf(await trigger.poll({ mode: 'manual' }))).toEqual([[ids[0], 'succeeded']]);
			expect(idsOf(await collect(trigger, 2))).toEqual(ids);
		}),
	);

	test(
		'brings the file along',
		bench(async (place) => {
			const id = await makeTask(place);
			await wait(300);
			const trigger = watching(place, [id], { download: true, options: { binaryField: 'clip' } });
			const [item] = await trigger.poll({ mode: 'manual' });
			expect((await place.engine.bytesOf(item, 'clip')).equals(place.api.assetBytes('video'))).toBe(true);
		}),
	);

	test(
		'brings all files of a task if they are wanted, named after it',
		bench(
			async (place) => {
				const id = await makeTask(place, { path: '/runway/pro/generate' });
				await wait(300);
				const trigger = watching(place, [id], { download: true, options: { allFiles: true } });
				const [item] = await trigger.poll({ mode: 'manual' });
				const names = Object.entries(item?.binary ?? {}).map(([field, { fileName }]) => [field, fileName]);
				expect(names).toEqual([
					['data', `runway-${id}.mp4`],
					['poster', `runway-${id}-poster.png`],
					['last_frame', `runway-${id}-last-frame.png`],
				]);
			},
			{ envelope: 'numeric' },
		),
	);

	test(
		'says what is missing if there is nothing to show',
		bench(async (place) => {
			const attempt = async (taskIds: string) =>
				textOf(
					asNodeFailure(
						await watching(place, [taskIds])
							.poll({ mode: 'manual' })
							.catch((error: unknown) => error),
					),
				);
			expect(await attempt('')).toMatch(/no task to show\nEnter at least one task ID/);
			expect(await attempt(UNKNOWN)).toMatch(new RegExp(`does not know the task ${UNKNOWN}\nCheck the task ID`));
			place.credential.apiKey = 'sk-wrong';
			expect(await attempt(UNKNOWN)).toMatch(/does not accept the API key/);
		}),
	);
});

topic('A polling trigger in trouble', (test) => {
	test(
		'is an error if the key is refused, continues with a new one, and has lost nothing',
		bench(async (place) => {
			const ids = await makeTasks(place, 3);
			const trigger = watching(place, ids);
			expect(await trigger.poll()).toEqual([]);
			const { apiKey } = place.credential;
			place.credential.apiKey = 'sk-revoked';
			for (const id of ids) place.api.finish(id);
			for (let poll = 0; poll < 3; poll += 1) {
				const error = await fails(trigger);
				expect(textOf(error)).toMatch(/does not accept the API key[^]*Open the credential/);
				expect(textOf(error)).not.toContain('sk-revoked');
			}
			place.credential.apiKey = apiKey;
			expect(idsOf(await trigger.poll())).toEqual(ids);
		}),
	);

	test(
		'takes no notice of a stray refusal between good answers',
		bench(async (place) => {
			const ids = await makeEnded(place, 8);
			for (const status of [401, 402, 403]) {
				const trigger = watching(place, ids, { api: 'official' });
				place.api.fault({ on: 'read', kind: 'status', status, skip: 3, times: 1 });
				expect(idsOf(await trigger.poll())).toEqual(ids);
				const alone = watching(place, ids.slice(0, 1));
				place.api.fault({ on: 'read', kind: 'status', status });
				expect(idsOf(await alone.poll())).toEqual(ids.slice(0, 1));
				place.api.fault({ on: 'read', kind: 'status', status });
				expect(idsOf(await alone.poll({ mode: 'manual' }))).toEqual(ids.slice(0, 1));
			}
		}),
	);

	test(
		'asks a few times in a poll, and no more, whether the key is refused',
		bench(async (place) => {
			const trigger = watching(place, await makeTasks(place, 60), { api: 'official' });
			place.api.fault({ on: 'read', kind: 'status', status: 401, times: Infinity });
			await fails(trigger);
			expect(place.api.reads.length).toBeGreaterThanOrEqual(3);
			expect(place.api.reads.length).toBeLessThan(20);
		}),
	);

	test(
		'names the task if that may be all that is refused',
		bench(async (place) => {
			const ids = await makeTasks(place, 1);
			place.api.fault({ on: 'read', kind: 'status', status: 403, times: Infinity });
			expect(textOf(await fails(watching(place, ids)))).toContain(`The refused task is ${ids[0]}`);
		}),
	);

	test(
		'never fails the workflow over task IDs that the API refuses, whatever has become of the others',
		bench(async (place) => {
			const [good = '', ...bad] = [await makeTask(place), 'unknown-by-404', 'refused-by-400'];
			for (const [index, status] of [404, 400].entries()) {
				const about = ({ path }: { path: string }) => path.endsWith(bad[index] ?? '?');
				place.api.fault({ on: 'read', kind: 'status', status, match: about, times: Infinity });
			}
			const trigger = watching(place, [good, ...bad], { api: 'official' });
			expect(idsOf(await collect(trigger, 1))).toEqual([good]);
			for (let poll = 0; poll < 5; poll += 1) expect(await trigger.poll()).toEqual([]);
			for (const id of bad) expect(await watching(place, [id], { api: 'official' }).poll()).toEqual([]);
		}),
	);

	test(
		'emits a task with a result under a word that nobody knows, once the word has come twice',
		bench(async (place) => {
			const id = 'of-another-provider';
			const output = ['https://assets.example/v.mp4'];
			const gateway = createServer((_, response) => response.end(JSON.stringify({ id, status: 'wrapped up', output })));
			await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
			const baseUrl = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
			const trigger = watching({ ...place, credential: { ...place.credential, baseUrl } }, [id]);
			const polls = [await trigger.poll(), await trigger.poll(), await trigger.poll()];
			gateway.close();
			expect(polls.map((items) => items.map(({ json }) => [json.status, json.videoUrl]))).toEqual([
				[],
				[['succeeded', output[0]]],
				[],
			]);
		}),
	);

	test(
		'passes on what it learnt before the key was refused',
		bench(async (place) => {
			const ids = await makeEnded(place, 20);
			const fault = place.api.fault({ on: 'read', kind: 'status', status: 401, skip: 7, times: Infinity });
			const trigger = watching(place, ids);
			const first = await trigger.poll();
			expect(first).toHaveLength(7);
			expect(textOf(await fails(trigger))).toMatch(/does not accept the API key/);
			fault.clear();
			const rest = await trigger.poll();
			expect([...idsOf(first), ...idsOf(rest)].sort()).toEqual([...ids].sort());
		}),
	);

	test(
		'gives no task up while the account is blocked',
		bench(async (place) => {
			const ids = await makeTasks(place, 3);
			const trigger = watching(place, ids);
			for (const status of [402, 403]) {
				const fault = place.api.fault({ on: 'read', kind: 'status', status, times: Infinity });
				await expect(trigger.poll()).rejects.toThrow();
				fault.clear();
			}
			for (const id of ids) place.api.finish(id);
			expect(idsOf(await trigger.poll())).toEqual(ids);
		}),
	);

	test(
		'is no error if the API answers nobody for two polls, and is one in the third',
		bench(async (place) => {
			const ids = await makeTasks(place, 100);
			const trigger = watching(place, ids, { api: 'official' });
			const fault = place.api.fault({ on: 'read', kind: 'status', status: 503, times: Infinity });
			expect(await trigger.poll()).toEqual([]);
			// An API that is down is not asked a hundred times.
			expect(place.api.reads.length).toBeLessThan(30);
			expect(await trigger.poll()).toEqual([]);
			expect(textOf(await fails(trigger))).toMatch(/is unavailable[^]*Try again later/);
			await expect(trigger.poll()).rejects.toThrow();
			fault.clear();
			for (const id of ids) place.api.finish(id);
			expect(idsOf(await trigger.poll())).toEqual(ids);
			place.api.fault({ on: 'read', kind: 'refuse', times: Infinity });
			expect(await watching(place, ids).poll()).toEqual([]);
		}),
	);

	test(
		'emits the events of all others if one task is answered with an error each time',
		bench(async (place) => {
			const ids = await makeEnded(place, 8);
			const [sick = ''] = ids;
			const about = (request: { path: string }) => request.path.endsWith(sick);
			for (const fault of [
				{ kind: 'status', status: 500 },
				{ kind: 'reset-before' },
				{ kind: 'html', status: 404 },
				{ kind: 'status', status: 401 },
				{ kind: 'truncated-json' },
				{ kind: 'status', status: 400 },
			] as const) {
				const trigger = watching(place, ids, { api: 'official' });
				const handle = place.api.fault({ on: 'read', ...fault, match: about, times: Infinity });
				const items = await collect(trigger, 7);
				expect(idsOf(items).sort()).toEqual(ids.slice(1).sort());
				handle.clear();
				expect(idsOf(await trigger.poll())).toEqual([sick]);
			}
		}),
	);

	test(
		'falls silent at once if the API asks for quiet, and continues from there',
		bench(async (place) => {
			const ids = await makeEnded(place, 60);
			const quiet = { on: 'read', kind: 'status', status: 429, retryAfter: 30, skip: 12 } as const;
			const trigger = watching(place, ids, { api: 'official' });
			place.api.fault(quiet);
			const first = await trigger.poll();
			expect(first.length).toBeGreaterThanOrEqual(12);
			expect(place.api.reads.length).toBeLessThan(20);
			const second = await trigger.poll();
			expect([...idsOf(first), ...idsOf(second)].sort()).toEqual([...ids].sort());
			expect(new Set([...idsOf(first), ...idsOf(second)]).size).toBe(ids.length);
		}),
	);

	test(
		'is an error if it asks too often in three polls',
		bench(async (place) => {
			const trigger = watching(place, await makeTasks(place, 3));
			place.api.fault({ on: 'read', kind: 'status', status: 429, times: Infinity });
			expect(await trigger.poll()).toEqual([]);
			expect(await trigger.poll()).toEqual([]);
			expect(await fails(trigger)).toMatchObject({ httpCode: '429' });
		}),
	);

	test(
		'names the field that is wrong',
		bench(async (place) => {
			const ids = await makeTasks(place, 1);
			const wrong = async (parameters: INodeParameters) => textOf(await fails(watching(place, ids, parameters)));
			expect(await wrong({ events: [] })).toMatch(/^Trigger On must name at least one/);
			expect(await wrong({ api: 'v3' })).toMatch(/^Task Created By must be/);
			expect(await wrong({ download: true, options: { binaryField: ' ' } })).toMatch(
				/^Put Output File in Field must not be empty/,
			);
			expect(await wrong({ options: { runwayVersion: 'new' } })).toMatch(/^Runway API Version must be a date/);
			expect(await wrong({ taskIds: Array.from({ length: 10_001 }, (_, index) => `task-${index}`) })).toMatch(
				/^Task IDs must name no more than 10000 tasks/,
			);
		}),
	);
});

topic('A poll', (test) => {
	test(
		'never has more than five requests under way',
		bench(async (place) => {
			const ids = Array.from({ length: 40 }, (_, index) => `nobody-${index}`);
			place.api.settings.latencyMs = 50;
			await watching(place, ids).poll();
			expect(place.api.peakInFlight).toBeGreaterThan(1);
			expect(place.api.peakInFlight).toBeLessThanOrEqual(5);
		}),
	);

	test(
		'is not overtaken by the next one',
		bench(async (place) => {
			const ids = await makeEnded(place, 10);
			place.api.settings.latencyMs = 100;
			const trigger = watching(place, ids);
			const polls = await Promise.all([trigger.poll(), trigger.poll(), trigger.poll()]);
			expect(polls.map((items) => items.length)).toEqual([10, 0, 0]);
			expect(await trigger.poll()).toEqual([]);
		}),
	);
});

topic('Files of the polling trigger', (test) => {
	test(
		'are those of the tasks, fifty in a poll at most',
		bench(async (place) => {
			const ids = await makeEnded(place, 60);
			const trigger = watching(place, ids, { download: true });
			const first = await trigger.poll();
			const second = await trigger.poll();
			expect([first.length, second.length]).toEqual([50, 10]);
			expect(new Set(idsOf([...first, ...second]))).toEqual(new Set(ids));
			for (const item of [...first, ...second]) {
				expect((await place.engine.bytesOf(item)).equals(place.api.assetBytes('video'))).toBe(true);
				expect(item.json.downloadError).toBeUndefined();
			}
			expect(place.api.downloads).toHaveLength(60);
			expect(place.api.downloads.some(({ leakedAuthorization }) => leakedAuthorization)).toBe(false);
		}),
	);

	test(
		'that take longer than a poll has are tried three times, and then passed on as URLs',
		bench(
			async (place) => {
				const id = await makeTask(place);
				const quick = await makeTask(place, { prompt: '[fail INTERNAL]' });
				await until(() => [...place.api.tasks.values()].every(({ readyAt }) => readyAt < Date.now()));
				const trigger = watching(place, [id, quick], { download: true });
				expect(idsOf(await trigger.poll({ budgetMs: 3_000 }))).toEqual([quick]);
				trigger.restart();
				expect(await trigger.poll({ budgetMs: 3_000 })).toEqual([]);
				const [item] = await trigger.poll({ budgetMs: 3_000 });
				expect(item?.json).toMatchObject({ taskId: id, status: 'succeeded' });
				expect(item?.json.downloadError).toMatch(/it took too long.*Operation "Download"/);
				expect(item?.binary).toBeUndefined();
				expect(await trigger.poll()).toEqual([]);
			},
			{ assetBytes: 5_000_000, assetBytesPerSecond: 100_000 },
		),
	);

	test(
		'that are gone or too large do not keep the event of the task back',
		bench(
			async (place) => {
				const ids = [await makeTask(place), await makeTask(place)];
				place.api.fault({
					on: 'asset',
					kind: 'status',
					status: 404,
					times: Infinity,
					match: ({ path }) => path.includes(ids[0] ?? ''),
				});
				await wait(400);
				const trigger = watching(place, ids, { download: true, options: { maxFileSize: 1 } });
				const items = await collect(trigger, 2);
				expect(idsOf(items)).toEqual(ids);
				expect(items.map(({ json }) => json.downloadError)).toEqual([
					expect.stringContaining('expired or is gone'),
					expect.stringContaining('the file has 2 MB, but Max File Size (MB) allows 1 MB'),
				]);
				expect(await trigger.poll()).toEqual([]);
			},
			{ assetBytes: 2_000_000 },
		),
	);
});
