import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { N8nClient } from './client';
import { installCommunityPackage, temporaryUserFolder } from './communityPackage';
import { n8nEnvironment } from './environment';
import { type HostProcess, startProcess } from './hostProcess';
import { recordInstalledPackage } from './installedPackages';
import { freePort, isPortFree } from './ports';
import { cacheFolder, type InstalledN8n, installedN8n } from './project';

const START_TIMEOUT_MS = 180_000;
const STOP_GRACE_MS = 15_000;
const POLL_MS = 100;

/** How {@link startN8n} starts. */
export interface StartOptions {
	/** Where n8n keeps everything. @default a temporary folder that `stop()` deletes */
	userFolder?: string;
	/** @default a free port */
	port?: number;
	/** The community package to install: a folder with a finished build, or a tarball. @default none */
	package?: string;
	/** More environment variables for n8n; they win over the ones set here. */
	env?: Record<string, string>;
	/** Folders that the node "Read/Write Files from Disk" may use. @default `<user folder>/files` */
	fileAccess?: string[];
	/** Another n8n than the one in `test/e2e/`, with the Node.js to run it on. */
	host?: InstalledN8n;
}

/** A real n8n in a process of its own. */
export class N8n extends N8nClient {
	private process: HostProcess | undefined;

	private constructor(
		url: string,
		userFolder: string,
		readonly version: string,
		private readonly launch: () => HostProcess,
		private readonly ownsFolder: boolean,
	) {
		super(url, userFolder);
	}

	/** Starts an n8n, waits until it answers, and signs in as its owner. */
	static async start(options: StartOptions = {}): Promise<N8n> {
		const host = options.host ?? installedN8n();
		if (options.port !== undefined && !(await isPortFree(options.port))) {
			throw new PortInUseError(options.port);
		}
		const port = options.port ?? (await freePort());
		const brokerPort = await freePort();
		const userFolder = options.userFolder ?? (await temporaryUserFolder());
		const fileAccess = options.fileAccess ?? [path.join(userFolder, 'files')];
		for (const folder of [userFolder, ...fileAccess]) mkdirSync(folder, { recursive: true });
		const installed =
			options.package === undefined ? undefined : await installCommunityPackage(userFolder, options.package);
		const env = n8nEnvironment({
			version: host.version,
			node: host.node,
			userFolder,
			port,
			brokerPort,
			fileAccess,
			extra: options.env ?? {},
		});
		const logFile = path.join(cacheFolder, 'logs', `${path.basename(userFolder)}.log`);
		const launch = () => startProcess({ node: host.node, script: host.script, env, cwd: userFolder, logFile });
		const n8n = new N8n(`http://127.0.0.1:${port}`, userFolder, host.version, launch, options.userFolder === undefined);
		await n8n.boot();
		try {
			// Only the Node.js of n8n 2 brings SQLite along.
			if (installed !== undefined && host.version.startsWith('2.')) {
				const types = await n8n.nodeTypes(`${installed.name}.`);
				await recordInstalledPackage(host.node, userFolder, installed, types);
			}
			return n8n;
		} catch (error) {
			await n8n.stop();
			throw error;
		}
	}

	/** Process id of n8n itself; the process group has the same number. */
	get pid(): number {
		return this.process?.pid ?? 0;
	}

	/** Where everything that n8n prints goes. */
	get logFile(): string {
		return this.process?.logFile ?? '';
	}

	/** How n8n ended, for example `code 1` or `SIGKILL`; undefined while it runs. */
	get ended(): string | undefined {
		return this.process === undefined ? 'stopped' : this.process.ended;
	}

	/** Ends n8n in an orderly way; whatever is left of it after 15 s is killed. A temporary user folder goes too. */
	async stop(): Promise<void> {
		await this.process?.stop(STOP_GRACE_MS);
		if (this.ownsFolder) rmSync(this.userFolder, { recursive: true, force: true, maxRetries: 3 });
	}

	/** Kills n8n and its task runners at once, as a power cut would. `restart()` brings it back. */
	async kill(): Promise<void> {
		await this.process?.kill();
	}

	/** Ends n8n, unless it has ended already, and starts it again on the same data and port. */
	async restart(): Promise<void> {
		await this.process?.stop(STOP_GRACE_MS);
		await this.boot();
	}

	private async boot(): Promise<void> {
		this.process = this.launch();
		try {
			await this.waitUntilReady(this.process);
			await this.signIn();
		} catch (error) {
			await this.process.kill();
			throw error;
		}
	}

	private async waitUntilReady(started: HostProcess): Promise<void> {
		const deadline = Date.now() + START_TIMEOUT_MS;
		for (;;) {
			if (started.ended !== undefined) {
				throw new Error(`n8n ended while starting (${started.ended}). Its last words:\n${started.logTail()}`);
			}
			if (await this.isReady()) return;
			if (Date.now() > deadline) {
				throw new Error(
					`n8n did not answer within ${START_TIMEOUT_MS / 1000} s. Its last words:\n${started.logTail()}`,
				);
			}
			await pause(POLL_MS);
		}
	}

	/** Migrations done and routes in place: until then n8n answers 404, or with a page that says it is starting. */
	private async isReady(): Promise<boolean> {
		try {
			await this.request('GET', '/healthz/readiness');
			const settings = await this.request<Record<string, unknown>>('GET', '/rest/settings');
			return 'userManagement' in settings;
		} catch {
			return false;
		}
	}
}

/** The port that was asked for is taken. */
export class PortInUseError extends Error {
	constructor(readonly port: number) {
		super(`Port ${port} is in use`);
		this.name = 'PortInUseError';
	}
}

/** Starts a real n8n. */
export async function startN8n(options: StartOptions = {}): Promise<N8n> {
	return await N8n.start(options);
}

async function pause(milliseconds: number): Promise<void> {
	await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
