import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Api, classify } from './api';
import { digestOf, imageBytes, videoAsset, videoBytes } from './assets';
import { CallbackDesk } from './callbacks';
import { damage, send } from './damage';
import { AssetStore, isAssetFault } from './downloads';
import { FaultBook, leavesTask } from './faults';
import type { MetFault } from './faults';
import { makeSettings } from './settings';
import { UrlSigner } from './signing';
import { TaskBook } from './tasks';
import { Timers } from './timers';
import type * as types from './types';

/** The key that a stand-in accepts unless told otherwise. */
export const STAND_IN_KEY = 'sk-standin-0000000000000000000000000000000000000000';

/** The access token of the account that a stand-in accepts unless told otherwise. */
const STAND_IN_ACCESS_TOKEN = 'standin-access-token-0000000000';

const MAX_BODY_BYTES = 64 * 1024 * 1024;
/** Longer than any client keeps an idle connection, so that none is reused at the moment it is closed here. */
const KEEP_ALIVE_MS = 120_000;

/** The server: takes requests in, lets faults happen, hands the rest to the API or the asset store. */
export class StandInServer implements types.StandIn {
	readonly settings: types.StandInSettings;
	readonly requests: types.RecordedRequest[] = [];
	readonly apiKey: string;
	readonly accessToken: string;
	private readonly server: Server;
	private readonly timers = new Timers();
	private readonly faults = new FaultBook();
	private readonly signer = new UrlSigner();
	private readonly book: TaskBook;
	private readonly desk: CallbackDesk;
	private readonly api: Api;
	private readonly assets: AssetStore;
	private readonly log: (line: string) => void;
	private readonly given: types.StandInOverrides;
	private boundPort = 0;
	private inFlight = 0;

	constructor(private readonly options: types.StandInOptions) {
		const { port: _port, host: _host, publicUrl, apiKey, accessToken, log, hold, ...given } = options;
		this.given = given;
		this.settings = makeSettings(given);
		this.apiKey = apiKey ?? STAND_IN_KEY;
		this.accessToken = accessToken ?? STAND_IN_ACCESS_TOKEN;
		this.log = log ?? (() => undefined);
		this.book = new TaskBook(this.settings, this.signer, () => publicUrl?.replace(/\/+$/, '') ?? this.url);
		this.desk = new CallbackDesk(this.settings, this.book, this.log);
		this.api = new Api(this.settings, this.book, this, (task) => this.desk.plan(task));
		const elsewhere = () => `http://localhost:${this.port}`;
		this.assets = new AssetStore(this.settings, this.book, this.signer, this.timers, this.api, elsewhere);
		this.server = createServer((incoming, response) => void this.handle(incoming, response));
		this.server.keepAliveTimeout = KEEP_ALIVE_MS;
		this.server.on('clientError', (_error, socket) => socket.destroy());
		if (!hold) this.server.on('connection', (socket) => socket.unref());
	}

	async listen(): Promise<void> {
		const { port = 0, host = '127.0.0.1', hold = false } = this.options;
		await new Promise<void>((resolve, reject) => {
			this.server.once('error', reject);
			this.server.listen(port, host, resolve);
		});
		this.boundPort = (this.server.address() as AddressInfo).port;
		if (!hold) this.server.unref();
	}

	get port(): number {
		return this.boundPort;
	}

	get url(): string {
		const { host = '127.0.0.1' } = this.options;
		return `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${this.port}`;
	}

	get tasks(): ReadonlyMap<string, types.StandInTask> {
		return this.book.tasks;
	}

	get callbacks(): readonly types.RecordedCallback[] {
		return this.desk.deliveries;
	}

	get creates(): types.RecordedRequest[] {
		return this.on('create');
	}

	get reads(): types.RecordedRequest[] {
		return this.on('read');
	}

	get downloads(): types.RecordedRequest[] {
		return this.on('asset');
	}

	get peakInFlight(): number {
		return this.requests.reduce((peak, one) => Math.max(peak, isAsset(one) ? 0 : one.inFlight), 0);
	}

	fault(fault: types.Fault): types.FaultHandle {
		return this.faults.add(fault);
	}

	finish(taskId: string, outcome?: Partial<types.Outcome>): void {
		this.desk.plan(this.book.finish(taskId, outcome));
	}

	expireAssets(): void {
		this.signer.revokeAll();
	}

	assetBytes(kind: 'video' | 'image'): Buffer {
		return Buffer.from(kind === 'video' ? videoBytes() : imageBytes());
	}

	videoDigest(): string {
		return digestOf(videoAsset(this.settings.assetBytes));
	}

	reset(): void {
		this.book.clear();
		this.faults.clear();
		this.desk.clear();
		this.api.reset();
		this.requests.length = 0;
		Object.assign(this.settings, makeSettings(this.given));
	}

	async close(): Promise<void> {
		this.timers.clear();
		this.faults.clear();
		this.desk.clear();
		if (!this.server.listening) return;
		await new Promise<void>((resolve) => {
			this.server.close(() => resolve());
			this.server.closeAllConnections();
		});
	}

	private on(route: types.RouteKind): types.RecordedRequest[] {
		return this.requests.filter((request) => request.route === route);
	}

	private async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
		const request = this.record(incoming, response);
		try {
			if (this.faults.refuses(request)) {
				incoming.socket.resetAndDestroy();
				return;
			}
			const body = await readBody(incoming);
			if (body === undefined) {
				send(response, this.api.comet(413, 'the body is too large'));
				return;
			}
			request.body = parseBody(body);
			const met = this.faults.meet(request);
			const { latencyMs } = this.settings;
			for (const until of met.waitsFor) await until();
			await this.timers.sleep(met.slowMs + (typeof latencyMs === 'function' ? latencyMs(request) : latencyMs));
			if (response.destroyed) return;
			if (isAsset(request)) await this.answerAsset(request, incoming, response, met);
			else this.answerApi(request, response, met);
		} catch (error) {
			// The client went away while its body was read; anything else is a mistake in the stand-in itself.
			if (incoming.destroyed && !incoming.complete) return;
			process.stderr.write(`stand-in: ${error instanceof Error ? error.stack : String(error)}\n`);
			response.destroy();
		}
	}

	private record(incoming: IncomingMessage, response: ServerResponse): types.RecordedRequest {
		const url = new URL(`http://stand-in${incoming.url?.startsWith('/') ? incoming.url : '/'}`);
		const method = incoming.method ?? 'GET';
		const route = classify(method, url.pathname);
		const counted = route !== 'asset' && route !== 'sample';
		this.inFlight += counted ? 1 : 0;
		const sentStatus = () => (response.headersSent ? response.statusCode : 0);
		let status = sentStatus;
		const request: types.RecordedRequest = {
			at: Date.now(),
			method,
			path: url.pathname,
			query: Object.fromEntries(url.searchParams),
			headers: incoming.headers,
			get status() {
				return status();
			},
			route,
			inFlight: this.inFlight,
		};
		this.requests.push(request);
		response.once('close', () => {
			this.inFlight -= counted ? 1 : 0;
			request.endedAt = Date.now();
			const final = sentStatus();
			status = () => final;
			this.log(logLine(request));
		});
		return request;
	}

	private async answerAsset(
		request: types.RecordedRequest,
		incoming: IncomingMessage,
		response: ServerResponse,
		{ fault }: MetFault,
	): Promise<void> {
		if (fault && !isAssetFault(fault)) damage(response, fault, this.api.asked(request));
		else await this.assets.serve(request, incoming, response, fault);
	}

	private answerApi(request: types.RecordedRequest, response: ServerResponse, met: MetFault): void {
		const { fault } = met;
		if (!fault) {
			send(response, this.api.answer(request));
			return;
		}
		const asked = this.api.asked(request);
		if (!leavesTask(fault)) {
			damage(response, fault, asked);
			return;
		}
		const answer = this.api.answer(request, fault.kind);
		if (request.route === 'create' && !answer.created) {
			met.release();
			send(response, answer);
			return;
		}
		damage(response, fault, asked, answer);
	}
}

const isAsset = ({ route }: types.RecordedRequest) => route === 'asset' || route === 'sample';

/** The whole body, or undefined if it is too large to keep. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of incoming as AsyncIterable<Buffer>) {
		size += chunk.length;
		if (size <= MAX_BODY_BYTES) chunks.push(chunk);
	}
	return size <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined;
}

function parseBody(body: Buffer): unknown {
	if (body.length === 0) return undefined;
	const text = body.toString('utf8');
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return text;
	}
}

/** Without the query: that of the quota route holds the key, that of an asset its signature. */
function logLine(request: types.RecordedRequest): string {
	const took = `${(request.endedAt ?? request.at) - request.at} ms`;
	const extras = [request.route === 'create' ? request.taskId : undefined, request.fault && `[${request.fault}]`];
	return [request.method, request.path, request.status || 'no answer', took, ...extras].filter(Boolean).join(' ');
}
