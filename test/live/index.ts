import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { listAccountTasks } from '../../nodes/shared/api/accountTasks';
import { createRunwayClient } from '../../nodes/shared/api/client';
import { explain } from '../../nodes/shared/api/explain';
import { redact } from '../../nodes/shared/api/redact';
import { createSend } from '../../nodes/shared/api/transport';
import { type Engine, startEngine } from '../support/engine';
import { type StandIn, type StandInOptions, startStandIn } from '../support/standin';
import { type Material, PICTURE, type Purchase } from './purchases';
import { Recorder } from './recorder';
import { compare, type Comparison, type Exchange } from './shape';

export { choose, type Purchase, purchases } from './purchases';
export { report } from './report';
export type { Comparison, Difference, Exchange } from './shape';

/** The server whose answers are held against those of the stand-in. */
export interface Target {
	apiKey: string;
	baseUrl: string;
	/** Of the account, to list its tasks; left out, they are not listed. */
	accessToken?: string;
	/** The account's number, if CometAPI wants it beside the token. */
	userId?: string;
	/** What the compatibility routes get as `callback_url`. Nothing waits for a call there. */
	callbackUrl: string;
	/** Seconds between two looks at a task; 0 leaves it to the node. */
	pollInterval: number;
}

export interface LiveCheck extends Comparison {
	/** The stand-in's answers and the target's, without keys and without the signatures of URLs. */
	expected: Exchange[];
	found: Exchange[];
	/** Purchases that did not end in a file, in the node's words. */
	failures: string[];
}

/** What of the node's item is of interest here. */
interface Made {
	taskId: string;
	status: string;
	videoUrl: string | null;
	imageUrl: string | null;
	downloadError?: unknown;
}

/** Long enough to be seen in the queue, at work and done, at a look each second. */
const QUICK: StandInOptions = { renderMs: 3_000, queuedMs: 1_500, notVisibleMs: 0 };
const TIME_LIMIT_S = 1_800;
const WRONG_KEY = 'sk-wrong-0000000000000000000000000000000000000000';
/** `.invalid` is a domain that nobody can ever have. */
export const NOWHERE = 'https://callback.invalid/runway';

/**
 * Sends the same requests to a fresh stand-in and to the target, through the node and its own HTTP layer, and compares
 * what comes back. Buys every purchase at the target.
 */
export async function checkAgainst(
	target: Target,
	purchases: readonly Purchase[],
	say: (line: string) => void,
	signal?: AbortSignal,
): Promise<LiveCheck> {
	const standIn = await startStandIn(QUICK);
	const engine = await startEngine();
	try {
		const { apiKey, url: baseUrl } = standIn;
		const accessToken = target.accessToken && standIn.accessToken;
		const reference = { apiKey, baseUrl, accessToken, callbackUrl: NOWHERE, pollInterval: 1 };
		const [expected, found] = await Promise.all([
			new Run(engine, reference, () => undefined, signal).all(purchases),
			new Run(engine, target, say, signal).all(purchases),
		]);
		return {
			...compare(expected.exchanges, found.exchanges),
			expected: expected.exchanges,
			found: found.exchanges,
			failures: found.failures,
		};
	} finally {
		engine.close();
		await standIn.close();
	}
}

/** A stand-in that answers in other envelopes than usual, to try the check without buying. */
export async function startOtherStandIn(): Promise<StandIn> {
	return await startStandIn({
		...QUICK,
		createShape: { official: 'C6', compatibility: 'C2' },
		envelope: { official: 'wrapped', feed: 'numeric' },
		notExistShape: 'status-200',
		hold: true,
	});
}

/** Everything that one server is asked. */
class Run {
	private readonly recorder: Recorder;
	private readonly failures: string[] = [];

	constructor(
		private readonly engine: Engine,
		private readonly target: Target,
		private readonly say: (line: string) => void,
		private readonly stop: AbortSignal | undefined,
	) {
		this.recorder = new Recorder([target.apiKey, target.accessToken ?? '']);
	}

	/** One for each context, since listeners add up. */
	private get signal(): AbortSignal | undefined {
		return this.stop && AbortSignal.any([this.stop]);
	}

	async all(purchases: readonly Purchase[]): Promise<{ exchanges: Exchange[]; failures: string[] }> {
		const material: Partial<Material> = {};
		const since = new Date();
		await Promise.all([
			this.free(),
			...purchases.filter(({ makes }) => makes !== undefined).map(async (one) => await this.buy(one, material)),
		]);
		await Promise.all(
			purchases.filter(({ makes }) => makes === undefined).map(async (one) => await this.buy(one, material)),
		);
		if (this.target.accessToken) await this.accountTasks(since);
		return { exchanges: this.recorder.exchanges, failures: this.failures };
	}

	/** What the account's list says of the tasks bought. The two servers' clocks need not agree to the minute. */
	private async accountTasks(since: Date): Promise<void> {
		const context = this.context(this.target, 'account tasks');
		const listed = await listAccountTasks(context, { since: new Date(since.getTime() - 60_000), limit: 100 });
		if (listed.kind !== 'trouble') return;
		const { message, advice } = explain(listed.problem, 'accountTasks');
		this.fail('account tasks', `${message}. ${advice}`);
	}

	/** What costs nothing: the list of models, a wrong key, ids that nobody has, the balance with the state of the key. */
	private async free(): Promise<void> {
		const { apiKey } = this.target;
		const models = { method: 'GET', path: '/v1/models', timeoutMs: 30_000 } as const;
		await (
			await this.sender('models', apiKey)
		)(models);
		await (
			await this.sender('models with a wrong key', WRONG_KEY)
		)(models);
		for (const api of ['official', 'compatibility'] as const) {
			const send = await this.sender(`unknown task, ${api}`, apiKey);
			await createRunwayClient(send, { runwayVersion: '2024-11-06' }).read(randomUUID(), api);
		}
		await this.run('account.getBalance', {});
	}

	private async sender(label: string, apiKey: string) {
		return await createSend(this.context({ ...this.target, apiKey }, label));
	}

	private context(credential: Target, label: string): ReturnType<Engine['context']> {
		const context = this.engine.context({ credential, parameters: {}, signal: this.signal });
		this.recorder.listenTo(context, label);
		return context;
	}

	private async buy(purchase: Purchase, material: Partial<Material>): Promise<void> {
		const { name, makes, needs } = purchase;
		const missing = needs.filter((kind) => material[kind] === undefined);
		if (missing.length > 0) {
			this.fail(name, `not bought, because there is no ${missing.join(' and no ')} to work from`);
			return;
		}
		const started = Date.now();
		const output = await this.run(name, {
			...purchase.parameters(material as Material),
			options: {
				callbackUrl: this.target.callbackUrl,
				pollInterval: this.target.pollInterval,
				timeout: TIME_LIMIT_S,
			},
		});
		if (output === undefined) return;
		const { taskId, status, downloadError } = output;
		const took = `${Math.round((Date.now() - started) / 1000)} s`;
		this.say(`${name}: task ${taskId} ${status} after ${took}`);
		if (makes !== undefined) material[makes] = output[makes] ?? undefined;
		if (typeof downloadError === 'string') this.fail(name, downloadError);
	}

	/** Runs the node with one item; what it throws is noted. */
	private async run(name: string, parameters: object): Promise<Made | undefined> {
		const [resource, operation] = name.split('.');
		const picture = readFileSync(path.join(__dirname, '..', 'support', 'standin', 'assets', 'harbor.png'));
		const { data } = await this.engine.storeFile(picture, 'harbor.png', 'image/png');
		const { items, error } = await this.engine.attempt({
			credential: this.target,
			parameters: { resource, operation, ...parameters },
			items: [{ json: {}, ...(data === undefined ? {} : { binary: { [PICTURE]: data } }) }],
			signal: this.signal,
			prepare: (context) => this.recorder.listenTo(context, name),
		});
		if (error === null) return items[0]?.json as unknown as Made;
		const { message, description } = error as { message: string; description?: string | null };
		this.fail(name, [message, description].filter(Boolean).join(' '));
		return undefined;
	}

	private fail(name: string, reason: string): void {
		const line = `${name}: ${redact(this.recorder.withoutKeys(reason))}`;
		this.failures.push(line);
		this.say(line);
	}
}
