import type { IDataObject, IHttpRequestMethods, IHttpRequestOptions, IN8nHttpFullResponse } from 'n8n-workflow';

import { addressFault, columnFault, faultOfAnswer, faultOfSilence, keyFault, scopeFault } from './faults';
import type { InstanceFacts, TableFault } from './faults';
import { columns, REPLACED, TABLE_NAME, type TaskRow } from './row';

/** A value, or why there is none. */
export type Result<T> = { value: T; fault: null } | { value: null; fault: TableFault };

/** n8n's helper for plain requests; adds no credential. */
export type AskHost = (options: IHttpRequestOptions) => Promise<unknown>;

/** One condition of n8n's on a column. */
export interface Condition {
	columnName: string;
	condition: 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte' | 'isEmpty' | 'isNotEmpty';
	value: string | number | boolean | null;
}

/** Where the public API is, and the key for it. */
export interface N8nAddress {
	/** With the version, without a slash at its end. */
	api: string;
	/** Of n8n itself, without a slash at its end. */
	root: string;
	host: string;
	apiKey: string;
}

/** What a process remembers of the table, so that it looks for it once. */
export interface TablePlace {
	id: string | null;
	/** Under way. */
	search: Promise<Result<string>> | null;
}

const allColumns = [...Object.entries(columns), [REPLACED, 'string'] as const];

const WRITE_TIMEOUT_MS = 10_000;
/** The first request to its public API costs n8n seconds: it reads the description of all routes. */
const READ_TIMEOUT_MS = 10_000;
const PROBE_TIMEOUT_MS = 2_000;
/** The most that n8n gives at a time. */
const PAGE = 250;

/**
 * Reads what people type: an address with or without N8N_PATH, a slash at its end or the path of the API.
 * @returns the fault if it can't be one
 */
export function readAddress(n8nUrl: unknown, n8nApiKey: unknown): Result<N8nAddress> {
	const typed = typeof n8nUrl === 'string' ? n8nUrl.trim() : '';
	const apiKey = typeof n8nApiKey === 'string' ? n8nApiKey.trim() : '';
	if (!/^https?:\/\//i.test(typed) || !URL.canParse(typed)) return { value: null, fault: addressFault };
	if (!/^[\x21-\x7e]+$/.test(apiKey)) return { value: null, fault: keyFault };
	const { origin, host, pathname } = new URL(typed);
	// Some paste what the browser shows in the editor.
	const path = pathname.replace(/\/(home|workflow|projects|settings|signin)(\/.*)?$/, '').replace(/\/+$/, '');
	const [, root = path, api = '/api/v1'] = /^(.*?)(\/[^/]+\/v1)(?:\/.*)?$/.exec(path) ?? [];
	return { value: { api: `${origin}${root}${api}`, root: `${origin}${root}`, host, apiKey }, fault: null };
}

/**
 * Looks whether a register with these settings would work.
 * @returns what is wrong and what to do, or null
 */
export async function checkTable(n8nUrl: unknown, n8nApiKey: unknown, ask: AskHost): Promise<string | null> {
	const { value: address, fault } = readAddress(n8nUrl, n8nApiKey);
	if (fault !== null) return fault.words;
	return (await new TaskTable(address, ask, { id: null, search: null }).check())?.words ?? null;
}

/** The data table over n8n's public API. Outcomes are values: nothing here throws. */
export class TaskTable {
	constructor(
		private readonly address: N8nAddress,
		private readonly ask: AskHost,
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
	 * Writes whole rows in place of those that are there, for many different changes at once: three requests whatever
	 * their number, where each change would be one. At no moment is a row missing, though for a moment it is there twice.
	 * @param mark a new word, by which the old rows are found again
	 */
	async replace(rows: readonly TaskRow[], mark: string): Promise<Result<unknown>> {
		const requestIds = rows.map(({ requestId }) => requestId);
		const marked = await this.at('PATCH', '/rows/update', { filter: anyOf(requestIds), data: { [REPLACED]: mark } });
		if (marked.fault !== null) return marked;
		const inserted = await this.insert(rows);
		if (inserted.fault !== null) return inserted;
		// Left over, they do no harm: whoever reads takes the row that tells more.
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
	 */
	async page(
		conditions: readonly Condition[],
		sort: string,
		cursor: string | null,
	): Promise<Result<{ rows: unknown[]; cursor: string | null }>> {
		const filter = conditions.length === 0 ? undefined : { type: 'and', filters: conditions };
		const path = `/rows${query({ limit: PAGE, filter, sortBy: sort, cursor: cursor ?? undefined })}`;
		const { value, fault } = await this.at('GET', path);
		if (fault !== null) return { value: null, fault };
		const { data, nextCursor } = value as { data: unknown[]; nextCursor?: unknown };
		return { value: { rows: data, cursor: typeof nextCursor === 'string' ? nextCursor : null }, fault: null };
	}

	/** What n8n has on an execution, without its data. */
	async execution(id: string): Promise<Result<IDataObject>> {
		return await this.send('GET', `/executions/${encodeURIComponent(id)}`, undefined, 'id');
	}

	/**
	 * Tries everything that the register does, without leaving anything behind: the table alone is made if there is none.
	 * @returns what is wrong, or null
	 */
	async check(): Promise<TableFault | null> {
		const { value: id, fault } = await this.find();
		if (fault !== null) return fault;
		const rows = `/data-tables/${id}/rows`;
		const filter = { type: 'and', filters: [{ columnName: 'requestId', condition: 'eq', value: 'none' }] };
		const change = { filter, data: { requestId: 'none' }, dryRun: true };
		const tried = [
			{ scope: 'dataTableRow:read', ...(await this.send('GET', `${rows}${query({ limit: 1 })}`, undefined, 'data')) },
			// n8n looks at the key before it looks at the row.
			{ scope: 'dataTableRow:create', ...(await this.send('POST', rows, { data: [{ noSuchColumn: '' }] }, null)) },
			{ scope: 'dataTableRow:update', ...(await this.send('PATCH', `${rows}/update`, change, null)) },
			{ scope: 'dataTableRow:upsert', ...(await this.send('POST', `${rows}/upsert`, change, null)) },
			{
				scope: 'dataTableRow:delete',
				...(await this.send('DELETE', `${rows}/delete${query({ filter, dryRun: true })}`, undefined, null)),
			},
			{ scope: 'execution:read', ...(await this.execution('0')) },
		];
		const missing = tried.filter((answer) => answer.fault?.isForbidden).map(({ scope }) => scope);
		if (missing.length > 0) return scopeFault(missing);
		const faults = tried.map((answer) => answer.fault).filter((found) => found !== null);
		return faults.find(({ isRefused, isMissing }) => !isRefused && !isMissing) ?? null;
	}

	/** Looks for the table, and makes it or its missing columns. Whoever asks meanwhile gets the same answer. */
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
			const made = await this.send(
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
			if (found.value === null)
				return { value: null, fault: made.fault ?? faultOfAnswer(404, null, this.address.host, null) };
		}
		const { id, columns: present } = found.value;
		for (const [name, type] of allColumns) {
			const column = present.find((candidate) => candidate.name === name);
			if (column === undefined) {
				const added = await this.send('POST', `/data-tables/${id}/columns`, { name, type }, 'id');
				if (added.fault !== null && !added.fault.isRefused) return { value: null, fault: added.fault };
			} else if (column.type !== type) {
				return { value: null, fault: columnFault(name) };
			}
		}
		this.place.id = id;
		return { value: id, fault: null };
	}

	/** The oldest table of this name that the key may see: so all processes find the same one. */
	private async lookFor(): Promise<Result<{ id: string; columns: Array<{ name: string; type: string }> } | null>> {
		const path = `/data-tables${query({ limit: PAGE, filter: { name: TABLE_NAME }, sortBy: 'createdAt:asc' })}`;
		const { value, fault } = await this.send('GET', path, undefined, 'data');
		if (fault !== null) return { value: null, fault };
		// n8n gives every table whose name has these words in it.
		const tables = value.data as Array<{ id: string; name: string; columns: Array<{ name: string; type: string }> }>;
		return { value: tables.find(({ name }) => name === TABLE_NAME) ?? null, fault: null };
	}

	/** Asks a route of the table. If the table is gone, or has lost columns, it is found or made anew, once. */
	private async at(method: IHttpRequestMethods, path: string, body?: object): Promise<Result<unknown>> {
		const wasKnown = this.place.id !== null;
		const { value: id, fault } = await this.find();
		if (fault !== null) return { value: null, fault };
		const sign = method === 'GET' ? 'data' : null;
		const answer = await this.send(method, `/data-tables/${id}${path}`, body, sign);
		if (answer.fault === null || !(answer.fault.isMissing || answer.fault.isRefused)) return answer;
		this.place.id = null;
		return wasKnown ? await this.at(method, path, body) : answer;
	}

	/**
	 * Sends one request to n8n, and nowhere else: redirects are not followed, since they would carry the key away.
	 * @param sign a field that an answer of the public API has; null if it may be any JSON
	 */
	private async send(
		method: IHttpRequestMethods,
		path: string,
		body: object | undefined,
		sign: string | null,
	): Promise<Result<IDataObject>> {
		const { api, host, apiKey } = this.address;
		try {
			const { statusCode, body: said } = await this.request({
				method,
				url: `${api}${path}`,
				headers: { 'X-N8N-API-KEY': apiKey },
				body: body as IDataObject | undefined,
				timeout: method === 'GET' ? READ_TIMEOUT_MS : WRITE_TIMEOUT_MS,
			});
			if (statusCode >= 200 && statusCode < 300 && isOfApi(said, sign))
				return { value: said as IDataObject, fault: null };
			const facts = path.startsWith('/data-tables?') ? await this.probe(statusCode, said) : null;
			return { value: null, fault: faultOfAnswer(statusCode, said, host, facts) };
		} catch (error) {
			return { value: null, fault: faultOfSilence(error, host) };
		}
	}

	/** Asks n8n what anybody may know, if an answer may mean that it has no such API. The key stays here. */
	private async probe(status: number, said: unknown): Promise<InstanceFacts | null> {
		if (status !== 404 && (status >= 400 || typeof said !== 'string')) return null;
		try {
			const { statusCode, body } = await this.request({
				method: 'GET',
				url: `${this.address.root}/rest/settings`,
				timeout: PROBE_TIMEOUT_MS,
			});
			const { data } = body as { data?: { userManagement?: unknown; versionCli?: unknown } };
			if (statusCode !== 200 || data?.userManagement === undefined) return null;
			return { version: typeof data.versionCli === 'string' ? data.versionCli : null };
		} catch {
			return null;
		}
	}

	private async request(options: IHttpRequestOptions): Promise<IN8nHttpFullResponse> {
		return (await this.ask({
			...options,
			json: true,
			disableFollowRedirect: true,
			ignoreHttpStatusErrors: true,
			returnFullResponse: true,
		})) as IN8nHttpFullResponse;
	}
}

function anyOf(requestIds: readonly string[]) {
	return {
		type: 'or',
		filters: requestIds.map((value) => ({ columnName: 'requestId', condition: 'eq', value })),
	};
}

function query(parameters: Record<string, unknown>): string {
	const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
	const parts = given.map(([name, value]) => {
		return `${name}=${encodeURIComponent(typeof value === 'object' ? JSON.stringify(value) : String(value))}`;
	});
	return `?${parts.join('&')}`;
}

function isOfApi(said: unknown, sign: string | null): boolean {
	if (sign === null) return typeof said !== 'string';
	if (typeof said !== 'object' || said === null || !(sign in said)) return false;
	return sign !== 'data' || Array.isArray((said as { data: unknown }).data);
}
