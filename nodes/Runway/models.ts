import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import { createSend } from '../shared/api/transport';
import { type FactsByModel, modelTable } from './modelTable';
import { findOperation, isCreate } from './operations';
import { isKnownModel, modelLabel } from './operations/modelNames';

const TIMEOUT_MS = 10_000;

/** What the live list says of a built-in model. */
const OFFERED = 'CometAPI offers it at present';
const RETIRED = 'CometAPI offers it at present, though Runway has retired it';
const NOT_LISTED = "Not in CometAPI's list at present, so it may be refused";

/**
 * Fills the model list: the names that Runway documents for the operation, with what CometAPI's own list says of each, then
 * Runway's other models in that list. If CometAPI can't be asked, the documented names alone are offered.
 * @param filter what the user has typed
 */
export async function searchModels(this: ILoadOptionsFunctions, filter?: string): Promise<INodeListSearchResult> {
	const resource = this.getCurrentNodeParameter('resource') as string;
	const operation = findOperation(resource, this.getCurrentNodeParameter('operation') as string);
	if (operation === undefined || !isCreate(operation) || operation.models.length === 0) return { results: [] };
	const { models: documented, facts = modelTable['image-to-video'] as FactsByModel } = operation;

	const listed = await listedModels(this);
	const entry = (value: string) => ({ name: modelLabel(value), value });
	const results = [
		...documented.map((id) => ({
			...entry(id),
			...(listed === null ? {} : { description: listed.includes(id) ? OFFERED : NOT_LISTED }),
		})),
		...(listed ?? [])
			.filter((id) => RUNWAYS_OWN.test(id) && !documented.includes(id))
			// What the table has for other operations alone does something else.
			.filter((id) => !isKnownModel(id) || id in facts)
			.map((id) => ({ ...entry(id), description: facts[id]?.retired === true ? RETIRED : OFFERED })),
	];
	const wanted = filter?.trim().toLowerCase() ?? '';
	return { results: results.filter(({ name }) => name.toLowerCase().includes(wanted)) };
}

/** The IDs of CometAPI's list, each once, or null if it can't be read. */
async function listedModels(context: ILoadOptionsFunctions): Promise<string[] | null> {
	try {
		const send = await createSend(context);
		const answer = await send({ method: 'GET', path: '/v1/models', timeoutMs: TIMEOUT_MS });
		if (answer.kind !== 'response' || answer.status !== 200) return null;
		const ids = modelIds(answer.body);
		return ids.length === 0 ? null : [...new Set(ids)].sort();
	} catch {
		// Without a credential the documented names are still worth offering.
		return null;
	}
}

/** Ids of an OpenAI-style list. CometAPI's has all its models; few of them are Runway's. */
function modelIds(body: unknown): string[] {
	const data = (body as { data?: unknown } | null)?.data;
	if (!Array.isArray(data)) return [];
	return data.map((entry: { id?: unknown } | null) => entry?.id).filter((id) => typeof id === 'string');
}

/**
 * Names that only Runway's models have. Others that Runway offers, such as veo and gemini, are in CometAPI's
 * list for another provider's routes, and CometAPI's billing names, such as `runway-video`, are no values for a request.
 */
const RUNWAYS_OWN = /^(gen\d|act_|upscale_|aleph)/;
