import type { IExecuteFunctions, IWebhookFunctions } from 'n8n-workflow';

import { createRunwayClient, type RunwayClient } from '../../shared/api/client';
import { createSend } from '../../shared/api/transport';

export type ClientFor = (runwayVersion: string) => Promise<RunwayClient>;

/** Makes a client for each version of the API once, and reads the credential with the first. */
export function openClients(context: IExecuteFunctions | IWebhookFunctions): ClientFor {
	const clients = new Map<string, Promise<RunwayClient>>();
	return async (runwayVersion) => {
		const made =
			clients.get(runwayVersion) ?? createSend(context).then((send) => createRunwayClient(send, { runwayVersion }));
		clients.set(runwayVersion, made);
		return await made;
	};
}
