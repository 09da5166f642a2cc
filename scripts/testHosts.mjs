/*
 * `npm run test:hosts`: the end-to-end suite on every version of n8n that it is held against, one after the other. Sets
 * up what is missing, shows a table and ends with one line `N passed, N failed`. See `npm run test:hosts -- --help`.
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
	const { asTable, chooseHosts, hosts, smokeTests, usage } = await import('./lib/hosts.mjs');
	const { ensureBuilt, ensureN8n, ensureRegistry, ensureTools } = await import('./lib/setup.mjs');
	const { findNode, versionOf } = await import('./lib/n8nRuntime.mjs');
	const { jestProject, runSuite, sideBySide, total } = await import('./lib/suites.mjs');

	const known = hosts();
	if (args.includes('--help')) {
		console.log(usage(known));
		return 0;
	}
	const { chosen, smoke } = chooseHosts(args, known);
	await ensureTools();
	await ensureBuilt();
	await ensureRegistry();

	const rows = [];
	for (const { version, folder } of chosen) {
		console.log(`\n== n8n ${version}`);
		const suite = jestProject('e2e', {
			log: `e2e-${version}`,
			env: { N8N_HOST_VERSION: version },
			options: [...sideBySide(2), ...(smoke ? ['--runTestsByPath', ...smokeTests] : [])],
		});
		let started = Date.now();
		let node = 'none';
		const setUp = async () => {
			await ensureN8n(folder);
			// Updates lead to the newest one.
			if (!smoke) await ensureN8n();
			node = versionOf(findNode(folder));
			started = Date.now();
		};
		const tally = await runSuite({ needs: [setUp], run: suite });
		rows.push({ version, node, ...tally, minutes: (Date.now() - started) / 60_000 });
	}
	console.log(`\n${asTable(rows)}\n`);
	const { passed, failed } = total(rows);
	console.log(`${passed} passed, ${failed} failed`);
	return failed === 0 ? 0 : 1;
}
