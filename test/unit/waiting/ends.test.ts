import { getEventListeners } from 'node:events';

import { settle } from '../../support/fakeClock';
import { common, done, MINUTE, pending, SECOND, setUp, times } from './scripted';

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

	it('still takes the result if the last look finds it', async () => {
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

	it('leaves one last look, not two, if it passes while all places are taken', async () => {
		const { clock, watcher, watch } = setUp({ parallel: 1 });
		const begin = clock.now();
		const slow = watcher.watch({
			poll: async () => {
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
			poll: async () => {
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
			poll: async () => {
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
