import type { IExecuteFunctions, INodeParameters, INodeProperties } from 'n8n-workflow';

import { valueAt } from '../../shared/parameters/check';
import { isObject, textOf } from '../../shared/task/json';
import { labelOfApiField } from '../operations/apiNames';
import { unreachableCallback } from '../operations/hints';
import type { BuildInput, CreateOperation, InputFile } from '../operations/operation';
import type { ModelRequest, Prepared } from './job';
import { makeRequest, type RequestSource } from './request';
import { addressOf, RESUME_PATH } from './resumePath';
import type { ItemSettings } from './settings';

/** What a create needs that is the same for all items. */
export type ForAll = Pick<BuildInput, 'apiHost' | 'shapeAt'>;

/** Makes the job that creates an item's task, with a request for each model that may be tried. */
export async function prepareCreate(
	context: IExecuteFunctions,
	operation: CreateOperation,
	settings: ItemSettings,
	itemIndex: number,
	forAll: ForAll,
): Promise<Prepared> {
	const parameters = readParameters(context, operation, itemIndex);
	const input: BuildInput = {
		...forAll,
		// Only some routes require an address.
		callbackUrl: operation.api === 'compatibility' ? callbackUrlOf(context, settings) : '',
		sendAnyway: settings.sendAnyway,
		expressionOf: (path) => expressionOf(context.getNode().parameters, path),
		readFile: async (field) => await readFile(context, itemIndex, field),
	};
	const source = { context, operation, settings, itemIndex, input };
	const made = await makeRequest(source, parameters);
	if (!made.ok) return { itemIndex, outcome: { kind: 'invalid', faults: made.faults } };
	const request = made.data;
	const { fallbacks, leftOut } = await fallbacksOf(source, parameters, request);
	const isCalledBack = settings.completion === 'suspend' && input.callbackUrl !== '';
	return {
		kind: 'create',
		itemIndex,
		settings,
		operation,
		...request,
		hints: [...request.hints, ...(isCalledBack ? unreachableCallback(input.callbackUrl) : []), ...leftOut],
		remarks: [...request.remarks, ...leftOut],
		fallbacks: fallbacks.map((other) => ({ ...other, remarks: [...other.remarks, ...leftOut] })),
		fingerprints: [request, ...fallbacks].map(({ fingerprint }) => fingerprint),
		attempts: 1,
		prompt: textOf(parameters.prompt) ?? undefined,
		labelOf: (path) => labelOfApiField(operation, path),
	};
}

/**
 * The same request with the fallback models, each once.
 * @returns also why others can't be used
 */
async function fallbacksOf(
	source: RequestSource,
	parameters: Record<string, unknown>,
	request: ModelRequest,
): Promise<{ fallbacks: ModelRequest[]; leftOut: string[] }> {
	const fallbacks: ModelRequest[] = [];
	const leftOut: string[] = [];
	for (const model of request.model === undefined ? [] : source.settings.fallbackModels) {
		const other = await makeRequest(source, { ...parameters, model });
		if (!other.ok) {
			const reasons = other.faults.map(({ label, expected }) => `"${label}" ${expected}`).join('; ');
			leftOut.push(`The fallback model ${model} can't be used: ${reasons}.`);
		} else if (![request, ...fallbacks].some(({ fingerprint }) => fingerprint === other.data.fingerprint)) {
			fallbacks.push(other.data);
		}
	}
	return { fallbacks, leftOut };
}

/** The values of the operation's fields and options, by name. */
function readParameters(
	context: IExecuteFunctions,
	{ fields, options = [] }: CreateOperation,
	itemIndex: number,
): Record<string, unknown> {
	const read = (path: string, { name, type }: INodeProperties) => {
		const extractValue = type === 'resourceLocator';
		// Fields that the panel hides have no value; without a fallback n8n throws.
		return [name, context.getNodeParameter(path, itemIndex, null, { extractValue }) ?? undefined] as const;
	};
	return Object.fromEntries([
		...fields.map((field) => read(field.name, field)),
		...options.map((option) => read(`options.${option.name}`, option)),
	]);
}

/**
 * The address for callbacks, which CometAPI's compatibility routes require: the user's own address, or this
 * execution's. The last path segment keeps a late callback from waking up another node that the same
 * execution may sleep in by then.
 */
function callbackUrlOf(context: IExecuteFunctions, { completion, callbackUrl }: ItemSettings): string {
	if (callbackUrl !== undefined && completion !== 'suspend') return callbackUrl;
	return addressOf(context, completion === 'suspend' ? RESUME_PATH : 'runway');
}

/** What a parameter of the node holds, if it is an expression; in the options, too. */
function expressionOf(parameters: INodeParameters, path: string): string | null {
	const keys = path.split('.');
	const held = valueAt(keys, parameters) ?? valueAt(keys, parameters.options as INodeParameters);
	const value = isObject(held) ? held.value : held;
	return typeof value === 'string' && value.startsWith('=') ? value : null;
}

async function readFile(context: IExecuteFunctions, itemIndex: number, field: string): Promise<InputFile> {
	const { mimeType, id, data } = context.helpers.assertBinaryData(itemIndex, field);
	// Without an ID, n8n keeps the file in the item itself, as base64.
	const size =
		id === undefined ? Buffer.byteLength(data, 'base64') : (await context.helpers.getBinaryMetadata(id)).fileSize;
	return { mimeType, size, read: async () => await context.helpers.getBinaryDataBuffer(itemIndex, field) };
}
