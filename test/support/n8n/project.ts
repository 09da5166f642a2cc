import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The checkout's root folder. */
export const projectRoot = path.resolve(__dirname, '..', '..', '..');

/** Working data of scripts and tests: logs, n8n's folders, tarballs. Git ignores it; deleting it is safe. */
export const cacheFolder = path.join(projectRoot, '.cache');

/** What a package.json of this checkout says about its package. */
export interface PackageManifest {
	name: string;
	version: string;
	author?: { name?: string; email?: string };
	n8n: { nodes: string[]; credentials: string[] };
}

/** The n8n that the set-up installed, and the Node.js that it runs on. */
export interface InstalledN8n {
	/** For example `2.41.1`. */
	version: string;
	/** Absolute path of the `node` executable. */
	node: string;
	/** Absolute path of n8n's command line script. */
	script: string;
}

/** Reads a JSON file as the type that the caller knows it to have. */
export function readJson<T>(file: string): T {
	return JSON.parse(readFileSync(file, 'utf8')) as T;
}

/** This project's own package.json. */
export function projectManifest(): PackageManifest {
	return readJson<PackageManifest>(path.join(projectRoot, 'package.json'));
}

/**
 * The n8n below `test/e2e/`, as the set-up left word of it.
 *
 * @throws Error that names the command to run when the set-up was never run
 */
export function installedN8n(): InstalledN8n {
	const folder = path.join(projectRoot, 'test', 'e2e');
	let ready: InstalledN8n;
	try {
		ready = readJson<InstalledN8n>(path.join(folder, 'node_modules', '.n8n-ready.json'));
	} catch {
		throw new Error('n8n is not installed in test/e2e yet: run `node scripts/setup.mjs` first');
	}
	return {
		version: ready.version,
		node: path.resolve(folder, ready.node),
		script: path.resolve(folder, ready.script),
	};
}
