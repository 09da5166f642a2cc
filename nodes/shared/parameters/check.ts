import type { INodeProperties } from 'n8n-workflow';

import * as z from './zod';

/** Checks what the panel gives, and names what is wrong as the panel names it. */

/** What a check of parameters gives: their cleaned values, or what is wrong with them. */
export type Checked<T> = { ok: true; data: T } | { ok: false; faults: Fault[] };

/** A parameter that the API would refuse. */
export interface Fault {
	/** Path of the parameter, such as `cameraMotion.x`. */
	parameter: string;
	/** The label in the panel. */
	label: string;
	/** The value to show, or null if `expected` says everything. */
	found: { value: unknown } | null;
	/** What it must be, continuing the sentence "Label …", such as "must be between 0 and 1". */
	expected: string;
	/** Whether the value is only doubtful, so that Send Anyway sends it. */
	isDoubt?: boolean;
}

/**
 * Checks parameters by a schema and cleans them.
 * @param fields where the labels of faults are found
 */
export function checkParameters<Schema extends z.core.$ZodType>(
	schema: Schema,
	fields: INodeProperties[],
	parameters: Record<string, unknown>,
): Checked<z.core.output<Schema>> {
	const checked = z.safeParse(schema, parameters);
	if (checked.success) return { ok: true, data: checked.data };
	const faults = new Map<string, Fault>();
	for (const issue of checked.error.issues) {
		const fault = toFault(issue, fields, parameters);
		// The first one says the most: an empty URL is empty before it is no URL.
		if (!faults.has(fault.parameter)) faults.set(fault.parameter, fault);
	}
	return { ok: false, faults: [...faults.values()] };
}

function toFault(issue: z.core.$ZodIssue, fields: INodeProperties[], parameters: Record<string, unknown>): Fault {
	const path = issue.path.map(String);
	return {
		parameter: path.join('.'),
		label: labelOf(path, fields),
		found: { value: valueAt(path, parameters) },
		expected: issue.message,
	};
}

/** The labels along a path, such as "Camera Motion → X"; groups of a fixed collection go without saying. */
export function labelOf(path: string[], fields: INodeProperties[]): string {
	const labels: string[] = [];
	let level = fields;
	for (const key of path) {
		if (/^\d+$/.test(key)) {
			labels.push(`#${Number(key) + 1}`);
			continue;
		}
		const field = level.find((candidate) => candidate.name === key);
		if (field === undefined) continue;
		labels.push(field.displayName);
		level = (field.options ?? []).flatMap((option) =>
			'values' in option ? option.values : 'type' in option ? [option] : [],
		);
	}
	return labels.join(' → ') || path.join('.');
}

/** What has fields and, apart from them, options. */
interface Labelled {
	fields: INodeProperties[];
	options?: INodeProperties[];
}

/** An operation's own fields and options, with labels that lead to them: "Options → Seed". */
export function labelledParameters({ fields, options = [] }: Labelled): INodeProperties[] {
	return [...fields, ...options.map((option) => ({ ...option, displayName: `Options → ${option.displayName}` }))];
}

/** The value at a path, or undefined if there is none. */
export function valueAt(path: string[], parameters: Record<string, unknown>): unknown {
	return path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], parameters);
}
