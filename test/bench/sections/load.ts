import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';

import { build, type BuildOptions } from 'esbuild';

import { projectManifest, projectRoot } from '../../support/n8n';
import { median, type Report, type Section } from '../section';

/** Size of the published package, and how long n8n takes to load its nodes. */

const { bundles } = createRequire(__filename)('../../../scripts/lib/bundles.cjs') as { bundles: BuildOptions[] };

const PROCESSES = 15;
const MOST_CODE_BYTES = 150_000;
const LONGEST_LOAD_MS = 15;

const run = promisify(execFile);

interface Packed {
	size: number;
	unpackedSize: number;
	files: Array<{ path: string; size: number }>;
}

interface Times {
	host: number;
	extra: number;
}

export const load: Section = {
	name: 'load',
	title: 'size of the package and time to load it',
	async measure({ step }) {
		const packed = await step('Packing', pack);
		const shares = await step('Looking into the bundle', bundleShares);
		const times = await step(`Loading in ${PROCESSES} fresh processes`, async () => {
			await loadOnce();
			const all: Times[] = [];
			for (let run = 0; run < PROCESSES; run += 1) all.push(await loadOnce());
			return all;
		});
		return report(packed, shares, times);
	},
};

async function pack(): Promise<Packed> {
	const args = ['pack', '--json', '--dry-run', '--ignore-scripts'];
	const npm = process.env.npm_execpath;
	const { stdout } =
		npm !== undefined && /npm-cli\.c?js$/.test(npm)
			? await run(process.execPath, [npm, ...args], { cwd: projectRoot })
			: await run('npm', args, { cwd: projectRoot, shell: process.platform === 'win32' });
	const [packed] = JSON.parse(stdout) as Packed[];
	if (packed === undefined) throw new Error('npm pack told nothing');
	return packed;
}

/** Where the bytes of the bundles come from, in percent. */
async function bundleShares(): Promise<Array<{ origin: string; percent: number }>> {
	const metafiles = await Promise.all(
		bundles.map(async (options) => (await build({ ...options, metafile: true, write: false })).metafile),
	);
	const bytes = new Map<string, number>();
	for (const output of metafiles.flatMap(({ outputs }) => Object.values(outputs))) {
		for (const [file, { bytesInOutput }] of Object.entries(output.inputs)) {
			const origin = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? 'its own code';
			bytes.set(origin, (bytes.get(origin) ?? 0) + bytesInOutput);
		}
	}
	const total = [...bytes.values()].reduce((sum, size) => sum + size, 0);
	return [...bytes]
		.sort(([, one], [, other]) => other - one)
		.map(([origin, size]) => ({ origin, percent: (size / total) * 100 }));
}

/** Loads every file that n8n would load, and makes what it would make of it, after n8n-workflow is there. */
async function loadOnce(): Promise<Times> {
	const { nodes, credentials } = projectManifest().n8n;
	const files = [...nodes, ...credentials].map((file) => path.join(projectRoot, file));
	const program = `
		const began = performance.now();
		require('n8n-workflow');
		const loaded = performance.now();
		for (const file of ${JSON.stringify(files)}) {
			for (const Type of Object.values(require(file))) if (typeof Type === 'function') new Type();
		}
		console.log(JSON.stringify({ host: loaded - began, extra: performance.now() - loaded }));`;
	const { stdout } = await run(process.execPath, ['-e', program], { cwd: projectRoot });
	return JSON.parse(stdout) as Times;
}

function report(packed: Packed, shares: Array<{ origin: string; percent: number }>, times: Times[]): Report {
	const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} KB`;
	const sizes = packed.files.filter(({ path: file }) => file.endsWith('.js')).map(({ size }) => size);
	const code = sizes.reduce((sum, size) => sum + size, 0);
	const extra = median(times.map((time) => time.extra));
	const host = median(times.map((time) => time.host));
	return {
		how: [
			'Sizes by `npm pack`, shares by esbuild. Time to load all nodes and credentials of the build and to make an instance',
			`of each, in a process that has loaded n8n-workflow and nothing else; median of ${PROCESSES} fresh processes.`,
		].join('\n'),
		tables: [
			{
				head: ['package', ''],
				rows: [
					['tarball', kilobytes(packed.size)],
					['unpacked', kilobytes(packed.unpackedSize)],
					['code unpacked', kilobytes(code)],
					...shares.slice(0, 4).map(({ origin, percent }) => [`  ${origin}`, `${percent.toFixed(0)} %`]),
					['extra time to load', `${extra.toFixed(1)} ms`],
					['n8n-workflow alone', `${host.toFixed(0)} ms`],
				],
			},
		],
		aims: [
			{
				aim: `under ${MOST_CODE_BYTES / 1000} KB of code`,
				found: kilobytes(code),
				met: code < MOST_CODE_BYTES,
			},
			{
				aim: `under ${LONGEST_LOAD_MS} ms more to load`,
				found: `${extra.toFixed(1)} ms`,
				met: extra < LONGEST_LOAD_MS,
			},
		],
	};
}
