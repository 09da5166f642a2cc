import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';

import { npmCommand } from '../n8n/communityPackage';
import { startProcess } from '../n8n/hostProcess';
import { freePort } from '../n8n/ports';
import { cacheFolder, installedN8n, projectRoot } from '../n8n/project';
import { startDetour } from './proxy';

const run = promisify(execFile);

const HOST = 'registry.npmjs.org';
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 100;
const STOP_GRACE_MS = 2_000;

/** An npm registry on loopback, empty at first. */
export interface Registry {
	/** Publishes a tarball with `npm publish`. */
	publish(tarball: string): Promise<void>;
	/**
	 * What the environment of a program must hold so that it takes this registry for registry.npmjs.org, as it would
	 * behind the proxy of a company. n8n needs no licence for that one, and every user's n8n installs from there.
	 */
	readonly environment: Readonly<Record<string, string>>;
	/** Every host that such a program has asked the proxy for. */
	readonly asked: readonly string[];
	close(): Promise<void>;
}

/** Starts verdaccio (see `test/registry/`) with TLS and an empty storage. */
export async function startRegistry(): Promise<Registry> {
	const parent = path.join(cacheFolder, 'registry');
	await mkdir(parent, { recursive: true });
	const folder = await mkdtemp(path.join(parent, 'storage-'));
	const port = await freePort();
	const url = `https://127.0.0.1:${port}`;
	const ca = await writeFiles(folder);
	const server = startProcess({
		node: installedN8n().node,
		script: path.join(projectRoot, 'test', 'registry', 'node_modules', 'verdaccio', 'bin', 'verdaccio'),
		args: ['--config', path.join(folder, 'config.yaml'), '--listen', url],
		env: { PATH: process.env.PATH ?? '', HOME: folder, USERPROFILE: folder },
		cwd: folder,
		logFile: path.join(cacheFolder, 'logs', `${path.basename(folder)}.log`),
	});
	const detour = await startDetour(`${HOST}:443`, port);
	const close = async () => {
		await detour.close();
		await server.stop(STOP_GRACE_MS);
		await rm(folder, { recursive: true, force: true, maxRetries: 3 });
	};
	// Nothing that this machine's npm is set to may reach the tests, least of all the right to publish.
	const npm = {
		npm_config_userconfig: path.join(folder, 'npmrc'),
		npm_config_globalconfig: path.join(folder, 'npmrc-global'),
		npm_config_cache: path.join(folder, 'npm-cache'),
		NODE_EXTRA_CA_CERTS: path.join(folder, 'cert.pem'),
	};
	try {
		const deadline = Date.now() + START_TIMEOUT_MS;
		while ((await ask(url, ca, 'GET', '/-/ping')) === undefined) {
			if (server.ended !== undefined || Date.now() > deadline) {
				throw new Error(`The npm registry for the tests did not start:\n${server.logTail()}`);
			}
			await new Promise((resolve) => setTimeout(resolve, POLL_MS));
		}
		const user = { name: 'publisher', password: 'only-on-loopback' };
		const answer = await ask(url, ca, 'PUT', `/-/user/org.couchdb.user:${user.name}`, user);
		const { token } = JSON.parse(answer ?? '{}') as { token?: string };
		if (token === undefined) throw new Error(`The npm registry for the tests made no user: ${answer}`);
		return {
			environment: { HTTPS_PROXY: detour.url, https_proxy: detour.url, npm_config_registry: `https://${HOST}`, ...npm },
			asked: detour.asked,
			close,
			async publish(tarball) {
				const { command, prefix, shell } = npmCommand();
				const access = [`--registry=${url}`, `--//127.0.0.1:${port}/:_authToken=${token}`];
				await run(command, [...prefix, 'publish', tarball, '--ignore-scripts', ...access], {
					cwd: folder,
					shell,
					env: { PATH: process.env.PATH, SYSTEMROOT: process.env.SYSTEMROOT, HOME: folder, ...npm },
				});
			},
		};
	} catch (error) {
		await close();
		throw error;
	}
}

/** Writes what verdaccio needs, and returns its certificate. It asks no other registry: what isn't published isn't there. */
async function writeFiles(folder: string): Promise<string> {
	const load = createRequire(path.join(projectRoot, 'test', 'registry', 'package.json'));
	const { generate } = load('selfsigned') as {
		generate(subject: unknown, options: unknown): Promise<{ private: string; cert: string }>;
	};
	const certificate = await generate([{ name: 'commonName', value: HOST }], {
		algorithm: 'sha256',
		extensions: [
			{ name: 'basicConstraints', cA: true, critical: true },
			{
				name: 'subjectAltName',
				altNames: [
					{ type: 2, value: HOST },
					{ type: 7, ip: '127.0.0.1' },
				],
			},
		],
	});
	const config = {
		storage: path.join(folder, 'packages'),
		auth: { htpasswd: { file: path.join(folder, 'users') } },
		https: { key: path.join(folder, 'key.pem'), cert: path.join(folder, 'cert.pem') },
		uplinks: {},
		packages: { '**': { access: '$all', publish: '$authenticated' } },
		web: { enable: false },
		log: { type: 'stdout', format: 'pretty', level: 'http' },
	};
	await writeFile(path.join(folder, 'key.pem'), certificate.private, { mode: 0o600 });
	await writeFile(path.join(folder, 'cert.pem'), certificate.cert);
	// JSON is YAML, too.
	await writeFile(path.join(folder, 'config.yaml'), JSON.stringify(config));
	for (const name of ['npmrc', 'npmrc-global']) await writeFile(path.join(folder, name), '');
	return certificate.cert;
}

/** What the registry answers, or undefined where it doesn't. */
async function ask(url: string, ca: string, method: string, route: string, body?: object): Promise<string | undefined> {
	return await new Promise((resolve) => {
		const headers = body === undefined ? {} : { 'content-type': 'application/json' };
		const asking = request(new URL(route, url), { method, ca, headers }, (response) => {
			let text = '';
			response.setEncoding('utf8').on('data', (part: string) => (text += part));
			response.on('end', () => resolve(text));
		});
		asking.on('error', () => resolve(undefined));
		asking.end(body === undefined ? undefined : JSON.stringify(body));
	});
}
