import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { operations } from '../../../nodes/Runway/operations/index';

const root = path.join(__dirname, '../../..');
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
const scanner = pathToFileURL(path.join(root, 'node_modules/@n8n/scan-community-package/scanner/scanner.mjs')).href;

const SLOW_MS = 180_000;
let folder = '';
let packed: string[] = [];

beforeAll(() => {
	if (!existsSync(path.join(root, 'dist'))) run('npm', ['run', 'build'], root);
	folder = mkdtempSync(path.join(tmpdir(), 'pack-'));
	const [tarball] = JSON.parse(
		run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root),
	) as [{ filename: string; files: Array<{ path: string }> }];
	packed = tarball.files.map((file) => file.path);
	run('tar', ['-xzf', path.join(folder, tarball.filename), '-C', folder], folder);
}, SLOW_MS);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: string[], cwd: string): string {
	// On Windows npm is a batch file, which only a shell runs.
	const shell = command === 'npm' && process.platform === 'win32';
	return execFileSync(command, args, {
		cwd,
		shell,
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'pipe'],
		maxBuffer: 1e8,
	});
}

/** Holds a folder against n8n's own gate for verified packages. Returns what it objects to. */
function scan(directory: string, patterns: string): string {
	const program = `
		const { analyzePackage, SOURCE_FILE_PATTERNS } = await import(${JSON.stringify(scanner)});
		const result = await analyzePackage(${JSON.stringify(directory)}, ${patterns});
		console.log('RESULT' + JSON.stringify(result));`;
	const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
		cwd: root,
		encoding: 'utf8',
		// Rules of the gate look less closely where NODE_ENV says that they are themselves under test.
		env: { ...process.env, NODE_ENV: undefined },
	});
	const [, found] = stdout.split('RESULT');
	if (found === undefined) return `the scanner did not run: ${stderr}`;
	const { passed, message, details } = JSON.parse(found) as { passed: boolean; message?: string; details?: string };
	return passed && message === undefined ? '' : `${message}\n${details}`;
}

/** Every file below a folder, with its text. */
function filesBelow(directory: string): Array<{ name: string; text: string }> {
	return readdirSync(directory, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => {
			const file = path.join(entry.parentPath, entry.name);
			return { name: path.relative(directory, file), text: readFileSync(file, 'utf8') };
		});
}

describe('The package on npm', () => {
	it('holds these files and no other', () => {
		const schemas = [
			...operations.map(({ resource, value }) => `dist/nodes/Runway/__schema__/v1.0.0/${resource}/${value}.json`),
			'dist/nodes/RunwayCallbackTrigger/__schema__/v1.0.0.json',
			'dist/nodes/RunwayTrigger/__schema__/v1.0.0.json',
		];
		expect([...packed].sort()).toEqual(
			[
				'LICENSE',
				'README.md',
				'THIRD-PARTY-NOTICES.md',
				'dist/credentials/CometApiRunwayApi.credentials.js',
				'dist/nodes/Runway/Runway.node.js',
				'dist/nodes/Runway/Runway.node.json',
				'dist/nodes/Runway/runway.dark.svg',
				'dist/nodes/Runway/runway.svg',
				'dist/nodes/RunwayCallbackTrigger/RunwayCallbackTrigger.node.js',
				'dist/nodes/RunwayCallbackTrigger/RunwayCallbackTrigger.node.json',
				'dist/nodes/RunwayTrigger/RunwayTrigger.node.js',
				'dist/nodes/RunwayTrigger/RunwayTrigger.node.json',
				'dist/nodes/shared/index.js',
				'package.json',
				...schemas,
			].sort(),
		);
	});

	it('holds every file that its n8n block names, and every icon and codex file of the sources', () => {
		const { nodes, credentials } = manifest.n8n as { nodes: string[]; credentials: string[] };
		const beside = ['nodes', 'credentials'].flatMap((top) =>
			filesBelow(path.join(root, top))
				.map(({ name }) => `dist/${top}/${name.split(path.sep).join('/')}`)
				.filter((name) => /\.(svg|png|node\.json)$/.test(name)),
		);
		expect(packed).toEqual(expect.arrayContaining([...nodes, ...credentials, ...beside]));
	});

	it('holds all that the nodes share, once and under one name', () => {
		const folder = path.join(root, 'nodes/shared');
		const exported = (file: string) => Object.keys(jest.requireActual<object>(file));
		const names = filesBelow(folder).flatMap(({ name }) => exported(path.join(folder, name)));
		// A name that two modules have would silently be missing from the file that the nodes load.
		expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
		expect(exported(path.join(root, 'dist/nodes/shared/index.js')).sort()).toEqual([...names].sort());
		expect(packed).toContain('dist/nodes/shared/index.js');
	});

	it('needs nothing to be installed but n8n itself', () => {
		for (const key of [
			'dependencies',
			'optionalDependencies',
			'bundledDependencies',
			'bundleDependencies',
			'overrides',
		]) {
			expect(Object.keys((manifest[key] as object | undefined) ?? {})).toEqual([]);
		}
		expect(manifest.peerDependencies).toEqual({ 'n8n-workflow': '*' });
		expect(
			Object.keys(manifest.scripts as object).filter((name) => /^(pre|post)?install$|^prepare$/.test(name)),
		).toEqual([]);
	});

	it('asks for no module when it is loaded but its own and those that n8n grants to verified nodes', () => {
		const allowed = new Set(['n8n-workflow', 'crypto', 'node:crypto', '../shared/index.js']);
		for (const { name, text } of filesBelow(path.join(folder, 'package/dist'))) {
			if (!name.endsWith('.js')) continue;
			const required = [...text.matchAll(/\brequire\(\s*["']([^"']+)["']\s*\)/g)].map(([, module]) => module);
			expect([name, [...new Set(required)].filter((module) => !allowed.has(module ?? ''))]).toEqual([name, []]);
			expect([name, /\bimport\s*\(/.test(text)]).toEqual([name, false]);
		}
	});

	it.each([
		['the global object', /\bglobalThis\b/],
		['the environment of the process', /\bprocess\s*\.\s*env\b|\bprocess\s*\[/],
		['lint rules that were switched off', /eslint-disable/],
		['code from text', /\beval\s*\(|\bnew Function\s*\(/],
		['the console', /\bconsole\s*\.\s*(log|error|warn|info|debug)\s*\(/],
		['the machine that built it', /["'`](file:\/\/)?\/(home|root|Users|work|tmp)\//],
	])('holds nothing about %s', (_, forbidden) => {
		const found = filesBelow(path.join(folder, 'package/dist')).filter(({ text }) => forbidden.test(text));
		expect(found.map(({ name }) => name)).toEqual([]);
	});

	it(
		'passes the gate of n8n as it is published',
		() => {
			expect(scan(path.join(folder, 'package'), "['**/*.js', 'package.json']")).toBe('');
		},
		SLOW_MS,
	);

	it(
		'passes the gate of n8n with its sources',
		() => {
			expect(scan(root, 'SOURCE_FILE_PATTERNS')).toBe('');
		},
		SLOW_MS,
	);
});

describe('The gate of n8n', () => {
	it(
		'does object if there is reason to, so that passing it means something',
		() => {
			expect(scan(path.join(root, 'test/support'), "['standin/cli.ts']")).not.toBe('');
		},
		SLOW_MS,
	);
});
