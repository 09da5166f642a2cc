import { randomUUID } from 'node:crypto';

import type { IConnections, IDataObject, INode, INodeParameters } from 'n8n-workflow';
import pLimit from 'p-limit';

import {
	type CredentialReference,
	type Execution,
	type N8n,
	type N8nClient,
	projectRoot,
	sharedN8n,
	startN8n,
	type WorkflowFile,
} from '../../support/n8n';
import { startStandIn, type StandIn, type StandInOptions } from '../../support/standin';

/** A place for one test: a stand-in of its own, with its credential in the n8n that all share. */
export interface Place {
	api: StandIn;
	n8n: N8nClient;
	/** The credential of its stand-in. */
	credential: CredentialReference;
	/** Saves a workflow whose Runway nodes use this place's stand-in, and returns its id. */
	save(workflow: WorkflowFile): Promise<string>;
	/** Saves a workflow, runs it by hand, and waits for its end. */
	run(workflow: WorkflowFile, timeoutMs?: number): Promise<Execution>;
	/** Retries an execution as its list of executions offers it, and waits for the end. */
	retry(execution: Execution, options?: { loadWorkflow?: boolean }): Promise<Execution>;
	/** Publishes a workflow that starts with {@link webhook}, calls it, and returns the execution's id. */
	call(workflow: WorkflowFile): Promise<string>;
}

export const RUNWAY_TYPE = 'n8n-nodes-cometapi-runway.runway';
/** Tests wait for their turn, too, see {@link place}. */
export const LONGEST_TEST_MS = 480_000;
/** So many run at a time: with more of them, an n8n on a small machine takes seconds for what it does at once. */
const AT_A_TIME = 4;
const CREDENTIAL_TYPE = 'cometApiRunwayApi';
const POLL_MS = 200;
/** Long enough for a machine that has much else to do: it only counts for what never happens. */
const PATIENCE_MS = 90_000;
/** Longer than a node that polls every second or two pauses. */
const QUIET_MS = 3_000;

/** Renders in a fraction of a second. */
export const QUICK: StandInOptions = { renderMs: 300, queuedMs: 50, notVisibleMs: 50 };

const turns = pLimit(AT_A_TIME);
let shared: Promise<N8nClient> | undefined;

/** The n8n that the tests share, also for tests that start before any hook does. */
async function n8nOfTheTests(): Promise<N8nClient> {
	shared ??= sharedN8n();
	return await shared;
}

/**
 * Wraps a test, so that it gets a place of its own and leaves nothing behind.
 *
 * @param start another n8n than the shared one; who starts it also stops it
 */
export function place(
	act: (place: Place) => Promise<void>,
	settings: StandInOptions = {},
	start: () => Promise<N8nClient> = n8nOfTheTests,
): () => Promise<void> {
	return async () => {
		await turns(async () => {
			const n8n = await start();
			const api = await startStandIn({ ...QUICK, ...settings });
			try {
				await act(await furnish(api, n8n));
			} finally {
				await api.close();
			}
		});
	};
}

/** Like {@link place}, in an n8n of its own, which the test may kill. */
export function ownPlace(act: (place: Place, own: N8n) => Promise<void>, env: Record<string, string> = {}) {
	return async (): Promise<void> => {
		let own: N8n | undefined;
		const begin = async (): Promise<N8nClient> => (own = await startN8n({ package: projectRoot, env }));
		try {
			await place(async (here) => await act(here, own as N8n), {}, begin)();
		} finally {
			await own?.stop();
		}
	};
}

/** A place whose n8n and stand-in somebody else ends. */
export async function furnish(api: StandIn, n8n: N8nClient): Promise<Place> {
	const words = { name: `Stand-in ${randomUUID()}`, type: CREDENTIAL_TYPE };
	const data = { apiKey: api.apiKey, baseUrl: api.url };
	const credential = { ...words, id: await n8n.createCredential({ ...words, data }) };
	const save = async (workflow: WorkflowFile) => await n8n.importWorkflow(workflow, [credential]);
	return {
		api,
		n8n,
		credential,
		save,
		run: async (workflow, timeoutMs) => await n8n.runToEnd(await save(workflow), { timeoutMs }),
		async retry({ id }, options) {
			return await n8n.waitForExecution(await n8n.retryExecution(id, options));
		},
		async call(workflow) {
			const id = await save(workflow);
			const path = workflow.nodes.find(({ type }) => type.endsWith('.webhook'))?.parameters.path as string;
			await n8n.activate(id);
			// n8n may answer before the webhook is registered.
			await until(async () => (await fetch(n8n.webhookUrl(path), { method: 'POST' })).ok, 'the webhook is registered');
			await until(async () => (await n8n.executionIds(id)).length > 0, 'the webhook starts an execution');
			await n8n.deactivate(id);
			return (await n8n.executionIds(id))[0] ?? '';
		},
	};
}

type Test = (sentence: string, act: () => Promise<void>) => void;

/** Tests of one subject, each continuing its sentence. All of a file run at the same time, since they mostly wait. */
export function topic(subject: string, define: (test: Test & { skip: Test }) => void): void {
	const test: Test = (sentence, act) => it.concurrent(`${subject} ${sentence}`, act, LONGEST_TEST_MS);
	const skip: Test = (sentence, act) => it.skip(`${subject} ${sentence}`, act);
	define(Object.assign(test, { skip }));
}

/** Waits until something is so. */
export async function until(
	isSo: () => boolean | Promise<boolean>,
	what = 'what the test waits for',
	timeoutMs = PATIENCE_MS,
): Promise<void> {
	for (const deadline = Date.now() + timeoutMs; !(await isSo());) {
		if (Date.now() > deadline) throw new Error(`It did not happen within ${timeoutMs / 1000} s that ${what}`);
		await pause(POLL_MS);
	}
}

export async function pause(milliseconds: number): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Waits until this many tasks are created, and a node waits for each of them. */
export async function watched({ api }: Pick<Place, 'api'>, amount: number): Promise<void> {
	const isWatched = (id: string) => api.reads.some(({ taskId }) => taskId === id);
	await until(
		() => api.tasks.size >= amount && [...api.tasks.keys()].every(isWatched),
		`${amount} tasks are created and watched`,
	);
}

/** Waits until nothing has been asked of CometAPI for a while, and gives how many requests came before that. */
export async function quiet({ api }: Pick<Place, 'api'>): Promise<number> {
	const before = api.requests.length;
	let latest = before;
	let since = Date.now();
	await until(() => {
		if (latest !== api.requests.length || api.requests.some(({ endedAt }) => endedAt === undefined)) {
			latest = api.requests.length;
			since = Date.now();
		}
		return Date.now() - since >= QUIET_MS;
	}, 'nothing more is asked of CometAPI');
	return latest - before;
}

/** Waits until the execution sleeps. */
export async function asleep({ n8n }: Place, executionId: string): Promise<Execution> {
	return await n8n.waitForExecution(executionId, { until: ({ status }) => status === 'waiting' });
}

/** A node but for what a workflow gives it. */
export type Part = Omit<INode, 'id' | 'position'>;

/** Nodes in a row, each connected to the next one's first input. */
export function chain(...parts: Part[]): WorkflowFile {
	const nodes = parts.map((part, index): INode => ({ id: randomUUID(), position: [index * 220, 0], ...part }));
	const links = nodes.slice(1).map(({ name }, index): IConnections => {
		const from = nodes[index]?.name ?? '';
		return { [from]: { main: [[{ node: name, type: 'main', index: 0 }]] } };
	});
	return { name: `Test ${randomUUID()}`, nodes, connections: Object.assign({}, ...links) as IConnections };
}

/** Connects one more output, by its number. */
export function link(workflow: WorkflowFile, from: string, output: number, to: string): WorkflowFile {
	const connections = structuredClone(workflow.connections);
	const main = [...(connections[from]?.main ?? [])];
	while (main.length <= output) main.push([]);
	main[output] = [...(main[output] ?? []), { node: to, type: 'main', index: 0 }];
	connections[from] = { main };
	return { ...workflow, connections };
}

export const manual: Part = { name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, parameters: {} };

/** Gives out one item a round at its second output, and what came back at its first one in the end. */
export const loop: Part = {
	name: 'Loop',
	type: 'n8n-nodes-base.splitInBatches',
	typeVersion: 3,
	parameters: { options: {} },
};

/** A trigger for production runs. */
export function webhook(): Part {
	const path = randomUUID();
	const parameters = { httpMethod: 'POST', path, responseMode: 'onReceived', options: {} };
	return { name: 'Start', type: 'n8n-nodes-base.webhook', typeVersion: 2, parameters, webhookId: path };
}

/** Two nodes that put out these items. */
export function items(...list: IDataObject[]): Part[] {
	return [
		{
			name: 'List',
			type: 'n8n-nodes-base.set',
			typeVersion: 3.4,
			parameters: { mode: 'raw', jsonOutput: JSON.stringify({ list }), options: {} },
		},
		{
			name: 'Items',
			type: 'n8n-nodes-base.splitOut',
			typeVersion: 1,
			parameters: { fieldToSplitOut: 'list', options: {} },
		},
	];
}

/** Items with these prompts, each with a number of its own. */
export function prompts(...list: string[]): Part[] {
	return items(...list.map((prompt, number) => ({ prompt, number })));
}

type NodeSettings = Partial<Pick<INode, 'onError' | 'retryOnFail' | 'maxTries' | 'waitBetweenTries'>>;

/** A Runway node named `Runway` unless `name` says otherwise. */
export function runway(parameters: INodeParameters, settings: NodeSettings & { name?: string } = {}): Part {
	return {
		name: 'Runway',
		type: RUNWAY_TYPE,
		typeVersion: 1,
		parameters: { resource: 'video', ...parameters },
		credentials: { [CREDENTIAL_TYPE]: { id: null, name: '' } },
		...settings,
	};
}

/** Image to Video (an official route) with the prompt of each item. */
export function imageToVideo(parameters: INodeParameters = {}, settings?: Parameters<typeof runway>[1]): Part {
	const common = {
		operation: 'imageToVideo',
		imageUrl: 'https://media.example/pier.jpg',
		ratio: '1280:720',
		prompt: '={{ $json.prompt }}',
	};
	return runway({ ...common, ...parameters }, settings);
}

/** Text to Video (a compatibility route) with the prompt of each item. */
export function textToVideo(parameters: INodeParameters = {}, settings?: Parameters<typeof runway>[1]): Part {
	return runway({ operation: 'generateFromText', prompt: '={{ $json.prompt }}', ...parameters }, settings);
}

/** Sleeps until it is called. */
export const nap: Part = {
	name: 'Nap',
	type: 'n8n-nodes-base.wait',
	typeVersion: 1.1,
	parameters: { resume: 'webhook', httpMethod: 'POST', options: {} },
	webhookId: randomUUID(),
};

/** Wakes {@link nap} up once the execution sleeps, by the address that a Text to Video before it told CometAPI, but for its end. */
export async function wakeUp({ api }: Place): Promise<void> {
	const address = () => (api.creates.at(-1)?.body as { callback_url?: string } | undefined)?.callback_url ?? '';
	await until(() => address() !== '', 'the task is created');
	const [url = '', query = ''] = address().split('/runway');
	await until(async () => (await fetch(url + query, { method: 'POST' })).ok, 'the execution is woken up');
}

export function noOp(name: string): Part {
	return { name, type: 'n8n-nodes-base.noOp', typeVersion: 1, parameters: {} };
}

/** The node setting Retry On Fail, impatient. */
export const RETRY = { retryOnFail: true, maxTries: 3, waitBetweenTries: 100 } as const;

/** What the creates asked for, in the order of their arrival. */
export function createdPrompts({ creates }: StandIn): string[] {
	return creates.map(({ body }) => {
		const { promptText, prompt } = body as { promptText?: string; prompt?: string };
		return promptText ?? prompt ?? '';
	});
}

/** The execution's custom data, in which the node leaves the ids of its tasks. */
export function customDataOf(execution: Execution): Record<string, string> {
	return execution.customData ?? execution.data.resultData?.metadata ?? {};
}

/** All ids that the execution's custom data names. */
export function notedIds(execution: Execution): string[] {
	return Object.entries(customDataOf(execution)).flatMap(([key, value]) =>
		key.startsWith('Runway_task_IDs') ? value.split(', ') : [],
	);
}

/** The execution once n8n has saved its custom data, which it does a moment after it has ended. */
export async function withCustomData({ n8n }: Pick<Place, 'n8n'>, { id }: Execution): Promise<Execution> {
	return await n8n.waitForExecution(id, { until: (execution) => notedIds(execution).length > 0 });
}

/** The hints that a node left after its last run, as one text. */
export function hintsOf(execution: Execution, node = 'Runway'): string {
	const hints = execution.data.resultData?.runData[node]?.at(-1)?.hints ?? [];
	return hints.map(({ message }) => message).join('\n');
}

/** An error with its description, as users see it. */
export function textOf(error: { message: string; description?: string | null } | undefined): string {
	return error === undefined ? '' : `${error.message} ${error.description ?? ''}`;
}
