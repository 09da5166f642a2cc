import type { INodeProperties } from 'n8n-workflow';
import * as z from 'zod/v4-mini';

import { isObject } from '../../shared/task/json';
import type { FactsByModel } from '../modelTable';
import { brokenWord } from './brokenText';
import { MATCH_IMAGE } from './checks';
import type { Encoded } from './files';
import type { ImageShape } from '../../shared/files/imageShape';
import { nearestShape } from './modelRules';
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
	/** Host of the credential's base URL. */
	apiHost: string;
	/** Whether the user wants doubtful values sent as they are. */
	sendAnyway: boolean;
	/**
	 * The expression that a parameter holds, or null if its value was typed.
	 * @param path such as `referenceImages.image.0.url`
	 */
	expressionOf(path: string): string | null;
	/** The shape of the image at a public URL, or null if it can't be read. */
	shapeAt(url: string): Promise<ImageShape | null>;
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
			/** The ratio that was found for the input image, if that was asked for. */
			matchedRatio: string | null;
			/** Doubts about values that the user has chosen to send anyway. They matter only if the API refuses the request. */
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
	/** Whether the value is a {@link Doubt}, so that Send Anyway sends it. */
	isDoubt?: boolean;
}

/**
 * A value that is most likely wrong and can't be known to be, because documentation contradicts itself, the model is unknown
 * or rules may have changed: refused before anything is sent, unless the user switches on Send Anyway.
 */
export interface Doubt {
	/** Path of the parameter. */
	parameter: string;
	/** What it must be, continuing the sentence "Label …". */
	expected: string;
}

type CreateSpec<Schema extends z.core.$ZodType> = Omit<CreateOperation, 'kind' | 'build'> & {
	/** Checks and cleans the parameters; every message continues the sentence "Label …". */
	parameters: Schema;
	body(parameters: z.core.output<Schema>, input: BodyInput): Record<string, unknown>;
	/** Binary fields that stand in for a URL. */
	files?: (parameters: z.core.output<Schema>) => FileInput[];
	/** For a `ratio` of {@link MATCH_IMAGE}: the image, and the ratios of which the nearest is sent; the first is the default. */
	match?: (parameters: z.core.output<Schema>) => { image: InputImage; ratios: readonly string[] };
	/** Values that are most likely wrong; the prompt's words are looked at anyway. */
	doubts?: (parameters: z.core.output<Schema>, input: BuildInput) => Doubt[];
	/** What the user should know about the result, whether or not the request is accepted. */
	notes?: (parameters: z.core.output<Schema>) => string[];
};

/** An image that the user gives: as a URL, or as a file by the parameter that names its field. */
export interface InputImage {
	parameter: string;
	/** Undefined for a file. */
	url: string | undefined;
}

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
	encode(file: InputFile): Promise<Encoded>;
}

/** Makes a create operation from its fields, its schema and its body. */
export function createOperation<Schema extends z.core.$ZodType>(spec: CreateSpec<Schema>): CreateOperation {
	const { parameters: schema, body, files, match, doubts: findDoubts, notes: say, ...panel } = spec;
	const labels = labelledParameters(panel);

	return {
		...panel,
		kind: 'create',
		async build(parameters, input) {
			const checked = checkParameters(schema, labels, parameters);
			if (!checked.ok) {
				return { ok: false, faults: checked.faults.map((fault) => emptyExpression(fault, input) ?? fault) };
			}
			const doubts = [...brokenPrompt(parameters.prompt, input), ...(findDoubts?.(checked.data, input) ?? [])];
			if (doubts.length > 0 && !input.sendAnyway) {
				return { ok: false, faults: doubts.map((doubt) => doubtFault(doubt, labels, parameters)) };
			}

			const notes = say?.(checked.data) ?? [];
			const uris = new Map<string, string>();
			const shapes = new Map<string, ImageShape | null>();
			for (const file of files?.(checked.data) ?? []) {
				const encoded = await file.encode(await input.readFile(file.field));
				if ('expected' in encoded) {
					const label = labelOf(file.parameter.split('.'), labels);
					const { expected } = encoded;
					return { ok: false, faults: [{ parameter: file.parameter, label, found: null, expected }] };
				}
				uris.set(file.parameter, encoded.uri);
				shapes.set(file.parameter, encoded.shape);
			}
			let values = checked.data;
			let matchedRatio: string | null = null;
			if (match !== undefined && (values as { ratio?: string }).ratio === MATCH_IMAGE) {
				const { image, ratios } = match(values);
				const isDoubtful = doubts.some(({ parameter }) => parameter === image.parameter);
				const shape =
					image.url === undefined ? shapes.get(image.parameter) : isDoubtful ? null : await input.shapeAt(image.url);
				matchedRatio = matching(ratios, shape ?? null);
				if (!shape) notes.push(unmatched(matchedRatio));
				values = { ...(values as object), ratio: matchedRatio } as z.core.output<Schema>;
			}
			return {
				ok: true,
				body: withoutUndefined(body(values, { callbackUrl: input.callbackUrl, uri: (name) => uris.get(name) ?? '' })),
				usesFiles: uris.size > 0,
				matchedRatio,
				remarks: doubts.map(({ parameter, expected }) => `"${labelOf(parameter.split('.'), labels)}" ${expected}.`),
				hints: notes,
			};
		},
	};
}

/** An operation's own fields and options, with labels that lead to them: "Options → Seed". */
export function labelledParameters({ fields, options = [] }: Pick<Operation, 'fields' | 'options'>): INodeProperties[] {
	return [...fields, ...options.map((option) => ({ ...option, displayName: `Options → ${option.displayName}` }))];
}

const unmatched = (sent: string) =>
	`The shape of the image can't be read, so "Match the Image" is the ratio ${sent}. To have another, choose it.`;

/** The ratio that is nearest to an image, or the default. */
function matching(ratios: readonly string[], shape: ImageShape | null): string {
	return shape === null ? (ratios[0] ?? '') : nearestShape(ratios, `${shape.width}:${shape.height}`);
}

/** Says of an empty value that it is an expression that came out empty: in the panel, the field looks filled in. */
function emptyExpression(fault: Fault, { expressionOf }: BuildInput): Fault | null {
	const value = fault.found?.value ?? '';
	const expression = expressionOf(fault.parameter);
	if (expression === null || typeof value !== 'string' || value.trim() !== '') return null;
	const expected = `holds the expression ${shortened(expression)}, which came out empty for this item. Choose a field of the item that has a value, or enter one`;
	return { ...fault, found: null, expected };
}

function shortened(expression: string): string {
	const text = expression.replace(/^=/, '').trim();
	return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function brokenPrompt(prompt: unknown, { expressionOf }: BuildInput): Doubt[] {
	const word = typeof prompt === 'string' ? brokenWord(prompt, expressionOf('prompt')) : null;
	if (word === null) return [];
	const expected = `must not hold "${word}", which a broken expression has left (it names a field that this item does not have, or a whole object)`;
	return [{ parameter: 'prompt', expected }];
}

function doubtFault(doubt: Doubt, fields: INodeProperties[], parameters: Record<string, unknown>): Fault {
	const path = doubt.parameter.split('.');
	return { ...doubt, label: labelOf(path, fields), found: { value: valueAt(path, parameters) }, isDoubt: true };
}

function valueAt(path: string[], parameters: Record<string, unknown>): unknown {
	return path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], parameters);
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
		found: { value: valueAt(path, parameters) },
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
