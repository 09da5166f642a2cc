import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { INodeParameters } from 'n8n-workflow';

import { type N8nClient, projectRoot, type WorkflowFile } from '../../support/n8n';

const FIRST_REAL_JOB = 14;
const EXAMPLES_FOLDER = '/home/node/.n8n-files/';

const folder = path.join(projectRoot, 'examples');

/** The files of the examples for real jobs. */
export const realJobs = readdirSync(folder).filter(
	(file) => file.endsWith('.json') && Number.parseInt(file, 10) >= FIRST_REAL_JOB,
);

/**
 * An example as one test has it: with a folder of its own in place of the one that the example names, and addresses of
 * its own, so that copies can be published at the same time.
 */
export class Example {
	readonly disk: string;
	readonly workflow: WorkflowFile;

	constructor(n8n: N8nClient, number: number) {
		this.disk = path.join(n8n.userFolder, 'files', randomUUID());
		mkdirSync(this.disk, { recursive: true });
		const file = realJobs.find((name) => name.startsWith(`${number}-`)) ?? '';
		const text = readFileSync(path.join(folder, file), 'utf8');
		const placed = text.replaceAll(EXAMPLES_FOLDER, `${this.disk.replaceAll('\\', '/')}/`);
		const addresses = (JSON.parse(placed) as WorkflowFile).nodes.flatMap(({ webhookId }) => webhookId ?? []);
		const own = addresses.reduce((all, address) => all.replaceAll(address, randomUUID()), placed);
		this.workflow = JSON.parse(own) as WorkflowFile;
	}

	/** Changes fields of a node, as its user would in the panel. */
	change(name: string, parameters: INodeParameters): this {
		const node = this.node(name);
		node.parameters = { ...node.parameters, ...parameters };
		return this;
	}

	/** Puts a node in the place of one that needs an account with another service. */
	replace(name: string, type: string, typeVersion: number, parameters: INodeParameters): this {
		Object.assign(this.node(name), { type: `n8n-nodes-base.${type}`, typeVersion, parameters });
		return this;
	}

	/** Puts another list into the node that holds it. */
	list(name: string, list: object): this {
		return this.change(name, { jsonOutput: JSON.stringify(list) });
	}

	node(name: string) {
		const node = this.workflow.nodes.find((candidate) => candidate.name === name);
		if (node === undefined) throw new Error(`${this.workflow.name} has no node ${name}`);
		return node;
	}

	/** Names of the files that it has saved. */
	get saved(): string[] {
		return readdirSync(this.disk)
			.filter((name) => name.includes('.'))
			.sort();
	}

	read(file: string): Buffer {
		return readFileSync(path.join(this.disk, file));
	}
}
