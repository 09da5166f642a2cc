import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import { installCommunityPackage, linkN8nWorkflow, temporaryUserFolder } from './communityPackage';
import { n8nEnvironment } from './environment';
import { type HostProcess, startProcess } from './hostProcess';
import { freePort, isPortFree } from './ports';
import { cacheFolder, type InstalledN8n, installedN8n, type PackageManifest } from './project';

const NO_EDITOR = path.join(__dirname, 'noEditor.cjs');
const START_TIMEOUT_MS = 180_000;
const STOP_GRACE_MS = 15_000;
const POLL_MS = 100;

/** How a process of n8n is started. */
export interface LaunchOptions {
	/** Where n8n keeps everything. @default a temporary folder that goes with the process */
	userFolder?: string;
	/** @default a free port */
	port?: number;
	/** The community package to install: a folder with a finished build, or a tarball. @default none */
	package?: string;
	/** More environment variables for n8n; they win over the ones set here. */
	env?: Record<string, string>;
	/** Folders that the node "Read/Write Files from Disk" may use. @default `<user folder>/files` */
	fileAccess?: string[];
	/** Another n8n than the one under test, with the Node.js to run it on. */
	host?: InstalledN8n;
	/** Scripts that the Node.js of n8n loads first. @default none */
	preload?: string[];
	/** Whether a browser can open it. Preparing the editor takes n8n seconds at every start. @default false */
	withEditor?: boolean;
}

/** Where all goes that an n8n with this folder prints. */
export function logFileOf(userFolder: string): string {
	return path.join(cacheFolder, 'logs', `${path.basename(userFolder)}.log`);
}

/** What one process of n8n is started from, so that it can be started again as it was. */
export class Launch {
	/** The package that was installed into its user folder. */
	installed: PackageManifest | undefined;
	private process: HostProcess | undefined;

	private constructor(
		readonly url: string,
		readonly userFolder: string,
		readonly host: InstalledN8n,
		private readonly ownsFolder: boolean,
		private readonly env: Record<string, string>,
		private readonly start: () => HostProcess,
	) {}

	/**
	 * Prepares folders, package and environment.
	 *
	 * @param command what n8n is to do, with its options: `start`, `worker --concurrency=10`, `webhook`
	 * @throws PortInUseError
	 */
	static async prepare(command: string, options: LaunchOptions): Promise<Launch> {
		const host = options.host ?? installedN8n();
		if (options.port !== undefined && !(await isPortFree(options.port))) {
			throw new PortInUseError(options.port);
		}
		const port = options.port ?? (await freePort());
		const brokerPort = await freePort();
		const userFolder = options.userFolder ?? (await temporaryUserFolder());
		const fileAccess = options.fileAccess ?? [path.join(userFolder, 'files')];
		for (const folder of [userFolder, ...fileAccess]) mkdirSync(folder, { recursive: true });
		const { node, script, version } = host;
		const env = n8nEnvironment({ version, node, userFolder, port, brokerPort, fileAccess, extra: options.env ?? {} });
		const logFile = logFileOf(userFolder);
		const args = command.split(' ');
		const preload = [...(options.withEditor === true ? [] : [NO_EDITOR]), ...(options.preload ?? [])];
		const start = () => startProcess({ node, script, args, preload, env, cwd: userFolder, logFile });
		const url = `http://127.0.0.1:${port}`;
		const launch = new Launch(url, userFolder, host, options.userFolder === undefined, env, start);
		if (options.package !== undefined) {
			launch.installed = await installCommunityPackage(userFolder, options.package);
			await linkN8nWorkflow(userFolder, host);
		}
		return launch;
	}

	get usesSqlite(): boolean {
		return this.env.DB_TYPE === 'sqlite';
	}

	get pid(): number {
		return this.process?.pid ?? 0;
	}

	get logFile(): string {
		return this.process?.logFile ?? '';
	}

	/** Everything that the process has printed since its latest start. */
	log(): string {
		return readFileSync(this.logFile, 'utf8');
	}

	/** How the process ended, for example `code 1` or `SIGKILL`; undefined while it runs. */
	get ended(): string | undefined {
		return this.process === undefined ? 'stopped' : this.process.ended;
	}

	/** Starts the process and waits until it is ready; kills it where it doesn't become so. */
	async boot(isReady: () => Promise<boolean>): Promise<void> {
		// By this file n8n knows that it was killed, and all that it does then is to wait for ten seconds.
		rmSync(path.join(this.userFolder, '.n8n', 'crash.journal'), { force: true });
		this.process = this.start();
		try {
			await waitUntilReady(this.process, isReady);
		} catch (error) {
			await this.process.kill();
			throw error;
		}
	}

	/** Ends the process in an orderly way; whatever is left of it after 15 s is killed. */
	async stop(): Promise<void> {
		await this.process?.stop(STOP_GRACE_MS);
	}

	/** Kills the process and all that it has started at once, as a power cut would. */
	async kill(): Promise<void> {
		await this.process?.kill();
	}

	/** Ends the process for good. A temporary user folder goes, too. */
	async close(): Promise<void> {
		await this.stop();
		if (this.ownsFolder) rmSync(this.userFolder, { recursive: true, force: true, maxRetries: 3 });
	}
}

/** The port that was asked for is taken. */
export class PortInUseError extends Error {
	constructor(readonly port: number) {
		super(`Port ${port} is in use`);
		this.name = 'PortInUseError';
	}
}

async function waitUntilReady(started: HostProcess, isReady: () => Promise<boolean>): Promise<void> {
	const deadline = Date.now() + START_TIMEOUT_MS;
	for (;;) {
		if (started.ended !== undefined) {
			throw new Error(`n8n ended while starting (${started.ended}). Its last words:\n${started.logTail()}`);
		}
		if (await isReady()) return;
		if (Date.now() > deadline) {
			throw new Error(`n8n did not answer within ${START_TIMEOUT_MS / 1000} s. Its last words:\n${started.logTail()}`);
		}
		await new Promise((resolve) => setTimeout(resolve, POLL_MS));
	}
}
