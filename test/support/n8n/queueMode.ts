import { randomUUID } from 'node:crypto';
import path from 'node:path';

import { type N8nCompanion, startCompanion } from './companion';
import { type N8n, startN8n } from './n8n';
import { freePort } from './ports';
import { projectRoot } from './project';
import { type Service, startPostgres, startRedis } from './services';

/** How many executions a worker runs at a time, unless a test says otherwise: n8n's own default. */
const CONCURRENCY = 10;
const WORKERS = 2;

/** What tests may change. */
export interface QueueModeOptions {
	/** Executions that a worker runs at a time. @default 10 */
	concurrency?: number;
	/** More environment variables for all processes. */
	env?: Record<string, string>;
	/** Scripts that the Node.js of all processes loads first. */
	preload?: string[];
	/** Where each process gets a folder of its own. @default temporary folders that go with the processes */
	userFolders?: string;
}

/** n8n in queue mode: each process with a folder of its own, as if it were on another machine. */
export interface QueueMode {
	/** The editor and the API; it runs what is started by hand. */
	main: N8n;
	workers: N8nCompanion[];
	/** Takes production webhooks and the calls that wake executions up. */
	webhooks: N8nCompanion;
	stop(): Promise<void>;
}

/** Starts PostgreSQL, Redis, a main process, two workers and a webhook processor, with this package in each. */
export async function startQueueMode({
	concurrency = CONCURRENCY,
	env,
	preload,
	userFolders,
}: QueueModeOptions = {}): Promise<QueueMode> {
	const files = userFolders === undefined ? undefined : path.join(userFolders, 'main', 'files');
	const services: Service[] = [];
	const processes: Array<N8n | N8nCompanion> = [];
	const stop = async () => {
		await Promise.all(processes.map(async (process) => await process.stop()));
		// Last, since n8n writes to them while it ends.
		await Promise.all(services.map(async (service) => await service.stop()));
	};
	const asked = (name: string) => ({
		package: projectRoot,
		preload,
		userFolder: userFolders === undefined ? undefined : path.join(userFolders, name),
		// As with a volume that all machines have mounted.
		...(files === undefined ? {} : { fileAccess: [files] }),
	});
	const companion = async (name: string, command: string, port: number, environment: Record<string, string>) => {
		const process = await startCompanion(command, { ...asked(name), port, env: environment });
		processes.push(process);
		return process;
	};
	try {
		services.push(await startPostgres());
		services.push(await startRedis());
		const port = await freePort();
		const common: Record<string, string> = {
			...(Object.assign({}, ...services.map((service) => service.env)) as Record<string, string>),
			EXECUTIONS_MODE: 'queue',
			N8N_ENCRYPTION_KEY: randomUUID(),
			// Files have to be where every process finds them.
			N8N_DEFAULT_BINARY_DATA_MODE: 'database',
			// As behind a load balancer that gives webhooks to their own process.
			N8N_WEBHOOK_URL: `http://127.0.0.1:${port}/`,
			// The name of that before n8n 2.30.
			WEBHOOK_URL: `http://127.0.0.1:${port}/`,
			OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
			...env,
		};
		// The first one makes the tables.
		const main = await startN8n({ ...asked('main'), env: common });
		processes.push(main);
		main.webhookOrigin = `http://127.0.0.1:${port}`;
		const worker = async (number: number) => {
			const health = await freePort();
			return await companion(`worker-${number}`, `worker --concurrency=${concurrency}`, health, {
				...common,
				QUEUE_HEALTH_CHECK_ACTIVE: 'true',
				QUEUE_HEALTH_CHECK_PORT: `${health}`,
				N8N_WORKER_SERVER_ADDRESS: '127.0.0.1',
			});
		};
		const [webhooks, ...workers] = await Promise.all([
			companion('webhooks', 'webhook', port, common),
			...Array.from({ length: WORKERS }, async (_, index) => await worker(index + 1)),
		]);
		return { main, workers, webhooks, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}
