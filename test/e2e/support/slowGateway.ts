import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A gateway whose answers are on their way for a while, so that they tell of the past when they arrive. */
export interface SlowGateway {
	url: string;
	/** How long answers about tasks are on their way. */
	delayMs: number;
	close(): Promise<void>;
}

/** Puts a gateway in front of an API; nothing is slow until `delayMs` is set. */
export async function startSlowGateway(target: string): Promise<SlowGateway> {
	const gateway: SlowGateway = {
		url: '',
		delayMs: 0,
		async close() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
	const server = createServer((request, response) => {
		void (async () => {
			const { method = 'GET', url = '/' } = request;
			const { authorization = '', 'x-runway-version': version = '' } = request.headers;
			const body = await text(request);
			const answer = await fetch(new URL(url, target), {
				method,
				headers: { authorization, 'x-runway-version': String(version), 'content-type': 'application/json' },
				...(method === 'GET' ? {} : { body }),
			});
			const content = await answer.text();
			await new Promise((resolve) => setTimeout(resolve, gateway.delayMs));
			response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
			response.end(content);
		})();
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	gateway.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	return gateway;
}
