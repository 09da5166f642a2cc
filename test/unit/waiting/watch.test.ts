import { seeded } from '../../support/seeded';
import { simulateBatch } from '../../support/simulatedBatch';
import {
	absence,
	busy,
	common,
	done,
	gaps,
	meets,
	MINUTE,
	pending,
	rateLimit,
	refusal,
	SECOND,
	setUp,
	times,
	type End,
	type Trouble,
} from './scripted';

describe('A watched task', () => {
	it('is reported the moment it is seen finished, without one more sleep', async () => {
		const { clock, watch } = setUp();
		const begin = clock.now();
		const task = watch([pending(), pending(), done('video')]);
		expect(await clock.until(task.end)).toEqual({ kind: 'done', value: 'video' });
		expect(task.times).toHaveLength(3);
		expect(clock.now() - begin).toBe(task.times[2]);
		expect(clock.sleepers).toBe(0);
	});

	it('is looked at without delay if it has existed for a while', async () => {
		const { clock, watch } = setUp();
		const task = watch([done()], { isFresh: false });
		await clock.until(task.end);
		expect(task.times).toEqual([0]);
	});

	it('gets a moment to begin if it is new', async () => {
		const { clock, watch } = setUp();
		const task = watch([done()], { isFresh: true });
		await clock.until(task.end);
		expect(task.times[0]).toBeGreaterThan(0);
		expect(task.times[0]).toBeLessThanOrEqual(10 * SECOND);
	});

	it.each([2.5 * SECOND, 10 * SECOND, 5 * MINUTE])(
		'is looked at every %p ms if the user says so',
		async (intervalMs) => {
			const { clock, watch } = setUp({ random: () => 0.9 });
			const task = watch([...times(7, () => pending()), done()], { intervalMs, limitMs: 120 * MINUTE });
			await clock.until(task.end);
			expect(gaps(task.times)).toEqual(times(7, () => intervalMs));
		},
	);

	it('is left alone for 5 seconds at least between two looks once it is old', async () => {
		const { clock, watch } = setUp();
		const task = watch([pending()], { intervalMs: 0, limitMs: 20 * MINUTE });
		await clock.until(task.end);
		const old = task.times.filter((time) => time > 5 * MINUTE && time < 20 * MINUTE);
		expect(old.length).toBeGreaterThan(20);
		expect(Math.min(...gaps(old))).toBeGreaterThanOrEqual(5 * SECOND);
	});

	it('does not ask in step with the others of its batch', async () => {
		let turn = 0;
		const { clock, watch } = setUp({ random: () => (turn++ % 10) / 10 });
		const tasks = times(10, () => watch([pending()], { intervalMs: 0, limitMs: 3 * MINUTE }));
		await clock.until(Promise.all(tasks.map(async ({ end }) => await end)));
		const thirdLooks = new Set(tasks.map((task) => task.times[3]));
		expect(thirdLooks.size).toBeGreaterThan(5);
	});
});

describe('A lone task', () => {
	it('is noticed at most 12 s and, after a minute, 15 % late, in whatever moment it ends', async () => {
		const random = seeded(13);
		for (let renderMs = 3 * SECOND; renderMs < 4 * MINUTE; renderMs += SECOND / 4) {
			const [task] = await simulateBatch({ renderTimes: [renderMs], progress: 'none', random });
			const most = renderMs <= MINUTE ? 12 * SECOND : Math.min(12 * SECOND, 0.15 * renderMs);
			expect((task?.noticedAt ?? 0) - renderMs).toBeLessThanOrEqual(most + 10);
		}
	});
});

describe('Many tasks', () => {
	it('are never asked about more at once than the user allows', async () => {
		const { clock, watcher } = setUp({ parallel: 3 });
		const begin = clock.now();
		let inFlight = 0;
		let most = 0;
		const ends = times(40, async (index) => {
			let looks = 0;
			return await watcher.watch({
				poll: async () => {
					inFlight += 1;
					most = Math.max(most, inFlight);
					await clock.sleep(300 + index);
					inFlight -= 1;
					looks += 1;
					return looks < 4 ? pending() : done();
				},
				...common,
				isFresh: true,
				deadline: begin + 15 * MINUTE,
				intervalMs: 0,
			});
		});
		const results = await clock.until(Promise.all(ends));
		expect(results.every(({ kind }) => kind === 'done')).toBe(true);
		expect(most).toBe(3);
	});

	it('take about as long as the slowest of them, not the sum', async () => {
		const { clock, watcher } = setUp({ parallel: 5, random: seeded(3) });
		const begin = clock.now();
		const renderMs = 2 * MINUTE;
		const ends = times(100, async () =>
			watcher.watch({
				poll: async () => {
					await clock.sleep(100);
					return clock.now() - begin >= renderMs ? done() : pending();
				},
				...common,
				isFresh: true,
				deadline: begin + 15 * MINUTE,
				intervalMs: 0,
			}),
		);
		await clock.until(Promise.all(ends));
		expect(clock.now() - begin).toBeLessThan(renderMs + 30 * SECOND);
	});

	it.each([
		['has told how long they take', () => false],
		['has failed, one after the other', () => true],
	])('are all looked at at once when the first one %s', async (_, fails) => {
		const renderTimes = times(40, () => 100 * SECOND);
		const tasks = await simulateBatch({ renderTimes, fails, progress: 'none', inFlight: 40, random: seeded(3) });
		const noticed = tasks.map(({ noticedAt }) => noticedAt);
		expect(Math.min(...noticed)).toBeLessThan(112 * SECOND);
		expect(Math.max(...noticed) - Math.min(...noticed)).toBeLessThan(500);
	});

	it('are looked at as soon as any of them has told how long it took, even if the oldest take far longer', async () => {
		const renderTimes = [...times(2, () => 600 * SECOND), ...times(20, () => 60 * SECOND)];
		const tasks = await simulateBatch({ renderTimes, inFlight: 40, progress: 'none', random: seeded(3) });
		const noticed = tasks.slice(2).map(({ noticedAt }) => noticedAt);
		expect(Math.max(...noticed) - Math.min(...noticed)).toBeLessThan(500);
	});

	it('are noticed at their own pace if later ones are much quicker or slower', async () => {
		for (const [first, then] of [
			[60, 600],
			[600, 60],
		] as const) {
			const renderTimes = [...times(10, () => first * SECOND), ...times(10, () => then * SECOND)];
			const tasks = await simulateBatch({ renderTimes, slots: 10, progress: 'none', random: seeded(3) });
			const late = tasks.slice(10).map(({ endedAt, noticedAt }) => noticedAt - endedAt);
			expect(Math.max(...late)).toBeLessThan(13 * SECOND);
		}
	});

	it.each([20, 50, 80])('of 6 s are done after 8 s although they stand at %p %% until they end', async (stuckAt) => {
		const renderTimes = times(5, () => 6 * SECOND);
		const tasks = await simulateBatch({ renderTimes, progress: { stuckAt }, random: seeded(3) });
		expect(Math.max(...tasks.map(({ noticedAt }) => noticedAt))).toBeLessThan(8 * SECOND);
	});

	it('do not pile up timers when one after the other is done', async () => {
		const { clock, watcher } = setUp({ parallel: 50, random: seeded(5) });
		const begin = clock.now();
		const count = 300;
		let most = 0;
		const ends = times(count, async (index) =>
			watcher.watch({
				...common,
				isFresh: true,
				poll: async () => {
					most = Math.max(most, clock.sleepers);
					return clock.now() - begin >= 3 * MINUTE + index * 50 ? done() : pending();
				},
				deadline: begin + 15 * MINUTE,
				intervalMs: 0,
			}),
		);
		await clock.until(Promise.all(ends));
		expect(most).toBeLessThanOrEqual(5 * count);
	}, 120_000);

	it('all come to an end, a thousand of them, through every kind of trouble', async () => {
		const random = seeded(7);
		const { clock, watcher } = setUp({ parallel: 5, random });
		const begin = clock.now();
		const limitMs = 30 * MINUTE;
		const ends = times(1_000, async () => {
			const readyAt = begin + random() * 20 * MINUTE;
			const fate = random();
			return await watcher.watch({
				poll: async () => {
					await clock.sleep(20 + random() * 100);
					const dice = random();
					if (dice < 0.03) return meets(dice < 0.002 ? rateLimit : busy, dice < 0.01 ? 2 * SECOND : null);
					if (fate < 0.05) return meets(absence);
					if (dice < 0.06) return meets(absence);
					if (fate < 0.1 && clock.now() > readyAt) return meets(refusal);
					if (fate < 0.12) return pending();
					return clock.now() > readyAt ? done() : pending();
				},
				...common,
				isFresh: random() < 0.5,
				deadline: begin + limitMs,
				intervalMs: random() < 0.3 ? 5 * SECOND : 0,
			});
		});
		const results = await clock.until(Promise.all(ends));
		const count = (kind: End['kind']) => results.filter((end) => end.kind === kind).length;
		const gaveUp = (trouble: Trouble) =>
			results.filter((end) => end.kind === 'gaveUp' && end.trouble === trouble).length;
		expect(count('done') + gaveUp(absence) + gaveUp(refusal) + count('timedOut')).toBe(1_000);
		expect(count('done')).toBeGreaterThan(800);
		expect(gaveUp(absence)).toBeGreaterThan(20);
		expect(gaveUp(refusal)).toBeGreaterThan(20);
		expect(count('timedOut')).toBeGreaterThan(5);
		expect(clock.now() - begin).toBeLessThan(limitMs + MINUTE);
	}, 120_000);
});
