import { createHash } from 'node:crypto';
import { NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';

import type { Checked } from '../../shared/parameters/check';
import { MATCH_IMAGE } from '../../shared/parameters/checks';
import { isObject, textOf } from '../../shared/task/json';
import type { BuildInput, CreateOperation } from '../operations/operation';
import type { ModelRequest } from './job';
import type { ItemSettings } from './settings';

/** What the requests of one item have in common, whatever their model. */
export interface RequestSource {
	context: IExecuteFunctions;
	operation: CreateOperation;
	settings: ItemSettings;
	itemIndex: number;
	input: BuildInput;
}

/** Checks an item's parameters and makes the request from them. */
export async function makeRequest(
	{ context, operation, settings, itemIndex, input }: RequestSource,
	parameters: Record<string, unknown>,
): Promise<Checked<ModelRequest>> {
	const build = async () => {
		const built = await operation.build(parameters, input);
		return built.ok ? { ...built, body: mergeDeep(built.body, settings.additionalFields) } : built;
	};
	const built = await build();
	if (!built.ok) return built;
	const kept = built.usesFiles ? null : built.body;
	const body = async () => {
		if (kept !== null) return kept;
		const again = await build();
		if (again.ok) return again.body;
		const message = 'The file of the item has changed while it was being sent';
		throw new NodeOperationError(context.getNode(), message, { itemIndex });
	};
	const data: ModelRequest = {
		body,
		renderGroup: renderGroupOf(operation, parameters),
		fingerprint: fingerprintOf(operation, asAsked(built.body, built.matchedRatio)),
		ratio: textOf(built.body.ratio),
		remarks: [...built.remarks, ...built.hints],
		hints: built.hints,
		model: textOf(parameters.model) ?? undefined,
	};
	return { ok: true, data };
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

/** A ratio that was matched is as the user chose it: if the image can't be read another time, the request is still the same. */
function asAsked(body: Record<string, unknown>, matchedRatio: string | null): Record<string, unknown> {
	return matchedRatio !== null && body.ratio === matchedRatio ? { ...body, ratio: MATCH_IMAGE } : body;
}

/** A hash of the request without the callback's address, which differs between attempts. */
function fingerprintOf({ path }: CreateOperation, body: Record<string, unknown>): string {
	const request = { ...body, callback_url: undefined };
	return createHash('sha256')
		.update(`${path} ${JSON.stringify(request)}`)
		.digest('hex');
}

/** How long a task renders depends on its route, its model and the length of the result. */
function renderGroupOf({ path, value }: CreateOperation, { model, duration }: Record<string, unknown>): string {
	return [path, value, model, duration].map(String).join(' ');
}
