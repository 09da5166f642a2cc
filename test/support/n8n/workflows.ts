import type { IConnections, INode, IPinData, IWorkflowSettings } from 'n8n-workflow';

/** A workflow as it is exported from n8n's editor, or written by hand. */
export interface WorkflowFile {
	name: string;
	nodes: INode[];
	connections: IConnections;
	settings?: IWorkflowSettings;
	pinData?: IPinData;
	meta?: Record<string, unknown>;
}

/** A credential that workflows can be bound to. */
export interface CredentialReference {
	id: string;
	name: string;
	type: string;
}

/**
 * The workflow with its nodes bound to credentials of this n8n: by type and name, else to the only one of the type,
 * else to the newest one.
 */
export function bindCredentials(workflow: WorkflowFile, known: readonly CredentialReference[]): WorkflowFile {
	const bound = structuredClone(workflow);
	for (const node of bound.nodes) {
		for (const [type, wanted] of Object.entries(node.credentials ?? {})) {
			const ofType = known.filter((credential) => credential.type === type);
			const match = ofType.find(({ name }) => name === wanted.name) ?? ofType.at(-1);
			if (match !== undefined) node.credentials = { ...node.credentials, [type]: { id: match.id, name: match.name } };
		}
	}
	return bound;
}

/** The node that a run by hand starts from: the first trigger, preferably the manual one. */
export function findTrigger(nodes: readonly INode[]): INode {
	const enabled = nodes.filter((node) => node.disabled !== true);
	const trigger =
		enabled.find(({ type }) => type.endsWith('.manualTrigger')) ??
		enabled.find(({ type }) => /trigger$|\.webhook$/i.test(type));
	if (trigger === undefined) throw new Error('The workflow has no trigger to start from');
	return trigger;
}
