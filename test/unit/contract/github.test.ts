import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { parseDocument } from 'yaml';

/** What GitHub reads from `.github/`, held against the project and against what is asked of workflows. */

const root = path.join(__dirname, '../../..');
const github = path.join(root, '.github');

interface Step {
	uses?: string;
	run?: string;
	with?: Record<string, unknown>;
	env?: Record<string, string>;
}
interface Job {
	needs?: string | string[];
	permissions?: Record<string, string>;
	strategy?: { matrix: { os: string[]; node: number[] } };
	'timeout-minutes'?: number;
	steps: Step[];
}
interface Workflow {
	on: Record<string, unknown>;
	permissions?: Record<string, string>;
	concurrency?: unknown;
	jobs: Record<string, Job>;
}

const text = (...names: string[]) => readFileSync(path.join(github, ...names), 'utf8');
const yamlFiles = readdirSync(github, { recursive: true, encoding: 'utf8' }).filter((file) => /\.ya?ml$/.test(file));
const workflowNames = readdirSync(path.join(github, 'workflows'));
const parse = (file: string): unknown => parseDocument(text(file)).toJS();
const workflow = (name: string) => parse(path.join('workflows', name)) as Workflow;
const stepsOf = ({ jobs }: Workflow) => Object.values(jobs).flatMap(({ steps }) => steps);
const scriptsOf = (flow: Workflow) => stepsOf(flow).flatMap(({ run }) => run ?? []);

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
	scripts: Record<string, string>;
	engines: { node: string };
};

describe('The files for GitHub', () => {
	it.each(yamlFiles)('are sound YAML: %s', (file) => {
		const document = parseDocument(text(file), { strict: true, uniqueKeys: true });
		expect([...document.errors, ...document.warnings]).toEqual([]);
		expect(document.toJS()).not.toBeNull();
	});

	it('ask for updates of every folder that has packages of its own', () => {
		const { updates } = parse('dependabot.yml') as { updates: Array<Record<string, string>> };
		const folders = updates.filter((one) => one['package-ecosystem'] === 'npm').map(({ directory }) => directory);
		expect(folders).toEqual(['/', '/test/e2e', '/test/registry']);
		const locks = (folder = '') =>
			['package-lock.json', 'pnpm-lock.yaml'].filter((name) => existsSync(path.join(root, folder, name)));
		expect(folders.map(locks)).toEqual([['package-lock.json'], ['pnpm-lock.yaml'], ['package-lock.json']]);
		expect(updates.map((one) => one['package-ecosystem'])).toContain('github-actions');
	});
});

describe.each(workflowNames)('The workflow %s', (name) => {
	const flow = workflow(name);

	it('runs only scripts and suites that exist', () => {
		const suites = [...readFileSync(path.join(root, 'scripts/test.mjs'), 'utf8').matchAll(/\{\s*name: '(\w+)'/g)];
		const known = suites.map(([, suite]) => suite);
		expect(known).toContain('e2e');
		const lines = scriptsOf(flow).flatMap((script) => script.split('\n'));
		const called = lines.flatMap((line) => [...line.matchAll(/\bnpm run (?:-\S+ )*([\w:-]+)/g)].map(([, one]) => one));
		expect(called.filter((one) => !(String(one) in manifest.scripts))).toEqual([]);
		const chosen = lines.flatMap((line) => /\bnpm test -- (.+)/.exec(line)?.[1]?.split(' ') ?? []);
		expect(chosen.filter((suite) => !known.includes(suite))).toEqual([]);
	});

	it('uses actions by the commit, with the version beside it', () => {
		const lines = text('workflows', name)
			.split('\n')
			.filter((line) => /\buses:/.test(line));
		expect(lines.length).toBeGreaterThan(0);
		expect(lines.filter((line) => !/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
	});

	it('gets no more rights than it needs, and leaves none lying in the checkout', () => {
		expect(Object.values(flow.permissions ?? { all: 'write' })).not.toContain('write');
		const checkouts = stepsOf(flow).filter(({ uses }) => uses?.startsWith('actions/checkout@'));
		expect(checkouts.filter((step) => step.with?.['persist-credentials'] !== false)).toEqual([]);
	});

	it('puts nothing that a stranger can choose into a script', () => {
		expect(scriptsOf(flow).filter((script) => script.includes('${{'))).toEqual([]);
	});

	it('ends by itself, and not beside another run of its kind', () => {
		expect(flow.concurrency).toBeDefined();
		for (const job of Object.values(flow.jobs)) expect(job['timeout-minutes']).toBeLessThanOrEqual(90);
	});

	it('waits only for jobs that exist', () => {
		const needs = Object.values(flow.jobs).flatMap((job) => job.needs ?? []);
		expect(needs.filter((need) => !(need in flow.jobs))).toEqual([]);
	});
});

describe('Continuous integration', () => {
	const { on, jobs } = workflow('ci.yml');

	it('runs on every pull request and every commit of main', () => {
		expect(on).toMatchObject({ push: { branches: ['main'] } });
		expect(on).toHaveProperty('pull_request');
	});

	it('tests the oldest Node.js that the package supports, and three systems', () => {
		const matrix = Object.values(jobs).find(({ strategy }) => strategy !== undefined)?.strategy?.matrix;
		const oldest = Number(/>=(\d+)/.exec(manifest.engines.node)?.[1]);
		expect(matrix?.node).toEqual([oldest, 22, 24]);
		expect(matrix?.os).toEqual(['ubuntu-latest', 'macos-latest', 'windows-latest']);
	});

	it('runs every suite that `npm test` has', () => {
		const chosen = scriptsOf(workflow('ci.yml')).flatMap(
			(script) => /npm test -- (.+)/.exec(script)?.[1]?.split(' ') ?? [],
		);
		expect(chosen.sort()).toEqual(['browser', 'e2e', 'engine', 'lint', 'types', 'unit']);
	});
});

describe('Publishing', () => {
	const { on, jobs } = workflow('publish.yml');
	const order = (job: string): string[] => [...[jobs[job]?.needs ?? []].flat().flatMap(order), job];

	it('starts with a version tag and nothing else', () => {
		expect(on).toEqual({ push: { tags: ['v*'] } });
	});

	it('checks tag, version and changelog, then tests, then publishes, then makes the release', () => {
		expect(order('release')).toEqual(['test', 'npm', 'release']);
		const [check, ...rest] = jobs.test?.steps.flatMap(({ run }) => run ?? []) ?? [];
		expect(check).toBe('npm run release:check -- "$GITHUB_REF_NAME"');
		expect(rest.at(-1)).toBe('npm test');
	});

	it('publishes with provenance, as verified nodes must be', () => {
		expect(jobs.npm?.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
		const lines = scriptsOf(workflow('publish.yml')).flatMap((script) => script.match(/npm publish.*/g) ?? []);
		expect(lines.length).toBeGreaterThan(0);
		expect(lines.filter((line) => !line.includes('--provenance --access public'))).toEqual([]);
	});

	it('takes nothing from a cache that other workflows can fill', () => {
		const steps = stepsOf(workflow('publish.yml'));
		expect(steps.filter(({ uses }) => uses?.startsWith('actions/cache@'))).toEqual([]);
		const nodes = steps.filter(({ uses }) => uses?.startsWith('actions/setup-node@'));
		expect(nodes.filter((step) => step.with?.['package-manager-cache'] !== false)).toEqual([]);
	});
});

describe('The form for bugs', () => {
	interface Field {
		id?: string;
		type: string;
		attributes: { label?: string; options?: unknown[] };
		validations?: { required?: boolean };
	}
	const { body } = parse(path.join('ISSUE_TEMPLATE', 'bug.yml')) as { body: Field[] };

	it('insists on what is needed to find a cause', () => {
		const required = body.filter(({ validations }) => validations?.required === true).map(({ id }) => id);
		expect(required).toEqual(
			expect.arrayContaining(['n8n-version', 'package-version', 'host', 'operation', 'happened']),
		);
	});

	it('asks for no key, and says so', () => {
		expect(body.find(({ type }) => type === 'markdown')).toMatchObject({
			attributes: { value: expect.stringContaining('leave out your API key') as unknown },
		});
	});

	it('has fields that GitHub accepts', () => {
		const fields = body.filter(({ type }) => type !== 'markdown');
		const ids = fields.map(({ id }) => id);
		expect(new Set(ids).size).toBe(ids.length);
		for (const { id, type, attributes } of fields) {
			expect(id).toMatch(/^[\w-]+$/);
			expect(['input', 'textarea', 'dropdown', 'checkboxes']).toContain(type);
			expect(attributes.label).toBeTruthy();
			if (type === 'dropdown' || type === 'checkboxes') expect(attributes.options?.length).toBeGreaterThan(1);
			if (type === 'dropdown') expect(attributes.options?.every((one) => typeof one === 'string')).toBe(true);
		}
	});
});
