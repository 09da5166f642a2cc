import type { IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';

import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import { pauseBefore } from '../../shared/wake/readBack';
import type { Known } from './sleepers';

/**
 * Calls a sleeping execution at its own address, as CometAPI would. Between two calls nobody holds anything of n8n's, and n8n
 * itself says whether the execution still sleeps: after Stop, the time limit or a wake-up by another process, it does not.
 * The call claims no end, so it costs one look and begins nothing.
 */

export interface Address {
	url: string;
	/** One of its tasks. */
	taskId: string;
}

/** Executions that this process calls. */
let followed = 0;
const MAX_FOLLOWED = 200;
/** The pauses between calls: about 4, 8, 16 and 30 s, then always 30 s. */
const PAUSES_BEGIN_WITH = 3;
const LONGEST_PAUSE_MS = 30_000;
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Calls the execution now and then, until it is awake or {@link Known.followedUntil} is over. Runs beside everything else, and
 * never throws.
 * @param isSaved whether n8n is known to have saved the sleep; until then it refuses calls
 */
export async function follow(
	context: IExecuteFunctions | IWebhookFunctions,
	known: Known,
	{ url, taskId }: Address,
	isSaved: boolean,
): Promise<void> {
	if (known.isFollowed || followed >= MAX_FOLLOWED) return;
	const { logger, helpers } = context;
	let wasAsleep = isSaved;
	known.isFollowed = true;
	followed += 1;
	try {
		for (let calls = 0; ; calls += 1) {
			const pause = pauseBefore(PAUSES_BEGIN_WITH + calls, LONGEST_PAUSE_MS);
			if (Date.now() + pause > known.followedUntil) return;
			await pauseUnlessAborted(pause, systemClock);
			if (known.wokenAt > 0) return;
			const { statusCode } = (await helpers.httpRequest({
				url,
				method: 'POST',
				body: { task_id: taskId, status: 'RUNNING' },
				json: true,
				timeout: ANSWER_TIMEOUT_MS,
				disableFollowRedirect: true,
				ignoreHttpStatusErrors: true,
				returnFullResponse: true,
			})) as { statusCode: number };
			if (statusCode < 300) wasAsleep = true;
			else if (wasAsleep) return;
		}
	} catch {
		// The error would name the address, which holds a secret.
		logger.info('n8n could not call its own address, so a sleeping execution waits for the next callback');
	} finally {
		followed -= 1;
		known.isFollowed = false;
	}
}
