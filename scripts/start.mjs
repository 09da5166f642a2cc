/*
 * `npm start`: from a fresh clone to a finished video in a running n8n. See `npm start -- --help`.
 *
 * Until the tools are installed, only what Node.js brings along can be used; the rest is TypeScript in start/.
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
	const { report, runScript } = await import('./lib/entry.mjs');
	await runScript(async (onStop) => {
		try {
			return await run(args, onStop);
		} catch (error) {
			report(error);
			if (args.includes('--once')) console.log(JSON.stringify({ status: 'failed', error: error.message }));
			return 1;
		}
	});
}

async function run(args, onStop) {
	const { readStartOptions, usage } = await import('./lib/startOptions.mjs');
	const { agreeToPurchase } = await import('./lib/purchase.mjs');
	const { Problem } = await import('./lib/problem.mjs');
	const { step } = await import('./lib/progress.mjs');
	const { ensureBuilt, ensureN8n, ensureTools } = await import('./lib/setup.mjs');

	const options = readStartOptions(args);
	if (options.help) {
		console.log(usage);
		return 0;
	}
	const liveKey = options.live ? await agreeToPurchase(options) : undefined;
	await ensureTools();
	const { FirstVideo, StartError } = await loadTypeScript('./start/index.ts');
	const first = new FirstVideo({ port: options.port, fresh: options.fresh, liveKey, step, say: console.log });
	onStop(() => first.close());
	try {
		await first.check();
		await ensureBuilt();
		await ensureN8n();
		const video = await first.make();
		if (options.once) {
			await first.close();
			console.log(JSON.stringify({ status: 'succeeded', ...video }));
			return 0;
		}
		first.printGuide(video);
		return await first.untilClosed();
	} catch (error) {
		await first.close();
		throw error instanceof StartError ? new Problem(error.message, error.details) : error;
	}
}

async function loadTypeScript(file) {
	const { createRequire } = await import('node:module');
	const { register } = await import('tsx/cjs/api');
	register();
	return createRequire(import.meta.url)(file);
}
