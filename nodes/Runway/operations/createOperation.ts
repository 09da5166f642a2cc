import type { INodeProperties } from 'n8n-workflow';

import type { ImageShape } from '../../shared/files/imageShape';
import {
	checkParameters,
	labelledParameters,
	labelOf,
	valueAt,
	type Checked,
	type Fault,
} from '../../shared/parameters/check';
import { MATCH_IMAGE } from '../../shared/parameters/checks';
import type * as z from '../../shared/parameters/zod';
import { isObject } from '../../shared/task/json';
import { brokenWord } from './brokenText';
import type { EncodedFile } from './files';
import { nearestShape } from './modelRules';
import type { BodyInput, BuildInput, CreateOperation, Doubt, FileInput, InputImage } from './operation';

/** Turns a panel's parameters into the body of a request, for every operation that creates a task. */

type CreateSpec<Schema extends z.core.$ZodType> = Omit<CreateOperation, 'kind' | 'build'> & {
	/** Checks and cleans the parameters; every message continues the sentence "Label …". */
	parameters: Schema;
	body(parameters: z.core.output<Schema>, input: BodyInput): Record<string, unknown>;
	/** Binary fields that replace a URL. */
	files?: (parameters: z.core.output<Schema>) => FileInput[];
	/** For a `ratio` of {@link MATCH_IMAGE}: the image, and the ratios to choose the nearest from; the first is the default. */
	match?: (parameters: z.core.output<Schema>) => { image: InputImage; ratios: readonly string[] };
	/** Values that are most likely wrong; the prompt's words are always checked. */
	doubts?: (parameters: z.core.output<Schema>, input: BuildInput) => Doubt[];
	/** What the user should know about the result, whether or not the request is accepted. */
	hints?: (parameters: z.core.output<Schema>) => string[];
};

/** Makes a create operation from its fields, its schema and its body. */
export function createOperation<Schema extends z.core.$ZodType>(spec: CreateSpec<Schema>): CreateOperation {
	const { parameters: schema, body, files: filesOf, match, doubts: findDoubts, hints: findHints, ...panel } = spec;
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

			const hints = findHints?.(checked.data) ?? [];
			const encoded = await encodeFiles(filesOf?.(checked.data) ?? [], input, labels);
			if (!encoded.ok) return encoded;
			const files = encoded.data;
			let values = checked.data;
			let matchedRatio: string | null = null;
			if (match !== undefined && (values as { ratio?: string }).ratio === MATCH_IMAGE) {
				const { image, ratios } = match(values);
				const isDoubtful = doubts.some(({ parameter }) => parameter === image.parameter);
				const shapeAt = async (url: string) => (isDoubtful ? null : await input.shapeAt(url));
				const shape = image.url === undefined ? files.get(image.parameter)?.shape : await shapeAt(image.url);
				matchedRatio = matching(ratios, shape ?? null);
				if (!shape) hints.push(unmatched(matchedRatio));
				values = { ...(values as object), ratio: matchedRatio } as z.core.output<Schema>;
			}
			return {
				ok: true,
				body: withoutUndefined(body(values, { ...input, uri: (name) => files.get(name)?.uri ?? '' })),
				usesFiles: files.size > 0,
				matchedRatio,
				remarks: doubts.map(({ parameter, expected }) => `"${labelOf(parameter.split('.'), labels)}" ${expected}.`),
				hints,
			};
		},
	};
}

/** The files of a request by parameter, or what is wrong with the first one that can't be sent. */
async function encodeFiles(
	wanted: readonly FileInput[],
	input: BuildInput,
	labels: INodeProperties[],
): Promise<Checked<Map<string, EncodedFile>>> {
	const files = new Map<string, EncodedFile>();
	for (const { parameter, field, encode } of wanted) {
		const encoded = await encode(await input.readFile(field));
		if ('expected' in encoded) {
			const label = labelOf(parameter.split('.'), labels);
			return { ok: false, faults: [{ parameter, label, found: null, expected: encoded.expected }] };
		}
		files.set(parameter, encoded);
	}
	return { ok: true, data: files };
}

const unmatched = (sent: string) =>
	`The size of the image can't be read (its server did not answer in time, redirected or refused, or the format is unusual), so the node sent the ratio ${sent} for "Match the Image". If that is wrong, choose a ratio.`;

/** The ratio that is nearest to an image, or the default. */
function matching(ratios: readonly string[], shape: ImageShape | null): string {
	return shape === null ? (ratios[0] ?? '') : nearestShape(ratios, `${shape.width}:${shape.height}`);
}

/** Says that an empty value comes from an expression, because the panel shows the field as filled in. */
function emptyExpression(fault: Fault, { expressionOf }: BuildInput): Fault | null {
	const value = fault.found?.value ?? '';
	const expression = expressionOf(fault.parameter);
	if (expression === null || typeof value !== 'string' || value.trim() !== '') return null;
	return { ...fault, found: null, expected: emptyWords(expression) };
}

function emptyWords(expression: string): string {
	return `contains the expression ${shortened(expression)}, which is empty for this item. Choose a field of the item that has a value, or enter one`;
}

function shortened(expression: string): string {
	const text = expression.replace(/^=/, '').trim();
	return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function brokenPrompt(prompt: unknown, { expressionOf }: BuildInput): Doubt[] {
	const expression = expressionOf('prompt');
	const text = typeof prompt === 'string' ? prompt : '';
	// Somebody who wants no prompt leaves the field empty.
	if (text.trim() === '' && expression !== null)
		return [{ parameter: 'prompt', expected: emptyWords(expression), isWhole: true }];
	const word = brokenWord(text, expression);
	if (word === null) return [];
	const expected = `must not contain "${word}", which comes from a broken expression (it names a field that this item does not have, or a whole object)`;
	return [{ parameter: 'prompt', expected }];
}

function doubtFault(doubt: Doubt, fields: INodeProperties[], parameters: Record<string, unknown>): Fault {
	const path = doubt.parameter.split('.');
	const found = doubt.isWhole ? null : { value: valueAt(path, parameters) };
	return { ...doubt, label: labelOf(path, fields), found, isDoubt: true };
}

/** Leaves out what was not set, at every depth, since the API may refuse nulls and empty objects. */
function withoutUndefined(body: Record<string, unknown>): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(body)
			.filter(([, value]) => value !== undefined)
			.map(([key, value]) => [key, isObject(value) ? withoutUndefined(value) : value]),
	);
}
