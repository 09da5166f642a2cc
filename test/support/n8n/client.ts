import { randomUUID } from 'node:crypto';

import type { IBinaryData, INodeTypeDescription, IPinData } from 'n8n-workflow';

import { describe, type Execution, isEnded } from './executions';
import { parseFlatted } from './flatted';
import { type Owner, Session } from './session';
import { isVersionAtLeast } from './version';
import { bindCredentials, type CredentialReference, findTrigger, type WorkflowFile } from './workflows';

/** Limits are for what never comes: a busy machine takes long for what takes a second elsewhere. */
const EXECUTION_TIMEOUT_MS = 120_000;
const RETRY_TIMEOUT_MS = 90_000;
const POLL_MS = 300;

/** Who may sign in to every n8n started here. It listens on loopback only, so these are no secrets. */
const OWNER: Owner = {
	email: 'owner@example.com',
	password: 'Runway-2026',
	firstName: 'Local',
	lastName: 'Owner',
};

/** What a key for the register of tasks must be allowed to do. */
export const REGISTER_SCOPES: readonly string[] = [
	...['create', 'list', 'read'].map((action) => `dataTable:${action}`),
	...['create', 'delete', 'read', 'update', 'upsert'].map((action) => `dataTableRow:${action}`),
	...['create', 'read'].map((action) => `dataTableColumn:${action}`),
	'execution:read',
];

/** What n8n answered to a credential test. */
export interface CredentialTest {
	status: 'OK' | 'Error';
	message: string;
}

/** A credential to save. */
export interface Credential {
	name: string;
	type: string;
	data: Record<string, unknown>;
}

/** How a run by hand is started. */
export interface RunOptions {
	/** Name of the trigger to start from. @default the manual trigger, else the first trigger */
	startNode?: string;
	/** Output to use in place of running nodes, by node name. Stored with the workflow, as the editor does. */
	pinData?: IPinData;
	/** Run no further than this node. @default to the end */
	destinationNode?: string;
}

/** A running n8n, driven through its HTTP API as the editor drives it. */
export class N8nClient {
	readonly email = OWNER.email;
	readonly password = OWNER.password;
	/** Where production webhooks are called; in queue mode another process takes them. */
	webhookOrigin: string;
	private session: Session;
	private release = '';

	constructor(
		readonly url: string,
		readonly userFolder: string,
	) {
		this.webhookOrigin = url;
		this.session = new Session(url, OWNER);
	}

	/** The version of this n8n, for example `2.41.1`; known once signed in. */
	get version(): string {
		return this.release;
	}

	/** Signs in as the owner, who is created first if this n8n is new. */
	async signIn(): Promise<void> {
		this.session = new Session(this.url, OWNER);
		await this.session.signIn();
		await this.readRelease();
	}

	/** What {@link goOn} takes: whoever has it is signed in. */
	get pass(): string {
		return this.session.pass;
	}

	/** Takes a session over instead of signing in, of which n8n allows only a few a minute. */
	async goOn(pass: string): Promise<void> {
		this.session = new Session(this.url, OWNER, pass);
		await this.readRelease();
	}

	private async readRelease(): Promise<void> {
		this.release = (await this.request<{ versionCli: string }>('GET', '/rest/settings')).versionCli;
	}

	/** Sends a request as the owner and returns the `data` of the answer. Anything but a success throws. */
	async request<T = unknown>(method: string, route: string, body?: unknown): Promise<T> {
		return await this.session.json<T>(method, route, body);
	}

	/** The descriptions of all node types whose name begins with `prefix`. */
	async nodeTypes(prefix = ''): Promise<INodeTypeDescription[]> {
		const all = await this.request<INodeTypeDescription[]>('GET', '/types/nodes.json');
		return all.filter(({ name }) => name.startsWith(prefix));
	}

	/** The names of all credential types. */
	async credentialTypes(): Promise<string[]> {
		const all = await this.request<Array<{ name: string }>>('GET', '/types/credentials.json');
		return all.map(({ name }) => name);
	}

	/** All saved credentials, the newest last. */
	async credentials(): Promise<CredentialReference[]> {
		return await this.request('GET', '/rest/credentials');
	}

	/** Saves a credential and returns its id. */
	async createCredential(credential: Credential): Promise<string> {
		return (await this.request<{ id: string }>('POST', '/rest/credentials', credential)).id;
	}

	/** Changes a saved credential. */
	async updateCredential(id: string, credential: Credential): Promise<void> {
		await this.request('PATCH', `/rest/credentials/${id}`, credential);
	}

	/**
	 * Makes a key for n8n's public API.
	 * @param scopes what the key may do @default what the register of tasks needs
	 */
	async createApiKey(scopes: readonly string[] = REGISTER_SCOPES): Promise<string> {
		const label = `register ${randomUUID()}`.slice(0, 50);
		const key = { label, scopes, expiresAt: null };
		return (await this.request<{ rawApiKey: string }>('POST', '/rest/api-keys', key)).rawApiKey;
	}

	/** What the button "Retry" in a credential's dialogue shows. */
	async testCredential(id: string): Promise<CredentialTest> {
		const saved = await this.request<CredentialReference & { data: Record<string, unknown> }>(
			'GET',
			`/rest/credentials/${id}?includeData=true`,
		);
		const { name, type, data } = saved;
		return await this.request<CredentialTest>('POST', '/rest/credentials/test', {
			credentials: { id, name, type, data },
		});
	}

	/**
	 * Saves a workflow and returns its id.
	 *
	 * @param bindTo the credentials to bind its nodes to. @default all that this n8n has, see {@link bindCredentials}
	 */
	async importWorkflow(workflow: WorkflowFile, bindTo?: readonly CredentialReference[]): Promise<string> {
		const bound = bindCredentials(workflow, bindTo ?? (await this.credentials()));
		const { name, nodes, connections, settings, pinData, meta } = bound;
		const { id } = await this.request<{ id: string }>('POST', '/rest/workflows', {
			name,
			nodes,
			connections,
			pinData,
			meta,
			settings: { executionOrder: 'v1', ...settings },
			active: false,
		});
		return id;
	}

	/** Changes a saved workflow: the given parts replace the saved ones. */
	async updateWorkflow(id: string, changes: Partial<WorkflowFile>): Promise<void> {
		await this.request('PATCH', `/rest/workflows/${id}?forceSave=true`, changes);
	}

	/** Reads a saved workflow. */
	async workflow(id: string): Promise<WorkflowFile & { id: string; versionId: string; active: boolean }> {
		return await this.request('GET', `/rest/workflows/${id}`);
	}

	/** Runs a saved workflow by hand, as the editor's button does, and returns the execution's id at once. */
	async run(workflowId: string, options: RunOptions = {}): Promise<string> {
		const { executionId } = await this.pressRun(workflowId, options);
		if (executionId === undefined) {
			throw new Error('The run waits for a call of its test webhook; activate the workflow instead');
		}
		return executionId;
	}

	/** Makes a webhook node of a saved workflow listen at its test URL, as the editor's button does for such a node. */
	async listen(workflowId: string, options: RunOptions = {}): Promise<void> {
		const { executionId } = await this.pressRun(workflowId, options);
		if (executionId !== undefined) throw new Error('The workflow ran and did not listen');
	}

	private async pressRun(workflowId: string, options: RunOptions): Promise<{ executionId?: string }> {
		if (options.pinData !== undefined) await this.updateWorkflow(workflowId, { pinData: options.pinData });
		const workflow = await this.workflow(workflowId);
		const destination = options.destinationNode;
		return await this.request('POST', `/rest/workflows/${workflowId}/run`, {
			triggerToStartFrom: { name: options.startNode ?? findTrigger(workflow.nodes).name },
			// n8n 1 runs the workflow that it is sent, n8n 2 the saved one.
			...(this.isAtLeast('2') ? {} : { workflowData: workflow }),
			...(destination === undefined
				? {}
				: { destinationNode: this.isAtLeast('1.123') ? { nodeName: destination, mode: 'inclusive' } : destination }),
		});
	}

	/** Runs a workflow by hand and waits for its end. */
	async runToEnd(workflowId: string, options: RunOptions & { timeoutMs?: number } = {}): Promise<Execution> {
		return await this.waitForExecution(await this.run(workflowId, options), options);
	}

	/** Reads an execution, whether it is over or not. */
	async execution(id: string): Promise<Execution> {
		const raw = await this.request<Omit<Execution, 'data'> & { data: string }>('GET', `/rest/executions/${id}`);
		// Of an execution that has just begun, n8n 1 has saved nothing yet; of one that it has just stopped in queue mode, no runs.
		const { resultData, ...rest } = (parseFlatted(raw.data) ?? {}) as Execution['data'];
		return {
			...raw,
			data: { ...rest, ...(resultData && { resultData: { ...resultData, runData: resultData.runData ?? {} } }) },
		};
	}

	/**
	 * Waits for the end of an execution.
	 *
	 * @param options.until another condition than its end, for example that it sleeps (`waiting`)
	 */
	async waitForExecution(
		id: string,
		options: { timeoutMs?: number; until?: (execution: Execution) => boolean } = {},
	): Promise<Execution> {
		const { timeoutMs = EXECUTION_TIMEOUT_MS, until = isEnded } = options;
		const deadline = Date.now() + timeoutMs;
		for (;;) {
			const execution = await this.execution(id);
			if (until(execution)) return execution;
			if (Date.now() > deadline) throw new Error(`${describe(execution)}, after ${timeoutMs / 1000} s`);
			await pause(POLL_MS);
		}
	}

	/** The ids of a workflow's executions, newest first. */
	async executionIds(workflowId: string): Promise<string[]> {
		const filter = encodeURIComponent(JSON.stringify({ workflowId }));
		const { results } = await this.request<{ results: Array<{ id: string }> }>(
			'GET',
			`/rest/executions?filter=${filter}&limit=100`,
		);
		return results.map(({ id }) => id);
	}

	/** Stops a running or sleeping execution. */
	async stopExecution(id: string): Promise<void> {
		await this.request('POST', `/rest/executions/${id}/stop`);
	}

	/**
	 * Retries a failed execution and returns the id of the new one.
	 *
	 * @param options.loadWorkflow with the workflow as it is saved now, not as it was then. @default false
	 */
	async retryExecution(id: string, options: { loadWorkflow?: boolean } = {}): Promise<string> {
		const { workflowId } = await this.execution(id);
		const known = new Set(await this.executionIds(workflowId));
		// n8n answers only when the retry has ended; its id is found in the list of executions meanwhile.
		const answered = this.request('POST', `/rest/executions/${id}/retry`, {
			loadWorkflow: options.loadWorkflow ?? false,
		});
		let failure: unknown;
		answered.catch((error: unknown) => {
			failure = error;
		});
		for (const deadline = Date.now() + RETRY_TIMEOUT_MS; Date.now() < deadline;) {
			if (failure !== undefined) throw failure;
			const fresh = (await this.executionIds(workflowId)).find((candidate) => !known.has(candidate));
			if (fresh !== undefined) return fresh;
			await pause(POLL_MS);
		}
		throw new Error(`n8n started no retry of execution ${id}`);
	}

	/** Publishes a workflow; in n8n 1, activates it. n8n answers a moment before its triggers are live. */
	async activate(workflowId: string): Promise<void> {
		const { versionId } = await this.workflow(workflowId);
		if (!this.isAtLeast('2')) await this.request('PATCH', `/rest/workflows/${workflowId}`, { active: true, versionId });
		else await this.request('POST', `/rest/workflows/${workflowId}/activate`, { versionId });
	}

	/** Takes a workflow's triggers down. */
	async deactivate(workflowId: string): Promise<void> {
		if (!this.isAtLeast('2')) await this.request('PATCH', `/rest/workflows/${workflowId}`, { active: false });
		else await this.request('POST', `/rest/workflows/${workflowId}/deactivate`, {});
	}

	private isAtLeast(least: string): boolean {
		return isVersionAtLeast(this.version, least);
	}

	/** The production URL of a webhook node, from the path that the node is configured with. */
	webhookUrl(webhookPath: string): string {
		return `${this.webhookOrigin}/webhook/${webhookPath}`;
	}

	/** Reads a file out of n8n's binary store, as the editor's download button does. */
	async download(binary: IBinaryData | string): Promise<Buffer> {
		const id = typeof binary === 'string' ? binary : binary.id;
		if (id === undefined) {
			// Small files of a mode that n8n 2 no longer has are in the item itself.
			return Buffer.from(typeof binary === 'string' ? '' : binary.data, 'base64');
		}
		const query = new URLSearchParams({ id, action: 'download' });
		const response = await this.session.send('GET', `/rest/binary-data?${query.toString()}`);
		return Buffer.from(await response.arrayBuffer());
	}
}

async function pause(milliseconds: number): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
