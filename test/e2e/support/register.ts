import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

import type { StoredRow, TaskRow } from '../../../nodes/shared/register/row';
import { type Place, until } from './place';

/** The register of tasks in a real n8n, with a gate before n8n's API that can hold what the nodes write. */

/** Earlier versions of n8n have no data tables in their API. */
export const REGISTER_SINCE = '2.8';
const TABLE = 'Runway tasks';
const PAGE = 250;

/** A request of a node to n8n's API. */
export interface Written {
	method: string;
	path: string;
	/** As text. */
	body: string;
	/** Milliseconds since the epoch. */
	at: number;
	/** When the answer was there; undefined while it is not. */
	endedAt?: number;
}

/** What stands between the nodes of one place and n8n's API. */
export interface Gate {
	url: string;
	/** Every request, oldest first. */
	readonly requests: readonly Written[];
	/** Those that were held. */
	readonly held: readonly Written[];
	/**
	 * Requests that match get no answer from now on.
	 *
	 * @param isDone whether n8n gets them all the same
	 */
	hold(matches: (request: Written) => boolean, isDone?: boolean): void;
	/** Lets everything through. What was held is cut off. */
	open(): void;
	close(): Promise<void>;
}

/** Puts a gate before n8n's API. */
export async function startGate(target: string): Promise<Gate> {
	const requests: Written[] = [];
	const held: Written[] = [];
	const waiting: ServerResponse[] = [];
	let rule: { matches: (request: Written) => boolean; isDone: boolean } | undefined;
	const server = createServer((request, response) => {
		void (async () => {
			const { method = 'GET', url = '/' } = request;
			const written: Written = { method, path: url, body: await text(request), at: Date.now() };
			requests.push(written);
			const holding = rule?.matches(written) === true ? rule : undefined;
			const answer = holding?.isDone === false ? undefined : await pass(target, written, request.headers);
			if (holding !== undefined) {
				held.push(written);
				waiting.push(response);
			} else if (answer === undefined) {
				response.destroy();
			} else {
				response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
				response.end(await answer.text());
				written.endedAt = Date.now();
			}
		})();
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		requests,
		held,
		hold(matches, isDone = false) {
			rule = { matches, isDone };
		},
		open() {
			rule = undefined;
			for (const response of waiting.splice(0)) response.destroy();
		},
		async close() {
			if (!server.listening) return;
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			});
		},
	};
}

/** Undefined if n8n does not answer. */
async function pass(
	target: string,
	{ method, path, body }: Written,
	headers: NodeJS.Dict<string | string[]>,
): Promise<Response | undefined> {
	const { 'x-n8n-api-key': key = '', 'content-type': type = 'application/json' } = headers;
	const sent = { 'x-n8n-api-key': String(key), 'content-type': String(type) };
	return await fetch(new URL(path, target), {
		method,
		headers: sent,
		...(body === '' ? {} : { body }),
	}).catch(() => undefined);
}

/** The register of one place, switched on in its credential. */
export interface OpenRegister {
	apiKey: string;
	/** What the table holds of this place's credential, the oldest row first. */
	rows(): Promise<StoredRow[]>;
	/** Writes rows as they are, once a node has made the table. */
	add(rows: TaskRow[]): Promise<void>;
}

/**
 * Switches the register on in the credential of a place.
 *
 * @param n8nUrl where the nodes reach n8n's API. @default n8n itself
 */
export async function switchOn({ api, n8n, credential }: Place, n8nUrl = n8n.url): Promise<OpenRegister> {
	const { id, name, type } = credential;
	const apiKey = await n8n.createApiKey();
	const data = { apiKey: api.apiKey, baseUrl: api.url, register: true, n8nUrl, n8nApiKey: apiKey };
	await n8n.updateCredential(id, { name, type, data });
	const table = new TableApi(n8n.url, apiKey);
	// n8n loads its public API with the first request, which takes about as long as a node waits for the register.
	await table.rows(id);
	return {
		apiKey,
		rows: async () => await table.rows(id),
		add: async (rows) => await table.add(rows),
	};
}

/** A register whose nodes reach n8n's API through a gate. */
export interface GatedRegister extends OpenRegister {
	gate: Gate;
}

/** Switches the register on in the credential of a place, with a gate that the caller closes. */
export async function switchOnBehindGate(here: Place): Promise<GatedRegister> {
	const gate = await startGate(here.n8n.url);
	return { gate, ...(await switchOn(here, gate.url)) };
}

/**
 * Waits until a trigger has asked the register for rows: it tells of what ends after that. n8n says nothing of when a trigger is live.
 *
 * @param earlier how many requests had come before the trigger
 */
export async function polled({ gate }: GatedRegister, earlier = 0): Promise<void> {
	const isAnswered = ({ method, path, endedAt }: Written) =>
		method === 'GET' && path.includes('/rows') && endedAt !== undefined;
	await until(() => gate.requests.slice(earlier).some(isAnswered), 'the trigger polls');
}

interface Page {
	data: StoredRow[];
	nextCursor: string | null;
}

/** n8n's public API for the one table. */
class TableApi {
	constructor(
		private readonly url: string,
		private readonly apiKey: string,
	) {}

	async rows(credentialId: string): Promise<StoredRow[]> {
		const id = await this.tableId();
		if (id === undefined) return [];
		const filters = [{ columnName: 'credentialId', condition: 'eq', value: credentialId }];
		const query = { limit: `${PAGE}`, sortBy: 'id:asc', filter: JSON.stringify({ type: 'and', filters }) };
		const rows: StoredRow[] = [];
		for (let cursor: string | null = ''; cursor !== null;) {
			const { data, nextCursor }: Page = await this.get(`/${id}/rows`, cursor === '' ? query : { ...query, cursor });
			rows.push(...data);
			cursor = nextCursor;
		}
		return rows;
	}

	async add(rows: readonly TaskRow[]): Promise<void> {
		await this.ask('POST', `/${await this.tableId()}/rows`, { data: rows, returnType: 'count' });
	}

	private async tableId(): Promise<string | undefined> {
		const filter = JSON.stringify({ name: TABLE });
		return (await this.get<{ data: Array<{ id: string }> }>('', { filter })).data[0]?.id;
	}

	private async get<T>(path: string, query: Record<string, string>): Promise<T> {
		// n8n does not take a plus for a space.
		const parts = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
		return (await this.ask('GET', `${path}?${parts.join('&')}`)) as T;
	}

	private async ask(method: string, path: string, body?: object): Promise<unknown> {
		const response = await fetch(`${this.url}/api/v1/data-tables${path}`, {
			method,
			headers: { 'x-n8n-api-key': this.apiKey, 'content-type': 'application/json' },
			body: body && JSON.stringify(body),
		});
		if (!response.ok) throw new Error(`n8n answered ${response.status}: ${await response.text()}`);
		return await response.json();
	}
}

/** Waits until the register holds what is asked for. */
export async function untilRows(
	register: OpenRegister,
	areThere: (rows: StoredRow[]) => boolean,
	what: string,
	timeoutMs?: number,
): Promise<StoredRow[]> {
	let rows: StoredRow[] = [];
	await until(async () => areThere((rows = await register.rows())), what, timeoutMs).catch((error: unknown) => {
		const found = rows.map(({ status, delivered, prompt }) => `${prompt}: ${status}, ${delivered}`).join('; ');
		throw new Error(`${error instanceof Error ? error.message : String(error)}. The register holds: ${found}`);
	});
	return rows;
}
