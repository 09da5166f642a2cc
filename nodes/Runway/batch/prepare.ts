import { createHash } from 'node:crypto';

import {
	NodeOperationError,
	sleep,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeParameters,
	type INodeProperties,
} from 'n8n-workflow';

import { taskIdsOf } from '../../shared/task/ids';
import { isObject, textOf } from '../../shared/task/json';
import type { Api } from '../../shared/task/task';
import { pLimit } from '../../shared/wait/limit';
import { labelOfApiField } from '../operations/apiNames';
import { MATCH_IMAGE } from '../operations/checks';
import type {
	BatchOperation,
	BuildInput,
	CreateOperation,
	Fault,
	InputFile,
	TaskOperation,
} from '../operations/operation';
import type { ModelRequest } from './fallback';
import { imageShapeReader } from './imageAt';
import type { Job, Outcome } from './job';
import { unreachableCallback } from '../operations/hints';
import { addressOf, RESUME_PATH } from './resumePath';
import { readSettings, type ItemSettings } from './settings';

/**
 * First phase: turns every item into jobs and checks all of them, so that nothing is billed for a batch
 * that can't run.
 */

/** A job, or the reason why an item has none. */
export type Prepared =
	{ itemIndex: number; job: Job; hints: string[] } | { itemIndex: number; job: null; outcome: Outcome };

const LONGEST_BLOCK_MS = 10;
/** Items may wait for their image's shape, and hold their file meanwhile. */
const ITEMS_AT_ONCE = 5;

/**
 * Checks all items, in their order. A task operation may make several jobs of one item.
 * @param hasRegister whether the credential has the register of tasks switched on
 */
export async function prepare(
	context: IExecuteFunctions,
	operation: BatchOperation,
	hasRegister: boolean,
): Promise<Prepared[]> {
	const forAll = { apiHost: await apiHostOf(context), shapeAt: imageShapeReader(context) };
	let breathedAt = Date.now();
	const prepareItem = async (itemIndex: number): Promise<Prepared[]> => {
		if (Date.now() - breathedAt > LONGEST_BLOCK_MS) {
			// Expressions are work for the processor: without a break, a large batch would hold up all of n8n.
			await sleep(0);
			breathedAt = Date.now();
		}
		try {
			const read = readSettings(context, operation, itemIndex);
			if (!read.ok) return [invalid(itemIndex, ...read.faults)];
			const { settings } = read;
			if (operation.kind !== 'create') return prepareTasks(context, operation, settings, itemIndex);
			if (isNeverWoken(operation, settings, hasRegister)) return [invalid(itemIndex, neverWoken)];
			return [await prepareCreate(context, operation, settings, itemIndex, forAll)];
		} catch (error) {
			// n8n's own errors of expressions, credentials and missing binary fields: theirs are the best words.
			return [{ itemIndex, job: null, outcome: { kind: 'unresolved', error: error as Error, task: null } }];
		}
	};
	const limit = pLimit(ITEMS_AT_ONCE);
	const items = [...context.getInputData().keys()];
	return (await Promise.all(items.map(async (item) => await limit(async () => await prepareItem(item))))).flat();
}

const neverWoken: Fault = {
	parameter: 'completion',
	label: 'When to Continue',
	found: null,
	expected:
		'can be "When a Runway Trigger Reports the End" only with the register of tasks: switch on "Keep a Register of Tasks" in the credential, and publish a workflow with a Runway Trigger that watches it',
};

/** Whether nothing would wake the execution up: CometAPI does not call back for tasks of the official routes. */
function isNeverWoken({ api }: CreateOperation, { completion }: ItemSettings, hasRegister: boolean): boolean {
	return completion === 'suspend' && api === 'official' && !hasRegister;
}

async function prepareCreate(
	context: IExecuteFunctions,
	operation: CreateOperation,
	settings: ItemSettings,
	itemIndex: number,
	forAll: Pick<BuildInput, 'apiHost' | 'shapeAt'>,
): Promise<Prepared> {
	const read = (path: string, { name, type }: INodeProperties) => {
		const extractValue = type === 'resourceLocator';
		// Fields that the panel hides have no value; without a fallback n8n throws.
		return [name, context.getNodeParameter(path, itemIndex, null, { extractValue }) ?? undefined] as const;
	};
	const { fields, options = [] } = operation;
	const parameters: Record<string, unknown> = Object.fromEntries([
		...fields.map((field) => read(field.name, field)),
		...options.map((option) => read(`options.${option.name}`, option)),
	]);
	const input = {
		// Only the routes that require an address are worth working it out.
		callbackUrl: operation.api === 'compatibility' ? callbackUrlOf(context, settings) : '',
		...forAll,
		sendAnyway: settings.sendAnyway,
		expressionOf: (path: string) => expressionOf(context.getNode().parameters, path),
		readFile: async (field: string) => await readFile(context, itemIndex, field),
	};
	const first = await modelRequest(parameters);
	if (!first.ok) return invalid(itemIndex, ...first.faults);
	const { request } = first;
	const fallbacks: ModelRequest[] = [];
	const leftOut: string[] = [];
	for (const model of request.model === undefined ? [] : settings.fallbackModels) {
		const other = await modelRequest({ ...parameters, model });
		if (!other.ok) {
			const reasons = other.faults.map(({ label, expected }) => `"${label}" ${expected}`).join('; ');
			leftOut.push(`The fallback model ${model} can't be used: ${reasons}.`);
		} else if (![request, ...fallbacks].some(({ fingerprint: known }) => known === other.request.fingerprint)) {
			fallbacks.push(other.request);
		}
	}
	const callbackHints =
		settings.completion === 'suspend' && input.callbackUrl !== '' ? unreachableCallback(input.callbackUrl) : [];
	const hints = [...request.hints, ...callbackHints, ...leftOut];
	const job: Job = {
		kind: 'create',
		itemIndex,
		settings,
		operation,
		...request,
		remarks: [...request.remarks, ...leftOut],
		fallbacks: fallbacks.map((other) => ({ ...other, remarks: [...other.remarks, ...leftOut] })),
		fingerprints: [request, ...fallbacks].map(({ fingerprint: known }) => known),
		attempts: 1,
		notes: hints,
		prompt: textOf(parameters.prompt) ?? undefined,
		labelOf: (path) => labelOfApiField(operation, path),
	};
	return { itemIndex, job, hints };

	/** Checks the request with the model of these parameters. */
	async function modelRequest(
		chosen: Record<string, unknown>,
	): Promise<{ ok: true; request: ModelRequest } | { ok: false; faults: Fault[] }> {
		const built = await operation.build(chosen, input);
		if (!built.ok) return built;
		const merged = mergeDeep(built.body, settings.additionalFields);
		const kept = built.usesFiles ? null : merged;
		const body = async () => {
			if (kept !== null) return kept;
			const again = await operation.build(chosen, input);
			if (!again.ok)
				throw new NodeOperationError(context.getNode(), 'The file of the item has changed while it was being sent', {
					itemIndex,
				});
			return mergeDeep(again.body, settings.additionalFields);
		};
		const request: ModelRequest = {
			body,
			pace: paceOf(operation, chosen),
			fingerprint: fingerprint(operation, asAsked(merged, built.matchedRatio)),
			ratio: textOf(merged.ratio),
			remarks: [...built.remarks, ...built.hints],
			hints: built.hints,
			model: textOf(chosen.model) ?? undefined,
		};
		return { ok: true, request };
	}
}

/**
 * The address for callbacks, which CometAPI's compatibility routes require: the user's own address, or this
 * execution's. The last path segment keeps a late callback from waking up another node that the same
 * execution may sleep in by then.
 */
function callbackUrlOf(context: IExecuteFunctions, { completion, callbackUrl }: ItemSettings): string {
	if (callbackUrl !== '' && completion !== 'suspend') return callbackUrl;
	return addressOf(context, completion === 'suspend' ? RESUME_PATH : 'runway');
}

/** Host of the credential's base URL, or nothing if the credential can't be read: then no request gets far. */
async function apiHostOf(context: IExecuteFunctions): Promise<string> {
	try {
		const { baseUrl } = await context.getCredentials('cometApiRunwayApi');
		return new URL(String(baseUrl)).hostname;
	} catch {
		return '';
	}
}

/** What a parameter of the node holds, if it is an expression; in the options, too. */
function expressionOf(parameters: INodeParameters, path: string): string | null {
	const at = (from: unknown) =>
		path
			.split('.')
			.reduce<unknown>(
				(value, key) => (isObject(value) || Array.isArray(value) ? value[key as never] : undefined),
				from,
			);
	const held = at(parameters) ?? at(parameters.options);
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

/** Merges the user's extra fields into the body; objects are merged, everything else is replaced. */
function mergeDeep(body: Record<string, unknown>, extra: Record<string, unknown>): Record<string, unknown> {
	const merged = new Map(Object.entries(body));
	for (const [key, value] of Object.entries(extra)) {
		const present = merged.get(key);
		merged.set(key, isObject(present) && isObject(value) ? mergeDeep(present, value) : value);
	}
	return Object.fromEntries(merged);
}

function prepareTasks(
	context: IExecuteFunctions,
	operation: TaskOperation,
	settings: ItemSettings,
	itemIndex: number,
): Prepared[] {
	const value = context.getNodeParameter('taskId', itemIndex) as unknown;
	const ids = taskIdsOf(value);
	if (ids.length === 0) {
		return [
			invalid(itemIndex, {
				parameter: 'taskId',
				label: 'Task ID',
				found: { value },
				expected: 'must name at least one task',
			}),
		];
	}
	const likelyApi = likelyApiOf(context.getInputData()[itemIndex]);
	// Files of one item need names of their own.
	const settingsOf = (index: number) =>
		settings.fileName === null || ids.length === 1
			? settings
			: { ...settings, fileName: `${settings.fileName}-${index + 1}` };
	return ids.map((taskId, index) => ({
		itemIndex,
		job: {
			kind: 'task',
			itemIndex,
			settings: settingsOf(index),
			pace: 'unknown',
			operation,
			taskId,
			api: settings.api,
			likelyApi,
		},
		hints: [],
	}));
}

/** A ratio that was matched is as the user chose it: if the image can't be read another time, the request is still the same. */
function asAsked(body: Record<string, unknown>, matchedRatio: string | null): Record<string, unknown> {
	return matchedRatio !== null && body.ratio === matchedRatio ? { ...body, ratio: MATCH_IMAGE } : body;
}

/** A hash of the request without the callback's address, which differs between attempts. */
function fingerprint({ path }: CreateOperation, body: Record<string, unknown>): string {
	const request = { ...body, callback_url: undefined };
	return createHash('sha256')
		.update(`${path} ${JSON.stringify(request)}`)
		.digest('hex');
}

/** How long a task renders depends on its route, its model and the length of the result. */
function paceOf({ path, value }: CreateOperation, { model, duration }: Record<string, unknown>): string {
	return [path, value, model, duration].map(String).join(' ');
}

/** An item that came out of a Runway node says which family its task belongs to. */
function likelyApiOf(item: INodeExecutionData | undefined): Api | undefined {
	const api = item?.json.api;
	return api === 'official' || api === 'compatibility' ? api : undefined;
}

function invalid(itemIndex: number, ...faults: Fault[]): Prepared {
	return { itemIndex, job: null, outcome: { kind: 'invalid', faults } };
}
