import { labelledParameters } from '../../shared/parameters/check';
import type { CreateOperation } from './operation';

/** Parameters whose name in the panel is not the API's, by the API's name in a request body. */
const parameterByApiName: ReadonlyMap<string, string> = new Map([
	['character', 'characterUrl'],
	['contentModeration', 'publicFigureThreshold'],
	['image', 'imageUrl'],
	['image_as_end_frame', 'imageAsEndFrame'],
	['last_image', 'lastImageUrl'],
	['motion_vector', 'cameraMotion'],
	['promptImage', 'imageUrl'],
	['promptText', 'prompt'],
	['reference', 'referenceUrl'],
	['references', 'referenceImages'],
	['seconds', 'duration'],
	['structure_transformation', 'structureTransformation'],
	['video', 'videoUrl'],
	['videoUri', 'videoUrl'],
]);

/**
 * The label that the panel gives to a field of the request body.
 * @param path as the API names it, such as `ratio`, `options.seconds` or `referenceImages.0.uri`
 * @returns the label in quotes, or the path itself if the panel has no such field
 */
export function labelOfApiField(operation: CreateOperation, path: string): string {
	const parameters = labelledParameters(operation);
	for (const segment of path.split('.')) {
		const name = parameterByApiName.get(segment) ?? segment;
		const field = parameters.find((candidate) => candidate.name === name);
		if (field !== undefined) return `"${field.displayName}"`;
	}
	return path;
}
