import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { type Cells, DataTable, type Filter, TableError } from './table';

export { type Cells, DataTable } from './table';

/** What happens instead of an answer, or before it. */
export type N8nApiFault =
	/** The answer comes after so many milliseconds, and the request has its effect at once. */
	| { kind: 'slow'; milliseconds: number }
	/** The connection breaks, after the request has had its effect or before. */
	| { kind: 'dead'; after: boolean }
	| { kind: 'status'; status: number; message?: string }
	/** A web page, as the editor answers where no route is. */
	| { kind: 'html'; status?: number }
	/** An answer that n8n would never give. */
	| { kind: 'json'; body: unknown }
	| { kind: 'redirect'; location: string };

/** When a fault happens: at requests like this one, as often as this. */
export interface N8nApiFaultRule {
	/** For example `/^POST .*rows$/`, tried against method and path, with the query and without. @default every request */
	on?: RegExp;
	/** @default until it is taken away */
	times?: number;
	fault: N8nApiFault;
}

export interface N8nApiRequest {
	method: string;
	/** Without the query. */
	path: string;
	query: URLSearchParams;
	headers: IncomingMessage['headers'];
	body: unknown;
}

export interface N8nApiExecution {
	status: string;
	retryOf?: string;
	workflowId?: string;
	/** Only given to those who ask for it. */
	data?: { resultData: { runData: Record<string, unknown[]> } };
}

/** A stand-in for the public API of n8n: data tables and executions, as n8n 2.41.1 answers. */
export interface N8nApi {
	readonly url: string;
	readonly requests: N8nApiRequest[];
	/** Accepted keys, with what each may do; null for everything. */
	readonly keys: Map<string, readonly string[] | null>;
	readonly executions: Map<string, N8nApiExecution>;
	/** All tables by ID. */
	readonly tables: Map<string, DataTable>;
	/** The rows of the table "Runway tasks". */
	readonly rows: Cells[];
	/** The same with method and path, IDs of tables left out, such as `POST /data-tables/:id/rows`. */
	readonly calls: string[];
	/** Called when rows were deleted. */
	afterDelete: () => void;
	fault(rule: N8nApiFaultRule): void;
	/** Takes away faults, requests, tables and executions. */
	reset(): void;
	close(): Promise<void>;
}

export const N8N_API_KEY = 'n8n_api_0000000000000000000000000000';
const BASE = '/api/v1';
const MOST_ROWS = 250;

export async function startN8nApi(): Promise<N8nApi> {
	const requests: N8nApiRequest[] = [];
	const keys = new Map<string, readonly string[] | null>([[N8N_API_KEY, null]]);
	const executions = new Map<string, N8nApiExecution>();
	const tables = new Map<string, DataTable>();
	let faults: Array<N8nApiFaultRule & { left: number }> = [];
	let made = 0;

	const nextFault = (...calls: string[]): N8nApiFault | null => {
		const rule = faults.find(({ on, left }) => left > 0 && (on === undefined || calls.some((call) => on.test(call))));
		if (rule === undefined) return null;
		rule.left--;
		return rule.fault;
	};

	function routed(request: N8nApiRequest): Answer {
		const { method, path, query, headers } = request;
		if (path === '/rest/settings') return [200, { data: { settingsMode: 'public', userManagement: {} } }];
		if (!path.startsWith(`${BASE}/`)) return [200, '<!DOCTYPE html><html><title>n8n</title></html>'];
		const route = path.slice(BASE.length);
		const key = headers['x-n8n-api-key'];
		if (key === undefined) return [401, { message: "'X-N8N-API-KEY' header required" }];
		const scopes = keys.get(String(key));
		if (scopes === undefined) return [401, { message: 'unauthorized' }];
		const may = (scope: string) => {
			if (scopes !== null && !scopes.includes(scope)) throw new Refusal(403, 'Forbidden');
		};
		const filter = JSON.parse(query.get('filter') ?? '{}') as Filter & { name?: string };
		const body = (request.body ?? {}) as Body;
		const known = ['limit', 'cursor', 'filter', 'sortBy', 'search', 'returnData', 'dryRun', 'includeData'];
		const stranger = [...query.keys()].find((name) => !known.includes(name));
		if (stranger !== undefined) throw new Refusal(400, `Unknown query parameter '${stranger}'`);
		const { limit, offset } = readPage(query);

		const execution = /^\/executions\/([^/]+)$/.exec(route)?.[1];
		if (execution !== undefined) {
			may('execution:read');
			const found = executions.get(execution);
			if (found === undefined) throw new Refusal(404, 'Not Found');
			const { data, ...rest } = found;
			const withData = query.get('includeData') === 'true' ? { data } : {};
			return [200, { id: execution, retryOf: null, finished: rest.status === 'success', ...rest, ...withData }];
		}
		if (route === '/data-tables' && method === 'GET') {
			may('dataTable:list');
			const word = (filter.name ?? '').toLowerCase();
			const found = [...tables.values()].filter(({ name }) => name.toLowerCase().includes(word));
			return [200, { data: found.map(described), nextCursor: null }];
		}
		if (route === '/data-tables' && method === 'POST') {
			may('dataTable:create');
			const { name = '', columns = [] } = body;
			if ([...tables.values()].some((table) => table.name === name)) {
				throw new Refusal(409, `Data table with name '${name}' already exists in this project`);
			}
			const table = new DataTable(`table${String(++made).padStart(11, '0')}`, name, new Date().toISOString());
			for (const column of columns) table.addColumn(column.name, column.type);
			tables.set(table.id, table);
			return [201, described(table)];
		}
		const [, id, rest] = /^\/data-tables\/([^/]+)(\/.*)$/.exec(route) ?? [];
		if (id === undefined) throw new Refusal(404, 'not found');
		const inTable = (scope: string): DataTable => {
			may(scope);
			const table = tables.get(id);
			if (table === undefined) throw new Refusal(404, `Could not find the data table: '${id}'`);
			return table;
		};
		switch (`${method} ${rest}`) {
			case 'POST /columns': {
				const { name = '', type = '' } = body;
				if (!inTable('dataTableColumn:create').addColumn(name, type)) {
					throw new Refusal(409, `Data table column with name '${name}' already exists`);
				}
				return [201, { id: name, name, type }];
			}
			case 'GET /rows': {
				const table = inTable('dataTableRow:read');
				const all = table.sorted(table.matching(filter), query.get('sortBy'));
				const next = offset + limit < all.length ? { limit, offset: offset + limit } : null;
				const nextCursor = next && Buffer.from(JSON.stringify(next)).toString('base64');
				return [200, { data: all.slice(offset, offset + limit), nextCursor }];
			}
			case 'POST /rows': {
				const rows = body.data as Cells[];
				if (rows.length === 0) throw new Refusal(400, 'request/body/data must NOT have fewer than 1 items');
				return [200, { success: true, insertedRows: inTable('dataTableRow:create').insert(rows) }];
			}
			case 'PATCH /rows/update':
				return changed(inTable('dataTableRow:update'), body, (table) => table.update(body.filter!, body.data as Cells));
			case 'POST /rows/upsert':
				return changed(inTable('dataTableRow:upsert'), body, (table) => table.upsert(body.filter!, body.data as Cells));
			case 'DELETE /rows/delete': {
				const table = inTable('dataTableRow:delete');
				if (query.get('dryRun') === 'true') return [200, table.matching(filter)];
				table.delete(filter);
				api.afterDelete();
				return [200, true];
			}
			default:
				throw new Refusal(404, 'not found');
		}
	}

	function answer(request: N8nApiRequest): Answer {
		try {
			return routed(request);
		} catch (error) {
			if (error instanceof Refusal) return [error.status, { message: error.message }];
			if (error instanceof TableError) {
				return [400, { message: `Validation error with data table request: ${error.message}` }];
			}
			throw error;
		}
	}

	const server = createServer((incoming, response) => {
		void (async () => {
			const { pathname, search, searchParams } = new URL(incoming.url ?? '/', 'http://127.0.0.1');
			const { method = 'GET', headers } = incoming;
			const request = { method, path: pathname, query: searchParams, headers, body: await bodyOf(incoming) };
			requests.push(request);
			const fault = nextFault(`${method} ${pathname}`, `${method} ${pathname}${search}`);
			if (fault === null) return send(response, answer(request));
			switch (fault.kind) {
				case 'slow': {
					const late = answer(request);
					setTimeout(() => send(response, late), fault.milliseconds).unref();
					return;
				}
				case 'dead':
					if (fault.after) answer(request);
					incoming.socket.destroy();
					return;
				case 'status':
					return send(response, [fault.status, { message: fault.message ?? 'Something went wrong' }]);
				case 'html':
					return send(response, [fault.status ?? 200, '<!DOCTYPE html><html><title>n8n</title></html>']);
				case 'json':
					return send(response, [200, fault.body]);
				case 'redirect':
					response.writeHead(302, { location: fault.location }).end();
			}
		})();
	});
	server.on('connection', (socket) => socket.unref());
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	server.unref();
	const { port } = server.address() as AddressInfo;

	const api: N8nApi = {
		url: `http://127.0.0.1:${port}`,
		afterDelete: () => {},
		requests,
		keys,
		executions,
		tables,
		get rows() {
			return [...tables.values()].find(({ name }) => name === 'Runway tasks')?.rows ?? [];
		},
		get calls() {
			return requests.map(({ method, path }) => {
				return `${method} ${path.replace(BASE, '').replace(/^\/data-tables\/[^/]+/, '/data-tables/:id')}`;
			});
		},
		fault: (rule) => faults.push({ ...rule, left: rule.times ?? Infinity }),
		reset() {
			faults = [];
			requests.length = 0;
			tables.clear();
			executions.clear();
			keys.clear();
			keys.set(N8N_API_KEY, null);
		},
		async close() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
	return api;
}

type Answer = [status: number, body: unknown];

interface Body {
	name?: string;
	type?: string;
	columns?: Array<{ name: string; type: string }>;
	data?: Cells | Cells[];
	filter?: Filter;
	dryRun?: boolean;
}

class Refusal extends Error {
	constructor(
		readonly status: number,
		message: string,
	) {
		super(message);
	}
}

function changed(table: DataTable, { filter, data, dryRun }: Body, change: (table: DataTable) => unknown): Answer {
	if (filter?.filters === undefined || filter.filters.length === 0) throw new Refusal(400, 'filter must not be empty');
	if (Object.keys(data ?? {}).length === 0) throw new Refusal(400, 'data must not be empty');
	if (dryRun === true) return [200, table.matching(filter)];
	change(table);
	return [200, true];
}

function described({ id, name, createdAt, columns }: DataTable) {
	return { id, name, createdAt, updatedAt: createdAt, projectId: 'project1', columns, sizeBytes: 0 };
}

/** A cursor brings the length of the page along. */
function readPage(query: URLSearchParams): { limit: number; offset: number } {
	const cursor = query.get('cursor');
	if (cursor !== null) return JSON.parse(Buffer.from(cursor, 'base64').toString()) as { limit: number; offset: number };
	const limit = Number(query.get('limit') ?? 100);
	if (limit > MOST_ROWS) throw new Refusal(400, `request/query/limit must be <= ${MOST_ROWS}`);
	return { limit, offset: 0 };
}

async function bodyOf(incoming: IncomingMessage): Promise<unknown> {
	const chunks: Buffer[] = [];
	for await (const chunk of incoming) chunks.push(chunk as Buffer);
	const text = Buffer.concat(chunks).toString();
	return text === '' ? undefined : (JSON.parse(text) as unknown);
}

function send(response: ServerResponse, [status, body]: Answer): void {
	const isPage = typeof body === 'string';
	response.writeHead(status, { 'content-type': isPage ? 'text/html' : 'application/json' });
	response.end(isPage ? body : JSON.stringify(body));
}
