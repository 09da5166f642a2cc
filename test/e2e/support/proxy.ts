import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { N8nClient } from '../../support/n8n';

/** A proxy on loopback that shows an n8n below a path, as reverse proxies do. */
export interface Proxy {
	/** Where n8n is now, with the path and without a slash at its end. */
	url: string;
	/** Whether it cuts the query off calls to webhooks. */
	dropsQueries: boolean;
	/** What it passed on to webhooks, as "METHOD /path status", oldest first. */
	readonly calls: string[];
	/** Stands before an n8n from now on: its webhooks are called here, and passed on to where it takes them. */
	show(n8n: N8nClient): void;
	close(): Promise<void>;
}

/**
 * Starts a proxy. An n8n has to know its address, so it is shown later.
 *
 * @param below the path that n8n itself never sees
 */
export async function startProxy(below: string): Promise<Proxy> {
	let shown: Pick<N8nClient, 'url' | 'webhookOrigin'> | undefined;
	const server = createServer((incoming, outgoing) => {
		const { method, headers, url = '/' } = incoming;
		if (shown === undefined || !url.startsWith(`${below}/`)) {
			outgoing.writeHead(404).end();
			return;
		}
		const path = url.slice(below.length);
		const [route = ''] = path.split('?');
		const isCall = route.startsWith('/webhook');
		const { hostname, port } = new URL(isCall ? shown.webhookOrigin : shown.url);
		const passed = { hostname, port, method, headers, path: isCall && proxy.dropsQueries ? route : path };
		const onward = send(passed, (answer) => {
			if (isCall) proxy.calls.push(`${method} ${route} ${answer.statusCode}`);
			outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
			answer.pipe(outgoing);
		});
		onward.on('error', () => outgoing.writeHead(502).end());
		incoming.pipe(onward);
	});
	const proxy: Proxy = {
		url: '',
		dropsQueries: false,
		calls: [],
		show(n8n) {
			shown = { url: n8n.url, webhookOrigin: n8n.webhookOrigin };
			n8n.webhookOrigin = proxy.url;
		},
		close: async () =>
			await new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${below}`;
	return proxy;
}
