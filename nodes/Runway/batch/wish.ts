import type { Wish } from '../../shared/item/deliver';
import type { Job } from './job';

/** How the item of a job's task is to look. */
export function wishOf({ itemIndex, operation, settings }: Job): Wish {
	const { binaryField, fileName, allFiles, includeRaw, forAgent } = settings;
	const maxFileBytes = Number.isFinite(settings.maxFileBytes) ? settings.maxFileBytes : null;
	const produces = operation.kind === 'create' ? operation.produces : null;
	return {
		itemIndex,
		operation: operation.value,
		produces,
		binaryField,
		fileName,
		allFiles,
		maxFileBytes,
		includeRaw,
		forAgent,
	};
}
