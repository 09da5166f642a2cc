import type { IConnections, INode, INodeParameters } from 'n8n-workflow';

import type { CredentialReference, WorkflowFile } from '../../support/n8n';

/** Workflows written by hand: small ones, for one question each. */

export const RUNWAY = 'n8n-nodes-cometapi-runway.runway';
export const CREDENTIAL = 'cometApiRunwayApi';

/** A node by its name; the position means nothing here. */
export function node(
	name: string,
	type: string,
	typeVersion: number,
	parameters: INodeParameters = {},
	rest: Partial<INode> = {},
): INode {
	return { id: name, name, type, typeVersion, position: [0, 0], parameters, ...rest };
}

/** A Runway node; the credential's id is filled in where the workflow is imported. */
export function runway(name: string, parameters: INodeParameters, rest: Partial<INode> = {}): INode {
	return node(name, RUNWAY, 1, parameters, { credentials: { [CREDENTIAL]: { id: '', name: '' } }, ...rest });
}

export const start = () => node('Start', 'n8n-nodes-base.manualTrigger', 1);

/** Passes on these items, whatever comes in. */
export function items(name: string, list: object[]): INode {
	const jsCode = `return ${JSON.stringify(list)}.map((json, item) => ({ json, pairedItem: { item: 0 } }));`;
	return node(name, 'n8n-nodes-base.code', 2, { jsCode });
}

/** Fetches a file into a binary field; the binary fields of its input are kept. */
export function fetchFile(name: string, url: string, field = 'data'): INode {
	const response = { response: { responseFormat: 'file', outputPropertyName: field } };
	return node(name, 'n8n-nodes-base.httpRequest', 4.2, { url, options: { response } });
}

/** A workflow whose nodes run one after another, in the order given. */
export function chain(name: string, ...nodes: INode[]): WorkflowFile {
	const connections: IConnections = {};
	nodes.slice(1).forEach((next, index) => {
		connections[nodes[index]?.name ?? ''] = { main: [[{ node: next.name, type: 'main', index: 0 }]] };
	});
	return { name, nodes, connections };
}

/** Something that can save a credential, such as an n8n client. */
interface CredentialStore {
	createCredential(credential: { name: string; type: string; data: Record<string, unknown> }): Promise<string>;
}

/** Saves a credential of this package and returns what workflows bind to. */
export async function saveCredential(
	n8n: CredentialStore,
	name: string,
	data: { apiKey: string; baseUrl: string },
): Promise<CredentialReference> {
	return { id: await n8n.createCredential({ name, type: CREDENTIAL, data }), name, type: CREDENTIAL };
}
