import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { Problem } from '../../shared/api/problem';
import type { KnownTask } from '../../shared/task/task';
import { roundOf } from './cutOff';
import type { CreateJob, Job, Outcome } from './job';
import type { Rows } from './rows';

/**
 * The ledger of paid work: which tasks this run of the node has created, kept in the node's context. n8n
 * keeps that context when it retries the node and when a person retries the execution, so a second
 * attempt finds the tasks of the first one and does not pay for them again.
 */
export interface Ledger {
	/** The record of an earlier attempt for this item, if it made the same request. */
	find(job: CreateJob): PaidRecord | undefined;
	/** The records of earlier attempts that none of these jobs reuses. */
	unclaimed(jobs: readonly Job[]): PaidRecord[];
	/** To be called before a create is sent. @returns false if it must wait a little longer */
	sending(job: CreateJob): Promise<boolean>;
	/** Notes that the create waits for another turn, and that certainly nothing has been created so far. */
	notSent(job: CreateJob): void;
	/** To be called before anything else happens to a created task. */
	created(job: CreateJob, task: KnownTask): void;
	/** Notes that a task may have been created, so that no later attempt sends the request again. */
	maybeCreated(job: CreateJob, problem: Problem): void;
	/** Lets a later attempt create this item's task again, because the present one has failed. */
	failed(job: CreateJob): void;
	/** How many tasks of the item have failed, whatever their model, so that a later one was or may be created in their place. */
	failures(job: CreateJob): number;
	/** Adds what the register knows of earlier attempts and this ledger does not. */
	recall(records: readonly PaidRecord[]): void;
	/** Drops all records of this run, when it has delivered everything. */
	clear(): void;
}

/** What came of one request. `requestId`: its row in the register of tasks, if it has one. */
export type PaidRecord = { itemIndex: number; fingerprint: string; requestId?: string } & (
	{ taskId: string; createdAt: string; executionId: string; hasFailed?: true } | { problem: Problem }
);

const KEY = 'runwayTasks';

/**
 * Opens the ledger of the node's present run; a loop's next round is a run of its own.
 * @param rows get the same records, because n8n loses the node's context in a crash
 * @param onCreated called with each created task
 */
export function openLedger(
	context: IExecuteFunctions,
	rows: Rows,
	onCreated: (job: CreateJob, taskId: string) => void,
): Ledger {
	const nodeContext = context.getContext('node');
	const runIndex = roundOf(context);
	const runs = (): Record<string, PaidRecord[]> => (nodeContext[KEY] ?? {}) as Record<string, PaidRecord[]>;
	/** The oldest first. Those of one item differ in their requests, but for failed ones. */
	const records = (): PaidRecord[] => runs()[runIndex] ?? [];
	const requestOf = (job: CreateJob) => ({
		itemIndex: job.itemIndex,
		fingerprint: job.fingerprint,
		requestId: rows.requestIdOf(job),
	});
	const save = (changed: PaidRecord[]) => {
		nodeContext[KEY] = { ...runs(), [runIndex]: changed } as unknown as IDataObject;
	};
	const find = ({ itemIndex, fingerprint }: CreateJob) =>
		records().find(
			(record) => record.itemIndex === itemIndex && record.fingerprint === fingerprint && !hasFailed(record),
		);

	return {
		find,
		unclaimed(jobs) {
			const all = records();
			if (all.length === 0) return [];
			const claimed = new Set(jobs.map((job) => (job.kind === 'create' ? find(job) : job.taskId)));
			return all.filter((record) => !claimed.has(record) && !('taskId' in record && claimed.has(record.taskId)));
		},
		sending: rows.sending,
		notSent: rows.notSent,
		created(job, { taskId, createdAt }) {
			const executionId = context.getExecutionId();
			save([...records(), { ...requestOf(job), taskId, createdAt: createdAt ?? '', executionId }]);
			rows.created(job, taskId);
			onCreated(job, taskId);
		},
		maybeCreated(job, problem) {
			save([...records(), { ...requestOf(job), problem }]);
			rows.maybeCreated(job, problem);
		},
		recall(earlier) {
			const known = records();
			const isKnown = (record: PaidRecord) =>
				known.some((other) =>
					'taskId' in record && 'taskId' in other
						? record.taskId === other.taskId
						: record.requestId === other.requestId && record.itemIndex === other.itemIndex,
				);
			const more = earlier.filter((record) => !isKnown(record));
			if (more.length > 0) save([...known, ...more]);
		},
		failed(job) {
			const its = find(job);
			save(records().map((record) => (record === its && 'taskId' in record ? { ...record, hasFailed: true } : record)));
		},
		failures({ itemIndex, fingerprints }) {
			const isIts = (record: PaidRecord) =>
				record.itemIndex === itemIndex && fingerprints.includes(record.fingerprint) && hasFailed(record);
			return records().filter(isIts).length;
		},
		clear() {
			const { [runIndex]: _, ...rest } = runs();
			if (Object.keys(rest).length === 0) delete nodeContext[KEY];
			else nodeContext[KEY] = rest as unknown as IDataObject;
		},
	};
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

/** What an earlier attempt left of a job: its task, or the doubt whether there is one. */
export function reusedOutcome({ operation }: CreateJob, record: PaidRecord): Outcome {
	if ('problem' in record) return { kind: 'maybeCreated', problem: record.problem };
	const { taskId, createdAt } = record;
	return { kind: 'created', task: { taskId, api: operation.api, state: null, createdAt } };
}
