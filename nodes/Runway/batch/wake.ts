import type { INodeExecutionData, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { explain } from '../../shared/api/explain';
import type { Problem } from '../../shared/api/problem';
import { redact } from '../../shared/api/redact';
import { openRegister } from '../../shared/register/register';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import { claimOf, keyOf, saysGoingOn, type Claim } from '../../shared/wake/claim';
import { pauseBefore } from '../../shared/wake/readBack';
import { Turns, type Turn } from '../../shared/wake/turns';
import { openClients } from './clients';
import { follow, isStillAsleep } from './follow';
import { knownOf, type Known } from './known';
import { addressOf, RESUME_PATH } from './resumePath';
import {
	deliverAll,
	findOpen,
	nameOfSleep,
	noteDelivered,
	savedSleepers,
	tasksOf,
	type Sleeper,
	type SleepingTask,
} from './sleepers';

/**
 * The webhook half of `completion: suspend`. Every call gets the same answer at once. Then the tasks are
 * read; when all of them have ended, by CometAPI's own word, the execution wakes up with all items.
 *
 * n8n gives each call the execution as it is at that moment, and n8n 1 resumes from it without reading it again. So a call waits
 * only for a short time, and asks n8n again before it wakes the execution up. After that time, this process calls the
 * execution again from time to time.
 */

/** After this long, n8n is asked whether the execution still is as the call has found it. */
const FRESH_FOR_MS = 1_000;
/** How long a call waits until CometAPI's record says what its callback says. */
const HOLD_MS = 30_000;
/** Calls that may wait at the same time; n8n 2.41 keeps some 12 MB for each. The others read once, and this process calls again. */
const MAX_HELD = 50;
/** The API's own record may lag behind its call, and the calls of two tasks may reach two processes of n8n. */
const FOLLOWED_FOR_MS = 2 * 60_000;
/** While a task can't be read, it may have ended. */
const PATIENCE_MS = 10 * 60_000;
/** However many callbacks come, the tasks of an execution are read no more often. */
const SHORTEST_GAP_MS = 1_000;
/** Until n8n has noted that the execution is awake, a doubled call would fetch all files again. */
const WOKEN_FOR_MS = 30_000;

const turns = new Turns<Claim | null>(mayBeEnd);

/** A body that can't be read claims that anything may have happened. */
function mayBeEnd(claim: Claim | null): boolean {
	return claim === null || !saysGoingOn(claim);
}

/** Handles a call to the address of a sleeping execution. Never throws: n8n would wake it up with an empty item. */
export async function wake(context: IWebhookFunctions): Promise<IWebhookResponseData> {
	const done: IWebhookResponseData = { noWebhookResponse: true };
	try {
		context.getResponseObject().status(200).json({ status: 'received' });
		const items = await receive(context);
		return items === null ? done : { ...done, workflowData: [items] };
	} catch (error) {
		const reason = redact(error instanceof Error ? error.message : String(error));
		context.logger.warn(`A callback could not be handled: ${reason}`);
		return done;
	}
}

/** A sleeping execution. */
interface Sleep {
	sleepers: Sleeper[];
	known: Known;
	address: { url: string; taskId: string };
	/** When the call came that n8n has loaded the execution for. */
	loadedAt: number;
}

async function receive(context: IWebhookFunctions): Promise<INodeExecutionData[] | null> {
	const sleepers = savedSleepers(context);
	const tasks = tasksOf(sleepers);
	const claim = claimOf(context.getBodyData());
	const isOurs = claim === null ? tasks.length > 0 : tasks.some((task) => keyOf(task) === keyOf(claim));
	if (!isOurs) return null;

	const name = nameOfSleep(context, sleepers);
	const known = knownOf(name);
	const sleep: Sleep = {
		sleepers,
		known,
		address: { url: addressOf(context, RESUME_PATH), taskId: tasks[0]?.taskId ?? '' },
		loadedAt: Date.now(),
	};
	if (mayBeEnd(claim)) {
		known.calledAt = Date.now();
		followFor(known, FOLLOWED_FOR_MS);
		known.rows.clear();
		if (claim !== null) known.saidToHaveEnded.add(keyOf(claim));
	}
	let hasFailed = true;
	try {
		const items = await turns.take(name, claim, async (_, turn) => await look(context, sleep, turn));
		hasFailed = false;
		return items;
	} finally {
		if (hasFailed) void follow(context, known, sleep.address);
	}
}

/** The items, if the execution should wake up now. */
async function look(
	context: IWebhookFunctions,
	{ sleepers, known, address, loadedAt }: Sleep,
	turn: Turn<Claim | null>,
): Promise<INodeExecutionData[] | null> {
	await pauseUnlessAborted(known.lookedAt + SHORTEST_GAP_MS - Date.now(), systemClock);
	if (Date.now() - known.wokenAt <= WOKEN_FOR_MS) return null;
	const clientFor = openClients(context);
	const register = await openRegister(context);
	// A call that takes over from one that waits waits for the rest of its time.
	const givesUpAt = turns.open <= MAX_HELD ? known.calledAt + HOLD_MS : 0;
	const options = { givesUpAt, pause: turn.pause.bind(turn), isOver: turn.isOver.bind(turn) };
	for (let looks = 1; ; looks += 1) {
		const open = await findOpen(clientFor, tasksOf(sleepers), known, options);
		if (open === null) break;
		const { task, read } = open;
		if (read.kind === 'unanswered' && read.isFinal) {
			known.followedUntil = 0;
			logUnread(context, task, read.problem, 'its execution sleeps on');
			return null;
		}
		if (read.kind === 'unanswered') followFor(known, PATIENCE_MS);
		if (turn.isOver()) return null;
		const isWorthWaiting = read.kind === 'unanswered' || known.saidToHaveEnded.has(keyOf(task));
		if (!isWorthWaiting || Date.now() >= givesUpAt) {
			if (read.kind === 'unanswered' && !known.isFollowed) {
				logUnread(context, task, read.problem, 'n8n tries again for ten minutes');
			}
			void follow(context, known, address);
			return null;
		}
		await turn.pause(pauseBefore(looks));
	}
	const items = await deliverAll(context, clientFor, sleepers, known);
	const isOutdated = Date.now() - loadedAt > FRESH_FOR_MS && (await isStillAsleep(context, address.url)) === false;
	known.wokenAt = Date.now();
	if (isOutdated) return null;
	// n8n must not wait: the execution may be called, stopped or woken up meanwhile.
	void noteDelivered(register, sleepers, known);
	return items;
}

/** Extends the time in which it is worth reading again after the latest callback that may report an end. */
function followFor(known: Known, milliseconds: number): void {
	known.followedUntil = Math.max(known.followedUntil, known.calledAt + milliseconds);
}

function logUnread({ logger }: IWebhookFunctions, { taskId }: SleepingTask, problem: Problem, then: string): void {
	const { message, advice } = explain(problem, 'read');
	logger.warn(`The Runway task ${taskId} could not be read after a callback, so ${then}. ${message} ${advice}`);
}
