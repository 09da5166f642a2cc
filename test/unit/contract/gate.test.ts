import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * n8n's gate for verified nodes and this package.json: that the gate looks at each rule for it at all (its verdict on
 * the real one is in package.test.ts), and the rules that n8n checks by eye.
 */

const root = path.join(__dirname, '../../..');
const scannerFolder = path.join(root, 'node_modules/@n8n/scan-community-package/scanner');
const SLOW_MS = 120_000;

type Manifest = Record<string, unknown> & {
	name: string;
	n8n: { nodes: string[] };
	repository: { type: string; url: string };
	bugs: { url: string };
};
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest;

/** Runs a program beside n8n's scanner, with `input` in it, and returns what it gives. */
function withScanner<T>(program: string, input: unknown): T {
	const url = (file: string) => JSON.stringify(pathToFileURL(path.join(scannerFolder, file)).href);
	const script = `
		const scanner = await import(${url('scanner.mjs')});
		const provenance = await import(${url('provenance.mjs')});
		const input = ${JSON.stringify(input)};
		const result = await (async () => { ${program} })();
		console.log('RESULT' + JSON.stringify(result));`;
	const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
		cwd: root,
		encoding: 'utf8',
		// Rules of the gate look less closely where NODE_ENV says that they are themselves under test.
		env: { ...process.env, NODE_ENV: undefined },
	});
	const [, found] = stdout.split('RESULT');
	if (found === undefined) throw new Error(`the scanner did not run: ${stderr}`);
	return JSON.parse(found) as T;
}

/** What is wrong with a package.json, and the rule of the gate that must say so. */
const spoilt: Array<[what: string, change: object, rule: string]> = [
	['a name that is not one for n8n', { name: 'runway-nodes' }, 'package-name-convention'],
	['no keyword for n8n', { keywords: ['video'] }, 'community-package-json-keywords-without-official-tag'],
	['another licence', { license: 'GPL-3.0-only' }, 'community-package-json-license-not-default'],
	['no licence', { license: undefined }, 'community-package-json-license-missing'],
	['a dependency', { dependencies: { zod: '3.25.76' } }, 'no-runtime-dependencies'],
	['a range of n8n', { peerDependencies: { 'n8n-workflow': '^2.0.0' } }, 'valid-peer-dependencies'],
	['another peer', { peerDependencies: { 'n8n-workflow': '*', zod: '*' } }, 'valid-peer-dependencies'],
	['overrides', { overrides: { zod: '3.25.76' } }, 'no-overrides-field'],
	['a script at installation', { scripts: { postinstall: 'node hook.js' } }, 'no-forbidden-lifecycle-scripts'],
	['no way to write to the author', { author: { name: 'Maintainers' } }, 'valid-author'],
	['no version', { version: 'one' }, 'require-version'],
	['no description', { description: '' }, 'valid-description'],
	['nodes outside of dist', { n8n: { ...manifest.n8n, nodes: ['nodes/Runway.node.js'] } }, 'n8n-object-validation'],
	['a repository from a template', { repository: { url: 'https://github.com/<...>/x' } }, 'no-template-placeholders'],
];

describe('The gate of n8n', () => {
	let folder = '';
	let verdicts: Array<{ passed: boolean; details?: string }> = [];

	beforeAll(() => {
		folder = mkdtempSync(path.join(tmpdir(), 'gate-'));
		const folders = [{}, ...spoilt.map(([, change]) => change)].map((change, number) => {
			const one = path.join(folder, String(number));
			mkdirSync(one);
			writeFileSync(path.join(one, 'package.json'), JSON.stringify({ ...manifest, ...change }, null, 2));
			return one;
		});
		verdicts = withScanner(
			`const verdicts = [];
			for (const folder of input) verdicts.push(await scanner.analyzePackage(folder, ['**/*.js', 'package.json']));
			return verdicts;`,
			folders,
		);
	}, SLOW_MS);

	afterAll(() => rmSync(folder, { recursive: true, force: true }));

	it('lets this package.json pass', () => {
		expect(verdicts[0]).toEqual({ passed: true });
	});

	it.each(spoilt.map(([what, , rule], index) => [what, rule, index + 1] as const))(
		'would refuse one with %s',
		(_, rule, number) => {
			expect(verdicts[number]?.passed).toBe(false);
			expect(verdicts[number]?.details).toContain(`/${rule}`);
		},
	);

	it('finds the sources by the provenance of a release', () => {
		const repository = manifest.repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
		const commit = 'c0ffee'.repeat(7).slice(0, 40);
		const uri = `git+${repository}@refs/tags/v1.0.0`;
		const statement = {
			predicate: { buildDefinition: { resolvedDependencies: [{ uri, digest: { gitCommit: commit } }] } },
		};
		const payload = Buffer.from(JSON.stringify(statement)).toString('base64');
		const [owner, repo] = new URL(repository).pathname.slice(1).split('/');
		const { source, folder: found } = withScanner<{ source: unknown; folder: string }>(
			`const attestation = {
				predicateType: provenance.NPM_PROVENANCE_PREDICATE_TYPE,
				bundle: { dsseEnvelope: { payload: input.payload } },
			};
			return {
				source: scanner.parseSourceRepo([attestation]),
				folder: scanner.findPackageRoot(input.root, input.name),
			};`,
			{ payload, root, name: manifest.name },
		);
		expect(source).toEqual({ owner, repo, gitCommit: commit });
		expect(path.resolve(found)).toBe(path.resolve(root));
	});
});

describe('What n8n checks by eye', () => {
	it('is in one repository on GitHub, which npm compares with the one that publishes', () => {
		const { repository, homepage, bugs } = manifest;
		expect(repository.type).toBe('git');
		const [, address] = /^git\+(https:\/\/github\.com\/[\w.-]+\/[\w.-]+)\.git$/.exec(repository.url) ?? [];
		expect(address).toBeDefined();
		expect(homepage).toBe(`${address}#readme`);
		expect(bugs.url).toBe(`${address}/issues`);
		expect(readFileSync(path.join(root, '.github/ISSUE_TEMPLATE/config.yml'), 'utf8')).toContain(`${address}/security`);
	});

	it('has the licence in package.json that its LICENSE file grants', () => {
		expect(manifest.license).toBe('MIT');
		expect(readFileSync(path.join(root, 'LICENSE'), 'utf8')).toMatch(/^MIT License/);
	});

	it('publishes where npm publishes by default, and with no setting that the workflow does not show', () => {
		expect(manifest).not.toHaveProperty('publishConfig');
		expect(manifest).not.toHaveProperty('private');
	});
});
