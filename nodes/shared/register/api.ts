import type { IDataObject, IHttpRequestMethods, IHttpRequestOptions, IN8nHttpFullResponse } from 'n8n-workflow';

import { anyAnswer } from '../api/transport';
import type { N8nAddress } from './address';
import { faultOfAnswer, faultOfSilence, type InstanceFacts, type Result } from './faults';

/** n8n's helper for plain requests; adds no credential. */
export type AskHost = (options: IHttpRequestOptions) => Promise<unknown>;

const WRITE_TIMEOUT_MS = 10_000;
/** The first request to its public API costs n8n seconds: it reads the description of all routes. */
const READ_TIMEOUT_MS = 10_000;
const PROBE_TIMEOUT_MS = 2_000;

/** n8n's public API. Outcomes are values: nothing here throws. */
export class N8nApi {
	constructor(
		private readonly address: N8nAddress,
		private readonly ask: AskHost,
	) {}

	/**
	 * Sends one request to n8n, and nowhere else: redirects are not followed, since they would carry the key away.
	 * @param sign a field that an answer of the public API has; null if it may be any JSON
	 */
	async send(
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

	/** What n8n has on an execution. */
	async execution(id: string, { withData = false } = {}): Promise<Result<IDataObject>> {
		const path = `/executions/${encodeURIComponent(id)}${withData ? query({ includeData: true }) : ''}`;
		return await this.send('GET', path, undefined, 'id');
	}

	/** The fault of an answer that the public API would never give. */
	get strangeAnswer(): Result<never> {
		return { value: null, fault: faultOfAnswer(200, null, this.address.host, null) };
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
		return (await this.ask({ ...options, ...anyAnswer })) as IN8nHttpFullResponse;
	}
}

export function query(parameters: Record<string, unknown>): string {
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
