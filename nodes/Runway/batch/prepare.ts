import { sleep, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';

import type { Fault } from '../../shared/parameters/check';
import { taskIdsOf } from '../../shared/task/ids';
import type { ApiFamily } from '../../shared/task/task';
import { pLimit } from '../../shared/wait/limit';
import type { BatchOperation, CreateOperation, TaskOperation } from '../operations/operation';
import { prepareCreate } from './createJob';
import { imageShapeReader } from './imageAt';
import type { Prepared } from './job';
import { readSettings, type ItemSettings } from './settings';

/**
 * First phase: turns every item into jobs and checks all of them, so that nothing is billed for a batch
 * that can't run.
 */

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
			const settings = read.data;
			if (operation.kind !== 'create') return prepareTasks(context, operation, settings, itemIndex);
			if (isNeverWoken(operation, settings, hasRegister)) return [invalid(itemIndex, neverWoken)];
			return [await prepareCreate(context, operation, settings, itemIndex, forAll)];
		} catch (error) {
			// n8n's own errors of expressions, credentials and missing binary fields: theirs are the best words.
			return [{ itemIndex, outcome: { kind: 'unresolved', error: error as Error, task: null } }];
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

/** Host of the credential's base URL, or nothing if the credential can't be read: then no request gets far. */
async function apiHostOf(context: IExecuteFunctions): Promise<string> {
	try {
		const { baseUrl } = await context.getCredentials('cometApiRunwayApi');
		return new URL(String(baseUrl)).hostname;
	} catch {
		return '';
	}
}

/** One job for each task that the item names. */
function prepareTasks(
	context: IExecuteFunctions,
	operation: TaskOperation,
	settings: ItemSettings,
	itemIndex: number,
): Prepared[] {
	const value = context.getNodeParameter('taskId', itemIndex) as unknown;
	const ids = taskIdsOf(value);
	if (ids.length === 0) {
		const expected = 'must name at least one task';
		return [invalid(itemIndex, { parameter: 'taskId', label: 'Task ID', found: { value }, expected })];
	}
	const { fileName, api } = settings;
	const likelyFamily = likelyFamilyOf(context.getInputData()[itemIndex]);
	return ids.map((taskId, index) => ({
		kind: 'task',
		itemIndex,
		// Files of one item need names of their own.
		settings: fileName && ids.length > 1 ? { ...settings, fileName: `${fileName}-${index + 1}` } : settings,
		operation,
		taskId,
		api,
		likelyFamily,
	}));
}

/** An item that came out of a Runway node says which API family its task belongs to. */
function likelyFamilyOf(item: INodeExecutionData | undefined): ApiFamily | undefined {
	const api = item?.json.api;
	return api === 'official' || api === 'compatibility' ? api : undefined;
}

function invalid(itemIndex: number, ...faults: Fault[]): Prepared {
	return { itemIndex, outcome: { kind: 'invalid', faults } };
}
