import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as turn } from 'node:timers/promises';

import { systemClock } from '../../../nodes/shared/wait/pause';

/**
 * Each cell has a time of its own, which leaps over the node's pauses when nothing else is left to happen. So trouble can
 * last for as long as the table of judgement bears it, and it takes no longer on a busy machine.
 */
interface Sleeper {
	endsAt: number;
	wake: () => void;
}

/** Turns of the event loop without any request, after which none is on its way. A slow machine has slow turns. */
const QUIET_TURNS = 10;
const BUSY_TURN_MS = 5;

class OwnTime {
	private leaptMs = 0;
	private quietTurns = 0;
	private readonly sleepers: Sleeper[] = [];

	constructor(private readonly isBusy: () => boolean) {}

	now(): number {
		return real.now() + this.leaptMs;
	}

	async sleep(milliseconds: number): Promise<void> {
		this.quietTurns = 0;
		await new Promise<void>((wake) => {
			this.sleepers.push({ endsAt: this.now() + Math.max(1, milliseconds), wake });
			if (this.sleepers.length === 1) void this.pass();
		});
	}

	private async pass(): Promise<void> {
		while (this.sleepers.length > 0) {
			const isBusy = this.isBusy();
			await turn(isBusy ? BUSY_TURN_MS : 1);
			this.quietTurns = isBusy ? 0 : this.quietTurns + 1;
			const next = Math.min(...this.sleepers.map(({ endsAt }) => endsAt));
			if (this.quietTurns >= QUIET_TURNS) this.leaptMs += Math.max(0, next - this.now());
			if (next <= this.now()) this.wakeUntil(next);
		}
	}

	private wakeUntil(moment: number): void {
		this.quietTurns = 0;
		const isDue = ({ endsAt }: Sleeper) => endsAt <= moment;
		const due = this.sleepers.filter(isDue);
		this.sleepers.splice(0, Infinity, ...this.sleepers.filter((sleeper) => !isDue(sleeper)));
		for (const { wake } of due) wake();
	}
}

const real = { ...systemClock };
const times = new AsyncLocalStorage<OwnTime>();

Object.assign(systemClock, {
	now: () => (times.getStore() ?? real).now(),
	sleep: async (milliseconds: number) => await (times.getStore() ?? real).sleep(milliseconds),
});

/**
 * Runs something in a time of its own.
 * @param isBusy whether anything is under way that takes real time, such as a request
 */
export async function inOwnTime<T>(isBusy: () => boolean, act: () => Promise<T>): Promise<T> {
	return await times.run(new OwnTime(isBusy), act);
}
