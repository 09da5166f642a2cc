/*
 * `npm run test:queue`: sets up what is missing, runs the node in an n8n in queue mode, and ends with one line
 * `N passed, N failed`.
 */
import { tooOldSentence } from './lib/nodeVersion.mjs';

const tooOld = tooOldSentence(process.version);
if (tooOld) {
	console.error(tooOld);
	process.exitCode = 1;
} else {
	test();
}

async function test() {
	const { runScript } = await import('./lib/entry.mjs');
	const { ensureQueueServices } = await import('./lib/queueServices.mjs');
	const { ensureBuilt, ensureN8n, ensureTools } = await import('./lib/setup.mjs');
	const { jestProject, runSuite } = await import('./lib/suites.mjs');

	await runScript(async () => {
		// One file after the other: each has an n8n of four processes.
		const run = jestProject('queue', { options: ['--runInBand'] });
		const needs = [ensureTools, ensureBuilt, ensureN8n, ensureQueueServices];
		const { passed, failed } = await runSuite({ name: 'queue', needs, run });
		console.log(`${passed} passed, ${failed} failed`);
		return failed === 0 ? 0 : 1;
	});
}
