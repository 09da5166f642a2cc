/*
 * `npm run test:live`: holds CometAPI's own answers against those of the stand-in. It buys, after a yes to it. See
 * `npm run test:live -- --help`.
 */
import { tooOldSentence } from './lib/nodeVersion.mjs';

const usage = `Usage: npm run test:live -- [options]

Buys one task for each route of CometAPI with the key in COMETAPI_KEY, the cheapest that the documentation allows, and
shows where CometAPI's answers have another shape than those of the stand-in that the tests use. With the account's
access token in COMETAPI_ACCESS_TOKEN (and its number in COMETAPI_USER_ID, if CometAPI asks for it), it also lists the
account's tasks, which is free.

  --yes                  buy without asking
  --only <names>         only these operations, such as image.generate,video.upscale, and what they need as input
  --callback-url <url>   where CometAPI reports to, for the routes that require it (default: an address that nobody has)
  --dry-run              a second stand-in with other envelopes in place of CometAPI: needs no key and buys nothing
  --help                 this text

It ends with 0 where nothing differs, with 1 where something does or a task failed, with 2 without a key.`;

const NO_KEY = 2;
const API_URL = 'https://api.cometapi.com';

const tooOld = tooOldSentence(process.version);
if (tooOld) {
	console.error(tooOld);
	process.exitCode = 1;
} else {
	start(process.argv.slice(2));
}

async function start(args) {
	const { runScript } = await import('./lib/entry.mjs');
	await runScript(async (onStop) => await run(args, onStop));
}

async function run(args, onStop) {
	const { Problem } = await import('./lib/problem.mjs');
	const { cache, shown } = await import('./lib/project.mjs');
	const { fromEnvironment, keyFromEnvironment } = await import('./lib/purchase.mjs');
	const { ensureTools } = await import('./lib/setup.mjs');

	const options = await readOptions(args, Problem);
	if (options.help) {
		console.log(usage);
		return 0;
	}
	const key = keyFromEnvironment();
	if (key === undefined && !options['dry-run']) {
		console.log(
			'This needs a CometAPI key in the environment variable COMETAPI_KEY, because it asks CometAPI itself.\n' +
				'Nothing was bought. `npm run test:live -- --dry-run` shows without a key what it does.',
		);
		return NO_KEY;
	}
	await ensureTools();
	const live = await loadTypeScript('../test/live/index.ts');
	const names = (options.only ?? '').split(',').filter(Boolean);
	const strangers = names.filter((name) => !live.purchases.some((purchase) => purchase.name === name));
	if (strangers.length > 0) throw new Problem(`There is no operation ${strangers.join(', ')}.\n\n${usage}`);
	const purchases = live.choose(names);
	if (!options['dry-run']) await agree(purchases, options.yes);

	const stopping = new AbortController();
	const other = options['dry-run'] ? await live.startOtherStandIn() : undefined;
	let ended;
	onStop(async () => {
		console.log('Stopping: what was created goes on at CometAPI, and its IDs follow.');
		stopping.abort();
		await ended;
		return 1;
	});
	const target = {
		apiKey: other?.apiKey ?? key,
		baseUrl: other?.url ?? API_URL,
		accessToken: other?.accessToken ?? fromEnvironment('COMETAPI_ACCESS_TOKEN'),
		userId: other === undefined ? fromEnvironment('COMETAPI_USER_ID') : undefined,
		callbackUrl: options['callback-url'] ?? live.NOWHERE,
		pollInterval: other === undefined ? 0 : 1,
	};
	console.log(`Asking ${target.baseUrl} and the stand-in. Renders take minutes.`);
	ended = live.checkAgainst(target, purchases, (line) => console.log(line), stopping.signal);
	const result = await ended.finally(async () => await other?.close());
	console.log(`\n${live.report(result)}\n`);
	console.log(`All answers, without keys and signatures: ${shown(await save(cache, result))}`);
	const { length } = result.differences;
	console.log(`${length} differences; ${result.failures.length} of ${purchases.length} tasks did not end well.`);
	return length + result.failures.length === 0 ? 0 : 1;
}

async function readOptions(args, Problem) {
	const { parseArgs } = await import('node:util');
	const flag = { type: 'boolean', default: false };
	const text = { type: 'string' };
	try {
		const options = { yes: flag, 'dry-run': flag, help: flag, only: text, 'callback-url': text };
		return parseArgs({ args, options }).values;
	} catch (error) {
		throw new Problem(`${error.message.split('.')[0]}.\n\n${usage}`);
	}
}

async function agree(purchases, yes) {
	const { agreeTo, PRICES } = await import('./lib/purchase.mjs');
	const width = Math.max(...purchases.map(({ name }) => name.length));
	const lines = purchases.map(({ name, what, price }) => {
		const cost = price === null ? 'price not documented' : `about ${price.toFixed(2)} USD`;
		return `  ${name.padEnd(width)}  ${what}: ${cost}`;
	});
	await agreeTo(
		`This buys ${purchases.length} tasks from CometAPI with your key:\n${lines.join('\n')}\n` +
			`Where no price is named, it is on ${PRICES}. A task that fails may be billed as well.`,
		{ yes },
	);
}

async function save(cache, { expected, found, differences }) {
	const { mkdirSync, writeFileSync } = await import('node:fs');
	const { default: path } = await import('node:path');
	const file = path.join(cache, 'live', 'answers.json');
	mkdirSync(path.dirname(file), { recursive: true });
	writeFileSync(file, `${JSON.stringify({ differences, expected, found }, null, 2)}\n`);
	return file;
}

async function loadTypeScript(file) {
	const { createRequire } = await import('node:module');
	const { register } = await import('tsx/cjs/api');
	register();
	const require = createRequire(import.meta.url);
	// A node's description for n8n's panel has the same name as the node, but for its ending: .ts comes first.
	const json = require.extensions['.json'];
	delete require.extensions['.json'];
	require.extensions['.json'] = json;
	return require(file);
}
