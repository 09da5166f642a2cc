import { explainOutcome } from '../../nodes/Runway/batch/explainOutcome';
import { breakable, plainLines } from '../../nodes/Runway/batch/words';
import { taskIdsOf } from '../../nodes/shared/task/ids';
import { runOptions } from '../../nodes/shared/panel/options';
import type { TaskCost } from '../../nodes/shared/task/task';
import { taskState } from '../support/taskState';

function adviceAfter(cost: TaskCost | null, status: 'failed' | 'cancelled' = 'failed'): string {
	const state = taskState({ taskId: 't', status, cost });
	return explainOutcome({ kind: 'failed', task: { taskId: 't', api: 'official', state, createdAt: null } }).advice;
}

describe('The words about a failed task', () => {
	it.each(['failed', 'cancelled'] as const)(
		'say of a %s one that CometAPI reports no refund, if it reports none',
		(status) => {
			expect(adviceAfter(null, status)).toContain('CometAPI reports no refund.');
			expect(adviceAfter({ amount: 25, unit: 'credits', refunded: null }, status)).toContain(
				'CometAPI reports a cost of 25 credits and no refund.',
			);
		},
	);

	it('say that it was refunded or cost nothing only if CometAPI says so', () => {
		expect(adviceAfter({ amount: 320, unit: 'points', refunded: true })).toContain('the task was refunded');
		expect(adviceAfter({ amount: 0, unit: 'credits', refunded: null })).toContain('the task cost nothing');
	});

	it("leave out amounts in the gateway's internal units", () => {
		expect(adviceAfter({ amount: 160_000, unit: 'quota', refunded: false })).toContain('CometAPI reports no refund.');
	});
});

describe('Advice to change an option names it by its label', () => {
	const task = { taskId: 't', api: 'official', state: null, createdAt: null } as const;
	const labelOf = (option: string) => {
		const found = [...runOptions.create, ...runOptions.look].find(({ name }) => name === option);
		return (found?.displayName ?? '').replace(/ \(.*/, '');
	};

	it.each([
		['timeout', explainOutcome({ kind: 'unfinished', task, waitedMs: 1_000, trouble: null })],
		['api', explainOutcome({ kind: 'absent', task })],
	])('%s', (option, { advice }) => {
		expect(advice).toMatch(new RegExp(`${labelOf(option)}.* in the options`));
	});
});

describe('A long word in an error', () => {
	const word = 'x'.repeat(100);

	it('can break, and is the same to people', () => {
		expect(
			breakable(`a ${word} b`)
				.split('\u200b')
				.map(({ length }) => length),
		).toEqual([42, 40, 22]);
		expect(breakable(`a ${word} b`).replaceAll('\u200b', '')).toBe(`a ${word} b`);
	});

	it('is left alone if the browser can break it by itself', () => {
		const text =
			'task 7c1f0e52-4b6d-4a38-9f21-2d5e8b90c3aa at https://cdn.example.com/results/8f2c/clip-of-a-pier.mp4?size=large';
		expect(breakable(text)).toBe(text);
	});

	it('still works as a task ID', () => {
		expect(taskIdsOf(breakable(word))).toEqual([word]);
	});
});

it('Lines of an error are lines in the console, too', () => {
	expect(plainLines('a<br>b')).toBe('a\nb');
});
