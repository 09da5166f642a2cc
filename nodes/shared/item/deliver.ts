import type { INodeExecutionData } from 'n8n-workflow';

import type { TaskReader } from '../api/route';
import { rulings } from '../judgement/judge';
import { download, type DownloadResult, type FileContext } from '../files/download';
import type { KnownTask } from '../task/task';
import { backoffDelay } from '../wait/cadence';
import { pauseUnlessAborted, systemClock } from '../wait/pause';
import { taskJson, taskJsonForAgent } from './output';

/** Last phase: fetches the finished file and makes the item. */

const MAX_DOWNLOAD_TRIES = 4;

/** How the item of a task is to look. Plain data, so that it can sleep in n8n's database with the task. */
export interface Wish {
	/** The item that it came from, or null where a trigger made it. */
	itemIndex: number | null;
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

/**
 * Makes the item of a task, with its file where one is wanted. A failed download does not fail paid work:
 * the item then carries its URLs and a `downloadError`, and the reason is told.
 * @param reader reads the task anew where its URL has expired; null where there is nothing to wait for
 * @param deadline gives the download up
 */
export async function deliver(
	context: FileContext,
	wish: Wish,
	task: KnownTask,
	reader: TaskReader | null,
	deadline?: AbortSignal,
): Promise<{ item: INodeExecutionData; reason?: string }> {
	const { produces, binaryField } = wish;
	const item = (known: KnownTask): INodeExecutionData => ({
		json: wish.forAgent
			? taskJsonForAgent(known, produces)
			: taskJson(known, wish.operation, produces, wish.includeRaw),
		...(wish.itemIndex === null ? {} : { pairedItem: { item: wish.itemIndex } }),
	});
	if (binaryField === null || reader === null || task.state?.status !== 'succeeded') return { item: item(task) };

	const { result, task: known } = await fetchFile(context, task, wish, reader, deadline);
	const done = item(known);
	if (result.kind === 'stored') {
		done.binary = { [binaryField]: result.file };
		return { item: done };
	}
	const aborted = deadline?.aborted ? 'it took too long' : 'the execution was stopped';
	const reason = result.kind === 'aborted' ? aborted : result.message;
	done.json.downloadError = downloadError(reason, known);
	return { item: done, reason };
}

async function fetchFile(
	context: FileContext,
	task: KnownTask,
	wish: Wish,
	reader: TaskReader,
	deadline: AbortSignal | undefined,
): Promise<{ result: DownloadResult; task: KnownTask }> {
	const signal = 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : deadline;
	let known = task;
	for (let tries = 1; ; tries += 1) {
		const result = await download(context, assetOf(known, wish), deadline);
		const passing = result.kind === 'expired' || (result.kind === 'failed' && result.passing);
		if (!passing || tries === MAX_DOWNLOAD_TRIES) return { result, task: known };

		await pauseUnlessAborted(backoffDelay(tries, Math.random()), systemClock, signal);
		if (signal?.aborted) return { result: { kind: 'aborted' }, task: known };
		const again = await reader.read();
		if (again.kind === 'task' && again.state.assetUrls.length > 0) known = { ...known, state: again.state };
		else if (
			result.kind === 'expired' &&
			!(again.kind === 'trouble' && rulings[again.problem.reason].kind === 'passing')
		)
			return { result, task: known };
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
