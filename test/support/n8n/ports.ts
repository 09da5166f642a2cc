import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** Below the ports that systems hand out by themselves, so that none of those is this one a moment later. */
const LOWEST = 12_000;
const HIGHEST = 32_000;

/** A port on the loopback interface that nobody listens on just now, and that no process here was given before and still runs. */
export async function freePort(): Promise<number> {
	for (;;) {
		const port = randomInt(LOWEST, HIGHEST);
		if ((await isPortFree(port)) && (await reserve(port))) return port;
	}
}

/**
 * Reserves a port until this process ends, since ports are given out long before anybody listens on them, and several jest
 * processes ask at a time. What it takes is the same port of UDP, which nobody else wants.
 */
async function reserve(port: number): Promise<boolean> {
	return await new Promise((resolve) => {
		const socket = createSocket('udp4');
		socket.once('error', () => {
			socket.close();
			resolve(false);
		});
		socket.bind({ port, address: LOOPBACK, exclusive: true }, () => resolve(true));
		socket.unref();
	});
}

/** Whether nobody listens on this port of the loopback interface or of all interfaces. */
export async function isPortFree(port: number): Promise<boolean> {
	// A listener on all interfaces doesn't always clash with one on loopback, so both are tried.
	return (await canListen(port, LOOPBACK)) && (await canListen(port, undefined));
}

async function canListen(port: number, host: string | undefined): Promise<boolean> {
	return await new Promise((resolve) => {
		const server = createServer();
		server.once('error', () => resolve(false));
		server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
	});
}
