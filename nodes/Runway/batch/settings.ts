import type { IExecuteFunctions } from 'n8n-workflow';
import * as z from 'zod/v4-mini';

import { isObject, type Json } from '../../shared/task/json';
import type { Api } from '../../shared/task/task';
import { decimal, flag, integer, oneOf, optionalHttpUrl, optionalText, requiredText } from '../operations/checks';
import type { BatchOperation, Fault } from '../operations/operation';
import { checkParameters } from '../operations/parameters';
import {
	DEFAULT_BINARY_FIELD,
	DEFAULT_MAX_FILE_SIZE_MB,
	DEFAULT_MAX_PARALLEL,
	DEFAULT_RUNWAY_VERSION,
	DEFAULT_TIMEOUT_SECONDS,
	optionsField,
	runOptions,
} from '../../shared/panel/options';

/** The settings for running one item: everything in the panel that is not about the video itself. */
export interface ItemSettings {
	completion: 'wait' | 'return' | 'suspend';
	/** Name of the output's binary field, or null for no file. */
	binaryField: string | null;
	/** Of the file, without its ending; null for `runway-<task ID>`. */
	fileName: string | null;
	/** Whether all files of the task are wanted, each in a binary field of its own. */
	allFiles: boolean;
	/** Bytes; Infinity for no limit. */
	maxFileBytes: number;
	timeoutMs: number;
	/** 0 = adaptive. */
	intervalMs: number;
	onTimeout: 'error' | 'returnTask';
	runwayVersion: string;
	includeRaw: boolean;
	/** Whether an AI agent uses the node as its tool: agents drop files and read every word of the answer. */
	forAgent: boolean;
	/** Which family of routes may know the task, for the operations that read tasks. */
	api: Api | 'auto';
	/** The user's own, or empty. */
	callbackUrl: string;
	/** Merged into the request body. */
	additionalFields: Record<string, unknown>;
	/** Whether doubtful values are sent as they are. */
	sendAnyway: boolean;
	limits: RunLimits;
	/** Tasks that the run may create; 0 for no limit. */
	maxTasks: number;
	/** US dollars that the account must have before the first create; 0 for no check. */
	minBalance: number;
	/** How often to create a task again that has failed for a temporary reason. */
	retryFailed: number;
	/** A task of an identical request is used again if it is not older than this; 0 = never. Milliseconds. */
	reuseWithinMs: number;
	/** Models to try in turn if the chosen one is not served. */
	fallbackModels: readonly string[];
}

/** Limits that hold for the whole run; the first item's count. */
export interface RunLimits {
	maxParallel: number;
	/** 0 = all at once. */
	maxTasksInProgress: number;
}

const options = z.object(
	{
		additionalFields: z.optional(jsonObject()),
		allFiles: z.optional(flag()),
		api: z.optional(oneOf(['auto', 'official', 'compatibility'])),
		binaryField: z.optional(requiredText()),
		callbackUrl: optionalHttpUrl(),
		fallbackModels: z.optional(names()),
		fileName: nameText(),
		includeRaw: z.optional(flag()),
		maxFileSize: z.optional(decimal(0, 1_000_000)),
		maxParallel: z.optional(integer(1, 50)),
		maxTasks: z.optional(integer(0, 10_000)),
		maxTasksInProgress: z.optional(integer(0, 10_000)),
		minBalance: z.optional(decimal(0, 1_000_000)),
		onTimeout: z.optional(oneOf(['error', 'returnTask'])),
		pollInterval: z.optional(decimal(0, 300)),
		retryFailed: z.optional(integer(0, 5)),
		reuseWithin: z.optional(integer(0, 1_440)),
		runwayVersion: z.optional(
			z.string('must be a date').check(z.trim(), z.regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a date such as 2024-11-06')),
		),
		sendAnyway: z.optional(flag()),
		timeout: z.optional(decimal(1, 604_800)),
	},
	'must be a collection of options',
);

const schema = z.object({
	completion: oneOf(['wait', 'return', 'suspend']),
	options,
});

const labels = [optionsField([...runOptions.create, ...runOptions.callback, ...runOptions.look])];

const MEGABYTE = 1_000_000;

/** Reads and checks the settings of one item. */
export function readSettings(
	context: IExecuteFunctions,
	operation: BatchOperation,
	itemIndex: number,
): { ok: true; settings: ItemSettings } | { ok: false; faults: Fault[] } {
	const forAgent = runsAsTool(context);
	const takesFile = !forAgent && wantsFile(context, operation, itemIndex);
	const checked = checkParameters(schema, labels, {
		completion: context.getNodeParameter('completion', itemIndex, 'wait'),
		options: context.getNodeParameter('options', itemIndex, {}),
	});
	if (!checked.ok) return { ok: false, faults: checked.faults.map(hideFreeJson) };

	const { completion, options: chosen } = checked.data;
	const maxFileSize = chosen.maxFileSize ?? DEFAULT_MAX_FILE_SIZE_MB;
	const settings: ItemSettings = {
		// Agents that call the tool themselves can't sleep with it: they get the task and read it later.
		completion: isCalledAsTool(context) && completion === 'suspend' ? 'return' : completion,
		forAgent,
		binaryField: takesFile ? (chosen.binaryField ?? DEFAULT_BINARY_FIELD) : null,
		fileName: chosen.fileName ?? null,
		allFiles: chosen.allFiles ?? false,
		maxFileBytes: maxFileSize === 0 ? Number.POSITIVE_INFINITY : maxFileSize * MEGABYTE,
		timeoutMs: (chosen.timeout ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
		intervalMs: (chosen.pollInterval ?? 0) * 1000,
		onTimeout: chosen.onTimeout ?? 'error',
		runwayVersion: chosen.runwayVersion ?? DEFAULT_RUNWAY_VERSION,
		includeRaw: chosen.includeRaw ?? false,
		api: chosen.api ?? 'auto',
		callbackUrl: chosen.callbackUrl ?? '',
		additionalFields: chosen.additionalFields ?? {},
		sendAnyway: chosen.sendAnyway ?? false,
		limits: {
			maxParallel: chosen.maxParallel ?? DEFAULT_MAX_PARALLEL,
			maxTasksInProgress: chosen.maxTasksInProgress ?? 0,
		},
		maxTasks: chosen.maxTasks ?? 0,
		minBalance: chosen.minBalance ?? 0,
		retryFailed: chosen.retryFailed ?? 0,
		reuseWithinMs: (chosen.reuseWithin ?? 0) * 60_000,
		fallbackModels: chosen.fallbackModels ?? [],
	};
	return { ok: true, settings };
}

/** Free JSON may hold anything, secrets included, so it is not repeated in messages. */
function hideFreeJson(fault: Fault): Fault {
	return fault.parameter === 'options.additionalFields' ? { ...fault, found: null } : fault;
}

/** A name, which expressions may make of a number. */
function nameText() {
	return z.pipe(
		z.transform((value: unknown) => (typeof value === 'number' ? String(value) : value)),
		optionalText(),
	);
}

/** An object, or the JSON text of one. */
function jsonObject() {
	const expected = 'must be a JSON object, such as { "newField": "value" }';
	return z.pipe(
		z.transform(parseJson),
		z.custom<Json>((value) => isObject(value), expected),
	);
}

/** Names in a text, separated by commas or lines, or in a list; each once. */
function names() {
	const expected = 'must be names of models, separated by commas or lines';
	const list = z.array(z.string(expected), expected);
	return z.pipe(z.transform(namesIn), list);
}

function namesIn(value: unknown): unknown {
	if (typeof value !== 'string' && !Array.isArray(value)) return value ?? [];
	const entries = typeof value === 'string' ? value.split(/[,;\n]/) : (value as unknown[]);
	const trimmed = entries.map((entry) => (typeof entry === 'string' ? entry.trim() : entry));
	return [...new Set(trimmed.filter((entry) => entry !== ''))];
}

function parseJson(value: unknown): unknown {
	if (typeof value !== 'string') return value;
	if (value.trim() === '') return {};
	try {
		return JSON.parse(value) as unknown;
	} catch {
		return value;
	}
}

/**
 * Whether a failed item is passed on as an item. Always so for an agent, unless its user wants the workflow to
 * stop: of an error that is thrown, agents learn little or nothing, and might well pay for a second attempt.
 */
export function goesOnAfterErrors(context: IExecuteFunctions): boolean {
	const { onError, retryOnFail } = context.getNode();
	// For n8n, each try of an agent's tool is a new run, so it would find no record of what was paid for.
	const wouldPayAgain = isCalledAsTool(context) && retryOnFail === true;
	return context.continueOnFail() || (runsAsTool(context) && (onError !== 'stopWorkflow' || wouldPayAgain));
}

/** n8n marks tools in two ways: agents call them in a context of their own, or run the node under a tool's type. */
function runsAsTool(context: IExecuteFunctions): boolean {
	return isCalledAsTool(context) || hasTypeOfTool(context);
}

/** Early versions know no other tools than those that an agent calls. */
function isCalledAsTool(context: IExecuteFunctions): boolean {
	return 'isToolExecution' in context ? context.isToolExecution() : hasTypeOfTool(context);
}

function hasTypeOfTool(context: IExecuteFunctions): boolean {
	return context.getNode().type.endsWith('Tool');
}

function wantsFile(context: IExecuteFunctions, operation: BatchOperation, itemIndex: number): boolean {
	if (operation.kind === 'task' && operation.file !== 'optional') return operation.file === 'always';
	const wanted = context.getNodeParameter('download', itemIndex, true) as unknown;
	return wanted !== false && wanted !== 'false';
}
