import { randomUUID } from 'node:crypto';

import type { IExecuteFunctions } from 'n8n-workflow';

import { explain } from '../../shared/api/explain';
import type { Problem } from '../../shared/api/problem';
import { redact } from '../../shared/api/redact';
import { credentialIdOf } from '../../shared/api/credential';
import { endInRow, failureInWords } from '../../shared/register/end';
import type { Register } from '../../shared/register/register';
import type { RowStatus, TaskRow } from '../../shared/register/row';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import { roundOf } from './cutOff';
import { taskOf, type CreateJob, type Job, type Outcome, type TaskJob } from './job';
import type { PaidRecord } from './paid';
import type { RunLimits } from './settings';

/**
 * What this run of the node writes into the register of tasks: a row for each request before it is sent, then what becomes
 * of it. Rows of requests whose turn has not come say so, so that a retry after a crash knows what certainly was not sent.
 */
export interface Rows {
	/**
	 * Writes the rows of new requests, and records which tasks of earlier attempts this execution reuses. Waits two
	 * seconds at most.
	 * @param recordOf the record of an earlier attempt for a job
	 */
	begin(jobs: readonly Job[], recordOf: (job: CreateJob) => PaidRecord | undefined): Promise<void>;
	/** The number of a job's row; undefined if it has none. */
	requestIdOf(job: Job): string | undefined;
	/**
	 * Lets the row say that the request may be on its way. To be called before the request is sent.
	 * @returns false if the request must not be sent yet, since the row may still say that it was not
	 */
	sending(job: CreateJob): Promise<boolean>;
	/** Notes that the request waits for another turn, and that certainly nothing has been created so far. */
	notSent(job: CreateJob): void;
	created(job: CreateJob, taskId: string): void;
	maybeCreated(job: CreateJob, problem: Problem): void;
	/** Notes how a job has ended. */
	ended(job: Job, outcome: Outcome): void;
	/** Records that the results of these jobs are delivered. Waits until everything is written, two seconds at most. */
	finish(passedOn: readonly Job[]): Promise<void>;
}

/** The rows of a run without a register. */
export const noRows: Rows = {
	begin: async () => {},
	requestIdOf: () => undefined,
	sending: async () => true,
	notSent: () => {},
	created: () => {},
	maybeCreated: () => {},
	ended: () => {},
	finish: async () => {},
};

/** Characters of a prompt. */
const LONGEST_PROMPT = 200;
/** Up to this many tasks that are only read are searched for one by one. */
const MOST_LOOK_UPS = 20;
/** Of more tasks, the rows are among the undelivered ones, the newest first. */
const MOST_UNDELIVERED = 5_000;
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

/** Begins to keep the rows of the node's present run. */
export function openRows(context: IExecuteFunctions, register: Register): Rows {
	const requestIds = new Map<Job, string>();
	/** Jobs whose row is there to say that nothing has been sent yet. */
	const unsent = new Set<Job>();
	/** Jobs whose rows say `notSent`, in the order of their turns. */
	const waiting = new Set<CreateJob>();
	/** Jobs whose rows say `sending` before it is their turn. */
	const ahead = new Set<CreateJob>();
	/** Jobs that a retry after a crash would take for not sent: their rows say so, or only tell of an earlier attempt. */
	const unmarked = new Set<CreateJob>();
	/** Jobs of which the table has a row: a retry after a crash takes it for all that was sent. */
	const vouched = new Set<CreateJob>();
	let limits: RunLimits = { maxParallel: 1, maxTasksInProgress: 0 };
	let holdsUntil: number | null = null;
	/** Whose rows Task → Wait has taken over, with the executions that it has them from. */
	const owners = new Map<Job, string>();
	let lookingUp: Promise<void> = Promise.resolve();

	const change = (job: Job, changes: Partial<TaskRow>) => {
		const requestId = requestIds.get(job);
		if (requestId !== undefined) register.change(requestId, changes);
	};
	const closeUnsent = (job: Job, status: RowStatus, failure: string) => {
		if (!unsent.delete(job)) return;
		change(job, { status, failure: failureInWords(failure), endedTime: new Date().toISOString() });
	};

	/** Lets the row of a job whose turn has come say `sending`, and those of the next ones. */
	function mark(job: CreateJob): void {
		ahead.delete(job);
		const isDue = waiting.delete(job);
		// Those that wait until other tasks have ended don't follow at once.
		const mostAhead = limits.maxTasksInProgress > 0 ? 0 : AHEAD * limits.maxParallel;
		const isLow = ahead.size <= mostAhead / 2;
		const next = isLow ? [...waiting].slice(0, mostAhead - ahead.size) : [];
		for (const one of isDue ? [job, ...next] : next) change(one, { status: 'sending' });
		next.forEach((one) => waiting.delete(one) && ahead.add(one));
		if (next.length > 0) void register.settle(next.map((one) => requestIds.get(one) ?? ''));
	}

	/** Writes the rows of new requests: those that go out at once first, as only these have to be there now. */
	async function addRows(jobs: readonly CreateJob[], place: PlaceOfRun): Promise<void> {
		const atOnce = Math.min(AHEAD * limits.maxParallel, limits.maxTasksInProgress || Number.POSITIVE_INFINITY);
		const rows = jobs.map((job) => {
			const requestId = randomUUID();
			requestIds.set(job, requestId);
			unsent.add(job);
			return newRow(job, requestId, place);
		});
		const isPrompt = await register.add(rows.slice(0, atOnce));
		const later = rows.slice(atOnce);
		if (!isPrompt) {
			jobs.filter((job) => vouched.has(job)).forEach((job) => unmarked.add(job));
			// If the register is in trouble and gets this late, it must still be true by then.
			return void register.add(later);
		}
		jobs.forEach((job) => vouched.add(job));
		jobs.slice(0, atOnce).forEach((job) => ahead.add(job));
		jobs.slice(atOnce).forEach((job) => waiting.add(job) && unmarked.add(job));
		void register.add(later.map((row) => ({ ...row, status: 'notSent' })));
	}

	/** Finds the rows of existing tasks while the node reads the tasks, and takes over those that it waits for. */
	async function lookUp(jobs: readonly TaskJob[]): Promise<void> {
		const credentialId = credentialIdOf(context);
		const find = async (where: Partial<TaskRow>, limit: number) =>
			(await register.find({ where: { ...where, credentialId }, limit })) ?? [];
		const rows =
			jobs.length > MOST_LOOK_UPS
				? await find({ delivered: false }, MOST_UNDELIVERED)
				: (await Promise.all(jobs.map(async ({ taskId }) => await find({ taskId }, 1)))).flat();
		const byTask = new Map(rows.map((row) => [row.taskId, row]));
		const executionId = context.getExecutionId();
		for (const job of jobs) {
			const row = byTask.get(job.taskId);
			if (row === undefined) continue;
			requestIds.set(job, row.requestId);
			// Otherwise a trigger for undelivered tasks would deliver it meanwhile.
			if (!job.operation.waits || row.delivered || row.executionId === executionId) continue;
			owners.set(job, row.executionId);
			change(job, { executionId });
		}
	}

	return {
		async begin(jobs, recordOf) {
			const place = placeOf(context);
			limits = jobs[0]?.settings.limits ?? limits;
			const fresh: CreateJob[] = [];
			for (const job of jobs) {
				if (job.kind !== 'create') continue;
				const record = recordOf(job);
				if (record === undefined) fresh.push(job);
				else if (record.requestId !== undefined) {
					requestIds.set(job, record.requestId);
					vouched.add(job);
					register.change(record.requestId, { executionId: place.executionId });
				}
			}
			const looks = jobs.filter((job) => job.kind === 'task');
			if (looks.length > 0) lookingUp = lookUp(looks);
			if (fresh.length > 0) await addRows(fresh, place);
		},
		requestIdOf: (job) => requestIds.get(job),
		async sending(job) {
			mark(job);
			if (!unmarked.has(job)) return true;
			const isMarked = await register.settle([requestIds.get(job) ?? '']);
			if (isMarked) unmarked.delete(job);
			else holdsUntil ??= systemClock.now() + LONGEST_HOLD_MS;
			return isMarked || systemClock.now() >= (holdsUntil ?? 0);
		},
		notSent(job) {
			if (!unsent.has(job) || waiting.has(job) || register.fault !== null) return;
			change(job, { status: 'notSent' });
			waiting.add(job);
			unmarked.add(job);
		},
		created(job, taskId) {
			unsent.delete(job);
			change(job, { taskId, status: 'created' });
		},
		maybeCreated(job, problem) {
			unsent.delete(job);
			change(job, { status: 'unknown', failure: failureInWords(explain(problem, 'create').message) });
		},
		ended(job, outcome) {
			if (job.kind === 'create') ahead.delete(job);
			if (outcome.kind === 'notCreated') closeUnsent(job, 'notCreated', explain(outcome.problem, 'create').message);
			else if (taskOf(outcome) === null) closeUnsent(job, 'notCreated', 'The request was not sent.');
			const state = taskOf(outcome)?.state;
			// The rows of tasks that are only looked at may come after their state.
			if (state) void lookingUp.then(() => change(job, endInRow(state) ?? {}));
		},
		async finish(passedOn) {
			const isWritten = lookingUp.then(async () => {
				const { executionId } = placeOf(context);
				for (const job of passedOn) change(job, { delivered: true, ...(job.kind === 'task' && { executionId }) });
				for (const [job, owner] of owners) if (!passedOn.includes(job)) change(job, { executionId: owner });
				await register.settle();
			});
			await Promise.race([isWritten, pauseUnlessAborted(LONGEST_FINISH_MS, systemClock)]);
		},
	};
}

/** The columns that are the same for all rows of a run. */
type PlaceOfRun = Pick<
	TaskRow,
	'workflowId' | 'workflowName' | 'executionId' | 'nodeName' | 'runIndex' | 'credentialId' | 'createdTime'
>;

function placeOf(context: IExecuteFunctions): PlaceOfRun {
	const { id = '', name = '' } = context.getWorkflow();
	return {
		workflowId: id,
		workflowName: name,
		executionId: context.getExecutionId(),
		nodeName: context.getNode().name,
		runIndex: roundOf(context),
		credentialId: credentialIdOf(context),
		createdTime: new Date().toISOString(),
	};
}

function newRow(job: CreateJob, requestId: string, place: PlaceOfRun): TaskRow {
	const { operation, model, prompt, itemIndex, fingerprint } = job;
	return {
		...place,
		requestId,
		taskId: null,
		status: 'sending',
		delivered: false,
		operation: operation.value,
		api: operation.api,
		model: model ?? null,
		prompt: prompt === undefined ? null : redact(prompt).slice(0, LONGEST_PROMPT),
		itemIndex,
		fingerprint,
		endedTime: null,
		cost: null,
		failure: null,
		resumeUrl: null,
	};
}
