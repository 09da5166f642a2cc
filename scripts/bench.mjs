/*
 * `npm run bench`: measures what the package promises and prints each section as a table, then the aims with what was
 * found. See `npm run bench -- --help`.
 */
import { tooOldSentence } from './lib/nodeVersion.mjs';

const usage = `Usage: npm run bench -- [sections] [--long]

Sections (all of them by default):
  cadence     how often and how late tasks are looked at, simulated
  batch       a batch beside n8n's own OpenAI video node, in a real n8n
  memory      growth of memory while a large file downloads
  loop        1,000 tasks in one node: event loop and requests
  executions  200 executions of 10 items at once, in regular mode and in queue mode
  register    what the register of tasks costs: batches and executions without and with it
  polls       what a Runway Trigger asks of n8n, with 10,000 rows in the register
  load        size of the package and time to load it

Options:
  --long    also what takes long: the OpenAI node on every batch, renders of 60 s, a file of 1 GB (about 45 minutes)
  --help    this text`;

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
	const { step } = await import('./lib/progress.mjs');
	const { ensureQueueServices } = await import('./lib/queueServices.mjs');
	const { ensureBuilt, ensureN8n, ensureTools } = await import('./lib/setup.mjs');

	if (args.includes('--help')) {
		console.log(usage);
		return 0;
	}
	const unknown = args.filter((arg) => arg.startsWith('-') && arg !== '--long');
	if (unknown.length > 0) throw new Problem(`There is no option ${unknown.join(', ')}.\n\n${usage}`);
	await ensureTools();
	const { Bench, sections } = await loadTypeScript('../test/bench/index.ts');
	const sectionNames = sections.map(({ name }) => name);
	const chosen = args.filter((arg) => !arg.startsWith('-'));
	const strangers = chosen.filter((name) => !sectionNames.includes(name));
	if (strangers.length > 0) throw new Problem(`There is no section ${strangers.join(', ')}.\n\n${usage}`);

	const bench = new Bench(sections, { long: args.includes('--long'), step, say: console.log });
	onStop(async () => await bench.close());
	const names = chosen.length === 0 ? sectionNames : chosen;
	const inN8n = ['batch', 'executions', 'register', 'polls'].some((name) => names.includes(name));
	if (inN8n || names.includes('load')) await ensureBuilt();
	if (inN8n) await ensureN8n();
	if (names.includes('executions')) await ensureQueueServices();
	return await bench.run(names);
}

async function loadTypeScript(file) {
	const { createRequire } = await import('node:module');
	const { register } = await import('tsx/cjs/api');
	register();
	return createRequire(import.meta.url)(file);
}
