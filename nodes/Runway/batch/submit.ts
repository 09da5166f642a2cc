import type { IExecuteFunctions } from 'n8n-workflow';

import type { CreateOutcome, RunwayClient } from '../../shared/api/client';
import { ownProblem, type Problem } from '../../shared/api/problem';
import { judge, rulings } from '../../shared/judgement/judge';
import type { Reason } from '../../shared/judgement/reason';
import { backoffDelay } from '../../shared/wait/cadence';
import { pause, systemClock, type Alarm } from '../../shared/wait/pause';
import { FaultRow, type Row } from '../../shared/wait/row';
import type { KnownTask } from '../../shared/task/task';
import { hasNextModel, isAboutModel } from './fallback';
import type { CreateJob, Outcome } from './job';
import { noteDoubt, noteTask } from './notes';
import type { Ledger } from './paid';
import type { Rows } from './rows';

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

interface SubmitterOptions {
	context: IExecuteFunctions;
	/** Runs a request when a place among those in flight is free. */
	limit: <T>(request: () => Promise<T>) => Promise<T>;
	ledger: Ledger;
	rows: Rows;
	isOver: () => boolean;
	/** Rings when the run is over. */
	ended: Alarm;
	/** Called with a create that failed for good. */
	onFailure: () => void;
}

/** Creates the tasks of a run. All jobs share the API's requests for quiet. */
export class Submitter {
	/** While the API asks for quiet, nothing is created. Milliseconds since the epoch. */
	private quietUntil = 0;
	/** Refusals that concern all creates, in a row. */
	private readonly commonRow = new FaultRow();
	/** Why the API would refuse all further creates. */
	private refusedForAll: Problem | null = null;

	constructor(private readonly options: SubmitterOptions) {}

	/** Lets no further create be sent: the API would refuse it for the same reason. */
	stop(because: Problem): void {
		this.refusedForAll ??= because;
	}

	/** Creates the task of one job. */
	async submit(client: RunwayClient, job: CreateJob): Promise<Outcome> {
		// Counts from the job's own first refusal: in a large batch its turn alone may come after the time limit.
		let giveUpAt = Number.POSITIVE_INFINITY;
		const row = new FaultRow();
		const attempt: Attempt = {
			add: (reason, sentAt) => row.add(reason, sentAt, systemClock.now()),
			isLate: (until) => {
				giveUpAt = Math.min(giveUpAt, systemClock.now() + job.settings.timeoutMs);
				return until >= giveUpAt;
			},
		};
		for (;;) {
			const sent = await this.options.limit(async () => await this.sendUnlessQuiet(client, job, attempt));
			if (!('againInMs' in sent)) return sent;
			this.options.rows.notSent(job);
			if (this.options.isOver()) return { kind: 'notSent' };
			await pause(sent.againInMs, systemClock, this.options.ended);
		}
	}

	private async sendUnlessQuiet(client: RunwayClient, job: CreateJob, attempt: Attempt): Promise<Outcome | Again> {
		const held = this.reasonToHold();
		if (held !== null) return held;
		if (!(await this.options.rows.sending(job))) return { againInMs: UNTIL_NOTED_MS };
		const body = await this.bodyOf(job);
		// Both take time, and meanwhile another create may have ended the run.
		const heldNow = this.reasonToHold();
		if (heldNow !== null) return heldNow;
		const sentAt = systemClock.now();
		const sent = await client.create(job.operation.path, body);
		switch (sent.kind) {
			case 'created':
				this.commonRow.clear();
				return this.created(job, sent.taskId, sent.state);
			case 'unknown':
				return this.maybeCreated(job, sent.problem, sentAt);
			case 'aborted':
				return this.maybeCreated(job, stoppedOnItsWay, sentAt);
			case 'notCreated':
				return this.notCreated(job, sent, attempt, sentAt);
		}
	}

	private notCreated(
		job: CreateJob,
		{ problem, retryAfterMs }: Extract<CreateOutcome, { kind: 'notCreated' }>,
		attempt: Attempt,
		sentAt: number,
	): Outcome | Again {
		const { reason } = problem;
		const row = attempt.add(reason, sentAt);
		const verdict = judge('create', reason, row);
		if (verdict === 'askAgain') {
			const { answers } = rulings[reason].concernsAll ? this.commonRow.add(reason, sentAt, systemClock.now()) : row;
			const againInMs = Math.max(retryAfterMs ?? 0, backoffDelay(answers, Math.random()));
			if (!rulings[reason].concernsAll) return { againInMs };
			this.quietUntil = Math.max(this.quietUntil, systemClock.now() + againInMs);
			if (!attempt.isLate(this.quietUntil)) return this.afterQuiet();
		}
		if (verdict === 'endRun') this.refusedForAll = problem;
		if (!hasNextModel(job, problem)) this.options.onFailure();
		return { kind: 'notCreated', problem: inTermsOfThePanel(job, problem), remarks: job.remarks };
	}

	private reasonToHold(): Outcome | Again | null {
		if (this.options.isOver()) return { kind: 'notSent' };
		if (this.refusedForAll !== null) return { kind: 'notSent', because: this.refusedForAll };
		return systemClock.now() < this.quietUntil ? this.afterQuiet() : null;
	}

	private afterQuiet(): Again {
		return { againInMs: this.quietUntil - systemClock.now() + Math.random() * SPREAD_AFTER_QUIET_MS };
	}

	private async bodyOf(job: CreateJob): Promise<Record<string, unknown>> {
		const body = job.body();
		body.catch(() => this.options.onFailure());
		return await body;
	}

	private created(job: CreateJob, taskId: string, state: KnownTask['state']): Outcome {
		const createdAt = new Date(systemClock.now()).toISOString();
		const task: KnownTask = { taskId, api: job.operation.api, state, createdAt };
		this.options.ledger.created(job, task);
		noteTask(this.options.context, job, task);
		return { kind: 'created', task };
	}

	private maybeCreated(job: CreateJob, problem: Problem, sentAt: number): Outcome {
		this.options.ledger.maybeCreated(job, problem);
		noteDoubt(this.options.context, job, problem);
		this.options.onFailure();
		return { kind: 'maybeCreated', problem, underWay: { from: sentAt, to: systemClock.now() } };
	}
}

const stoppedOnItsWay = ownProblem('network', 'the execution was stopped while the request was on its way');

/** Names what the API refused as the user knows it. */
function inTermsOfThePanel({ model, labelOf }: CreateJob, problem: Problem): Problem {
	const fields = problem.fields.map((field) => ({ ...field, path: labelOf(field.path) }));
	return { ...problem, fields, ...(isAboutModel(problem) && { model }) };
}
