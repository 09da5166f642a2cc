import type { IHttpRequestMethods } from 'n8n-workflow';

import { query, type N8nApi } from './api';
import { columnFault, type Result } from './faults';
import { columns, REPLACED, TABLE_NAME, type TaskRow } from './row';

/** One condition of n8n's on a column. */
export interface Condition {
	columnName: string;
	/** Earlier versions of n8n know no others. `eq` and `neq` work with null, too. */
	condition: 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte';
	value: string | number | boolean | null;
}

/** What a process remembers of the table, so that it searches for it once. */
export interface TablePlace {
	id: string | null;
	/** Under way. */
	search: Promise<Result<string>> | null;
}

const allColumns = [...Object.entries(columns), [REPLACED, 'string'] as const];

/** The most that n8n gives at a time. */
const PAGE = 250;

/** The data table over n8n's public API. Outcomes are values: nothing here throws. */
export class TaskTable {
	constructor(
		private readonly api: N8nApi,
		private readonly place: TablePlace,
	) {}

	/** One request, whatever their number. Rows that are there already are written a second time. */
	async insert(rows: readonly TaskRow[]): Promise<Result<unknown>> {
		return await this.at('POST', '/rows', { data: rows, returnType: 'count' });
	}

	/** Writes a row that may be there already. */
	async upsert(row: TaskRow): Promise<Result<unknown>> {
		return await this.at('POST', '/rows/upsert', { filter: anyOf([row.requestId]), data: row });
	}

	/** Makes the same changes in several rows, in one request. */
	async update(requestIds: readonly string[], changes: Partial<TaskRow>): Promise<Result<unknown>> {
		return await this.at('PATCH', '/rows/update', { filter: anyOf(requestIds), data: changes });
	}

	/**
	 * Replaces whole rows, for many different changes at once: three requests whatever
	 * their number, instead of one for each change. No row is ever missing, though for a moment it is there twice.
	 * @param mark a new word, by which the old rows are found again
	 */
	async replace(rows: readonly TaskRow[], mark: string): Promise<Result<unknown>> {
		const requestIds = rows.map(({ requestId }) => requestId);
		const marked = await this.at('PATCH', '/rows/update', { filter: anyOf(requestIds), data: { [REPLACED]: mark } });
		if (marked.fault !== null) return marked;
		const inserted = await this.insert(rows);
		if (inserted.fault !== null) return inserted;
		// If they stay, they do no harm: readers take the row that says more.
		await this.remove([{ columnName: REPLACED, condition: 'eq', value: mark }]);
		return inserted;
	}

	/** Removes the rows for which all conditions hold. */
	async remove(conditions: readonly Condition[]): Promise<Result<unknown>> {
		return await this.at('DELETE', `/rows/delete${query({ filter: { type: 'and', filters: conditions } })}`);
	}

	/**
	 * One page of the rows for which all conditions hold, as n8n gives them.
	 * @param sort a column and `asc` or `desc`, such as `id:desc`
	 * @param cursor of the page before; then n8n takes the page's length from it
	 * @param limit the page's length, no more than n8n's 250
	 */
	async page(
		conditions: readonly Condition[],
		sort: string,
		cursor: string | null,
		limit = PAGE,
	): Promise<Result<{ rows: unknown[]; cursor: string | null }>> {
		const filter = conditions.length === 0 ? undefined : { type: 'and', filters: conditions };
		const path = `/rows${query({ limit, filter, sortBy: sort, cursor: cursor ?? undefined })}`;
		const { value, fault } = await this.at('GET', path);
		if (fault !== null) return { value: null, fault };
		const { data, nextCursor } = value as { data: unknown[]; nextCursor?: unknown };
		return { value: { rows: data, cursor: typeof nextCursor === 'string' ? nextCursor : null }, fault: null };
	}

	/** Finds the table, or creates it or its missing columns. Calls that come meanwhile get the same answer. */
	async find(): Promise<Result<string>> {
		if (this.place.id !== null) return { value: this.place.id, fault: null };
		this.place.search ??= this.search();
		try {
			return await this.place.search;
		} finally {
			this.place.search = null;
		}
	}

	private async search(): Promise<Result<string>> {
		let found = await this.lookFor();
		if (found.fault !== null) return found;
		if (found.value === null) {
			const made = await this.api.send(
				'POST',
				'/data-tables',
				{
					name: TABLE_NAME,
					columns: allColumns.map(([name, type]) => ({ name, type })),
				},
				'id',
			);
			// Another process may have been quicker.
			found = await this.lookFor();
			if (found.fault !== null) return found;
			if (found.value === null) return made.fault === null ? this.api.strangeAnswer : made;
		}
		const { id, columns: present } = found.value;
		for (const [name, type] of allColumns) {
			const column = present.find((candidate) => candidate.name === name);
			if (column === undefined) {
				const added = await this.api.send('POST', `/data-tables/${id}/columns`, { name, type }, 'id');
				if (added.fault !== null && !added.fault.isRefused) return { value: null, fault: added.fault };
			} else if (column.type !== type) {
				return { value: null, fault: columnFault(name) };
			}
		}
		this.place.id = id;
		return { value: id, fault: null };
	}

	/** The oldest table of this name that the key may see: so all processes find the same one. */
	private async lookFor(): Promise<Result<FoundTable | null>> {
		const path = `/data-tables${query({ limit: PAGE, filter: { name: TABLE_NAME }, sortBy: 'createdAt:asc' })}`;
		const { value, fault } = await this.api.send('GET', path, undefined, 'data');
		if (fault !== null) return { value: null, fault };
		const tables = value.data as unknown[];
		if (!tables.every(hasName)) return this.api.strangeAnswer;
		// n8n gives every table whose name has these words in it.
		const found = tables.find(({ name }) => name === TABLE_NAME);
		if (found === undefined) return { value: null, fault: null };
		return isTable(found) ? { value: found, fault: null } : this.api.strangeAnswer;
	}

	/** Asks a route of the table. If the table is gone or has lost columns, finds or creates it again, once. */
	private async at(method: IHttpRequestMethods, path: string, body?: object): Promise<Result<unknown>> {
		const wasKnown = this.place.id !== null;
		const { value: id, fault } = await this.find();
		if (fault !== null) return { value: null, fault };
		const sign = method === 'GET' ? 'data' : null;
		const answer = await this.api.send(method, `/data-tables/${id}${path}`, body, sign);
		if (answer.fault === null || !(answer.fault.isMissing || answer.fault.isRefused)) return answer;
		this.place.id = null;
		return wasKnown ? await this.at(method, path, body) : answer;
	}
}

interface FoundTable {
	id: string;
	columns: Array<{ name: string; type?: unknown }>;
}

function isTable(found: object): found is FoundTable {
	const { id, columns: all } = found as Partial<Record<keyof FoundTable, unknown>>;
	return typeof id === 'string' && Array.isArray(all) && all.every(hasName);
}

function hasName(entry: unknown): entry is { name: string } {
	return typeof entry === 'object' && entry !== null && 'name' in entry && typeof entry.name === 'string';
}

function anyOf(requestIds: readonly string[]) {
	return {
		type: 'or',
		filters: requestIds.map((value) => ({ columnName: 'requestId', condition: 'eq', value })),
	};
}
