const { spawnSync } = require('node:child_process');
const { rmSync } = require('node:fs');
const path = require('node:path');
const esbuild = require('esbuild');
const { dest, parallel, series, src } = require('gulp');

const { bundles, OUT } = require('./scripts/lib/bundles.cjs');
const { writeSchemas } = require('./scripts/lib/schemas.cjs');

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

async function bundle() {
	await Promise.all(bundles.map(async (options) => await esbuild.build(options)));
}

/** Icons and codex files, beside the nodes that they belong to. */
function copyAssets() {
	return src(['nodes/**/*.{svg,png}', 'nodes/**/*.node.json', 'credentials/**/*.{svg,png}'], {
		base: '.',
		encoding: false,
		allowEmpty: true,
	}).pipe(dest(OUT));
}

async function describeOutputs() {
	writeSchemas();
}

exports.clean = clean;
exports.build = series(clean, checkTypes, parallel(bundle, copyAssets), describeOutputs);
exports.default = exports.build;
