import { WebhookContext } from 'n8n-core';
import {
	Workflow,
	type IDataObject,
	type IHttpRequestOptions,
	type INodeExecutionData,
	type INodeParameters,
	type INodeType,
	type IRunExecutionData,
	type IWebhookData,
} from 'n8n-workflow';

import { Runway } from '../../nodes/Runway/Runway.node';
import { additionalDataFor, nodeOf, nodeTypesOf, type CredentialData, type Engine, type RunInput } from './engine';

/**
 * A sleeping execution inside n8n-core's own contexts. What n8n itself does around it is done here: it saves the sleep when
 * the node has ended, loads it for every call to its address, refuses calls while it does not sleep, and resumes it with
 * what the node returns.
 */

/** What came of one call to the address. */
export interface Knock {
	/** HTTP status; 0 if the node left the answer to n8n. */
	status: number;
	answer: unknown;
	/** Milliseconds from the call to its answer, or null. */
	answeredAfterMs: number | null;
	/** What the execution wakes up with, or null if it sleeps on. */
	items: INodeExecutionData[] | null;
}

/** An n8n in which one execution sleeps or is awake. */
export interface SleepingExecution {
	/** What n8n does with calls now: `saving` and `awake` refuse them. */
	state: 'saving' | 'asleep' | 'awake';
	/** All calls that the node made to the execution's address, with the status that n8n answered. */
	readonly ownCalls: Array<{ body: IDataObject; url: string; status: number }>;
	/** Whether n8n can reach its own address. */
	isReachable: boolean;
	/** What it woke up with. */
	readonly woken: INodeExecutionData[][];
	/** A callback, with n8n's own refusal if it does not sleep. Rejects if the node throws. */
	call(body: unknown, process?: INodeType): Promise<Knock>;
}

export interface SleepOptions {
	engine: Engine;
	credential: CredentialData;
	parameters: INodeParameters;
	items: IDataObject[];
	/** The node's name. @default Runway */
	name?: string;
	more?: Partial<RunInput>;
	/** The process that calls go to unless they name another one; with several, they take turns. */
	processes?: INodeType[];
	/** Whether n8n still saves the sleep when the node has ended. */
	isSlowToSave?: boolean;
}

/** Another process of n8n, or the same one after a restart: it remembers nothing. */
export function anotherProcess(): INodeType {
	let type: INodeType | undefined;
	jest.isolateModules(() => {
		const loaded = jest.requireActual<{ Runway: new () => INodeType }>('../../nodes/Runway/Runway.node');
		type = new loaded.Runway();
	});
	if (type === undefined) throw new Error('The node did not load');
	return type;
}

/** Runs the node until it has put its execution to sleep. */
export async function sleepOf(options: SleepOptions): Promise<SleepingExecution> {
	const { engine, credential, parameters, items, name = 'Runway', more, isSlowToSave = false } = options;
	const processes = options.processes ?? [new Runway()];
	const ownCalls: SleepingExecution['ownCalls'] = [];
	const woken: INodeExecutionData[][] = [];
	let saved = '';
	let calls = 0;

	/** Calls to n8n's own address go to the execution itself; the rest goes where it is sent. */
	const redirect = (context: { helpers: { httpRequest: (options: IHttpRequestOptions) => Promise<unknown> } }) => {
		const { httpRequest } = context.helpers;
		context.helpers.httpRequest = async (request: IHttpRequestOptions) => {
			if (!request.url.startsWith('https://n8n.example.com/')) return await httpRequest(request);
			if (!execution.isReachable) throw new Error(`getaddrinfo ENOTFOUND ${request.url}`);
			const call = { body: request.body as IDataObject, url: request.url, status: 0 };
			ownCalls.push(call);
			return await new Promise((resolve, reject) => {
				const answered = (status: number) => {
					call.status = status;
					const state = execution.state === 'awake' ? 'has finished already' : 'is running already';
					const message = `The execution "1" ${state}.`;
					resolve({ statusCode: status, headers: {}, body: status === 409 ? { code: 409, message } : {} });
				};
				knock(request.body, undefined, answered).catch(reject);
			});
		};
	};

	async function knock(body: unknown, process?: INodeType, onAnswer?: (status: number) => void): Promise<Knock> {
		const began = performance.now();
		const result: Knock = { status: 0, answer: undefined, answeredAfterMs: null, items: null };
		if (execution.state !== 'asleep') {
			onAnswer?.(409);
			return { ...result, status: 409 };
		}
		const type = process ?? processes[(calls += 1) % processes.length] ?? processes[0];
		if (type === undefined) throw new Error('no process');
		const node = { ...nodeOf(type, { parameters, credential, onError: more?.onError }), name };
		const workflow = new Workflow({
			id: 'w1',
			nodes: [node],
			connections: {},
			active: true,
			nodeTypes: nodeTypesOf(type),
		});
		const response = {
			status(code: number) {
				result.status = code;
				return response;
			},
			json(answer: unknown) {
				result.answer = answer;
				result.answeredAfterMs = performance.now() - began;
				onAnswer?.(result.status);
			},
		};
		const additionalData = Object.assign(additionalDataFor(credential), {
			httpRequest: { body, headers: {}, params: {}, query: { signature: 'x' } },
			httpResponse: response,
		});
		const webhook = { webhookDescription: type.description.webhooks?.[0] } as IWebhookData;
		const runData = JSON.parse(saved) as IRunExecutionData;
		const context = new WebhookContext(workflow, node, additionalData, 'webhook', webhook, [], runData);
		redirect(context);
		const output = await type.webhook?.call(context);
		result.items = output?.workflowData?.[0] ?? null;
		if (result.items !== null) {
			execution.state = 'awake';
			woken.push(result.items);
		}
		return result;
	}

	const execution: SleepingExecution = {
		state: 'saving',
		isReachable: true,
		ownCalls,
		woken,
		call: async (body, process) => await knock(body, process),
	};
	const { error, runData } = await engine.attempt({
		credential,
		parameters,
		items,
		mode: 'webhook',
		...more,
		prepare: redirect,
	});
	if (error !== null) throw error;
	const contexts = runData.executionData?.contextData ?? {};
	contexts[`node:${name}`] = contexts['node:Runway'] ?? {};
	saved = JSON.stringify(runData);
	if (!isSlowToSave) execution.state = 'asleep';
	return execution;
}
