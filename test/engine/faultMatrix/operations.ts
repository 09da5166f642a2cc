import type { INodeParameters } from 'n8n-workflow';

import { operations } from '../../../nodes/Runway/operations';
import type { ListOperation, Operation } from '../../../nodes/Runway/operations/operation';

/** The operations of the matrix, each with parameters for an item whose `prompt` steers the stand-in. */

export type Column = (typeof columns)[number];

/** What behaves alike stands in one column. */
export const columns = [
	'Create, official',
	'Create, compatibility',
	'Create, sleeping',
	'Task: Get',
	'Task: Wait',
	'Task: Download',
	'Get Balance',
	'Runway Trigger',
	'Runway Callback Trigger',
] as const;

export interface MatrixOperation {
	/** Resource and operation, such as `video.upscale`. */
	name: string;
	column: Column;
	/** Whether it creates tasks, which costs money. */
	creates: boolean;
	parameters: INodeParameters;
	/** How it learns of the end of tasks, if not by waiting. */
	hears?: 'asleep' | 'polling' | 'called';
}

/** Part of every input URL: input URLs may be signed, too. */
export const INPUT_SIGNATURE = 'signature-of-an-input';
/** Routes without a prompt are steered by their URLs. */
const media = (ending: string) =>
	`=https://media.example.com/{{ encodeURIComponent($json.prompt) }}.${ending}?X-Signature=${INPUT_SIGNATURE}`;

const image = { imageUrl: media('jpg') };
const video = { videoUrl: media('mp4') };
const prompt = { prompt: '={{ $json.prompt }}' };
/** Nobody has to read the image's shape. */
const ratio = '1280:720';

const inputs: Readonly<Record<string, INodeParameters>> = {
	'video.generateFromText': prompt,
	'video.generateFromImage': { ...prompt, ...image, ratio },
	'video.imageToVideo': { ...prompt, ...image, ratio },
	'video.restyle': { ...prompt, ...video },
	'video.actOne': { ...video, ...image },
	'video.videoToVideo': { ...prompt, ...video },
	'video.characterPerformance': { characterUrl: media('jpg'), referenceUrl: media('mp4'), ratio },
	'video.upscale': video,
	'image.generate': { ...prompt, referenceImages: { image: [{ url: media('png') }] } },
	'task.get': {},
	'task.wait': {},
	'task.download': {},
	'account.getBalance': {},
};

/** Every operation of the Runway node that runs to its end. Lists ask other routes: account.test.ts has their faults. */
const ofRunway: readonly MatrixOperation[] = operations.flatMap((operation) => {
	if (operation.kind === 'list') return [];
	const { resource, value } = operation;
	const name = `${resource}.${value}`;
	if (inputs[name] === undefined) throw new Error(`The fault matrix has no inputs for ${name}`);
	return {
		name,
		column: columnOf(operation),
		creates: operation.kind === 'create',
		parameters: { resource, operation: value, ...inputs[name] },
	};
});

/** Everything that has cells. */
export const matrixOperations: readonly MatrixOperation[] = [
	...ofRunway,
	{
		name: 'video.generateFromText, sleeping',
		column: 'Create, sleeping',
		creates: true,
		parameters: { resource: 'video', operation: 'generateFromText', ...prompt, completion: 'suspend' },
		hears: 'asleep',
	},
	{ name: 'Runway Trigger', column: 'Runway Trigger', creates: false, parameters: {}, hears: 'polling' },
	{
		name: 'Runway Callback Trigger',
		column: 'Runway Callback Trigger',
		creates: false,
		parameters: {},
		hears: 'called',
	},
];

function columnOf(operation: Exclude<Operation, ListOperation>): Column {
	if (operation.kind === 'account') return 'Get Balance';
	if (operation.kind === 'create') {
		return operation.api === 'official' ? 'Create, official' : 'Create, compatibility';
	}
	return operation.waits ? 'Task: Wait' : operation.file === 'always' ? 'Task: Download' : 'Task: Get';
}
