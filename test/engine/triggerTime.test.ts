import { readFileSync } from 'node:fs';
import path from 'node:path';

import { limits } from '../../nodes/shared/judgement/judge';
import { bench, closeBench, makeTask, textOf } from './bench';
import { collect, fails, idsOf, makeEnded, makeTasks, wait, watching } from './watching';

/** What the polling trigger does with its time. One test after the other, since they measure time or bend it. */

afterAll(closeBench);
afterEach(() => jest.restoreAllMocks());

const UNKNOWN = '00000000-0000-4000-8000-000000000000';
const LONGEST_TEST_MS = 90_000;
const GRACE_MS = limits.absence.poll.ms;
const SEEN_GRACE_MS = limits.absence.pollSeen.ms;

/** Lets the clock of this process, which the stand-in shares, jump ahead. */
function jump(milliseconds: number): void {
	const from = Date.now();
	const began = performance.now();
	jest.restoreAllMocks();
	jest.spyOn(Date, 'now').mockImplementation(() => Math.floor(from + milliseconds + performance.now() - began));
}

describe('A poll', () => {
	it(
		'asks for 2,000 tasks in turns, as many as there is time for',
		bench(
			async (place) => {
				const ids = await makeTasks(place, 2_000);
				const trigger = watching(place, ids, { api: 'official' });
				place.api.settings.latencyMs = 10;
				let polls = 0;
				const asked = () => ids.map((id) => place.api.tasks.get(id)?.polls ?? 0);
				while (asked().includes(0)) {
					const began = performance.now();
					await trigger.poll({ budgetMs: 4_000 });
					expect(performance.now() - began).toBeLessThan(4_000);
					polls += 1;
				}
				// Half of the budget, five at a time, 10 ms each: a thousand at most.
				expect(polls).toBeGreaterThanOrEqual(2);
				expect(Math.max(...asked())).toBeLessThanOrEqual(2);

				place.api.settings.latencyMs = 0;
				for (const id of ids) place.api.finish(id);
				const items = await collect(trigger, 2_000);
				expect(new Set(idsOf(items)).size).toBe(2_000);
				expect(items).toHaveLength(2_000);
			},
			{ renderMs: 60_000 },
		),
		LONGEST_TEST_MS,
	);

	it(
		'ends in time although the API never answers for some, and lets all others have their turn',
		bench(async (place) => {
			const ids = await makeEnded(place, 30);
			const sick = new Set(ids.slice(0, 4));
			const about = ({ path }: { path: string }) => sick.has(path.split('/').at(-1) ?? '');
			place.api.fault({ on: 'read', kind: 'timeout', match: about, times: Infinity });
			const trigger = watching(place, ids, { api: 'official' });
			const told: unknown[] = [];
			for (let poll = 0; poll < 3; poll += 1) {
				const began = performance.now();
				told.push(...idsOf(await trigger.poll({ budgetMs: 6_000 })));
				expect(performance.now() - began).toBeLessThan(6_000);
			}
			expect([...told].sort()).toEqual(ids.slice(4).sort());
		}),
		LONGEST_TEST_MS,
	);
});

describe('A poll that n8n begins before it has saved the one before', () => {
	it(
		'emits nothing twice, and nothing too little if n8n has discarded the one before',
		bench(async (place) => {
			const ids = await makeEnded(place, 3);
			const trigger = watching(place, ids, {}, 'cursor');
			const cursor = trigger.saved;
			expect(idsOf(await trigger.poll({ cursor }))).toEqual(ids);
			expect(await trigger.poll({ cursor })).toEqual([]);
			expect(await trigger.poll()).toEqual([]);
			jump(50_000);
			expect(idsOf(await trigger.poll({ cursor }))).toEqual(ids);
		}),
		LONGEST_TEST_MS,
	);
});

describe('A bad id', () => {
	it(
		'is reported once after five minutes, as a failed task, and asked for once an hour from then on',
		bench(async (place) => {
			const good = await makeTask(place, { prompt: '[stuck]' });
			await wait(100);
			const trigger = watching(place, [UNKNOWN, good]);
			expect(await trigger.poll()).toEqual([]);
			jump(GRACE_MS - 1_000);
			expect(await trigger.poll()).toEqual([]);
			jump(2_000);
			const items = await trigger.poll();
			expect(items).toHaveLength(1);
			expect(items[0]?.json).toMatchObject({
				taskId: UNKNOWN,
				operation: 'watch',
				status: 'unknown',
				videoUrl: null,
				failure: { code: 'task_not_exist', retryable: false },
			});
			expect((items[0]?.json.failure as { message: string }).message).toMatch(
				/does not know this task\. Check the task ID.*once an hour/,
			);
			expect(trigger.errors).toEqual([]);
			trigger.restart();
			place.api.finish(good);
			const reads = place.api.reads.length;
			expect(idsOf(await trigger.poll())).toEqual([good]);
			expect(place.api.reads).toHaveLength(reads + 1);
			jump(3_600_000);
			expect(await trigger.poll()).toEqual([]);
			expect(place.api.reads.length).toBeGreaterThan(reads + 1);
		}),
		LONGEST_TEST_MS,
	);

	it(
		'is an error beside the items if failed tasks are not wanted',
		bench(async (place) => {
			const good = await makeTask(place);
			const bad = Array.from({ length: 30 }, (_, index) => `nobody-${index}`);
			const trigger = watching(place, [...bad, good], { events: ['succeeded'] });
			expect(idsOf(await collect(trigger, 1))).toEqual([good]);
			await trigger.poll();
			jump(GRACE_MS + 1_000);
			expect(await trigger.poll()).toEqual([]);
			expect(trigger.errors.map(({ message }) => message)).toEqual([
				expect.stringMatching(/: nobody-0, .* and 5 more$/),
			]);
			const page = readFileSync(path.join(__dirname, '../../docs/troubleshooting.md'), 'utf8');
			const headings = [...page.matchAll(/^### (.+ )…$/gm)].map(([, heading]) => heading ?? '');
			expect(headings.some((heading) => trigger.errors[0]?.message.startsWith(heading))).toBe(true);
			expect(await trigger.poll()).toEqual([]);
			expect(trigger.errors).toHaveLength(1);
		}),
		LONGEST_TEST_MS,
	);

	it.each([400, 404])(
		'that the API refuses with %i is reported once, then asked for once an hour, also if it is the only one',
		async (status) =>
			await bench(async (place) => {
				const bad = 'not-a-uuid';
				const message = 'the id must be a UUID';
				place.api.fault({ on: 'read', kind: 'status', status, message, times: Infinity });
				const trigger = watching(place, [bad], { api: 'official' });
				const items = [];
				for (let minute = 0; minute < 180; minute += 1) {
					items.push(...(await trigger.poll()));
					jump(60_000);
				}
				expect(items.map(({ json }) => json)).toMatchObject([{ taskId: bad, status: 'unknown' }]);
				if (status === 400) expect(JSON.stringify(items[0]?.json.failure)).toContain(message);
				expect(trigger.errors).toEqual([]);
				// Once a minute for five minutes, then at one hour and at two.
				expect(place.api.reads).toHaveLength(8);
			})(),
		LONGEST_TEST_MS,
	);

	it(
		'that is refused as if by the key is reported as well, as long as others are answered',
		bench(async (place) => {
			const good = await makeTask(place, { prompt: '[stuck]' });
			const bad = 'of-another-account';
			const about = ({ path }: { path: string }) => path.endsWith(bad);
			place.api.fault({ on: 'read', kind: 'status', status: 403, match: about, times: Infinity });
			await wait(100);
			const trigger = watching(place, [bad, good], { api: 'official' });
			for (let poll = 0; poll < 2; poll += 1) {
				expect(await trigger.poll()).toEqual([]);
				jump(GRACE_MS / 2 + 1_000);
			}
			expect((await trigger.poll()).map(({ json }) => json)).toMatchObject([{ taskId: bad, status: 'unknown' }]);
			expect(await trigger.poll()).toEqual([]);
		}),
		LONGEST_TEST_MS,
	);

	it(
		'is none because the API was down between two answers that did not know it',
		bench(async (place) => {
			const trigger = watching(place, [UNKNOWN]);
			await trigger.poll();
			await trigger.poll();
			for (const fault of [
				{ kind: 'status', status: 503 },
				{ kind: 'html', status: 403 },
			] as const) {
				const outage = place.api.fault({ on: 'read', ...fault, times: Infinity });
				jump(GRACE_MS / 2 + 1_000);
				expect(await trigger.poll()).toEqual([]);
				outage.clear();
				jump(GRACE_MS / 2 + 1_000);
				expect(await trigger.poll()).toEqual([]);
				expect(await trigger.poll()).toEqual([]);
			}
			jump(GRACE_MS + 1_000);
			expect(await trigger.poll()).toHaveLength(1);
		}),
		LONGEST_TEST_MS,
	);

	it(
		'is not what tasks are taken for behind a web page that blocks n8n: that is an error after five minutes',
		bench(async (place) => {
			const trigger = watching(place, [UNKNOWN]);
			place.api.fault({ on: 'read', kind: 'html', status: 403, times: Infinity });
			for (let poll = 0; poll < 2; poll += 1) {
				expect(await trigger.poll()).toEqual([]);
				jump(GRACE_MS / 2 + 1_000);
			}
			expect(textOf(await fails(trigger))).toMatch(/A web page came in place of an answer/);
		}),
		LONGEST_TEST_MS,
	);

	it(
		'is another thing than a task that was there before, which the API may have lost sight of',
		bench(async (place) => {
			const id = await makeTask(place, { prompt: '[stuck]' });
			await wait(100);
			const trigger = watching(place, [id]);
			await trigger.poll();
			const task = place.api.tasks.get(id);
			if (task !== undefined) task.vanished = true;
			expect(await trigger.poll()).toEqual([]);
			jump(GRACE_MS + 1_000);
			for (let poll = 0; poll < 3; poll += 1) expect(await trigger.poll()).toEqual([]);
			if (task !== undefined) task.vanished = false;
			expect(await trigger.poll()).toEqual([]);
			if (task !== undefined) task.vanished = true;
			await trigger.poll();
			await trigger.poll();
			jump(SEEN_GRACE_MS + 1_000);
			expect((await trigger.poll()).map(({ json }) => json.failure)).toMatchObject([{ code: 'task_not_exist' }]);
			expect(await trigger.poll()).toEqual([]);
		}),
		LONGEST_TEST_MS,
	);
});
