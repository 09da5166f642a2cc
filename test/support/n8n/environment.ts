import path from 'node:path';

import { cacheFolder } from './project';
import { isVersionAtLeast } from './version';

/** Variables of the surrounding shell that n8n may see. Everything else, such as an API key, stays outside. */
const INHERITED = [
	'HOME',
	'USER',
	'LANG',
	'LC_ALL',
	'TZ',
	'TMPDIR',
	'TEMP',
	'TMP',
	'USERPROFILE',
	'APPDATA',
	'LOCALAPPDATA',
	'SYSTEMROOT',
	'COMSPEC',
	'PATHEXT',
	'HTTP_PROXY',
	'HTTPS_PROXY',
	'http_proxy',
	'https_proxy',
	'SSL_CERT_FILE',
	'NODE_EXTRA_CA_CERTS',
];

/** What {@link n8nEnvironment} has to know about the instance. */
export interface EnvironmentInput {
	version: string;
	node: string;
	userFolder: string;
	port: number;
	brokerPort: number;
	/** Folders that the node "Read/Write Files from Disk" may use. */
	fileAccess: string[];
	extra: Record<string, string>;
}

/** The environment of an n8n that keeps to this machine: loopback only, and nothing asks the internet. */
export function n8nEnvironment(input: EnvironmentInput): Record<string, string> {
	const origin = `http://127.0.0.1:${input.port}/`;
	const inherited: Record<string, string> = {};
	for (const name of INHERITED) {
		const value = process.env[name];
		if (value !== undefined) inherited[name] = value;
	}
	return {
		...inherited,
		PATH: [path.dirname(input.node), process.env.PATH ?? ''].join(path.delimiter),
		// Loopback goes past any proxy: the stand-in for CometAPI and n8n's own webhooks live there.
		NO_PROXY: [process.env.NO_PROXY, process.env.no_proxy, '127.0.0.1', 'localhost'].filter(Boolean).join(','),
		NODE_ENV: 'production',
		// Half of what an n8n does to start is to load its code. A Node.js that is too old for this doesn't look at it.
		NODE_COMPILE_CACHE: path.join(cacheFolder, 'compiled-n8n'),

		N8N_USER_FOLDER: input.userFolder,
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_HOST: '127.0.0.1',
		N8N_PORT: String(input.port),
		N8N_PROTOCOL: 'http',
		N8N_EDITOR_BASE_URL: origin,
		...(isVersionAtLeast(input.version, '2') ? forN8n2(origin) : forN8n1(origin)),
		N8N_SECURE_COOKIE: 'false',
		N8N_RUNNERS_BROKER_PORT: String(input.brokerPort),
		N8N_PYTHON_ENABLED: 'false',
		N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS: process.platform === 'win32' ? 'false' : 'true',
		GENERIC_TIMEZONE: 'UTC',

		DB_TYPE: 'sqlite',
		// On a busy machine, n8n would take a late answer of its database for none, and refuse every request from then on.
		DB_PING_TIMEOUT_MS: '60000',
		N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem',
		N8N_RESTRICT_FILE_ACCESS_TO: input.fileAccess.join(';'),
		EXECUTIONS_DATA_SAVE_ON_ERROR: 'all',
		EXECUTIONS_DATA_SAVE_ON_SUCCESS: 'all',
		EXECUTIONS_DATA_SAVE_MANUAL_EXECUTIONS: 'true',
		EXECUTIONS_DATA_PRUNE: 'false',

		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED: 'false',
		N8N_DYNAMIC_BANNERS_ENABLED: 'false',
		N8N_HIRING_BANNER_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_AI_GATEWAY_ENABLED: 'false',
		N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
		// The list of verified community nodes would be fetched from n8n's servers.
		N8N_VERIFIED_PACKAGES_ENABLED: 'false',
		N8N_UNVERIFIED_PACKAGES_ENABLED: 'true',
		N8N_REINSTALL_MISSING_PACKAGES: 'false',
		...input.extra,
	};
}

function forN8n2(origin: string): Record<string, string> {
	return {
		N8N_WEBHOOK_URL: origin,
		// This module fetches n8n's list of MCP servers.
		N8N_DISABLED_MODULES: 'mcp-registry',
	};
}

function forN8n1(origin: string): Record<string, string> {
	return {
		WEBHOOK_URL: origin,
		// As in n8n 2: the one connection that n8n 1 has by default mixes up the transactions of requests side by side.
		DB_SQLITE_POOL_SIZE: '3',
	};
}
