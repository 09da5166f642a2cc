import type { INodeExecutionData } from 'n8n-workflow';

import type { TaskReader } from '../../shared/api/route';
import { download, type DownloadResult, type FileContext } from '../../shared/files/download';
import { backoffDelay } from '../../shared/wait/cadence';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import type { Job, KnownTask } from './job';
import { taskJson, taskJsonForAgent } from './output';

/** Last phase: fetches the finished file and makes the item. */

const MAX_DOWNLOAD_TRIES = 4;

/** How the item of a task is to look. Plain data, so that it can sleep in n8n's database with the task. */
export interface Wish {
	itemIndex: number;
	/** Value of the operation, for the item. */
	operation: string;
	/** What the operation makes; null where it can be either. */
	produces: 'video' | 'image' | null;
	/** Name of the output's binary field, or null for no file. */
	binaryField: string | null;
	/** Null for no limit, since this has to pass through JSON. */
	maxFileBytes: number | null;
	includeRaw: boolean;
	forAgent: boolean;
}

export function wishOf({ itemIndex, operation, settings }: Job): Wish {
	const { binaryField, includeRaw, forAgent } = settings;
	const maxFileBytes = Number.isFinite(settings.maxFileBytes) ? settings.maxFileBytes : null;
	const produces = operation.kind === 'create' ? operation.produces : null;
	return { itemIndex, operation: operation.value, produces, binaryField, maxFileBytes, includeRaw, forAgent };
}

/**
 * Makes the item of a task, with its file where one is wanted. A failed download does not fail paid work:
 * the item then carries its URLs and a `downloadError`, and the reason is told.
 * @param reader reads the task anew where its URL has expired; null where there is nothing to wait for
 */
export async function deliver(
	context: FileContext,
	wish: Wish,
	task: KnownTask,
	reader: TaskReader | null,
): Promise<{ item: INodeExecutionData; reason?: string }> {
	const { produces, binaryField } = wish;
	const item = (known: KnownTask): INodeExecutionData => ({
		json: wish.forAgent
			? taskJsonForAgent(known, produces)
			: taskJson(known, wish.operation, produces, wish.includeRaw),
		pairedItem: { item: wish.itemIndex },
	});
	if (binaryField === null || reader === null || task.state?.status !== 'succeeded') return { item: item(task) };

	const { result, task: known } = await fetchFile(context, task, wish, reader);
	const done = item(known);
	if (result.kind === 'stored') {
		done.binary = { [binaryField]: result.file };
		return { item: done };
	}
	const reason = result.kind === 'aborted' ? 'the execution was stopped' : result.message;
	done.json.downloadError = downloadError(reason, known);
	return { item: done, reason };
}

async function fetchFile(
	context: FileContext,
	task: KnownTask,
	wish: Wish,
	reader: TaskReader,
): Promise<{ result: DownloadResult; task: KnownTask }> {
	const signal = 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
	let known = task;
	for (let tries = 1; ; tries += 1) {
		const result = await download(context, assetOf(known, wish));
		const passing = result.kind === 'expired' || (result.kind === 'failed' && result.passing);
		if (!passing || tries === MAX_DOWNLOAD_TRIES) return { result, task: known };

		await pauseUnlessAborted(backoffDelay(tries, Math.random()), systemClock, signal);
		const again = await reader.read();
		if (again.kind === 'task' && again.state.assetUrls.length > 0) known = { ...known, state: again.state };
		else if (result.kind === 'expired' && again.kind !== 'passing') return { result, task: known };
	}
}

function assetOf({ taskId, state }: KnownTask, { produces, maxFileBytes }: Wish) {
	const expected = produces ?? (state?.videoUrl === null ? 'image' : 'video');
	return {
		url: (expected === 'video' ? state?.videoUrl : state?.imageUrl) ?? state?.assetUrls[0] ?? '',
		baseName: `runway-${taskId.replace(/[^\w-]/g, '_')}`,
		expected,
		maxBytes: maxFileBytes ?? Number.POSITIVE_INFINITY,
	} as const;
}

function downloadError(reason: string, { taskId }: KnownTask): string {
	return `The file could not be downloaded: ${reason}. The task is finished and paid for. Fetch the file with Resource "Task", Operation "Download" and the task ID ${taskId}.`;
}
