import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';

import { cacheFolder, type InstalledN8n, type PackageManifest } from './project';

const run = promisify(execFile);

interface Ledger {
	name: string;
	private: boolean;
	dependencies: Record<string, string>;
}

/**
 * Puts a community package where n8n itself would put it, in the same steps as n8n's own installer: `npm pack`, unpack
 * below `<user folder>/.n8n/nodes/node_modules`, drop what only development needs, note it in n8n's ledger.
 * (The step left out is `npm install` in the unpacked folder, as a package without dependencies needs none.)
 *
 * @param source a folder with a package.json and a finished build, or a tarball of one
 */
export async function installCommunityPackage(userFolder: string, source: string): Promise<PackageManifest> {
	const nodesFolder = path.join(userFolder, '.n8n', 'nodes');
	await mkdir(nodesFolder, { recursive: true });
	const work = await mkdtemp(path.join(nodesFolder, '.install-'));
	try {
		const tarball = (await stat(source)).isDirectory() ? await pack(source, work) : source;
		const unpacked = path.join(work, 'package');
		await mkdir(unpacked);
		await run('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1']);
		const manifest = await trimManifest(path.join(unpacked, 'package.json'));
		const target = path.join(nodesFolder, 'node_modules', manifest.name);
		await rm(target, { recursive: true, force: true });
		await mkdir(path.dirname(target), { recursive: true });
		await rename(unpacked, target);
		await enterInLedger(path.join(nodesFolder, 'package.json'), manifest);
		return manifest;
	} finally {
		await rm(work, { recursive: true, force: true });
	}
}

/** Runs `npm pack` in a folder, so that exactly the files that would be published are used, and returns the tarball. */
export async function pack(folder: string, destination: string): Promise<string> {
	const { command, prefix, shell } = npmCommand();
	const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', destination];
	const { stdout } = await run(command, [...prefix, ...args], { cwd: folder, shell });
	const [packed] = JSON.parse(stdout) as Array<{ filename: string }>;
	if (packed === undefined) throw new Error(`npm pack made no tarball of ${folder}`);
	return path.join(destination, packed.filename);
}

/** How npm is called: as a script of this Node.js, which needs no shell on any system, where npm says where it is. */
export function npmCommand(): { command: string; prefix: string[]; shell: boolean } {
	const npm = process.env.npm_execpath;
	return npm !== undefined && /npm-cli\.c?js$/.test(npm)
		? { command: process.execPath, prefix: [npm], shell: false }
		: { command: 'npm', prefix: [], shell: process.platform === 'win32' };
}

async function trimManifest(file: string): Promise<PackageManifest> {
	const manifest = JSON.parse(await readFile(file, 'utf8')) as PackageManifest & Record<string, unknown>;
	if (Object.keys((manifest.dependencies as object | undefined) ?? {}).length > 0) {
		throw new Error(`${manifest.name} has runtime dependencies, which this installer doesn't fetch`);
	}
	for (const key of ['devDependencies', 'peerDependencies', 'optionalDependencies']) delete manifest[key];
	await writeFile(file, JSON.stringify(manifest, null, 2));
	return manifest;
}

async function enterInLedger(file: string, { name, version }: PackageManifest): Promise<void> {
	const ledger: Ledger = existsSync(file)
		? (JSON.parse(await readFile(file, 'utf8')) as Ledger)
		: { name: 'installed-nodes', private: true, dependencies: {} };
	ledger.dependencies[name] = version;
	await writeFile(file, JSON.stringify(ledger, null, 2));
}

/**
 * Gives community packages the n8n-workflow of the n8n that loads them, as they find it in a user's n8n: below a checkout
 * they would find the one that the checkout develops with, whose errors are other classes.
 */
export async function linkN8nWorkflow(userFolder: string, { script }: InstalledN8n): Promise<void> {
	const entry = createRequire(script).resolve('n8n-workflow');
	const folder = entry.slice(0, entry.lastIndexOf(`${path.sep}n8n-workflow${path.sep}`) + '/n8n-workflow'.length);
	const link = path.join(userFolder, '.n8n', 'nodes', 'node_modules', 'n8n-workflow');
	await mkdir(path.dirname(link), { recursive: true });
	await rm(link, { recursive: true, force: true });
	await symlink(folder, link, 'junction');
}

/** A fresh folder below the cache folder, for what one n8n keeps. */
export async function temporaryUserFolder(): Promise<string> {
	const parent = path.join(cacheFolder, 'n8n');
	await mkdir(parent, { recursive: true });
	return await mkdtemp(path.join(parent, 'user-'));
}
