import { openRegister, type Register } from '../../nodes/shared/register/register';
import type { TaskRow } from '../../nodes/shared/register/row';
import { systemClock, type Clock } from '../../nodes/shared/wait/pause';
import { type CredentialData, type Engine, startEngine } from '../support/engine';
import { DataTable, N8N_API_KEY, type N8nApi, startN8nApi } from '../support/n8nApi';
import { freePort } from '../support/n8n/ports';
import { taskRow } from '../support/taskRow';

/** The register over n8n-core's own HTTP client, with a stand-in of n8n's public API. */

let engine: Engine;
let n8n: N8nApi;

beforeAll(async () => {
	engine = await startEngine();
});

afterAll(() => engine.close());

// A new address each time: what a process remembers belongs to an address.
beforeEach(async () => {
	n8n = await startN8nApi();
});

afterEach(async () => await n8n.close());

const credentialOf = (changes: Partial<CredentialData> = {}): CredentialData => ({
	apiKey: 'sk-comet-1111111111111111',
	baseUrl: 'http://127.0.0.1:9',
	register: true,
	n8nUrl: n8n.url,
	n8nApiKey: N8N_API_KEY,
	...changes,
});

async function open(changes: Partial<CredentialData> = {}, clock: Clock = systemClock): Promise<Register> {
	const register = await openRegister(engine.context({ credential: credentialOf(changes), parameters: {} }), clock);
	if (register === null) throw new Error('the register is switched off');
	return register;
}

const batch = (count: number, name = 'r') =>
	Array.from({ length: count }, (_, itemIndex) => taskRow({ requestId: `${name}${itemIndex}`, itemIndex }));
const ids = (rows: ReadonlyArray<{ requestId: unknown }> | null) => rows?.map(({ requestId }) => requestId);

describe('The register', () => {
	it('asks nothing of anybody while it is switched off', async () => {
		const credential = credentialOf({ register: false });
		expect(await openRegister(engine.context({ credential, parameters: {} }))).toBeNull();
		expect(n8n.requests).toEqual([]);
	});

	it('makes its table, and writes a batch in one request, with the key in its own header alone', async () => {
		const register = await open();
		await register.add(batch(30));
		expect(n8n.calls).toEqual([
			'GET /data-tables',
			'POST /data-tables',
			'GET /data-tables',
			'POST /data-tables/:id/rows',
		]);
		expect(n8n.rows).toHaveLength(30);
		expect(n8n.rows[3]).toMatchObject(batch(4)[3]!);
		expect(n8n.requests.every(({ headers }) => headers['x-n8n-api-key'] === N8N_API_KEY)).toBe(true);
		expect(n8n.requests.some(({ headers }) => 'authorization' in headers)).toBe(false);
		expect(register.fault).toBeNull();
	});

	it('does not take a table whose name only begins like its own', async () => {
		n8n.tables.set('other0000000000a', new DataTable('other0000000000a', 'Runway tasks of last year', '2025-01-01'));
		await (await open()).add(batch(1));
		expect(n8n.tables.get('other0000000000a')?.rows).toEqual([]);
		expect(ids(n8n.rows as never)).toEqual(['r0']);
	});

	it('continues with the table of another process that was quicker', async () => {
		n8n.fault({ on: /^POST \/api\/v1\/data-tables$/, fault: { kind: 'dead', after: true }, times: 1 });
		const register = await open();
		await register.add(batch(2));
		expect(n8n.tables.size).toBe(1);
		expect(n8n.rows).toHaveLength(2);
		expect(register.fault).toBeNull();
	});

	it('makes its table again if somebody has deleted it', async () => {
		const register = await open();
		await register.add(batch(1));
		n8n.tables.clear();
		await register.add(batch(2, 'new'));
		expect(ids(n8n.rows as never)).toEqual(['new0', 'new1']);
	});

	it('adds the columns that its table lacks', async () => {
		await (await open()).add(batch(1));
		const [table] = [...n8n.tables.values()];
		table!.columns.splice(0, 5);
		await (await open()).add(batch(1, 'again'));
		expect(n8n.rows.at(-1)).toMatchObject({ requestId: 'again0', status: 'sending' });
	});

	it('says which column has the wrong type', async () => {
		await (await open()).add(batch(1));
		const [table] = [...n8n.tables.values()];
		table!.columns.find(({ name }) => name === 'taskId')!.type = 'number';
		const fresh = await open({ n8nUrl: n8n.url.replace('127.0.0.1', 'localhost') });
		await fresh.add(batch(1, 'x'));
		expect(fresh.fault).toMatch(/column "taskId".*another type/);
	});

	it('is one table, if two processes make it at the same moment', async () => {
		const names = ['127.0.0.1', 'localhost'];
		const both = await Promise.all(
			names.map(async (name) => await open({ n8nUrl: n8n.url.replace('127.0.0.1', name) })),
		);
		await Promise.all(both.map(async (register, at) => await register.add(batch(1, names[at]))));
		expect(n8n.tables.size).toBe(1);
		expect(n8n.rows).toHaveLength(2);
		expect(both.map(({ fault }) => fault)).toEqual([null, null]);
	});

	it('writes changes, and finds what matches all conditions', async () => {
		const register = await open();
		await register.add(batch(40));
		batch(40).forEach(({ requestId, itemIndex }) =>
			register.change(requestId, { taskId: `t${itemIndex}`, status: 'created', delivered: itemIndex % 2 === 0 }),
		);
		await register.settle();
		expect(n8n.rows).toHaveLength(40);
		const found = await register.find({
			where: { status: 'created', delivered: true, endedTime: null },
			order: 'oldest',
			limit: 5,
		});
		expect(found?.map(({ taskId }) => taskId)).toEqual(['t0', 't2', 't4', 't6', 't8']);
		expect(await register.find({ where: { executionId: '43' }, limit: 5 })).toEqual([]);
	});

	it('finds more rows than n8n gives at a time', async () => {
		const register = await open();
		await register.add(batch(600));
		expect(await register.find({ limit: 1_000 })).toHaveLength(600);
		const newest = await register.find({ order: 'newest', limit: 300 });
		expect([newest?.length, newest?.[0]?.requestId]).toEqual([300, 'r599']);
	});

	it('has the newest request first, also if the row of an earlier one was written later', async () => {
		const register = await open();
		const [earlier, later] = batch(2) as [TaskRow, TaskRow];
		const createdTime = new Date(Date.parse(earlier.createdTime) + 1).toISOString();
		await register.add([{ ...later, createdTime }]);
		await register.add([earlier]);
		expect(ids(await register.find({ limit: 1 }))).toEqual([later.requestId]);
		expect(ids(await register.find({ limit: 2 }))).toEqual([later.requestId, earlier.requestId]);
	});

	it('finds what has changed since a moment of the same day', async () => {
		const register = await open();
		await register.add(batch(3));
		await new Promise((resolve) => setTimeout(resolve, 20));
		const since = new Date().toISOString();
		register.change('r1', { status: 'notCreated' });
		await register.settle();
		expect(await register.changes(since, { limit: 10 })).toMatchObject({ rows: [{ requestId: 'r1' }], rest: null });
		const all = await register.changes(new Date(0).toISOString(), { limit: 10 });
		expect(ids(all?.rows ?? [])).toEqual(['r1', 'r0', 'r2']);
	});

	it('asks for no more pages of changes than there are, however many rows have changed that day', async () => {
		const register = await open();
		await register.add(batch(3_000));
		const minutes = (row: { id?: unknown }) => (Number(row.id) - 0.5) / 10;
		for (const row of n8n.rows) row.updatedAt = new Date(Date.now() - minutes(row) * 60_000).toISOString();
		const before = n8n.calls.length;
		const changes = await register.changes(new Date(Date.now() - 2 * 60_000).toISOString(), { limit: 5_000 });
		expect(changes?.rows).toHaveLength(20);
		expect(changes?.rest).toBeNull();
		expect(n8n.calls.length - before).toBe(1);
	});

	it('gives changes in parts, from the latest to the earliest', async () => {
		const register = await open();
		await register.add(batch(1_100));
		const since = new Date(0).toISOString();
		const found: unknown[] = [];
		let rest: string | null | undefined = null;
		let parts = 0;
		do {
			const part: Awaited<ReturnType<Register['changes']>> = await register.changes(since, { limit: 500, from: rest });
			found.push(...(ids(part?.rows ?? []) ?? []));
			rest = part?.rest;
			parts++;
		} while (rest);
		expect(parts).toBe(3);
		expect(new Set(found).size).toBe(1_100);
	});

	it('finds the rows behind a number of the table', async () => {
		const register = await open();
		await register.add(batch(5));
		expect(ids(await register.find({ after: 2, order: 'oldest', limit: 2 }))).toEqual(['r2', 'r3']);
	});

	it('does not find what it knows to be delivered, while that can not be written', async () => {
		const register = await open();
		await register.add(batch(2));
		n8n.fault({ on: /^PATCH/, fault: { kind: 'status', status: 500 } });
		register.change('r0', { delivered: true });
		await register.settle();
		expect(ids(await register.find({ where: { delivered: false }, limit: 10 }))).toEqual(['r1']);
	});

	it('ignores rows that people have made', async () => {
		const register = await open();
		await register.add(batch(1));
		[...n8n.tables.values()][0]!.insert([{ prompt: 'a note of mine' }]);
		expect(ids(await register.find({ limit: 10 }))).toEqual(['r0']);
	});

	it.each([
		['running', true],
		['waiting', true],
		['new', true],
		['success', false],
		['error', false],
		['crashed', false],
		['canceled', false],
	])('knows an execution that is %s', async (status, isOpen) => {
		n8n.executions.set('7', { status, retryOf: '5', workflowId: 'w1' });
		expect(await (await open()).execution('7')).toEqual({
			isOpen,
			hasSucceeded: status === 'success',
			retryOf: '5',
			workflowId: 'w1',
			isKnown: true,
		});
	});

	it('tells an execution that n8n has not from one that it can not ask for', async () => {
		const register = await open();
		expect(await register.execution('8')).toEqual({
			isOpen: false,
			hasSucceeded: false,
			retryOf: null,
			workflowId: null,
			isKnown: false,
		});
		expect(register.fault).toBeNull();
		n8n.fault({ on: /executions/, fault: { kind: 'status', status: 403 } });
		expect(await register.execution('8')).toBeNull();
	});

	describe('removes what nobody needs any more', () => {
		const DAY_MS = 86_400_000;
		let now: number;
		let clock: Clock;

		beforeEach(() => {
			now = Date.now();
			clock = { now: () => now, sleep: systemClock.sleep };
		});

		const daysAgo = (days: number) => new Date(now - days * DAY_MS).toISOString();
		const deletes = () => n8n.calls.filter((call) => call.startsWith('DELETE'));
		const settleAgain = async (rowsLeft: number) => {
			await (await open({}, clock)).settle();
			for (let wait = 0; wait < 3_000 && n8n.rows.length > rowsLeft; wait++)
				await new Promise((resolve) => setTimeout(resolve, 10));
		};

		it('by its age: soon what was delivered, late what nobody has collected', async () => {
			const ended = { status: 'succeeded', createdTime: daysAgo(170) } as const;
			await (
				await open({}, clock)
			).add([
				taskRow({ requestId: 'old', ...ended, delivered: true, endedTime: daysAgo(40) }),
				taskRow({ requestId: 'recent', ...ended, delivered: true, endedTime: daysAgo(29) }),
				taskRow({ requestId: 'undelivered', ...ended, endedTime: daysAgo(160) }),
				taskRow({ requestId: 'never', status: 'notCreated', createdTime: daysAgo(40) }),
				taskRow({ requestId: 'open', status: 'created', createdTime: daysAgo(170) }),
				taskRow({ requestId: 'lost', status: 'sending', createdTime: daysAgo(170) }),
				taskRow({ requestId: 'uncollected', ...ended, createdTime: daysAgo(190), endedTime: daysAgo(190) }),
				taskRow({ requestId: 'forgotten', status: 'created', createdTime: daysAgo(190) }),
				taskRow({ requestId: 'lost long ago', status: 'sending', createdTime: daysAgo(190) }),
				taskRow({ requestId: 'unknown long ago', status: 'unknown', createdTime: daysAgo(190) }),
			]);
			await settleAgain(4);
			expect(ids(n8n.rows as never)).toEqual(['recent', 'undelivered', 'open', 'lost']);
		});

		it('with the first run of a process, and then once an hour', async () => {
			await settleAgain(0);
			const calls = n8n.calls.length;
			await settleAgain(0);
			expect(n8n.calls).toHaveLength(calls);
			await (
				await open({}, clock)
			).add([taskRow({ requestId: 'old', status: 'notCreated', createdTime: daysAgo(40) })]);
			now += 61 * 60_000;
			await settleAgain(0);
			expect(n8n.rows).toEqual([]);
		});

		it('a few rows at a time', async () => {
			const old = batch(250).map((row) => ({ ...row, status: 'notCreated', createdTime: daysAgo(40) }) as const);
			await (
				await open({}, clock)
			).add([...old, ...batch(2, 'new').map((row) => ({ ...row, createdTime: daysAgo(0) }))]);
			const left: number[] = [];
			n8n.afterDelete = () => left.push(n8n.rows.length);
			await settleAgain(2);
			expect(left).toEqual([152, 52, 2]);
			expect(deletes()).toHaveLength(3);
			expect(ids(n8n.rows as never)).toEqual(['new0', 'new1']);
		});
	});
});

describe('A register that fails', () => {
	it('makes up for it in the next run, without a row twice', async () => {
		const first = await open();
		await first.add(batch(1));
		n8n.fault({ on: /^POST .*\/rows$/, fault: { kind: 'dead', after: true }, times: 1 });
		await first.add(batch(3, 'late'));
		expect(first.fault).toMatch(/written later/);
		await new Promise((resolve) => setTimeout(resolve, 1_100));
		const second = await open();
		await second.add(batch(1, 'next'));
		await second.settle();
		for (let wait = 0; wait < 1_500 && second.fault !== null; wait++)
			await new Promise((resolve) => setTimeout(resolve, 20));
		expect((ids(n8n.rows as never) as string[]).sort()).toEqual(['late0', 'late1', 'late2', 'next0', 'r0']);
		expect(second.fault).toBeNull();
	});

	it('keeps a run no longer than two seconds, and the next ones not at all', async () => {
		const register = await open();
		await register.add(batch(1));
		n8n.fault({ on: /rows/, fault: { kind: 'slow', milliseconds: 5_000 } });
		const began = Date.now();
		await register.add(batch(2, 'slow'));
		const waited = Date.now() - began;
		expect(waited).toBeGreaterThan(1_900);
		// It takes five to answer.
		expect(waited).toBeLessThan(4_800);
		expect(register.fault).toMatch(/slow/);
		// It is left alone for a second.
		const calls = n8n.calls.length;
		await (await open()).add(batch(2, 'more'));
		expect(n8n.calls).toHaveLength(calls);
	});

	it('writes what it could not write, once the key has been corrected', async () => {
		const wrong = await open({ n8nApiKey: 'n8n_api_wrong_key_1' });
		await wrong.add(batch(2));
		expect(wrong.fault).toMatch(/does not accept the n8n API key/);
		const right = await open();
		await right.add(batch(1, 'next'));
		expect((ids(n8n.rows as never) as string[]).sort()).toEqual(['next0', 'r0', 'r1']);
		expect(right.fault).toBeNull();
	});

	it('continues with the corrected key, whatever runs do that began with the wrong one', async () => {
		const wrong = await open({ n8nApiKey: 'n8n_api_wrong_key_3' });
		await wrong.add(batch(1));
		const right = await open();
		await right.add(batch(1, 'next'));
		wrong.change('r0', { status: 'notCreated' });
		expect(await wrong.find({ limit: 1 })).toBeNull();
		await wrong.settle();
		expect(right.fault).toBeNull();
		expect(await right.find({ where: { status: 'notCreated' }, limit: 5 })).toMatchObject([{ requestId: 'r0' }]);
		expect(n8n.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
	});

	const faultWith = async (changes: Partial<CredentialData> = {}) => {
		const register = await open(changes);
		await register.add(batch(1));
		const { fault } = register;
		expect(n8n.rows).toEqual([]);
		expect(fault).not.toContain(changes.n8nApiKey ?? N8N_API_KEY);
		expect(engine.log.join('\n')).not.toContain(changes.n8nApiKey ?? N8N_API_KEY);
		expect(await register.find({ limit: 1 })).toBeNull();
		return fault;
	};

	it('says that there is no such host', async () => {
		expect(await faultWith({ n8nUrl: 'http://nowhere.invalid:5678' })).toMatch(/there is no host nowhere\.invalid/);
	});

	it('says that nothing answers, and what is different in queue mode', async () => {
		expect(await faultWith({ n8nUrl: `http://127.0.0.1:${await freePort()}` })).toMatch(
			/nothing answers at 127\.0\.0\.1:\d+.*queue mode.*main instance/,
		);
	});

	it('says that a web page answers', async () => {
		n8n.fault({ fault: { kind: 'html' } });
		expect(await faultWith()).toMatch(/answers, but not as n8n's public API/);
	});

	it('says that the public API is switched off', async () => {
		n8n.fault({ on: /data-tables/, fault: { kind: 'html', status: 404 } });
		expect(await faultWith()).toMatch(/public API of this n8n is switched off/);
	});

	it.each([
		['tables without names', [{}]],
		['no tables', [null, 'table', 7]],
		['a table without columns', [{ id: 't1', name: 'Runway tasks' }]],
		['columns that are no list', [{ id: 't1', name: 'Runway tasks', columns: 'taskId' }]],
		['columns without names', [{ id: 't1', name: 'Runway tasks', columns: [null, {}] }]],
		['a table without an ID', [{ name: 'Runway tasks', columns: [] }]],
	])('says that %s are no answer of n8n', async (_what, data) => {
		n8n.fault({ fault: { kind: 'json', body: { data } } });
		expect(await faultWith()).toMatch(/answers, but not as n8n's public API/);
	});

	it.each([null, [], 7, 'words', { data: 'rows' }])('says that %j is no page of rows', async (body) => {
		const register = await open();
		await register.add(batch(1));
		n8n.fault({ on: /^GET .*rows$/, fault: { kind: 'json', body } });
		expect(await register.find({ limit: 1 })).toBeNull();
		expect(register.fault).toMatch(/answers, but not as n8n's public API/);
	});

	it('says that another service answers', async () => {
		n8n.fault({ on: /api/, fault: { kind: 'html', status: 404 } });
		n8n.fault({ on: /settings/, fault: { kind: 'html', status: 404 } });
		expect(await faultWith()).toMatch(/answers, but not as n8n's public API/);
	});

	it('follows no redirect, so that the key goes nowhere else', async () => {
		const elsewhere = await startN8nApi();
		n8n.fault({ fault: { kind: 'redirect', location: `${elsewhere.url}/api/v1/data-tables` } });
		expect(await faultWith().finally(elsewhere.close)).toMatch(/answers, but not as n8n's public API/);
		expect(elsewhere.requests).toEqual([]);
	});

	it('says that the key is wrong', async () => {
		expect(await faultWith({ n8nApiKey: 'n8n_api_wrong_key_2' })).toMatch(
			/does not accept the n8n API key.*Settings → n8n API/,
		);
	});

	it('names the scopes', async () => {
		n8n.keys.set(N8N_API_KEY, ['dataTable:list']);
		expect(await faultWith()).toMatch(/not allowed.*dataTable:\*, dataTableRow:\*.*execution:read/);
	});

	it('says that this n8n is too old', async () => {
		n8n.fault({ on: /data-tables/, fault: { kind: 'status', status: 404, message: 'not found' } });
		expect(await faultWith()).toMatch(/needs n8n 2\.8 or newer/);
	});

	it('says that this n8n is read-only', async () => {
		n8n.fault({
			on: /^POST/,
			fault: { kind: 'status', status: 403, message: 'This is a read-only (protected) instance' },
		});
		expect(await faultWith()).toMatch(/read-only/);
	});

	it('says that n8n has no room left', async () => {
		n8n.fault({
			on: /^POST .*\/rows$/,
			fault: { kind: 'status', status: 400, message: 'Data table size limit exceeded: 50MB used, limit is 50MB' },
		});
		const register = await open();
		await register.add(batch(1));
		expect(register.fault).toMatch(/is full.*size limit/);
		expect(await register.find({ limit: 1 })).toEqual([]);
	});

	it('says that n8n has trouble of its own', async () => {
		n8n.fault({ fault: { kind: 'status', status: 503 } });
		expect(await faultWith()).toMatch(/HTTP 503.*written later/);
	});

	it.each([
		['no address', { n8nUrl: 'n8n' }, /n8n URL/],
		['no key', { n8nApiKey: ' ' }, /no usable n8n API key/],
	])('says that it has %s, and asks nobody', async (_what, changes, words) => {
		const register = await open(changes);
		await register.add(batch(1));
		expect(register.fault).toMatch(words);
		expect(n8n.requests).toEqual([]);
	});
});
