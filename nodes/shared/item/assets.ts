import type { Asset } from '../files/download';
import { baseNameOf } from '../files/names';
import type { KnownTask } from '../task/task';
import type { OutputOptions } from './deliver';

/** A file of a finished task, and the binary field of its item. */
export interface NamedAsset extends Asset {
	field: string;
}

/**
 * The files of a task that are wanted: the result, then, if all are wanted, further results, the poster and the last frame.
 * Their order stays the same if the task is read again for fresh URLs.
 */
export function assetsOf({ taskId, state }: KnownTask, output: OutputOptions): NamedAsset[] {
	const { binaryField, produces, allFiles, fileName } = output;
	if (binaryField === null) return [];
	const expected = produces ?? (state?.videoUrl === null ? 'image' : 'video');
	const result = (expected === 'video' ? state?.videoUrl : state?.imageUrl) ?? state?.assetUrls[0] ?? '';
	const baseName = baseNameOf(fileName, taskId);
	const asset = (field: string, url: string, suffix: string, kind: Asset['expected']): NamedAsset => ({
		field,
		url,
		baseName: `${baseName}${suffix}`,
		expected: kind,
		maxBytes: output.maxFileBytes ?? Number.POSITIVE_INFINITY,
	});
	const first = asset(binaryField, result, '', expected);
	if (!allFiles) return [first];

	const further = (state?.assetUrls ?? []).filter((url) => url !== result);
	const stills: ReadonlyArray<[field: string, url: string | null | undefined]> = [
		['poster', state?.posterUrl],
		['last_frame', state?.lastFrameUrl],
	];
	// The user may have given the result's field the name of a still.
	const stillIn = (field: string) => (field === binaryField ? `${field}_image` : field);
	return [
		first,
		...further.map((url, index) => asset(`${binaryField}_${index + 1}`, url, `-${index + 2}`, expected)),
		...stills.flatMap(([field, url]) =>
			url ? [asset(stillIn(field), url, `-${field.replace('_', '-')}`, 'image')] : [],
		),
	];
}
