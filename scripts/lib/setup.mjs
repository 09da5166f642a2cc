import { existsSync, readFileSync, statfsSync } from 'node:fs';
import path from 'node:path';

import chromium from './chromium.cjs';
import { fingerprint, readStamp, writeStamp } from './fingerprint.mjs';
import { isLockCurrent, isTreeComplete } from './installedTree.mjs';
import { ensureNativeModules, findNode } from './n8nRuntime.mjs';
import { childEnvironment, lastLines, npmInstall, pnpmInstall } from './npm.mjs';
import { Absent, Problem } from './problem.mjs';
import { runProgram } from './program.mjs';
import { step } from './progress.mjs';
import { cache, e2e, registry, root, shown } from './project.mjs';

const N8N_GIGABYTES = 4;
const GIGABYTE = 1024 ** 3;
const HOW_TO_GET_CHROMIUM =
	'Install one of them (on Debian, as root: apt-get install chromium), or name its program in CHROME_PATH.';

/** Installs the tools that the scripts, the build and the tests need. */
export async function ensureTools() {
	await ensureTree(root, 'Installing the development tools', 'npm-tools');
}

/** Installs the npm registry, in `test/registry/`, that the tests let n8n install this package from. */
export async function ensureRegistry() {
	await ensureTree(registry, 'Installing an npm registry for testing', 'npm-for-tests');
}

async function ensureTree(folder, title, log) {
	const stamp = path.join(folder, 'node_modules', '.set-up.json');
	if (readStamp(stamp).lock === lockFingerprint(folder)) return;
	if (!(isLockCurrent(folder) && isTreeComplete(folder))) {
		await step(title, async () => await install(folder, log));
	}
	writeStamp(stamp, { lock: lockFingerprint(folder) });
}

/** Builds the package, if its sources changed since the last build. */
export async function ensureBuilt() {
	const stamp = path.join(cache, 'built.json');
	const sources = fingerprint(
		[
			'nodes',
			'credentials',
			'gulpfile.js',
			'scripts/lib/bundles.cjs',
			'scripts/lib/schemas.cjs',
			'package.json',
			'package-lock.json',
			'tsconfig.json',
		].map((name) => path.join(root, name)),
	);
	if (readStamp(stamp).sources === sources && builtFiles().every((file) => existsSync(file))) return;
	await step('Building the package', async () => {
		const gulp = path.join(root, 'node_modules', 'gulp', 'bin', 'gulp.js');
		const outcome = await runProgram(process.execPath, [gulp, 'build'], {
			cwd: root,
			env: childEnvironment(),
			log: 'build',
		});
		if (outcome.code !== 0) {
			throw new Problem(
				`The package does not build; the full output is in ${shown(outcome.logFile)}.`,
				lastLines(outcome.output, 40),
			);
		}
	});
	writeStamp(stamp, { sources });
}

/**
 * Installs an n8n, with the Node.js that it needs, and leaves word in its folder of where they are.
 *
 * @param {string} folder holds a package.json with the n8n to install. @default `test/e2e/`
 */
export async function ensureN8n(folder = e2e) {
	const ready = path.join(folder, 'node_modules', '.n8n-ready.json');
	const lock = lockFingerprint(folder);
	const previous = readStamp(ready);
	if (previous.lock === lock && existsSync(path.resolve(folder, previous.node))) return;
	const { dependencies } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
	const version = dependencies.n8n;
	await step(`Installing n8n ${version} for trying out and testing (once, 2 GB)`, async (say) => {
		requireSpace(folder, N8N_GIGABYTES);
		await pnpmInstall({ cwd: folder, log: `pnpm-n8n-${version}` });
		const node = findNode(folder);
		await ensureNativeModules(folder, node, say);
		const manifest = path.join(folder, 'node_modules', 'n8n', 'package.json');
		writeStamp(ready, {
			version: JSON.parse(readFileSync(manifest, 'utf8')).version,
			node: path.relative(folder, node),
			script: path.join('node_modules', 'n8n', 'bin', 'n8n'),
			lock: lockFingerprint(folder),
		});
	});
}

/**
 * Finds Chrome or Chromium, or installs Debian's package where this process may.
 *
 * @throws {Absent} where there is none, and only a person can install one
 */
export async function ensureChromium() {
	if (chromium.findChromium() !== undefined) return;
	const wanted = process.env.CHROME_PATH;
	if (wanted) throw new Problem(`CHROME_PATH names ${wanted}, which is no program that can be run.`);
	if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
		throw new Absent(`The tests in the browser need Chrome or Chromium. ${HOW_TO_GET_CHROMIUM}`);
	}
	await step("Installing Debian's package chromium for the tests in the browser", async () => {
		const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
		const aptGet = async (...args) => await runProgram('apt-get', args, { cwd: root, env, log: `apt-get-${args[0]}` });
		await aptGet('update');
		const { output } = await aptGet('install', '--yes', '--no-install-recommends', 'chromium');
		if (chromium.findChromium() === undefined) {
			throw new Absent(`apt-get could not install chromium. ${HOW_TO_GET_CHROMIUM}`, lastLines(output, 20));
		}
	});
}

async function install(folder, log) {
	await npmInstall(isLockCurrent(folder) ? 'ci' : 'install', { cwd: folder, log });
}

/** A different Node.js or machine counts as a different lock: modules may hold code made for one of them. */
function lockFingerprint(folder) {
	const names = ['package.json', 'package-lock.json', '.npmrc', 'pnpm-lock.yaml', 'pnpm-workspace.yaml'];
	const files = names.map((name) => path.join(folder, name));
	return [process.platform, process.arch, process.version.split('.')[0], fingerprint(files)].join(' ');
}

function builtFiles() {
	const { n8n } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
	return [...n8n.nodes, ...n8n.credentials].map((file) => path.join(root, file));
}

function requireSpace(folder, gigabytes) {
	const { bavail, bsize } = statfsSync(folder);
	const free = (bavail * bsize) / GIGABYTE;
	if (free < gigabytes) {
		throw new Problem(
			`n8n needs ${gigabytes} GB of disk space, and the disk that holds ${folder} has ${free.toFixed(1)} GB left.`,
		);
	}
}
