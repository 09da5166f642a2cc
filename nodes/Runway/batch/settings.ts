import type { IExecuteFunctions } from 'n8n-workflow';

import { DEFAULT_MAX_PARALLEL, DEFAULT_TIMEOUT_SECONDS, optionsField, runOptions } from '../../shared/panel/options';
import { checkParameters, type Checked, type Fault } from '../../shared/parameters/check';
import {
	decimal,
	flag,
	integer,
	jsonObject,
	modelNames,
	oneOf,
	optionalHttpUrl,
	optionalName,
} from '../../shared/parameters/checks';
import { commonOptions, familyChoice, MEGABYTE } from '../../shared/parameters/commonOptions';
import * as z from '../../shared/parameters/zod';
import type { BatchOperation } from '../operations/operation';
import { isCalledAsTool, runsAsTool } from './tool';

const options = z.object(
	{
		...commonOptions,
		/** Merged into the request body. */
		additionalFields: z.prefault(jsonObject(), {}),
		/** For the operations that read tasks. */
		api: z.prefault(familyChoice, 'auto'),
		/** The user's own. */
		callbackUrl: optionalHttpUrl(),
		/** Models to try in turn if the chosen one is not served. */
		fallbackModels: z.prefault(modelNames(), []),
		/** Without its ending; the default is `runway-<task ID>`. */
		fileName: optionalName(),
		maxParallel: z.prefault(integer(1, 50), DEFAULT_MAX_PARALLEL),
		/** Tasks that the run may create; 0 for no limit. */
		maxTasks: z.prefault(integer(0, 10_000), 0),
		/** 0 = all at once. */
		maxTasksInProgress: z.prefault(integer(0, 10_000), 0),
		/** US dollars that the account must have before the first create; 0 for no check. */
		minBalance: z.prefault(decimal(0, 1_000_000), 0),
		onTimeout: z.prefault(oneOf(['error', 'returnTask']), 'error'),
		/** Seconds; 0 = adaptive. */
		pollInterval: z.prefault(decimal(0, 300), 0),
		/** How often to create a task again that has failed for a temporary reason. */
		retryFailed: z.prefault(integer(0, 5), 0),
		/** Minutes; 0 = never. */
		reuseWithin: z.prefault(integer(0, 1_440), 0),
		/** Whether doubtful values are sent as they are. */
		sendAnyway: z.prefault(flag(), false),
		/** Seconds. */
		timeout: z.prefault(decimal(1, 604_800), DEFAULT_TIMEOUT_SECONDS),
	},
	'must be a collection of options',
);

const schema = z.object({ completion: oneOf(['wait', 'return', 'suspend']), options });

/** Options that the node needs in another form. */
type Converted =
	'binaryField' | 'maxFileSize' | 'maxParallel' | 'maxTasksInProgress' | 'pollInterval' | 'reuseWithin' | 'timeout';

/** The settings for running one item: everything in the panel that is not about the video itself. */
export interface ItemSettings extends Omit<z.output<typeof options>, Converted> {
	completion: 'wait' | 'return' | 'suspend';
	/** Whether an AI agent uses the node as its tool: agents drop files and read every word of the answer. */
	forAgent: boolean;
	/** Name of the output's binary field, or null for no file. */
	binaryField: string | null;
	/** Bytes; Infinity for no limit. */
	maxFileBytes: number;
	timeoutMs: number;
	/** 0 = adaptive. */
	intervalMs: number;
	/** A task of an identical request is used again if it is not older than this; 0 = never. Milliseconds. */
	reuseWithinMs: number;
	limits: RunLimits;
}

/** Limits that hold for the whole run; the first item's count. */
export interface RunLimits {
	maxParallel: number;
	/** 0 = all at once. */
	maxTasksInProgress: number;
}

const labels = [optionsField([...runOptions.create, ...runOptions.callback, ...runOptions.look])];

/** Reads and checks the settings of one item. */
export function readSettings(
	context: IExecuteFunctions,
	operation: BatchOperation,
	itemIndex: number,
): Checked<ItemSettings> {
	const forAgent = runsAsTool(context);
	const takesFile = !forAgent && wantsFile(context, operation, itemIndex);
	const checked = checkParameters(schema, labels, {
		completion: context.getNodeParameter('completion', itemIndex, 'wait'),
		options: context.getNodeParameter('options', itemIndex, {}),
	});
	if (!checked.ok) return { ok: false, faults: checked.faults.map(hideFreeJson) };

	const { completion, options: chosen } = checked.data;
	const { binaryField, maxFileSize, maxParallel, maxTasksInProgress, pollInterval, reuseWithin, timeout, ...same } =
		chosen;
	const data: ItemSettings = {
		...same,
		// Agents that call the tool themselves can't sleep with it: they get the task and read it later.
		completion: isCalledAsTool(context) && completion === 'suspend' ? 'return' : completion,
		forAgent,
		binaryField: takesFile ? binaryField : null,
		maxFileBytes: maxFileSize === 0 ? Number.POSITIVE_INFINITY : maxFileSize * MEGABYTE,
		timeoutMs: timeout * 1000,
		intervalMs: pollInterval * 1000,
		reuseWithinMs: reuseWithin * 60_000,
		limits: { maxParallel, maxTasksInProgress },
	};
	return { ok: true, data };
}

/** Free JSON may hold anything, secrets included, so it is not repeated in messages. */
function hideFreeJson(fault: Fault): Fault {
	return fault.parameter === 'options.additionalFields' ? { ...fault, found: null } : fault;
}

function wantsFile(context: IExecuteFunctions, operation: BatchOperation, itemIndex: number): boolean {
	if (operation.kind === 'task' && operation.file !== 'optional') return operation.file === 'always';
	const wanted = context.getNodeParameter('download', itemIndex, true) as unknown;
	return wanted !== false && wanted !== 'false';
}
