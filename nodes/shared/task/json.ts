/** An object as JSON has it. */
export type Json = Record<string, unknown>;

/** True for an object that is neither null nor a list. */
export function isObject(value: unknown): value is Json {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
