import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A host on loopback that is not CometAPI: it answers everything in one way. */
export interface OtherHost {
	url: string;
	/** What it was asked, as "METHOD /path", oldest first. */
	readonly requests: string[];
	close(): Promise<void>;
}

/** Starts a host that answers as the function says. */
export async function startHost(
	answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<OtherHost> {
	const requests: string[] = [];
	const server = createServer((request, response) => {
		requests.push(`${request.method} ${request.url}`);
		request.resume();
		answer(request, response);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		requests,
		close: async () =>
			await new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

/** Starts a host whose every answer is this JSON. */
export async function startJsonHost(body: unknown, status = 200): Promise<OtherHost> {
	return await startHost((_request, response) => {
		response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
	});
}
