import type { IExecuteFunctions } from 'n8n-workflow';

import { createTaskReader } from '../../shared/api/route';
import { rulings } from '../../shared/judgement/judge';
import type { Register } from '../../shared/register/register';
import type { KnownTask } from '../../shared/task/task';
import { pLimit } from '../../shared/wait/limit';
import { Alarm } from '../../shared/wait/pause';
import { Attempts, type Found } from './attempts';
import { openClients, type ClientFor } from './clients';
import { progressReporter } from './hints';
import { isPassedOn, makeItem } from './item';
import { isJob, taskOf, type Ending, type Job, type Outcome, type Prepared, type TaskJob } from './job';
import type { Ledger } from './paid';
import type { RecentTasks } from './recent';
import type { Rows } from './rows';
import { spareTasks } from './spending';
import { Submitter } from './submit';
import { continuesAfterErrors } from './tool';
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

class Run {
	private readonly ending = new AbortController();
	private readonly ended = new Alarm();
	private readonly clientFor: ClientFor;
	private readonly watchTask: WatchTask;
	private readonly attempts: Attempts;
	private readonly downloads: ReturnType<typeof pLimit>;
	private readonly inProgress: ReturnType<typeof pLimit>;
	private readonly noteProgress: (outcome: Outcome) => void;

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
		this.clientFor = openClients(context);
		const submitter = new Submitter({
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
		this.watchTask = createTaskWatcher({ limit, signal }, (problem) => submitter.stop(problem));
		this.attempts = new Attempts({
			context,
			clientFor: this.clientFor,
			submitter,
			watchTask: this.watchTask,
			...memory,
			spareTasks: spareTasks(jobs, memory.ledger),
			isOver: () => this.isOver,
			ended: this.ended,
		});
	}

	/** Creates no further task, and waits for none. */
	end(): void {
		this.ending.abort();
		this.ended.ring();
	}

	/** Ends the run for all items, unless the node is set to continue. */
	private fail(): void {
		if (!continuesAfterErrors(this.context)) this.end();
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
			return job.kind === 'create' ? await this.attempts.create(job) : await this.read(job);
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
}

/** A key that is refused is refused for all; what n8n can't resolve needs its user. */
function endsTheRun(outcome: Outcome): boolean {
	return (
		outcome.kind === 'unresolved' || (outcome.kind === 'unreadable' && rulings[outcome.problem.reason].concernsAll)
	);
}
