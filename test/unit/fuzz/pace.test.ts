import fc from 'fast-check';

import { backoffDelay, nextPollAt, type Knowledge } from '../../../nodes/shared/wait/cadence';
import { seeded } from '../../support/seeded';
import { simulateBatch } from '../../support/simulatedBatch';
import { holds } from './fuzz';

const SECOND = 1_000;

describe('The pace of looks', () => {
	it('is never quicker than promised, and never stands still', async () => {
		const time = fc.double({ min: 0, max: 1e8, noNaN: true });
		const knowledge: fc.Arbitrary<Knowledge> = fc.record({
			lastPollMs: time,
			polls: fc.nat(50),
			isFresh: fc.boolean(),
			isScout: fc.boolean(),
			promisedMs: fc.option(time),
			renderTimes: fc
				.array(fc.double({ min: 1, max: 1e7, noNaN: true }), { maxLength: 5 })
				.map((all) => all.sort((a, b) => a - b)),
			random: fc.double({ min: 0, max: 1, noNaN: true }),
		});
		await holds('the pace of looks', fc.tuple(knowledge, fc.integer({ min: 1, max: 2_000 })), ([seen, failures]) => {
			const gap = nextPollAt(seen) - seen.lastPollMs;
			if (seen.polls > 0) expect(gap).toBeGreaterThanOrEqual(seen.lastPollMs >= 40 * SECOND ? 4_999 : 1_499);
			expect(gap).toBeLessThanOrEqual(seen.polls > 0 && seen.isScout ? 12_001 : 120_001);
			const delay = backoffDelay(failures, seen.random);
			expect(delay).toBeGreaterThanOrEqual(1_000);
			expect(delay).toBeLessThanOrEqual(31_000);
		});
	});
});

describe('A batch, whatever its tasks do', () => {
	const spread = (seed: number, tasks: number, middle: (index: number) => number) => {
		const random = seeded(seed);
		return Array.from({ length: tasks }, (_, index) => Math.round(middle(index) * (0.85 + 0.3 * random())));
	};
	const renderTimesOf = (renderMs: fc.Arbitrary<number>, count: fc.Arbitrary<number>, most: number) =>
		fc.oneof(
			fc.array(renderMs, { minLength: 1, maxLength: most }),
			fc.tuple(renderMs, count).map(([ms, tasks]) => Array.from({ length: tasks }, () => ms)),
			fc.tuple(fc.nat(), renderMs, count).map(([seed, ms, tasks]) => spread(seed, tasks, () => ms)),
			// What takes so long at first takes another time later.
			fc
				.tuple(fc.nat(), renderMs, renderMs, count, fc.boolean())
				.map(([seed, first, last, tasks, atOnce]) =>
					spread(seed, tasks, (index) =>
						atOnce ? (index < tasks / 2 ? first : last) : first + ((last - first) * index) / tasks,
					),
				),
		);
	const batches = (most: { tasks: number; seconds: number }) =>
		fc.record({
			renderTimes: renderTimesOf(
				fc.integer({ min: 3 * SECOND, max: most.seconds * SECOND }),
				fc.integer({ min: 1, max: most.tasks }),
				most.tasks,
			),
			slots: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: 20 })),
			progress: fc.oneof(
				fc.constantFrom('none' as const, 'true' as const),
				fc.record({ stuckAt: fc.integer({ min: 1, max: 100 }) }),
			),
			isFresh: fc.boolean(),
			failing: fc.constantFrom(0, 0.2, 1),
			seed: fc.nat(),
		});

	it.each([
		['a simulated batch' as const, { tasks: 60, seconds: 1_200 }],
		['a small simulated batch' as const, { tasks: 6, seconds: 150 }],
	])(
		'is noticed as ended at most 12 s and 15 %% late, by few looks with the pauses that are due: %s',
		async (name, most) =>
			await holds(name, batches(most), async ({ failing, seed, ...circumstances }) => {
				const random = seeded(seed);
				const tasks = await simulateBatch({ ...circumstances, fails: () => random() < failing, random });
				const endedAt = Math.max(...tasks.map((task) => task.endedAt));
				const late = Math.max(...tasks.map((task) => task.noticedAt)) - endedAt;
				// Timers are as exact as a millisecond, and each look needs one.
				const latest = endedAt <= 60 * SECOND ? 12 * SECOND : Math.min(12 * SECOND, 0.15 * endedAt);
				expect(late).toBeLessThanOrEqual(latest + 100);

				for (const { beganAt, noticedAt, lookedAt } of tasks) {
					const old = lookedAt.filter((at) => at - beganAt >= 40 * SECOND);
					expect(Math.min(...old.slice(1).map((at, index) => at - (old[index] ?? 0)))).toBeGreaterThanOrEqual(
						5 * SECOND,
					);
					expect(lookedAt.length).toBeLessThanOrEqual(2 * looksOfScout(noticedAt - beganAt) + 1);
				}
			}),
	);
});

/** How often a lone task is looked at that tells nothing and takes so long. */
function looksOfScout(milliseconds: number): number {
	const blind = { isFresh: true, isScout: true, promisedMs: null, renderTimes: [], random: 0 };
	let looks = 0;
	for (let at = nextPollAt({ ...blind, lastPollMs: 0, polls: looks }); at <= milliseconds; looks += 1) {
		at = nextPollAt({ ...blind, lastPollMs: at, polls: looks + 1 });
	}
	return looks + 1;
}
