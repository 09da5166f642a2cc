import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The folder that n8n is installed in. */
export const e2e = path.join(root, 'test', 'e2e');

/** The folder that the npm registry of the e2e tests is installed in. */
export const registry = path.join(root, 'test', 'registry');

/** Working data that git ignores. */
export const cache = path.join(root, '.cache');

/** Full output of every program that the scripts run. */
export const logs = path.join(cache, 'logs');

/** A path as it is shown to people: relative to the checkout where that is shorter. */
export function shown(file) {
	const relative = path.relative(root, file);
	return relative.startsWith('..') ? file : relative;
}
