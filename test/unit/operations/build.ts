import { NodeHelpers, type INodeParameters, type INodeProperties } from 'n8n-workflow';

import type { Fault } from '../../../nodes/shared/parameters/check';
import { isCreate, operations } from '../../../nodes/Runway/operations';
import type { BuildInput, BuildResult, CreateOperation } from '../../../nodes/Runway/operations/operation';
import { callback_url, mp4, pier, png, tall, type Values } from './rows';

/** Operations as n8n would run them: with the defaults of the panel, and images that can be read. */

export const creates = operations.filter(isCreate);
export const nameOf = (operation: CreateOperation) => `${operation.resource}.${operation.value}`;
export const named = creates.map((operation): [string, CreateOperation] => [nameOf(operation), operation]);
export const operationOf = (name: string) => {
	const operation = creates.find((candidate) => nameOf(candidate) === name);
	if (operation === undefined) throw new Error(`${name} is no longer in the table`);
	return operation;
};

/** What can be read of the images on the web. */
const shapes: Record<string, { width: number; height: number }> = {
	[pier]: { width: 1600, height: 900 },
	[tall]: { width: 900, height: 1600 },
};

const files: Record<string, Buffer> = { picture: png, clip: mp4, data: png };
export const input: BuildInput = {
	callbackUrl: callback_url,
	apiHost: 'api.cometapi.com',
	sendAnyway: false,
	expressionOf: () => null,
	shapeAt: async (url) => shapes[url] ?? null,
	readFile: async (field) => {
		const bytes = files[field] ?? Buffer.alloc(0);
		return { mimeType: 'application/octet-stream', size: bytes.length, read: async () => bytes };
	},
};

/** The values that n8n hands over for a field that was left alone; expressions on items find nothing. */
export function defaultOf(field: INodeProperties): unknown {
	if (field.type === 'resourceLocator') return (field.default as { value: unknown }).value;
	return typeof field.default === 'string' && field.default.startsWith('=') ? undefined : field.default;
}

export const isShown = (field: INodeProperties, values: Values) =>
	NodeHelpers.displayParameter(values as INodeParameters, field, null, null);

/** All parameters of an operation: the panel's defaults with the given ones, without those that the panel then hides. */
export function parametersOf({ fields, options = [] }: CreateOperation, given: Values): Values {
	const defaults = Object.fromEntries(fields.map((field) => [field.name, defaultOf(field)]));
	const shown = fields.filter((field) => isShown(field, { ...defaults, ...given }));
	return {
		...Object.fromEntries([...fields, ...options].map(({ name }) => [name, undefined])),
		...Object.fromEntries(shown.map((field) => [field.name, defaultOf(field)])),
		...given,
	};
}

export async function build(operation: CreateOperation, given: Values): Promise<BuildResult> {
	return await operation.build(parametersOf(operation, given), input);
}

export async function bodyOf(operation: CreateOperation, given: Values): Promise<Values> {
	const result = await build(operation, given);
	if (!result.ok) throw new Error(result.faults.map(({ label, expected }) => `${label} ${expected}`).join('; '));
	return result.body;
}

export async function faultsOf(operation: CreateOperation, given: Values): Promise<Fault[]> {
	const result = await build(operation, given);
	return result.ok ? [] : result.faults;
}
