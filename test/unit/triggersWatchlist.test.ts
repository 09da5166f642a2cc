import type { TaskState, TaskStatus } from '../../nodes/shared/task/task';
import { EmittedEvents } from '../../nodes/shared/trigger/emitted';
import { Watchlist } from '../../nodes/RunwayTrigger/watchlist';
import { taskState } from '../support/taskState';

/** Ids that are also names of what every object has. */
const TREACHEROUS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'];
/** Static data that nobody's version of this node has written. */
const DAMAGED: unknown[] = [
	undefined,
	null,
	7,
	'text',
	[],
	[[]],
	{ told: null, watched: null },
	{ told: [], watched: {} },
	{ told: { ended: 'a', stages: 'b' }, watched: 'c' },
	{ told: { ended: { a: true }, stages: { a: 50 } }, watched: { a: { seenAt: 9 } } },
	{ told: { ended: [null, 7, {}], stages: [null, 7, ['a'], ['a', 'x'], [7, 7], [[]]] }, watched: [null, 7, 'a', []] },
	{ watched: [{ id: 'a', seenAt: 'x', api: 'v3', row: null, word: 7, cutShort: Number.NaN }], silence: 'long' },
	{
		watched: [{ id: 'a', row: { kind: 'absence', answers: 'x', since: 0 }, reportedAt: 'y' }],
		silence: { answers: 9 },
	},
];

function stateOf(status: TaskStatus, progress: number | null = null): TaskState {
	return taskState({ status, progress });
}

/** Through the text that n8n's database keeps. */
const stored = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const manyIds = (count: number, prefix = 'task') => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

describe('What has been told of a task', () => {
	it('is each end once, whichever it is', () => {
		for (const end of ['succeeded', 'failed', 'cancelled'] as const) {
			const told = new EmittedEvents(10);
			expect(told.newEvent('a', stateOf(end))).toBe(end);
			expect(told.newEvent('a', stateOf(end))).toBe(end);
			told.markEmitted('a', stateOf(end));
			expect(told.newEvent('a', stateOf(end))).toBeNull();
			expect(told.newEvent('a', stateOf('running', 99))).toBeNull();
			expect(told.newEvent('b', stateOf(end))).toBe(end);
		}
	});

	it('is each step forward once, and no step back', () => {
		const told = new EmittedEvents(10);
		expect(told.newEvent('a', stateOf('queued'))).toBeNull();
		expect(told.newEvent('a', stateOf('unknown'))).toBeNull();
		expect(told.newEvent('a', stateOf('running'))).toBe('progressed');
		told.markEmitted('a', stateOf('running'));
		expect(told.newEvent('a', stateOf('running', 0))).toBeNull();
		expect(told.newEvent('a', stateOf('running', 40))).toBe('progressed');
		told.markEmitted('a', stateOf('running', 40));
		told.markEmitted('a', stateOf('running', 10));
		expect(told.newEvent('a', stateOf('running', 39))).toBeNull();
		expect(told.newEvent('a', stateOf('queued'))).toBeNull();
		expect(told.newEvent('a', stateOf('running', 41))).toBe('progressed');
		expect(told.newEvent('a', stateOf('succeeded'))).toBe('succeeded');
	});

	it('outlives the database', () => {
		const told = new EmittedEvents(10);
		told.markEmitted('a', stateOf('failed'));
		told.markEmitted('b', stateOf('running', 30));
		const again = new EmittedEvents(10).load(stored(told));
		expect(again.newEvent('a', stateOf('failed'))).toBeNull();
		expect(again.newEvent('b', stateOf('running', 30))).toBeNull();
		expect(again.newEvent('b', stateOf('running', 31))).toBe('progressed');
	});

	it('never takes more room than it was given, and forgets the oldest first', () => {
		const told = new EmittedEvents(1000);
		for (const id of manyIds(25_000)) told.markEmitted(id, stateOf('succeeded'));
		for (const id of manyIds(25_000, 'going')) told.markEmitted(id, stateOf('running', 50));
		const { ended, stages } = told.toJSON();
		expect([ended.length, stages.length]).toEqual([1000, 1000]);
		expect(ended.at(-1)).toBe('task-24999');
		expect(told.hasEnded('task-24000')).toBe(true);
		expect(told.hasEnded('task-23999')).toBe(false);
		expect(told.toJSON(300).ended).toEqual(ended.slice(-300));
		expect(new EmittedEvents(1000).load({ ended: manyIds(25_000) }).toJSON().ended).toHaveLength(1000);
	});

	it('keeps what is still wanted when older things are forgotten', () => {
		const told = new EmittedEvents(50);
		told.markEmitted('kept', stateOf('succeeded'));
		told.markEmitted('running', stateOf('running', 50));
		for (const id of manyIds(40)) {
			told.markEmitted(id, stateOf('succeeded'));
			told.markEmitted(`${id} running`, stateOf('running', 1));
		}
		const less = new EmittedEvents(3).load(stored(told), ['kept', 'running', 'never seen']);
		expect(less.toJSON()).toEqual({
			ended: ['task-38', 'task-39', 'kept'],
			stages: [
				['task-38 running', 1],
				['task-39 running', 1],
				['running', 50],
			],
		});
	});

	it('takes ids that are names of what every object has', () => {
		const told = new EmittedEvents(100);
		for (const id of TREACHEROUS) {
			expect(told.hasEnded(id)).toBe(false);
			expect(told.newEvent(id, stateOf('succeeded'))).toBe('succeeded');
			expect(told.newEvent(id, stateOf('running', 10))).toBe('progressed');
			told.markEmitted(id, stateOf('running', 10));
		}
		const again = new EmittedEvents(100).load(stored(told));
		for (const id of TREACHEROUS) {
			expect(again.newEvent(id, stateOf('running', 10))).toBeNull();
			again.markEmitted(id, stateOf('succeeded'));
		}
		const last = new EmittedEvents(100).load(stored(again));
		for (const id of TREACHEROUS) expect(last.hasEnded(id)).toBe(true);
		expect(({} as { ended?: unknown }).ended).toBeUndefined();
		expect(Object.keys(Object.prototype)).toEqual([]);
	});

	it.each(DAMAGED.map((saved) => [JSON.stringify(saved) ?? 'nothing', saved]))('is nothing by %s', (_, saved) => {
		const told = new EmittedEvents(10).load(saved);
		expect(told.newEvent('a', stateOf('succeeded'))).toBe('succeeded');
		expect(new EmittedEvents(10).load(stored(told)).hasEnded('a')).toBe(false);
	});
});

describe('The watched tasks', () => {
	it('are asked for with the longest unseen first, and new ones before all others', () => {
		const list = new Watchlist(['a', 'b', 'c', 'd'], null);
		expect(list.inTurn(0)).toEqual(['a', 'b', 'c', 'd']);
		list.see('a', stateOf('running'), 'official', 300);
		list.skip('b', 100);
		list.miss('c', 'absence', 200);
		expect(list.inTurn(0)).toEqual(['d', 'b', 'c', 'a']);
		const again = new Watchlist(['a', 'b', 'c', 'd', 'e'], stored(list));
		expect(again.inTurn(0)).toEqual(['d', 'e', 'b', 'c', 'a']);
	});

	it('each get their turn, however few can be asked at a time', () => {
		const ids = manyIds(2_000);
		const asked = new Map<string, number>();
		let saved: unknown = null;
		let now = 0;
		for (let poll = 1; poll <= 9; poll += 1) {
			const list = new Watchlist(ids, saved);
			for (const id of list.inTurn(0).slice(0, 450)) {
				list.see(id, stateOf('running'), 'official', (now += 1));
				asked.set(id, (asked.get(id) ?? 0) + 1);
			}
			saved = stored(list);
		}
		// 4050 questions for 2000 tasks.
		expect(new Set(asked.values())).toEqual(new Set([2, 3]));
		expect(asked.size).toBe(2_000);
	});

	it('cost nothing more once their end was told', () => {
		const list = new Watchlist(['a', 'b'], null);
		expect(list.see('a', stateOf('succeeded'), 'official', 1).event).toBe('succeeded');
		list.markEmitted('a', stateOf('succeeded'));
		expect(list.inTurn(0)).toEqual(['b']);
		expect(new Watchlist(['a', 'b'], stored(list)).inTurn(0)).toEqual(['b']);
	});

	it('are news again in the next poll as long as they were not told', () => {
		const list = new Watchlist(['a'], null);
		expect(list.see('a', stateOf('succeeded'), 'official', 1).event).toBe('succeeded');
		list.defer('a');
		const again = new Watchlist(['a'], stored(list));
		expect(again.inTurn(0)).toEqual(['a']);
		expect(again.see('a', stateOf('succeeded'), 'official', 2).event).toBe('succeeded');
	});

	it('stay told while the list is empty for once', () => {
		const list = new Watchlist(['a'], null);
		list.see('a', stateOf('failed'), 'official', 1);
		list.markEmitted('a', stateOf('failed'));
		const empty = new Watchlist([], stored(list));
		expect(empty.inTurn(0)).toEqual([]);
		expect(new Watchlist(['a'], stored(empty)).inTurn(0)).toEqual([]);
	});

	it('stay told in a long list, however many others have ended since', () => {
		let saved: unknown = null;
		for (let poll = 0; poll < 6; poll += 1) {
			const list = new Watchlist(['first', ...manyIds(9_999, `poll-${poll}`)], saved);
			for (const id of list.inTurn(0)) list.markEmitted(id, stateOf('succeeded'));
			saved = list.toJSON();
		}
		expect(new Watchlist(['first'], stored(saved)).inTurn(0)).toEqual([]);
		expect((saved as { told: { ended: string[] } }).told.ended).toHaveLength(20_000);
	});

	it('are remembered only while they are listed', () => {
		const list = new Watchlist(manyIds(10_000), null);
		for (const id of list.inTurn(0)) list.see(id, stateOf('running', 50), 'official', 1);
		expect(list.toJSON().watched).toHaveLength(10_000);
		expect(new Watchlist(['a'], stored(list)).toJSON().watched).toEqual([{ id: 'a', seenAt: 0 }]);
	});

	it('keep the route that knows them', () => {
		const list = new Watchlist(['a'], null);
		list.see('a', stateOf('running'), 'compatibility', 1);
		const again = new Watchlist(['a'], stored(list));
		expect(again.apiOf('a')).toBe('compatibility');
		again.skip('a', 2);
		expect(again.apiOf('a')).toBe('compatibility');
	});

	it('have a row of answers without a task, counted over polls and restarts', () => {
		const list = new Watchlist(['a'], null);
		expect(list.miss('a', 'absence', 1_000)).toEqual({ answers: 1, ms: 0 });
		const later = new Watchlist(['a'], stored(list));
		expect(later.miss('a', 'absence', 61_000)).toEqual({ answers: 2, ms: 60_000 });
		const last = new Watchlist(['a'], stored(later));
		expect(last.miss('a', 'absence', 121_000)).toEqual({ answers: 3, ms: 120_000 });
	});

	it('begin a new row with an answer of another kind, and after everything that is no answer about them', () => {
		const breaks: Array<(list: Watchlist) => unknown> = [
			(list) => list.see('a', stateOf('running'), 'official', 500),
			(list) => list.skip('a', 500),
			(list) => list.noteSilence(500),
			(list) => list.miss('a', 'refusal', 500),
		];
		for (const interrupt of breaks) {
			const list = new Watchlist(['a'], null);
			list.miss('a', 'absence', 0);
			interrupt(list);
			expect(new Watchlist(['a'], stored(list)).miss('a', 'absence', 1_000)).toEqual({ answers: 1, ms: 0 });
		}
	});

	it('are asked for once an hour after they were reported, and are not reported again', () => {
		const list = new Watchlist(['a'], null);
		list.miss('a', 'refusal', 1_000);
		list.markReported('a', 1_000);
		const after = new Watchlist(['a'], stored(list));
		expect(after.inTurn(61_000)).toEqual([]);
		expect(after.inTurn(3_601_000)).toEqual(['a']);
		expect(after.miss('a', 'refusal', 3_601_000)).toBeNull();
		expect(after.inTurn(3_661_000)).toEqual([]);
		// Once the user has corrected the credential, its events are emitted.
		expect(after.see('a', stateOf('succeeded'), 'official', 7_201_000).event).toBe('succeeded');
		expect(after.miss('a', 'absence', 7_261_000)).toEqual({ answers: 1, ms: 0 });
	});

	it('have rows that a clock that was set back does not make longer', () => {
		const list = new Watchlist(['a'], null);
		list.miss('a', 'absence', 3_000_000);
		expect(list.miss('a', 'absence', 1_000)).toEqual({ answers: 2, ms: 0 });
		expect(list.miss('a', 'absence', 2_000)).toEqual({ answers: 3, ms: 1_000 });
	});

	it('have ended if a word that nobody knows comes twice with a result, also over restarts', () => {
		const done = taskState({
			status: 'unknown',
			rawStatus: 'done',
			progress: null,
			assetUrls: ['https://a.example/v.mp4'],
		});
		const list = new Watchlist(['a'], null);
		expect(list.see('a', done, 'official', 1)).toEqual({ event: null, state: done });
		const again = new Watchlist(['a'], stored(list));
		expect(again.see('a', done, 'official', 2)).toEqual({
			event: 'succeeded',
			state: { ...done, status: 'succeeded', progress: 100 },
		});
	});

	it('have not ended by a word that nobody knows without a result, nor by two different ones', () => {
		const list = new Watchlist(['a'], null);
		const said = (rawStatus: string, assetUrls: string[]) =>
			list.see('a', taskState({ status: 'unknown', rawStatus, assetUrls }), 'official', 1).event;
		const urls = ['https://a.example/v.mp4'];
		expect([said('x', []), said('x', []), said('x', urls), said('y', urls), said('x', urls), said('x', [])]).toEqual(
			Array.from({ length: 6 }, () => null),
		);
		expect(said('x', urls)).toBeNull();
		expect(said('x', urls)).toBe('succeeded');
	});

	it('count the polls in which nobody was answered', () => {
		const list = new Watchlist(['a'], null);
		expect(list.noteSilence(1_000)).toEqual({ answers: 1, ms: 0 });
		const again = new Watchlist(['a'], stored(list));
		expect(again.noteSilence(61_000)).toEqual({ answers: 2, ms: 60_000 });
		again.noteAnswer();
		expect(new Watchlist(['a'], stored(again)).noteSilence(121_000)).toEqual({ answers: 1, ms: 0 });
	});

	it('take no more room than they need, however many have come and gone', () => {
		let saved: unknown = null;
		for (let poll = 0; poll < 30; poll += 1) {
			const list = new Watchlist(manyIds(1_000, `poll-${poll}`), saved);
			for (const id of list.inTurn(0)) list.markEmitted(id, stateOf('succeeded'));
			saved = stored(list);
		}
		const short = new Watchlist(['a'], saved);
		expect(short.toJSON().told.ended).toHaveLength(1_000);
		// A lookup of the IDs that fails for once makes an empty list.
		expect(new Watchlist([], saved).toJSON().told.ended).toHaveLength(2_000);
	});

	it('count how often a file was cut short, also over restarts', () => {
		const list = new Watchlist(['a'], null);
		list.see('a', stateOf('succeeded'), 'official', 1);
		expect(list.cutShort('a')).toBe(1);
		const again = new Watchlist(['a'], stored(list));
		again.see('a', stateOf('succeeded'), 'official', 2);
		expect(again.cutShort('a')).toBe(2);
		expect(again.inTurn(0)).toEqual(['a']);
	});

	it('may have names of what every object has', () => {
		const list = new Watchlist(TREACHEROUS, null);
		expect(list.inTurn(0)).toEqual(TREACHEROUS);
		for (const id of TREACHEROUS) list.see(id, stateOf('running', 10), 'compatibility', 5);
		list.cutShort('__proto__');
		const again = new Watchlist(TREACHEROUS, stored(list));
		for (const id of TREACHEROUS) expect(again.apiOf(id)).toBe('compatibility');
		expect(again.inTurn(0)[0]).toBe('__proto__');
		expect(again.cutShort('__proto__')).toBe(2);
		expect(({} as { api?: unknown }).api).toBeUndefined();
		expect(({} as { seenAt?: unknown }).seenAt).toBeUndefined();
	});

	it.each(DAMAGED.map((saved) => [JSON.stringify(saved) ?? 'nothing', saved]))('start over from %s', (_, saved) => {
		const list = new Watchlist(['a', 'b'], saved);
		expect(list.inTurn(0)).toEqual(['a', 'b']);
		expect(list.apiOf('a')).toBeUndefined();
		expect(list.noteSilence(10).answers).toBe(1);
		expect(list.miss('a', 'absence', 10)).toEqual({ answers: 1, ms: 0 });
		expect(list.cutShort('b')).toBe(1);
	});
});
