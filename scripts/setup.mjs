/*
 * Installs and builds what `npm start` and `npm test` need, and does nothing where that is up to date.
 *
 *   node scripts/setup.mjs
 */
import { tooOldSentence } from './lib/nodeVersion.mjs';

const tooOld = tooOldSentence(process.version);
if (tooOld) {
	console.error(tooOld);
	process.exitCode = 1;
} else {
	setUp();
}

async function setUp() {
	const { runScript } = await import('./lib/entry.mjs');
	const { ensureBuilt, ensureN8n, ensureRegistry, ensureTools } = await import('./lib/setup.mjs');
	await runScript(async () => {
		await ensureTools();
		await ensureBuilt();
		await ensureN8n();
		await ensureRegistry();
		console.log('Everything is installed and built.');
		return 0;
	});
}
