import { randomUUID } from 'node:crypto';

import type { INodeExecutionData, INodeParameters } from 'n8n-workflow';

import { binaryOf, type Execution, isEnded, isQueueMode, type N8nClient, outputOf } from '../../support/n8n';
import type { StandIn } from '../../support/standin';
import { chain, noOp, type Part, pause, type Place, until } from './place';

/** What tests of both triggers have in common. */

const PACKAGE = 'n8n-nodes-cometapi-runway';
const CREDENTIALS = { cometApiRunwayApi: { id: null, name: '' } };
const CREATE = {
	compatibility: '/runway/pro/generate',
	official: '/runwayml/v1/image_to_video',
} as const;

/**
 * n8n refuses intervals below a minute, but not twelve of them. A poll must be over before the next one: n8n 2.41 takes
 * the means to read expressions away from the earlier one.
 */
export function everySeconds(seconds: number): INodeParameters[] {
	return Array.from({ length: 60 / seconds }, (_, index) => ({
		mode: 'custom',
		cronExpression: `${index * seconds} * * * * *`,
	}));
}

/** Long enough for two polls. */
const TWO_POLLS_MS = 11_000;
/** For items that only a later poll brings. */
const LATER_POLLS_MS = 300_000;

/** The environment of an n8n 2.41 that saves what a poll remembers together with the executions that the poll starts. */
export const DURABLE_CURSORS = {
	N8N_SCHEDULER_ENABLED: 'true',
	N8N_SCHEDULER_POLL_TRIGGERS_ENABLED: 'true',
	N8N_USE_WORKFLOW_PUBLICATION_SERVICE: 'true',
	N8N_POLLER_DURABLE_CURSORS_ENABLED: 'true',
};

/** A polling trigger named `Trigger`. */
export function pollTrigger(parameters: INodeParameters): Part {
	return {
		name: 'Trigger',
		type: `${PACKAGE}.runwayTrigger`,
		typeVersion: 1,
		parameters: { pollTimes: { item: everySeconds(5) }, ...parameters } as INodeParameters,
		credentials: CREDENTIALS,
	};
}

/** A callback trigger named `Trigger`, with an address of its own. */
export function callbackTrigger(parameters: INodeParameters = {}): Part & { webhookId: string } {
	return {
		name: 'Trigger',
		type: `${PACKAGE}.runwayCallbackTrigger`,
		typeVersion: 1,
		parameters,
		credentials: CREDENTIALS,
		webhookId: randomUUID(),
	};
}

/** A node that reads the item's file: its SHA-256 in `digest`. */
export const digest: Part = {
	name: 'Digest',
	type: 'n8n-nodes-base.crypto',
	typeVersion: 1,
	parameters: {
		action: 'hash',
		type: 'SHA256',
		binaryData: true,
		binaryPropertyName: 'data',
		dataPropertyName: 'digest',
	},
};

/**
 * The file of a trigger's item can be opened in the editor. In queue mode n8n 2 keeps files in its database, where it
 * does not note which workflow a trigger's file belongs to, and so shows it to nobody; later nodes can read it.
 */
export async function expectOpens(n8n: N8nClient, item: INodeExecutionData | undefined, file: Buffer): Promise<void> {
	const opened = n8n.download(binaryOf(item));
	if (isQueueMode()) await expect(opened).rejects.toThrow(/404/);
	else expect((await opened).equals(file)).toBe(true);
}

/** Creates a task at the stand-in, as another client would, and returns its id. */
export async function create(
	api: StandIn,
	prompt: string,
	{ family = 'compatibility' as keyof typeof CREATE, callbackUrl = 'https://hooks.example.com/x' } = {},
): Promise<string> {
	const image = 'https://img.example.com/a.jpg';
	const body =
		family === 'compatibility'
			? { prompt, image, model: 'gen4', callback_url: callbackUrl }
			: { promptText: prompt, promptImage: image, model: 'gen4_turbo', ratio: '1280:720' };
	const response = await fetch(`${api.url}${CREATE[family]}`, {
		method: 'POST',
		headers: {
			authorization: `Bearer ${api.apiKey}`,
			'content-type': 'application/json',
			'x-runway-version': '2024-11-06',
		},
		body: JSON.stringify(body),
	});
	const { id, data } = (await response.json()) as { id?: string; data?: { task_id?: string } };
	const taskId = id ?? data?.task_id;
	if (taskId === undefined) throw new Error(`The stand-in made no task (HTTP ${response.status})`);
	return taskId;
}

/** Executions that have ended, which n8n needn't be asked for again, by n8n and id. */
const ended = new WeakMap<N8nClient, Map<string, Execution>>();

/** Every execution of a workflow, the oldest first, once all have ended. */
export async function executionsOf(n8n: N8nClient, workflowId: string): Promise<Execution[]> {
	const known = ended.get(n8n) ?? new Map<string, Execution>();
	ended.set(n8n, known);
	const ids = (await n8n.executionIds(workflowId)).reverse();
	return await Promise.all(
		ids.map(async (id) => {
			const execution = known.get(id) ?? (await n8n.waitForExecution(id, { until: isEnded }));
			known.set(id, execution);
			return execution;
		}),
	);
}

/** Every item that the trigger has started an execution with, the oldest first. */
export async function emitted(n8n: N8nClient, workflowId: string): Promise<INodeExecutionData[]> {
	const executions = await executionsOf(n8n, workflowId);
	return executions.filter(({ status }) => status === 'success').flatMap((execution) => outputOf(execution, 'Trigger'));
}

/** Waits for this many items, and then long enough for one too many to come. */
export async function emittedAtLast(n8n: N8nClient, workflowId: string, count: number): Promise<INodeExecutionData[]> {
	await emits(n8n, workflowId, count);
	await pause(TWO_POLLS_MS);
	return await emitted(n8n, workflowId);
}

/** Waits for this many items. */
export async function emits(n8n: N8nClient, workflowId: string, count: number): Promise<void> {
	const haveCome = async () => (await emitted(n8n, workflowId)).length >= count;
	await until(haveCome, `${count} items have come`, LATER_POLLS_MS);
}

/**
 * Every item that has come once this many have, and a later poll has found one more task: it would have found again what
 * the polls before it did not remember. Without the item of that task.
 *
 * @param marker a task that the trigger watches and that renders for ever; it ends here
 */
export async function emittedBefore(
	{ api, n8n }: Pick<Place, 'api' | 'n8n'>,
	workflowId: string,
	count: number,
	marker: string,
): Promise<INodeExecutionData[]> {
	await emits(n8n, workflowId, count);
	api.finish(marker);
	return await allBut(n8n, workflowId, marker);
}

/** Every item but that of the marker, once that one has come. */
async function allBut(n8n: N8nClient, workflowId: string, marker: string): Promise<INodeExecutionData[]> {
	let items: INodeExecutionData[] = [];
	const hasCome = async () => idsOf((items = await emitted(n8n, workflowId))).includes(marker);
	await until(hasCome, 'the item of the marker has come', LATER_POLLS_MS);
	return items.filter(({ json }) => json.taskId !== marker);
}

export const idsOf = (items: INodeExecutionData[]) => items.map(({ json }) => json.taskId as string);

/** Publishes a workflow. n8n answers before the triggers are live, and before the poll with which it tries them out. */
export async function publish(n8n: N8nClient, workflowId: string): Promise<void> {
	await n8n.activate(workflowId);
	await until(async () => (await n8n.workflow(workflowId)).active, 'the workflow is active');
}

/** What a webhook answered. */
export interface Answer {
	status: number;
	body: string;
}

/** Sends a body as another client would. */
export async function post(url: string, body: unknown, contentType = 'application/json'): Promise<Answer> {
	const content = typeof body === 'string' ? body : JSON.stringify(body);
	const response = await fetch(url, { method: 'POST', headers: { 'content-type': contentType }, body: content });
	return { status: response.status, body: await response.text() };
}

/** A published workflow that begins with a callback trigger. */
export interface Receiver {
	id: string;
	url: string;
}

/** Publishes a workflow that begins with a callback trigger. */
export async function receiver(
	{ n8n, save }: Pick<Place, 'n8n' | 'save'>,
	parameters: INodeParameters = {},
	next: Part = noOp('After'),
): Promise<Receiver> {
	const trigger = callbackTrigger(parameters);
	const id = await save(chain(trigger, next));
	await publish(n8n, id);
	const url = n8n.webhookUrl(`${trigger.webhookId}/runway`);
	await until(async () => (await post(url, {})).status === 200, 'the webhook is registered');
	return { id, url };
}

/**
 * Every item of a callback trigger once this many have come, and a callback that was sent after all others has started an
 * execution: one too many would have started before it. Without the item of that callback.
 */
export async function toldBefore(
	{ api, n8n }: Pick<Place, 'api' | 'n8n'>,
	{ id, url }: Receiver,
	count: number,
): Promise<INodeExecutionData[]> {
	await emits(n8n, id, count);
	const marker = await create(api, 'marker');
	api.finish(marker);
	expect((await post(url, { task_id: marker, status: '3' })).status).toBe(200);
	return await allBut(n8n, id, marker);
}
