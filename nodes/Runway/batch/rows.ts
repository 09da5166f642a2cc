import { randomUUID } from 'node:crypto';

import type { IExecuteFunctions } from 'n8n-workflow';

import { explain } from '../../shared/api/explain';
import type { Problem } from '../../shared/api/problem';
import { redact } from '../../shared/api/redact';
import { CREDENTIAL } from '../../shared/api/transport';
import { endInRow, failureInWords } from '../../shared/register/end';
import type { Register } from '../../shared/register/register';
import type { RowStatus, TaskRow } from '../../shared/register/row';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import { roundOf } from './cutOff';
import { taskOf, type CreateJob, type Job, type Outcome } from './job';
import type { PaidRecord } from './paid';

/**
 * What this run of the node writes into the register of tasks: a row for each request before it is sent, then what becomes
 * of it. Only {@link Rows.begin} is waited for, two seconds at most.
 */
export interface Rows {
	/**
	 * Writes the rows of what is about to be created, and notes that this execution has taken up what earlier attempts left.
	 * @param recordOf what an earlier attempt left for a job
	 */
	begin(jobs: readonly Job[], recordOf: (job: CreateJob) => PaidRecord | undefined): Promise<void>;
	/** The number of a job's row; undefined if it has none. */
	requestIdOf(job: Job): string | undefined;
	created(job: CreateJob, taskId: string): void;
	maybeCreated(job: CreateJob, problem: Problem): void;
	/** Notes how a job has ended. */
	ended(job: Job, outcome: Outcome): void;
	/** Notes that what became of these jobs is passed on. Waits for all that is to be written, two seconds at most. */
	finish(passedOn: readonly Job[]): Promise<void>;
}

/** The rows of a run without a register. */
export const noRows: Rows = {
	begin: async () => {},
	requestIdOf: () => undefined,
	created: () => {},
	maybeCreated: () => {},
	ended: () => {},
	finish: async () => {},
};

/** Characters of a prompt. */
const LONGEST_PROMPT = 200;
/** So many tasks that are only looked at are searched for in the register. */
const MOST_LOOK_UPS = 20;
/** Nobody waits longer for what they bring. */
const LONGEST_LOOK_UP_MS = 2_000;

/** Begins to keep the rows of the node's present run. */
export function openRows(context: IExecuteFunctions, register: Register): Rows {
	const requestIds = new Map<Job, string>();
	/** Jobs whose row is there to say that nothing has been sent yet. */
	const unsent = new Set<Job>();
	let lookingUp: Promise<unknown> | null = null;

	const change = (job: Job, changes: Partial<TaskRow>) => {
		const requestId = requestIds.get(job);
		if (requestId !== undefined) register.change(requestId, changes);
	};
	const closeUnsent = (job: Job, status: RowStatus, failure: string) => {
		if (!unsent.delete(job)) return;
		change(job, { status, failure: failureInWords(failure), endedTime: new Date().toISOString() });
	};

	/** Finds the rows of tasks that exist, while the node looks at them. */
	async function lookUp(jobs: readonly Job[]): Promise<void> {
		const credentialId = credentialIdOf(context);
		await Promise.all(
			jobs.slice(0, MOST_LOOK_UPS).map(async (job) => {
				if (job.kind !== 'task') return;
				const [row] = (await register.find({ where: { taskId: job.taskId, credentialId }, limit: 1 })) ?? [];
				if (row !== undefined) requestIds.set(job, row.requestId);
			}),
		);
	}

	return {
		async begin(jobs, recordOf) {
			const place = placeOf(context);
			const rows: TaskRow[] = [];
			for (const job of jobs) {
				if (job.kind !== 'create') continue;
				const record = recordOf(job);
				if (record === undefined) {
					const requestId = randomUUID();
					requestIds.set(job, requestId);
					unsent.add(job);
					rows.push(newRow(job, requestId, place));
				} else if (record.requestId !== undefined) {
					requestIds.set(job, record.requestId);
					register.change(record.requestId, { executionId: place.executionId });
				}
			}
			if (jobs.some(({ kind }) => kind === 'task')) lookingUp = lookUp(jobs);
			if (rows.length > 0) await register.add(rows);
		},
		requestIdOf: (job) => requestIds.get(job),
		created(job, taskId) {
			unsent.delete(job);
			change(job, { taskId, status: 'created' });
		},
		maybeCreated(job, problem) {
			unsent.delete(job);
			change(job, { status: 'unknown', failure: failureInWords(explain(problem, 'create').message) });
		},
		ended(job, outcome) {
			if (outcome.kind === 'notCreated') closeUnsent(job, 'notCreated', explain(outcome.problem, 'create').message);
			else if (taskOf(outcome) === null) closeUnsent(job, 'notCreated', 'The request was not sent.');
			const state = taskOf(outcome)?.state;
			// The rows of tasks that are only looked at may come after their state.
			const note = () => state && change(job, endInRow(state) ?? {});
			if (lookingUp === null) note();
			else void lookingUp.then(note);
		},
		async finish(passedOn) {
			if (lookingUp !== null) await Promise.race([lookingUp, pauseUnlessAborted(LONGEST_LOOK_UP_MS, systemClock)]);
			for (const job of passedOn) change(job, { delivered: true });
			await register.settle();
		},
	};
}

/** What is the same for all rows of a run. */
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

/** Tells accounts apart: a register may be shared by several. */
export function credentialIdOf(context: Pick<IExecuteFunctions, 'getNode'>): string {
	return context.getNode().credentials?.[CREDENTIAL]?.id ?? '';
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
