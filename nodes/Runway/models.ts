import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { createSend } from '../shared/api/transport';
import { findOperation, isCreate } from './operations';

const TIMEOUT_MS = 10_000;

/**
 * Fills the model list: the names that the operation is documented with, and those of the same families
 * in CometAPI's own list. Where CometAPI can't be asked, the documented names alone are offered.
 * @param filter what the user has typed
 */
export async function searchModels(this: ILoadOptionsFunctions, filter?: string): Promise<INodeListSearchResult> {
	const resource = this.getCurrentNodeParameter('resource') as string;
	const operation = findOperation(resource, this.getCurrentNodeParameter('operation') as string);
	const documented = operation !== undefined && isCreate(operation) ? operation.models : [];

	const names = [...new Set([...documented, ...(await listedModels(this, documented))])];
	const wanted = filter?.trim().toLowerCase() ?? '';
	return {
		results: names.filter((name) => name.toLowerCase().includes(wanted)).map((name) => ({ name, value: name })),
	};
}

async function listedModels(context: ILoadOptionsFunctions, documented: readonly string[]): Promise<string[]> {
	const send = await createSend(context);
	const answer = await send({ method: 'GET', path: '/v1/models', timeoutMs: TIMEOUT_MS });
	if (answer.kind !== 'response' || answer.status !== 200) return [];
	const families = new Set(documented.map(familyOf));
	return modelIds(answer.body)
		.filter((id) => families.has(familyOf(id)))
		.sort();
}

/** Ids of an OpenAI-style list; CometAPI's has all its models, of which few are Runway's. */
function modelIds(body: unknown): string[] {
	const data = (body as { data?: unknown } | null)?.data;
	if (!Array.isArray(data)) return [];
	return data.map((entry: { id?: unknown } | null) => entry?.id).filter((id) => typeof id === 'string');
}

/**
 * The beginning that names of one family share: `gen` of gen4_turbo, `veo` of veo3.1. CometAPI's own
 * billing names, such as `runway-video`, are no values for a request and belong to no family here.
 */
function familyOf(name: string): string {
	return /^[a-z]+/i.exec(name)?.[0].toLowerCase() ?? name;
}
