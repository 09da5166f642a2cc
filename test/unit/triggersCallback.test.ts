import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { isStale } from '../../nodes/RunwayCallbackTrigger/verify';
import { claimOf, keyOf, MAX_BODY_BYTES, saysGoingOn, type Claim } from '../../nodes/shared/wake/claim';
import { Turns } from '../../nodes/shared/wake/turns';
import { isTerminal } from '../../nodes/shared/task/task';
import { settle } from '../support/fakeClock';

const folder = path.join(__dirname, '../payloads');
const payload = (name: string): unknown => JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8'));
const names = readdirSync(folder)
	.filter((name) => name.endsWith('.json'))
	.map((name) => name.replace('.json', ''));

const ID = '7c1f0e52-4b6d-4a38-9f21-2d5e8b90c3aa';
const claim = (body: unknown): Claim => {
	const found = claimOf(body);
	if (found === null) throw new Error('the body names no task');
	return found;
};

describe('A callback', () => {
	const callbacks = names.filter((name) => name.startsWith('callback-'));

	it.each([
		['callback-1-progress', 'running'],
		['callback-2-failed', 'failed'],
		['callback-3-succeeded', 'succeeded'],
		['callback-generic-guide', 'succeeded'],
	])('in the form of %s says that the task is %s', (name, status) => {
		expect(claim(payload(name)).taskId).toMatch(/^[\w-]{8,}$/);
		expect(claim(payload(name)).state.status).toBe(status);
	});

	it('has no documented form that is not tried here', () => {
		expect(callbacks).toEqual([
			'callback-1-progress',
			'callback-2-failed',
			'callback-3-succeeded',
			'callback-generic-guide',
		]);
	});

	it.each(names.filter((name) => name.startsWith('task-') && name !== 'task-wrapped-data-null'))(
		'may come in the envelope of %s',
		(name) => {
			const { taskId, state } = claim(payload(name));
			expect(taskId).toBe(ID);
			expect(claim(JSON.stringify(payload(name))).state).toEqual(state);
		},
	);

	it.each(names.filter((name) => /^(error|balance|models)-/.test(name)))('is none in the form of %s', (name) => {
		expect(claimOf(payload(name))).toBeNull();
	});

	it.each<[string, unknown]>([
		['nothing', undefined],
		['null', null],
		['a number', 7],
		['a truth', true],
		['an empty text', ''],
		['a text', 'hello'],
		['half of a JSON', '{"task_id":"a","sta'],
		['a list', [{ task_id: ID, status: '3' }]],
		['an empty object', {}],
		['an object without a task', { status: '3', video_url: 'https://a.example/b.mp4' }],
		['an id that is an object', { task_id: { $ne: null }, status: '3' }],
		['an id that is a list', { task_id: [ID], status: '3' }],
		['an empty id', { task_id: '  ', status: '3' }],
		['an id with a space', { task_id: 'a b', status: '3' }],
		['an id with a line break', { task_id: 'a\nb', status: '3' }],
		['an id with a null character', { task_id: 'a\u0000b', status: '3' }],
		['an id with markup', { task_id: '<script>', status: '3' }],
		['an id that is too long', { task_id: 'x'.repeat(201), status: '3' }],
		['an envelope without end', deep(10_000)],
		['a text that is too long', JSON.stringify({ task_id: ID, status: '3', prompt: 'x'.repeat(MAX_BODY_BYTES) })],
	])('is none where the body is %s', (_, body) => {
		expect(claimOf(body)).toBeNull();
	});

	it.each(['__proto__', 'constructor', 'toString'])('may be about a task named %s', (id) => {
		const text = `{"task_id":"${id}","status":"3","__proto__":{"status":"2"},"constructor":{"prototype":{"x":1}}}`;
		expect(claim(text)).toMatchObject({ taskId: id, state: { status: 'succeeded' } });
		expect(({} as { x?: unknown }).x).toBeUndefined();
		expect(({} as { status?: unknown }).status).toBeUndefined();
	});

	it('may name its task by a number', () => {
		expect(claim({ task_id: 4711, status: 3 })).toMatchObject({ taskId: '4711', state: { status: 'succeeded' } });
	});

	it('is about the same task however the id is spelt', () => {
		expect(keyOf(claim({ task_id: ID.toUpperCase(), status: '3' }))).toBe(keyOf(claim({ task_id: ID, status: '3' })));
	});

	it.each<[unknown, boolean]>([
		['0', true],
		['1', true],
		['RUNNING', true],
		['processing', true],
		['2', false],
		['3', false],
		['completed', false],
		['SOMETHING_NEW', false],
		['', false],
		[null, false],
	])('with the status %j says whether its task is still running: %j', (status, isRunning) => {
		expect(saysGoingOn(claim({ task_id: ID, status }))).toBe(isRunning);
	});
});

function deep(levels: number): unknown {
	let body: unknown = { task_id: ID, status: '3' };
	for (let level = 0; level < levels; level += 1) body = { data: body };
	return body;
}

describe('A callback that comes late', () => {
	const finishedAt = '2026-05-04T08:15:22.000Z';
	const state = { ...claim({ task_id: ID, status: '3' }).state, finishedAt };
	const end = Date.parse(finishedAt);

	it.each<[string, number, number, boolean]>([
		['just in time', end + 60_000, 60_000, false],
		['a moment too late', end + 60_001, 60_000, true],
		['before the end, by another clock', end - 90_000, 60_000, false],
		['years later, without a limit', end + 1e11, 0, false],
	])('%s', (_, receivedAt, maxAgeMs, stale) => {
		expect(isStale(state, receivedAt, maxAgeMs)).toBe(stale);
	});

	it('is taken for the first if the API does not say when the task ended', () => {
		expect(isStale({ ...state, finishedAt: null }, end + 1e11, 60_000)).toBe(false);
	});
});

describe('Callbacks of one task', () => {
	const going = claim({ task_id: ID, status: '1' });
	const ended = claim({ task_id: ID, status: '3' });

	/** Looks that end when the test says so. */
	function looks() {
		const begun: Claim[] = [];
		const ends: Array<() => void> = [];
		const look = async (seen: Claim) => {
			begun.push(seen);
			await new Promise<void>((resolve) => ends.push(resolve));
			return seen.state.status;
		};
		return { begun, ends, look };
	}

	it('are looked into one at a time, and one that says the end is never dropped', async () => {
		const turns = new Turns<Claim>(({ state }) => isTerminal(state.status));
		const { begun, ends, look } = looks();
		const first = turns.take('a', going, look);
		const second = turns.take('a', ended, look);
		await settle();
		expect(begun).toEqual([going]);
		ends[0]?.();
		await expect(first).resolves.toBe('running');
		await settle();
		expect(begun).toEqual([going, ended]);
		ends[1]?.();
		await expect(second).resolves.toBe('succeeded');
		expect(turns.open).toBe(0);
	});

	it('cost two reads at most, the second one for the latest that reports the end', async () => {
		const turns = new Turns<Claim>(({ state }) => isTerminal(state.status));
		const { begun, ends, look } = looks();
		const calls = [going, going, ended, going, ...Array.from({ length: 96 }, () => ended)].map(
			async (one) => await turns.take('a', one, look),
		);
		await settle();
		expect(turns.open).toBe(2);
		ends[0]?.();
		await settle();
		ends[1]?.();
		const outcomes = await Promise.all(calls);
		expect(begun).toEqual([going, ended]);
		expect(outcomes.filter((outcome) => outcome !== null)).toEqual(['running', 'succeeded']);
		expect(turns.open).toBe(0);
	});

	it('do not wait for those of another task', async () => {
		const turns = new Turns<Claim>(({ state }) => isTerminal(state.status));
		const { begun, ends, look } = looks();
		const calls = [turns.take('a', ended, look), turns.take('__proto__', ended, look)];
		await settle();
		expect(begun).toHaveLength(2);
		ends.forEach((end) => end());
		await Promise.all(calls);
	});

	it('continue after a look that failed', async () => {
		const turns = new Turns<Claim>(({ state }) => isTerminal(state.status));
		const failed = turns.take('a', going, async () => await Promise.reject(new Error('broken')));
		const next = turns.take('a', ended, async ({ state }) => await Promise.resolve(state.status));
		await expect(failed).rejects.toThrow('broken');
		await expect(next).resolves.toBe('succeeded');
		await expect(turns.take('a', ended, async () => await Promise.resolve('again'))).resolves.toBe('again');
		expect(turns.open).toBe(0);
	});
});
