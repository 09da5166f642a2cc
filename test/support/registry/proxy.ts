import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** An HTTPS proxy on loopback that leads one host to a port of this machine, and nothing anywhere else. */
export interface Detour {
	/** For `HTTPS_PROXY`. */
	url: string;
	/** Every host that was asked for, as "host:port", oldest first. */
	readonly asked: readonly string[];
	close(): Promise<void>;
}

/** Starts a proxy that connects `host` (such as `registry.npmjs.org:443`) to `port` and refuses all others. */
export async function startDetour(host: string, port: number): Promise<Detour> {
	const asked: string[] = [];
	const open = new Set<Socket>();
	const server = createServer((request, response) => {
		asked.push(request.url ?? '');
		response.writeHead(403).end();
	});
	server.on('connect', (request: IncomingMessage, client: Socket) => {
		asked.push(request.url ?? '');
		client.on('error', () => client.destroy());
		if (request.url !== host) {
			client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
			return;
		}
		const target = connect(port, '127.0.0.1', () => {
			client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
			client.pipe(target).pipe(client);
		});
		target.on('error', () => client.destroy());
		for (const socket of [client, target]) {
			open.add(socket);
			socket.on('close', () => open.delete(socket));
		}
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		asked,
		close: async () => {
			for (const socket of open) socket.destroy();
			await new Promise((resolve) => {
				server.close(resolve);
				server.closeAllConnections();
			});
		},
	};
}
