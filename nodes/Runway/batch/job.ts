import type { INodeExecutionData } from 'n8n-workflow';

import type { AccountTask } from '../../shared/api/accountTasks';
import type { Wanted } from '../../shared/api/explain';
import type { Problem } from '../../shared/api/problem';
import type { Fault } from '../../shared/parameters/check';
import type { Row } from '../../shared/wait/row';
import type { ApiFamily, KnownTask } from '../../shared/task/task';
import type { CreateOperation, TaskOperation } from '../operations/operation';
import type { ItemSettings } from './settings';

/** One task to be created or looked at, for one item. */
export type Job = CreateJob | TaskJob;

interface BaseJob {
	itemIndex: number;
	settings: ItemSettings;
}

/** The parts of a create that depend on its model. */
export interface ModelRequest {
	/** Jobs with the same text take about equally long to render. */
	renderGroup: string;
	/** Recognizes the same request of an earlier attempt: a hash of route and body. */
	fingerprint: string;
	/** The model's name, if the operation has one. */
	model: string | undefined;
	/** The ratio that is sent, or null. */
	ratio: string | null;
	/** What the node itself finds doubtful about the request. */
	remarks: readonly string[];
	/** What the user should know after the run. */
	hints: readonly string[];
	/** Makes the body. One with files is made each time, so that a batch's files are never all in memory at once. */
	body(): Promise<Record<string, unknown>>;
}

export interface CreateJob extends BaseJob, ModelRequest {
	kind: 'create';
	operation: CreateOperation;
	/** The prompt, if the operation has one. */
	prompt: string | undefined;
	/** The panel's label of a field that the API names, such as "Prompt" for `promptText`, or the API's own name. */
	labelOf(field: string): string;
	/** The same request with other models, to be tried in turn if this one's is refused. */
	fallbacks: readonly ModelRequest[];
	/** Fingerprints of the request with each of its models. */
	fingerprints: readonly string[];
	/** How many tasks have been created for the item, the present one included. */
	attempts: number;
}

export interface TaskJob extends BaseJob {
	kind: 'task';
	operation: TaskOperation;
	taskId: string;
	api: ApiFamily | 'auto';
	/** What the item itself says about the task's API family. */
	likelyFamily?: ApiFamily;
}

/** What became of a job. Only `report.ts` turns these into errors. */
export type Outcome =
	/** The task was created, and nothing more is awaited of it in this run. */
	| { kind: 'created'; task: KnownTask }
	/** The task is in a state that the operation asked for, so its item can be passed on. */
	| { kind: 'finished'; task: KnownTask }
	/** The task ended without a result. */
	| { kind: 'failed'; task: KnownTask }
	/** The task succeeded, but the API gave no URL of a result. */
	| { kind: 'noResult'; task: KnownTask }
	/** The task succeeded, but the file that was asked for can't be fetched. */
	| { kind: 'noFile'; task: KnownTask; reason: string; advice: string }
	/** The task had not ended at the time limit, or when it was looked at. */
	| { kind: 'unfinished'; task: KnownTask; waitedMs: number; trouble: Problem | null }
	/** The API does not know the id. */
	| { kind: 'absent'; task: KnownTask }
	/** The API kept refusing to read the task. `row`: how often in a row, and for how long; null for a fault of our own. */
	| { kind: 'unreadable'; task: KnownTask; problem: Problem; row: Row | null }
	/** A parameter is wrong; nothing was sent. */
	| { kind: 'invalid'; faults: Fault[] }
	/** n8n could not resolve a parameter or the credential; nothing was sent, but an earlier attempt may have created the task. */
	| { kind: 'unresolved'; error: Error; task: KnownTask | null }
	/** The API did not answer a question that is not about a task. */
	| { kind: 'notRead'; problem: Problem; wanted: Wanted }
	/** The register of tasks was asked for, and is switched off or does not answer. */
	| { kind: 'noRegister'; message: string; advice: string }
	/** The run would spend more than the user's limits allow; nothing was sent. */
	| { kind: 'overLimit'; message: string; advice: string }
	/** The API refused to create the task. `remarks`: what the node itself found doubtful about the request. */
	| { kind: 'notCreated'; problem: Problem; remarks: readonly string[] }
	/**
	 * The create was sent and its outcome is unknown: a task may have been created and billed. `underWay`: when it was sent and
	 * when it was given up, in milliseconds since the epoch; unknown for a create of an earlier attempt. `appeared`: the account's
	 * tasks from that time that this run does not know, if the account was asked.
	 */
	| {
			kind: 'maybeCreated';
			problem: Problem;
			underWay?: { from: number; to: number };
			appeared?: readonly AccountTask[];
	  }
	/** Not sent, because the run ended before its turn, or because the API had refused another one for a reason that concerns all. */
	| { kind: 'notSent'; because?: Problem }
	/** The execution was stopped, or the run ended by another item's error, while the task kept running. */
	| { kind: 'leftRunning'; task: KnownTask };

/** How an item ended: from the checks of its parameters through the run to the output. */
export interface Ending {
	itemIndex: number;
	outcome: Outcome;
	/** What was run for it, if it passed the checks. */
	job?: Job;
	/** The item to pass on, unless the outcome is an error. */
	item?: INodeExecutionData;
	/** Whether the task comes from an earlier attempt or another run, and was not created now. */
	isReused?: boolean;
}

/** What the checks make of an item: a job to run, or an ending. */
export type Prepared = Job | Ending;

export function isJob(prepared: Prepared): prepared is Job {
	return 'kind' in prepared;
}

/** The task that an outcome is about, if there is one for certain. */
export function taskOf(outcome: Outcome): KnownTask | null {
	return 'task' in outcome ? outcome.task : null;
}
