import { getEventListeners } from 'node:events';

import { Alarm, pause, pauseUnlessAborted } from '../../../nodes/shared/wait/pause';
import { createFakeClock } from '../../support/fakeClock';
import { MINUTE, SECOND, times } from './scripted';

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

	it('ends when the signal fires, and at once if it has fired already', async () => {
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
