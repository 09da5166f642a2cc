import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { Problem } from '../../shared/api/problem';
import type { KnownTask } from '../../shared/task/task';
import type { CreateJob, Job, Outcome } from './job';

/**
 * The ledger of paid work: which tasks this run of the node has created, kept in the node's context. n8n
 * keeps that context when it retries the node and when a person retries the execution, so a second
 * attempt finds the tasks of the first one and does not pay for them again.
 */
export interface Ledger {
	/** What an earlier attempt left for this item, where its request was the same. */
	find(job: CreateJob): PaidRecord | undefined;
	/** What earlier attempts left that none of these jobs takes up. */
	leftBehind(jobs: readonly Job[]): PaidRecord[];
	/** To be called before anything else happens to a created task. */
	created(job: CreateJob, task: KnownTask): void;
	/** Notes that a task may have been created, so that no later attempt sends the request again. */
	maybeCreated(job: CreateJob, problem: Problem): void;
	/** Lets a later attempt create this item's task anew, since the one that it has has failed. */
	failed(job: CreateJob): void;
	/** Drops all records of this run, when it has delivered everything. */
	clear(): void;
}

/** What came of one request. */
export type PaidRecord = { itemIndex: number; fingerprint: string } & (
	{ taskId: string; createdAt: string; executionId: string; hasFailed?: true } | { problem: Problem }
);

const KEY = 'runwayTasks';
/** Holds where the node has last begun. It is lost together with the records. */
const BEGUN_KEY = 'runwayBegun';

/** Opens the ledger of the node's present run; a loop's next round is a run of its own. */
export function openLedger(context: IExecuteFunctions): Ledger {
	const nodeContext = context.getContext('node');
	const runIndex = runIndexOf(context);
	const runs = (): Record<string, PaidRecord[]> => (nodeContext[KEY] ?? {}) as Record<string, PaidRecord[]>;
	/** The oldest first. Those of one item differ in their requests, but for failed ones. */
	const records = (): PaidRecord[] => runs()[runIndex] ?? [];
	const save = (changed: PaidRecord[]) => {
		nodeContext[KEY] = { ...runs(), [runIndex]: changed } as unknown as IDataObject;
	};
	const find = ({ itemIndex, fingerprint }: CreateJob) =>
		records().find(
			(record) => record.itemIndex === itemIndex && record.fingerprint === fingerprint && !hasFailed(record),
		);

	return {
		find,
		leftBehind(jobs) {
			const all = records();
			if (all.length === 0) return [];
			const takenUp = new Set(jobs.map((job) => (job.kind === 'create' ? find(job) : job.taskId)));
			return all.filter((record) => !takenUp.has(record) && !('taskId' in record && takenUp.has(record.taskId)));
		},
		created({ itemIndex, fingerprint }, { taskId, createdAt }) {
			const executionId = context.getExecutionId();
			save([...records(), { itemIndex, fingerprint, taskId, createdAt: createdAt ?? '', executionId }]);
		},
		maybeCreated({ itemIndex, fingerprint }, problem) {
			save([...records(), { itemIndex, fingerprint, problem }]);
		},
		failed(job) {
			const its = find(job);
			save(records().map((record) => (record === its && 'taskId' in record ? { ...record, hasFailed: true } : record)));
		},
		clear() {
			const { [runIndex]: _, ...rest } = runs();
			if (Object.keys(rest).length === 0) delete nodeContext[KEY];
			else nodeContext[KEY] = rest as unknown as IDataObject;
		},
	};
}

/** Whether a record is of a task that an attempt has seen fail. */
export function hasFailed(record: PaidRecord): boolean {
	return 'hasFailed' in record;
}

/** Whether a record is of a task that this very execution created, and not one that it retries. */
export function isOfExecution(record: PaidRecord, executionId: string): boolean {
	return 'executionId' in record && record.executionId === executionId;
}

/** Where the node has last begun, as far as n8n has kept it. */
interface Begun {
	executionId: string;
	runIndex: string;
	/** Milliseconds since the epoch. */
	at: number;
	/** That records were missing then, which no retry of the retry brings back. */
	areRecordsLost?: true;
}

/**
 * Notes that the node has begun, and tells whether the records of an earlier attempt are lost. That is so in the retry of
 * an execution that a crash of n8n has cut off in this node: n8n saves a node's context only when the node ends.
 */
export async function begin(context: IExecuteFunctions): Promise<{ areRecordsLost: boolean }> {
	const nodeContext = context.getContext('node');
	const now: Begun = { executionId: context.getExecutionId(), runIndex: runIndexOf(context), at: Date.now() };
	const last = nodeContext[BEGUN_KEY] as Begun | undefined;
	const isKnown = last?.executionId === now.executionId || last?.runIndex === now.runIndex;
	const areRecordsLost =
		last?.areRecordsLost ?? (context.getMode() === 'retry' && !isKnown && (await wasCutOff(context, last)));
	nodeContext[BEGUN_KEY] = { ...now, ...(areRecordsLost && { areRecordsLost }) };
	return { areRecordsLost };
}

/** Between two nodes of a running execution there is less time, and between a crash and a retry there is more. */
const LONGEST_STEP_MS = 5_000;

/**
 * Whether the execution that is retried was cut off while this node ran, or may have been. How n8n keeps such an execution
 * depends on what it had saved by then.
 *
 * @param last where the node has begun before, in an earlier round of a loop
 */
async function wasCutOff(context: IExecuteFunctions, last: Begun | undefined): Promise<boolean> {
	// From its event log, n8n has noted for each node that had begun that it was executed.
	if (last === undefined && hasRunBefore(context)) return true;
	// The context in which agents call a tool has no such method.
	const saved = await (context as Partial<IExecuteFunctions>).getExecutionDataById?.(context.getExecutionId());
	if (saved === undefined) return false;
	const runs = Object.values(saved.resultData.runData).flat();
	// Nothing was saved but what the execution began with, so that it begins anew.
	if (runs.length === 0) return true;
	const next = saved.executionData?.nodeExecutionStack[0]?.node;
	// Nothing was saved since an execution slept and was woken up: n8n passes the node over that it slept in. It was this
	// retry itself that slept where it has executed nodes since; each start of n8n's engine counts them from 0.
	if (saved.waitTill !== undefined || next?.disabled === true) {
		return last !== undefined && !runs.some((run) => run.executionIndex === 0 && run.startTime > last.at);
	}
	// n8n saves after each node, if told so. It was this node's turn, and nothing is said of how it ended.
	const lastEnd = Math.max(...runs.map(({ startTime, executionTime }) => startTime + executionTime));
	return next?.name === context.getNode().name && Date.now() - lastEnd > LONGEST_STEP_MS;
}

function hasRunBefore(context: IExecuteFunctions): boolean {
	const { $: find } = context.getWorkflowDataProxy(0) as unknown as { $: (node: string) => { isExecuted: boolean } };
	return find(context.getNode().name).isExecuted;
}

function runIndexOf(context: IExecuteFunctions): string {
	return String(context.evaluateExpression('{{ $runIndex }}', 0));
}

/** Starts from what an earlier attempt left: its task, or the doubt whether there is one. */
export function takeUp({ operation }: CreateJob, record: PaidRecord): Outcome {
	if ('problem' in record) return { kind: 'maybeCreated', problem: record.problem };
	const { taskId, createdAt } = record;
	return { kind: 'ready', task: { taskId, api: operation.api, state: null, createdAt } };
}

/**
 * Leaves a task's id where it outlives everything: in n8n's log, which is all that remains of a node that is cut off by
 * a crash, and in the execution's custom data.
 */
export function noteTask(context: IExecuteFunctions, { itemIndex }: CreateJob, { taskId }: KnownTask): void {
	context.logger.info(`Runway task ${taskId} created (${placeOf(context, itemIndex)})`);
	noteInCustomData(context, taskId);
}

/** Leaves word in n8n's log that a task may have been created whose id nobody knows, with the answer, which may hold it. */
export function noteDoubt(context: IExecuteFunctions, { itemIndex }: CreateJob, { excerpt }: Problem): void {
	const answer = excerpt === null ? '' : `. The answer was: ${excerpt}`;
	context.logger.warn(`It is unknown whether a Runway task was created (${placeOf(context, itemIndex)})${answer}`);
}

/** Where in n8n a task comes from. */
function placeOf(context: IExecuteFunctions, itemIndex: number): string {
	return `execution ${context.getExecutionId()}, node "${context.getNode().name}", item ${itemIndex}`;
}

/** n8n keeps ten keys of custom data an execution, and complains about values longer than this. */
const MAX_CUSTOM_DATA = 255;
const CUSTOM_DATA_KEYS = ['runway_tasks', 'runway_tasks_2', 'runway_tasks_3'];

interface CustomData {
	get(key: string): string | undefined;
	set(key: string, value: string): void;
}

/**
 * Puts a task's id into the execution's custom data, so that it can be found in n8n's list of executions
 * even where the execution was stopped or has failed. What does not fit is left out.
 */
export function noteInCustomData(context: IExecuteFunctions, taskId: string): void {
	const { customData } = context.getWorkflowDataProxy(0).$execution as { customData?: CustomData };
	if (customData === undefined) return;
	for (const key of CUSTOM_DATA_KEYS) {
		const noted = customData.get(key);
		if (noted?.split(' ').includes(taskId)) return;
		const value = noted === undefined ? taskId : `${noted} ${taskId}`;
		if (value.length > MAX_CUSTOM_DATA) continue;
		customData.set(key, value);
		return;
	}
}
