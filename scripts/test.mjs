/*
 * `npm test`: sets up what is missing, runs every suite even if one fails, and ends with one line `N passed, N failed`.
 *
 *   npm test                  all suites, in the order below
 *   npm test -- unit engine   only those
 *   npm test -- --install-all meanwhile installs what `npm run test:queue` and `npm run test:hosts` need, too;
 *                             `--install-all 1.115.4` for this older n8n only
 */
import { tooOldSentence } from './lib/nodeVersion.mjs';

const tooOld = tooOldSentence(process.version);
if (tooOld) {
	console.error(tooOld);
	process.exitCode = 1;
} else {
	test(process.argv.slice(2));
}

async function test(args) {
	const { report, runScript } = await import('./lib/entry.mjs');
	const { runProgram } = await import('./lib/program.mjs');
	const { formatSeconds, step } = await import('./lib/progress.mjs');
	const { root } = await import('./lib/project.mjs');
	const { ensureBuilt, ensureChromium, ensureN8n, ensureRegistry, ensureTools } = await import('./lib/setup.mjs');
	const { jestProject, npmScript, runSuite, sideBySide, total } = await import('./lib/suites.mjs');

	const installAll = args.includes('--install-all');
	const versions = args.filter((arg) => /^\d/.test(arg));
	const chosen = args.filter((arg) => arg !== '--install-all' && !versions.includes(arg));
	const isDue = ({ name }) => chosen.length === 0 || chosen.includes(name);

	/** What takes minutes to install is installed while suites run that don't need it. Not beside lint, which looks there. */
	let installing;
	const installAhead = () => {
		const args = ['scripts/setup.mjs', '--ahead', ...(installAll ? ['--all', ...versions] : [])];
		installing ??= runProgram(process.execPath, args, { cwd: root, log: 'set-up', isModest: true });
	};
	/** The suite that needs what could not be installed tries it once more, and says what is wrong. */
	const installed = async () => {
		if (installing) await step('Installing the rest of what the next tests need', async () => await installing);
	};

	/**
	 * Every suite: what it needs besides the tools, and how it runs. Stages follow one another; the suites of a stage run
	 * at the same time, if they wait more than they compute.
	 */
	const stages = [
		[
			{ name: 'lint', needs: [], run: npmScript('lint') },
			{ name: 'types', needs: [], run: npmScript('typecheck') },
		],
		[
			{
				name: 'unit',
				needs: [ensureBuilt],
				meanwhile: installAhead,
				run: jestProject('unit', { options: sideBySide(2) }),
			},
			{
				name: 'engine',
				needs: [ensureBuilt],
				meanwhile: installAhead,
				run: jestProject('engine', { options: sideBySide(2) }),
			},
		],
		[
			{
				name: 'e2e',
				needs: [installed, ensureBuilt, ensureN8n, ensureRegistry],
				run: jestProject('e2e', { options: sideBySide(2) }),
			},
		],
		// A browser alone keeps two cores busy.
		[{ name: 'browser', needs: [installed, ensureBuilt, ensureN8n, ensureChromium], run: jestProject('browser') }],
	];
	const suites = stages.flat();
	const needsMore = installAll || suites.some((suite) => isDue(suite) && suite.needs.includes(installed));

	await runScript(async () => {
		const unknown = chosen.filter((name) => !suites.some((suite) => suite.name === name));
		if (unknown.length > 0) {
			console.error(`There is no suite ${unknown.join(', ')}; there are ${suites.map(({ name }) => name).join(', ')}.`);
			return 1;
		}
		try {
			await ensureTools();
		} catch (error) {
			report(error);
			console.log('0 passed, 1 failed');
			return 1;
		}
		const results = [];
		for (const stage of stages) {
			const due = stage.filter(isDue);
			if (due.length === 0) continue;
			if (needsMore) due.forEach(({ meanwhile }) => meanwhile?.());
			console.log(`\n== ${due.map(({ name }) => name).join(', ')}`);
			const started = Date.now();
			const once = onceEach();
			const ends = due.map(async (suite) => {
				const isRequired = chosen.includes(suite.name) || Boolean(process.env.CI);
				const tally = await runSuite({ ...suite, needs: suite.needs.map(once) }, isRequired);
				return { name: suite.name, seconds: (Date.now() - started) / 1000, ...tally };
			});
			results.push(...(await Promise.all(ends)));
		}
		console.log('');
		for (const { name, seconds, passed, failed, skipped } of results) {
			const counts = `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;
			console.log(`${name.padEnd(8)} ${counts} in ${formatSeconds(seconds)}`);
		}
		const { passed, failed } = total(results);
		console.log(`${passed} passed, ${failed} failed`);
		return failed === 0 ? 0 : 1;
	});
}

/** Makes functions that several call at a time run once for all of them. */
function onceEach() {
	const running = new Map();
	return (act) => async () => {
		if (!running.has(act)) running.set(act, act());
		return await running.get(act);
	};
}
