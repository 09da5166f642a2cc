import { createHash } from 'node:crypto';

import { NodeOperationError, sleep, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';

import { isApiChoice, taskIdsOf } from '../../shared/task/ids';
import { isObject, textOf } from '../../shared/task/json';
import type { Api } from '../../shared/task/task';
import { labelOfApiField } from '../operations/apiNames';
import type { BatchOperation, CreateOperation, Fault, InputFile, TaskOperation } from '../operations/operation';
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

/**
 * Checks all items, in their order. A task operation may make several jobs of one item.
 * @param hasRegister whether the credential has the register of tasks switched on
 */
export async function prepare(
	context: IExecuteFunctions,
	operation: BatchOperation,
	hasRegister: boolean,
): Promise<Prepared[]> {
	const prepared: Prepared[] = [];
	let breathedAt = Date.now();
	for (const itemIndex of context.getInputData().keys()) {
		if (Date.now() - breathedAt > LONGEST_BLOCK_MS) {
			// Expressions are work for the processor: without a break, a large batch would hold up all of n8n.
			await sleep(0);
			breathedAt = Date.now();
		}
		try {
			const read = readSettings(context, operation, itemIndex);
			if (!read.ok) {
				prepared.push(invalid(itemIndex, ...read.faults));
				continue;
			}
			const { settings } = read;
			if (operation.kind === 'create' && isNeverWoken(operation, settings, hasRegister)) {
				prepared.push(invalid(itemIndex, neverWoken));
				continue;
			}
			const jobs =
				operation.kind === 'create'
					? [await prepareCreate(context, operation, settings, itemIndex)]
					: prepareTasks(context, operation, settings, itemIndex);
			prepared.push(...jobs);
		} catch (error) {
			// n8n's own errors of expressions, credentials and missing binary fields: theirs are the best words.
			prepared.push({ itemIndex, job: null, outcome: { kind: 'unresolved', error: error as Error, task: null } });
		}
	}
	return prepared;
}

const neverWoken: Fault = {
	parameter: 'completion',
	label: 'When to Continue',
	found: null,
	expected:
		'can be "When a Runway Trigger Reports the End" only with the register of tasks: switch on "Keep a Register of Tasks" in the credential, and publish a workflow with a Runway Trigger that watches it',
};

/** Whether nobody would wake the execution up: of the official routes' tasks, CometAPI reports nothing. */
function isNeverWoken({ api }: CreateOperation, { completion }: ItemSettings, hasRegister: boolean): boolean {
	return completion === 'suspend' && api === 'official' && !hasRegister;
}

async function prepareCreate(
	context: IExecuteFunctions,
	operation: CreateOperation,
	settings: ItemSettings,
	itemIndex: number,
): Promise<Prepared> {
	const parameters = Object.fromEntries(
		operation.fields.map(({ name, type }) => {
			const extractValue = type === 'resourceLocator';
			// Fields that the panel hides have no value; without a fallback n8n throws.
			return [name, context.getNodeParameter(name, itemIndex, null, { extractValue }) ?? undefined];
		}),
	);
	const input = {
		// Only the routes that require an address are worth working it out.
		callbackUrl: operation.api === 'compatibility' ? callbackUrlOf(context, settings) : '',
		readFile: async (field: string) => await readFile(context, itemIndex, field),
	};
	const first = await operation.build(parameters, input);
	if (!first.ok) return invalid(itemIndex, ...first.faults);

	const merged = mergeDeep(first.body, settings.additionalFields);
	const kept = first.usesFiles ? null : merged;
	const body = async () => {
		if (kept !== null) return kept;
		const again = await operation.build(parameters, input);
		if (!again.ok)
			throw new NodeOperationError(context.getNode(), 'The file of the item has changed while it was being sent', {
				itemIndex,
			});
		return mergeDeep(again.body, settings.additionalFields);
	};
	const job: Job = {
		kind: 'create',
		itemIndex,
		settings,
		pace: paceOf(operation, parameters),
		operation,
		fingerprint: fingerprint(operation, merged),
		remarks: [...first.remarks, ...first.hints],
		model: textOf(parameters.model) ?? undefined,
		prompt: textOf(parameters.prompt) ?? undefined,
		labelOf: (path) => labelOfApiField(operation, path),
		body,
	};
	const hints =
		settings.completion === 'suspend' && input.callbackUrl !== ''
			? [...first.hints, ...unreachableCallback(input.callbackUrl)]
			: first.hints;
	return { itemIndex, job, hints };
}

/**
 * Where CometAPI is to call back, which its compatibility routes require: the user's own address, or this
 * execution's. The last path segment keeps a late callback from waking up another node that the same
 * execution may sleep in by then.
 */
function callbackUrlOf(context: IExecuteFunctions, { completion, callbackUrl }: ItemSettings): string {
	if (callbackUrl !== '' && completion !== 'suspend') return callbackUrl;
	return addressOf(context, completion === 'suspend' ? RESUME_PATH : 'runway');
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
	const api = context.getNodeParameter('api', itemIndex, 'auto') as unknown;
	if (!isApiChoice(api)) {
		const expected = 'must be "auto", "official" or "compatibility"';
		return [invalid(itemIndex, { parameter: 'api', label: 'API', found: { value: api }, expected })];
	}
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
		job: { kind: 'task', itemIndex, settings: settingsOf(index), pace: 'unknown', operation, taskId, api, likelyApi },
		hints: [],
	}));
}

/** A hash of what is asked for. The callback's address differs between attempts and does not matter. */
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
