import type { IExecuteFunctions } from 'n8n-workflow';

import { ownProblem } from '../../shared/api/problem';
import { createTaskReader, type TaskReader } from '../../shared/api/route';
import { rulings } from '../../shared/judgement/judge';
import type { Register } from '../../shared/register/register';
import type { KnownTask } from '../../shared/task/task';
import { backoffDelay } from '../../shared/wait/cadence';
import { pLimit } from '../../shared/wait/limit';
import { Alarm, pause, systemClock } from '../../shared/wait/pause';
import { openClients, type ClientFor } from './clients';
import { hasNextModel, takeNextModel } from './fallback';
import { progressReporter } from './hints';
import { isPassedOn, makeItem } from './item';
import { isJob, taskOf, type CreateJob, type Ending, type Job, type Outcome, type Prepared, type TaskJob } from './job';
import { noteInCustomData } from './notes';
import { isOfExecution, type Ledger } from './paid';
import type { RecentTasks } from './recent';
import type { Rows } from './rows';
import { spareTasks } from './spending';
import { Submitter } from './submit';
import { goesOnAfterErrors } from './tool';
import { createTaskWatcher, type WatchTask } from './watchTask';

/**
 * Second and third phase: creates the missing tasks and watches all tasks at once. Rules that must
 * not regress:
 *
 * 1. A create that an earlier attempt of this run has sent is not sent again: this run reuses its task.
 * 2. Whatever is known about a created task stays in its outcome, however the job ends.
 */

/** What a run keeps of its tasks, and finds of those of other runs. */
export interface RunMemory {
	register: Register | null;
	rows: Rows;
	ledger: Ledger;
	recent: RecentTasks;
}

/** Runs all jobs together; the endings keep the order of what was prepared. Never rejects for what an API does. */
export async function runJobs(
	context: IExecuteFunctions,
	prepared: readonly Prepared[],
	memory: RunMemory,
): Promise<Ending[]> {
	const jobs = prepared.filter(isJob);
	await memory.rows.begin(jobs, memory.ledger.find);
	const run = new Run(context, jobs, memory);
	if (memory.register?.isDown) jobs.forEach(waitHere);
	const stopped = context.getExecutionCancelSignal();
	const end = () => run.end();
	stopped?.addEventListener('abort', end, { once: true });
	if (stopped?.aborted) end();
	try {
		return await Promise.all(prepared.map(async (entry) => (isJob(entry) ? await run.runJob(entry) : entry)));
	} finally {
		stopped?.removeEventListener('abort', end);
	}
}

/** Makes a job wait instead of sleep if nothing would wake it up: the trigger that does so needs the register, which can't be written. */
function waitHere(job: Job): void {
	const isWoken = job.kind === 'task' || job.operation.api === 'compatibility';
	if (!isWoken && job.settings.completion === 'suspend') job.settings = { ...job.settings, completion: 'wait' };
}

/** What came of a job, before its file is fetched. */
interface Found {
	outcome: Outcome;
	isReused: boolean;
	/** The reader that found the task, if it was watched. */
	reader: TaskReader | null;
}

class Run {
	private readonly ending = new AbortController();
	private readonly ended = new Alarm();
	private readonly clientFor: ClientFor;
	private readonly submitter: Submitter;
	private readonly watchTask: WatchTask;
	private readonly downloads: ReturnType<typeof pLimit>;
	private readonly inProgress: ReturnType<typeof pLimit>;
	private readonly noteProgress: (outcome: Outcome) => void;
	/** Tasks that may be created beyond the first one of each job. */
	private spareTasks: number;

	constructor(
		private readonly context: IExecuteFunctions,
		jobs: readonly Job[],
		private readonly memory: RunMemory,
	) {
		const { maxParallel, maxTasksInProgress } = jobs[0]?.settings.limits ?? { maxParallel: 1, maxTasksInProgress: 0 };
		const requests = pLimit(maxParallel);
		/** Creates wait here for their turn, so that those of a large batch don't delay the first reads. */
		const creates = pLimit(maxParallel);
		this.downloads = pLimit(maxParallel);
		this.inProgress = pLimit(maxTasksInProgress || Number.POSITIVE_INFINITY);
		this.noteProgress = progressReporter(context, jobs);
		this.spareTasks = spareTasks(jobs, memory.ledger);
		this.clientFor = openClients(context);
		this.submitter = new Submitter({
			context,
			limit: async (request) => await creates(async () => await requests(request)),
			...memory,
			isOver: () => this.isOver,
			ended: this.ended,
			onFailure: () => this.fail(),
		});
		const { signal } = this.ending;
		const limit = async <T>(request: () => Promise<T>) => await requests(request);
		// Nothing would wait for the tasks that further creates make.
		this.watchTask = createTaskWatcher({ limit, signal }, (problem) => this.submitter.stop(problem));
	}

	/** Creates no further task, and waits for none. */
	end(): void {
		this.ending.abort();
		this.ended.ring();
	}

	/** Ends the run for all items, unless the node is set to continue. */
	private fail(): void {
		if (!goesOnAfterErrors(this.context)) this.end();
	}

	private get isOver(): boolean {
		return this.ending.signal.aborted;
	}

	async runJob(job: Job): Promise<Ending> {
		const { outcome, reader, isReused } = await this.inProgress(async () => await this.find(job));
		if (endsTheRun(outcome)) this.fail();
		// A file is fetched as soon as it is there, while other tasks still render.
		const made = isPassedOn(job, outcome)
			? await this.downloads(async () => await makeItem(this.context, job, outcome, reader))
			: { outcome };
		const { rows, recent } = this.memory;
		rows.ended(job, made.outcome);
		recent.ended(job, made.outcome);
		this.noteProgress(made.outcome);
		return { itemIndex: job.itemIndex, job, isReused, ...made };
	}

	private async find(job: Job): Promise<Found> {
		try {
			return job.kind === 'create' ? await this.create(job) : await this.read(job);
		} catch (error) {
			// n8n's own errors, such as a missing credential or a file that can't be read. What is known of a task stays.
			const known = this.memory.ledger.outcomeOf(job);
			const task = known && taskOf(known);
			const unresolved: Outcome = { kind: 'unresolved', error: error as Error, task };
			return { outcome: known?.kind === 'maybeCreated' ? known : unresolved, reader: null, isReused: false };
		}
	}

	private async read(job: TaskJob): Promise<Found> {
		const { taskId, api, likelyFamily, settings } = job;
		const reader = createTaskReader(await this.clientFor(settings.runwayVersion), taskId, api, likelyFamily);
		const task: KnownTask = { taskId, api: reader.api, state: null, createdAt: null };
		return { outcome: await this.watchTask(job, reader, task, false), reader, isReused: false };
	}

	/** Creates and watches until a task succeeds, or there is nothing left to try that the user allows. */
	private async create(job: CreateJob): Promise<Found> {
		for (;;) {
			const found = await this.attempt(job);
			if (!(await this.startsAnew(job, found.outcome))) return found;
		}
	}

	private async attempt(job: CreateJob): Promise<Found> {
		const { context } = this;
		const { ledger } = this.memory;
		const { completion, runwayVersion } = job.settings;
		job.attempts = ledger.failures(job) + 1;
		const client = await this.clientFor(runwayVersion);
		const record = ledger.find(job);
		const isReused = record !== undefined;
		const started = ledger.outcomeOf(job) ?? (await this.submitter.submit(client, job));
		if (started.kind !== 'created') return { outcome: started, reader: null, isReused };
		const { task } = started;
		if (isReused) noteInCustomData(context, task.taskId);
		const callsBack = !isReused || isOfExecution(record, context.getExecutionId());
		if (completion === 'return' || (completion === 'suspend' && callsBack))
			return { outcome: started, reader: null, isReused };

		const reader = createTaskReader(client, task.taskId, job.operation.api);
		try {
			const outcome = await this.watchTask(job, reader, task, !isReused);
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
	private async startsAnew(job: CreateJob, outcome: Outcome): Promise<boolean> {
		if (this.isOver) return false;
		if (outcome.kind === 'notCreated' && hasNextModel(job, outcome.problem)) takeNextModel(job);
		else {
			const failures = this.memory.ledger.failures(job);
			if (!mayPass(outcome) || failures > job.settings.retryFailed || this.spareTasks <= 0) return false;
			this.spareTasks -= 1;
			await pause(pauseBeforeNewTask(outcome, failures), systemClock, this.ended);
			if (this.isOver) return false;
		}
		const { rows, ledger } = this.memory;
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

/** A key that is refused is refused for all; what n8n can't resolve needs its user. */
function endsTheRun(outcome: Outcome): boolean {
	return (
		outcome.kind === 'unresolved' || (outcome.kind === 'unreadable' && rulings[outcome.problem.reason].concernsAll)
	);
}
