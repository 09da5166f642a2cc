import { Launch, type LaunchOptions } from './launch';

/**
 * A process that does a part of n8n's work in queue mode: a worker, which runs executions, or a webhook processor, which
 * takes production webhooks and the calls that wake executions up.
 */
export class N8nCompanion {
	private constructor(private readonly launch: Launch) {}

	/**
	 * Starts one and waits until it takes work.
	 *
	 * @param command `worker`, with its options, or `webhook`
	 */
	static async start(command: string, options: LaunchOptions): Promise<N8nCompanion> {
		const launch = await Launch.prepare(command, options);
		const companion = new N8nCompanion(launch);
		await companion.boot();
		return companion;
	}

	get url(): string {
		return this.launch.url;
	}

	/** Process id; the process group has the same number. */
	get pid(): number {
		return this.launch.pid;
	}

	/** What it keeps on disk. */
	get userFolder(): string {
		return this.launch.userFolder;
	}

	/** Everything that it has printed since its latest start. */
	log(): string {
		return this.launch.log();
	}

	/** Ends it in an orderly way; whatever is left after 15 s is killed. A temporary user folder goes too. */
	async stop(): Promise<void> {
		await this.launch.close();
	}

	/** Kills it at once, as a power cut would. `restart()` brings it back. */
	async kill(): Promise<void> {
		await this.launch.kill();
	}

	/** Ends it, unless it has ended already, and starts it again. */
	async restart(): Promise<void> {
		await this.launch.stop();
		await this.boot();
	}

	private async boot(): Promise<void> {
		await this.launch.boot(async () => {
			const answer = await fetch(`${this.url}/healthz/readiness`).catch(() => null);
			return answer?.ok === true;
		});
	}
}

/** Starts a worker or a webhook processor of an n8n in queue mode. */
export async function startCompanion(command: string, options: LaunchOptions): Promise<N8nCompanion> {
	return await N8nCompanion.start(command, options);
}
