import type { IDataObject, IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';

import { isObject } from '../../shared/task/json';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import { pauseBefore } from '../../shared/wake/readBack';
import type { Known } from './known';

/**
 * Calls to a sleeping execution at its own address, as CometAPI makes them. n8n answers them with its own knowledge of the
 * execution: it refuses them while it saves the sleep, and after a wake-up, also by another process, Stop or the time limit.
 */

type Context = IExecuteFunctions | IWebhookFunctions;

/** Executions that this process calls. */
let followed = 0;
const MAX_FOLLOWED = 200;
/** The pauses between calls: about 4, 8, 16 and 30 s, then always 30 s. */
const PAUSES_BEGIN_WITH = 3;
const LONGEST_PAUSE_MS = 30_000;
const ANSWER_TIMEOUT_MS = 10_000;
/** After this many calls in a row that did not reach n8n, it stops calling. */
const MAX_MISSES = 2;

/** What n8n says of the execution. While it runs, it may be about to sleep; once it has ended, it never sleeps again. */
type State = 'asleep' | 'running' | 'ended';

/**
 * Calls the execution from time to time, until it is awake or {@link Known.followedUntil} is over. Each call claims no end, so it
 * costs one read and starts nothing; nothing of n8n's is held between two calls. Never throws.
 * @param url the execution's own address
 * @param taskId one of its tasks
 */
export async function follow(
	context: Context,
	known: Known,
	{ url, taskId }: { url: string; taskId: string },
): Promise<void> {
	if (known.isFollowed || followed >= MAX_FOLLOWED) return;
	let misses = 0;
	known.isFollowed = true;
	followed += 1;
	try {
		for (let calls = 0; ; calls += 1) {
			const pause = pauseBefore(PAUSES_BEGIN_WITH + calls, LONGEST_PAUSE_MS);
			if (Date.now() + pause > known.followedUntil) return;
			await pauseUnlessAborted(pause, systemClock);
			if (known.wokenAt > 0) return;
			const state = await call(context, url, { task_id: taskId, status: 'RUNNING' });
			if (state === 'ended') return;
			misses = state === null ? misses + 1 : 0;
			if (misses < MAX_MISSES) continue;
			context.logger.info('n8n could not call its own address, so a sleeping execution waits for the next callback');
			return;
		}
	} finally {
		followed -= 1;
		known.isFollowed = false;
	}
}

/** Whether the execution still sleeps, according to n8n; null if the call did not reach n8n. */
export async function isStillAsleep(context: Context, url: string): Promise<boolean | null> {
	const state = await call(context, url, { task_id: 'none' });
	return state && state === 'asleep';
}

async function call({ helpers }: Context, url: string, body: IDataObject): Promise<State | null> {
	try {
		const { statusCode, body: answer } = (await helpers.httpRequest({
			url,
			method: 'POST',
			body,
			json: true,
			timeout: ANSWER_TIMEOUT_MS,
			disableFollowRedirect: true,
			ignoreHttpStatusErrors: true,
			returnFullResponse: true,
		})) as { statusCode: number; body: unknown };
		if (statusCode < 300) return 'asleep';
		const message = isObject(answer) ? String(answer.message) : '';
		// All other refusals are a proxy's.
		if (!/execution|webhook/i.test(message)) return null;
		if (statusCode === 404) return 'ended';
		return statusCode !== 409 ? null : message.includes('finished') ? 'ended' : 'running';
	} catch {
		// The error would name the address, which holds a secret.
		return null;
	}
}
