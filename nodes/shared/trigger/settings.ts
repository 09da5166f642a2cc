import type { IDataObject } from 'n8n-workflow';

import type { Wish } from '../item/deliver';
import { DEFAULT_MAX_FILE_SIZE_MB, DEFAULT_RUNWAY_VERSION } from '../panel/runFields';
import { faultOf, type TriggerContext } from './errors';
import { TASK_EVENTS, type TaskEvent } from './events';

/** What both triggers let the user choose. */
export interface TriggerSettings {
	events: ReadonlySet<TaskEvent>;
	wish: Wish;
	/** Sent as `X-Runway-Version`. */
	runwayVersion: string;
	options: IDataObject;
}

const MEGABYTE = 1_000_000;

/**
 * Reads and checks the fields that both triggers have.
 * @param operation value of `operation` in the trigger's items
 * @throws NodeOperationError that names the field
 */
export function readTriggerSettings(context: TriggerContext, operation: string): TriggerSettings {
	const events = context.getNodeParameter('events', ['succeeded', 'failed', 'cancelled']) as unknown;
	if (!Array.isArray(events) || events.length === 0 || events.some((event) => !isEvent(event))) {
		throw faultOf(context, 'Trigger On', `must name at least one of ${TASK_EVENTS.join(', ')}`);
	}
	const options = context.getNodeParameter('options', {}) as IDataObject;
	const runwayVersion = String(options.runwayVersion ?? DEFAULT_RUNWAY_VERSION).trim();
	if (!/^\d{4}-\d{2}-\d{2}$/.test(runwayVersion)) {
		throw faultOf(context, 'Runway API Version', 'must be a date such as 2024-11-06');
	}
	const maxFileSize = readNumber(context, options, 'maxFileSize', 'Max File Size', DEFAULT_MAX_FILE_SIZE_MB);
	const wantsFile = context.getNodeParameter('download', false) === true;
	const binaryField = wantsFile ? String(context.getNodeParameter('binaryField', 'data')).trim() : null;
	if (binaryField === '') throw faultOf(context, 'Put Output File in Field', 'must not be empty');
	return {
		events: new Set(events as TaskEvent[]),
		wish: {
			itemIndex: null,
			operation,
			produces: null,
			binaryField,
			maxFileBytes: maxFileSize === 0 ? null : maxFileSize * MEGABYTE,
			includeRaw: options.includeRaw === true,
			forAgent: false,
		},
		runwayVersion,
		options,
	};
}

/** A number of the options that may not be negative. */
export function readNumber(
	context: TriggerContext,
	options: IDataObject,
	name: string,
	label: string,
	fallback: number,
): number {
	const value = Number(options[name] ?? fallback);
	if (Number.isFinite(value) && value >= 0) return value;
	throw faultOf(context, label, 'must be a number that is not negative');
}

function isEvent(value: unknown): value is TaskEvent {
	return TASK_EVENTS.includes(value as TaskEvent);
}
