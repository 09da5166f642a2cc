import { spawnSync } from 'node:child_process';

import { endPrograms } from './program.mjs';
import { Problem } from './problem.mjs';

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
const PARENT_CHECK_MS = 1_000;

/**
 * Runs a script's main function. Whatever it throws is reported, a {@link Problem} as one sentence, and makes exit
 * code 1. No program that it started outlives it.
 *
 * @param {(onStop: (stop: () => Promise<number>) => void) => Promise<number>} main returns the exit code; gets a
 *   function to say what is to be done when the script is told to end, which returns the exit code as well
 */
export async function runScript(main) {
	let stop = async () => undefined;
	let stopping = false;
	const end = async (signal) => {
		// Whoever asks twice doesn't want to wait.
		if (stopping) process.exit(128 + SIGNALS[signal]);
		stopping = true;
		endPrograms();
		process.exit((await stop()) ?? 128 + SIGNALS[signal]);
	};
	process.on('exit', endPrograms);
	for (const signal of Object.keys(SIGNALS)) process.on(signal, () => void end(signal));
	// A terminal that is gone must not keep the script from cleaning up.
	for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
	if (process.env.npm_lifecycle_event !== undefined) watchParent(() => void end('SIGHUP'));
	try {
		const code = await main((handler) => {
			stop = handler;
		});
		if (!stopping) process.exitCode = code;
	} catch (error) {
		if (stopping) return;
		report(error);
		process.exitCode = 1;
	}
}

/** Prints what went wrong: one sentence if it is known what to do, everything otherwise. */
export function report(error) {
	if (error instanceof Problem) {
		if (error.details !== '') console.error(error.details);
		console.error(error.message);
	} else {
		console.error(error);
	}
}

/** npm that is killed passes no signal on, so its death is noticed by looking. There is a shell in between. */
function watchParent(gone) {
	const shell = process.ppid;
	const npm = parentOf(shell);
	const timer = setInterval(() => {
		if (process.ppid === shell && (npm === undefined || isAlive(npm))) return;
		clearInterval(timer);
		gone();
	}, PARENT_CHECK_MS);
	timer.unref();
}

function parentOf(pid) {
	if (process.platform === 'win32') return undefined;
	const { stdout } = spawnSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' });
	const parent = Number(stdout);
	return parent > 1 ? parent : undefined;
}

function isAlive(pid) {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error.code === 'EPERM';
	}
}
