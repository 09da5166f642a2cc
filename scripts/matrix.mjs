/*
 * `npm run matrix`: runs every operation against every fault, writes what came of it to docs/fault-matrix.md and prints
 * it. Fails where a cell breaks a rule.
 */
import { tooOldSentence } from './lib/nodeVersion.mjs';

const tooOld = tooOldSentence(process.version);
if (tooOld) {
	console.error(tooOld);
	process.exitCode = 1;
} else {
	start();
}

async function start() {
	const { runScript } = await import('./lib/entry.mjs');
	await runScript(run);
}

async function run() {
	const { readFileSync } = await import('node:fs');
	const path = await import('node:path');
	const { childEnvironment } = await import('./lib/npm.mjs');
	const { showProgram } = await import('./lib/program.mjs');
	const { root } = await import('./lib/project.mjs');
	const { ensureTools } = await import('./lib/setup.mjs');

	await ensureTools();
	console.log('Every operation meets every fault, which takes five to ten minutes.');
	const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
	// One file after the other, since each writes its part of the document.
	const project = ['--config', 'test/jest.config.mjs', '--selectProjects', 'engine'];
	const args = [...project, '--testPathPatterns', 'faultMatrix', '--runInBand'];
	const env = { ...childEnvironment(), WRITE_FAULT_MATRIX: '1' };
	const code = await showProgram(process.execPath, [jest, ...args], { cwd: root, env });
	console.log(readFileSync(path.join(root, 'docs', 'fault-matrix.md'), 'utf8'));
	return code ?? 1;
}
