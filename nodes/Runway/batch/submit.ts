import type { IExecuteFunctions } from 'n8n-workflow';

import type { CreateOutcome, RunwayClient } from '../../shared/api/client';
import { ownProblem, type Problem } from '../../shared/api/problem';
import { judge, rulings } from '../../shared/judgement/judge';
import type { Reason } from '../../shared/judgement/reason';
import { backoffDelay } from '../../shared/wait/cadence';
import { pause, type Alarm, type Clock } from '../../shared/wait/pause';
import { FaultRow, type Row } from '../../shared/wait/row';
import type { KnownTask } from '../../shared/task/task';
import { hasNextModel, isAboutModel } from './fallback';
import type { CreateJob, Outcome } from './job';
import { noteDoubt, noteTask } from './notes';
import type { Ledger } from './paid';

/**
 * Creates tasks. Rules that must not regress:
 *
 * 1. A create is resent only if the table of judgement says that nothing can have been created.
 * 2. Once the run has ended, by Stop or by a failure that ends it, no further create is sent. That is
 *    decided before the failed one gives its place among the requests in flight to the next.
 * 3. Every created task is in the ledger before anything else happens to it.
 */

/** Creates are spread over this long when the API's quiet time is over. */
const SPREAD_AFTER_QUIET_MS = 500;
/** How long a create waits before it tries again to change its row in the register. */
const UNTIL_NOTED_MS = 250;

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

/** Sends again after this many milliseconds. */
interface Again {
	againInMs: number;
}

/** The tries to create the task of one job. */
interface Attempt {
	/** Adds a refusal and gives the refusals of its reason in a row. */
	add(reason: Reason, sentAt: number): Row;
	/** Whether waiting until a moment would be too long. */
	isLate(until: number): boolean;
}

/** Creates the tasks of a run. */
export interface Submitter {
	submit(client: RunwayClient, job: CreateJob): Promise<Outcome>;
	/** Lets no further create be sent: the API would refuse it for the same reason. */
	stop(because: Problem): void;
}

/** Makes a submitter that creates the task of one job; all jobs share the API's requests for quiet. */
export function createSubmitter(options: SubmitterOptions): Submitter {
	const { context, clock, limit, ledger, isOver, ended, onFailure } = options;
	/** While the API asks for quiet, nothing is created. Milliseconds since the epoch. */
	let quietUntil = 0;
	/** Refusals that concern all creates, in a row. */
	const commonRow = new FaultRow();
	/** Why the API would refuse all further creates. */
	let refusedForAll: Problem | null = null;

	async function submit(client: RunwayClient, job: CreateJob): Promise<Outcome> {
		// Counts from the job's own first refusal: in a large batch its turn alone may come after the time limit.
		let giveUpAt = Number.POSITIVE_INFINITY;
		const row = new FaultRow();
		const attempt: Attempt = {
			add: (reason, sentAt) => row.add(reason, sentAt, clock.now()),
			isLate: (until) => {
				giveUpAt = Math.min(giveUpAt, clock.now() + job.settings.timeoutMs);
				return until >= giveUpAt;
			},
		};
		for (;;) {
			const sent = await limit(async () => await sendUnlessQuiet(client, job, attempt));
			if (!('againInMs' in sent)) return sent;
			ledger.notSent(job);
			if (isOver()) return { kind: 'notSent' };
			await pause(sent.againInMs, clock, ended);
		}
	}

	async function sendUnlessQuiet(client: RunwayClient, job: CreateJob, attempt: Attempt): Promise<Outcome | Again> {
		const held = reasonToHold();
		if (held !== null) return held;
		if (!(await ledger.sending(job))) return { againInMs: UNTIL_NOTED_MS };
		const body = await bodyOf(job);
		// Both take time, and meanwhile another create may have ended the run.
		const heldNow = reasonToHold();
		if (heldNow !== null) return heldNow;
		const sentAt = clock.now();
		const sent = await client.create(job.operation.path, body);
		switch (sent.kind) {
			case 'created':
				commonRow.clear();
				return created(job, sent.taskId, sent.state);
			case 'unknown':
				return maybeCreated(job, sent.problem, sentAt);
			case 'aborted':
				return maybeCreated(
					job,
					ownProblem('network', 'the execution was stopped while the request was on its way'),
					sentAt,
				);
			case 'notCreated':
				return notCreated(job, sent, attempt, sentAt);
		}
	}

	function notCreated(
		job: CreateJob,
		{ problem, retryAfterMs }: Extract<CreateOutcome, { kind: 'notCreated' }>,
		attempt: Attempt,
		sentAt: number,
	): Outcome | Again {
		const { reason } = problem;
		const row = attempt.add(reason, sentAt);
		const verdict = judge('create', reason, row);
		if (verdict === 'askAgain') {
			const { answers } = rulings[reason].concernsAll ? commonRow.add(reason, sentAt, clock.now()) : row;
			const againInMs = Math.max(retryAfterMs ?? 0, backoffDelay(answers, Math.random()));
			if (!rulings[reason].concernsAll) return { againInMs };
			quietUntil = Math.max(quietUntil, clock.now() + againInMs);
			if (!attempt.isLate(quietUntil)) return afterQuiet();
		}
		if (verdict === 'endRun') refusedForAll = problem;
		if (!hasNextModel(job, problem)) onFailure();
		return { kind: 'notCreated', problem: inTermsOfThePanel(job, problem), remarks: job.remarks };
	}

	function reasonToHold(): Outcome | Again | null {
		if (isOver()) return { kind: 'notSent' };
		if (refusedForAll !== null) return { kind: 'notSent', because: refusedForAll };
		return clock.now() < quietUntil ? afterQuiet() : null;
	}

	function afterQuiet(): Again {
		return { againInMs: quietUntil - clock.now() + Math.random() * SPREAD_AFTER_QUIET_MS };
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

	function maybeCreated(job: CreateJob, problem: Problem, sentAt: number): Outcome {
		ledger.maybeCreated(job, problem);
		noteDoubt(context, job, problem);
		onFailure();
		return { kind: 'maybeCreated', problem, underWay: { from: sentAt, to: clock.now() } };
	}

	return {
		submit,
		stop(because) {
			refusedForAll ??= because;
		},
	};
}

/** Names what the API refused as the user knows it. */
function inTermsOfThePanel({ model, labelOf }: CreateJob, problem: Problem): Problem {
	const fields = problem.fields.map((field) => ({ ...field, path: labelOf(field.path) }));
	return { ...problem, fields, ...(isAboutModel(problem) && { model }) };
}
