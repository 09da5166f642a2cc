/*
 * Installs and builds what `npm start` and `npm test` need, and does nothing where that is up to date.
 *
 *   node scripts/setup.mjs             installs and builds
 *   node scripts/setup.mjs --ahead     only installs, for a build that somebody else makes meanwhile
 *   node scripts/setup.mjs --all       also what the tests in the browser, in queue mode and of older versions of n8n need;
 *                                      `--all 1.115.4` of this version only
 */
import { tooOldSentence } from './lib/nodeVersion.mjs';

const tooOld = tooOldSentence(process.version);
if (tooOld) {
	console.error(tooOld);
	process.exitCode = 1;
} else {
	setUp(process.argv.slice(2));
}

async function setUp(args) {
	const { runScript } = await import('./lib/entry.mjs');
	const { chooseHosts, hosts } = await import('./lib/hosts.mjs');
	const { ensureQueueServices } = await import('./lib/queueServices.mjs');
	const { ensureBuilt, ensureChromium, ensureN8n, ensureRegistry, ensureTools } = await import('./lib/setup.mjs');
	const versions = args.filter((arg) => !arg.startsWith('--'));
	await runScript(async () => {
		await ensureTools();
		if (!args.includes('--ahead')) await ensureBuilt();
		await ensureN8n();
		await ensureRegistry();
		if (args.includes('--all')) {
			await ensureChromium();
			await ensureQueueServices();
			for (const { folder } of chooseHosts(versions, hosts()).chosen) await ensureN8n(folder);
		}
		console.log(`Everything is installed${args.includes('--ahead') ? '' : ' and built'}.`);
		return 0;
	});
}
