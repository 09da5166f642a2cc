import type { Wish } from '../../shared/item/deliver';
import type { Job } from './job';

/** How the item of a job's task is to look. */
export function wishOf(job: Job): Wish {
	const { itemIndex, operation, settings } = job;
	const { binaryField, includeRaw, forAgent } = settings;
	const maxFileBytes = Number.isFinite(settings.maxFileBytes) ? settings.maxFileBytes : null;
	const produces = operation.kind === 'create' ? operation.produces : null;
	const ratio = job.kind === 'create' ? job.ratio : null;
	return { itemIndex, operation: operation.value, produces, ratio, binaryField, maxFileBytes, includeRaw, forAgent };
}
