import { readdirSync } from 'node:fs';
import path from 'node:path';

import {
	type CredentialReference,
	type N8nClient,
	N8nHttpError,
	projectRoot,
	readJson,
	type WorkflowFile,
} from '../../test/support/n8n';

const FOLDER = path.join(projectRoot, 'examples');

/** Where the samples write files: the folder that n8n's Docker image lets workflows write to. */
const SAMPLE_FILES = '/home/node/.n8n-files/';

/** Model and duration that are cheapest to buy, for the operations that let them be chosen. */
const CHEAPEST = { model: 'gen4_turbo', duration: 5 };
/** For nodes that keep the default ratio, which that model may not take. */
const CHEAPEST_RATIO = { ratio: '1280:720' };
const WITH_MODEL: ReadonlySet<unknown> = new Set(['generateFromText', 'generateFromImage', 'imageToVideo']);

/** File names of the sample workflows, in their order. The first one makes the first video. */
export function sampleNames(): string[] {
	return readdirSync(FOLDER)
		.filter((name) => name.endsWith('.json'))
		.sort();
}

/** Saves a sample in n8n unless it is there already, perhaps changed by its user, and returns its id. */
export async function ensureSample(
	n8n: N8nClient,
	name: string,
	known: Record<string, string>,
	{ videos, credential, cheapest }: { videos: string; credential: CredentialReference; cheapest: boolean },
): Promise<string> {
	const id = known[name];
	if (id !== undefined && (await exists(n8n, id))) return id;
	const sample = withFolder(readJson<WorkflowFile>(path.join(FOLDER, name)), videos);
	if (cheapest) {
		for (const node of sample.nodes) {
			if (WITH_MODEL.has(node.parameters.operation))
				node.parameters = { ...CHEAPEST_RATIO, ...node.parameters, ...CHEAPEST };
		}
	}
	return await n8n.importWorkflow(sample, [credential]);
}

async function exists(n8n: N8nClient, id: string): Promise<boolean> {
	try {
		const { isArchived } = await n8n.request<{ isArchived?: boolean }>('GET', `/rest/workflows/${id}`);
		return isArchived !== true;
	} catch (error) {
		if (error instanceof N8nHttpError && [403, 404].includes(error.status)) return false;
		throw error;
	}
}

/** The workflow with the folder that it writes to replaced, in whatever text it stands. */
function withFolder(workflow: WorkflowFile, videos: string): WorkflowFile {
	const folder = `${videos.replaceAll('\\', '/')}/`;
	const replaced = JSON.stringify(workflow, (_key, value: unknown) =>
		typeof value === 'string' ? value.replaceAll(SAMPLE_FILES, folder) : value,
	);
	return JSON.parse(replaced) as WorkflowFile;
}
