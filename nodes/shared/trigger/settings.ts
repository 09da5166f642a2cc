import type { IDataObject } from 'n8n-workflow';

import type { OutputOptions } from '../item/deliver';
import { DEFAULT_BINARY_FIELD, DEFAULT_MAX_FILE_SIZE_MB } from '../panel/fileFields';
import { DEFAULT_RUNWAY_VERSION } from '../panel/options';
import { faultOf, type TriggerContext } from './errors';
import { TASK_EVENTS, type TaskEvent } from './events';

/** What both triggers let the user choose. */
export interface TriggerSettings {
	events: ReadonlySet<TaskEvent>;
	output: OutputOptions;
	/** Sent as `X-Runway-Version`. */
	runwayVersion: string;
	options: IDataObject;
}

const MEGABYTE = 1_000_000;

/** Names a trigger among all of this n8n. */
export function nameOfTrigger(context: TriggerContext): string {
	return `${context.getWorkflow().id} ${context.getNode().id}`;
}

/**
 * Reads and checks the fields that both triggers have.
 * @param operation value of `operation` in the trigger's items
 * @throws NodeOperationError that names the field
 */
export function readTriggerSettings(context: TriggerContext, operation: string): TriggerSettings {
	const events = context.getNodeParameter('events', ['succeeded', 'failed', 'cancelled']) as unknown;
	if (
		!Array.isArray(events) ||
		events.length === 0 ||
		events.some((event) => !TASK_EVENTS.includes(event as TaskEvent))
	) {
		throw faultOf(context, 'Trigger On', `must name at least one of ${TASK_EVENTS.join(', ')}`);
	}
	const options = context.getNodeParameter('options', {}) as IDataObject;
	const runwayVersion = String(filled(options.runwayVersion) ?? DEFAULT_RUNWAY_VERSION).trim();
	if (!/^\d{4}-\d{2}-\d{2}$/.test(runwayVersion)) {
		throw faultOf(context, 'Runway API Version', 'must be a date such as 2024-11-06');
	}
	const maxFileSize = readNumber(context, options, 'maxFileSize', 'Max File Size', DEFAULT_MAX_FILE_SIZE_MB);
	const download = context.getNodeParameter('download', false) as unknown;
	const wantsFile = readFlag(context, { download }, 'download', 'Download File', false);
	const binaryField = wantsFile ? String(options.binaryField ?? DEFAULT_BINARY_FIELD).trim() : null;
	if (binaryField === '') throw faultOf(context, 'Put Output File in Field', 'must not be empty');
	return {
		events: new Set(events as TaskEvent[]),
		output: {
			itemIndex: null,
			operation,
			produces: null,
			binaryField,
			fileName: null,
			allFiles: readFlag(context, options, 'allFiles', 'Download All Files', false),
			maxFileBytes: maxFileSize === 0 ? null : maxFileSize * MEGABYTE,
			includeRaw: readFlag(context, options, 'includeRaw', 'Include Raw Response', false),
			forAgent: false,
		},
		runwayVersion,
		options,
	};
}

/** A number that may not be negative, also as text. Left empty, it is the default. */
export function readNumber(
	context: TriggerContext,
	values: Readonly<Record<string, unknown>>,
	name: string,
	label: string,
	fallback: number,
): number {
	const value = filled(values[name]) ?? fallback;
	const number = typeof value === 'string' ? Number(value) : value;
	if (typeof number === 'number' && Number.isFinite(number) && number >= 0) return number;
	throw faultOf(context, label, 'must be a number that is not negative');
}

/** A switch, also from the texts "true" and "false". Left empty, it is the default. */
function readFlag(
	context: TriggerContext,
	values: Readonly<Record<string, unknown>>,
	name: string,
	label: string,
	fallback: boolean,
): boolean {
	const value = filled(values[name]) ?? fallback;
	const text = String(value).trim();
	if (text === 'true' || text === 'false') return text === 'true';
	throw faultOf(context, label, 'must be true or false');
}

/** What an expression left, or undefined if that is nothing. */
function filled(value: unknown): unknown {
	return value === null || (typeof value === 'string' && value.trim() === '') ? undefined : value;
}
