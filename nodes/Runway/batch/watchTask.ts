import type { ReadOutcome } from '../../shared/api/client';
import type { Problem } from '../../shared/api/problem';
import type { TaskReader } from '../../shared/api/route';
import { judge, rulings, troubleKind } from '../../shared/judgement/judge';
import { isTerminal, type KnownTask, type TaskState } from '../../shared/task/task';
import { systemClock } from '../../shared/wait/pause';
import { Watcher, type PollResult, type Watched, type WatchEnd, type WatcherOptions } from '../../shared/wait/watch';
import type { Job, Outcome } from './job';

/** A single read waits up to a minute for an API in trouble. */
const ONE_LOOK_MS = 60_000;

/**
 * Watches a job's task until it has ended, and judges its last state by what the job wants of it.
 * @param isFresh whether this run has created the task
 */
export type WatchTask = (job: Job, reader: TaskReader, task: KnownTask, isFresh: boolean) => Promise<Outcome>;

/**
 * Makes the one watcher of a run.
 * @param onRefusal called with an answer that every request would get, before the next job begins
 */
export function createTaskWatcher(
	options: Pick<WatcherOptions<Problem>, 'limit' | 'signal'>,
	onRefusal: (problem: Problem) => void,
): WatchTask {
	const watcher = new Watcher<TaskState, Problem>({ ...options, clock: systemClock, kindOf: troubleKind });
	return async (job, reader, task, isFresh) => {
		const startedAt = systemClock.now();
		const end = await watcher.watch(watched(job, reader, isFresh, startedAt));
		if (end.kind === 'gaveUp' && rulings[end.trouble.reason].concernsAll) onRefusal(end.trouble);
		return outcomeOf(job, end, { ...task, api: reader.api }, systemClock.now() - startedAt);
	};
}

function watched(job: Job, reader: TaskReader, isFresh: boolean, startedAt: number): Watched<TaskState, Problem> {
	const { timeoutMs, intervalMs } = job.settings;
	const isOneLook = job.kind === 'task' && !job.operation.waits;
	return {
		poll: async () => {
			const result = toResult(await reader.read());
			// A single read is a wait that ends with the first state it gets.
			return isOneLook && result.kind === 'pending'
				? { kind: 'done', value: result.value, tookMs: null, isTypical: false }
				: result;
		},
		renderGroup: job.kind === 'create' ? job.renderGroup : 'unknown',
		isFresh,
		deadline: startedAt + (isOneLook ? Math.min(timeoutMs, ONE_LOOK_MS) : timeoutMs),
		judge: ({ reason }, row, isSeen) => judge(isSeen ? 'readSeen' : isOneLook ? 'lookUp' : 'readNamed', reason, row),
		intervalMs,
	};
}

/** @param task as it was known before it was watched */
function outcomeOf(job: Job, end: WatchEnd<TaskState, Problem>, task: KnownTask, waitedMs: number): Outcome {
	if (end.kind === 'done') return endedOutcome(job, { ...task, state: end.value }, end.value);
	const { last } = end;
	const seen: KnownTask = { ...task, state: last ?? task.state };
	switch (end.kind) {
		case 'timedOut': {
			const { trouble } = end;
			// Nobody but the user says that this task exists.
			if (last === null && trouble?.reason === 'notVisible' && task.createdAt === null) {
				return { kind: 'absent', task: seen };
			}
			// The answer to the create is not a reading: the state is unknown now.
			return { kind: 'unfinished', task: { ...task, state: last }, waitedMs, trouble };
		}
		case 'gaveUp':
			if (end.trouble.reason === 'notVisible') return { kind: 'absent', task: seen };
			return { kind: 'unreadable', task: seen, problem: end.trouble, row: end.row };
		case 'aborted':
			return { kind: 'leftRunning', task: seen };
	}
}

function endedOutcome(job: Job, task: KnownTask, { status, assetUrls }: TaskState): Outcome {
	const anyStateWillDo = job.kind === 'task' && !job.operation.unfinishedIsError;
	if (anyStateWillDo) return { kind: 'finished', task };
	if (status === 'succeeded') return { kind: assetUrls.length > 0 ? 'finished' : 'noResult', task };
	return isTerminal(status) ? { kind: 'failed', task } : { kind: 'unfinished', task, waitedMs: 0, trouble: null };
}

function toResult(outcome: ReadOutcome): PollResult<TaskState, Problem> {
	if (outcome.kind === 'aborted') return outcome;
	if (outcome.kind === 'trouble') {
		return { kind: 'trouble', trouble: outcome.problem, retryAfterMs: outcome.retryAfterMs };
	}
	const { state } = outcome;
	const beganAt = milliseconds(state.submittedAt);
	if (!isTerminal(state.status)) return { kind: 'pending', value: state, progress: state.progress, beganAt };
	const endedAt = milliseconds(state.finishedAt);
	// By the API's own account.
	const tookMs = beganAt !== null && endedAt !== null && endedAt > beganAt ? endedAt - beganAt : null;
	return { kind: 'done', value: state, tookMs, isTypical: state.status === 'succeeded' };
}

function milliseconds(iso: string | null): number | null {
	return iso === null ? null : Date.parse(iso);
}
