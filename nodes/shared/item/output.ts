import type { IDataObject } from 'n8n-workflow';

import { redactDeep } from '../api/redact';
import type { KnownTask, TaskState } from '../task/task';

/** What a node knows of a task that it has created itself. */
export interface Made {
	/** The model that made the result; null if the operation has none, or if another node has created the task. */
	model: string | null;
	/** The ratio that was sent; null if none was, or if another node has created the task. */
	ratio: string | null;
	/** How many tasks were created for the item, this one included; null if another node has created it. */
	attempts: number | null;
}

/**
 * The item that leaves the node, the same for every route and envelope. `status` and the names of the
 * fields are part of the contract with saved workflows.
 */
export function taskJson(
	task: KnownTask,
	operation: string,
	produces: 'video' | 'image' | null,
	includeRaw: boolean,
	{ model, ratio, attempts }: Made = { model: null, ratio: null, attempts: null },
): IDataObject {
	const { state } = task;
	const json: IDataObject = {
		taskId: task.taskId,
		operation,
		api: task.api,
		model,
		attempts,
		status: state?.status ?? (task.createdAt === null ? 'unknown' : 'queued'),
		progress: state?.progress ?? null,
		...urls(state, produces),
		ratio,
		failure: state?.failure ? (redactDeep(state.failure) as IDataObject) : null,
		cost: state?.cost ? { ...state.cost } : null,
		submittedAt: state?.submittedAt ?? task.createdAt,
		startedAt: state?.startedAt ?? null,
		finishedAt: state?.finishedAt ?? null,
	};
	if (includeRaw) json.raw = (state?.raw ?? null) as IDataObject | null;
	return json;
}

/** What an operation that makes images has made is an image, even if neither its URL nor the answer says so. */
function urls(state: TaskState | null, produces: 'video' | 'image' | null): IDataObject {
	const assetUrls = state?.assetUrls ?? [];
	const isImage = produces === 'image';
	return {
		videoUrl: isImage ? null : (state?.videoUrl ?? null),
		imageUrl: state?.imageUrl ?? (isImage ? (assetUrls[0] ?? null) : null),
		posterUrl: state?.posterUrl ?? null,
		lastFrameUrl: state?.lastFrameUrl ?? null,
		assetUrls: [...assetUrls],
	};
}

/** The same for an AI agent: no more than it can act on. */
export function taskJsonForAgent(task: KnownTask, produces: 'video' | 'image' | null): IDataObject {
	const { taskId, status, progress, videoUrl, imageUrl, failure } = taskJson(task, '', produces, false);
	const facts = { taskId, status, progress, videoUrl, imageUrl, failure };
	return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null));
}
