import type { Wish } from '../../shared/item/deliver';
import type { Job } from './job';

/** How the item of a job's task is to look. */
export function wishOf(job: Job): Wish {
	const { itemIndex, operation, settings } = job;
	const { binaryField, includeRaw, forAgent } = settings;
	const maxFileBytes = Number.isFinite(settings.maxFileBytes) ? settings.maxFileBytes : null;
	const produces = operation.kind === 'create' ? operation.produces : null;
	const made =
		job.kind === 'create' ? { model: job.model ?? null, ratio: job.ratio, attempts: job.attempts } : undefined;
	return { itemIndex, operation: operation.value, produces, binaryField, maxFileBytes, includeRaw, forAgent, made };
}
