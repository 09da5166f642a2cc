// Many times faster than Jest's matchers, and asked hundreds of thousands of times.
import assert from 'node:assert/strict';

import fc from 'fast-check';

import { readBalance } from '../../../nodes/shared/api/balance';
import { readCreated, readTask } from '../../../nodes/shared/task/parse';
import { errorCode, errorMessage } from '../../../nodes/shared/task/refusal';
import { refusedFields } from '../../../nodes/shared/task/refusal';
import type { TaskState } from '../../../nodes/shared/task/task';
import { holds } from './fuzz';
import { anyBody, json, mutated } from './inputs';

const statuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'unknown'];

/** What every task state has to be, whatever it was read from. */
function expectWellFormed(state: TaskState, body: unknown): void {
	const { status, progress, failure, cost, assetUrls, raw } = state;
	assert(statuses.includes(status));
	assert(progress === null || (progress >= 0 && progress <= 100));
	if (cost !== null) {
		assert(cost.amount >= 0);
		assert(['credits', 'points', 'quota'].includes(cost.unit));
		assert([true, false, null].includes(cost.refunded));
	}
	const { taskId, videoUrl, imageUrl, posterUrl, lastFrameUrl, submittedAt, startedAt, finishedAt } = state;
	if (taskId !== null) assert.notEqual(taskId.trim(), '');
	for (const url of [videoUrl, imageUrl, posterUrl, lastFrameUrl, ...assetUrls]) {
		if (url !== null) assert.match(new URL(url).protocol, /^https?:$/);
	}
	for (const url of [videoUrl, imageUrl]) if (url !== null) assert(assetUrls.includes(url));
	for (const time of [submittedAt, startedAt, finishedAt]) {
		if (time === null) continue;
		assert.equal(new Date(time).toISOString(), time);
		assert(time > '2015' && time < '2100');
	}
	assert.equal(failure === null, status !== 'failed' && status !== 'cancelled');
	if (failure !== null) assert.notEqual(failure.message, '');
	assert.equal(raw, body);
}

/** Reads a body and sees that it is left as it was. */
function reads<Reading>(read: (body: unknown) => Reading, body: unknown): Reading {
	const before = JSON.stringify(body);
	const first = read(body);
	assert.equal(JSON.stringify(body), before);
	return first;
}

function checkTask(body: unknown): void {
	const reading = reads(readTask, body);
	if (reading.kind === 'task') expectWellFormed(reading.state, body);
	else expect(['notVisible', 'notATask']).toContain(reading.kind);
}

/** Whether a create answer has an id where the documentation has it, and whether it also speaks of an error. */
function documentedId(body: unknown): { hasId: boolean; hasError: boolean } {
	const outer = fields(body);
	const data = fields(outer.data);
	const { error } = outer;
	// Lists and booleans are documented nowhere as errors, and empty values are fillers.
	const saysSomething = (value: unknown) =>
		(typeof value === 'number' && value !== 0) || (typeof value === 'string' && value.trim() !== '');
	return {
		hasId: [outer.id, outer.task_id, data.task_id, data.id].some(isTelling),
		hasError:
			saysSomething(error) ||
			Object.values(fields(error)).some((value) => saysSomething(value) || Object.keys(fields(value)).length > 0),
	};
}

/** True for an id that can't be the number of a gateway's own record, which a refusal can have as well. */
function isTelling(id: unknown): boolean {
	return typeof id === 'string' && id.trim() !== '' && Number.isNaN(Number(id));
}

function fields(value: unknown): Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function checkCreated(body: unknown): void {
	const reading = reads(readCreated, body);
	const { hasId, hasError } = documentedId(body);
	if (reading.kind === 'created') {
		expect(reading.taskId).not.toBe('');
		expect(Number(reading.taskId)).not.toBeLessThanOrEqual(0);
		expectWellFormed(reading.state, body);
	}
	// Beside an error an id proves nothing, but it must not be said that nothing was created, either.
	if (hasId) expect(reading.kind).toBe(hasError ? 'unreadable' : 'created');
}

describe('Reading answers', () => {
	it('makes a well-formed state, or none, of a task answer that was tampered with', async () =>
		await holds('a task answer, mutated', mutated, checkTask));

	it('makes a well-formed state, or none, of any JSON', async () =>
		await holds('a task answer, arbitrary', json, checkTask));

	it('never loses the id of a created task', async () =>
		await holds('a create answer, mutated', mutated, checkCreated));

	it('finds an id wherever the documentation has one, whatever stands beside it', async () => {
		const place = fc.constantFrom('id', 'task_id', 'taskId', 'data.task_id', 'data.taskId', 'data.id');
		const id = fc.string({ minLength: 1 }).filter(isTelling);
		await holds('a create answer with an id', fc.tuple(mutated, place, id), ([body, at, given]) => {
			const outer = { ...fields(body) };
			delete outer.error;
			const [first = '', second] = at.split('.');
			for (const name of ['id', 'task_id', 'taskId']) delete outer[name];
			if (second === undefined) outer[first] = given;
			else {
				const none = { task_id: undefined, taskId: undefined, id: undefined };
				outer.data = { ...fields(outer.data), ...none, [second]: given };
			}
			const reading = readCreated(outer);
			expect(reading).toMatchObject({ kind: 'created', taskId: given.trim() });
		});
	});

	it('takes times, percents and URLs as they are documented and nothing else', async () => {
		const value = fc.oneof(fc.double(), fc.integer(), fc.string(), fc.webUrl(), fc.date().map(String), json);
		const task = fc.record({ time: value, progress: value, url: value, status: fc.constantFrom('RUNNING', 'SUCCESS') });
		await holds('times, percents and URLs', task, ({ time, progress, url, status }) =>
			checkTask({
				task_id: 'x',
				status,
				progress,
				output: [url, { url }],
				url,
				images: [url],
				point: progress,
				cost: { credits: progress },
				video_url: url,
				poster: url,
				submit_time: time,
				start_time: time,
				update_time: time,
				finish_time: time,
			}),
		);
	});

	it('finds words and codes of errors, as text or not at all', async () =>
		await holds('words of an error', anyBody, (body) => {
			for (const { path, message } of reads(refusedFields, body)) {
				expect(message.trim()).not.toBe('');
				expect(typeof path).toBe('string');
			}
			for (const found of [reads(errorMessage, body), reads(errorCode, body)]) {
				if (found !== null) expect(found.trim()).not.toBe('');
			}
		}));

	it('reads a balance in numbers, or none', async () => {
		const entries = fc.array(
			fc.record({ name: json, remain_quota: json, used_quota: json, token_name: json, quota_used: json }),
		);
		const account = fc.record({
			total_quota: json,
			username: json,
			keys: entries,
			daily_quota: fc.dictionary(fc.string(), entries),
		});
		await holds('the balance', fc.oneof(anyBody, account), (body) => {
			const balance = reads(readBalance, body);
			if (balance === null) return;
			for (const amount of [balance.remaining, balance.used, balance.requestCount]) {
				expect(amount === null || typeof amount === 'number').toBe(true);
			}
			expect(balance.keys.every(({ name }) => typeof name === 'string')).toBe(true);
			expect(balance.daily.every(({ date, key }) => typeof date === 'string' && typeof key === 'string')).toBe(true);
		});
	});
});
