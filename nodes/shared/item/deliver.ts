import type { INodeExecutionData } from 'n8n-workflow';

import type { TaskReader } from '../api/route';
import { judge } from '../judgement/judge';
import type { Reason } from '../judgement/reason';
import { download, type DownloadResult, type FileContext } from '../files/download';
import type { KnownTask } from '../task/task';
import { backoffDelay } from '../wait/cadence';
import { pauseUnlessAborted, systemClock } from '../wait/pause';
import { assetsOf } from './assets';
import { taskJson, taskJsonForAgent, type Made } from './output';

/** Last phase: fetches the finished file and makes the item. */

/** How to build the item of a task. Plain data, so that it can sleep in n8n's database with the task. */
export interface OutputOptions {
	/** The item that it came from, or null if a trigger made it. */
	itemIndex: number | null;
	/** Value of the operation, for the item. */
	operation: string;
	/** What the operation makes; null if it can be either. */
	produces: 'video' | 'image' | null;
	/** Name of the output's binary field, or null for no file. */
	binaryField: string | null;
	/** Of the file, without its ending; null for `runway-<task ID>`. */
	fileName: string | null;
	/** Whether further results, the poster and the last frame are wanted, too, in binary fields of their own. */
	allFiles: boolean;
	/** Null for no limit, since this has to pass through JSON. */
	maxFileBytes: number | null;
	includeRaw: boolean;
	forAgent: boolean;
	/** What the node knows of the create, if it has made it itself. */
	made?: Made;
}

/** Why an item has no file, and what to do about it. */
export interface NoFile {
	reason: string;
	advice: string;
}

/**
 * Makes the item of a task, with its file if one is wanted. A failed download does not fail paid work:
 * the item then has its URLs and a `downloadError` with the reason.
 * @param reader reads the task again if its URL has expired; null if there is nothing to wait for
 * @param deadline ends the download
 */
export async function deliver(
	context: FileContext,
	output: OutputOptions,
	task: KnownTask,
	reader: TaskReader | null,
	deadline?: AbortSignal,
): Promise<{ item: INodeExecutionData; noFile?: NoFile }> {
	const { binaryField } = output;
	const item = (known: KnownTask, produces = output.produces): INodeExecutionData => ({
		json: output.forAgent
			? taskJsonForAgent(known, produces)
			: taskJson(known, output.operation, produces, output.includeRaw, output.made),
		...(output.itemIndex === null ? {} : { pairedItem: { item: output.itemIndex } }),
	});
	if (binaryField === null || reader === null || task.state?.status !== 'succeeded') return { item: item(task) };

	const { result, task: known } = await fetchFile(context, task, output, 0, reader, deadline);
	if (result.kind !== 'stored') {
		const noFile = explainNoFile(result, output, known, deadline);
		const done = item(known);
		done.json.downloadError = downloadError('The file', noFile);
		return { item: done, noFile };
	}
	const { file } = result;
	// An image stays an image, whatever its URL ends in.
	const done = item(known, file.mimeType.startsWith('image/') ? 'image' : output.produces);
	done.binary = { [binaryField]: file };
	for (const [index, { field }] of assetsOf(known, output).entries()) {
		if (index === 0) continue;
		const { result: further } = await fetchFile(context, known, output, index, reader, deadline);
		if (further.kind === 'stored') done.binary[field] = further.file;
		else
			done.json.downloadError = downloadError(`The file "${field}"`, explainNoFile(further, output, known, deadline));
	}
	return { item: done };
}

function downloadError(what: string, { reason, advice }: NoFile): string {
	return `${what} could not be downloaded: ${reason}. The task is finished and paid for. ${advice}`;
}

/**
 * Downloads a file of the task, as often as the table of judgement says, each time from the newest URL.
 * @param index which one of the files that are wanted
 */
async function fetchFile(
	context: FileContext,
	task: KnownTask,
	output: OutputOptions,
	index: number,
	reader: TaskReader,
	deadline: AbortSignal | undefined,
): Promise<{ result: DownloadResult; task: KnownTask }> {
	const signal = 'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : deadline;
	const startedAt = systemClock.now();
	let known = task;
	for (let answers = 1; ; answers += 1) {
		const asset = assetsOf(known, output)[index] ?? assetsOf(task, output)[index];
		if (asset === undefined) return { result: { kind: 'aborted' }, task: known };
		const result = await download(context, asset, deadline);
		const row = { answers, ms: systemClock.now() - startedAt };
		if (result.kind !== 'failed' || judge('file', result.problem.reason, row) !== 'askAgain')
			return { result, task: known };

		await pauseUnlessAborted(backoffDelay(answers, Math.random()), systemClock, signal);
		if (signal?.aborted) return { result: { kind: 'aborted' }, task: known };
		// A read that fails says nothing about the file.
		const again = await reader.read();
		if (again.kind === 'task' && again.state.status === 'succeeded' && again.state.assetUrls.length > 0)
			known = { ...known, state: again.state };
	}
}

/** What to do first, before the file is fetched again. */
const firstAid: Partial<Record<Reason, string>> = {
	tooLarge: 'Raise Max File Size (MB) in the options, or enter 0 for no limit.',
	auth: 'Check the API key in the credential "CometAPI Runway API".',
	forbidden: 'Check the API key in the credential "CometAPI Runway API".',
	unreachable: 'Check the network of this n8n and its proxy settings.',
};

/** Puts a failed download into words. None of the words suggest creating the task again. */
function explainNoFile(
	result: Exclude<DownloadResult, { kind: 'stored' }>,
	{ operation }: OutputOptions,
	{ taskId }: KnownTask,
	deadline: AbortSignal | undefined,
): NoFile {
	const problem = result.kind === 'failed' ? result.problem : null;
	const aid = problem === null ? undefined : firstAid[problem.reason];
	const isDownload = operation === 'download';
	const fetch = isDownload
		? `${aid === undefined ? 'Run' : 'Then run'} this operation again${aid === undefined ? ' later' : ''}, which costs nothing.`
		: `Fetch the file with Resource "Task", Operation "Download" and the task ID ${taskId}, which costs nothing.`;
	const isLasting = isDownload && aid === undefined;
	return {
		reason: problem?.message ?? (deadline?.aborted ? 'it took too long' : 'the execution was stopped'),
		advice: [aid, fetch, isLasting ? `If the problem persists, contact CometAPI and quote the task ID ${taskId}.` : '']
			.filter(Boolean)
			.join(' '),
	};
}
