import { N8nClient } from './client';
import { recordInstalledPackage } from './installedPackages';
import { Launch, type LaunchOptions } from './launch';

export { PortInUseError } from './launch';

const LAST_WORDS_OF_START = 'Editor is now accessible';

/** How {@link startN8n} starts. */
export type StartOptions = LaunchOptions;

/** A real n8n in a process of its own. */
export class N8n extends N8nClient {
	private constructor(private readonly launch: Launch) {
		super(launch.url, launch.userFolder);
	}

	/** Starts an n8n, waits until it answers, and signs in as its owner. */
	static async start(options: StartOptions = {}): Promise<N8n> {
		const launch = await Launch.prepare('start', options);
		const n8n = new N8n(launch);
		await n8n.boot();
		try {
			const { host, installed, userFolder, usesSqlite } = launch;
			if (installed !== undefined && usesSqlite) {
				const types = await n8n.nodeTypes(`${installed.name}.`);
				await recordInstalledPackage(host, userFolder, installed, types);
			}
			return n8n;
		} catch (error) {
			await n8n.stop();
			throw error;
		}
	}

	/** Process id of n8n itself; the process group has the same number. */
	get pid(): number {
		return this.launch.pid;
	}

	/** Where everything that n8n prints goes. */
	get logFile(): string {
		return this.launch.logFile;
	}

	/** Everything that it has printed since its latest start. */
	log(): string {
		return this.launch.log();
	}

	/** How n8n ended, for example `code 1` or `SIGKILL`; undefined while it runs. */
	get ended(): string | undefined {
		return this.launch.ended;
	}

	/** Ends n8n in an orderly way; whatever is left of it after 15 s is killed. A temporary user folder goes too. */
	async stop(): Promise<void> {
		await this.launch.close();
	}

	/** Kills n8n and its task runners at once, as a power cut would. `restart()` brings it back. */
	async kill(): Promise<void> {
		await this.launch.kill();
	}

	/** Ends n8n, unless it has ended already, and starts it again on the same data and port. */
	async restart(): Promise<void> {
		await this.launch.stop();
		await this.boot();
	}

	private async boot(): Promise<void> {
		await this.launch.boot(async () => await this.isReady());
		try {
			await this.signIn();
		} catch (error) {
			await this.kill();
			throw error;
		}
	}

	/**
	 * Migrations done and routes in place: until then n8n answers 404, or with a page that says it is starting. Then it still looks
	 * after what a kill has cut off, and sleeping executions are `crashed` for a moment, and it publishes its workflows. This is the
	 * last that it says.
	 */
	private async isReady(): Promise<boolean> {
		try {
			await this.request('GET', '/healthz/readiness');
			const settings = await this.request<Record<string, unknown>>('GET', '/rest/settings');
			return 'userManagement' in settings && this.log().includes(LAST_WORDS_OF_START);
		} catch {
			return false;
		}
	}
}

/** Starts a real n8n. */
export async function startN8n(options: StartOptions = {}): Promise<N8n> {
	return await N8n.start(options);
}
