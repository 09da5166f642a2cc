import type { IExecuteFunctions } from 'n8n-workflow';

import type { TaskReader } from '../../shared/api/route';
import { deliver, type OutputOptions } from '../../shared/item/deliver';
import type { Ending, Job, Outcome } from './job';

/** A task that goes to the next node, finished or as the user wants it. */
type PassedOn = Extract<Outcome, { kind: 'created' | 'finished' | 'unfinished' }>;

export function isPassedOn(job: Job, outcome: Outcome): outcome is PassedOn {
	if (outcome.kind !== 'unfinished') return outcome.kind === 'created' || outcome.kind === 'finished';
	return job.settings.onTimeout === 'returnTask' && outcome.waitedMs > 0;
}

/**
 * Makes the item of a task, with its file if one is wanted.
 * @param reader reads the task again if its URL has expired; null for a task that was not watched
 */
export async function makeItem(
	context: IExecuteFunctions,
	job: Job,
	outcome: PassedOn,
	reader: TaskReader | null,
): Promise<Pick<Ending, 'outcome' | 'item'>> {
	const { task } = outcome;
	const { item, noFile } = await deliver(context, outputOptionsOf(job), task, reader);
	return noFile !== undefined && job.kind === 'task' && job.operation.file === 'always'
		? { outcome: { kind: 'noFile', task, ...noFile } }
		: { outcome, item };
}

/** How to build the item of a job's task. */
export function outputOptionsOf(job: Job): OutputOptions {
	const { itemIndex, operation, settings } = job;
	const { binaryField, fileName, allFiles, includeRaw, forAgent } = settings;
	return {
		itemIndex,
		operation: operation.value,
		produces: operation.kind === 'create' ? operation.produces : null,
		binaryField,
		fileName: fileName ?? null,
		allFiles,
		maxFileBytes: Number.isFinite(settings.maxFileBytes) ? settings.maxFileBytes : null,
		includeRaw,
		forAgent,
		made: job.kind === 'create' ? { model: job.model ?? null, ratio: job.ratio, attempts: job.attempts } : undefined,
	};
}
