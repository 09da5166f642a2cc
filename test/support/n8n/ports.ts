import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** Below the ports that systems hand out by themselves, so that none of those is this one a moment later. */
const LOWEST = 12_000;
const HIGHEST = 32_000;

/** Ports are given out long before anybody listens on them, so each worker of jest has its own. */
const WORKERS = 16;
const worker = Number(process.env.JEST_WORKER_ID ?? 0) % WORKERS;
const given = new Set<number>();

/** A port on the loopback interface that nobody listens on just now, and that was not given out here before. */
export async function freePort(): Promise<number> {
	for (;;) {
		const port = randomInt(LOWEST / WORKERS, HIGHEST / WORKERS) * WORKERS + worker;
		if (given.has(port)) continue;
		given.add(port);
		if (await isPortFree(port)) return port;
	}
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
