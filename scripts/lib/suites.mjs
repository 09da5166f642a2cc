import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

import { childEnvironment, runNpmScript } from './npm.mjs';
import { Absent, Problem } from './problem.mjs';
import { showProgram } from './program.mjs';
import { cache, root } from './project.mjs';

/** A suite that hangs fails after this long, so that the others still run and the summary comes. */
const SUITE_TIMEOUT_MS = 30 * 60_000;

/** What a suite came to. */
/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

/** A suite that is one check, made by a script of package.json. It says nothing until it is through. */
export function npmScript(script) {
	return async () => {
		const { code, output } = await runNpmScript(script, root);
		if (output.trim() !== '') console.log(output.trimEnd());
		return tallyOf(code === 0);
	};
}

/** Options that let test files of a jest project run side by side: as many as jest thinks right, which keeps a core free, but no fewer. */
export function sideBySide(least, cores = availableParallelism()) {
	return ['--maxWorkers', String(Math.max(least, cores - 1))];
}

/**
 * A suite that is a jest project, each of whose tests counts.
 *
 * @param {string} project
 * @param {{ log?: string, env?: Record<string, string>, options?: string[] }} more the name of its report, more
 *   environment variables, and further options for jest
 */
export function jestProject(project, { log = project, env = {}, options = [] } = {}) {
	return async () => {
		const report = path.join(cache, `jest-${log}.json`);
		rmSync(report, { force: true });
		const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
		const args = ['--config', 'test/jest.config.mjs', '--selectProjects', project, '--passWithNoTests', ...options];
		const code = await showProgram(process.execPath, [jest, ...args, '--json', '--outputFile', report], {
			cwd: root,
			env: childEnvironment(env),
			timeoutMs: SUITE_TIMEOUT_MS,
		});
		if (code === null) console.error(`The suite ${project} was ended before it was through.`);
		return readReport(report, code);
	};
}

/** Adds tallies up. */
export function total(tallies) {
	return tallies.reduce(
		(sum, { passed, failed, skipped }) => ({
			passed: sum.passed + passed,
			failed: sum.failed + failed,
			skipped: sum.skipped + skipped,
		}),
		{ passed: 0, failed: 0, skipped: 0 },
	);
}

/** The tally of a single check. */
export function tallyOf(good) {
	return good ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/**
 * Runs a suite after what it needs. What can't even start counts as one failure, and the next suite still runs.
 *
 * @param {boolean} isRequired whether what this machine lacks is a failure, too, and not a reason to leave the suite out
 */
export async function runSuite(suite, isRequired) {
	try {
		for (const need of suite.needs) await need();
		return await suite.run();
	} catch (error) {
		if (!(error instanceof Problem)) throw error;
		if (error.details !== '') console.error(error.details);
		console.error(error.message);
		if (!(error instanceof Absent) || isRequired) return tallyOf(false);
		console.error(`The suite ${suite.name} is left out.`);
		return { passed: 0, failed: 0, skipped: 1 };
	}
}

function readReport(file, code) {
	if (!existsSync(file)) return tallyOf(false);
	const report = JSON.parse(readFileSync(file, 'utf8'));
	const skipped = report.numPendingTests + report.numTodoTests;
	// A test file that doesn't load has no tests to count, so the file itself counts.
	const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
	return { passed: report.numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed, skipped };
}
