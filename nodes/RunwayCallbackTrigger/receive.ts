import type { IDataObject, INodeExecutionData, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';
import { pLimit } from '../shared/wait/limit';

import { createRunwayClient, type RunwayClient } from '../shared/api/client';
import { explain } from '../shared/api/explain';
import { redact } from '../shared/api/redact';
import { createTaskReader } from '../shared/api/route';
import { createSend } from '../shared/api/transport';
import { deliver } from '../shared/item/deliver';
import { isTerminal, type TaskState } from '../shared/task/task';
import { Told } from '../shared/trigger/told';
import { readNumber, readTriggerSettings, type TriggerSettings } from '../shared/trigger/settings';
import { backoffDelay } from '../shared/wait/cadence';
import { pauseUnlessAborted, systemClock } from '../shared/wait/pause';
import { claimOf, isStale, MAX_BODY_BYTES, type Claim } from './callback';

/**
 * Receives a callback. The sender gets its answer at once, the same whatever comes of it; then the task is read back from
 * CometAPI, and only what that says can start the workflow.
 */

const OPERATION = 'callback';
/** A call that says that a task has ended may come before the API's own record says so. */
const MAX_READS_UNTIL_ENDED = 6;
const MAX_READS_UNTIL_KNOWN = 2;
/** For so long a callback is worth asking again, where the API is out of order. */
const LONGEST_TROUBLE_MS = 10 * 60_000;
const READS_AT_ONCE = 5;
/** Callbacks that this process is looking into at a time; more are refused. */
const MAX_OPEN = 500;
const MAX_TRIGGERS = 1_000;
const MAX_REMEMBERED = 5_000;
/** What goes into the workflow's static data, which n8n saves whole with every change. */
const MAX_SAVED = 300;
export const DEFAULT_MAX_AGE_MINUTES = 60;
const MINUTE_MS = 60_000;

interface CallbackSettings extends TriggerSettings {
	verify: boolean;
	/** 0 = no limit. */
	maxAgeMs: number;
}

/** What this process has told, by trigger. n8n makes a new object of the node for every call. */
const toldBy = new Map<string, Told>();
/** Tasks that are being looked into, with the latest claim that came meanwhile. */
const open = new Map<string, Claim | null>();
const reads = pLimit(READS_AT_ONCE);

/** What came of a callback; for tests in the editor in words. */
type Outcome = { items: INodeExecutionData[] } | { ignored: string };

/** Never throws after it has answered. */
export async function receive(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	if (context.getMode() === 'manual') return await receiveTest(context);
	const claim = isTooLarge(context) ? null : claimOf(context.getBodyData());
	if (isTooLarge(context)) return answer(context, 413, 'too large');
	if (claim === null) return answer(context, 200);
	if (open.size >= MAX_OPEN) return answer(context, 503, 'busy');

	const settings = readSettings(context);
	const told = rememberedBy(context);
	const staticData = context.getWorkflowStaticData('node');
	told.load(staticData.told);
	answer(context, 200);
	if (told.hasEnded(claim.taskId)) {
		save(staticData, told);
		return { noWebhookResponse: true };
	}
	try {
		const outcome = await inTurn(context, settings, told, claim);
		if ('ignored' in outcome) return { noWebhookResponse: true };
		save(staticData, told);
		return { noWebhookResponse: true, workflowData: [outcome.items] };
	} catch (error) {
		const reason = redact(error instanceof Error ? error.message : String(error));
		context.logger.error(`The callback of the Runway task ${claim.taskId} could not be handled: ${reason}`);
		return { noWebhookResponse: true };
	}
}

/** In the editor, the sender is told what came of it, and nothing is remembered. */
async function receiveTest(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const claim = isTooLarge(context) ? null : claimOf(context.getBodyData());
	if (claim === null) return { webhookResponse: { status: 'ignored', reason: 'The body names no task.' } };
	const outcome = await look(context, readSettings(context), new Told(1), claim);
	if ('ignored' in outcome) return { webhookResponse: { status: 'ignored', reason: outcome.ignored } };
	return { webhookResponse: { status: 'started' }, workflowData: [outcome.items] };
}

/** Answers the sender at once; the same for real and forged callbacks. */
function answer(context: IWebhookFunctions, code: number, status = 'received'): IWebhookResponseData {
	const response = context.getResponseObject();
	if (code === 503) response.setHeader('Retry-After', '60');
	response.status(code).json({ status });
	return { noWebhookResponse: true };
}

function isTooLarge(context: IWebhookFunctions): boolean {
	return Number(context.getHeaderData()['content-length'] ?? 0) > MAX_BODY_BYTES;
}

function readSettings(context: IWebhookFunctions): CallbackSettings {
	const settings = readTriggerSettings(context, OPERATION);
	const minutes = readNumber(
		context,
		settings.options,
		'maxAge',
		'Ignore Tasks That Ended Earlier Than (Minutes)',
		DEFAULT_MAX_AGE_MINUTES,
	);
	return {
		...settings,
		verify: context.getNodeParameter('verify', true) !== false,
		maxAgeMs: minutes * MINUTE_MS,
	};
}

function rememberedBy(context: IWebhookFunctions): Told {
	const trigger = `${context.getWorkflow().id} ${context.getNode().id}`;
	const told = toldBy.get(trigger) ?? new Told(MAX_REMEMBERED);
	toldBy.delete(trigger);
	toldBy.set(trigger, told);
	for (const oldest of toldBy.keys()) {
		if (toldBy.size <= MAX_TRIGGERS) break;
		toldBy.delete(oldest);
	}
	return told;
}

/** A new object at the top level is what n8n notices. */
function save(staticData: IDataObject, told: Told): void {
	const { ended, stages } = told.toJSON();
	const newest = Object.entries(stages).slice(-MAX_SAVED);
	staticData.told = { ended: ended.slice(-MAX_SAVED), stages: Object.fromEntries(newest) };
}

/** One look at a task at a time: of what comes meanwhile, the latest is looked into afterwards. */
async function inTurn(
	context: IWebhookFunctions,
	settings: CallbackSettings,
	told: Told,
	claim: Claim,
): Promise<Outcome> {
	const key = `${context.getWorkflow().id} ${context.getNode().id} ${claim.taskId}`;
	const next = open.get(key);
	if (next !== undefined) {
		if (next === null || !isTerminal(next.state.status)) open.set(key, claim);
		return { ignored: 'The task is being looked into.' };
	}
	open.set(key, null);
	try {
		for (let current: Claim | null = claim; ;) {
			const outcome: Outcome = await look(context, settings, told, current);
			current = open.get(key) ?? null;
			if ('items' in outcome || current === null) return outcome;
			open.set(key, null);
		}
	} finally {
		open.delete(key);
	}
}

/** Looks into a claim, and makes the item where it is news that is wanted. */
async function look(
	context: IWebhookFunctions,
	settings: CallbackSettings,
	told: Told,
	claim: Claim,
): Promise<Outcome> {
	const { taskId } = claim;
	const saysEnded = isTerminal(claim.state.status);
	if (!saysEnded && !settings.events.has('progressed')) return { ignored: 'The task goes on, by its own account.' };

	const send = settings.verify ? await createSend(context) : null;
	const client = send && createRunwayClient(send, { runwayVersion: settings.runwayVersion });
	const state = client === null ? claim.state : await readBack(context, client, claim);
	if (state === null) return { ignored: 'CometAPI does not confirm it.' };
	const event = told.news(taskId, state);
	if (event === null) return { ignored: 'This was told before.' };
	if (isStale(state, Date.now(), settings.maxAgeMs)) return { ignored: 'The task ended too long ago.' };

	// Noted before the file is fetched, so that a doubled callback does not fetch it, too.
	told.note(taskId, state);
	if (!settings.events.has(event)) return { ignored: `The event "${event}" is not wanted.` };
	const task = { taskId, api: 'compatibility', state, createdAt: null } as const;
	const reader =
		client === null
			? { read: async () => ({ kind: 'notVisible' }) as const, api: task.api }
			: createTaskReader(client, taskId, task.api);
	return { items: [(await deliver(context, settings.wish, task, reader)).item] };
}

/**
 * What CometAPI says of the task, or null where it does not know it or can't be asked. Callbacks exist in the compatibility
 * format only (fact sheet 5), so only its route is asked.
 */
async function readBack(context: IWebhookFunctions, client: RunwayClient, claim: Claim): Promise<TaskState | null> {
	const { taskId } = claim;
	const mostReads = isTerminal(claim.state.status) ? MAX_READS_UNTIL_ENDED : 1;
	const givesUpAt = Date.now() + LONGEST_TROUBLE_MS;
	let last: TaskState | null = null;
	let answers = 0;
	for (let tries = 1; ; tries += 1) {
		const read = await reads(async () => await client.read(taskId, 'compatibility'));
		if (read.kind === 'task') {
			last = read.state;
			answers += 1;
			if (isTerminal(last.status) || answers >= mostReads) return last;
		} else if (read.kind === 'notVisible') {
			answers += 1;
			if (last === null && answers >= MAX_READS_UNTIL_KNOWN) return null;
		} else if (read.kind === 'refused' || read.kind === 'aborted' || Date.now() >= givesUpAt) {
			if (read.kind !== 'aborted') {
				const { message, advice } = explain(read.problem);
				context.logger.error(
					`A callback of the Runway task ${taskId} could not be verified, so it started nothing. ${message} ${advice}`,
				);
			}
			return null;
		}
		const pauseMs = read.kind === 'passing' ? (read.retryAfterMs ?? 0) : 0;
		await pauseUnlessAborted(Math.max(pauseMs, backoffDelay(Math.min(tries, 5), Math.random())), systemClock);
	}
}
