import { systemClock } from '../../../nodes/shared/wait/pause';

/**
 * The matrix lets the node's own pauses and time limits pass faster, so that trouble can last for as long as the table of
 * judgement bears it: five minutes take half a minute. HTTP and the stand-in keep real time.
 */
export const SPEED = 10;

const startedAt = Date.now();
const { sleep } = systemClock;

Object.assign(systemClock, {
	now: () => startedAt + (Date.now() - startedAt) * SPEED,
	sleep: async (milliseconds: number) => await sleep(milliseconds / SPEED),
});
