import { sleep } from 'n8n-workflow';

/** Time as the waiting code sees it, so that tests can bend it. */
export interface Clock {
	/** Milliseconds since the epoch. */
	now(): number;
	sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = { now: () => Date.now(), sleep };

/**
 * Sleeps, but no longer than until the signal fires. Resolves either way: who pauses looks at the signal.
 */
export async function pause(milliseconds: number, clock: Clock, signal?: AbortSignal): Promise<void> {
	if (milliseconds <= 0 || signal?.aborted) return;
	if (signal === undefined) return await clock.sleep(milliseconds);

	let stopListening = () => {};
	const aborted = new Promise<void>((resolve) => {
		const onAbort = () => resolve();
		signal.addEventListener('abort', onAbort, { once: true });
		stopListening = () => signal.removeEventListener('abort', onAbort);
	});
	await Promise.race([clock.sleep(milliseconds), aborted]);
	stopListening();
}
