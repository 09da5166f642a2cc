import { inspect } from 'node:util';

import type { Attempt } from '../support/engine';

/** Fields of an item that hold result URLs: they are the very result, signature included. */
export const RESULT_URLS = ['videoUrl', 'imageUrl', 'posterUrl', 'lastFrameUrl', 'assetUrls'] as const;

/** An error as n8n stores it, without the node's own parameters, which the workflow holds anyway. */
function stored(error: unknown): unknown {
	if (!(error instanceof Error)) return error;
	return { ...error, node: undefined, message: error.message, stack: error.stack, cause: stored(error.cause) };
}

/** Every text that a run leaves behind, but for the URLs that are its very result. */
export function traces({ error, items, hints, messages }: Attempt): string {
	const others = items.map(({ json, ...item }) => {
		const rest = { ...json };
		for (const name of RESULT_URLS) delete rest[name];
		return { ...item, json: rest };
	});
	const deep = { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null };
	return [stored(error), others, hints, messages].map((trace) => inspect(trace, deep)).join('\n');
}
