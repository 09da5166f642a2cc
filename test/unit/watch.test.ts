import { getEventListeners } from 'node:events';
import pLimit from 'p-limit';

import { backoffDelay } from '../../nodes/shared/wait/cadence';
import { createExperience } from '../../nodes/shared/wait/experience';
import { Alarm, pause, pauseUnlessAborted } from '../../nodes/shared/wait/pause';
import { createWatcher, type Look, type Watched, type WatchEnd } from '../../nodes/shared/wait/watch';
import { createFakeClock, settle, type FakeClock } from '../support/fakeClock';

type Seen = Look<string, string>;
type End = WatchEnd<string, string>;

const pending = (value = 'running'): Seen => ({ kind: 'pending', value, progress: null, beganAt: null });
const done = (value = 'ready'): Seen => ({ kind: 'done', value, tookMs: null, isTypical: true });
const absent: Seen = { kind: 'absent' };
const passing = (retryAfterMs: number | null = null, everyone = false): Seen => ({
	kind: 'passing',
	trouble: 'busy',
	retryAfterMs,
	everyone,
});
const refused = (everyone = false): Seen => ({ kind: 'refused', trouble: 'no', everyone });

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

interface Scripted {
	end: Promise<End>;
	/** When it was looked at, in milliseconds since the watching began. */
	times: number[];
	/** What it came to, once it did. */
	result(): End | undefined;
}

/** A watcher in fake time. Nothing is spread at random unless a test wants it. */
function setUp(options: { parallel?: number; signal?: AbortSignal; random?: () => number } = {}) {
	const clock = createFakeClock();
	const requests = pLimit(options.parallel ?? 5);
	const watcher = createWatcher<string, string>({
		clock,
		limit: async (request) => await requests(request),
		experience: createExperience(),
		signal: options.signal,
		random: options.random ?? (() => 0),
	});
	return { clock, watcher, watch: scriptedWatch(clock, watcher) };
}

/** Watches something whose looks go as scripted; the last one repeats. */
function scriptedWatch(clock: FakeClock, watcher: ReturnType<typeof createWatcher<string, string>>) {
	return (looks: readonly Seen[], watched: Partial<Watched<string, string>> & { limitMs?: number } = {}): Scripted => {
		const begin = clock.now();
		const times: number[] = [];
		const { limitMs = 15 * MINUTE, ...rest } = watched;
		let result: End | undefined;
		const end = watcher.watch({
			look: async () => {
				times.push(clock.now() - begin);
				if (times.length > 2_000) throw new Error('looked at without end');
				return looks[Math.min(times.length, looks.length) - 1] ?? pending();
			},
			...common,
			deadline: begin + limitMs,
			intervalMs: 10 * SECOND,
			...rest,
		});
		end.then(
			(value) => {
				result = value;
			},
			() => {},
		);
		return { end, times, result: () => result };
	};
}

/** Things that have existed for a while, so that the first look comes at once. */
const common = { kind: 'video', isFresh: false, absenceGraceMs: MINUTE, intervalMs: SECOND };

const gaps = (times: readonly number[]) => times.slice(1).map((time, index) => time - (times[index] ?? 0));
const times = <T>(count: number, make: (index: number) => T) =>
	Array.from({ length: count }, (_, index) => make(index));

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

	it('is looked at without delay where it has existed for a while', async () => {
		const { clock, watch } = setUp();
		const task = watch([done()], { isFresh: false });
		await clock.until(task.end);
		expect(task.times).toEqual([0]);
	});

	it('gets a moment to begin where it is new', async () => {
		const { clock, watch } = setUp();
		const task = watch([done()], { isFresh: true });
		await clock.until(task.end);
		expect(task.times[0]).toBeGreaterThan(0);
		expect(task.times[0]).toBeLessThanOrEqual(10 * SECOND);
	});

	it.each([2.5 * SECOND, 10 * SECOND, 5 * MINUTE])(
		'is looked at every %p ms where the user says so',
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

describe('A task that the API does not know', () => {
	it('is waited for, because a fresh id takes a while to be visible', async () => {
		const { clock, watch } = setUp();
		const task = watch([absent, absent, absent, pending(), done()]);
		expect(await clock.until(task.end)).toEqual({ kind: 'done', value: 'ready' });
	});

	it('is given up after the grace time, and not before', async () => {
		const { clock, watch } = setUp();
		const task = watch([absent], { absenceGraceMs: MINUTE, intervalMs: 7 * SECOND });
		expect(await clock.until(task.end)).toEqual({ kind: 'absent', last: null });
		expect(task.times.at(-1)).toBeGreaterThanOrEqual(MINUTE);
		expect(task.times.at(-1)).toBeLessThan(MINUTE + 10 * SECOND);
	});

	it('is given up with its last state where it vanishes after it was seen', async () => {
		const { clock, watch } = setUp();
		const task = watch([pending('half done'), absent]);
		expect(await clock.until(task.end)).toEqual({ kind: 'absent', last: 'half done' });
		expect(task.times.at(-1)).toBeGreaterThanOrEqual(MINUTE);
	});

	it('gets the whole grace time anew whenever it was seen in between', async () => {
		const { clock, watch } = setUp();
		const flickering = times(5, () => [absent, absent, absent, absent, absent, pending()]).flat();
		const task = watch([...flickering, done()]);
		expect(await clock.until(task.end)).toEqual({ kind: 'done', value: 'ready' });
	});

	it('does not get the grace time anew by a fault in between', async () => {
		const { clock, watch } = setUp();
		const task = watch([absent, passing(), absent, passing(), absent, passing(), absent], { limitMs: 10 * MINUTE });
		expect(await clock.until(task.end)).toMatchObject({ kind: 'absent' });
		expect(task.times.at(-1)).toBeLessThan(2 * MINUTE);
	});

	it('is not watched beyond its time limit where the grace time is longer', async () => {
		const { clock, watch } = setUp();
		const task = watch([absent], { absenceGraceMs: 10 * MINUTE, limitMs: 30 * SECOND });
		expect(await clock.until(task.end)).toEqual({ kind: 'absent', last: null });
		expect(task.times.at(-1)).toBe(30 * SECOND);
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
		const task = watch([...times(7, () => passing()), done()]);
		expect(await clock.until(task.end)).toEqual({ kind: 'done', value: 'ready' });
		expect(gaps(task.times)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
	});

	it.each([
		['seen', pending()],
		['absent', absent],
	])('is forgotten once the task was %s', async (_, answer) => {
		const { clock, watch } = setUp();
		const task = watch([passing(), passing(), passing(), answer, passing(), done()]);
		await clock.until(task.end);
		expect(gaps(task.times)).toEqual([1_000, 2_000, 4_000, 10_000, 1_000]);
	});

	it('of one task does not slow down the others', async () => {
		const { clock, watch } = setUp();
		const troubled = watch([passing()], { limitMs: MINUTE });
		const other = watch([...times(5, () => pending()), done()], { intervalMs: SECOND });
		expect(await clock.until(other.end)).toEqual({ kind: 'done', value: 'ready' });
		expect(other.times).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000]);
		expect(await clock.until(troubled.end)).toEqual({ kind: 'timedOut', last: null, trouble: 'busy' });
	});

	it('of one task makes that one wait as long as the API asked for', async () => {
		const { clock, watch } = setUp();
		const troubled = watch([passing(40 * SECOND, false), done()]);
		const other = watch([pending(), pending(), done()], { intervalMs: SECOND });
		await clock.until(Promise.all([troubled.end, other.end]));
		expect(other.times).toEqual([0, 1_000, 2_000]);
		expect(troubled.times[1]).toBeGreaterThanOrEqual(40 * SECOND);
	});

	it('is not reported as the reason for a time-out where the task has answered well since', async () => {
		const { clock, watch } = setUp();
		const task = watch([passing(), pending('half done')], { limitMs: 5 * MINUTE });
		expect(await clock.until(task.end)).toEqual({ kind: 'timedOut', last: 'half done', trouble: null });
	});
});

describe('A rate limit', () => {
	it('makes everyone wait as long as the API asked for', async () => {
		const { clock, watch } = setUp();
		const others = times(4, () => watch([pending()], { intervalMs: SECOND, limitMs: 2 * MINUTE }));
		const begin = clock.now();
		await clock.advance(3_500);
		const limited = watch([passing(20 * SECOND, true), done()]);
		await clock.advance(SECOND);
		const late = watch([done()]);
		await clock.until(Promise.all([limited.end, late.end]));
		expect(clock.now() - begin).toBeGreaterThanOrEqual(23_500);
		await clock.until(Promise.all(others.map(async ({ end }) => await end)));
		for (const other of others) {
			expect(other.times.filter((time) => time > 3_500 && time < 23_500)).toEqual([]);
			expect(other.times.filter((time) => time >= 23_500 && time < 26_000).length).toBeGreaterThan(0);
		}
		expect(limited.times).toHaveLength(2);
	});

	it('makes everyone wait a little where the API did not say how long', async () => {
		const { clock, watch } = setUp();
		const limited = watch([passing(null, true), done()]);
		const other = watch([pending(), pending(), done()], { intervalMs: 250 });
		await clock.until(Promise.all([limited.end, other.end]));
		expect(other.times.filter((time) => time > 0 && time < SECOND)).toEqual([]);
	});

	it('is felt by those that already wait for a free place', async () => {
		const { clock, watcher } = setUp({ parallel: 1 });
		const looked: string[] = [];
		const begin = clock.now();
		const answers = [passing(10 * SECOND, true), done()];
		const first = watcher.watch({
			...common,
			deadline: begin + MINUTE,
			look: async () => {
				looked.push(`first at ${clock.now() - begin}`);
				await clock.sleep(500);
				return answers.shift() ?? done();
			},
		});
		const second = watcher.watch({
			...common,
			deadline: begin + MINUTE,
			look: async () => {
				looked.push(`second at ${clock.now() - begin}`);
				return done();
			},
		});
		await clock.until(Promise.all([first, second]));
		expect(looked).toHaveLength(3);
		expect(looked.find((entry) => entry.startsWith('second'))).toMatch(/at 1[01]\d{3}$/);
	});

	it('does not keep anyone beyond the own time limit', async () => {
		const { clock, watch } = setUp();
		const begin = clock.now();
		const limited = watch([pending('half done'), passing(10 * MINUTE, true)], { limitMs: MINUTE, intervalMs: SECOND });
		expect(await clock.until(limited.end)).toEqual({ kind: 'timedOut', last: 'half done', trouble: 'busy' });
		expect(clock.now() - begin).toBe(MINUTE);
	});

	it.each([null, 0, 1])(
		'that lasts does not make anyone ask in a tight loop, with a Retry-After of %p ms',
		async (retryAfterMs) => {
			const { clock, watch } = setUp();
			const tasks = times(20, () => watch([passing(retryAfterMs, true)], { limitMs: 5 * MINUTE }));
			await clock.until(Promise.all(tasks.map(async ({ end }) => await end)));
			for (const task of tasks) expect(task.times.length).toBeLessThan(60);
		},
	);
});

describe('A fault that stays', () => {
	it('ends only the task that it is about', async () => {
		const { clock, watch } = setUp();
		const bad = watch([pending('half done'), refused()], { intervalMs: SECOND });
		const good = watch([pending(), pending(), pending(), done()], { intervalMs: SECOND });
		expect(await clock.until(bad.end)).toEqual({ kind: 'refused', last: 'half done', trouble: 'no' });
		expect(await clock.until(good.end)).toEqual({ kind: 'done', value: 'ready' });
		expect(bad.times).toHaveLength(2);
	});

	it('ends everything at once where everyone would meet it, such as a revoked key', async () => {
		const { clock, watch } = setUp();
		const others = times(5, (index) => watch([pending(`state ${index}`)], { intervalMs: 5 * SECOND }));
		await clock.advance(SECOND);
		const bad = watch([refused(true)]);
		await settle();
		expect(bad.result()).toEqual({ kind: 'refused', last: null, trouble: 'no' });
		others.forEach((other, index) => {
			expect(other.result()).toEqual({ kind: 'refused', last: `state ${index}`, trouble: 'no' });
			expect(other.times).toEqual([0]);
		});
	});

	it('that everyone would meet spares a later task even the first look', async () => {
		const { clock, watch } = setUp();
		await clock.until(watch([refused(true)]).end);
		const late = watch([done()]);
		expect(await clock.until(late.end)).toEqual({ kind: 'refused', last: null, trouble: 'no' });
		expect(late.times).toEqual([]);
	});

	it('that everyone would meet is told also to a task that waits for its last look', async () => {
		const { clock, watcher, watch } = setUp({ parallel: 1 });
		const begin = clock.now();
		const bad = watcher.watch({
			look: async () => {
				await clock.sleep(40 * SECOND);
				return refused(true);
			},
			...common,
			deadline: begin + MINUTE,
		});
		const waiting = watch([done()], { isFresh: true, limitMs: SECOND / 2 });
		await clock.until(bad);
		expect(await clock.until(waiting.end)).toEqual({ kind: 'refused', last: null, trouble: 'no' });
		expect(waiting.times).toEqual([]);
	});
});

describe('The time limit', () => {
	it.each([
		['a fixed pace', 7 * SECOND],
		['a pace slower than the limit', 10 * MINUTE],
		['the adaptive pace', 0],
	])('ends the waiting punctually, after one last look, at %s', async (_, intervalMs) => {
		const { clock, watch } = setUp();
		const begin = clock.now();
		const task = watch([pending('half done')], { intervalMs, limitMs: 5 * MINUTE });
		expect(await clock.until(task.end)).toEqual({ kind: 'timedOut', last: 'half done', trouble: null });
		expect(clock.now() - begin).toBe(5 * MINUTE);
		expect(task.times.filter((time) => time >= 5 * MINUTE)).toEqual([5 * MINUTE]);
	});

	it('still takes the result where the last look finds it', async () => {
		const { clock, watch } = setUp();
		const task = watch([pending(), done('just in time')], { intervalMs: 10 * MINUTE, limitMs: MINUTE });
		expect(await clock.until(task.end)).toEqual({ kind: 'done', value: 'just in time' });
		expect(task.times).toEqual([0, MINUTE]);
	});

	it.each([0, -5 * MINUTE])('of %p ms leaves exactly one look', async (limitMs) => {
		const { clock, watch } = setUp();
		const task = watch([pending('half done')], { limitMs, isFresh: true });
		expect(await clock.until(task.end)).toEqual({ kind: 'timedOut', last: 'half done', trouble: null });
		expect(task.times).toEqual([0]);
	});

	it('of one task does not end the watching of another', async () => {
		const { clock, watch } = setUp();
		const short = watch([pending()], { limitMs: 10 * SECOND });
		const long = watch([...times(9, () => pending()), done()]);
		expect(await clock.until(short.end)).toMatchObject({ kind: 'timedOut' });
		expect(await clock.until(long.end)).toMatchObject({ kind: 'done' });
	});

	it('leaves one last look, not two, where it passes while all places are taken', async () => {
		const { clock, watcher, watch } = setUp({ parallel: 1 });
		const begin = clock.now();
		const slow = watcher.watch({
			look: async () => {
				await clock.sleep(30 * SECOND);
				return done();
			},
			...common,
			deadline: begin + MINUTE,
		});
		const task = watch([pending('half done')], { limitMs: 20 * SECOND });
		await clock.until(slow);
		expect(await clock.until(task.end)).toMatchObject({ kind: 'timedOut', last: 'half done' });
		expect(task.times).toEqual([30 * SECOND]);
	});
});

describe('Stopping', () => {
	it('wakes everyone at once, keeps what was seen, and nobody looks again', async () => {
		const stop = new AbortController();
		const { clock, watch } = setUp({ signal: stop.signal });
		const tasks = times(50, (index) => watch([pending(`state ${index}`)], { intervalMs: 20 * SECOND }));
		await clock.advance(30 * SECOND);
		const before = tasks.map((task) => task.times.length);
		stop.abort();
		await settle();
		tasks.forEach((task, index) => expect(task.result()).toEqual({ kind: 'aborted', last: `state ${index}` }));
		await clock.advance(10 * MINUTE);
		expect(tasks.map((task) => task.times.length)).toEqual(before);
	});

	it('before the beginning prevents even the first look', async () => {
		const { clock, watch } = setUp({ signal: AbortSignal.abort() });
		const task = watch([done()]);
		expect(await clock.until(task.end)).toEqual({ kind: 'aborted', last: null });
		expect(task.times).toEqual([]);
	});

	it('reaches those that wait for a free place', async () => {
		const stop = new AbortController();
		const { clock, watcher, watch } = setUp({ parallel: 1, signal: stop.signal });
		const begin = clock.now();
		const slow = watcher.watch({
			look: async () => {
				await clock.sleep(40 * SECOND);
				return { kind: 'aborted' };
			},
			...common,
			deadline: begin + MINUTE,
		});
		const queued = watch([done()], { limitMs: 10 * MINUTE });
		const queuedAtItsLimit = watch([done()], { limitMs: 0 });
		await clock.advance(SECOND);
		stop.abort();
		expect(await clock.until(slow)).toEqual({ kind: 'aborted', last: null });
		expect(await clock.until(queued.end)).toEqual({ kind: 'aborted', last: null });
		expect(await clock.until(queuedAtItsLimit.end)).toEqual({ kind: 'aborted', last: null });
		expect([...queued.times, ...queuedAtItsLimit.times]).toEqual([]);
	});

	it('does not throw away a result that arrives with it', async () => {
		const stop = new AbortController();
		const { clock, watcher } = setUp({ signal: stop.signal });
		const begin = clock.now();
		const end = watcher.watch({
			look: async () => {
				stop.abort();
				return done('paid for');
			},
			...common,
			deadline: begin + MINUTE,
		});
		expect(await clock.until(end)).toEqual({ kind: 'done', value: 'paid for' });
	});

	it('can be awaited by a big batch without the warning of a memory leak that Node logs from 11 listeners on', async () => {
		const listening = jest.spyOn(EventTarget.prototype, 'addEventListener');
		const { clock, watch } = setUp({ signal: new AbortController().signal });
		const tasks = times(50, () => watch([pending(), done()]));
		await clock.advance(SECOND);
		const signals = [...new Set(listening.mock.contexts)].filter((target) => target instanceof AbortSignal);
		listening.mockRestore();
		expect(signals.filter((signal) => getEventListeners(signal, 'abort').length > 10)).toEqual([]);
		await clock.until(Promise.all(tasks.map(async ({ end }) => await end)));
	});

	it('leaves no listener behind on a signal that outlives the watching', async () => {
		const { signal } = new AbortController();
		for (let run = 0; run < 20; run += 1) {
			const { clock, watch } = setUp({ signal });
			await clock.until(watch([pending(), pending(), done()]).end);
		}
		expect(getEventListeners(signal, 'abort')).toEqual([]);
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
				look: async () => {
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
				look: async () => {
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

	it('do not pile up timers when one after the other is done', async () => {
		const { clock, watcher } = setUp({ parallel: 50, random: seeded(5) });
		const begin = clock.now();
		const count = 300;
		let most = 0;
		const ends = times(count, async (index) =>
			watcher.watch({
				...common,
				isFresh: true,
				look: async () => {
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
				look: async () => {
					await clock.sleep(20 + random() * 100);
					const dice = random();
					if (dice < 0.03) return passing(dice < 0.01 ? 2 * SECOND : null, dice < 0.002);
					if (fate < 0.05) return absent;
					if (dice < 0.06) return absent;
					if (fate < 0.1 && clock.now() > readyAt) return refused();
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
		expect(count('done') + count('absent') + count('refused') + count('timedOut')).toBe(1_000);
		expect(count('done')).toBeGreaterThan(800);
		expect(count('absent')).toBeGreaterThan(20);
		expect(count('refused')).toBeGreaterThan(20);
		expect(count('timedOut')).toBeGreaterThan(5);
		expect(clock.now() - begin).toBeLessThan(limitMs + MINUTE);
	}, 120_000);
});

describe('A pause', () => {
	it('lasts as long as it should', async () => {
		const clock = createFakeClock();
		const begin = clock.now();
		await clock.until(pause(1_234, clock, new Alarm()));
		await clock.until(pauseUnlessAborted(1_000, clock, new AbortController().signal));
		await clock.until(pauseUnlessAborted(1_000, clock));
		expect(clock.now() - begin).toBe(3_234);
	});

	it.each([0, -1])('of %p ms takes no time', async (milliseconds) => {
		const clock = createFakeClock();
		await clock.until(pause(milliseconds, clock));
		await clock.until(pauseUnlessAborted(milliseconds, clock));
		expect(clock.sleepers).toBe(0);
	});

	it('ends for everyone whenever the alarm rings', async () => {
		const clock = createFakeClock();
		const begin = clock.now();
		const alarm = new Alarm();
		for (let round = 0; round < 3; round += 1) {
			const paused = Promise.all(times(5, async () => await pause(MINUTE, clock, new Alarm(), alarm)));
			await clock.advance(10);
			alarm.ring();
			await clock.until(paused);
		}
		expect(clock.now() - begin).toBe(30);
	});

	it('ends when the signal fires, and at once where it has fired already', async () => {
		const clock = createFakeClock();
		const begin = clock.now();
		const stop = new AbortController();
		const paused = pauseUnlessAborted(MINUTE, clock, stop.signal);
		await clock.advance(10);
		stop.abort();
		await clock.until(paused);
		await clock.until(pauseUnlessAborted(MINUTE, clock, stop.signal));
		expect(clock.now() - begin).toBe(10);
	});

	it('takes its listener away, however it ends', async () => {
		const clock = createFakeClock();
		const stop = new AbortController();
		for (let count = 0; count < 50; count += 1) await clock.until(pauseUnlessAborted(SECOND, clock, stop.signal));
		expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
	});
});

/** Random numbers that are the same in every run (mulberry32). */
function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}
