import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import type { INode } from 'n8n-workflow';

import { cacheFolder, type Execution, projectRoot, startN8n } from '../support/n8n';
import type { Fault } from '../support/standin';
import {
	asleep,
	chain,
	imageToVideo,
	LONGEST_TEST_MS,
	manual,
	noOp,
	type Part,
	type Place,
	place,
	prompts,
	RETRY,
	runway,
	textToVideo,
} from './support/place';
import { databaseValues, filesOf } from './support/remains';

/**
 * What is left in a real n8n after runs that went wrong in many ways: its API, its database, its binary store and its
 * log at the level "debug", all searched for the key and for signed queries.
 */

/** In no form that anything could know it by. */
const KEY = 'comet0123456789abcdef0123456789';
const SIGNATURE = 'signature-in-an-answer';
const SAID = `no luck with ${KEY} at https://api.example.com/x?key=${KEY}&_jwt=${SIGNATURE}`;
/** The query of a result's URL, as the stand-in signs it. */
const SIGNED = '_jwt=';
/** Fields of items that hold the URLs of results, signature included, since they are of no use without it. */
const RESULT_URLS: ReadonlySet<string> = new Set(['videoUrl', 'imageUrl', 'posterUrl', 'lastFrameUrl', 'assetUrls']);

interface Case {
	title: string;
	fault?: Fault;
	/** Makes every task fail with these words. */
	failure?: string;
	prompt?: string;
	node?: (settings: Partial<INode>) => Part;
}

const create = (fault: Omit<Fault, 'on'>): Fault => ({ on: 'create', message: SAID, ...fault });
const forGood = { times: 1_000 };
const balance = (settings: Partial<INode>) => runway({ resource: 'account', operation: 'getBalance' }, settings);

const cases: Case[] = [
	{ title: 'nothing', node: (settings) => textToVideo({}, settings) },
	...[400, 401, 500].map((status): Case => ({
		title: `create: HTTP ${status}`,
		fault: create({ kind: 'status', status }),
	})),
	{ title: 'create: business error', fault: create({ kind: 'business' }) },
	{ title: 'create: redirect', fault: create({ kind: 'redirect', location: `http://127.0.0.1:9/?key=${KEY}` }) },
	{ title: 'create: reset', fault: create({ kind: 'reset-after' }) },
	{ title: 'create: another JSON', fault: create({ kind: 'wrong-json' }) },
	{ title: 'read: HTTP 403', fault: { on: 'read', kind: 'status', status: 403, message: SAID, ...forGood } },
	{ title: 'a task without a URL', prompt: 'x [no url]' },
	{ title: 'a task that failed', failure: SAID },
	{
		title: 'a task that never ends',
		prompt: 'x [stuck]',
		node: (settings) => imageToVideo({ options: { timeout: 1 } }, settings),
	},
	{ title: 'file: HTTP 400', fault: { on: 'asset', kind: 'status', status: 400, message: SAID, ...forGood } },
	{ title: 'file: HTTP 404', fault: { on: 'asset', kind: 'status', status: 404, message: SAID, ...forGood } },
	{ title: 'file: cut off', fault: { on: 'asset', kind: 'truncated', ...forGood } },
	{ title: 'balance: nothing', node: balance },
	{ title: 'balance: HTTP 400', fault: { on: 'quota', kind: 'status', status: 400, message: SAID }, node: balance },
	{ title: 'balance: reset', fault: { on: 'quota', kind: 'reset-before', ...forGood }, node: balance },
];

const settings: Array<Partial<INode>> = [
	{ onError: 'stopWorkflow', ...RETRY },
	{ onError: 'continueRegularOutput' },
	{ onError: 'continueErrorOutput' },
];

it(
	'No key is left anywhere in n8n, and signed queries in the fields for result URLs only',
	async () => {
		mkdirSync(cacheFolder, { recursive: true });
		const userFolder = mkdtempSync(path.join(cacheFolder, 'secrets-'));
		try {
			const n8n = await startN8n({ package: projectRoot, userFolder, env: { N8N_LOG_LEVEL: 'debug' } });
			const here = (act: (place: Place) => Promise<void>) => place(act, { apiKey: KEY }, async () => n8n)();
			const executions: Execution[] = [];
			try {
				await Promise.all(
					cases.map(
						async (one) =>
							await here(async (at) => {
								executions.push(...(await runAll(at, one)));
							}),
					),
				);
				await here(async (at) => {
					executions.push(await sleepAndWake(at));
				});
			} finally {
				await n8n.stop();
			}

			// A search proves nothing where there was nothing to find.
			expect(executions).toHaveLength(cases.length * settings.length + 1);
			const results = new Set(executions.flatMap((execution) => [...resultUrls(execution)]));
			expect([...results].filter((url) => url.includes(SIGNED)).length).toBeGreaterThan(10);
			const errors = executions.filter(({ status }) => status === 'error');
			expect(errors.length).toBeGreaterThan(5);

			for (const execution of executions) {
				const text = JSON.stringify(withoutResults(execution));
				expect([execution.id, found(text)]).toEqual([execution.id, []]);
			}
			expect(found(readFileSync(n8n.logFile, 'utf8'))).toEqual([]);
			for (const { name, bytes } of filesOf(userFolder)) {
				const isDatabase = path.basename(name).startsWith('database.sqlite');
				expect([name, found(bytes).filter((secret) => !isDatabase || secret !== SIGNED)]).toEqual([name, []]);
			}
			const values = await databaseValues(userFolder);
			expect(values.filter(({ text }) => text.includes(SIGNED)).length).toBeGreaterThan(10);
			for (const { table, column, text } of values) {
				// Each text stands once in what n8n saves of an execution, so a result's URL is a text of its own there.
				const others = text.replace(/"(https?:[^"\\]*)"/g, (whole, url: string) => (results.has(url) ? '""' : whole));
				expect([table, column, found(others)]).toEqual([table, column, []]);
			}
		} finally {
			rmSync(userFolder, { recursive: true, force: true, maxRetries: 3 });
		}
	},
	LONGEST_TEST_MS * 2,
);

/** Which secrets a text holds. */
function found(text: string): string[] {
	return [KEY, SIGNATURE, SIGNED].filter((secret) => text.includes(secret));
}

/** Runs a case with each setting under On Error. */
async function runAll(at: Place, { fault, failure, prompt = 'x', node }: Case): Promise<Execution[]> {
	const { api, run } = at;
	if (failure !== undefined) {
		api.settings.renderMs = (task) => {
			task.outcome = { kind: 'failed', code: 'ASSET.INVALID', message: failure };
			return 200;
		};
	}
	const executions: Execution[] = [];
	for (const setting of settings) {
		const script = fault === undefined ? undefined : api.fault(fault);
		const part = (node ?? ((more) => imageToVideo({}, more)))(setting);
		executions.push(await run(chain(manual, ...prompts(prompt), part, noOp('After'))));
		if (script !== undefined) expect(script.used).toBeGreaterThan(0);
		script?.clear();
	}
	return executions;
}

/** An execution that sleeps and is woken by a callback, which brings signed URLs along. */
async function sleepAndWake(at: Place): Promise<Execution> {
	const { api, n8n, save } = at;
	const parameters = { completion: 'suspend' };
	const id = await n8n.run(
		await save(chain(manual, ...prompts('x [takes 4 s]'), textToVideo(parameters), noOp('After'))),
	);
	await asleep(at, id);
	const execution = await n8n.waitForExecution(id);
	expect(execution.status).toBe('success');
	expect(api.callbacks.length).toBeGreaterThan(0);
	return execution;
}

/** The URLs in the fields for result URLs of all items. */
function resultUrls({ data }: Execution): Set<string> {
	const urls = new Set<string>();
	visitItems(data, (json) => {
		for (const name of RESULT_URLS) for (const url of [json[name]].flat()) if (typeof url === 'string') urls.add(url);
	});
	return urls;
}

/** An execution without the fields for result URLs of its items. */
function withoutResults(execution: Execution): unknown {
	const copy = structuredClone(execution);
	visitItems(copy.data, (json) => {
		for (const name of RESULT_URLS) delete json[name];
	});
	return copy;
}

/** Visits the JSON of every item that goes in or out of a node, and nothing else. */
function visitItems({ resultData }: Execution['data'], visit: (json: Record<string, unknown>) => void): void {
	for (const runs of Object.values(resultData?.runData ?? {})) {
		for (const { data } of runs) {
			for (const output of data?.main ?? []) for (const { json } of output ?? []) visit(json);
		}
	}
}
