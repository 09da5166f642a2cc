import type { INodeExecutionData, IWebhookFunctions } from 'n8n-workflow';

import { createRunwayClient, type ReadOutcome, type RunwayClient } from '../shared/api/client';
import type { Problem } from '../shared/api/problem';
import { createTaskReader, type TaskReader } from '../shared/api/route';
import { createSend } from '../shared/api/transport';
import { deliver } from '../shared/item/deliver';
import { rulings } from '../shared/judgement/judge';
import { isTerminal, type TaskState } from '../shared/task/task';
import type { Told } from '../shared/trigger/told';
import { backoffDelay } from '../shared/wait/cadence';
import { pLimit } from '../shared/wait/limit';
import { pauseUnlessAborted, systemClock } from '../shared/wait/pause';
import { isStale, saysGoingOn, type Claim } from './callback';
import type { CallbackSettings } from './settings';

/** Looks into a callback: asks CometAPI whether it is true, and makes the item where it is news that is wanted. */

/** A call that says that a task has ended may come before the API's own record says so: about two minutes in all. */
const MAX_READS_UNTIL_ENDED = 10;
const MAX_READS_UNTIL_KNOWN = 3;
const READS_AT_ONCE = 5;
/** An n8n that keeps files in memory has to hold them all. */
const FILES_AT_ONCE = 3;
/** Longer pauses between reads grow no more: 16 to 17 seconds. */
const LONGEST_BACKOFF = 5;

const reads = pLimit(READS_AT_ONCE);
const files = pLimit(FILES_AT_ONCE);

/** What came of a callback. */
export type Outcome =
	| { kind: 'items'; items: INodeExecutionData[] }
	/** Nothing starts; the reason is for the user's eyes. */
	| { kind: 'ignored'; reason: string }
	/** CometAPI could not be asked, for as long as it was worth trying. */
	| { kind: 'unanswered'; problem: Problem };

/** A callback, and what it is held against. */
export interface Case {
	claim: Claim;
	/** Milliseconds since the epoch. */
	receivedAt: number;
	settings: CallbackSettings;
	told: Told;
	/** For how long it is worth asking, in milliseconds. */
	patienceMs: number;
}

/** The name under which a task is remembered: a gateway may know its ids in capital letters, too. */
export function keyOf({ taskId }: Claim): string {
	return taskId.toLowerCase();
}

/** Looks into a callback. What it brings counts as told from then on. */
export async function look(context: IWebhookFunctions, opened: Case): Promise<Outcome> {
	const { claim, receivedAt, settings, told } = opened;
	if (told.hasEnded(keyOf(claim))) return ignored('This was told before.');
	if (saysGoingOn(claim) && !settings.events.has('progressed')) return ignored('The task goes on, by its own account.');

	const answer = settings.verify ? await verified(context, opened) : unverified(claim);
	if ('kind' in answer) return answer;
	const { state, reader } = answer;
	const event = told.news(keyOf(claim), state);
	if (event === null) return ignored('This was told before.');
	if (isStale(state, receivedAt, settings.maxAgeMs)) return ignored('The task ended too long ago.');
	if (!settings.events.has(event)) {
		told.note(keyOf(claim), state);
		return ignored(`The event "${event}" is not wanted.`);
	}
	const task = { taskId: claim.taskId, api: reader.api, state, createdAt: null };
	const { item } = await files(async () => await deliver(context, settings.wish, task, reader));
	told.note(keyOf(claim), state);
	return { kind: 'items', items: [item] };
}

function ignored(reason: string): Outcome {
	return { kind: 'ignored', reason };
}

/** A task's state, and what reads it again where its file's URL has expired. */
interface Answer {
	state: TaskState;
	reader: TaskReader;
}

/** Callbacks exist in the compatibility format only (fact sheet 5), so only its route is asked. */
async function verified(context: IWebhookFunctions, opened: Case): Promise<Answer | Outcome> {
	const send = await createSend(context);
	const client = createRunwayClient(send, { runwayVersion: opened.settings.runwayVersion });
	const answer = await readBack(client, opened);
	return 'kind' in answer
		? answer
		: { state: answer, reader: createTaskReader(client, opened.claim.taskId, 'compatibility') };
}

function unverified({ state }: Claim): Answer {
	return { state, reader: { read: async () => ({ kind: 'aborted' }), api: 'compatibility' } };
}

/** What CometAPI says of the task. */
async function readBack(client: RunwayClient, { claim, patienceMs }: Case): Promise<TaskState | Outcome> {
	const { taskId } = claim;
	const mostReads = isTerminal(claim.state.status) ? MAX_READS_UNTIL_ENDED : 1;
	const givesUpAt = Date.now() + patienceMs;
	let last: TaskState | null = null;
	let answers = 0;
	for (let tries = 1; ; tries += 1) {
		const read = await reads(async () => await client.read(taskId, 'compatibility'));
		const isLate = Date.now() >= givesUpAt;
		if (read.kind === 'task') {
			last = read.state;
			answers += 1;
			if (isTerminal(last.status) || answers >= mostReads || isLate) return last;
		} else if (read.kind === 'trouble' && rulings[read.problem.reason].kind === 'absence') {
			answers += 1;
			if (answers >= (last === null ? MAX_READS_UNTIL_KNOWN : mostReads) || isLate) {
				return last ?? ignored('CometAPI does not know the task.');
			}
		} else if (read.kind === 'aborted') {
			return ignored('n8n has stopped it.');
		} else if (isLate || rulings[read.problem.reason].kind === 'refusal') {
			return { kind: 'unanswered', problem: read.problem };
		}
		await pauseUnlessAborted(pauseAfter(read, tries), systemClock);
	}
}

function pauseAfter(read: ReadOutcome, tries: number): number {
	const asked = read.kind === 'trouble' ? (read.retryAfterMs ?? 0) : 0;
	return Math.max(asked, backoffDelay(Math.min(tries, LONGEST_BACKOFF), Math.random()));
}
