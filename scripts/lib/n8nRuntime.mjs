import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { hosts } from './hosts.mjs';
import { childEnvironment } from './npm.mjs';
import { Problem } from './problem.mjs';
import { runProgram } from './program.mjs';
import { shown } from './project.mjs';

const DOWNLOAD_TIMEOUT_MS = 60_000;

/** Modules of n8n that hold machine code and are needed from its first moment on. Not every n8n has them all. */
const NATIVE_MODULES = ['sqlite3', 'isolated-vm'];

/**
 * The Node.js to run n8n on: the one that npm installed for this kind of machine, else the one that runs this script.
 *
 * @param {string} folder the folder that n8n is installed in; its package.json says under `engines` which Node.js it needs
 * @returns {string} path of the executable
 */
export function findNode(folder) {
	const { engines, optionalDependencies } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
	const { oldest, newest } = majorsOf(engines.node);
	const executable = process.platform === 'win32' ? 'node.exe' : 'node';
	const candidates = [
		...Object.keys(optionalDependencies).map((name) => path.join(folder, 'node_modules', name, 'bin', executable)),
		process.execPath,
	];
	const suits = (major) => major >= oldest && major <= newest;
	const found = candidates.find((file) => existsSync(file) && suits(majorOf(file)));
	if (found !== undefined) return found;
	const wanted = newest === oldest ? oldest : newest === Infinity ? `${oldest} or later` : `${oldest} to ${newest}`;
	throw new Problem(
		`n8n needs Node.js ${wanted}, which npm has no package of for ${process.platform} on ${process.arch}: ` +
			`run this with such a Node.js instead of ${process.version}.`,
	);
}

/** The major versions in a range such as `>=20.19 <23`, both included. */
export function majorsOf(range) {
	const [, oldest] = />=\s*(\d+)/.exec(range) ?? [];
	const [, below] = /<\s*(\d+)/.exec(range) ?? [];
	return { oldest: Number(oldest ?? 0), newest: below === undefined ? Infinity : Number(below) - 1 };
}

/** Where a compiled module lies that any Node.js loads, by the name of the module. */
const FOR_ANY_NODE = { sqlite3: path.join('build', 'Release', 'node_sqlite3.node') };

/**
 * Makes sure that n8n's native modules load in the Node.js that runs n8n. npm installed them without their install
 * scripts, so what is missing is copied from another n8n here, fetched ready-made or else compiled.
 */
export async function ensureNativeModules(folder, node, say) {
	for (const name of NATIVE_MODULES) {
		if (!existsSync(path.join(folder, 'node_modules', name)) || loads(folder, node, name)) continue;
		if (copyCompiled(folder, name) && loads(folder, node, name)) continue;
		say(`compiling ${name}`);
		const outcome = await build(folder, node, name);
		if (!loads(folder, node, name)) {
			throw new Problem(
				`${name}, which n8n needs, could be neither downloaded nor compiled: install a C++ compiler, make and ` +
					`Python 3, then start again; the compiler's output is in ${shown(outcome.logFile)}.`,
			);
		}
	}
}

/** Copies what another n8n here has of the same version of a module, and tells whether there was any. */
function copyCompiled(folder, name) {
	const file = FOR_ANY_NODE[name];
	if (file === undefined) return false;
	const versionIn = (other) =>
		JSON.parse(readFileSync(path.join(other, 'node_modules', name, 'package.json'), 'utf8')).version;
	const compiledIn = (other) => path.join(other, 'node_modules', name, file);
	const source = hosts().find(
		(other) =>
			other.folder !== folder && existsSync(compiledIn(other.folder)) && versionIn(other.folder) === versionIn(folder),
	);
	if (source === undefined) return false;
	mkdirSync(path.dirname(compiledIn(folder)), { recursive: true });
	copyFileSync(compiledIn(source.folder), compiledIn(folder));
	return true;
}

async function build(folder, node, name) {
	const cwd = path.join(folder, 'node_modules', name);
	const find = createRequire(path.join(cwd, 'package.json')).resolve;
	const env = childEnvironment({ PATH: [path.dirname(node), process.env.PATH].join(path.delimiter) });
	const run = (log, script, args, timeoutMs) =>
		runProgram(node, [script, ...args], { cwd, env, log: `${name}-${log}`, timeoutMs });

	if (name === 'sqlite3') {
		const download = await run('download', find('prebuild-install/bin.js'), ['-r', 'napi'], DOWNLOAD_TIMEOUT_MS);
		if (download.code === 0 && loads(folder, node, name)) return download;
	}
	// The packages that bring Node.js bring its headers, so that nothing has to be fetched for compiling either.
	const home = path.dirname(path.dirname(node));
	const headers = existsSync(path.join(home, 'include', 'node', 'node.h')) ? [`--nodedir=${home}`] : [];
	const compiler = createRequire(path.join(folder, 'package.json')).resolve('node-gyp/bin/node-gyp.js');
	return await run('compile', compiler, ['rebuild', '--jobs=max', ...headers]);
}

function loads(folder, node, name) {
	return spawnSync(node, ['-e', `require(${JSON.stringify(name)})`], { cwd: folder, stdio: 'ignore' }).status === 0;
}

function majorOf(executable) {
	return Number(/^\d+/.exec(versionOf(executable))?.[0] ?? 0);
}

/** The version of a Node.js, such as `20.20.2`; empty where it doesn't run. */
export function versionOf(executable) {
	const { stdout } = spawnSync(executable, ['--version'], { encoding: 'utf8' });
	return (stdout ?? '').trim().replace('v', '');
}
