/** An object as JSON has it. */
export type Json = Record<string, unknown>;

/** Longer texts are not read as JSON: no documented answer comes near it. */
const MAX_JSON_TEXT = 1_000_000;

/** True for an object that is neither null nor a list. */
export function isObject(value: unknown): value is Json {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A trimmed, non-empty string; numbers as text, because statuses, codes and IDs come as both. */
export function textOf(value: unknown): string | null {
	if (typeof value === 'number') return String(value);
	if (typeof value !== 'string') return null;
	const trimmed = value.trim();
	return trimmed === '' ? null : trimmed;
}

/** What a text holds if it is a JSON object or list, else null. */
export function parsedText(value: string): unknown {
	if (value.length > MAX_JSON_TEXT || !/^\s*[{[]/.test(value)) return null;
	try {
		return JSON.parse(value) as unknown;
	} catch {
		return null;
	}
}

/** The object that a value is, as such or as JSON text; else null. */
export function objectIn(value: unknown): Json | null {
	const content = typeof value === 'string' ? parsedText(value) : value;
	return isObject(content) ? content : null;
}

/** The values at a place below an object, such as `output[].url`: `[]` stands for every entry of a list. */
export function valuesAt(root: Json, place: string): unknown[] {
	return valuesBelow(root, place.split(/(?=\[)|\./));
}

function valuesBelow(value: unknown, [step, ...rest]: string[]): unknown[] {
	if (step === undefined || value === undefined) return [value];
	if (step !== '[]') return isObject(value) ? valuesBelow(value[step], rest) : [];
	return Array.isArray(value) ? value.flatMap((entry: unknown) => valuesBelow(entry, rest)) : [];
}
