import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The folder that the newest n8n is installed in, which is the one to try out, too. */
export const e2e = path.join(root, 'test', 'e2e');

/** The folder that the npm registry of the e2e tests is installed in. */
export const registry = path.join(root, 'test', 'registry');

/** Each folder in here holds an older n8n, and is named after its version. */
export const olderHosts = path.join(root, 'test', 'hosts');

/** Working data that git ignores. */
export const cache = path.join(root, '.cache');

/** Full output of every program that the scripts run. */
export const logs = path.join(cache, 'logs');

/** A path as it is shown to people: relative to the checkout where that is shorter. */
export function shown(file) {
	const relative = path.relative(root, file);
	return relative.startsWith('..') ? file : relative;
}
