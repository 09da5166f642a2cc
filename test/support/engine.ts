import 'reflect-metadata';

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';

import { Logger } from '@n8n/backend-common';
import { Container } from '@n8n/di';
import { BinaryDataConfig, BinaryDataService, ErrorReporter, ExecuteContext } from 'n8n-core';
import {
	createRunExecutionData,
	LoggerProxy,
	NodeHelpers,
	Workflow,
	type IBinaryKeyData,
	type IDataObject,
	type IExecuteData,
	type IHttpRequestOptions,
	type INode,
	type INodeExecutionData,
	type INodeParameters,
	type INodeType,
	type INodeTypes,
	type IRunExecutionData,
	type IWorkflowExecuteAdditionalData,
	type NodeExecutionHint,
	type WorkflowExecuteMode,
} from 'n8n-workflow';

import { CometApiRunwayApi } from '../../credentials/CometApiRunwayApi.credentials';
import { Runway } from '../../nodes/Runway/Runway.node';

/**
 * Runs the node inside n8n-core's own execute context, with its HTTP client and its binary store on disk.
 * Only what n8n-core leaves to the server is made here: decrypting credentials and finding node types.
 */

const PACKAGE = 'n8n-nodes-cometapi-runway';

export interface CredentialData {
	apiKey: string;
	baseUrl: string;
	register?: boolean;
	n8nUrl?: string;
	n8nApiKey?: string;
	accessToken?: string;
	userId?: string;
}

export interface RunInput {
	credential?: CredentialData;
	parameters: INodeParameters;
	/** One object per item, or whole items with binary data. */
	items?: Array<IDataObject | { json: IDataObject; binary?: IBinaryKeyData }>;
	onError?: INode['onError'];
	signal?: AbortSignal;
	/** How the execution was started. @default `manual` */
	mode?: WorkflowExecuteMode;
	/** Carried over between runs to retry a node as n8n does. What it holds when the run begins is what n8n has saved. */
	runData?: IRunExecutionData;
	/** Which run of the node it is in its execution, from 0 on. @default 0 */
	runIndex?: number;
	/** Cuts the time that the node gives a request, whose own is up to minutes. */
	longestRequestMs?: number;
	/** Gets the context before the node does, for example to listen to its requests. */
	prepare?: (context: ExecuteContext) => void;
}

export interface RunOutput {
	items: INodeExecutionData[];
	hints: NodeExecutionHint[];
	/** What the node told the editor while it ran. */
	messages: string[];
	runData: IRunExecutionData;
}

/** A run that may have failed, with what the node said until then. */
export interface Attempt extends RunOutput {
	/** What the node threw, or null. */
	error: unknown;
}

export interface Engine {
	/** Runs the node once; throws what the node throws. */
	run(input: RunInput): Promise<RunOutput>;
	/** Runs the node once and never throws. */
	attempt(input: RunInput): Promise<Attempt>;
	/** The context that the node would run in. */
	context(input: RunInput): ExecuteContext;
	/** A file in the binary store, as an earlier node would have left it. */
	storeFile(bytes: Buffer, fileName: string, mimeType: string): Promise<IBinaryKeyData>;
	/** What the node and n8n's helpers have logged, line by line, at every level. */
	readonly log: readonly string[];
	/** The bytes of an item's file. */
	bytesOf(item: INodeExecutionData | undefined, field?: string): Promise<Buffer>;
	close(): void;
}

/** Prepares n8n-core's services, with a binary store of its own in a temporary folder. */
export async function startEngine(): Promise<Engine> {
	// The node tells n8n's log of every task.
	process.env.N8N_LOG_LEVEL ??= 'error';
	const folder = mkdtempSync(path.join(tmpdir(), 'runway-engine-'));
	Container.get(BinaryDataConfig).localStoragePath = folder;
	Container.get(BinaryDataConfig).mode = 'filesystem';
	Container.set(ErrorReporter, { error: () => {}, warn: () => {}, info: () => {} } as unknown as ErrorReporter);
	const log: string[] = [];
	Container.set(Logger, recorder(log));
	LoggerProxy.init(recorder(log));
	const store = Container.get(BinaryDataService);
	await store.init();

	const contextFor = (input: RunInput, output: RunOutput) => {
		const node = nodeOf(runway, input);
		const workflow = new Workflow({
			id: 'w1',
			nodes: [node],
			connections: {},
			active: false,
			nodeTypes: nodeTypesOf(runway),
			// The usual zone of n8n costs every expression a look into a calendar.
			settings: { timezone: 'UTC' },
		});
		const items: INodeExecutionData[] = (input.items ?? [{}]).map((item) =>
			'json' in item ? (item as INodeExecutionData) : { json: item as IDataObject },
		);
		const executeData: IExecuteData = { node, data: { main: [items] }, source: null };
		return new ExecuteContext(
			workflow,
			node,
			{ ...additionalDataFor(input.credential, output.messages), ...executionFor(input, output.runData) },
			input.mode ?? 'manual',
			output.runData,
			input.runIndex ?? 0,
			items,
			{ main: [items] },
			executeData,
			[],
			input.signal,
		);
	};

	function context(input: RunInput): ExecuteContext {
		return contextFor(input, { items: [], hints: [], messages: [], runData: createRunExecutionData({}) });
	}

	async function attempt(input: RunInput): Promise<Attempt> {
		const runData = input.runData ?? createRunExecutionData({ executionData: { runtimeData: undefined } as never });
		const output: Attempt = { items: [], hints: [], messages: [], runData, error: null };
		const running = contextFor(input, output);
		if (input.longestRequestMs !== undefined) cutRequestTimes(running, input.longestRequestMs);
		input.prepare?.(running);
		try {
			const [items = []] = await runway.execute.call(running);
			return { ...output, items, hints: running.hints };
		} catch (error) {
			return { ...output, hints: running.hints, error };
		}
	}

	return {
		attempt,
		log,
		async run(input) {
			const output = await attempt(input);
			if (output.error !== null) throw output.error;
			return output;
		},
		context,
		async storeFile(bytes, fileName, mimeType) {
			return { data: await context({ parameters: {} }).helpers.prepareBinaryData(bytes, fileName, mimeType) };
		},
		async bytesOf(item, field = 'data') {
			const file = item?.binary?.[field];
			if (file === undefined) throw new Error(`the item has no file in ${field}`);
			return await store.getAsBuffer(file);
		},
		close: () => rmSync(folder, { recursive: true, force: true }),
	};
}

/** What n8n's server knows of the execution. A retry is a new one, which begins with what its forerunner left. */
function executionFor({ mode }: RunInput, runData: IRunExecutionData): Partial<IWorkflowExecuteAdditionalData> {
	const saved = JSON.parse(JSON.stringify(runData)) as IRunExecutionData;
	return { executionId: mode === 'retry' ? '43' : '42', getRunExecutionData: async () => saved };
}

/** A logger that keeps everything. */
function recorder(lines: string[]): Logger {
	const keep = (...said: unknown[]) => lines.push(inspect(said, { depth: 10, maxStringLength: null }));
	const levels = Object.fromEntries(['error', 'warn', 'info', 'debug'].map((level) => [level, keep]));
	return { ...levels, scoped: () => recorder(lines) } as unknown as Logger;
}

const runway = new Runway();

/** Knows one node type, by any name. */
export function nodeTypesOf(type: INodeType): INodeTypes {
	return { getByName: () => type, getByNameAndVersion: () => type, getKnownTypes: () => ({}) };
}

/** A node of a type, with the defaults of the parameters that are not given. */
export function nodeOf(
	type: INodeType,
	{ parameters, credential, onError }: Pick<RunInput, 'parameters' | 'credential' | 'onError'>,
): INode {
	const { description } = type;
	const node: INode = {
		id: 'n1',
		name: description.displayName,
		type: `${PACKAGE}.${description.name}`,
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
		onError,
		credentials: credential && { cometApiRunwayApi: { id: 'c1', name: 'CometAPI' } },
	};
	const { properties } = description;
	const withDefaults = NodeHelpers.getNodeParameters(properties, parameters, true, false, node, description);
	return { ...node, parameters: withDefaults ?? {} };
}

/** Lets requests time out sooner than the node asks for; everything else about them stays. */
function cutRequestTimes({ helpers }: ExecuteContext, longestMs: number): void {
	const cut = <T extends { timeout?: number }>(options: T): T => ({
		...options,
		timeout: Math.min(options.timeout ?? longestMs, longestMs),
	});
	const { httpRequest, httpRequestWithAuthentication } = helpers;
	helpers.httpRequest = async (options) => (await httpRequest(cut(options))) as unknown;
	helpers.httpRequestWithAuthentication = async function (this: never, credential, options, ...rest) {
		return (await httpRequestWithAuthentication.call(this, credential, cut(options), ...rest)) as unknown;
	} as typeof httpRequestWithAuthentication;
}

/**
 * What n8n's server gives every node.
 * @param messages takes what the node tells the editor
 */
export function additionalDataFor(
	credential: CredentialData | undefined,
	messages: string[] = [],
): IWorkflowExecuteAdditionalData {
	const type = new CometApiRunwayApi();
	return {
		executionId: '42',
		restApiUrl: 'http://n8n.example.com/rest',
		webhookWaitingBaseUrl: 'https://n8n.example.com/webhook-waiting',
		formWaitingBaseUrl: 'https://n8n.example.com/form-waiting',
		sendDataToUI: (_type: string, data: { messages: unknown[] }) => messages.push(data.messages.join(' ')),
		credentialsHelper: {
			getParentTypes: () => [],
			isCredentialUsableByNode: () => true,
			getDecrypted: async () => ({ ...credential }),
			preAuthentication: async () => undefined,
			authenticate: async (_data: unknown, _type: unknown, options: IHttpRequestOptions) => {
				const template = String(type.authenticate.properties.headers?.Authorization);
				const key = credential?.apiKey ?? '';
				const value = template
					.replace('={{', '')
					.replace('=', '')
					.replace('{{ $credentials.apiKey.trim() }}', key.trim());
				// n8n writes into the very headers that it was given.
				options.headers ??= {};
				options.headers.Authorization = value;
				return options;
			},
		},
	} as unknown as IWorkflowExecuteAdditionalData;
}
