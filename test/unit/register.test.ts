import { readAddress } from '../../nodes/shared/register/address';
import type { TableFault } from '../../nodes/shared/register/faults';
import { readStoredRow, type TaskRow, withoutDuplicates } from '../../nodes/shared/register/row';
import type { TaskTable } from '../../nodes/shared/register/table';
import { Writer } from '../../nodes/shared/register/writer';
import { createFakeClock, type FakeClock, settle } from '../support/fakeClock';
import { taskRow } from '../support/taskRow';

const fault = (rest: Partial<TableFault> = {}): TableFault => ({
	words: 'The table does not answer',
	mayHaveArrived: false,
	isMissing: false,
	isForbidden: false,
	isRefused: false,
	...rest,
});

/** A table in memory that takes its time and fails when told to. */
class FakeTable {
	readonly rows: TaskRow[] = [];
	readonly calls: string[] = [];
	readonly faults: Array<{ fault: TableFault; isDone: boolean }> = [];
	latencyMs = 40;

	constructor(private readonly clock: FakeClock) {}

	insert = async (rows: readonly TaskRow[]) =>
		await this.answer(`insert ${rows.length}`, () => this.rows.push(...rows.map((row) => ({ ...row }))));

	upsert = async (row: TaskRow) =>
		await this.answer('upsert', () => {
			const found = this.rows.find(({ requestId }) => requestId === row.requestId);
			if (found === undefined) this.rows.push({ ...row });
			else Object.assign(found, row);
		});

	update = async (ids: readonly string[], changes: Partial<TaskRow>) =>
		await this.answer(`update ${ids.length}`, () => {
			for (const row of this.rows) if (ids.includes(row.requestId)) Object.assign(row, changes);
		});

	replace = async (rows: readonly TaskRow[]) =>
		await this.answer(`replace ${rows.length}`, () => {
			for (const row of rows) {
				const at = this.rows.findIndex(({ requestId }) => requestId === row.requestId);
				this.rows.splice(at, at === -1 ? 0 : 1, { ...row });
			}
		});

	row(requestId: string): TaskRow | undefined {
		return this.rows.find((row) => row.requestId === requestId);
	}

	private async answer(call: string, change: () => void) {
		this.calls.push(call);
		const next = this.faults.shift();
		if (next === undefined || next.isDone) change();
		await this.clock.sleep(this.latencyMs);
		return next === undefined ? { value: true, fault: null } : { value: null, fault: next.fault };
	}
}

const rows = (count: number, changes: Partial<TaskRow> = {}) =>
	Array.from({ length: count }, (_, itemIndex) => taskRow({ requestId: `r${itemIndex}`, itemIndex, ...changes }));
const idsOf = (all: readonly TaskRow[]) => all.map(({ requestId }) => requestId);

let clock: FakeClock;
let table: FakeTable;
let writer: Writer;

beforeEach(() => {
	clock = createFakeClock();
	table = new FakeTable(clock);
	writer = new Writer(clock);
});

const start = () => writer.start(table as unknown as TaskTable);

async function add(all: readonly TaskRow[]): Promise<number> {
	const began = clock.now();
	writer.add(all);
	start();
	await clock.until(writer.written(idsOf(all), 'rows', 2_000));
	return clock.now() - began;
}

async function finish(all: readonly TaskRow[]): Promise<void> {
	writer.hurry(idsOf(all));
	start();
	await clock.until(writer.written(idsOf(all), 'everything', 2_000));
}

describe('Rows go into the register', () => {
	it('in one request for a whole batch', async () => {
		await add(rows(100));
		expect(table.calls).toEqual(['insert 100']);
		expect(table.rows).toEqual(rows(100));
	});

	it('together, if several runs add theirs at the same time', async () => {
		for (let run = 0; run < 20; run++) {
			writer.add([taskRow({ requestId: `run ${run}` })]);
			start();
		}
		await clock.advance(1_000);
		expect(table.calls).toEqual(['insert 1', 'insert 19']);
	});

	it('without keeping anybody longer than two seconds', async () => {
		table.latencyMs = 9_000;
		expect(await add(rows(2))).toBe(2_000);
		await clock.advance(10_000);
		expect(table.rows).toHaveLength(2);
	});

	it('without keeping anybody else while a request is known to be slow', async () => {
		table.latencyMs = 9_000;
		await add(rows(1));
		expect(await add([taskRow({ requestId: 'next' })])).toBe(0);
		await clock.advance(20_000);
		expect(table.row('next')).toBeDefined();
	});
});

describe('Changes of rows', () => {
	it('go with the row if it has not gone out yet', async () => {
		table.faults.push({ fault: fault(), isDone: false });
		const [row] = rows(1);
		await add([row!]);
		writer.change('r0', { taskId: 't0', status: 'created' });
		await clock.advance(5_000);
		expect(table.calls).toEqual(['insert 1', 'insert 1']);
		expect(table.rows).toEqual([{ ...row, taskId: 't0', status: 'created' }]);
	});

	it('wait for a row that is on its way, and keep their order', async () => {
		writer.add(rows(1));
		start();
		writer.change('r0', { taskId: 't0', status: 'created' });
		writer.change('r0', { status: 'succeeded' });
		start();
		expect(table.calls).toEqual(['insert 1']);
		await finish(rows(1));
		expect(table.row('r0')).toMatchObject({ taskId: 't0', status: 'succeeded' });
	});

	it('go out in one request if they are the same', async () => {
		await add(rows(50, { status: 'created' }));
		rows(50).forEach(({ requestId }) => writer.change(requestId, { delivered: true }));
		await finish(rows(50));
		expect(table.calls).toEqual(['insert 50', 'update 50']);
		expect(table.rows.every(({ delivered }) => delivered)).toBe(true);
	});

	it('go out in one request if the tasks have ended at nearly the same time', async () => {
		await add(rows(3, { status: 'created' }));
		rows(3).forEach(({ requestId }, second) =>
			writer.change(requestId, { status: 'succeeded', endedTime: `2026-05-04T08:20:0${second}.000Z` }),
		);
		await finish(rows(3));
		expect(table.calls).toEqual(['insert 3', 'update 3']);
		expect(table.row('r0')?.endedTime).toBe('2026-05-04T08:20:02.000Z');
	});

	it('replace the rows if they are many and different, as the IDs of a batch are', async () => {
		await add(rows(100));
		rows(100).forEach(({ requestId }) =>
			writer.change(requestId, { taskId: `task of ${requestId}`, status: 'created' }),
		);
		await finish(rows(100));
		expect(table.calls).toEqual(['insert 100', 'replace 100']);
		expect(table.rows).toHaveLength(100);
		expect(table.row('r7')).toMatchObject({ taskId: 'task of r7', status: 'created' });
	});

	it('never replace a row that others may have changed meanwhile', async () => {
		await add(rows(20, { status: 'created', taskId: 't' }));
		table.rows.forEach((row) => (row.delivered = true));
		rows(20).forEach(({ requestId }) => writer.change(requestId, { status: 'failed', failure: `why ${requestId}` }));
		await finish(rows(20));
		expect(table.rows.map(({ delivered, failure }) => [delivered, failure])).toEqual(
			rows(20).map(({ requestId }) => [true, `why ${requestId}`]),
		);
	});

	it('reach rows of other processes, too', async () => {
		table.rows.push(taskRow({ requestId: 'theirs', status: 'created' }));
		writer.change('theirs', { delivered: true });
		await finish([taskRow({ requestId: 'theirs' })]);
		expect(table.row('theirs')).toMatchObject({ status: 'created', delivered: true });
	});

	it('go out at once if a task could be lost, and gather if not', async () => {
		await add(rows(2));
		writer.change('r0', { taskId: 't0', status: 'created' });
		writer.change('r1', { status: 'notCreated' });
		start();
		await clock.advance(60);
		expect(table.rows.map(({ status }) => status)).toEqual(['created', 'sending']);
		await clock.advance(2_000);
		expect(table.rows.map(({ status }) => status)).toEqual(['created', 'notCreated']);
	});

	it('are known before they are written', async () => {
		await add(rows(1));
		writer.change('r0', { delivered: true });
		expect(writer.pending('r0')).toEqual({ delivered: true });
		writer.hurry(['r0']);
		start();
		await settle();
		expect(writer.pending('r0')).toEqual({ delivered: true });
		await clock.advance(100);
		expect(writer.pending('r0')).toEqual({});
	});
});

describe('What could not be written', () => {
	it('is made up for later', async () => {
		table.faults.push({ fault: fault(), isDone: false }, { fault: fault(), isDone: false });
		await add(rows(3));
		expect(writer.health.fault?.words).toBe('The table does not answer');
		await clock.advance(10_000);
		expect(table.rows).toEqual(rows(3));
		expect(writer.health.fault).toBeNull();
	});

	it('is not there twice in the end, if it may have arrived the first time', async () => {
		table.faults.push({ fault: fault({ mayHaveArrived: true }), isDone: true });
		await add(rows(3));
		await clock.advance(3_000);
		expect(table.calls).toEqual(['insert 3', 'upsert', 'upsert', 'upsert']);
		expect(table.rows).toEqual(rows(3));
	});

	it('is written later, too, if what writes it has thrown', async () => {
		for (const method of ['insert', 'update'] as const) {
			const breaks = async () => await Promise.reject(new TypeError('not a function'));
			const works = { [method]: table[method] };
			Object.assign(table, { [method]: breaks });
			await add([taskRow({ requestId: method, status: 'created' })]);
			writer.change(method, { delivered: true });
			await finish([taskRow({ requestId: method })]);
			expect(writer.health.fault?.words).toMatch(/can't be read/);
			Object.assign(table, works);
			await clock.advance(40_000);
			expect(table.row(method)).toMatchObject({ delivered: true });
		}
		expect(table.rows).toHaveLength(2);
	});

	it('goes out with a new key at once, and nothing goes out with the old one any more', async () => {
		const old = table;
		old.latencyMs = 500;
		for (let attempt = 0; attempt < 9; attempt++) old.faults.push({ fault: fault(), isDone: false });
		await add(rows(1));
		await clock.advance(1_200);
		const calls = old.calls.length;
		table = new FakeTable(clock);
		writer.renew();
		// What is under way with the old key takes its time.
		expect(await add([taskRow({ requestId: 'next' })])).toBeLessThan(550);
		await clock.advance(120_000);
		expect(old.calls).toHaveLength(calls);
		expect(idsOf(table.rows).sort()).toEqual(['next', 'r0']);
		expect(writer.health.fault).toBeNull();
	});

	it('is written by the next run if the table was away for long', async () => {
		for (let attempt = 0; attempt < 5; attempt++) table.faults.push({ fault: fault(), isDone: false });
		await add(rows(2));
		await clock.advance(60 * 60_000);
		expect(table.calls).toHaveLength(5);
		expect(table.rows).toEqual([]);
		await add([taskRow({ requestId: 'next' })]);
		expect(table.rows.map(({ requestId }) => requestId)).toEqual(['r0', 'r1', 'next']);
	});

	it('keeps nobody waiting while the table is known not to answer', async () => {
		for (let attempt = 0; attempt < 3; attempt++) table.faults.push({ fault: fault(), isDone: false });
		await add(rows(1));
		await clock.advance(7_000);
		const calls = table.calls.length;
		for (let run = 0; run < 300; run++) expect(await add([taskRow({ requestId: `run ${run}` })])).toBe(0);
		expect(table.calls).toHaveLength(calls);
	});

	it('is put in the right order: an older change never undoes a newer one', async () => {
		await add(rows(1, { status: 'created' }));
		table.faults.push({ fault: fault({ mayHaveArrived: true }), isDone: false });
		writer.change('r0', { resumeUrl: 'http://n8n.example.com/wake', cost: '1 USD' });
		start();
		await settle();
		writer.change('r0', { resumeUrl: null });
		await clock.advance(10_000);
		expect(table.row('r0')).toMatchObject({ resumeUrl: null, cost: '1 USD' });
	});

	it('does not fill the memory', async () => {
		table.faults.push(...Array.from({ length: 5 }, () => ({ fault: fault(), isDone: false })));
		await add(rows(1));
		for (let batch = 0; batch < 70; batch++) {
			writer.add(rows(100).map((row) => ({ ...row, requestId: `${batch} ${row.requestId}` })));
		}
		await clock.advance(60 * 60_000);
		await add([taskRow({ requestId: 'last' })]);
		await clock.advance(10_000);
		expect(table.rows).toHaveLength(5_000);
		expect(table.row('last')).toBeDefined();
	});
});

describe('Rows that people have edited', () => {
	it('are read with the defaults of what can not be right', () => {
		expect(
			readStoredRow({
				id: 7,
				requestId: ' r1 ',
				status: 'done',
				delivered: 'yes',
				runIndex: 'x',
				endedTime: 'soon',
				taskId: '',
			}),
		).toEqual({
			...taskRow({ requestId: 'r1' }),
			id: 7,
			status: 'unknown',
			operation: '',
			api: 'compatibility',
			model: null,
			prompt: null,
			workflowId: '',
			workflowName: '',
			executionId: '',
			nodeName: '',
			fingerprint: '',
			credentialId: '',
			createdTime: '1970-01-01T00:00:00.000Z',
			updatedAt: '1970-01-01T00:00:00.000Z',
		});
	});

	it.each([null, 'text', {}, { id: 3 }, { id: 3, requestId: '' }, { id: 'x', requestId: 'r' }])(
		'are ignored: %j',
		(raw) => {
			expect(readStoredRow(raw)).toBeNull();
		},
	);

	it('count once, and the one that tells more counts', () => {
		const stored = (id: number, changes: Partial<TaskRow>) => ({
			...taskRow({ requestId: 'r1', ...changes }),
			id,
			updatedAt: '2026-05-04T08:15:00.000Z',
		});
		const known = stored(1, { status: 'created', taskId: 't1' });
		expect(withoutDuplicates([stored(2, { status: 'sending' }), known])).toEqual([known]);
		expect(withoutDuplicates([known, stored(2, { status: 'sending' })])).toEqual([known]);
		expect(withoutDuplicates([known, { ...known, id: 2, taskId: null }])).toEqual([known]);
		expect(withoutDuplicates([known, { ...known, id: 2 }])).toEqual([{ ...known, id: 2 }]);
	});
});

describe('The address of n8n', () => {
	it.each([
		['http://127.0.0.1:5678', 'http://127.0.0.1:5678/api/v1'],
		[' http://127.0.0.1:5678// ', 'http://127.0.0.1:5678/api/v1'],
		['https://n8n.example.com/api/v1', 'https://n8n.example.com/api/v1'],
		['https://n8n.example.com/api/v1/', 'https://n8n.example.com/api/v1'],
		['https://n8n.example.com/api/v1/docs/', 'https://n8n.example.com/api/v1'],
		['https://example.com/automation/', 'https://example.com/automation/api/v1'],
		['https://example.com/automation/api/v1', 'https://example.com/automation/api/v1'],
		['https://example.com/public/v1', 'https://example.com/public/v1'],
		['http://127.0.0.1:5678/home/workflows', 'http://127.0.0.1:5678/api/v1'],
		['http://127.0.0.1:5678/workflow/abc?x=1#y', 'http://127.0.0.1:5678/api/v1'],
	])('is found in %s', (typed, api) => {
		expect(readAddress(typed, 'key').value?.api).toBe(api);
	});

	it.each(['', '   ', 'n8n', '127.0.0.1:5678', 'ftp://n8n', 'https://'])(
		'is missed in "%s", and the words say so',
		(typed) => {
			expect(readAddress(typed, 'key').fault?.words).toMatch(/n8n URL/);
		},
	);

	it.each(['', ' ', 'two words', 'key…'])('is of no use with the key "%s"', (key) => {
		expect(readAddress('http://127.0.0.1:5678', key).fault?.words).toMatch(/Settings → n8n API/);
	});
});
