import { type N8n, startN8n, type StartOptions } from './n8n';
import { projectRoot } from './project';
import { startQueueMode } from './queueMode';

/** Whether tests are for queue mode: the environment variable N8N_HOST_MODE is `queue`. */
export function isQueueMode(): boolean {
	return process.env.N8N_HOST_MODE === 'queue';
}

/** An n8n, of one process or of several. */
export interface Started {
	n8n: N8n;
	/** Ends all of its processes. */
	stop(): Promise<void>;
}

/** Starts an n8n with this package in the mode that tests are for. In queue mode, the folder is where each process gets its own. */
export async function startInMode({
	env,
	userFolder,
	withEditor,
}: Pick<StartOptions, 'env' | 'userFolder' | 'withEditor'>): Promise<Started> {
	if (isQueueMode()) {
		const { main, stop } = await startQueueMode({ env, userFolders: userFolder });
		return { n8n: main, stop };
	}
	const n8n = await startN8n({ package: projectRoot, env, userFolder, withEditor });
	return { n8n, stop: async () => await n8n.stop() };
}
