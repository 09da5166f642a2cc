import { existsSync } from 'node:fs';
import path from 'node:path';

import { Problem } from './problem.mjs';
import { runProgram } from './program.mjs';
import { root, shown } from './project.mjs';

/** How the registry is asked whether it is there at all. */
const PROBE = ['view', 'n8n-workflow', 'version', '--prefer-online', '--fetch-retries=1', '--fetch-timeout=15000'];
const UNREACHABLE =
	/\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b/;

/**
 * Installs what a folder's lock file says.
 *
 * @param {'ci' | 'install'} command
 * @param {{ cwd: string, log: string }} options
 * @throws {Problem} one sentence about what went wrong
 */
export async function npmInstall(command, { cwd, log }) {
	// Without a network npm tries for many minutes before it gives up. Its cache may hold everything, though.
	const unreachable = await findUnreachable(cwd);
	const outcome = await runNpm([command, ...(unreachable === undefined ? [] : ['--offline'])], { cwd, log });
	if (outcome.code === 0) return;
	// A registry that lacks a package for some other system makes `npm ci` call the lock file incomplete.
	if (command === 'ci' && /\bEUSAGE\b/.test(outcome.output)) return await npmInstall('install', { cwd, log });
	throw explain(`npm ${command}`, cwd, outcome, unreachable);
}

/**
 * Installs what a folder's pnpm-lock.yaml says. For the two thousand packages of n8n, pnpm needs a third of the
 * processor's time that npm needs, and what several versions of n8n share is unpacked once.
 *
 * @param {{ cwd: string, log: string }} options
 * @throws {Problem} one sentence about what went wrong
 */
export async function pnpmInstall({ cwd, log }) {
	const unreachable = await findUnreachable(cwd);
	const pnpm = path.join(root, 'node_modules', 'pnpm', 'bin', 'pnpm.cjs');
	// Named, since `npm --silent` would silence pnpm's errors, too.
	const told = ['--reporter=append-only', '--loglevel=info'];
	const args = ['install', '--no-frozen-lockfile', ...told, ...(unreachable === undefined ? [] : ['--offline'])];
	const outcome = await runProgram(process.execPath, [pnpm, ...args], { cwd, log, env: childEnvironment() });
	if (outcome.code !== 0) throw explain('pnpm install', cwd, outcome, unreachable);
}

async function findUnreachable(cwd) {
	const { code, output } = await runNpm(PROBE, { cwd, log: 'npm-registry' });
	return code === 0 ? undefined : UNREACHABLE.exec(output)?.[1];
}

async function runNpm(args, { cwd, log }) {
	const { command, prefix, shell } = npmCommand();
	return await runProgram(command, [...prefix, ...args], { cwd, log, shell, env: childEnvironment() });
}

/** Runs a script of this package's to its end. Its output goes to a log file that is named after it. */
export async function runNpmScript(name, cwd) {
	return await runNpm(['run', '--silent', name], { cwd, log: `npm-run-${name}` });
}

/** The environment without what `npm start` and `npm test` put there about this package, which would mislead npm. */
export function childEnvironment(extra = {}) {
	const inherited = Object.entries(process.env).filter(
		([name]) => !/^npm_(package|lifecycle|command|config_local_prefix)/.test(name),
	);
	return { ...Object.fromEntries(inherited), ...extra };
}

/** How npm is called: as a script of this Node.js, which needs no shell on any system, where that can be found. */
function npmCommand() {
	const beside = path.dirname(process.execPath);
	const cli = [
		process.env.npm_execpath ?? '',
		path.join(beside, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
		path.join(beside, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
	].find((file) => /npm-cli\.c?js$/.test(file) && existsSync(file));
	return cli === undefined
		? { command: 'npm', prefix: [], shell: process.platform === 'win32' }
		: { command: process.execPath, prefix: [cli], shell: false };
}

function explain(command, cwd, { output, logFile }, unreachable = UNREACHABLE.exec(output)?.[1]) {
	const where = `its full output is in ${shown(logFile)}`;
	if (unreachable !== undefined) {
		return new Problem(
			`The npm registry can't be reached (${unreachable}): check the network or proxy and start again; ${where}.`,
		);
	}
	if (/\bENOSPC\b/.test(output)) return new Problem(`The disk that holds ${cwd} is full; ${where}.`);
	if (/\b(EACCES|EPERM)\b/.test(output)) {
		return new Problem(`${command} may not write to ${cwd}: check who owns that folder; ${where}.`);
	}
	return new Problem(`${command} failed in ${cwd}; ${where}.`, lastLines(output));
}

/** The end of an output, for what has no sentence of its own. */
export function lastLines(output, count = 15) {
	return output.trimEnd().split('\n').slice(-count).join('\n');
}
