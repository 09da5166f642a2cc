import { monitorEventLoopDelay } from 'node:perf_hooks';

import type { IDataObject } from 'n8n-workflow';

import { startEngine, type RunInput } from '../../support/engine';

/**
 * Runs the node once over many items and sends when, and for how long, the event loop stood still. A program
 * of its own, so that nothing but the node and the engine can hold it up.
 */

export interface WatchInput {
	credential: NonNullable<RunInput['credential']>;
	/** Parameters of the runs that warm everything up, and of the one that is measured. */
	warmUp: Run;
	measured: Run;
}

interface Run {
	parameters: RunInput['parameters'];
	items: IDataObject[];
}

/** A time in which the event loop did not come round. */
export interface Delay {
	/** Its end, in milliseconds since the epoch. */
	at: number;
	ms: number;
	/** The part in which the process worked; in the rest, other processes did. */
	busyMs: number;
}

export interface WatchResult {
	/** Milliseconds since the epoch. */
	beganAt: number;
	endedAt: number;
	/** Every delay worth mentioning, in order. */
	delays: Delay[];
	/** The longest one by Node.js's own account, which does not say when. */
	longestMs: number;
	/** The longest one while the process did nothing: what the machine itself does. */
	idleMs: number;
	cpuSeconds: number;
	/** Items that came out, and what the node threw. */
	items: number;
	error: string | null;
}

/** A timer that should come this often. */
const PERIOD_MS = 2;
const NOTED_FROM_MS = 3;
const IDLE_MS = 3_000;

const pause = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

function watchLoop() {
	const delays: Delay[] = [];
	const histogram = monitorEventLoopDelay({ resolution: PERIOD_MS });
	let last = performance.now();
	let lastCpu = process.cpuUsage();
	histogram.enable();
	const timer = setInterval(() => {
		const now = performance.now();
		const { user, system } = process.cpuUsage(lastCpu);
		const ms = now - last - PERIOD_MS;
		if (ms >= NOTED_FROM_MS) delays.push({ at: Date.now(), ms, busyMs: Math.min(ms, (user + system) / 1000) });
		last = now;
		lastCpu = process.cpuUsage();
	}, PERIOD_MS);
	return async () => {
		// Whatever the last work has held up comes first.
		await pause(50);
		clearInterval(timer);
		histogram.disable();
		return { delays, longestMs: Math.max(0, histogram.max / 1e6 - PERIOD_MS) };
	};
}

async function measure({ credential, warmUp, measured }: WatchInput): Promise<WatchResult> {
	const engine = await startEngine();
	try {
		for (let round = 0; round < 3; round += 1) await engine.attempt({ credential, ...warmUp });
		global.gc?.();
		await pause(500);

		const endIdle = watchLoop();
		await pause(IDLE_MS);
		const idle = await endIdle();

		const end = watchLoop();
		await pause(100);
		const cpu = process.cpuUsage();
		const beganAt = Date.now();
		const { items, error } = await engine.attempt({ credential, ...measured });
		const endedAt = Date.now();
		const { user, system } = process.cpuUsage(cpu);
		return {
			beganAt,
			endedAt,
			...(await end()),
			idleMs: idle.longestMs,
			cpuSeconds: (user + system) / 1e6,
			items: items.length,
			error: error instanceof Error ? error.message : null,
		};
	} finally {
		engine.close();
	}
}

void measure(JSON.parse(process.argv[2] ?? '{}') as WatchInput).then((result) => process.send?.(result));
