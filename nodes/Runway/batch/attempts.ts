import type { IExecuteFunctions } from 'n8n-workflow';

import { ownProblem } from '../../shared/api/problem';
import { createTaskReader, type TaskReader } from '../../shared/api/route';
import { backoffDelay } from '../../shared/wait/cadence';
import { pause, systemClock, type Alarm } from '../../shared/wait/pause';
import type { ClientFor } from './clients';
import { hasNextModel, takeNextModel } from './fallback';
import type { CreateJob, Outcome } from './job';
import { noteInCustomData } from './notes';
import { isOfExecution, type Ledger } from './paid';
import type { Rows } from './rows';
import type { Submitter } from './submit';
import type { WatchTask } from './watchTask';

/** What came of a job, before its file is fetched. */
export interface Found {
	outcome: Outcome;
	isReused: boolean;
	/** The reader that found the task, if it was watched. */
	reader: TaskReader | null;
}

interface AttemptsOptions {
	context: IExecuteFunctions;
	clientFor: ClientFor;
	submitter: Submitter;
	watchTask: WatchTask;
	ledger: Ledger;
	rows: Rows;
	/** Tasks that all jobs together may create beyond the first one of each. */
	spareTasks: number;
	isOver: () => boolean;
	/** Rings when the run is over. */
	ended: Alarm;
}

/** The attempts to make the result of a job: its task, and further ones if the user allows them. */
export class Attempts {
	private spareTasks: number;

	constructor(private readonly options: AttemptsOptions) {
		this.spareTasks = options.spareTasks;
	}

	/** Creates and watches until a task succeeds, or there is nothing left to try that the user allows. */
	async create(job: CreateJob): Promise<Found> {
		for (;;) {
			const found = await this.attempt(job);
			if (!(await this.triesAgain(job, found.outcome))) return found;
		}
	}

	private async attempt(job: CreateJob): Promise<Found> {
		const { context, clientFor, submitter, watchTask, ledger } = this.options;
		const { completion, runwayVersion } = job.settings;
		job.attempts = ledger.failures(job) + 1;
		const client = await clientFor(runwayVersion);
		const record = ledger.find(job);
		const isReused = record !== undefined;
		const started = ledger.outcomeOf(job) ?? (await submitter.submit(client, job));
		if (started.kind !== 'created') return { outcome: started, reader: null, isReused };
		const { task } = started;
		if (isReused) noteInCustomData(context, task.taskId);
		const callsBack = !isReused || isOfExecution(record, context.getExecutionId());
		if (completion === 'return' || (completion === 'suspend' && callsBack))
			return { outcome: started, reader: null, isReused };

		const reader = createTaskReader(client, task.taskId, job.operation.api);
		try {
			const outcome = await watchTask(job, reader, task, !isReused);
			// It calls back to an execution that is over, so this one falls asleep only when it has ended.
			if (completion === 'suspend') return { outcome: started, reader: null, isReused };
			// If a new attempt makes sense, the next one may create the task again.
			if (mayPass(outcome)) ledger.failed(job);
			return { outcome, reader, isReused };
		} catch (error) {
			// A fault of our own must not cost the user the id of a paid task.
			const problem = ownProblem('unreadable', error instanceof Error ? error.message : String(error));
			return { outcome: { kind: 'unreadable', task, problem, row: null }, reader, isReused };
		}
	}

	/** Whether the job creates another task: with its next model, or after a temporary failure. Each task is billed. */
	private async triesAgain(job: CreateJob, outcome: Outcome): Promise<boolean> {
		const { rows, ledger, isOver, ended } = this.options;
		if (isOver()) return false;
		if (outcome.kind === 'notCreated' && hasNextModel(job, outcome.problem)) takeNextModel(job);
		else {
			const failures = ledger.failures(job);
			if (!mayPass(outcome) || failures > job.settings.retryFailed || this.spareTasks <= 0) return false;
			this.spareTasks -= 1;
			await pause(pauseBeforeNewTask(outcome, failures), systemClock, ended);
			if (isOver()) return false;
		}
		rows.ended(job, outcome);
		if (outcome.kind === 'failed') await rows.finish([job]);
		await rows.begin([job], ledger.find);
		return true;
	}
}

/** Whether a task has failed for a reason that may be gone if it is created again. */
function mayPass(outcome: Outcome): outcome is Extract<Outcome, { kind: 'failed' }> {
	return outcome.kind === 'failed' && outcome.task.state?.failure?.retryable === true;
}

/** A provider that is unavailable needs longer than a fault inside Runway (fact sheet 4.3). */
function pauseBeforeNewTask({ task }: Extract<Outcome, { kind: 'failed' }>, failures: number): number {
	const isUnavailable = task.state?.failure?.code?.toUpperCase().startsWith('THIRD_PARTY') === true;
	return backoffDelay(failures + (isUnavailable ? 3 : 1), Math.random());
}
