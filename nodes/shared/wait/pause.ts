import { sleep } from 'n8n-workflow';

/** Time as the waiting code sees it, so that tests can bend it. */
export interface Clock {
	/** Milliseconds since the epoch. */
	now(): number;
	sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = { now: () => Date.now(), sleep };

/** Wakes all who pause on it. Lighter than an AbortSignal for a thousand sleepers, and can ring again. */
export class Alarm {
	private readonly sleepers = new Set<() => void>();

	/** Rings when the signal fires, and at once where it has fired already. */
	static of(signal: AbortSignal | undefined): Alarm {
		const alarm = new Alarm();
		signal?.addEventListener('abort', () => alarm.ring(), { once: true });
		return alarm;
	}

	ring(): void {
		for (const wake of [...this.sleepers]) wake();
	}

	/** @returns what takes the call back */
	onRing(wake: () => void): () => void {
		this.sleepers.add(wake);
		return () => this.sleepers.delete(wake);
	}
}

/** Sleeps, but no longer than until one of the alarms rings. */
export async function pause(milliseconds: number, clock: Clock, ...alarms: Alarm[]): Promise<void> {
	if (milliseconds <= 0) return;
	let forget: Array<() => void> = [];
	const rung = new Promise<void>((resolve) => {
		forget = alarms.map((alarm) => alarm.onRing(resolve));
	});
	await Promise.race([clock.sleep(milliseconds), rung]);
	forget.forEach((take) => take());
}

/** Sleeps, but no longer than until the signal fires. Who pauses looks at the signal afterwards. */
export async function pauseUnlessAborted(milliseconds: number, clock: Clock, signal?: AbortSignal): Promise<void> {
	if (signal?.aborted) return;
	const controller = new AbortController();
	const alarm = new Alarm();
	signal?.addEventListener('abort', () => alarm.ring(), { once: true, signal: controller.signal });
	await pause(milliseconds, clock, alarm);
	controller.abort();
}
