import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { pLimit } from '../../shared/wait/limit';

import { createRunwayClient, type ReadOutcome, type RunwayClient } from '../../shared/api/client';
import { ownProblem, type Problem } from '../../shared/api/problem';
import { createTaskReader, type TaskReader } from '../../shared/api/route';
import { createSend } from '../../shared/api/transport';
import { judge, rulings, troubleKind } from '../../shared/judgement/judge';
import { deliver } from '../../shared/item/deliver';
import { isTerminal, type KnownTask, type TaskState } from '../../shared/task/task';
import { backoffDelay } from '../../shared/wait/cadence';
import { Alarm, pause, systemClock } from '../../shared/wait/pause';
import { Watcher, type PollResult } from '../../shared/wait/watch';
import { hasNextModel, takeNextModel } from './fallback';
import { taskOf, type CreateJob, type Job, type Outcome, type TaskJob } from './job';
import { noteInCustomData } from './notes';
import { isOfExecution, takeUp, type Ledger } from './paid';
import type { RunLimits } from './settings';
import { createSubmitter } from './submit';
import { wishOf } from './wish';

/**
 * Second and third phase: creates the missing tasks and watches all tasks at once. Rules that must
 * not regress:
 *
 * 1. A create that an earlier attempt of this run has sent is not sent again: this run reuses its task.
 * 2. Whatever is known about a created task stays in its outcome, however the job ends.
 */

/** A single read waits up to a minute for an API in trouble. */
const ONE_LOOK_MS = 60_000;

export interface RunOptions {
	context: IExecuteFunctions;
	limits: RunLimits;
	/** Whether the other items continue if the task of one could not be created. */
	goOnAfterFailedCreate: boolean;
	ledger: Ledger;
	/** Called whenever a job has ended. */
	onSettled: (job: Job, outcome: Outcome) => void;
	/** Called with the outcome of an attempt, before the job creates another task. */
	onNewAttempt: (job: CreateJob, outcome: Outcome) => Promise<void>;
	/** Tasks that may be created beyond the first one of each job. */
	spareTasks: number;
}

export interface JobResult {
	job: Job;
	outcome: Outcome;
	/** The item to pass on, or null if the outcome is an error. */
	item: INodeExecutionData | null;
	/** Whether the task was found in the ledger and not created now. */
	reattached: boolean;
}

/** An ended job with the reader that found its task. */
interface Ended {
	outcome: Outcome;
	reader: TaskReader | null;
	reattached: boolean;
}

/** Runs all jobs together; the results come in the order of the jobs. Never rejects for what an API does. */
export async function runJobs(jobs: readonly Job[], options: RunOptions): Promise<JobResult[]> {
	const { context, limits, ledger, onSettled } = options;
	let { spareTasks } = options;
	const stopped = context.getExecutionCancelSignal();
	const ending = new AbortController();
	const ended = new Alarm();
	const end = () => {
		ending.abort();
		ended.ring();
	};
	stopped?.addEventListener('abort', end, { once: true });
	if (stopped?.aborted) end();

	const clock = systemClock;
	const requests = pLimit(limits.maxParallel);
	/** Creates wait here for their turn, so that those of a large batch don't delay the first reads. */
	const creates = pLimit(limits.maxParallel);
	const downloads = pLimit(limits.maxParallel);
	const inProgress = pLimit(limits.maxTasksInProgress > 0 ? limits.maxTasksInProgress : Number.POSITIVE_INFINITY);
	const watcher = new Watcher<TaskState, Problem>({
		clock,
		limit: async (request) => await requests(request),
		kindOf: troubleKind,
		signal: ending.signal,
	});
	const clients = new Map<string, Promise<RunwayClient>>();
	/** Ends the run for all items, unless the node is set to continue. */
	const failRun = () => {
		if (!options.goOnAfterFailedCreate) end();
	};
	const submitter = createSubmitter({
		context,
		clock,
		limit: async (request) => await creates(async () => await requests(request)),
		ledger,
		isOver: () => ending.signal.aborted,
		ended,
		onFailure: failRun,
	});

	async function clientFor({ settings: { runwayVersion } }: Job): Promise<RunwayClient> {
		const made =
			clients.get(runwayVersion) ?? createSend(context).then((send) => createRunwayClient(send, { runwayVersion }));
		clients.set(runwayVersion, made);
		return await made;
	}

	/** Creates and watches until a task succeeds, or there is nothing left to try that the user allows. */
	async function runCreate(job: CreateJob): Promise<Ended> {
		for (;;) {
			const ended = await runAttempt(job);
			if (!(await goesOn(job, ended.outcome))) return ended;
		}
	}

	/** Whether the job creates another task: with its next model, or after a temporary failure. Each task is billed. */
	async function goesOn(job: CreateJob, outcome: Outcome): Promise<boolean> {
		if (ending.signal.aborted) return false;
		if (outcome.kind === 'notCreated' && hasNextModel(job, outcome.problem)) takeNextModel(job);
		else {
			const failures = ledger.failures(job);
			if (!mayPass(outcome) || failures > job.settings.retryFailed || spareTasks <= 0) return false;
			spareTasks -= 1;
			await pause(pauseBeforeNewTask(outcome, failures), clock, ended);
			if (ending.signal.aborted) return false;
		}
		await options.onNewAttempt(job, outcome);
		return true;
	}

	async function runAttempt(job: CreateJob): Promise<Ended> {
		job.attempts = ledger.failures(job) + 1;
		const client = await clientFor(job);
		const record = ledger.find(job);
		const started = record === undefined ? await submitter.submit(client, job) : takeUp(job, record);
		const reattached = record !== undefined;
		if (started.kind !== 'ready') return { outcome: started, reader: null, reattached };
		if (reattached) noteInCustomData(context, started.task.taskId);
		const { completion } = job.settings;
		const callsBack = record === undefined || isOfExecution(record, context.getExecutionId());
		if (completion === 'return' || (completion === 'suspend' && callsBack))
			return { outcome: started, reader: null, reattached };

		const reader = createTaskReader(client, started.task.taskId, job.operation.api);
		try {
			const outcome = await watchTask(job, reader, started.task, !reattached);
			// It calls back to an execution that is over, so this one falls asleep only when it has ended.
			if (completion === 'suspend') return { outcome: started, reader: null, reattached };
			// If a new attempt makes sense, the next one may create the task again.
			if (mayPass(outcome)) ledger.failed(job);
			return { outcome, reader, reattached };
		} catch (error) {
			// A fault of our own must not cost the user the id of a paid task.
			const problem = ownProblem('unreadable', error instanceof Error ? error.message : String(error));
			return { outcome: { kind: 'unreadable', task: started.task, problem, row: null }, reader, reattached };
		}
	}

	async function watchTask(job: Job, reader: TaskReader, task: KnownTask, isFresh: boolean): Promise<Outcome> {
		const oneLook = job.kind === 'task' && !job.operation.waits;
		const startedAt = clock.now();
		const found = await watcher.watch({
			poll: async () => {
				const look = toLook(await reader.read());
				// A single read is a wait that ends with the first state it gets.
				return oneLook && look.kind === 'pending'
					? { kind: 'done', value: look.value, tookMs: null, isTypical: false }
					: look;
			},
			renderGroup: job.pace,
			isFresh,
			deadline: startedAt + (oneLook ? Math.min(job.settings.timeoutMs, ONE_LOOK_MS) : job.settings.timeoutMs),
			judge: ({ reason }, row, isSeen) => judge(isSeen ? 'readSeen' : oneLook ? 'lookUp' : 'readNamed', reason, row),
			intervalMs: job.settings.intervalMs,
		});
		const seen = (state: TaskState | null): KnownTask => ({ ...task, api: reader.api, state: state ?? task.state });
		switch (found.kind) {
			case 'done':
				return endedOutcome(job, seen(found.value), found.value);
			case 'timedOut': {
				const { last, trouble } = found;
				// Nobody but the user says that this task exists.
				if (last === null && trouble?.reason === 'notVisible' && task.createdAt === null) {
					return { kind: 'absent', task: seen(null) };
				}
				// The answer to the create is not a reading: the state is unknown now.
				return { kind: 'unfinished', task: { ...seen(last), state: last }, waitedMs: clock.now() - startedAt, trouble };
			}
			case 'gaveUp': {
				const { last, trouble, row } = found;
				// Before the next job gets this one's place: nothing would wait for the task that it creates.
				if (rulings[trouble.reason].concernsAll) submitter.stop(trouble);
				if (trouble.reason === 'notVisible') return { kind: 'absent', task: seen(last) };
				return { kind: 'unreadable', task: seen(last), problem: trouble, row };
			}
			case 'aborted':
				return { kind: 'leftRunning', task: seen(found.last) };
		}
	}

	async function runTask(job: TaskJob): Promise<Ended> {
		const reader = createTaskReader(await clientFor(job), job.taskId, job.api, job.likelyApi);
		const task: KnownTask = { taskId: job.taskId, api: reader.api, state: null, createdAt: null };
		return { outcome: await watchTask(job, reader, task, false), reader, reattached: false };
	}

	async function runToEnd(job: Job): Promise<Ended> {
		try {
			return job.kind === 'create' ? await runCreate(job) : await runTask(job);
		} catch (error) {
			// n8n's own errors, such as a missing credential or a file that can't be read.
			return { outcome: unresolved(job, error as Error), reader: null, reattached: false };
		}
	}

	/** Errors of n8n don't lose what is known about a task either. */
	function unresolved(job: Job, error: Error): Outcome {
		const record = job.kind === 'create' ? ledger.find(job) : undefined;
		if (job.kind !== 'create' || record === undefined) return { kind: 'unresolved', error, task: null };
		const known = takeUp(job, record);
		return known.kind === 'maybeCreated' ? known : { kind: 'unresolved', error, task: taskOf(known) };
	}

	async function runJob(job: Job): Promise<JobResult> {
		const { outcome, reader, reattached } = await inProgress(async () => await runToEnd(job));
		if (endsTheRun(outcome)) failRun();
		const finished = await finish(job, outcome, reader);
		onSettled(job, finished.outcome);
		return { job, ...finished, reattached };
	}

	/** A file is fetched as soon as it is there, while other tasks still render. */
	async function finish(
		job: Job,
		outcome: Outcome,
		reader: TaskReader | null,
	): Promise<Pick<JobResult, 'outcome' | 'item'>> {
		if (!passesOn(job, outcome)) return { outcome, item: null };
		const { task } = outcome;
		const { item, noFile } = await downloads(async () => await deliver(context, wishOf(job), task, reader));
		return noFile !== undefined && job.kind === 'task' && job.operation.file === 'always'
			? { outcome: { kind: 'noFile', task, ...noFile }, item: null }
			: { outcome, item };
	}

	try {
		return await Promise.all(jobs.map(runJob));
	} finally {
		stopped?.removeEventListener('abort', end);
	}
}

/** Whether the task goes to the next node, finished or as the user wants it. */
function passesOn(job: Job, outcome: Outcome): outcome is Extract<Outcome, { kind: 'ready' | 'unfinished' }> {
	return (
		outcome.kind === 'ready' ||
		(outcome.kind === 'unfinished' && job.settings.onTimeout === 'returnTask' && outcome.waitedMs > 0)
	);
}

/** Judges a task's last state by what the job wants of it. */
function endedOutcome(job: Job, task: KnownTask, { status, assetUrls }: TaskState): Outcome {
	const anyStateWillDo = job.kind === 'task' && !job.operation.unfinishedIsError;
	if (anyStateWillDo) return { kind: 'ready', task };
	if (status === 'succeeded') return { kind: assetUrls.length > 0 ? 'ready' : 'noResult', task };
	return isTerminal(status) ? { kind: 'failed', task } : { kind: 'unfinished', task, waitedMs: 0, trouble: null };
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

function toLook(outcome: ReadOutcome): PollResult<TaskState, Problem> {
	switch (outcome.kind) {
		case 'task':
			return isTerminal(outcome.state.status)
				? {
						kind: 'done',
						value: outcome.state,
						tookMs: renderTime(outcome.state),
						isTypical: outcome.state.status === 'succeeded',
					}
				: {
						kind: 'pending',
						value: outcome.state,
						progress: outcome.state.progress,
						beganAt: milliseconds(outcome.state.submittedAt),
					};
		case 'trouble':
			return { kind: 'trouble', trouble: outcome.problem, retryAfterMs: outcome.retryAfterMs };
		case 'aborted':
			return { kind: 'aborted' };
	}
}

/** Milliseconds that the task took by the API's own account. */
function renderTime({ submittedAt, finishedAt }: TaskState): number | null {
	const began = milliseconds(submittedAt);
	const ended = milliseconds(finishedAt);
	return began !== null && ended !== null && ended > began ? ended - began : null;
}

function milliseconds(iso: string | null): number | null {
	return iso === null ? null : Date.parse(iso);
}
