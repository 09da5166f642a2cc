import path from 'node:path';

import {
	binaryOf,
	errorOf,
	N8nHttpError,
	type N8n,
	outputOf,
	projectManifest,
	projectRoot,
	startN8n,
	type WorkflowFile,
} from '../support/n8n';
import { isAlive } from '../support/n8n/processes';

const manifest = projectManifest();
const MINUTES = 60_000;

/** A workflow that needs no node of this package: it makes a text file and renames it. */
const plainWorkflow = {
	name: 'Plain',
	nodes: [
		{ id: 'a', name: 'Start', type: 'n8n-nodes-base.manualTrigger', typeVersion: 1, position: [0, 0], parameters: {} },
		{
			id: 'b',
			name: 'Text',
			type: 'n8n-nodes-base.set',
			typeVersion: 3.4,
			position: [200, 0],
			parameters: { mode: 'raw', jsonOutput: '={{ { text: "reel ".repeat(3) } }}' },
		},
		{
			id: 'c',
			name: 'File',
			type: 'n8n-nodes-base.convertToFile',
			typeVersion: 1.1,
			position: [400, 0],
			parameters: { operation: 'toText', sourceProperty: 'text', options: { fileName: 'reel.txt' } },
		},
	],
	connections: {
		Start: { main: [[{ node: 'Text', type: 'main', index: 0 }]] },
		Text: { main: [[{ node: 'File', type: 'main', index: 0 }]] },
	},
} as WorkflowFile;

describe('a real n8n with the package installed', () => {
	let n8n: N8n;

	beforeAll(async () => {
		n8n = await startN8n({ package: projectRoot });
	}, 4 * MINUTES);

	afterAll(async () => {
		await n8n.stop();
	}, MINUTES);

	it('lists every node of the package, and every credential type', async () => {
		const types = (await n8n.nodeTypes(`${manifest.name}.`)).map(({ name }) => name);
		const expected = manifest.n8n.nodes.map((file) => {
			const className = path.basename(file, '.node.js');
			return `${manifest.name}.${className.charAt(0).toLowerCase()}${className.slice(1)}`;
		});
		expect(types).toEqual(expect.arrayContaining(expected));
		expect(await n8n.credentialTypes()).toContain('cometApiRunwayApi');
	});

	it('shows the package among the installed community packages, loaded', async () => {
		const packages = await n8n.request<Array<Record<string, unknown>>>('GET', '/rest/community-packages');
		// n8n 1 speaks of loading only where it failed.
		expect(packages.map((installed) => ({ failedLoading: false, ...installed }))).toEqual([
			expect.objectContaining({
				packageName: manifest.name,
				installedVersion: manifest.version,
				failedLoading: false,
			}),
		]);
	});

	it('runs a workflow and hands out the file that it made', async () => {
		const id = await n8n.importWorkflow(plainWorkflow);
		const execution = await n8n.runToEnd(id);
		expect(execution.status).toBe('success');
		expect(errorOf(execution)).toBeUndefined();
		const file = binaryOf(outputOf(execution, 'File')[0]);
		expect(file).toMatchObject({ fileName: 'reel.txt', mimeType: 'text/plain' });
		expect((await n8n.download(file)).toString()).toBe('reel reel reel ');
	});

	it('says what n8n answered when a request is refused', async () => {
		await expect(n8n.request('GET', '/rest/workflows/missing')).rejects.toThrow(N8nHttpError);
	});

	it(
		'comes back with its data after a kill, on the same address',
		async () => {
			const id = await n8n.importWorkflow(plainWorkflow);
			const before = n8n.pid;
			await n8n.kill();
			expect(isAlive(-before)).toBe(false);
			await n8n.restart();
			expect((await n8n.workflow(id)).name).toBe('Plain');
		},
		4 * MINUTES,
	);

	it(
		'leaves no process behind when it is stopped',
		async () => {
			const { pid } = n8n;
			expect(isAlive(-pid)).toBe(true);
			await n8n.stop();
			expect(isAlive(-pid)).toBe(false);
			await expect(fetch(n8n.url)).rejects.toThrow();
		},
		MINUTES,
	);
});
