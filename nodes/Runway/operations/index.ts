import { getBalance } from './account/getBalance.operation';
import { generate } from './image/generate.operation';
import type { CreateOperation, Operation } from './operation';
import { download } from './task/download.operation';
import { get } from './task/get.operation';
import { list } from './task/list.operation';
import { wait } from './task/wait.operation';
import { actOne } from './video/actOne.operation';
import { characterPerformance } from './video/characterPerformance.operation';
import { generateFromImage } from './video/generateFromImage.operation';
import { generateFromText } from './video/generateFromText.operation';
import { imageToVideo } from './video/imageToVideo.operation';
import { restyle } from './video/restyle.operation';
import { upscale } from './video/upscale.operation';
import { videoToVideo } from './video/videoToVideo.operation';

/**
 * Every operation of the Runway node. The panel, its display conditions and the dispatch all follow from
 * this list: to add an operation, write its file and name it here.
 */
export const operations: readonly Operation[] = [
	generateFromText,
	generateFromImage,
	imageToVideo,
	restyle,
	actOne,
	videoToVideo,
	characterPerformance,
	upscale,
	generate,
	get,
	wait,
	download,
	list,
	getBalance,
];

/** Finds an operation by the values that saved workflows store. */
export function findOperation(resource: string, value: string): Operation | undefined {
	return operations.find((operation) => operation.resource === resource && operation.value === value);
}

export function isCreate(operation: Operation): operation is CreateOperation {
	return operation.kind === 'create';
}
