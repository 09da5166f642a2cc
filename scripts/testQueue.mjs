/*
 * `npm run test:queue`: sets up what is missing, runs what is special to queue mode and then the end-to-end suite in an n8n
 * in queue mode, and ends with one line `N passed, N failed`. With `-- --smoke`, only the tests of the end-to-end suite
 * run that say most in little time; with `-- queue` or `-- e2e`, only the first or the second of the two.
 */
import { tooOldSentence } from './lib/nodeVersion.mjs';

const tooOld = tooOldSentence(process.version);
if (tooOld) {
	console.error(tooOld);
	process.exitCode = 1;
} else {
	start(process.argv.slice(2));
}

async function start(args) {
	const { runScript } = await import('./lib/entry.mjs');
	await runScript(async () => await run(args));
}

async function run(args) {
	const { smokeTests } = await import('./lib/hosts.mjs');
	const { Problem } = await import('./lib/problem.mjs');
	const { ensureQueueServices } = await import('./lib/queueServices.mjs');
	const { ensureBuilt, ensureN8n, ensureTools } = await import('./lib/setup.mjs');
	const { jestProject, runSuite, total } = await import('./lib/suites.mjs');

	/** End-to-end tests that start an n8n of their own, which is in regular mode. */
	const inRegularMode = ['communityInstall', 'host', 'killed', 'registerKilled', 'secrets'];
	const leaveOut = ['--testPathIgnorePatterns', `e2e/(${inRegularMode.join('|')})\\.test`];
	const suites = [
		// One file after the other: each has an n8n of four processes.
		{ name: 'queue', run: jestProject('queue', { options: ['--runInBand'] }) },
		{
			name: 'e2e',
			run: jestProject('e2e', {
				log: 'e2e-queue',
				env: { N8N_HOST_MODE: 'queue' },
				options: args.includes('--smoke') ? ['--runTestsByPath', ...smokeTests] : leaveOut,
			}),
		},
	];

	const chosen = args.filter((arg) => arg !== '--smoke');
	const stranger = chosen.find((arg) => !suites.some(({ name }) => name === arg));
	if (stranger !== undefined) throw new Problem(`There is no ${stranger} here, only queue, e2e and --smoke.`);

	const results = [];
	for (const { name, run: runTests } of suites) {
		if (chosen.length > 0 && !chosen.includes(name)) continue;
		console.log(`\n== ${name}, in queue mode`);
		const needs = [ensureTools, ensureBuilt, ensureN8n, ensureQueueServices];
		results.push(await runSuite({ name, needs, run: runTests }));
	}
	const { passed, failed, skipped } = total(results);
	if (skipped > 0) {
		console.log(`${skipped} skipped: n8n does otherwise in queue mode, or a test of the suite queue stands in`);
	}
	console.log(`${passed} passed, ${failed} failed`);
	return failed === 0 ? 0 : 1;
}
