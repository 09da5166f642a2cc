import { existsSync, readFileSync } from 'node:fs';
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
 * The n8n that the set-up installed and left word of: the one below `test/e2e/`, or the one of `test/hosts/` that the
 * environment variable N8N_HOST_VERSION names.
 *
 * @throws Error that names the command to run when the set-up was never run
 */
export function installedN8n(): InstalledN8n {
	const wanted = process.env.N8N_HOST_VERSION;
	const older = path.join(projectRoot, 'test', 'hosts', wanted ?? '');
	if (wanted !== undefined && existsSync(older)) return readyIn(older, `npm run test:hosts -- ${wanted}`);
	const newest = newestN8n();
	if (wanted !== undefined && wanted !== newest.version) {
		throw new Error(`There is no n8n ${wanted} in test/hosts; the one in test/e2e is ${newest.version}`);
	}
	return newest;
}

/**
 * The n8n below `test/e2e/`, whichever one is under test.
 *
 * @throws Error that names the command to run when the set-up was never run
 */
export function newestN8n(): InstalledN8n {
	return readyIn(path.join(projectRoot, 'test', 'e2e'), 'node scripts/setup.mjs');
}

function readyIn(folder: string, setUp: string): InstalledN8n {
	let ready: InstalledN8n;
	try {
		ready = readJson<InstalledN8n>(path.join(folder, 'node_modules', '.n8n-ready.json'));
	} catch {
		throw new Error(`n8n is not installed in ${path.relative(projectRoot, folder)} yet: run \`${setUp}\` first`);
	}
	return {
		version: ready.version,
		node: path.resolve(folder, ready.node),
		script: path.resolve(folder, ready.script),
	};
}
