import { isObject, type Json } from '../task/json';
import * as z from './zod';

/**
 * Building blocks for parameter schemas. Every message continues the sentence "Label …" and names what
 * is allowed. Values arrive as n8n resolves them, so numbers and booleans may come as text, and an
 * optional field that was left alone comes as an empty text.
 */

/** Requires a minimum length. zod's own check also applies to values that are neither text nor list, and fails at an odd length. */
export function atLeast(min: number, expected: string) {
	return z.refine<{ length: number }>(({ length }) => length >= min, expected);
}

/** Requires a maximum length. */
export function atMost(max: number, expected: string) {
	return z.refine<{ length: number }>(({ length }) => length <= max, expected);
}

/** Text that must not be empty. `max` counts UTF-16 units, as the API does. */
export function requiredText(max?: number) {
	const text = z.string('must be text').check(z.trim(), atLeast(1, 'must not be empty'));
	return max === undefined ? text : text.check(atMost(max, `must have at most ${max} characters`));
}

/** Text that may be left empty, which leaves it out of the request. */
export function optionalText(max?: number) {
	return emptyAsUndefined(z.optional(requiredText(max)));
}

/** A public http or https address. */
export function httpUrl() {
	return z
		.string('must be a URL')
		.check(
			z.trim(),
			atLeast(1, 'must not be empty'),
			atMost(2048, 'must have at most 2048 characters'),
			z.refine(isHttpUrl, 'must be a complete URL that starts with https:// or http:// and names a host'),
		);
}

export function optionalHttpUrl() {
	return emptyAsUndefined(z.optional(httpUrl()));
}

/** Width and height with a colon. Which ones exist depends on the model, and the lists in the documentation disagree. */
export function ratio() {
	return ratioLike(/^\d+:\d+$/, 'must be two whole numbers with a colon between them, such as 1280:720 or 16:9');
}

/** Stands for the ratio that is nearest to the shape of the input image. */
export const MATCH_IMAGE = 'auto';

/** A ratio, or {@link MATCH_IMAGE}. */
export function ratioOrMatch() {
	const expected = 'must be auto, or two whole numbers with a colon between them, such as 1280:720';
	return ratioLike(/^(auto|\d+:\d+)$/, expected);
}

function ratioLike(pattern: RegExp, expected: string) {
	return z.string('must be a ratio such as 1280:720').check(z.trim(), z.regex(pattern, expected));
}

/** A ratio that may be left empty, which leaves it out of the request. */
export function optionalRatio() {
	return emptyAsUndefined(z.optional(ratio()));
}

/** A whole number within limits. */
export function integer(min: number, max: number, unit = '') {
	const expected = `must be a whole number from ${min} to ${max}${unit}`;
	return z.pipe(z.transform(numberFromText), z.int(expected).check(z.gte(min, expected), z.lte(max, expected)));
}

export function optionalInteger(min: number, max: number) {
	return emptyAsUndefined(z.optional(integer(min, max)));
}

/** A number within limits. */
export function decimal(min: number, max: number) {
	const expected = `must be a number from ${min} to ${max}`;
	return z.pipe(z.transform(numberFromText), z.number(expected).check(z.gte(min, expected), z.lte(max, expected)));
}

/** A switch, also from the texts "true" and "false". */
export function flag() {
	return z.pipe(
		z.transform((value: unknown) => {
			const text = typeof value === 'string' ? value.trim() : value;
			return text === 'true' ? true : text === 'false' ? false : value;
		}),
		z.boolean('must be true or false'),
	);
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
	return z.enum(values, `must be one of ${values.join(', ')}`);
}

/** A name that may be left empty, which expressions may make of a number. */
export function optionalName() {
	return z.pipe(
		z.transform((value: unknown) => (typeof value === 'number' ? String(value) : value)),
		optionalText(),
	);
}

/** Names of models in a text, separated by commas or lines, or in a list; each once. */
export function modelNames() {
	const expected = 'must be names of models, separated by commas or lines';
	return z.pipe(z.transform(namesIn), z.array(z.string(expected), expected));
}

/** An object, or the JSON text of one. */
export function jsonObject() {
	const expected = 'must be a JSON object, such as { "newField": "value" }';
	return z.pipe(
		z.transform(parseJson),
		z.custom<Json>((value) => isObject(value), expected),
	);
}

/** A setting that is its default if it was not added or is left empty, as an expression may leave it. */
export function orDefault<Schema extends z.core.$ZodType>(
	schema: Schema,
	fallback: Parameters<typeof z.prefault<Schema>>[1],
) {
	return emptyAsUndefined(z.prefault(schema, fallback));
}

/** Treats what n8n shows as an empty field as not set. */
function emptyAsUndefined<Schema extends z.core.$ZodType>(schema: Schema) {
	const isEmpty = (value: unknown) => value === null || (typeof value === 'string' && value.trim() === '');
	return z.pipe(
		z.transform((value: unknown): unknown => (isEmpty(value) ? undefined : value)),
		schema,
	);
}

function numberFromText(value: unknown): unknown {
	return typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
}

function isHttpUrl(value: string): boolean {
	return /^https?:\/\//i.test(value) && URL.canParse(value) && new URL(value).hostname !== '';
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
