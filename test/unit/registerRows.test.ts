import fc from 'fast-check';

import { findRows, positionOf, type Position } from '../../nodes/RunwayTrigger/rows';
import type { N8nApi } from '../../nodes/shared/register/api';
import { Health } from '../../nodes/shared/register/health';
import { Questions } from '../../nodes/shared/register/questions';
import type { Register } from '../../nodes/shared/register/register';
import { columns, type TaskRow } from '../../nodes/shared/register/row';
import type { Shared } from '../../nodes/shared/register/shared';
import type { Condition, TaskTable } from '../../nodes/shared/register/table';
import { createFakeClock } from '../support/fakeClock';
import { type Cells, DataTable } from '../support/n8nApi/table';
import { taskRow } from '../support/taskRow';

/** Which rows of the register the polls of a trigger read. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const PAGE = 250;
const START = Date.parse('2026-03-04T05:06:07.000Z');

/** A register in memory, and a trigger that polls it. */
class Watched {
	now = START;
	/** Pages that n8n was asked for since the last poll began. */
	pages = 0;
	private readonly table = new DataTable('t1', 'Runway tasks', '2026-01-01T00:00:00.000Z');
	private position: Position = positionOf({}, new Date(START).toISOString());
	/** What n8n has sorted since the last change. */
	private readonly lists = new Map<string, Cells[]>();
	private readonly register: Register;
	private made = 0;

	constructor() {
		for (const [name, type] of Object.entries(columns)) this.table.addColumn(name, type);
		const page = async (conditions: readonly Condition[], sort: string, cursor: string | null) => {
			this.pages += 1;
			const all = this.sorted(conditions, sort);
			const from = Number(cursor ?? 0);
			const end = from + PAGE;
			return { value: { rows: all.slice(from, end), cursor: end < all.length ? String(end) : null }, fault: null };
		};
		const common = { reading: new Health(createFakeClock()), writer: { pending: () => ({}) } };
		const table = { page } as unknown as TaskTable;
		this.register = new Questions(table, {} as N8nApi, common as unknown as Shared) as unknown as Register;
	}

	/** Writes rows of tasks that have ended, which say that they were last changed at a moment. */
	add(count: number, changes: Partial<TaskRow> = {}, changedAt = this.now): string[] {
		const rows = Array.from({ length: count }, () =>
			taskRow({ requestId: `r${(this.made += 1)}`, taskId: `t${this.made}`, status: 'succeeded', ...changes }),
		);
		this.lists.clear();
		this.table.insert(rows as unknown as Cells[]);
		for (const row of this.table.rows.slice(-count)) row.updatedAt = new Date(changedAt).toISOString();
		return rows.map(({ requestId }) => requestId);
	}

	/** Polls, and gives the requests whose rows were read, and those whose rows count as changed. */
	async poll(withChanges = true): Promise<Record<'read' | 'changed', Set<string>>> {
		this.pages = 0;
		const found = await findRows(this.register, 'c1', this.position, withChanges, this.now);
		if (found === null) throw new Error('The register does not answer');
		this.position = JSON.parse(JSON.stringify(found.next(() => false))) as Position;
		const idsOf = (rows: typeof found.rows) => new Set(rows.map(({ requestId }) => requestId));
		return { read: idsOf(found.rows), changed: idsOf(found.rows.filter(found.hasChanged)) };
	}

	private sorted(conditions: readonly Condition[], sort: string): Cells[] {
		const key = JSON.stringify([conditions, sort]);
		const known = this.lists.get(key);
		if (known !== undefined) return known;
		const rows = this.table.sorted(this.table.matching({ type: 'and', filters: [...conditions] }), sort);
		this.lists.set(key, rows);
		return rows;
	}
}

/** Those that are not among the others. */
const missing = (ids: readonly string[], among: ReadonlySet<string>) => ids.filter((id) => !among.has(id));

describe('The polls of a trigger over a large register', () => {
	let watched: Watched;

	beforeEach(() => {
		watched = new Watched();
	});

	/** As many as 40 large batches write in as many seconds. */
	const addMany = () =>
		Array.from({ length: 40 }, (_, second) =>
			watched.add(PAGE, { delivered: true }, watched.now + second * SECOND),
		).flat();

	it('ask for six pages at most once nothing has changed for some minutes, however many rows there are', async () => {
		addMany();
		for (let polls = 0; polls < 6; polls += 1) {
			watched.now += MINUTE;
			await watched.poll();
		}
		expect(watched.pages).toBeLessThanOrEqual(6);
		const [later = ''] = watched.add(1, { delivered: true });
		expect((await watched.poll()).changed).toContain(later);
	});

	it('read 10,000 changes in four polls, the latest first', async () => {
		const all = new Set(addMany());
		watched.now += MINUTE;
		const latest = watched.add(1, { delivered: true });
		expect(missing(latest, (await watched.poll()).changed)).toEqual([]);
		let pages = 0;
		for (let polls = 0; polls < 4; polls += 1) {
			watched.now += MINUTE;
			for (const id of (await watched.poll()).changed) all.delete(id);
			pages = Math.max(pages, watched.pages);
		}
		expect([...all]).toEqual([]);
		expect(pages).toBeLessThanOrEqual(24);
	});

	it('read each undelivered row within one poll for every 500 of its status', async () => {
		const all = new Set([...watched.add(2_600, {}, START - 60 * MINUTE)]);
		const newest = [...all].slice(-500);
		for (let polls = 0; polls < 6; polls += 1) {
			watched.now += MINUTE;
			const { read } = await watched.poll(false);
			expect(missing(newest, read)).toEqual([]);
			for (const id of read) all.delete(id);
		}
		expect([...all]).toEqual([]);
	});

	it('find every change once it is seen, also if that is up to two minutes after a later one', async () => {
		const change = fc.record({ madeAfter: fc.nat(20 * MINUTE), seenAfter: fc.nat(2 * MINUTE - 1) });
		const pauses = fc.array(fc.integer({ min: 10 * SECOND, max: 5 * MINUTE }), { minLength: 5, maxLength: 30 });
		await fc.assert(
			fc.asyncProperty(fc.array(change, { maxLength: 20 }), pauses, async (changes, gaps) => {
				const register = new Watched();
				const waiting = changes.map(({ madeAfter, seenAfter }) => ({
					madeAt: START + madeAfter,
					seenAt: START + madeAfter + seenAfter,
				}));
				for (const gap of gaps) {
					register.now += gap;
					const visible = waiting.filter(({ seenAt }) => seenAt <= register.now);
					const added = visible.flatMap(({ madeAt }) => register.add(1, { delivered: true }, madeAt));
					for (const one of visible) waiting.splice(waiting.indexOf(one), 1);
					expect(missing(added, (await register.poll()).changed)).toEqual([]);
				}
			}),
			{ seed: 1 },
		);
	});
});
