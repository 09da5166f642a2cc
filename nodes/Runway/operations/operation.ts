import type { INodeProperties } from 'n8n-workflow';
import * as z from 'zod/v4-mini';

import { isObject } from '../../shared/task/json';
import type { FactsByModel } from '../modelTable';
import type { PanelRemark } from './hints';
import type { Api } from '../../shared/task/task';

/**
 * What an operation is: its place in the panel, its fields, and for those that create a task the route
 * and the way from fields to request body. No HTTP and no waiting in here.
 */
export type Operation = BatchOperation | ListOperation | AccountOperation;

/** The operations that are about tasks. */
export type BatchOperation = CreateOperation | TaskOperation;

export type Resource = 'account' | 'image' | 'task' | 'video';

interface InThePanel {
	resource: Resource;
	/** Stored in saved workflows: never rename. */
	value: string;
	name: string;
	/** For n8n's list of actions, and the first name of a new node: a verb, with `name` word for word. */
	action: string;
	description: string;
	/** The operation's own fields, without display conditions: the table adds them. */
	fields: INodeProperties[];
	/** What few people need of its own, to stand under Options beside what all operations have there. */
	options?: INodeProperties[];
}

/** Creates a task at CometAPI, which costs money. */
export interface CreateOperation extends InThePanel {
	kind: 'create';
	api: Api;
	path: string;
	produces: 'video' | 'image';
	/** Model names to offer, best known first; empty where the route takes no model. */
	models: readonly string[];
	/** What Runway's typings say of the models, retired ones included. */
	facts?: FactsByModel;
	/** Doubts about values that the panel shows before anything is paid for. */
	panelRemarks?: readonly PanelRemark[];
	/**
	 * Checks the item's parameters and makes the request body.
	 * @param parameters values of `fields` and `options` by name; an option that was not added is undefined
	 */
	build(parameters: Record<string, unknown>, input: BuildInput): Promise<BuildResult>;
}

/** Looks at tasks that exist, which is free. */
export interface TaskOperation extends InThePanel {
	kind: 'task';
	/** Whether to wait until the task has ended. */
	waits: boolean;
	/** Whether the finished file comes along: always, when the user asks for it, or never. */
	file: 'always' | 'optional' | 'never';
	/** Whether a task that failed, or is not finished, is an error or just data. */
	unfinishedIsError: boolean;
}

/** Lists tasks, which is free. */
export interface ListOperation extends InThePanel {
	kind: 'list';
}

/** Asks about the account, which is free. */
export interface AccountOperation extends InThePanel {
	kind: 'account';
}

/** What a body needs beside the parameters. */
export interface BuildInput {
	/** Where CometAPI may report to, for the routes that require it. */
	callbackUrl: string;
	/** Finds the file in a binary field of the item. */
	readFile(field: string): Promise<InputFile>;
}

export interface InputFile {
	mimeType: string;
	/** Bytes. Known before the file is read, so that a huge one never is. */
	size: number;
	read(): Promise<Buffer>;
}

export type BuildResult =
	| {
			ok: true;
			body: Record<string, unknown>;
			usesFiles: boolean;
			/** Doubts whether the API takes a value. They matter only if it does not. */
			remarks: string[];
			/** What the user should know about the result. */
			hints: string[];
	  }
	| { ok: false; faults: Fault[] };

/** A parameter that the API would refuse. */
export interface Fault {
	/** Path of the parameter, such as `cameraMotion.x`. */
	parameter: string;
	/** The label in the panel. */
	label: string;
	/** The value to show, or null where `expected` says all there is to say about it. */
	found: { value: unknown } | null;
	/** What it must be, continuing the sentence "Label …", such as "must be between 0 and 1". */
	expected: string;
}

type CreateSpec<Schema extends z.core.$ZodType> = Omit<CreateOperation, 'kind' | 'build'> & {
	/** Checks and cleans the parameters; every message continues the sentence "Label …". */
	parameters: Schema;
	body(parameters: z.core.output<Schema>, input: BodyInput): Record<string, unknown>;
	/** Binary fields that stand in for a URL. */
	files?: (parameters: z.core.output<Schema>) => FileInput[];
	/** Remarks about values that may or may not be accepted, because the documentation contradicts itself. */
	hints?: (parameters: z.core.output<Schema>) => string[];
	/** What the user should know about the result, whether or not the request is accepted. */
	notes?: (parameters: z.core.output<Schema>) => string[];
};

export interface BodyInput {
	callbackUrl: string;
	/** URI of a file that `files` named, by its parameter. */
	uri(parameter: string): string;
}

/** A binary field of the item that is to be sent as a data URI. */
export interface FileInput {
	/** Parameter that holds the field's name. */
	parameter: string;
	field: string;
	/** Turns the file into a URI, or says what it must be. */
	encode(file: InputFile): Promise<{ uri: string; hints: string[] } | { expected: string }>;
}

/** Makes a create operation from its fields, its schema and its body. */
export function createOperation<Schema extends z.core.$ZodType>(spec: CreateSpec<Schema>): CreateOperation {
	const { parameters: schema, body, files, hints, notes: say, ...panel } = spec;
	const labels = labelledParameters(panel);

	return {
		...panel,
		kind: 'create',
		async build(parameters, input) {
			const checked = checkParameters(schema, labels, parameters);
			if (!checked.ok) return checked;

			const notes = say?.(checked.data) ?? [];
			const uris = new Map<string, string>();
			for (const file of files?.(checked.data) ?? []) {
				const encoded = await file.encode(await input.readFile(file.field));
				if ('expected' in encoded) {
					const label = labelOf(file.parameter.split('.'), labels);
					const { expected } = encoded;
					return { ok: false, faults: [{ parameter: file.parameter, label, found: null, expected }] };
				}
				uris.set(file.parameter, encoded.uri);
				notes.push(...encoded.hints);
			}
			return {
				ok: true,
				body: withoutUndefined(
					body(checked.data, { callbackUrl: input.callbackUrl, uri: (name) => uris.get(name) ?? '' }),
				),
				usesFiles: uris.size > 0,
				remarks: hints?.(checked.data) ?? [],
				hints: notes,
			};
		},
	};
}

/** An operation's own fields and options, with labels that lead to them: "Options → Seed". */
export function labelledParameters({ fields, options = [] }: Pick<Operation, 'fields' | 'options'>): INodeProperties[] {
	return [...fields, ...options.map((option) => ({ ...option, displayName: `Options → ${option.displayName}` }))];
}

/**
 * Checks parameters by a schema and cleans them.
 * @param fields where the labels of faults are found
 */
export function checkParameters<Schema extends z.core.$ZodType>(
	schema: Schema,
	fields: INodeProperties[],
	parameters: Record<string, unknown>,
): { ok: true; data: z.core.output<Schema> } | { ok: false; faults: Fault[] } {
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
		found: {
			value: path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], parameters),
		},
		expected: issue.message,
	};
}

/** The labels along a path, such as "Camera Motion → X"; groups of a fixed collection go without saying. */
function labelOf(path: string[], fields: INodeProperties[]): string {
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

/** Leaves out what was not set, at every depth, since the API may refuse nulls and empty objects. */
function withoutUndefined(body: Record<string, unknown>): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(body)
			.filter(([, value]) => value !== undefined)
			.map(([key, value]) => [key, isObject(value) ? withoutUndefined(value) : value]),
	);
}
