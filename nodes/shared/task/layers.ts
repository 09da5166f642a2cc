import { isObject, objectIn, textOf, valuesAt, type Json } from './json';

/**
 * An answer as a list of objects, outermost first: the answer itself and what it wraps. Readers search them in
 * this order, so no reader depends on the envelope.
 */
export type Layers = readonly Json[];

/** The fields in which envelopes keep their content: `data` (fact sheet 3.1), `result` (CometAPI's guide to callbacks). */
const CONTENT_NAMES = ['data', 'result'];
/** The wrapped form may hold a numeric one, which holds the task. */
const MAX_LAYERS = 6;
/** Names of a task's own ID; `id` alone may be that of the gateway's record. */
const TASK_ID_NAMES = ['task_id', 'taskId'];

/** The answer and the objects wrapped in it. */
export function layersOf(answer: Json): Layers {
	const layers = [answer];
	// Grows while it is walked.
	for (const layer of layers) {
		const inner = CONTENT_NAMES.map((name) => contentOf(layer[name])).filter((found) => found !== null);
		layers.push(...inner.slice(0, MAX_LAYERS - layers.length));
	}
	return layers;
}

/** An object, or the first one of a list. */
function contentOf(value: unknown): Json | null {
	return Array.isArray(value) ? (value.find(isObject) ?? null) : objectIn(value);
}

/** The first thing that `read` finds in a layer. */
function firstOf<T>(layers: Layers, read: (layer: Json) => T | null): T | null {
	for (const layer of layers) {
		const found = read(layer);
		if (found !== null) return found;
	}
	return null;
}

/** The first thing that `read` makes of a value at one of the places, layer by layer. */
export function firstAt<T>(layers: Layers, places: readonly string[], read: (value: unknown) => T | null): T | null {
	return firstOf(layers, (layer) => {
		for (const value of places.flatMap((place) => valuesAt(layer, place))) {
			const found = read(value);
			if (found !== null) return found;
		}
		return null;
	});
}

/** The ID of the task: a number, which may be that of a gateway's record, only if nothing else is there. */
export function taskIdOf(layers: Layers): string | null {
	const telling = (id: unknown) => (isNumeric(id) ? null : idIn(id));
	return (
		firstAt(layers, [...TASK_ID_NAMES, 'id'], telling) ??
		firstAt(layers, [...TASK_ID_NAMES], idIn) ??
		firstAt(layers, ['id'], idIn)
	);
}

/** True if a layer has a task's own ID, which nothing but a task has. */
export function hasTaskId(layers: Layers): boolean {
	return firstAt(layers, TASK_ID_NAMES, idIn) !== null;
}

/** True for what gateways number their records with. */
export function isNumeric(id: unknown): boolean {
	return /^[+-]?\d+$/.test(textOf(id) ?? '');
}

/** The ID that a value is: a number that is not above 0 says that there is no task. */
export function idIn(value: unknown): string | null {
	const id = textOf(value);
	return id === null || Number(id) <= 0 ? null : id;
}
