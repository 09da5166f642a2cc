import pLimit from 'p-limit';

import type { Row } from '../../../nodes/shared/wait/row';
import {
	Watcher,
	type PollResult,
	type TroubleKind,
	type Watched,
	type WatchEnd,
} from '../../../nodes/shared/wait/watch';
import { createFakeClock, type FakeClock } from '../../support/fakeClock';

/** Watches things whose looks go as scripted, in fake time. */

export interface Trouble extends TroubleKind {
	name: string;
}
export type Seen = PollResult<string, Trouble>;
export type End = WatchEnd<string, Trouble>;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;

const own = { concernsAll: false, longestDelayMs: 30_000 };
export const busy: Trouble = { ...own, name: 'busy', kind: 'passing' };
export const rateLimit: Trouble = { ...own, name: 'rate limit', kind: 'passing', concernsAll: true };
export const refusal: Trouble = { ...own, name: 'refusal', kind: 'refusal', longestDelayMs: 8_000 };
export const wrongKey: Trouble = {
	...own,
	name: 'wrong key',
	kind: 'account',
	concernsAll: true,
	longestDelayMs: 8_000,
};
export const absence: Trouble = { ...own, name: 'absence', kind: 'absence', longestDelayMs: 0 };

export const pending = (value = 'running'): Seen => ({ kind: 'pending', value, progress: null, beganAt: null });
export const done = (value = 'ready'): Seen => ({ kind: 'done', value, tookMs: null, isTypical: true });
export const meets = (trouble: Trouble, retryAfterMs: number | null = null): Seen => ({
	kind: 'trouble',
	trouble,
	retryAfterMs,
});

/** At least so many answers over at least so long are the last straw. A thing that was seen may be absent for ever. */
const limits: Record<string, Row> = {
	refusal: { answers: 3, ms: 0 },
	absence: { answers: 3, ms: MINUTE },
	account: { answers: 4, ms: 10 * SECOND },
};

export function judge({ kind, concernsAll }: Trouble, row: Row, isSeen: boolean) {
	const limit = limits[kind];
	if (limit === undefined || (kind === 'absence' && isSeen)) return 'askAgain';
	if (row.answers < limit.answers || row.ms < limit.ms) return 'askAgain';
	return concernsAll ? 'endRun' : 'endItem';
}

/** Things that have existed for a while, so that the first look comes at once. */
export const common = { renderGroup: 'video', isFresh: false, intervalMs: SECOND, judge };

export interface Scripted {
	end: Promise<End>;
	/** When it was looked at, in milliseconds since the watching began. */
	times: number[];
	/** What it came to, once it did. */
	result(): End | undefined;
}

/** A watcher in fake time. Nothing is spread at random unless a test wants it. */
export function setUp(options: { parallel?: number; signal?: AbortSignal; random?: () => number } = {}) {
	const clock = createFakeClock();
	const requests = pLimit(options.parallel ?? 5);
	const watcher = new Watcher<string, Trouble>({
		clock,
		limit: async (request) => await requests(request),
		kindOf: (trouble) => trouble,
		signal: options.signal,
		random: options.random ?? (() => 0),
	});
	return { clock, watcher, watch: scriptedWatch(clock, watcher) };
}

type Options = Partial<Watched<string, Trouble>> & { limitMs?: number; answersAfterMs?: number };

/** The last look of the script repeats. */
function scriptedWatch(clock: FakeClock, watcher: Watcher<string, Trouble>) {
	return (looks: readonly Seen[], options: Options = {}): Scripted => {
		const begin = clock.now();
		const times: number[] = [];
		const { limitMs = 15 * MINUTE, answersAfterMs = 0, ...watched } = options;
		let result: End | undefined;
		const end = watcher.watch({
			poll: async () => {
				times.push(clock.now() - begin);
				if (times.length > 2_000) throw new Error('looked at without end');
				const look = looks[Math.min(times.length, looks.length) - 1] ?? pending();
				if (answersAfterMs > 0) await clock.sleep(answersAfterMs);
				return look;
			},
			...common,
			deadline: begin + limitMs,
			intervalMs: 10 * SECOND,
			...watched,
		});
		end.then(
			(value) => {
				result = value;
			},
			() => {},
		);
		return { end, times, result: () => result };
	};
}

export const gaps = (times: readonly number[]) => times.slice(1).map((time, index) => time - (times[index] ?? 0));
export const times = <T>(count: number, make: (index: number) => T) =>
	Array.from({ length: count }, (_, index) => make(index));
export const ends = async (all: readonly Scripted[]) => await Promise.all(all.map(async ({ end }) => await end));
