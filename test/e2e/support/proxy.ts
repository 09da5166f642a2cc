import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy on loopback that shows an n8n below a path, as reverse proxies do. */
export interface Proxy {
	/** Where n8n is now, with the path and without a slash at its end. */
	url: string;
	/** Whether it cuts the query off calls to webhooks. */
	dropsQueries: boolean;
	/** What it passed on to webhooks, as "METHOD /path status", oldest first. */
	readonly calls: string[];
	close(): Promise<void>;
}

/**
 * Starts a proxy.
 *
 * @param target where n8n listens
 * @param below the path that n8n itself never sees
 */
export async function startProxy(target: string, below: string): Promise<Proxy> {
	const { hostname, port } = new URL(target);
	const server = createServer((incoming, outgoing) => {
		const { method, headers, url = '/' } = incoming;
		if (!url.startsWith(`${below}/`)) {
			outgoing.writeHead(404).end();
			return;
		}
		const path = url.slice(below.length);
		const [route = ''] = path.split('?');
		const isCall = route.startsWith('/webhook');
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
