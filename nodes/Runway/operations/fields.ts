import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { MATCH_IMAGE } from '../../shared/parameters/checks';
import type { FactsByModel } from '../modelTable';
import { modelLabel } from './modelNames';
import { currentRatios, nearestShape } from './modelRules';

/** Fields that several operations share. Each operation adds its own limits and words. */

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
				// The node registers its list search under this name.
				typeOptions: { searchListMethod: 'searchModels', searchable: true },
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

/**
 * Known ratios to choose from; any other can be given by an expression.
 * @param defaultValue one of them, or {@link MATCH_IMAGE}, which is then in the list
 */
export function ratioField(values: readonly string[], defaultValue: string): INodeProperties {
	const match = defaultValue === MATCH_IMAGE ? [matchImage] : [];
	return {
		displayName: 'Ratio',
		name: 'ratio',
		type: 'options',
		allowArbitraryValues: true,
		options: [...[...values].sort(byWidth).map(ratioOption), ...match],
		default: defaultValue,
		description:
			'Width and height of the result in pixels. The list shows what the chosen model takes. An expression must give it with a colon, such as 1280:720.',
	};
}

const matchImage: INodePropertyOptions = {
	name: 'Match the Image',
	value: MATCH_IMAGE,
	description: "The model's ratio that is nearest to the shape of the image, so that little is cut off",
};

/**
 * The same field once for each model with its own ratios, and once for all other models: n8n shows the one that fits the chosen
 * model. A default that a model does not have becomes its nearest ratio.
 */
export function ratioFields(facts: FactsByModel, defaultValue: string): INodeProperties[] {
	const listed = Object.entries(facts).filter(([, { ratios }]) => ratios.length > 0);
	return [
		...listed.map(([model, { ratios }]): INodeProperties => {
			const fits = defaultValue === MATCH_IMAGE || ratios.includes(defaultValue);
			const field = ratioField(ratios, fits ? defaultValue : nearestShape(ratios, defaultValue));
			// With `show`, n8n would show the fields of all models if the model is an expression.
			return { ...field, displayOptions: { hide: { model: [{ _cnd: { not: model } }] } } };
		}),
		{
			...ratioField(currentRatios(facts), defaultValue),
			displayOptions: { hide: { model: listed.map(([model]) => model) } },
		},
	];
}

/** A ratio that may stay the input's own. */
export function optionalRatioField(values: readonly string[]): INodeProperties {
	const field = ratioField(values, '');
	const same = { name: 'Same as the Video', value: '', description: 'Let the model choose' };
	return { ...field, options: [...(field.options ?? []), same] as INodePropertyOptions[] };
}

function byWidth(a: string, b: string): number {
	return Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1);
}

function ratioOption(value: string): INodePropertyOptions {
	const [width = 0, height = 0] = value.split(':').map(Number);
	const shape = width === height ? 'Square' : width > height ? 'Landscape' : 'Portrait';
	return { name: `${value} (${shape})`, value };
}

/**
 * @param documented lengths that CometAPI documents; others are sent only with Send Anyway
 */
export function durationField(description: string, documented: readonly number[]): INodeProperties {
	return {
		displayName: 'Duration (Seconds)',
		name: 'duration',
		type: 'number',
		typeOptions: { minValue: 1, numberPrecision: 0 },
		default: 5,
		hint: `${documented.join(' or ')} seconds. To try another length, add the option Send Anyway.`,
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
			'Whether to flip the result. Depending on the model, it is mirrored or turned to portrait, so try it on one video first.',
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
