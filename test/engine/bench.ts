import type { IDataObject, INode, INodeParameters, NodeApiError, NodeOperationError } from 'n8n-workflow';

import { startEngine, type Attempt, type Engine, type RunInput, type RunOutput } from '../support/engine';
import { startStandIn, type StandIn, type StandInOptions } from '../support/standin';

/**
 * A place for one test: a stand-in of its own, so that tests of a file may run at the same time, and the
 * engine, which they share. The stand-in renders in a fraction of a second.
 */
export interface Bench {
	api: StandIn;
	engine: Engine;
	credential: { apiKey: string; baseUrl: string };
	/** Runs the node; throws what it throws. */
	run(parameters: INodeParameters, more?: Partial<RunInput>): Promise<RunOutput>;
	/** Runs the node and never throws. */
	attempt(parameters: INodeParameters, more?: Partial<RunInput>): Promise<Attempt>;
	/** Runs the node and gives what it throws, which must be an error of n8n. */
	fail(parameters: INodeParameters, more?: Partial<RunInput>): Promise<NodeFailure>;
}

/** What users see of an error, and what n8n stores of it. */
export type NodeFailure = (NodeApiError | NodeOperationError) & {
	context: { itemIndex?: number; data?: { tasks?: IDataObject[] } & IDataObject };
};

/** The settings under On Error. */
export const CONTINUE: INode['onError'] = 'continueRegularOutput';
export const CONTINUE_ON_ERROR_OUTPUT: INode['onError'] = 'continueErrorOutput';

/** Far more than any test takes, also on a busy machine. */
const LONGEST_TEST_MS = 120_000;

const QUICK: StandInOptions = { renderMs: 200, queuedMs: 50, notVisibleMs: 50 };

let shared: Promise<Engine> | undefined;

/** Wraps a test, so that it gets its own bench and leaves nothing behind. */
export function bench(act: (bench: Bench) => Promise<void>, settings: StandInOptions = {}): () => Promise<void> {
	return async () => {
		shared ??= startEngine();
		const engine = await shared;
		const api = await startStandIn({ ...QUICK, ...settings });
		const credential = { apiKey: api.apiKey, baseUrl: api.url };
		const attempt: Bench['attempt'] = async (parameters, more) =>
			await engine.attempt({ credential, parameters, ...more });
		try {
			await act({
				api,
				engine,
				credential,
				attempt,
				run: async (parameters, more) => await engine.run({ credential, parameters, ...more }),
				async fail(parameters, more) {
					const { error, items } = await attempt(parameters, more);
					if (error === null) throw new Error(`the node did not fail, but gave ${JSON.stringify(items)}`);
					return asNodeFailure(error);
				},
			});
		} finally {
			await api.close();
		}
	};
}

/**
 * Tests about one subject; the name of each continues its sentence. All tests of a file run at the same time,
 * because most of them wait for tasks; each has its own bench.
 */
export function topic(
	subject: string,
	define: (test: (sentence: string, act: () => Promise<void>) => void) => void,
): void {
	define((sentence, act) => it.concurrent(`${subject} ${sentence}`, act, LONGEST_TEST_MS));
}

export async function closeBench(): Promise<void> {
	(await shared)?.close();
}

/** What all runs so far have logged. */
export async function logOfAll(): Promise<readonly string[]> {
	return (await shared)?.log ?? [];
}

/** Anything but an error of n8n's classes is shown to users as a crash of the node. */
export function asNodeFailure(error: unknown): NodeFailure {
	const name = (error as Error | null)?.name;
	if (name === 'NodeApiError' || name === 'NodeOperationError') return error as NodeFailure;
	throw error;
}

/** Everything that a person may read of an error, as one text. */
export function textOf({ message, description }: NodeFailure): string {
	return `${message}\n${description ?? ''}`;
}

/** The tasks that an error names as data. */
export function tasksIn(error: NodeFailure): IDataObject[] {
	return error.context.data?.tasks ?? [];
}

const quickOptions: INodeParameters = { pollInterval: 0.2 };

/** Image to Video, with the prompt of each item; `options` are added to those of all tests. */
export function imageToVideo(options: INodeParameters = {}, more: INodeParameters = {}): INodeParameters {
	return {
		resource: 'video',
		operation: 'imageToVideo',
		imageUrl: 'https://img.example.com/pier.jpg',
		ratio: '1280:720',
		prompt: '={{ $json.prompt ?? "slow push-in" }}',
		...more,
		options: { ...quickOptions, ...options },
	};
}

/** Text to Video, on the compatibility route. */
export function textToVideo(options: INodeParameters = {}, more: INodeParameters = {}): INodeParameters {
	return {
		resource: 'video',
		operation: 'generateFromText',
		prompt: '={{ $json.prompt ?? "a lantern" }}',
		...more,
		options: { ...quickOptions, ...options },
	};
}

/** An operation on existing tasks. */
export function task(
	operation: 'get' | 'wait' | 'download',
	more: INodeParameters = {},
	options: INodeParameters = {},
): INodeParameters {
	return { resource: 'task', operation, ...more, options: { ...quickOptions, ...options } };
}

/** Items with a prompt each; prompts steer the stand-in. */
export function prompts(...texts: string[]): IDataObject[] {
	return texts.map((prompt) => ({ prompt }));
}

/** Creates a task at the stand-in without the node, as another workflow would have. */
export async function makeTask(
	{ api }: Bench,
	{ prompt = 'x', path = '/runwayml/v1/image_to_video', body = {} as IDataObject } = {},
): Promise<string> {
	const bodies: Record<string, IDataObject> = {
		'/runwayml/v1/image_to_video': {
			promptImage: 'https://img.example.com/a.jpg',
			model: 'gen4_turbo',
			ratio: '1280:720',
			promptText: prompt,
		},
		'/runwayml/v1/text_to_image': {
			promptText: prompt,
			ratio: '1280:720',
			model: 'gen4_image',
			referenceImages: [{ uri: 'https://img.example.com/a.jpg' }],
		},
		'/runway/pro/generate': {
			callback_url: 'https://hooks.example.com/x',
			image: 'https://img.example.com/a.jpg',
			prompt,
			model: 'gen4',
		},
	};
	const response = await fetch(`${api.url}${path}`, {
		method: 'POST',
		headers: {
			authorization: `Bearer ${api.apiKey}`,
			'content-type': 'application/json',
			'x-runway-version': '2024-11-06',
		},
		body: JSON.stringify({ ...bodies[path], ...body }),
	});
	const id = [...api.tasks.keys()].at(-1);
	if (!response.ok || id === undefined) throw new Error(`the stand-in answered ${await response.text()}`);
	return id;
}

/** Resolves once the condition holds; for catching a run in the act. */
export async function until(condition: () => boolean, longestMs = 60_000): Promise<void> {
	const end = Date.now() + longestMs;
	while (!condition()) {
		if (Date.now() > end) throw new Error('the moment never came');
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}
