import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { type HostProcess, startGuarded } from './hostProcess';
import { freePort } from './ports';
import { isAlive } from './processes';
import { cacheFolder, readJson } from './project';

/** PostgreSQL and Redis for tests: on loopback, in a temporary folder, gone with the process that started them. */

const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 10_000;
const POLL_MS = 100;
const LOOPBACK = '127.0.0.1';
const DATABASE_USER = 'n8n';

const run = promisify(execFile);

/** Where the set-up found the programs. */
interface Installed {
	/** Folder with `initdb` and `postgres`. */
	postgres: string;
	redis: { command: string; libraries: string };
}

/** A running service. */
export interface Service {
	/** What n8n has to know to use it. */
	env: Record<string, string>;
	/** Ends it and deletes its data. */
	stop(): Promise<void>;
}

/** A user other than root, under which PostgreSQL insists on running. */
interface User {
	uid: number;
	gid: number;
}

function installed(): Installed {
	try {
		return readJson<Installed>(path.join(cacheFolder, 'queue-services.json'));
	} catch {
		throw new Error('PostgreSQL and Redis are not installed yet: run `npm run test:queue`, which installs them');
	}
}

/** Starts a PostgreSQL with an empty database. */
export async function startPostgres(): Promise<Service> {
	const bin = installed().postgres;
	const folder = temporaryFolder('n8n-postgres');
	const user = await otherThanRoot();
	if (user !== undefined) chownSync(folder, user.uid, user.gid);
	chmodSync(folder, 0o700);
	const data = path.join(folder, 'data');
	const initdb = [
		'--pgdata',
		data,
		'--username',
		DATABASE_USER,
		'--auth',
		'trust',
		'--encoding',
		'UTF8',
		'--no-locale',
	];
	try {
		await run(path.join(bin, 'initdb'), [...initdb, '--no-sync'], { cwd: folder, ...user });
	} catch (error) {
		rmSync(folder, { recursive: true, force: true });
		const hint = user === undefined ? '' : `; as root it is run by the user nobody, who must be able to read ${bin}`;
		throw new Error(`PostgreSQL can't be set up: ${error instanceof Error ? error.message : String(error)}${hint}`);
	}
	const port = await freePort();
	const settings = { listen_addresses: LOOPBACK, unix_socket_directories: '', max_connections: '200', fsync: 'off' };
	const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
	const args = ['-D', data, '-p', `${port}`, ...options];
	const server = startGuarded({ command: path.join(bin, 'postgres'), args, ...user, cwd: folder, log: 'postgres' });
	return await started('PostgreSQL', server, port, folder, {
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: LOOPBACK,
		DB_POSTGRESDB_PORT: `${port}`,
		DB_POSTGRESDB_DATABASE: 'postgres',
		DB_POSTGRESDB_USER: DATABASE_USER,
	});
}

/** Starts a Redis that keeps everything in memory. */
export async function startRedis(): Promise<Service> {
	const { command, libraries } = installed().redis;
	const folder = temporaryFolder('n8n-redis');
	const port = await freePort();
	const args = ['--bind', LOOPBACK, '--port', `${port}`, '--dir', folder, '--save', '', '--appendonly', 'no'];
	const env = { LD_LIBRARY_PATH: libraries };
	const server = startGuarded({ command, args, env, cwd: folder, log: 'redis' });
	return await started('Redis', server, port, folder, {
		QUEUE_BULL_REDIS_HOST: LOOPBACK,
		QUEUE_BULL_REDIS_PORT: `${port}`,
	});
}

/** Not below the checkout, whose folders another user may not enter. What dead processes left behind goes first. */
function temporaryFolder(name: string): string {
	for (const entry of readdirSync(tmpdir())) {
		const [, owner] = new RegExp(`^${name}-(\\d+)-`).exec(entry) ?? [];
		if (owner !== undefined && !isAlive(Number(owner))) {
			rmSync(path.join(tmpdir(), entry), { recursive: true, force: true, maxRetries: 3 });
		}
	}
	return mkdtempSync(path.join(tmpdir(), `${name}-${process.pid}-`));
}

async function started(
	name: string,
	server: HostProcess,
	port: number,
	folder: string,
	env: Record<string, string>,
): Promise<Service> {
	const stop = async () => {
		await server.stop(STOP_GRACE_MS);
		rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
	};
	for (const deadline = Date.now() + START_TIMEOUT_MS; !(await listens(port));) {
		if (server.ended !== undefined || Date.now() > deadline) {
			await stop();
			throw new Error(`${name} did not start. Its last words:\n${server.logTail()}`);
		}
		await new Promise((resolve) => setTimeout(resolve, POLL_MS));
	}
	return { env, stop };
}

async function listens(port: number): Promise<boolean> {
	return await new Promise((resolve) => {
		const socket = connect(port, LOOPBACK);
		const end = (answer: boolean) => {
			socket.destroy();
			resolve(answer);
		};
		socket.once('connect', () => end(true));
		socket.once('error', () => end(false));
	});
}

async function otherThanRoot(): Promise<User | undefined> {
	if (process.getuid?.() !== 0) return undefined;
	const id = async (flag: string) => Number((await run('id', [flag, 'nobody'])).stdout);
	return { uid: await id('-u'), gid: await id('-g') };
}
