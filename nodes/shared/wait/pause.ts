import { sleep } from 'n8n-workflow';

/** Time as the waiting code sees it, so that tests can bend it. */
export interface Clock {
	/** Milliseconds since the epoch. */
	now(): number;
	sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = { now: () => Date.now(), sleep };

/** Wakes all who sleep on it. Lighter than an AbortSignal for a thousand sleepers, and can ring again. */
export class Alarm {
	private readonly sleepers = new Set<() => void>();

	ring(): void {
		for (const wake of [...this.sleepers]) wake();
	}

	/** @returns what takes the call back */
	onRing(wake: () => void): () => void {
		this.sleepers.add(wake);
		return () => this.sleepers.delete(wake);
	}
}

/** n8n's sleep can't be cut short, so long ones are slept in pieces: a stopped run leaves no long timers behind. */
const LONGEST_SLEEP_MS = 5_000;

/** One sleeper, with one timer at most: whoever is woken and goes back to sleep goes on with the same one. */
export class Nap {
	private timer: { endsAt: number; over: Promise<void> } | null = null;

	constructor(private readonly clock: Clock) {}

	/**
	 * Sleeps until a moment, but no longer than until one of the alarms rings, and perhaps less: the
	 * sleeper looks at the clock.
	 * @param moment milliseconds since the epoch
	 */
	async until(moment: number, ...alarms: Alarm[]): Promise<void> {
		const now = this.clock.now();
		const endsAt = Math.min(moment, now + LONGEST_SLEEP_MS);
		if (this.timer === null || this.timer.endsAt <= now || this.timer.endsAt > endsAt) {
			this.timer = { endsAt, over: this.clock.sleep(endsAt - now) };
		}
		let forget: Array<() => void> = [];
		const rung = new Promise<void>((resolve) => {
			forget = alarms.map((alarm) => alarm.onRing(resolve));
		});
		await Promise.race([this.timer.over, rung]);
		forget.forEach((take) => take());
	}
}

/** Sleeps, but no longer than until the alarm rings. */
export async function pause(milliseconds: number, clock: Clock, alarm: Alarm): Promise<void> {
	const end = clock.now() + milliseconds;
	const nap = new Nap(clock);
	let isRung = false;
	const forget = alarm.onRing(() => {
		isRung = true;
	});
	while (!isRung && clock.now() < end) await nap.until(end, alarm);
	forget();
}

/** Sleeps, but no longer than until the signal fires. Who pauses looks at the signal afterwards. */
export async function pauseUnlessAborted(milliseconds: number, clock: Clock, signal?: AbortSignal): Promise<void> {
	if (signal?.aborted) return;
	const alarm = new Alarm();
	const onAbort = () => alarm.ring();
	signal?.addEventListener('abort', onAbort, { once: true });
	await pause(milliseconds, clock, alarm);
	signal?.removeEventListener('abort', onAbort);
}
