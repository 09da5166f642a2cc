/** A data table as n8n keeps it: what the public API of n8n 2.41.1 on SQLite was seen to do. */

export type Cell = string | number | boolean | null;
export type Cells = Record<string, Cell>;
export interface Column {
	id: string;
	name: string;
	type: string;
	index: number;
}

export interface Filter {
	type?: 'and' | 'or';
	filters?: Array<{ columnName: string; condition?: string; value: Cell }>;
}

/** What n8n answers with 400. */
export class TableError extends Error {}

const systemColumns: Readonly<Record<string, string>> = { id: 'number', createdAt: 'date', updatedAt: 'date' };

export class DataTable {
	readonly columns: Column[] = [];
	rows: Cells[] = [];
	private lastRow = 0;

	constructor(
		readonly id: string,
		readonly name: string,
		readonly createdAt: string,
	) {}

	/** @returns false if there is such a column */
	addColumn(name: string, type: string): boolean {
		if (this.columns.some((column) => column.name === name)) return false;
		this.columns.push({ id: `${this.id}${this.columns.length}`, name, type, index: this.columns.length });
		for (const row of this.rows) row[name] = null;
		return true;
	}

	insert(rows: readonly Cells[]): number {
		this.append(rows.map((row) => this.checked(row)));
		return rows.length;
	}

	update(filter: Filter, data: Cells): Cells[] {
		const changes = this.checked(data);
		const found = this.matching(filter);
		const now = new Date().toISOString();
		for (const row of found) Object.assign(row, changes, { updatedAt: now });
		return found;
	}

	upsert(filter: Filter, data: Cells): void {
		if (this.update(filter, data).length === 0) this.append([this.checked(data)]);
	}

	delete(filter: Filter): void {
		const gone = new Set(this.matching(filter));
		this.rows = this.rows.filter((row) => !gone.has(row));
	}

	matching({ type = 'and', filters = [] }: Filter): Cells[] {
		const tests = filters.map(({ columnName, condition = 'eq', value }) => {
			const columnType = this.typeOf(columnName);
			return (row: Cells) => holds(columnType, row[columnName] ?? null, condition, value);
		});
		if (tests.length === 0) return [...this.rows];
		return this.rows.filter((row) =>
			type === 'or' ? tests.some((test) => test(row)) : tests.every((test) => test(row)),
		);
	}

	sorted(rows: readonly Cells[], sortBy: string | null): Cells[] {
		const [column = 'id', direction = 'asc'] = (sortBy ?? 'id:asc').split(':');
		this.typeOf(column);
		const sign = direction.toLowerCase() === 'desc' ? -1 : 1;
		return [...rows].sort((one, other) => {
			const [left, right] = [one[column] ?? '', other[column] ?? ''];
			if (left === right) return Number(one.id) - Number(other.id);
			return left < right ? -sign : sign;
		});
	}

	/** Rows of one request have the same time, as with a database. */
	private append(rows: readonly Cells[]): void {
		const now = new Date().toISOString();
		const empty = Object.fromEntries(this.columns.map(({ name }) => [name, null]));
		for (const cells of rows) {
			this.rows.push({ ...empty, ...cells, id: ++this.lastRow, createdAt: now, updatedAt: now });
		}
	}

	private typeOf(name: string): string {
		const type = systemColumns[name] ?? this.columns.find((column) => column.name === name)?.type;
		if (type === undefined) throw new TableError(`unknown column name '${name}'`);
		return type;
	}

	private checked(cells: Cells): Cells {
		for (const [name, value] of Object.entries(cells)) {
			if (!this.columns.some((column) => column.name === name)) throw new TableError(`unknown column name '${name}'`);
			if (!fits(this.typeOf(name), value)) {
				throw new TableError(`value '${value}' does not match column type '${this.typeOf(name)}'`);
			}
		}
		return { ...cells };
	}
}

function fits(type: string, value: Cell): boolean {
	if (value === null) return true;
	if (type === 'date') return typeof value === 'string' && !Number.isNaN(new Date(value).getTime());
	return typeof value === type;
}

/** What n8n knows since its API has data tables. Later versions know more. */
const CONDITIONS = ['eq', 'neq', 'gt', 'gte', 'lt', 'lte'];

function holds(type: string, cell: Cell, condition: string, value: Cell): boolean {
	if (!CONDITIONS.includes(condition)) throw new TableError(`Unsupported filter condition: ${condition}`);
	if (value === null) return condition === 'eq' ? cell === null : cell !== null;
	if (condition === 'neq') return cell !== value;
	if (cell === null) return false;
	// SQLite has dates as texts with a blank, and the condition has one with a T.
	const stored = type === 'date' ? String(cell).replace('T', ' ').replace('Z', '') : cell;
	const asked = value;
	switch (condition) {
		case 'eq':
			return stored === asked;
		case 'gt':
			return stored > asked;
		case 'gte':
			return stored >= asked;
		case 'lt':
			return stored < asked;
		default:
			return stored <= asked;
	}
}
