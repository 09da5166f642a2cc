import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { isAlive } from './processes';
import { cacheFolder } from './project';

const PARENT_WATCH = path.join(__dirname, 'parentWatch.cjs');
const GUARDED = path.join(__dirname, 'guarded.cjs');
const POLL_MS = 50;
/** A killed process is gone at once, but a busy machine may take a while to say so. */
const KILL_TIMEOUT_MS = 30_000;

/** What {@link startProcess} starts. */
export interface ProcessInput {
	node: string;
	script: string;
	/** What the script is told, for example `start` or `worker`. */
	args: string[];
	/** Files that are loaded before the script. @default none */
	preload?: string[];
	env: Record<string, string>;
	cwd: string;
	/** Receives everything that the program prints. */
	logFile: string;
}

/** A running program, such as n8n, as the operating system sees it: one process group, so that nothing of it can be left behind. */
export class HostProcess {
	private exit: string | undefined;

	constructor(
		private readonly child: ChildProcess,
		readonly logFile: string,
	) {
		child.once('exit', (code, signal) => {
			this.exit = signal ?? `code ${code}`;
		});
		child.once('error', (error) => {
			this.exit = error.message;
		});
	}

	get pid(): number {
		return this.child.pid ?? 0;
	}

	/** How it ended, for example `code 1` or `SIGKILL`; undefined while it runs. */
	get ended(): string | undefined {
		return this.exit;
	}

	/** The last lines that it printed. */
	logTail(lines = 20): string {
		return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
	}

	/** Asks it to end, and makes sure of it: after the grace period the whole group is killed. */
	async stop(graceMs: number): Promise<void> {
		if (this.exit === undefined) {
			if (process.platform === 'win32') this.signal('SIGKILL');
			else this.child.kill('SIGTERM');
			await this.waitForExit(graceMs);
		}
		await this.kill();
	}

	/** Ends the whole group at once, as a power cut would. */
	async kill(): Promise<void> {
		this.signal('SIGKILL');
		await this.waitForExit(KILL_TIMEOUT_MS);
		await this.waitForGroup(KILL_TIMEOUT_MS);
	}

	private signal(signal: NodeJS.Signals): void {
		if (this.pid === 0) return;
		if (process.platform === 'win32') {
			if (this.exit === undefined) spawnSync('taskkill', ['/pid', String(this.pid), '/T', '/F']);
			return;
		}
		try {
			process.kill(-this.pid, signal);
		} catch {
			// Nobody is left in the group.
		}
	}

	private async waitForExit(timeoutMs: number): Promise<void> {
		await until(() => this.exit !== undefined, timeoutMs);
	}

	private async waitForGroup(timeoutMs: number): Promise<void> {
		if (process.platform === 'win32' || this.pid === 0) return;
		await until(() => !isAlive(-this.pid), timeoutMs);
	}
}

/**
 * Starts a script as the leader of its own process group. It ends with this process, however this process ends
 * (see parentWatch.cjs), and it doesn't keep this process from ending.
 */
export function startProcess(input: ProcessInput): HostProcess {
	mkdirSync(path.dirname(input.logFile), { recursive: true });
	const log = openSync(input.logFile, 'w');
	try {
		const preload = [PARENT_WATCH, ...(input.preload ?? [])].flatMap((file) => ['--require', file]);
		const child = spawn(input.node, [...preload, input.script, ...input.args], {
			cwd: input.cwd,
			env: input.env,
			// A file rather than pipes: the log outlives this process, and no handle holds a test run open.
			stdio: ['pipe', log, log],
			detached: process.platform !== 'win32',
			windowsHide: true,
		});
		child.unref();
		unrefStream(child.stdin);
		return new HostProcess(child, input.logFile);
	} finally {
		closeSync(log);
	}
}

/** What {@link startGuarded} starts. */
export interface GuardedInput {
	command: string;
	args: string[];
	/** More environment variables. */
	env?: Record<string, string>;
	/** The user to run it. @default this process's own */
	uid?: number;
	gid?: number;
	cwd: string;
	/** Name of its log file. */
	log: string;
}

/** Starts any program, such as a database, so that it ends with this process as n8n does. */
export function startGuarded({ env = {}, cwd, log, ...program }: GuardedInput): HostProcess {
	return startProcess({
		node: process.execPath,
		script: GUARDED,
		args: [JSON.stringify(program)],
		env: { PATH: process.env.PATH ?? '', ...env },
		cwd,
		logFile: path.join(cacheFolder, 'logs', `${path.basename(cwd)}-${log}.log`),
	});
}

function unrefStream(stream: unknown): void {
	if (typeof stream === 'object' && stream !== null && 'unref' in stream && typeof stream.unref === 'function') {
		stream.unref();
	}
}

async function until(condition: () => boolean, timeoutMs: number): Promise<boolean> {
	const deadline = Date.now() + timeoutMs;
	while (!condition()) {
		if (Date.now() > deadline) return false;
		await new Promise((resolve) => setTimeout(resolve, POLL_MS));
	}
	return true;
}
