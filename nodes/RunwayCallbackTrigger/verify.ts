import type { INodeExecutionData, IWebhookFunctions } from 'n8n-workflow';

import { createRunwayClient } from '../shared/api/client';
import type { Problem } from '../shared/api/problem';
import { createTaskReader, type TaskReader } from '../shared/api/route';
import { createSend } from '../shared/api/transport';
import { deliver } from '../shared/item/deliver';
import { troubleKind } from '../shared/judgement/judge';
import type { TaskState } from '../shared/task/task';
import type { EmittedEvents } from '../shared/trigger/emitted';
import { pLimit } from '../shared/wait/limit';
import { keyOf, saysGoingOn, type Claim } from '../shared/wake/claim';
import { readBack, READS_UNTIL_ENDED } from '../shared/wake/readBack';
import type { CallbackSettings } from './settings';

/** Verifies a callback: asks CometAPI whether it is true, and makes the item if it reports a new event that the user wants. */

const READS_AT_ONCE = 5;
/** An n8n that keeps files in memory has to hold them all. */
const FILES_AT_ONCE = 3;

const reads = pLimit(READS_AT_ONCE);
const files = pLimit(FILES_AT_ONCE);

/** What came of a callback. */
export type Outcome =
	| { kind: 'items'; items: INodeExecutionData[] }
	/** Nothing starts; the reason is for the user's eyes. */
	| { kind: 'ignored'; reason: string }
	/** CometAPI did not answer for as long as it was worth asking. */
	| { kind: 'unanswered'; problem: Problem };

/** A callback, and what it is checked against. */
export interface Case {
	claim: Claim;
	/** Milliseconds since the epoch. */
	receivedAt: number;
	settings: CallbackSettings;
	emitted: EmittedEvents;
	/** For how long it is worth asking, in milliseconds. */
	patienceMs: number;
	/** Whether too many others wait to spend time on ids that CometAPI does not know. */
	isCrowded: () => boolean;
}

/** Verifies a callback. Its event counts as emitted from then on. */
export async function verify(context: IWebhookFunctions, opened: Case): Promise<Outcome> {
	const { claim, receivedAt, settings, emitted } = opened;
	if (emitted.hasEnded(keyOf(claim))) return ignored('This was told before.');
	if (saysGoingOn(claim) && !settings.events.has('progressed'))
		return ignored('The task is still running, by its own account.');

	const answer = settings.verify ? await verified(context, opened) : unverified(claim);
	if ('kind' in answer) return answer;
	const { state, reader } = answer;
	const event = emitted.newEvent(keyOf(claim), state);
	if (event === null) return ignored('The task is still running, or this was told before.');
	if (isStale(state, receivedAt, settings.maxAgeMs)) return ignored('The task ended too long ago.');
	if (!settings.events.has(event)) {
		emitted.markEmitted(keyOf(claim), state);
		return ignored(`The event "${event}" is not wanted.`);
	}
	const task = { taskId: claim.taskId, api: reader.api, state, createdAt: null };
	const { item } = await files(async () => await deliver(context, settings.output, task, reader));
	emitted.markEmitted(keyOf(claim), state);
	return { kind: 'items', items: [item] };
}

function ignored(reason: string): Outcome {
	return { kind: 'ignored', reason };
}

/** A task's state, and what reads it again if its file's URL has expired. */
interface Answer {
	state: TaskState;
	reader: TaskReader;
}

/** Callbacks exist in the compatibility format only (fact sheet 5), so only its route is asked. */
async function verified(
	context: IWebhookFunctions,
	{ claim, settings, patienceMs, isCrowded }: Case,
): Promise<Answer | Outcome> {
	const client = createRunwayClient(await createSend(context), { runwayVersion: settings.runwayVersion });
	const reader = createTaskReader(client, claim.taskId, 'compatibility');
	const read = await readBack(reader, {
		isOurs: false,
		// What a callback leaves open may be an end, too.
		mostPending: saysGoingOn(claim) ? 1 : READS_UNTIL_ENDED,
		givesUpAt: Date.now() + patienceMs,
		isCrowded,
		limit: reads,
	});
	if (read.kind === 'task') return { state: read.state, reader };
	if (read.kind === 'aborted') return ignored('n8n has stopped it.');
	return troubleKind(read.problem).kind === 'absence' ? ignored('CometAPI does not know the task.') : read;
}

function unverified({ state }: Claim): Answer {
	return { state, reader: { read: async () => ({ kind: 'aborted' }), api: 'compatibility' } };
}

/**
 * Whether a task ended too long ago for a callback of it to be the first one; only if the API says when it ended.
 * @param receivedAt when the callback came, in milliseconds since the epoch
 * @param maxAgeMs 0 for no limit
 */
export function isStale({ finishedAt }: TaskState, receivedAt: number, maxAgeMs: number): boolean {
	return maxAgeMs > 0 && finishedAt !== null && receivedAt - Date.parse(finishedAt) > maxAgeMs;
}
