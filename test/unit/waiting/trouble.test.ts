import { backoffDelay } from '../../../nodes/shared/wait/cadence';
import type { Row } from '../../../nodes/shared/wait/row';
import { settle } from '../../support/fakeClock';
import { seeded } from '../../support/seeded';
import {
	absence,
	busy,
	common,
	done,
	ends,
	gaps,
	judge,
	meets,
	MINUTE,
	pending,
	rateLimit,
	refusal,
	SECOND,
	setUp,
	times,
	wrongKey,
	type Trouble,
} from './scripted';

describe('A task that the API does not know', () => {
	it('is waited for, because a fresh id takes a while to be visible', async () => {
		const { clock, watch } = setUp();
		const task = watch([meets(absence), meets(absence), meets(absence), pending(), done()]);
		expect(await clock.until(task.end)).toEqual({ kind: 'done', value: 'ready' });
	});

	it('is looked at by plan meanwhile', async () => {
		const { clock, watch } = setUp();
		const task = watch([meets(absence), meets(absence), meets(absence), done()], { intervalMs: 7 * SECOND });
		await clock.until(task.end);
		expect(gaps(task.times)).toEqual([7_000, 7_000, 7_000]);
	});

	it('is given up when it is judged so, with the length of the row', async () => {
		const { clock, watch } = setUp();
		const task = watch([meets(absence)], { intervalMs: 7 * SECOND });
		expect(await clock.until(task.end)).toEqual({
			kind: 'gaveUp',
			last: null,
			trouble: absence,
			row: { answers: 10, ms: 63_000 },
		});
		expect(task.times.at(-1)).toBe(63_000);
	});

	it('is waited for to the time limit once it was seen, when it is judged so', async () => {
		const { clock, watch } = setUp();
		const task = watch([pending('half done'), meets(absence)], { limitMs: 10 * MINUTE });
		expect(await clock.until(task.end)).toEqual({ kind: 'timedOut', last: 'half done', trouble: absence });
		expect(task.times.at(-1)).toBe(10 * MINUTE);
	});

	it('is not watched beyond its time limit', async () => {
		const { clock, watch } = setUp();
		const task = watch([meets(absence)], { limitMs: 30 * SECOND });
		expect(await clock.until(task.end)).toEqual({ kind: 'timedOut', last: null, trouble: absence });
		expect(task.times.at(-1)).toBe(30 * SECOND);
	});

	it.each([
		['an outage', busy],
		['a rate limit', rateLimit],
		['a refusal', refusal],
	])('is not given up because of %s between two absences', async (_, between) => {
		const { clock, watch } = setUp();
		const outage = [...times(2, () => meets(between, MINUTE)), meets(absence)];
		const task = watch([meets(absence), ...times(5, () => outage).flat(), done()]);
		expect(await clock.until(task.end)).toEqual({ kind: 'done', value: 'ready' });
		expect(task.times.at(-1)).toBeGreaterThan(5 * MINUTE);
	});

	it('and whose route then fails until the time limit timed out with that fault', async () => {
		const { clock, watch } = setUp();
		const task = watch([meets(absence), meets(busy)], { limitMs: 5 * MINUTE });
		expect(await clock.until(task.end)).toEqual({ kind: 'timedOut', last: null, trouble: busy });
	});
});

describe('A fault that may pass', () => {
	it.each([
		[1, 0, 1_000],
		[2, 0, 2_000],
		[3, 0, 4_000],
		[5, 0, 16_000],
		[6, 0, 30_000],
		[50, 0, 30_000],
		[5_000, 0, 30_000],
		[1, 1, 2_000],
		[1, 0.5, 1_500],
		[50, 1, 31_000],
	])(
		'makes the next look wait longer each time: failure %p with jitter %p waits %p ms',
		(failures, random, expected) => {
			expect(backoffDelay(failures, random)).toBe(expected);
		},
	);

	it('is followed by ever longer waits and does not end the watching', async () => {
		const { clock, watch } = setUp();
		const task = watch([...times(7, () => meets(busy)), done()]);
		expect(await clock.until(task.end)).toEqual({ kind: 'done', value: 'ready' });
		expect(gaps(task.times)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
	});

	it.each([
		['seen', pending()],
		['absent', meets(absence)],
	])('is forgotten once the task was %s', async (_, answer) => {
		const { clock, watch } = setUp();
		const task = watch([meets(busy), meets(busy), meets(busy), answer, meets(busy), done()]);
		await clock.until(task.end);
		expect(gaps(task.times)).toEqual([1_000, 2_000, 4_000, 10_000, 1_000]);
	});

	it('of one task does not slow down the others', async () => {
		const { clock, watch } = setUp();
		const troubled = watch([meets(busy)], { limitMs: MINUTE });
		const other = watch([...times(5, () => pending()), done()], { intervalMs: SECOND });
		expect(await clock.until(other.end)).toEqual({ kind: 'done', value: 'ready' });
		expect(other.times).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000]);
		expect(await clock.until(troubled.end)).toEqual({ kind: 'timedOut', last: null, trouble: busy });
	});

	it('of one task makes that one wait as long as the API asked for', async () => {
		const { clock, watch } = setUp();
		const troubled = watch([meets(busy, 40 * SECOND), done()]);
		const other = watch([pending(), pending(), done()], { intervalMs: SECOND });
		await clock.until(ends([troubled, other]));
		expect(other.times).toEqual([0, 1_000, 2_000]);
		expect(troubled.times[1]).toBeGreaterThanOrEqual(40 * SECOND);
	});

	it('is not reported as the reason for a time-out if the task has answered well since', async () => {
		const { clock, watch } = setUp();
		const task = watch([meets(busy), pending('half done')], { limitMs: 5 * MINUTE });
		expect(await clock.until(task.end)).toEqual({ kind: 'timedOut', last: 'half done', trouble: null });
	});
});

describe('A refusal of one task', () => {
	it('ends that task alone, when it has come as often in a row as it is judged by', async () => {
		const { clock, watch } = setUp();
		const bad = watch([pending('half done'), meets(refusal)], { intervalMs: SECOND });
		const good = watch([...times(20, () => pending()), done()], { intervalMs: SECOND });
		expect(await clock.until(bad.end)).toEqual({
			kind: 'gaveUp',
			last: 'half done',
			trouble: refusal,
			row: { answers: 3, ms: 3_000 },
		});
		expect(await clock.until(good.end)).toEqual({ kind: 'done', value: 'ready' });
		expect(bad.times).toHaveLength(4);
	});

	it.each([
		['a state', pending()],
		['an outage', meets(busy)],
		['an absence', meets(absence)],
		['a rate limit', meets(rateLimit)],
	])('does not end it with %s in between', async (_, between) => {
		const { clock, watch } = setUp();
		const task = watch([...times(10, () => [meets(refusal), meets(refusal), between]).flat(), done()]);
		expect(await clock.until(task.end)).toEqual({ kind: 'done', value: 'ready' });
	});
});

describe('A rate limit', () => {
	it('makes everyone wait as long as the API asked for', async () => {
		const { clock, watch } = setUp();
		const others = times(4, () => watch([pending()], { intervalMs: SECOND, limitMs: 2 * MINUTE }));
		const begin = clock.now();
		await clock.advance(3_500);
		const limited = watch([meets(rateLimit, 20 * SECOND), done()]);
		await clock.advance(SECOND);
		const late = watch([done()]);
		await clock.until(ends([limited, late]));
		expect(clock.now() - begin).toBeGreaterThanOrEqual(23_500);
		await clock.until(ends(others));
		for (const other of others) {
			expect(other.times.filter((time) => time > 3_500 && time < 23_500)).toEqual([]);
			expect(other.times.filter((time) => time >= 23_500 && time < 26_000).length).toBeGreaterThan(0);
		}
		expect(limited.times).toHaveLength(2);
	});

	it('makes everyone wait a little if the API did not say how long', async () => {
		const { clock, watch } = setUp();
		const limited = watch([meets(rateLimit), done()]);
		const other = watch([pending(), pending(), done()], { intervalMs: 250 });
		await clock.until(ends([limited, other]));
		expect(other.times.filter((time) => time > 0 && time < SECOND)).toEqual([]);
	});

	it('is felt by those that already wait for a free place', async () => {
		const { clock, watch } = setUp({ parallel: 1 });
		const first = watch([meets(rateLimit, 10 * SECOND), done()], { answersAfterMs: 500 });
		const second = watch([done()]);
		await clock.until(ends([first, second]));
		expect(second.times).toHaveLength(1);
		expect(second.times[0]).toBeGreaterThanOrEqual(10_500);
		expect(second.times[0]).toBeLessThan(12_000);
	});

	it('is not followed by a rush, whoever was due meanwhile and however often plans changed', async () => {
		const { clock, watch } = setUp({ parallel: 1_000, random: seeded(11) });
		const adaptive = { intervalMs: 0, isFresh: true };
		const tasks = times(100, () => watch([pending()], { ...adaptive, limitMs: 2 * MINUTE }));
		await clock.advance(10 * SECOND);
		const limited = watch([meets(rateLimit, 30 * SECOND), pending()], { limitMs: 2 * MINUTE });
		// The end of another one makes everybody plan again just when the quiet is over.
		const teacher = watch([pending(), done()], { ...adaptive, answersAfterMs: 15_100, limitMs: 2 * MINUTE });
		await clock.until(ends([...tasks, limited, teacher]));
		const after = tasks.map((task) => task.times.find((time) => time > 11 * SECOND) ?? 0);
		expect(Math.min(...after)).toBeGreaterThanOrEqual(40 * SECOND);
		expect(Math.max(...times(20, (slot) => inSlot(after, 40_000 + slot * 50)))).toBeLessThan(20);
	});

	it('does not keep anyone beyond the own time limit', async () => {
		const { clock, watch } = setUp();
		const begin = clock.now();
		const limited = watch([pending('half done'), meets(rateLimit, 10 * MINUTE)], {
			limitMs: MINUTE,
			intervalMs: SECOND,
		});
		expect(await clock.until(limited.end)).toEqual({ kind: 'timedOut', last: 'half done', trouble: rateLimit });
		expect(clock.now() - begin).toBe(MINUTE);
	});

	it('is the reason for the time-out of a task that could not be looked at because of it', async () => {
		const { clock, watch } = setUp();
		watch([meets(rateLimit, 10 * MINUTE)]);
		await settle();
		const task = watch([done()], { limitMs: MINUTE });
		expect(await clock.until(task.end)).toEqual({ kind: 'timedOut', last: null, trouble: rateLimit });
		expect(task.times).toEqual([]);
	});

	it.each([null, 0, 1])(
		'that lasts does not make anyone ask in a tight loop, with a Retry-After of %p ms',
		async (retryAfterMs) => {
			const { clock, watch } = setUp();
			const tasks = times(20, () => watch([meets(rateLimit, retryAfterMs)], { limitMs: 5 * MINUTE }));
			await clock.until(ends(tasks));
			for (const task of tasks) expect(task.times.length).toBeLessThan(60);
		},
	);
});

describe('A rate limit that everybody meets', () => {
	it('lets the pauses grow for all together, however many they are', async () => {
		const { clock, watch } = setUp({ random: seeded(3) });
		const options = { answersAfterMs: 200, limitMs: 5 * MINUTE, intervalMs: 5 * SECOND };
		const tasks = times(50, () => watch([meets(rateLimit)], options));
		await clock.until(ends(tasks));
		const looks = tasks.flatMap((task) => task.times).filter((time) => time > 0 && time < 5 * MINUTE);
		// Five at once in each pause: after 1, 2, 4, 8, 16 s and then every 30 s.
		expect(looks.length).toBeLessThanOrEqual(5 * 14);
	});
});

describe('A refused key', () => {
	it('that stays refused ends everything, each task with its last state', async () => {
		const { clock, watch } = setUp();
		const begin = clock.now();
		const tasks = times(6, (index) => watch([pending(`state ${index}`), meets(wrongKey)], { intervalMs: 5 * SECOND }));
		const results = await clock.until(ends(tasks));
		results.forEach((end, index) =>
			expect(end).toMatchObject({ kind: 'gaveUp', last: `state ${index}`, trouble: wrongKey }),
		);
		expect(clock.now() - begin).toBeLessThan(30 * SECOND);
	});

	it('spares a later task even the first look once everything has ended', async () => {
		const { clock, watch } = setUp();
		await clock.until(watch([meets(wrongKey)]).end);
		const late = watch([done()]);
		expect(await clock.until(late.end)).toMatchObject({ kind: 'gaveUp', last: null, trouble: wrongKey });
		expect(late.times).toEqual([]);
	});

	it('ends also a task that waits for its last look', async () => {
		const { clock, watch } = setUp({ parallel: 1 });
		const bad = watch([meets(wrongKey)], { answersAfterMs: 20 * SECOND });
		const waiting = watch([done()], { isFresh: true, limitMs: 5 * MINUTE, intervalMs: 10 * MINUTE });
		await clock.until(bad.end);
		expect(await clock.until(waiting.end)).toMatchObject({ kind: 'gaveUp', last: null, trouble: wrongKey });
		expect(waiting.times).toEqual([]);
	});

	it('makes everybody quiet before it ends anything', async () => {
		const { clock, watch } = setUp();
		const other = watch([pending()], { intervalMs: 250, limitMs: 2 * MINUTE });
		await clock.advance(1_100);
		const bad = watch([meets(wrongKey)]);
		await clock.until(bad.end);
		expect(gaps(other.times).filter((gap) => gap > 900)).not.toEqual([]);
	});

	it('in a burst is one answer, not a row', async () => {
		const { clock, watch } = setUp({ parallel: 50 });
		const tasks = times(50, () => watch([meets(wrongKey), pending(), done()], { answersAfterMs: 300 }));
		const results = await clock.until(ends(tasks));
		expect(results.filter(({ kind }) => kind !== 'done')).toEqual([]);
	});

	it('now and then, between good answers, never ends anything', async () => {
		const { clock, watcher } = setUp({ random: seeded(5) });
		const begin = clock.now();
		let answers = 0;
		const results = await clock.until(
			Promise.all(
				times(20, async () => {
					let looks = 0;
					return await watcher.watch({
						...common,
						deadline: begin + 60 * MINUTE,
						poll: async () => {
							await clock.sleep(200);
							looks += 1;
							answers += 1;
							if (answers % 3 !== 0) return looks < 40 ? pending() : done();
							return meets(wrongKey);
						},
					});
				}),
			),
		);
		expect(answers).toBeGreaterThanOrEqual(800);
		expect(results.filter(({ kind }) => kind !== 'done')).toEqual([]);
	});

	it.each([
		['absence', absence],
		['refusal of one task', refusal],
		['outage', busy],
	])('begins a new row after the %s of another task, which was no such answer', async (_, other) => {
		const { clock, watch } = setUp();
		const rows: number[] = [];
		const noting = (trouble: Trouble, row: Row, isSeen: boolean) => {
			if (trouble === wrongKey) rows.push(row.answers);
			return judge(trouble, row, isSeen);
		};
		watch([meets(other), done()], { answersAfterMs: 1_500 });
		const task = watch([...times(4, () => meets(wrongKey)), done()], { judge: noting });
		await clock.until(task.end);
		expect(task.times.slice(0, 3)).toEqual([0, 1_000, 3_000]);
		expect(rows.slice(0, 3)).toEqual([1, 2, 1]);
	});
});

function inSlot(moments: readonly number[], from: number): number {
	return moments.filter((moment) => moment >= from && moment < from + 50).length;
}
