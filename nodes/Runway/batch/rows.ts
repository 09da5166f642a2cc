import { randomUUID } from 'node:crypto';

import type { IExecuteFunctions } from 'n8n-workflow';

import { credentialIdOf } from '../../shared/api/credential';
import { explain } from '../../shared/api/explain';
import type { Problem } from '../../shared/api/problem';
import { endInRow, failureInWords } from '../../shared/register/end';
import type { Register } from '../../shared/register/register';
import type { TaskRow } from '../../shared/register/row';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import { taskOf, type CreateJob, type Job, type Outcome, type TaskJob } from './job';
import { newRow, placeOf, rowsOf, type PlaceOfRun } from './jobRows';
import type { PaidRecord } from './paid';
import type { RunLimits } from './settings';

/** Nobody waits longer for the register when a run ends. */
const LONGEST_FINISH_MS = 2_000;
/**
 * A row that wrongly says "not sent" after a crash would let a retry pay twice, and so would a second create for a job that has
 * no row beside that of the first. So if the register fails in the middle of a run, these creates wait for it, this long in all.
 */
const LONGEST_HOLD_MS = 30_000;
/**
 * Rows may say "sending" this many times Requests in Parallel ahead of their turn: n8n takes longer to write them than the
 * requests take. A crash leaves the outcome of these requests unknown, so there are no more of them than that needs.
 */
const AHEAD = 4;

/**
 * What this run of the node writes into the register of tasks, if there is one: a row for each request before it is sent, then
 * what becomes of it. Rows of requests whose turn has not come say so, so that a retry after a crash knows what certainly was not
 * sent.
 */
export class Rows {
	private readonly requestIds = new Map<Job, string>();
	/** Jobs whose row is there to say that nothing has been sent yet. */
	private readonly unsent = new Set<Job>();
	/** Jobs whose rows say `notSent`, in the order of their turns. */
	private readonly waiting = new Set<CreateJob>();
	/** Jobs whose rows say `sending` before it is their turn. */
	private readonly ahead = new Set<CreateJob>();
	/** Jobs that a retry after a crash would take for not sent: their rows say so, or only tell of an earlier attempt. */
	private readonly unmarked = new Set<CreateJob>();
	/** Jobs that have a row in the table: a retry after a crash takes it for all that was sent. */
	private readonly vouched = new Set<CreateJob>();
	private limits: RunLimits = { maxParallel: 1, maxTasksInProgress: 0 };
	private holdsUntil: number | null = null;
	/** Whose rows Task → Wait has taken over, with the executions that it has them from. */
	private readonly owners = new Map<Job, string>();
	private lookingUp: Promise<void> = Promise.resolve();

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly register: Register | null,
	) {}

	/**
	 * Writes the rows of new requests, and records which tasks of earlier attempts this execution reuses. Waits two
	 * seconds at most.
	 * @param recordOf the record of an earlier attempt for a job
	 */
	async begin(jobs: readonly Job[], recordOf: (job: CreateJob) => PaidRecord | undefined): Promise<void> {
		if (this.register === null) return;
		const place = placeOf(this.context);
		this.limits = jobs[0]?.settings.limits ?? this.limits;
		const fresh: CreateJob[] = [];
		for (const job of jobs) {
			if (job.kind !== 'create') continue;
			const record = recordOf(job);
			if (record === undefined) fresh.push(job);
			else if (record.requestId !== undefined) {
				this.requestIds.set(job, record.requestId);
				this.vouched.add(job);
				this.change(job, { executionId: place.executionId });
			}
		}
		const looks = jobs.filter((job) => job.kind === 'task');
		if (looks.length > 0) this.lookingUp = this.lookUp(this.register, looks);
		if (fresh.length > 0) await this.addRows(this.register, fresh, place);
	}

	/** The number of a job's row; undefined if it has none. */
	requestIdOf(job: Job): string | undefined {
		return this.requestIds.get(job);
	}

	/**
	 * Lets the row say that the request may be on its way. Call this before the request is sent.
	 * @returns false if the request must not be sent yet, since the row may still say that it was not
	 */
	async sending(job: CreateJob): Promise<boolean> {
		this.mark(job);
		if (!this.unmarked.has(job)) return true;
		const isMarked = await this.register?.settle([this.requestIds.get(job) ?? '']);
		if (isMarked) this.unmarked.delete(job);
		else this.holdsUntil ??= systemClock.now() + LONGEST_HOLD_MS;
		return isMarked === true || systemClock.now() >= (this.holdsUntil ?? 0);
	}

	/** Notes that the request waits for another turn, and that certainly nothing has been created so far. */
	notSent(job: CreateJob): void {
		if (!this.unsent.has(job) || this.waiting.has(job) || this.register?.fault !== null) return;
		this.change(job, { status: 'notSent' });
		this.waiting.add(job);
		this.unmarked.add(job);
	}

	created(job: CreateJob, taskId: string): void {
		this.unsent.delete(job);
		this.change(job, { taskId, status: 'created' });
	}

	maybeCreated(job: CreateJob, problem: Problem): void {
		this.unsent.delete(job);
		this.change(job, { status: 'unknown', failure: failureInWords(explain(problem, 'create').message) });
	}

	/** Notes how a job has ended. */
	ended(job: Job, outcome: Outcome): void {
		if (job.kind === 'create') this.ahead.delete(job);
		const task = taskOf(outcome);
		if (task === null && this.unsent.delete(job)) {
			const why =
				outcome.kind === 'notCreated' ? explain(outcome.problem, 'create').message : 'The request was not sent.';
			this.change(job, { status: 'notCreated', failure: failureInWords(why), endedTime: new Date().toISOString() });
		}
		// The rows of tasks that are only looked at may come after their state.
		const state = task?.state;
		if (state) void this.lookingUp.then(() => this.change(job, endInRow(state) ?? {}));
	}

	/** Records that the results of these jobs are delivered. Waits until everything is written, two seconds at most. */
	async finish(passedOn: readonly Job[]): Promise<void> {
		if (this.register === null) return;
		const { register } = this;
		const isWritten = this.lookingUp.then(async () => {
			const executionId = this.context.getExecutionId();
			for (const job of passedOn) this.change(job, { delivered: true, ...(job.kind === 'task' && { executionId }) });
			for (const [job, owner] of this.owners) if (!passedOn.includes(job)) this.change(job, { executionId: owner });
			await register.settle();
		});
		await Promise.race([isWritten, pauseUnlessAborted(LONGEST_FINISH_MS, systemClock)]);
	}

	private change(job: Job, changes: Partial<TaskRow>): void {
		const requestId = this.requestIds.get(job);
		if (requestId !== undefined) this.register?.change(requestId, changes);
	}

	/** Lets the row of a job whose turn has come say `sending`, and those of the next ones. */
	private mark(job: CreateJob): void {
		const { ahead, waiting } = this;
		const { maxParallel, maxTasksInProgress } = this.limits;
		ahead.delete(job);
		const isDue = waiting.delete(job);
		// Those that wait until other tasks have ended don't follow at once.
		const mostAhead = maxTasksInProgress > 0 ? 0 : AHEAD * maxParallel;
		const isLow = ahead.size <= mostAhead / 2;
		const next = isLow ? [...waiting].slice(0, mostAhead - ahead.size) : [];
		for (const one of isDue ? [job, ...next] : next) this.change(one, { status: 'sending' });
		next.forEach((one) => waiting.delete(one) && ahead.add(one));
		if (next.length > 0) void this.register?.settle(next.map((one) => this.requestIds.get(one) ?? ''));
	}

	/** Writes the rows of new requests: those that go out at once first, as only these have to be there now. */
	private async addRows(register: Register, jobs: readonly CreateJob[], place: PlaceOfRun): Promise<void> {
		const { maxParallel, maxTasksInProgress } = this.limits;
		const atOnce = Math.min(AHEAD * maxParallel, maxTasksInProgress || Number.POSITIVE_INFINITY);
		const rows = jobs.map((job) => {
			const requestId = randomUUID();
			this.requestIds.set(job, requestId);
			this.unsent.add(job);
			return newRow(job, requestId, place);
		});
		const isPrompt = await register.add(rows.slice(0, atOnce));
		const later = rows.slice(atOnce);
		if (!isPrompt) {
			jobs.filter((job) => this.vouched.has(job)).forEach((job) => this.unmarked.add(job));
			// If the register is in trouble and gets this late, it must still be true by then.
			return void register.add(later);
		}
		jobs.forEach((job) => this.vouched.add(job));
		jobs.slice(0, atOnce).forEach((job) => this.ahead.add(job));
		jobs.slice(atOnce).forEach((job) => this.waiting.add(job) && this.unmarked.add(job));
		void register.add(later.map((row) => ({ ...row, status: 'notSent' })));
	}

	/** Finds the rows of existing tasks while the node reads the tasks, and takes over those that it waits for. */
	private async lookUp(register: Register, jobs: readonly TaskJob[]): Promise<void> {
		const rows = await rowsOf(register, credentialIdOf(this.context), jobs);
		const executionId = this.context.getExecutionId();
		for (const job of jobs) {
			const row = rows.get(job.taskId);
			if (row === undefined) continue;
			this.requestIds.set(job, row.requestId);
			// Otherwise a trigger for undelivered tasks would deliver it meanwhile.
			if (!job.operation.waits || row.delivered || row.executionId === executionId) continue;
			this.owners.set(job, row.executionId);
			this.change(job, { executionId });
		}
	}
}
