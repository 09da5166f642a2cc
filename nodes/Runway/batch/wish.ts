import type { Wish } from '../../shared/item/deliver';
import type { Job } from './job';

/** How to build the item of a job's task. */
export function wishOf(job: Job): Wish {
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
