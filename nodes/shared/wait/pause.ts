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

	/** @returns a function that cancels the call */
	onRing(wake: () => void): () => void {
		this.sleepers.add(wake);
		return () => this.sleepers.delete(wake);
	}
}

/** n8n's sleep can't be cut short, so long ones are slept in pieces: a stopped run leaves no long timers behind. */
const LONGEST_SLEEP_MS = 5_000;

/** One sleeper, with one timer at most: a sleeper that wakes and goes back to sleep keeps the same timer. */
export class Nap {
	private timer: { endsAt: number; over: Promise<void> } | null = null;

	constructor(private readonly clock: Clock) {}

	/**
	 * Sleeps until a moment or until one of the alarms rings, and perhaps less: the
	 * sleeper checks the clock.
	 * @param moment milliseconds since the epoch
	 */
	async until(moment: number, ...alarms: Alarm[]): Promise<void> {
		const now = this.clock.now();
		const endsAt = Math.min(moment, now + LONGEST_SLEEP_MS);
		if (this.timer === null || this.timer.endsAt > endsAt) this.timer = this.begin(endsAt, endsAt - now);
		const { over } = this.timer;
		let forget: Array<() => void> = [];
		const rung = new Promise<void>((resolve) => {
			forget = alarms.map((alarm) => alarm.onRing(resolve));
		});
		await Promise.race([over, rung]);
		forget.forEach((take) => take());
	}

	/** A timer may end a little early, so that it has ended is noted and not read off the clock. */
	private begin(endsAt: number, milliseconds: number) {
		const timer = { endsAt, over: Promise.resolve() };
		timer.over = this.clock.sleep(Math.max(1, Math.ceil(milliseconds))).then(() => {
			if (this.timer === timer) this.timer = null;
		});
		return timer;
	}
}

/** Sleeps, but no longer than until one of the alarms rings. */
export async function pause(milliseconds: number, clock: Clock, ...alarms: Alarm[]): Promise<void> {
	const end = clock.now() + milliseconds;
	const nap = new Nap(clock);
	let isRung = false;
	const note = () => {
		isRung = true;
	};
	const forget = alarms.map((alarm) => alarm.onRing(note));
	while (!isRung && clock.now() < end) await nap.until(end, ...alarms);
	forget.forEach((take) => take());
}

/** Sleeps until the time is over or the signal fires. The caller checks the signal afterwards. */
export async function pauseUnlessAborted(milliseconds: number, clock: Clock, signal?: AbortSignal): Promise<void> {
	if (signal?.aborted) return;
	const alarm = new Alarm();
	const onAbort = () => alarm.ring();
	signal?.addEventListener('abort', onAbort, { once: true });
	await pause(milliseconds, clock, alarm);
	signal?.removeEventListener('abort', onAbort);
}
