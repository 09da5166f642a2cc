import type { IExecuteFunctions } from 'n8n-workflow';

import type { RunwayClient } from '../../shared/api/client';
import type { Problem } from '../../shared/api/problem';
import { backoffDelay } from '../../shared/wait/cadence';
import { pause, type Alarm, type Clock } from '../../shared/wait/pause';
import type { KnownTask } from '../../shared/task/task';
import type { CreateJob, Outcome } from './job';
import { noteDoubt, noteTask, type Ledger } from './paid';

/**
 * Creates tasks. Rules that must not regress:
 *
 * 1. A create is resent only where the client says that nothing can have been created.
 * 2. Once the run has ended, by Stop or by a failure that ends it, no further create is sent. That is
 *    decided before the failed one gives its place among the requests in flight to the next.
 * 3. Every created task is in the ledger before anything else happens to it.
 */

/** Sends of a create that could not reach the API: the first and the repeats. */
const MAX_UNREACHED_SENDS = 3;
/** Creates are spread over this long when the API's quiet time is over. */
const SPREAD_AFTER_QUIET_MS = 500;

export interface SubmitterOptions {
	context: IExecuteFunctions;
	clock: Clock;
	/** Runs a request when a place among those in flight is free. */
	limit: <T>(request: () => Promise<T>) => Promise<T>;
	ledger: Ledger;
	isOver: () => boolean;
	/** Rings when the run is over. */
	ended: Alarm;
	/** Called with a create that failed for good. */
	onFailure: () => void;
}

/** Makes a function that creates the task of one job; all jobs share the API's requests for quiet. */
export function createSubmitter(options: SubmitterOptions) {
	const { context, clock, limit, ledger, isOver, ended, onFailure } = options;
	/** While the API asks for quiet, nothing is created. Milliseconds since the epoch. */
	let quietUntil = 0;
	let refusalsInARow = 0;

	return async function submit(client: RunwayClient, job: CreateJob): Promise<Outcome> {
		// Counts from the job's own first refusal: in a large batch its turn alone may come after the time limit.
		let giveUpAt = Number.POSITIVE_INFINITY;
		const noteRefusal = () => {
			giveUpAt = Math.min(giveUpAt, clock.now() + job.settings.timeoutMs);
			return giveUpAt;
		};
		for (let unreached = 0; ;) {
			const sent = await limit(async () => await sendUnlessQuiet(client, job, noteRefusal, unreached));
			if (sent !== 'again' && sent !== 'unreached') return sent;
			if (isOver()) return { kind: 'notSent' };
			if (sent === 'unreached') unreached += 1;
			const quiet = quietUntil - clock.now();
			const delay =
				sent === 'unreached' ? backoffDelay(unreached, Math.random()) : quiet + Math.random() * SPREAD_AFTER_QUIET_MS;
			await pause(delay, clock, ended);
		}
	};

	async function sendUnlessQuiet(
		client: RunwayClient,
		job: CreateJob,
		noteRefusal: () => number,
		unreached: number,
	): Promise<Outcome | 'again' | 'unreached'> {
		const held = reasonToHold();
		if (held !== null) return held;
		const body = await bodyOf(job);
		// Files take time to read, and meanwhile another create may have ended the run.
		const heldNow = reasonToHold();
		if (heldNow !== null) return heldNow;
		const sent = await client.create(job.operation.path, body);
		switch (sent.kind) {
			case 'created':
				refusalsInARow = 0;
				return created(job, sent.taskId, sent.state);
			case 'unknown':
				return maybeCreated(job, sent.problem);
			case 'aborted':
				return maybeCreated(job, stoppedWhileSending);
			case 'notCreated': {
				const isRefused = sent.problem.reason === 'rateLimit';
				if (sent.resend && isRefused) {
					refusalsInARow += 1;
					const wait = Math.max(sent.retryAfterMs ?? 0, backoffDelay(refusalsInARow, Math.random()));
					quietUntil = Math.max(quietUntil, clock.now() + wait);
					if (quietUntil < noteRefusal()) return 'again';
				} else if (sent.resend && unreached + 1 < MAX_UNREACHED_SENDS) {
					return 'unreached';
				}
				onFailure();
				return { kind: 'notCreated', problem: sent.problem };
			}
		}
	}

	function reasonToHold(): Outcome | 'again' | null {
		if (isOver()) return { kind: 'notSent' };
		return clock.now() < quietUntil ? 'again' : null;
	}

	async function bodyOf(job: CreateJob): Promise<Record<string, unknown>> {
		let isMade = false;
		try {
			const body = await job.body();
			isMade = true;
			return body;
		} finally {
			if (!isMade) onFailure();
		}
	}

	function created(job: CreateJob, taskId: string, state: KnownTask['state']): Outcome {
		const task: KnownTask = {
			taskId,
			api: job.operation.api,
			state,
			createdAt: new Date(clock.now()).toISOString(),
		};
		ledger.created(job, task);
		noteTask(context, job, task);
		return { kind: 'ready', task };
	}

	function maybeCreated(job: CreateJob, problem: Problem): Outcome {
		ledger.maybeCreated(job, problem);
		noteDoubt(context, job);
		onFailure();
		return { kind: 'maybeCreated', problem };
	}
}

const stoppedWhileSending: Problem = {
	reason: 'network',
	message: 'the execution was stopped while the request was on its way',
	status: null,
	code: null,
	requestId: null,
};
