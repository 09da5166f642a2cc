import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { Problem } from '../../shared/api/problem';
import type { KnownTask } from '../../shared/task/task';
import { roundOf } from './cutOff';
import type { CreateJob, Job, Outcome } from './job';
import type { Rows } from './rows';

/** What came of one request. `requestId`: its row in the register of tasks, if it has one. */
export type PaidRecord = { itemIndex: number; fingerprint: string; requestId?: string } & (
	{ taskId: string; createdAt: string; executionId: string; hasFailed?: true } | { problem: Problem }
);

const KEY = 'runwayTasks';

/**
 * The ledger of paid work: which tasks this run of the node has created, kept in the node's context; a loop's next round
 * is a run of its own. n8n keeps that context when it retries the node and when a person retries the execution, so a second
 * attempt finds the tasks of the first one and does not pay for them again.
 */
export class Ledger {
	private readonly nodeContext: IDataObject;
	private readonly runIndex: number;

	/**
	 * @param rows get the same records, because n8n loses the node's context in a crash
	 * @param onCreated called with each created task
	 */
	constructor(
		private readonly context: IExecuteFunctions,
		private readonly rows: Rows,
		private readonly onCreated: (job: CreateJob, taskId: string) => void,
	) {
		this.nodeContext = context.getContext('node');
		this.runIndex = roundOf(context);
	}

	/** The record of an earlier attempt for this item, if it made the same request. */
	find = ({ itemIndex, fingerprint }: CreateJob): PaidRecord | undefined =>
		this.records.find(
			(record) => record.itemIndex === itemIndex && record.fingerprint === fingerprint && !hasFailed(record),
		);

	/** What earlier attempts left of a job: its task, or the doubt whether there is one; null if it is new. */
	outcomeOf(job: Job): Outcome | null {
		const record = job.kind === 'create' ? this.find(job) : undefined;
		if (job.kind !== 'create' || record === undefined) return null;
		if ('problem' in record) return { kind: 'maybeCreated', problem: record.problem };
		const { taskId, createdAt } = record;
		return { kind: 'created', task: { taskId, api: job.operation.api, state: null, createdAt } };
	}

	/** The records of earlier attempts that none of these jobs reuses. */
	unclaimed(jobs: readonly Job[]): PaidRecord[] {
		const { records } = this;
		if (records.length === 0) return [];
		const claimed = new Set(jobs.map((job) => (job.kind === 'create' ? this.find(job) : job.taskId)));
		return records.filter((record) => !claimed.has(record) && !('taskId' in record && claimed.has(record.taskId)));
	}

	/** Call this before anything else happens to a created task. */
	created(job: CreateJob, { taskId, createdAt }: KnownTask): void {
		const executionId = this.context.getExecutionId();
		this.add({ ...this.requestOf(job), taskId, createdAt: createdAt ?? '', executionId });
		this.rows.created(job, taskId);
		this.onCreated(job, taskId);
	}

	/** Notes that a task may have been created, so that no later attempt sends the request again. */
	maybeCreated(job: CreateJob, problem: Problem): void {
		this.add({ ...this.requestOf(job), problem });
		this.rows.maybeCreated(job, problem);
	}

	/** Lets a later attempt create this item's task again, because the present one has failed. */
	failed(job: CreateJob): void {
		const its = this.find(job);
		const marked = (record: PaidRecord): PaidRecord =>
			record === its && 'taskId' in record ? { ...record, hasFailed: true } : record;
		this.save(this.records.map(marked));
	}

	/** How many tasks of the item have failed, whatever their model, so that a later one was or may be created in their place. */
	failures({ itemIndex, fingerprints }: CreateJob): number {
		const isIts = (record: PaidRecord) =>
			record.itemIndex === itemIndex && fingerprints.includes(record.fingerprint) && hasFailed(record);
		return this.records.filter(isIts).length;
	}

	/** Adds what the register knows of earlier attempts and this ledger does not. */
	recall(earlier: readonly PaidRecord[]): void {
		const { records } = this;
		const isKnown = (record: PaidRecord) =>
			records.some((other) =>
				'taskId' in record && 'taskId' in other
					? record.taskId === other.taskId
					: record.requestId === other.requestId && record.itemIndex === other.itemIndex,
			);
		this.add(...earlier.filter((record) => !isKnown(record)));
	}

	/** Drops all records of this run, when it has delivered everything. */
	clear(): void {
		const { [this.runIndex]: _, ...rest } = this.runs;
		if (Object.keys(rest).length === 0) delete this.nodeContext[KEY];
		else this.nodeContext[KEY] = rest as unknown as IDataObject;
	}

	private get runs(): Record<string, PaidRecord[]> {
		return (this.nodeContext[KEY] ?? {}) as Record<string, PaidRecord[]>;
	}

	/** The oldest first. Those of one item differ in their requests, but for failed ones. */
	private get records(): PaidRecord[] {
		return this.runs[this.runIndex] ?? [];
	}

	private requestOf(job: CreateJob) {
		const { itemIndex, fingerprint } = job;
		return { itemIndex, fingerprint, requestId: this.rows.requestIdOf(job) };
	}

	private add(...more: PaidRecord[]): void {
		if (more.length > 0) this.save([...this.records, ...more]);
	}

	private save(records: PaidRecord[]): void {
		this.nodeContext[KEY] = { ...this.runs, [this.runIndex]: records } as unknown as IDataObject;
	}
}

/** The tasks of records, without the doubts. */
export function taskIdsOf(records: readonly PaidRecord[]): string[] {
	return records.flatMap((record) => ('taskId' in record ? [record.taskId] : []));
}

/** Whether a record is of a task that an attempt has seen fail. */
export function hasFailed(record: PaidRecord): boolean {
	return 'hasFailed' in record;
}

/** Whether a record is of a task that this very execution created, and not one that it retries. */
export function isOfExecution(record: PaidRecord, executionId: string): boolean {
	return 'executionId' in record && record.executionId === executionId;
}
