import type { INodeProperties } from 'n8n-workflow';

import type { OutputOptions } from '../item/deliver';
import { downloadFields } from '../panel/fileFields';
import { runOptions } from '../panel/options';
import { eventsField } from '../panel/triggerFields';
import { checkParameters } from '../parameters/check';
import { flag, orDefault } from '../parameters/checks';
import { commonOptions, MEGABYTE } from '../parameters/commonOptions';
import * as z from '../parameters/zod';
import { faultOf, type TriggerContext } from './errors';
import { TASK_EVENTS, type TaskEvent } from './events';

/** What both triggers let the user choose. */
export interface TriggerSettings {
	events: ReadonlySet<TaskEvent>;
	output: OutputOptions;
	/** Sent as `X-Runway-Version`. */
	runwayVersion: string;
}

const isEvents = (value: unknown) =>
	Array.isArray(value) && value.length > 0 && value.every((event) => TASK_EVENTS.includes(event as TaskEvent));

const schema = z.object({
	events: z.custom<TaskEvent[]>(isEvents, `must name at least one of ${TASK_EVENTS.join(', ')}`),
	download: orDefault(flag(), false),
	options: z.object(commonOptions),
});

const fields = [eventsField, ...downloadFields(), ...runOptions.trigger];

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
	const { events, download, options } = checked(context, schema, fields, {
		events: context.getNodeParameter('events', ['succeeded', 'failed', 'cancelled']),
		download: context.getNodeParameter('download', false),
		options: context.getNodeParameter('options', {}),
	});
	const { allFiles, binaryField, includeRaw, maxFileSize, runwayVersion } = options;
	return {
		events: new Set(events),
		output: {
			itemIndex: null,
			operation,
			produces: null,
			binaryField: download ? binaryField : null,
			fileName: null,
			allFiles,
			maxFileBytes: maxFileSize === 0 ? null : maxFileSize * MEGABYTE,
			includeRaw,
			forAgent: false,
		},
		runwayVersion,
	};
}

/**
 * Checks a trigger's parameters by a schema and cleans them.
 * @param labelled where the labels of fields are found
 * @throws NodeOperationError that names the first field that is wrong
 */
export function checked<Schema extends z.core.$ZodType>(
	context: TriggerContext,
	rules: Schema,
	labelled: INodeProperties[],
	parameters: Record<string, unknown>,
): z.core.output<Schema> {
	const result = checkParameters(rules, labelled, parameters);
	if (result.ok) return result.data;
	const [{ label, expected } = { label: '', expected: '' }] = result.faults;
	throw faultOf(context, label, expected);
}
