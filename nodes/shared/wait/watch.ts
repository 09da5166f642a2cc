import { adaptiveDelay, backoffDelay } from './cadence';
import { pause, type Clock } from './pause';

/**
 * Watches many tasks at once until each has ended. Knows time, order and faults, but neither tasks nor
 * HTTP: what an answer means is told by the reader that each watched thing brings along.
 */

/** What one look at a watched thing brought, with `Value` for its state and `Trouble` for a fault. */
export type Look<Value, Trouble> =
	| { kind: 'pending'; value: Value }
	| { kind: 'done'; value: Value }
	/** Not there (yet). */
	| { kind: 'absent' }
	/** A passing fault. `everyone`: the others would meet it too, so all of them wait. */
	| { kind: 'passing'; trouble: Trouble; retryAfterMs: number | null; everyone: boolean }
	/** A fault that stays. `everyone`: the others would meet it too, so all watching ends. */
	| { kind: 'refused'; trouble: Trouble; everyone: boolean }
	| { kind: 'aborted' };

/** How watching one thing ended. `last` is the latest state seen, `trouble` the latest fault. */
export type WatchEnd<Value, Trouble> =
	| { kind: 'done'; value: Value }
	| { kind: 'timedOut'; last: Value | null; trouble: Trouble | null }
	/** Absent for longer than the grace time. */
	| { kind: 'absent'; last: Value | null }
	| { kind: 'refused'; last: Value | null; trouble: Trouble }
	| { kind: 'aborted'; last: Value | null };

export interface Watched<Value, Trouble> {
	look: () => Promise<Look<Value, Trouble>>;
	/** Milliseconds since the epoch: when it began to exist, which sets the pace. */
	startedAt: number;
	/** Whether the first look comes at once, for things that have existed for a while. */
	lookAtOnce: boolean;
	/** Milliseconds since the epoch: no waiting beyond this, but one last look at it. */
	deadline: number;
	/** Milliseconds for which absence is believed to pass. */
	absenceGraceMs: number;
	/** Fixed milliseconds between looks; 0 for the adaptive pace. */
	intervalMs: number;
}

export interface WatcherOptions {
	clock: Clock;
	/** Runs a request when a place among those in flight is free. */
	limit: <T>(request: () => Promise<T>) => Promise<T>;
	signal?: AbortSignal;
	/** 0 to 1, for jitter. */
	random?: () => number;
}

export interface Watcher<Value, Trouble> {
	/** Resolves when the thing has ended, one way or another. Never rejects. */
	watch(watched: Watched<Value, Trouble>): Promise<WatchEnd<Value, Trouble>>;
}

/** Makes a watcher. Everything watched through it shares its limit, its pauses and its end. */
export function createWatcher<Value, Trouble>(options: WatcherOptions): Watcher<Value, Trouble> {
	const { clock, limit, signal, random = Math.random } = options;
	/** While the API asks for quiet, nobody asks. */
	let quietUntil = 0;
	/** A fault that ends all watching, such as a revoked key. */
	let fatal: { trouble: Trouble } | null = null;
	const ending = new AbortController();
	signal?.addEventListener('abort', () => ending.abort(), { once: true });
	if (signal?.aborted) ending.abort();

	function delayBefore(watched: Watched<Value, Trouble>, looks: number, failures: number): number {
		if (failures > 0) return backoffDelay(failures, random());
		if (looks === 0 && watched.lookAtOnce) return 0;
		if (looks > 0 && watched.intervalMs > 0) return watched.intervalMs;
		return adaptiveDelay(clock.now() - watched.startedAt, looks, random());
	}

	/** Looks when a place is free, unless quiet has been asked for meanwhile. */
	async function lookInTurn(watched: Watched<Value, Trouble>): Promise<Look<Value, Trouble> | null> {
		return await limit(async () => {
			if (ending.signal.aborted || clock.now() < quietUntil) return null;
			return await watched.look();
		});
	}

	return {
		async watch(watched) {
			let looks = 0;
			let failures = 0;
			let absentSince: number | null = null;
			let last: Value | null = null;
			let trouble: Trouble | null = null;

			for (;;) {
				const now = clock.now();
				const wished = now + delayBefore(watched, looks, failures);
				await pause(Math.min(Math.max(wished, quietUntil), watched.deadline) - now, clock, ending.signal);
				if (fatal !== null) return { kind: 'refused', last, trouble: fatal.trouble };
				if (ending.signal.aborted) return { kind: 'aborted', last };

				const isLastLook = clock.now() >= watched.deadline;
				const look = await lookInTurn(watched);
				if (look === null && !isLastLook) continue;
				looks += 1;

				switch (look?.kind) {
					case undefined:
						break;
					case 'done':
						return { kind: 'done', value: look.value };
					case 'pending':
						last = look.value;
						failures = 0;
						absentSince = null;
						break;
					case 'absent':
						failures = 0;
						absentSince ??= clock.now();
						if (clock.now() - absentSince >= watched.absenceGraceMs) return { kind: 'absent', last };
						break;
					case 'passing':
						trouble = look.trouble;
						failures += 1;
						if (look.everyone) {
							const wait = look.retryAfterMs ?? backoffDelay(failures, random());
							quietUntil = Math.max(quietUntil, clock.now() + wait);
						}
						break;
					case 'refused':
						if (look.everyone) {
							fatal = { trouble: look.trouble };
							ending.abort();
						}
						return { kind: 'refused', last, trouble: look.trouble };
					case 'aborted':
						return { kind: 'aborted', last };
				}
				if (isLastLook) return { kind: 'timedOut', last, trouble };
			}
		},
	};
}
