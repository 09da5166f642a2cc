import fc from 'fast-check';

import { isStale } from '../../../nodes/RunwayCallbackTrigger/verify';
import { claimOf } from '../../../nodes/shared/wake/claim';
import type { TaskState } from '../../../nodes/shared/task/task';
import { EmittedEvents } from '../../../nodes/shared/trigger/emitted';
import { readTask } from '../../../nodes/shared/task/parse';
import { holds } from './fuzz';
import { anyBody, json, longText, mutated } from './inputs';

/** Anybody may call the address of a callback, with anything. */
describe('A callback', () => {
	it('names a task by a plain id, or none, whatever its body is', async () => {
		const text = fc.oneof(
			{ weight: 20, arbitrary: anyBody.map((body) => JSON.stringify(body)) },
			{ weight: 5, arbitrary: fc.string({ unit: 'binary' }) },
			{ weight: 1, arbitrary: longText },
		);
		const now = fc.integer({ min: 0, max: 4e12 });
		await holds('a callback', fc.tuple(fc.oneof(anyBody, text), now, fc.nat(1e9)), ([body, at, maxAge]) => {
			const claim = claimOf(body);
			if (claim === null) return;
			expect(claim.taskId).toMatch(/^[^\s\p{C}]{1,200}$/u);
			expect(claim.taskId).not.toMatch(/[<>"'`{}$\\?#%]/);
			expect(claim.state.taskId).toBe(claim.taskId);
			expect(typeof isStale(claim.state, at, maxAge)).toBe('boolean');
			expect(isStale(claim.state, at, 0)).toBe(false);
		});
	});

	it('starts one event of each task at its end, and what is remembered of it stays small', async () => {
		const LIMIT = 5;
		const step = fc.tuple(fc.constantFrom('a', 'b', '__proto__', 'constructor', 'c', 'd', 'e', 'f'), mutated);
		await holds('what has been told', fc.tuple(fc.array(step, { maxLength: 20 }), json), ([steps, saved]) => {
			const told = new EmittedEvents(LIMIT).load(saved);
			for (const [id, body] of steps) {
				const reading = readTask(body);
				if (reading.kind !== 'task') continue;
				const state: TaskState = reading.state;
				const hadEnded = told.hasEnded(id);
				const news = told.newEvent(id, state);
				if (hadEnded) expect(news).toBeNull();
				told.markEmitted(id, state);
				if (news !== null && news !== 'progressed') expect(told.hasEnded(id)).toBe(true);
				expect(told.newEvent(id, state)).toBeNull();
			}
			const kept = told.toJSON();
			expect(kept.ended.length).toBeLessThanOrEqual(LIMIT);
			expect(Object.keys(kept.stages).length).toBeLessThanOrEqual(LIMIT);
			expect(new EmittedEvents(LIMIT).load(JSON.parse(JSON.stringify(kept))).toJSON()).toEqual(kept);
		});
	});
});
