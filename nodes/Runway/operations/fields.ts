import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { modelLabel } from './modelNames';

/** Fields that several operations share. Each operation adds its own limits and words. */

/** The list search that the model field uses; the node registers it under this name. */
export const MODEL_SEARCH = 'searchModels';

export function promptField(text: { description: string; placeholder: string; required?: boolean }): INodeProperties {
	return {
		displayName: 'Prompt',
		name: 'prompt',
		type: 'string',
		typeOptions: { rows: 4 },
		default: '',
		required: text.required ?? true,
		placeholder: text.placeholder,
		description: text.description,
	};
}

/** A list that n8n fills from CometAPI's own model list, or a typed name. */
export function modelField(model: string): INodeProperties {
	return {
		displayName: 'Model',
		name: 'model',
		type: 'resourceLocator',
		default: { mode: 'list', value: model, cachedResultName: modelLabel(model) },
		required: true,
		description: 'The model that does the work. Choose By Name to type one that is not in the list.',
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				typeOptions: { searchListMethod: MODEL_SEARCH, searchable: true },
			},
			{
				displayName: 'By Name',
				name: 'id',
				type: 'string',
				placeholder: `e.g. ${model}`,
			},
		],
	};
}

/** Where a ratio is no size in pixels but a shape, such as 16:9. */
const SMALLEST_PIXELS = 100;

/** Known ratios to choose from; any other can be given by an expression. */
export function ratioField(values: readonly string[], defaultValue: string): INodeProperties {
	const options = [...values].sort(byWidth).map(ratioOption);
	return {
		displayName: 'Ratio',
		name: 'ratio',
		type: 'options',
		allowArbitraryValues: true,
		options,
		default: defaultValue,
		description:
			'Width and height of the result in pixels. Which ones a model takes varies; to use one that is not listed, switch to an expression and write it with a colon, such as 1280:720.',
	};
}

/** A ratio that may stay the input's own. */
export function optionalRatioField(values: readonly string[]): INodeProperties {
	const field = ratioField(values, '');
	const same = { name: 'Same as the Video', value: '', description: 'Leaves the ratio to the model' };
	return { ...field, options: [...(field.options ?? []), same] as INodePropertyOptions[] };
}

function byWidth(a: string, b: string): number {
	return Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1);
}

function ratioOption(value: string): INodePropertyOptions {
	const [width = 0, height = 0] = value.split(':').map(Number);
	const shape = width === height ? 'Square' : width > height ? 'Landscape' : 'Portrait';
	if (width >= SMALLEST_PIXELS) return { name: `${value} (${shape})`, value };
	const description = 'The shape alone: the model chooses the pixels. If CometAPI refuses it, choose a size in pixels.';
	return { name: `${value} (${shape}, Any Size)`, value, description };
}

/**
 * @param documented lengths that CometAPI documents; others are sent, with a remark
 */
export function durationField(description: string, documented: readonly number[]): INodeProperties {
	return {
		displayName: 'Duration (Seconds)',
		name: 'duration',
		type: 'number',
		typeOptions: { minValue: 1, numberPrecision: 0 },
		default: 5,
		hint: `${documented.join(' or ')} seconds; another length may be refused`,
		description,
	};
}

export function seedField(): INodeProperties {
	return {
		displayName: 'Seed',
		name: 'seed',
		type: 'string',
		default: '',
		placeholder: 'e.g. 7421',
		description:
			'A whole number. The same seed with the same inputs gives a similar result. Leave empty for a random one.',
	};
}

/** CometAPI names the switch and does not say which of the two it does. */
export function flipField(): INodeProperties {
	return {
		displayName: 'Flip',
		name: 'flip',
		type: 'boolean',
		default: false,
		description:
			'Whether to flip the result. Depending on the model it is mirrored or turned to portrait, so try it on one video first.',
	};
}

export function styleField(): INodeProperties {
	return {
		displayName: 'Style',
		name: 'style',
		type: 'string',
		default: 'cinematic',
		description: 'Style of the video. "cinematic" is the only one that CometAPI documents.',
	};
}

/** A URL that CometAPI downloads from, so it must be public. */
export function urlField(field: {
	displayName: string;
	name: string;
	default?: string;
	placeholder: string;
	description: string;
	required?: boolean;
}): INodeProperties {
	return {
		type: 'string',
		default: '',
		required: true,
		...field,
	};
}

/** The six camera movements of the compatibility format. */
export function cameraMotionField(): INodeProperties {
	return {
		displayName: 'Camera Motion',
		name: 'cameraMotion',
		type: 'collection',
		placeholder: 'Add Movement',
		default: {},
		description: 'How the camera moves. Each movement goes from -10 to 10; the others stay still.',
		options: [
			cameraMovement('Horizontal (X)', 'x', 'Negative moves left, positive moves right'),
			cameraMovement('Pan Horizontal', 'bgXPan', 'Turns the camera left or right'),
			cameraMovement('Pan Vertical', 'bgYPan', 'Turns the camera up or down'),
			cameraMovement('Roll (R)', 'r', 'Rotates the image'),
			cameraMovement('Vertical (Y)', 'y', 'Negative moves down, positive moves up'),
			cameraMovement('Zoom (Z)', 'z', 'Negative moves away, positive moves closer'),
		],
	};
}

function cameraMovement(displayName: string, name: string, description: string): INodeProperties {
	return {
		displayName,
		name,
		type: 'number',
		typeOptions: { minValue: -10, maxValue: 10, numberPrecision: 1 },
		default: 0,
		description,
	};
}

/** How strictly Runway's moderation treats people who resemble public figures. */
export function moderationField(): INodeProperties {
	return {
		displayName: 'People Who Resemble Public Figures',
		name: 'publicFigureThreshold',
		type: 'options',
		options: [
			{ name: 'Usual Strictness', value: 'auto' },
			{ name: 'Less Strict', value: 'low' },
		],
		default: 'auto',
		description: 'How strictly Runway checks whether the result shows a person who looks like a public figure',
	};
}
