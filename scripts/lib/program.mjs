import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import path from 'node:path';

import { logs } from './project.mjs';

const TAIL_CHARACTERS = 20_000;
const running = new Set();

/** How a program that {@link runProgram} ran came out. */
/** @typedef {{ code: number | null, signal: string | null, output: string, logFile: string }} Outcome */

/**
 * Runs a program to its end, with its output in a log file. It never throws for what the program did: look at `code`.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd: string, log: string, env?: NodeJS.ProcessEnv, shell?: boolean, timeoutMs?: number, isModest?: boolean }}
 *   options `isModest` leaves the processor to other programs that want it
 * @returns {Promise<Outcome>}
 */
export async function runProgram(command, args, { cwd, log, env = process.env, shell, timeoutMs, isModest }) {
	mkdirSync(logs, { recursive: true });
	const logFile = path.join(logs, `${log}.log`);
	const file = createWriteStream(logFile);
	const child = start(command, args, { cwd, env, shell, stdio: ['ignore', 'pipe', 'pipe'] });
	if (isModest && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
	let output = '';
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding('utf8');
		stream.on('data', (text) => {
			output = (output + text).slice(-TAIL_CHARACTERS);
			file.write(text);
		});
	}
	const timer = timeoutMs === undefined ? undefined : setTimeout(() => endGroup(child), timeoutMs);
	child.once('error', (error) => {
		output += error.message;
	});
	const ended = await endOf(child);
	clearTimeout(timer);
	await new Promise((resolve) => file.end(resolve));
	return { ...ended, output, logFile };
}

/**
 * Runs a program to its end with its output on the terminal.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, shell?: boolean, timeoutMs?: number }} options
 * @returns {Promise<number | null>} its exit code; null when it was ended, for example after its time was up
 */
export async function showProgram(command, args, { cwd, env = process.env, shell, timeoutMs }) {
	const child = start(command, args, { cwd, env, shell, stdio: ['ignore', 'inherit', 'inherit'] });
	child.once('error', (error) => console.error(error.message));
	const timer = timeoutMs === undefined ? undefined : setTimeout(() => endGroup(child), timeoutMs);
	const { code } = await endOf(child);
	clearTimeout(timer);
	return code;
}

/** Ends every program that still runs, with all that it started. */
export function endPrograms() {
	for (const child of running) endGroup(child);
}

function start(command, args, options) {
	// A group of its own, so that whatever the program starts can be ended with it.
	const child = spawn(command, args, { ...options, detached: process.platform !== 'win32', windowsHide: true });
	running.add(child);
	return child;
}

async function endOf(child) {
	const ended = await new Promise((resolve) => {
		child.once('error', () => resolve({ code: null, signal: null }));
		child.once('close', (code, signal) => resolve({ code, signal }));
	});
	running.delete(child);
	return ended;
}

function endGroup(child) {
	if (child.pid === undefined) return;
	if (process.platform === 'win32') {
		spawnSync('taskkill', ['/pid', String(child.pid), '/T', '/F']);
		return;
	}
	try {
		process.kill(-child.pid, 'SIGKILL');
	} catch {
		// Nobody is left in the group.
	}
}
