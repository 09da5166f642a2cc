import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { INodeTypeDescription } from 'n8n-workflow';

import type { InstalledN8n, PackageManifest } from './project';
import { isVersionAtLeast } from './version';

const run = promisify(execFile);
const SCRIPT = path.join(__dirname, 'recordPackage.cjs');

/** Enters a package and the nodes that n8n loaded from it into n8n's list of installed community packages. */
export async function recordInstalledPackage(
	{ version: hostVersion, node, script }: InstalledN8n,
	userFolder: string,
	{ name, version, author }: PackageManifest,
	loaded: readonly INodeTypeDescription[],
): Promise<void> {
	const names = new Set(loaded.map((type) => type.name));
	// n8n adds a variant of each node for AI agents; it's no node of the package's own.
	const own = loaded.filter((type) => !(type.name.endsWith('Tool') && names.has(type.name.slice(0, -'Tool'.length))));
	const nodes = own.map((type) => ({
		name: type.displayName,
		type: type.name,
		version: type.defaultVersion ?? [type.version].flat().at(-1),
	}));
	const database = path.join(userFolder, '.n8n', 'database.sqlite');
	if (!isVersionAtLeast(hostVersion, '2')) {
		// It asks npm for newer versions whenever it shows the list, and npm would ask the internet.
		await writeFile(path.join(userFolder, '.n8n', 'nodes', '.npmrc'), 'offline=true\n');
	}
	await run(node, [SCRIPT, script, database, JSON.stringify({ name, version, author, nodes })]);
}
