import type { IExecuteFunctions } from 'n8n-workflow';

import { DEFAULT_MAX_PARALLEL, DEFAULT_RUNWAY_VERSION, DEFAULT_TIMEOUT_SECONDS } from '../operations/runFields';
import type { BatchOperation } from '../operations/operation';

/** How one item is to be run: everything in the panel that is not about the video itself. */
export interface ItemSettings {
	completion: 'wait' | 'return' | 'suspend';
	/** Name of the output's binary field, or null for no file. */
	binaryField: string | null;
	timeoutMs: number;
	/** 0 = adaptive. */
	intervalMs: number;
	onTimeout: 'error' | 'returnTask';
	runwayVersion: string;
	includeRaw: boolean;
	/** Whether an AI agent uses the node as its tool: agents drop files and read every word of the answer. */
	forAgent: boolean;
	/** The user's own, or empty. */
	callbackUrl: string;
	/** Object or JSON text. */
	additionalFields: unknown;
}

/** Limits that hold for the whole run. */
export interface RunLimits {
	maxParallel: number;
	/** 0 = all at once. */
	maxTasksInProgress: number;
}

interface Options {
	additionalFields?: unknown;
	callbackUrl?: string;
	includeRaw?: boolean;
	maxParallel?: number;
	maxTasksInProgress?: number;
	onTimeout?: 'error' | 'returnTask';
	pollInterval?: number;
	runwayVersion?: string;
	timeout?: number;
}

/** Reads the settings of one item. */
export function readSettings(context: IExecuteFunctions, operation: BatchOperation, itemIndex: number): ItemSettings {
	const options = readOptions(context, itemIndex);
	const completion = context.getNodeParameter('completion', itemIndex, 'wait') as ItemSettings['completion'];
	const forAgent = runsAsTool(context);
	return {
		completion,
		forAgent,
		binaryField:
			!forAgent && wantsFile(context, operation, itemIndex)
				? (context.getNodeParameter('binaryField', itemIndex, 'data') as string)
				: null,
		timeoutMs: (options.timeout ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
		intervalMs: (options.pollInterval ?? 0) * 1000,
		onTimeout: options.onTimeout ?? 'error',
		runwayVersion: options.runwayVersion?.trim() || DEFAULT_RUNWAY_VERSION,
		includeRaw: options.includeRaw ?? false,
		callbackUrl: options.callbackUrl?.trim() ?? '',
		additionalFields: options.additionalFields ?? {},
	};
}

/** Reads the limits of the run, which can only be one for all items: the first item's. */
export function readLimits(context: IExecuteFunctions): RunLimits {
	const { maxParallel, maxTasksInProgress } = readOptions(context, 0);
	return {
		maxParallel: Math.max(1, Math.floor(maxParallel ?? DEFAULT_MAX_PARALLEL)),
		maxTasksInProgress: Math.max(0, Math.floor(maxTasksInProgress ?? 0)),
	};
}

/** n8n marks tools in two ways: agents call them in a context of their own, or run the node under a tool's type. */
function runsAsTool(context: IExecuteFunctions): boolean {
	const called = 'isToolExecution' in context && context.isToolExecution();
	return called || context.getNode().type.endsWith('Tool');
}

function readOptions(context: IExecuteFunctions, itemIndex: number): Options {
	return context.getNodeParameter('options', itemIndex, {}) as Options;
}

function wantsFile(context: IExecuteFunctions, operation: BatchOperation, itemIndex: number): boolean {
	if (operation.kind === 'task' && operation.file !== 'optional') return operation.file === 'always';
	return context.getNodeParameter('download', itemIndex, true) as boolean;
}
