import { Container } from '@n8n/di';
import { Logger } from '@n8n/backend-common';
import { HookContext, LoadOptionsContext, PollContext, WebhookContext } from 'n8n-core';
import {
	Workflow,
	type IDataObject,
	type INode,
	type INodeExecutionData,
	type INodeParameters,
	type INodePropertyOptions,
	type INodeType,
	type IWebhookData,
	type WorkflowExecuteMode,
} from 'n8n-workflow';

import { RunwayCallbackTrigger } from '../../nodes/RunwayCallbackTrigger/RunwayCallbackTrigger.node';
import { RunwayTrigger } from '../../nodes/RunwayTrigger/RunwayTrigger.node';
import { additionalDataFor, nodeOf, nodeTypesOf, type CredentialData } from './engine';

/**
 * The triggers inside n8n-core's own contexts. What n8n itself does around a poll and a call is done here as n8n 2.41 does it:
 * whose static data is saved, and when.
 */

/** What a trigger has at the start. */
export interface TriggerInput {
	credential: CredentialData;
	parameters: INodeParameters;
	/** The node's static data in n8n's database. */
	saved?: IDataObject;
}

export interface PollOptions {
	mode?: WorkflowExecuteMode;
	/** Milliseconds. @default what n8n 2.41 gives by default */
	budgetMs?: number;
	/** What n8n has read of the cursor. @default what is saved */
	cursor?: IDataObject;
}

/** An activated polling trigger. */
export interface PollingTrigger {
	/** One poll; the items that it starts an execution with. Throws what the poll throws. */
	poll(options?: PollOptions): Promise<INodeExecutionData[]>;
	/** Activates it anew from n8n's database, as a restart does. */
	restart(): void;
	/** Changes the node's parameters, as a person would between two activations. */
	change(parameters: INodeParameters): void;
	/** The node's static data in n8n's database. */
	readonly saved: IDataObject;
	/** Errors that the poll reported beside its items. */
	readonly errors: Error[];
}

/** Of the nodes made so far: what the triggers remember of a node goes by its id. */
let ids = 0;

/** 45 s less n8n's own margin. */
const BUDGET_MS = 36_000;

/** @param keeps where n8n keeps the state: in the workflow's static data, or in a durable cursor of the node */
export function pollingTrigger(input: TriggerInput, keeps: 'staticData' | 'cursor' = 'staticData'): PollingTrigger {
	const type = new RunwayTrigger();
	const id = `trigger-${(ids += 1)}`;
	let node: INode = { ...nodeOf(type, input), id };
	let saved = JSON.stringify(input.saved ?? {});
	const errors: Error[] = [];
	const activate = () =>
		new Workflow({
			id: 'w1',
			nodes: [node],
			connections: {},
			active: true,
			nodeTypes: nodeTypesOf(type),
			staticData: { [`node:${node.name}`]: JSON.parse(saved) as IDataObject },
		});
	let workflow = activate();

	return {
		errors,
		get saved() {
			return JSON.parse(saved) as IDataObject;
		},
		restart() {
			workflow = activate();
		},
		change(parameters) {
			node = { ...nodeOf(type, { ...input, parameters: { ...input.parameters, ...parameters } }), id };
			workflow = activate();
		},
		async poll({ mode = 'trigger', budgetMs = BUDGET_MS, cursor } = {}) {
			const staged = structuredClone(cursor ?? (JSON.parse(saved) as IDataObject));
			const live = workflow;
			const context = new PollContext(
				live,
				node,
				additionalDataFor(input.credential),
				mode,
				'init',
				undefined,
				(error) => errors.push(error),
				undefined,
				undefined,
				keeps === 'cursor' ? () => staged : undefined,
				() => budgetMs,
			);
			const output = await type.poll.call(context);
			if (mode === 'manual') return output?.[0] ?? [];
			if (keeps === 'cursor') saved = JSON.stringify(staged);
			// n8n saves static data with items only, and only if a top-level change was noticed.
			else if (output !== null && live.staticData.__dataChanged === true) {
				saved = JSON.stringify(live.getStaticData('node', node));
			}
			return output?.[0] ?? [];
		},
	};
}

/** The workflows that the polling trigger's panel offers. */
export async function workflowOptions(input: TriggerInput): Promise<INodePropertyOptions[]> {
	const type = new RunwayTrigger();
	const node = nodeOf(type, input);
	const workflow = new Workflow({
		id: 'w1',
		nodes: [node],
		connections: {},
		active: false,
		nodeTypes: nodeTypesOf(type),
	});
	const additionalData = Object.assign(additionalDataFor(input.credential), {
		currentNodeParameters: input.parameters,
	});
	return await type.methods.loadOptions.getWorkflows.call(
		new LoadOptionsContext(workflow, node, additionalData, 'parameters.filters.workflows'),
	);
}

/** What came of one call. */
export interface Call {
	/** Milliseconds from the call to its answer; null where the node left the answer to n8n. */
	answeredAfterMs: number | null;
	status: number;
	answer: unknown;
	headers: Record<string, string>;
	/** What the execution begins with, or null where none was started. */
	items: INodeExecutionData[] | null;
}

export interface CallOptions {
	mode?: WorkflowExecuteMode;
	headers?: Record<string, string>;
	rawBody?: Buffer;
}

/** An activated callback trigger. */
export interface CallbackTrigger {
	/** One call to its URL. Throws what the node throws. */
	call(body: unknown, options?: CallOptions): Promise<Call>;
	/** Prepares for listening, as n8n does before it publishes or tests. Throws what the node throws. */
	listen(): Promise<void>;
	/** The path of its URL, after the part that n8n makes up. */
	readonly path: unknown;
	/** The node's static data in n8n's database. */
	readonly saved: IDataObject;
	/** What the node wrote into n8n's log. */
	readonly log: string[];
	readonly parameters: INodeParameters;
}

/** @param type the node type; one of another module registry remembers nothing of this process */
export function callbackTrigger(input: TriggerInput, type: INodeType = new RunwayCallbackTrigger()): CallbackTrigger {
	const node: INode = { ...nodeOf(type, input), id: `trigger-${(ids += 1)}` };
	let saved = JSON.stringify(input.saved ?? {});
	const log: string[] = [];
	logs.add(log);
	collectLogs();
	const workflowWith = (staticData: IDataObject = {}) =>
		new Workflow({ id: 'w1', nodes: [node], connections: {}, active: true, nodeTypes: nodeTypesOf(type), staticData });

	return {
		log,
		parameters: node.parameters,
		get path() {
			const path = type.description.webhooks?.[0]?.path;
			return workflowWith().expression.getSimpleParameterValue(node, path, 'webhook', {});
		},
		async listen() {
			const context = new HookContext(workflowWith(), node, additionalDataFor(input.credential), 'webhook', 'activate');
			await type.webhookMethods?.default?.checkExists.call(context);
		},
		get saved() {
			return JSON.parse(saved) as IDataObject;
		},
		async call(body, { mode = 'webhook', headers = {}, rawBody } = {}) {
			// n8n reads the workflow from its database for every call.
			const workflow = workflowWith({ [`node:${node.name}`]: JSON.parse(saved) as IDataObject });
			const began = performance.now();
			const call: Call = { answeredAfterMs: null, status: 0, answer: undefined, headers: {}, items: null };
			const httpResponse = {
				setHeader: (name: string, value: string) => (call.headers[name.toLowerCase()] = value),
				status(code: number) {
					call.status = code;
					return httpResponse;
				},
				json(answer: unknown) {
					// As it goes over the wire.
					call.answer = JSON.parse(JSON.stringify(answer)) as unknown;
					call.answeredAfterMs = performance.now() - began;
				},
			};
			const additionalData = Object.assign(additionalDataFor(input.credential), {
				httpRequest: { body, headers, rawBody, params: {}, query: {} },
				httpResponse,
			});
			const webhook = { webhookDescription: type.description.webhooks?.[0] } as IWebhookData;
			const context = new WebhookContext(workflow, node, additionalData, mode, webhook, [], null);
			const output = await type.webhook?.call(context);
			call.items = output?.workflowData?.[0] ?? null;
			if (workflow.staticData.__dataChanged === true) saved = JSON.stringify(workflow.getStaticData('node', node));
			return call;
		},
	};
}

const logs = new Set<string[]>();

/** What any node writes into n8n's log goes to all who listen, since the log names no node. */
function collectLogs(): void {
	const logger = Container.get(Logger);
	if (jest.isMockFunction(logger.error)) return;
	jest.spyOn(logger, 'error').mockImplementation((message: string) => {
		for (const log of logs) log.push(message);
	});
}
