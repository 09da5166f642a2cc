import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { explain } from '../shared/api/explain';
import { redact } from '../shared/api/redact';
import { apiError } from '../shared/trigger/errors';
import { isTerminal } from '../shared/task/task';
import { nameOfTrigger } from '../shared/trigger/settings';
import { forgetOldest, EmittedEvents } from '../shared/trigger/emitted';
import { claimOf, keyOf, MAX_BODY_BYTES, type Claim } from '../shared/wake/claim';
import { Turns } from '../shared/wake/turns';
import { verify, type Case, type Outcome } from './verify';
import { readSettings } from './settings';

/**
 * Receives a callback. The sender gets its answer at once, the same whatever comes of it; then the task is read back from
 * CometAPI, and only what that says can start the workflow.
 */

/** How long to keep verifying a callback while the API is down or refuses the key. */
const PATIENCE_MS = 10 * 60_000;
/** In the editor, somebody is waiting. */
const TEST_PATIENCE_MS = 20_000;
/** Callbacks that this process is looking into at a time; more are refused. n8n 2.41 keeps some 12 MB for each open call. */
const MAX_OPEN = 100;
/** From this many on, ids that CometAPI does not know make room: a flood of made-up ones must not keep real ones out. */
const CROWD = MAX_OPEN / 2;
const MAX_TRIGGERS = 1_000;
const MAX_REMEMBERED = 5_000;
/** What goes into the workflow's static data, which n8n saves whole with every change. */
const MAX_SAVED = 300;

/** The events that this process has emitted, by trigger. n8n makes a new object of the node for every call. */
const emittedBy = new Map<string, EmittedEvents>();
const turns = new Turns<Claim>(({ state }) => isTerminal(state.status));
const isCrowded = () => turns.open > CROWD;

/** Never throws after it has answered. */
export async function receive(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	if (context.getMode() === 'manual') return await receiveTest(context);
	if (isTooLarge(context)) return answer(context, 413, 'too large');
	const claim = claimOf(context.getBodyData());
	if (claim === null) return answer(context, 200);
	if (turns.open >= MAX_OPEN) return answer(context, 503, 'busy');

	const settings = readSettings(context);
	const trigger = nameOfTrigger(context);
	const emitted = emittedOf(trigger);
	const staticData = context.getWorkflowStaticData('node');
	emitted.load(staticData.told);
	const opened: Case = { claim, receivedAt: Date.now(), settings, emitted, patienceMs: PATIENCE_MS, isCrowded };
	const done = answer(context, 200);
	try {
		const key = keyOf(claim);
		const outcome = await turns.take(`${trigger} ${key}`, claim, async (latest) => {
			return await verify(context, { ...opened, claim: latest });
		});
		// n8n may lose what the call that starts an execution saves, but not what a repeated one does.
		const isSaved = new EmittedEvents(MAX_SAVED).load(staticData.told).hasEnded(key);
		if (outcome?.kind === 'items' || (emitted.hasEnded(key) && !isSaved)) {
			staticData.told = emitted.toJSON(MAX_SAVED) as unknown as IDataObject;
		}
		if (outcome?.kind === 'items') return { ...done, workflowData: [outcome.items] };
		if (outcome?.kind === 'unanswered') logUnanswered(context, opened, outcome);
	} catch (error) {
		const reason = redact(error instanceof Error ? error.message : String(error));
		context.logger.error(`The callback of the Runway task ${claim.taskId} could not be handled: ${reason}`);
	}
	return done;
}

/** In the editor, the sender gets the result as an answer, and nothing is remembered. */
async function receiveTest(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const claim = isTooLarge(context) ? null : claimOf(context.getBodyData());
	if (claim === null) return answer(context, 200, 'ignored', 'The body names no task.');
	const settings = readSettings(context);
	const emitted = new EmittedEvents(1);
	const outcome = await verify(context, {
		claim,
		receivedAt: Date.now(),
		settings,
		emitted,
		patienceMs: TEST_PATIENCE_MS,
		isCrowded,
	});
	if (outcome.kind === 'unanswered') throw apiError(context, outcome.problem);
	if (outcome.kind === 'ignored') return answer(context, 200, 'ignored', outcome.reason);
	return { ...answer(context, 200, 'started'), workflowData: [outcome.items] };
}

/** Answers the sender, at once and the same for real and forged callbacks. n8n would do so only when the node has ended. */
function answer(context: IWebhookFunctions, code: number, status = 'received', reason?: string): IWebhookResponseData {
	const response = context.getResponseObject();
	if (code === 503) response.setHeader('Retry-After', '60');
	response.status(code).json({ status, reason });
	return { noWebhookResponse: true };
}

function isTooLarge(context: IWebhookFunctions): boolean {
	const { rawBody } = context.getRequestObject() as { rawBody?: Buffer };
	return Number(context.getHeaderData()['content-length'] ?? rawBody?.length ?? 0) > MAX_BODY_BYTES;
}

function emittedOf(trigger: string): EmittedEvents {
	const emitted = emittedBy.get(trigger) ?? new EmittedEvents(MAX_REMEMBERED);
	emittedBy.delete(trigger);
	emittedBy.set(trigger, emitted);
	forgetOldest(emittedBy, MAX_TRIGGERS);
	return emitted;
}

function logUnanswered(
	context: IWebhookFunctions,
	{ claim }: Case,
	{ problem }: Extract<Outcome, { kind: 'unanswered' }>,
): void {
	const { message, advice } = explain(problem, 'read');
	context.logger.error(
		`A callback of the Runway task ${claim.taskId} could not be verified, so it started nothing. ${message} ${advice}`,
	);
}
