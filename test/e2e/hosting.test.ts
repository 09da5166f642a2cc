import { rmSync } from 'node:fs';

import {
	binaryOf,
	errorOf,
	type Execution,
	freePort,
	installedN8n,
	type N8n,
	newestN8n,
	outputOf,
	projectRoot,
	startInMode,
	startN8n,
	type Started,
} from '../support/n8n';
import { temporaryUserFolder } from '../support/n8n/communityPackage';
import type { StandIn, StandInOptions } from '../support/standin';
import { describeInFull, itSince, n8nIsAtLeast } from './support/host';
import {
	asleep,
	chain,
	furnish,
	hintsOf,
	LONGEST_TEST_MS,
	manual,
	noOp,
	pause,
	type Place,
	place,
	prompts,
	QUICK,
	textToVideo,
	until,
	webhook,
} from './support/place';
import { type Proxy, startProxy } from './support/proxy';
import { REGISTER_SINCE, switchOn, untilRows } from './support/register';
import { digest, emitted, pollTrigger, post, publish, receiver } from './support/triggers';
import { startStandIn } from '../support/standin';

/** n8n as people host it: below a path, with an old execution pruned, in a guarded network, and, in regular mode, before and after an update. */

const after = noOp('After');
const sleeping = (options = {}) => textToVideo({ completion: 'suspend', options });
const taskOf = (api: StandIn, prompt: string) => [...api.tasks.values()].find((task) => task.prompt.startsWith(prompt));

async function start({ n8n, save }: Place, ...parts: Parameters<typeof chain>): Promise<string> {
	return await n8n.run(await save(chain(manual, ...parts)));
}

function expectVideos({ api }: Pick<Place, 'api'>, execution: Execution, amount = 1): void {
	expect(errorOf(execution)).toBeUndefined();
	const digests = outputOf(execution, 'Digest').map(({ json }) => json.digest);
	expect(digests).toEqual(Array(amount).fill(api.videoDigest()));
}

describeInFull('An n8n below a path, behind a proxy, with its files in memory', () => {
	let proxy: Proxy;
	let started: Started;
	let n8n: N8n;

	beforeAll(async () => {
		proxy = await startProxy('/automation');
		const address = `${proxy.url}/`;
		started = await startInMode({
			env: {
				N8N_PATH: '/automation/',
				N8N_EDITOR_BASE_URL: address,
				N8N_WEBHOOK_URL: address,
				WEBHOOK_URL: address,
				N8N_DEFAULT_BINARY_DATA_MODE: 'default',
			},
		});
		({ n8n } = started);
		proxy.show(n8n);
	}, LONGEST_TEST_MS);

	afterAll(async () => {
		await started?.stop();
		await proxy?.close();
	}, LONGEST_TEST_MS);

	const inIt = (act: (here: Place) => Promise<void>) => place(act, undefined, async () => n8n);

	it(
		'is called back by CometAPI through the proxy and wakes the execution',
		inIt(async (here) => {
			const { api } = here;
			const id = await start(here, ...prompts('a [stuck]'), sleeping(), digest);
			await asleep(here, id);
			expect(taskOf(api, 'a')?.callbackUrl).toContain(`${proxy.url}/webhook-waiting/${id}/runway-resume`);
			api.finish(taskOf(api, 'a')?.id ?? '');
			const execution = await n8n.waitForExecution(id);
			expectVideos(here, execution);
			const file = binaryOf(outputOf(execution, 'Runway')[0]);
			expect(file.id).toBeUndefined();
			expect(Buffer.from(file.data, 'base64').equals(api.assetBytes('video'))).toBe(true);
		}),
		LONGEST_TEST_MS,
	);

	it(
		'starts a workflow when the callback trigger is called through the proxy',
		inIt(async (here) => {
			const { api } = here;
			const { id, url } = await receiver(here);
			expect(url.startsWith(`${proxy.url}/webhook/`)).toBe(true);
			await here.run(chain(manual, ...prompts('a [stuck]'), textToVideo({ completion: 'return' })));
			const taskId = taskOf(api, 'a')?.id ?? '';
			api.finish(taskId);
			expect((await post(url, { task_id: taskId, status: '3' })).status).toBe(200);
			await until(async () => (await emitted(n8n, id)).length > 0, 'the workflow starts');
			expect((await emitted(n8n, id)).map(({ json }) => json.taskId)).toEqual([taskId]);
			await n8n.deactivate(id);
		}),
		LONGEST_TEST_MS,
	);

	itSince(REGISTER_SINCE)(
		'keeps the register at an address with that path',
		inIt(async (here) => {
			const register = await switchOn(here, `${proxy.url}/`);
			const execution = await here.run(chain(manual, ...prompts('a'), textToVideo()));
			expect(hintsOf(execution)).toBe('');
			const rows = await untilRows(register, (all) => all.every(({ delivered }) => delivered), 'all is delivered');
			expect(rows.map(({ status }) => status)).toEqual(['succeeded']);
		}),
		LONGEST_TEST_MS,
	);

	it(
		'wakes the execution even if the proxy cuts off the query: n8n 1 needs none, and on n8n 2 a Runway Trigger helps',
		inIt(async (here) => {
			const { api } = here;
			const refuses = n8nIsAtLeast('2');
			const watcher = chain(pollTrigger({ watch: 'register', which: 'undelivered' }), after);
			if (refuses) await switchOn(here);
			proxy.dropsQueries = true;
			proxy.calls.splice(0);
			try {
				const id = await start(here, ...prompts('a [stuck]'), sleeping(), digest);
				await asleep(here, id);
				api.finish(taskOf(api, 'a')?.id ?? '');
				const call = `POST /webhook-waiting/${id}/runway-resume ${refuses ? 401 : 200}`;
				await until(() => proxy.calls.includes(call), 'CometAPI calls back');
				if (refuses) {
					await pause(1_000);
					expect((await n8n.execution(id)).status).toBe('waiting');
					await publish(n8n, await here.save(watcher));
				}
				expectVideos(here, await n8n.waitForExecution(id));
				expect(api.creates).toHaveLength(1);
			} finally {
				proxy.dropsQueries = false;
			}
		}),
		LONGEST_TEST_MS,
	);
});

describeInFull('An n8n that prunes executions, guards its network and keeps files in its database', () => {
	/** How many executions it keeps. */
	const KEPT = 5;
	const hasDatabaseMode = n8nIsAtLeast('1.123');
	let started: Started;
	let n8n: N8n;

	beforeAll(async () => {
		started = await startInMode({
			env: {
				EXECUTIONS_DATA_PRUNE: 'true',
				EXECUTIONS_DATA_PRUNE_MAX_COUNT: `${KEPT}`,
				EXECUTIONS_DATA_HARD_DELETE_BUFFER: '0',
				EXECUTIONS_DATA_PRUNE_SOFT_DELETE_INTERVAL: '1',
				EXECUTIONS_DATA_PRUNE_HARD_DELETE_INTERVAL: '1',
				N8N_SSRF_PROTECTION_ENABLED: 'true',
				N8N_SSRF_ALLOWED_HOSTNAMES: 'localhost',
				...(hasDatabaseMode && {
					N8N_DEFAULT_BINARY_DATA_MODE: 'database',
					N8N_AVAILABLE_BINARY_DATA_MODES: 'filesystem,database',
				}),
			},
		});
		({ n8n } = started);
	}, LONGEST_TEST_MS);

	afterAll(async () => await started?.stop(), LONGEST_TEST_MS);

	/** A place whose n8n reaches CometAPI by an allowed name, and files at this host. */
	const withFilesAt = (host: string, act: (here: Place) => Promise<void>) => async () => {
		const port = await freePort();
		const settings: StandInOptions = { port, publicUrl: `http://${host}:${port}` };
		const allowed = async (here: Place) => {
			const { id, name, type } = here.credential;
			const data = { apiKey: here.api.apiKey, baseUrl: `http://localhost:${port}` };
			await n8n.updateCredential(id, { name, type, data });
			await act(here);
		};
		await place(allowed, settings, async () => n8n)();
	};

	it(
		'fetches a file from an allowed host and hands it to the next node',
		withFilesAt('localhost', async (here) => {
			const execution = await here.run(chain(manual, ...prompts('a'), textToVideo(), digest));
			expectVideos(here, execution);
			const file = binaryOf(outputOf(execution, 'Runway')[0]);
			expect(file.id).toMatch(hasDatabaseMode ? /^database:/ : /^filesystem/);
			expect((await n8n.download(file)).equals(here.api.assetBytes('video'))).toBe(true);
		}),
		LONGEST_TEST_MS,
	);

	itSince('2.41')(
		'delivers the task without its file if that lies at another host in its own network, and says why',
		withFilesAt('127.0.0.1', async (here) => {
			const [item] = outputOf(await here.run(chain(manual, ...prompts('a'), textToVideo())), 'Runway');
			expect(item?.binary).toBeUndefined();
			expect(item?.json).toMatchObject({
				status: 'succeeded',
				downloadError: expect.stringMatching(/resolves to a restricted IP address.*costs nothing/s) as string,
			});
		}),
		LONGEST_TEST_MS,
	);

	it(
		'prunes what has ended, and never what sleeps, which wakes up with its file',
		withFilesAt('localhost', async (here) => {
			const { api } = here;
			const id = await start(here, ...prompts('a [stuck]'), sleeping(), digest);
			await asleep(here, id);
			const plain: string[] = [];
			while (plain.length <= KEPT + 1) plain.push((await here.run(chain(manual, after))).id);
			const isGone = async () =>
				await n8n.execution(plain[0] ?? '').then(
					() => false,
					() => true,
				);
			await until(isGone, 'the oldest of the others is pruned', 150_000);
			expect((await n8n.execution(id)).status).toBe('waiting');
			api.finish(taskOf(api, 'a')?.id ?? '');
			expectVideos(here, await n8n.waitForExecution(id));
		}),
		LONGEST_TEST_MS,
	);
});

/** What comes before the version that all updates lead to. */
const describeUpdates = n8nIsAtLeast('2') ? describe.skip : describeInFull;

describeUpdates('An update to the newest n8n while executions sleep', () => {
	it(
		'loses none: they wake by a callback or at their time limit, and the register can be switched on',
		async () => {
			const api = await startStandIn(QUICK);
			const userFolder = await temporaryUserFolder();
			const common = { package: projectRoot, port: await freePort(), userFolder };
			let n8n = await startN8n({ ...common, host: installedN8n() });
			try {
				const before = await furnish(api, n8n);
				const id = await start(before, ...prompts('a [stuck]', 'b [stuck]'), sleeping(), digest);
				const late = await before.call(chain(webhook(), ...prompts('late [stuck]'), sleeping({ timeout: 10 }), after));
				for (const one of [id, late]) await asleep(before, one);
				await n8n.stop();
				// This call finds nobody.
				api.finish(taskOf(api, 'a')?.id ?? '');

				n8n = await startN8n({ ...common, host: newestN8n() });
				const here = { ...before, n8n };
				expect((await n8n.execution(id)).status).toBe('waiting');
				api.finish(taskOf(api, 'b')?.id ?? '');
				expectVideos(here, await n8n.waitForExecution(id), 2);
				// n8n looks for executions to wake up once a minute.
				const [left] = outputOf(await n8n.waitForExecution(late, { timeoutMs: 180_000 }), 'After');
				expect(left?.json.taskId).toBe(taskOf(api, 'late')?.id);
				expect(api.creates).toHaveLength(3);

				const register = await switchOn(here);
				const workflow = chain(manual, ...prompts('new'), textToVideo());
				await n8n.runToEnd(await n8n.importWorkflow(workflow, [here.credential]));
				const rows = await untilRows(register, (all) => all.every(({ delivered }) => delivered), 'all is delivered');
				expect(rows.map(({ prompt }) => prompt)).toEqual(['new']);
			} finally {
				await n8n.stop();
				await api.close();
				rmSync(userFolder, { recursive: true, force: true, maxRetries: 3 });
			}
		},
		2 * LONGEST_TEST_MS,
	);
});
