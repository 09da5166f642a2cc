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
	try {
		const send = await createSend(context);
		const answer = await send({ method: 'GET', path: '/v1/models', timeoutMs: TIMEOUT_MS });
		if (answer.kind !== 'response' || answer.status !== 200) return [];
		const families = new Set(documented.map(familyOf));
		return modelIds(answer.body)
			.filter((id) => RUNWAYS_OWN.test(id) && families.has(familyOf(id)))
			.sort();
	} catch {
		// Without a credential the documented names are still worth offering.
		return [];
	}
}

/** Ids of an OpenAI-style list; CometAPI's has all its models, of which few are Runway's. */
function modelIds(body: unknown): string[] {
	const data = (body as { data?: unknown } | null)?.data;
	if (!Array.isArray(data)) return [];
	return data.map((entry: { id?: unknown } | null) => entry?.id).filter((id) => typeof id === 'string');
}

/**
 * Names that only Runway's models have. Others that Runway offers, such as veo and gemini, stand in CometAPI's
 * list for another provider's routes, and CometAPI's billing names, such as `runway-video`, are no values for a request.
 */
const RUNWAYS_OWN = /^(gen\d|act_|upscale_|aleph)/;

/** What names of one family share: `gen` of gen4_turbo, `gen image` of gen4_image, `act` of act_two. */
function familyOf(name: string): string {
	const beginning = /^[a-z]+/i.exec(name)?.[0] ?? name;
	const kind = /image|aleph/i.exec(name)?.[0] ?? '';
	return `${beginning} ${kind}`.toLowerCase();
}
