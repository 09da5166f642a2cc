import type { Clock } from '../../nodes/shared/wait/pause';

/** Time that only passes when a test says so, and then at once. */
export interface FakeClock extends Clock {
	/** How many sleeps have not ended. */
	readonly sleepers: number;
	/** Lets this much time pass, waking every sleeper at its moment. */
	advance(milliseconds: number): Promise<void>;
	/** Lets time pass until the promise settles, from one sleeper to the next. */
	until<T>(promise: Promise<T>): Promise<T>;
}

interface Sleeper {
	at: number;
	wake: () => void;
}

/** A promise that should have settled long ago never will. */
const LONGEST_WAIT_MS = 30 * 24 * 60 * 60_000;

/** Lets everything run that needs no time: a macrotask comes after all microtasks. */
export const settle = async () => await new Promise<void>((resolve) => setImmediate(resolve));

export function createFakeClock(startAt = Date.UTC(2026, 4, 4, 8, 15)): FakeClock {
	let now = startAt;
	/** The next one to wake is the last. */
	const sleepers: Sleeper[] = [];

	function add(sleeper: Sleeper): void {
		let low = 0;
		let high = sleepers.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if ((sleepers[middle]?.at ?? 0) > sleeper.at) low = middle + 1;
			else high = middle;
		}
		sleepers.splice(low, 0, sleeper);
	}

	async function wakeNext(latest: number): Promise<boolean> {
		const next = sleepers.at(-1);
		if (next === undefined || next.at > latest) return false;
		now = next.at;
		while (sleepers.at(-1)?.at === now) sleepers.pop()?.wake();
		await settle();
		return true;
	}

	return {
		now: () => now,
		sleep: async (milliseconds) =>
			await new Promise<void>((wake) => {
				// As a timer of Node does it: whole milliseconds, at least one.
				add({ at: now + Math.max(1, Math.trunc(milliseconds)), wake });
			}),
		get sleepers() {
			return sleepers.length;
		},
		async advance(milliseconds) {
			const end = now + milliseconds;
			await settle();
			while (await wakeNext(end));
			now = end;
		},
		async until(promise) {
			let isSettled = false;
			const noted = promise.finally(() => {
				isSettled = true;
			});
			noted.catch(() => {});
			await settle();
			while (!isSettled) {
				if (!(await wakeNext(startAt + LONGEST_WAIT_MS))) throw new Error('Nothing left to wait for');
			}
			return await noted;
		},
	};
}
