import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import {
	binaryOf,
	cacheFolder,
	errorOf,
	type N8n,
	outputOf,
	projectManifest,
	projectRoot,
	startN8n,
	type WorkflowFile,
} from '../support/n8n';
import { pack } from '../support/n8n/communityPackage';
import { type Registry, startRegistry } from '../support/registry';
import { startStandIn, type StandIn } from '../support/standin';
import { describeSince } from './support/host';

/**
 * The way of a user: the tarball lies in an npm registry, and n8n's own installer fetches it, through the requests that
 * the page "Community nodes" of n8n's settings sends. The tests of this file build upon each other.
 */

const MINUTES = 60_000;
const ROUTE = '/rest/community-packages';
const manifest = projectManifest();
const { name } = manifest;
const NEXT = `${manifest.version.split('.').slice(0, 2).join('.')}.99`;

interface Installed {
	packageName: string;
	installedVersion: string;
	updateAvailable?: string;
	failedLoading?: boolean;
	installedNodes: Array<{ type: string }>;
}

let work = '';
let api: StandIn;
let registry: Registry;
let n8n: N8n;
let workflowId = '';

beforeAll(async () => {
	mkdirSync(cacheFolder, { recursive: true });
	work = mkdtempSync(path.join(cacheFolder, 'tarball-'));
	registry = await startRegistry();
	await registry.publish(await pack(projectRoot, work));
	api = await startStandIn({ renderMs: 300, queuedMs: 50, notVisibleMs: 50 });
	n8n = await startN8n({ env: { ...registry.environment, N8N_REINSTALL_MISSING_PACKAGES: 'true' } });
}, 6 * MINUTES);

afterAll(async () => {
	await n8n?.stop();
	await api?.close();
	await registry?.close();
	rmSync(work, { recursive: true, force: true });
}, MINUTES);

const installed = async () => await n8n.request<Installed[]>('GET', ROUTE);
const ownTypes = async () => (await n8n.nodeTypes(`${name}.`)).map((type) => type.name);
const expectedTypes = manifest.n8n.nodes.map((file) => {
	const className = path.basename(file, '.node.js');
	return `${name}.${className.charAt(0).toLowerCase()}${className.slice(1)}`;
});

/** Runs the workflow and expects a finished video. */
async function expectVideo(): Promise<void> {
	const execution = await n8n.runToEnd(workflowId, { destinationNode: 'Runway' });
	expect(errorOf(execution)).toBeUndefined();
	const [item] = outputOf(execution, 'Runway');
	expect(item?.json).toMatchObject({ status: 'succeeded', operation: 'generateFromText' });
	const video = await n8n.download(binaryOf(item));
	expect(video.equals(api.assetBytes('video'))).toBe(true);
}

/** The same package with a later version, as a tarball. */
async function nextVersion(): Promise<string> {
	const folder = path.join(work, 'next');
	mkdirSync(folder);
	const tarball = await pack(projectRoot, folder);
	execFileSync('tar', ['-xzf', path.basename(tarball)], { cwd: folder });
	const file = path.join(folder, 'package', 'package.json');
	const content = JSON.parse(readFileSync(file, 'utf8')) as object;
	writeFileSync(file, JSON.stringify({ ...content, version: NEXT }, null, 2));
	return await pack(path.dirname(file), folder);
}

// n8n 1 keeps the variables that lead to this registry from the npm that it runs.
describeSince('2')('From an npm registry, n8n', () => {
	it(
		'installs the package with all its nodes and its credential',
		async () => {
			expect(await ownTypes()).toEqual([]);
			const answer = await n8n.request<Installed>('POST', ROUTE, { name });
			expect(answer).toMatchObject({ packageName: name, installedVersion: manifest.version });
			expect(answer.installedNodes.map(({ type }) => type).sort()).toEqual([...expectedTypes].sort());
			expect(await ownTypes()).toEqual(expect.arrayContaining(expectedTypes));
			expect(await n8n.credentialTypes()).toContain('cometApiRunwayApi');
			expect(registry.asked).toContain('registry.npmjs.org:443');
		},
		2 * MINUTES,
	);

	it(
		'lists it as loaded and up to date',
		async () => {
			const [entry, ...others] = await installed();
			expect(others).toEqual([]);
			expect(entry).toMatchObject({ packageName: name, installedVersion: manifest.version, failedLoading: false });
			expect(entry?.updateAvailable).toBeUndefined();
		},
		MINUTES,
	);

	it(
		'runs a workflow with it to a finished video',
		async () => {
			const credential = {
				name: 'Stand-in',
				type: 'cometApiRunwayApi',
				data: { apiKey: api.apiKey, baseUrl: api.url },
			};
			const id = await n8n.createCredential(credential);
			expect((await n8n.testCredential(id)).status).toBe('OK');
			const example = readFileSync(path.join(projectRoot, 'examples', '01-text-to-video.json'), 'utf8');
			workflowId = await n8n.importWorkflow(JSON.parse(example) as WorkflowFile);
			await expectVideo();
		},
		2 * MINUTES,
	);

	it(
		'offers a newer version and updates to it, with workflow and credential still at work',
		async () => {
			await registry.publish(await nextVersion());
			expect((await installed())[0]?.updateAvailable).toBe(NEXT);
			const answer = await n8n.request<Installed>('PATCH', ROUTE, { name, version: NEXT });
			expect(answer.installedVersion).toBe(NEXT);
			await expectVideo();
		},
		2 * MINUTES,
	);

	it(
		'installs it again at the next start if the folder of community packages is gone, as in a replaced container',
		async () => {
			rmSync(path.join(n8n.userFolder, '.n8n', 'nodes'), { recursive: true });
			await n8n.restart();
			expect((await installed())[0]).toMatchObject({ installedVersion: NEXT, failedLoading: false });
			await expectVideo();
		},
		4 * MINUTES,
	);

	it(
		'uninstalls it without a trace, and leaves the workflow as it was',
		async () => {
			const folder = path.join(n8n.userFolder, '.n8n', 'nodes', 'node_modules', name);
			expect(existsSync(folder)).toBe(true);
			await n8n.request('DELETE', `${ROUTE}?name=${name}`);
			expect(await installed()).toEqual([]);
			expect(await ownTypes()).toEqual([]);
			expect(await n8n.credentialTypes()).not.toContain('cometApiRunwayApi');
			expect(existsSync(folder)).toBe(false);
			expect((await n8n.workflow(workflowId)).nodes.some(({ type }) => type.startsWith(name))).toBe(true);
		},
		2 * MINUTES,
	);
});
