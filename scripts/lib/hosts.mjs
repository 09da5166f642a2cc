import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { Problem } from './problem.mjs';
import { e2e, olderHosts } from './project.mjs';

/** A version of n8n that the package is held against, and the folder that it is installed in. */
/** @typedef {{ version: string, folder: string }} Host */

/** How the suite went on one n8n. */
/** @typedef {{ version: string, node: string, passed: number, failed: number, skipped: number, minutes: number }} Row */

/** The end-to-end tests that say most about a version of n8n in little time. */
export const smokeTests = ['credential', 'examples', 'paid', 'suspend'].map((name) => `test/e2e/${name}.test.ts`);

/**
 * Every n8n that the package is held against, the oldest first.
 *
 * @returns {Host[]}
 */
export function hosts() {
	const older = readdirSync(olderHosts).map((name) => path.join(olderHosts, name));
	return [...older, e2e]
		.filter((folder) => existsSync(path.join(folder, 'package.json')))
		.map((folder) => {
			const { dependencies } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
			return { version: dependencies.n8n, folder };
		})
		.sort((one, other) => one.version.localeCompare(other.version, 'en', { numeric: true }));
}

/**
 * What the arguments of `npm run test:hosts` ask for.
 *
 * @param {string[]} args versions and options
 * @param {Host[]} known
 * @returns {{ chosen: Host[], smoke: boolean }}
 * @throws {Problem} for an argument that nobody knows
 */
export function chooseHosts(args, known) {
	const versions = args.filter((arg) => arg !== '--smoke');
	const strangers = versions.filter((arg) => !known.some(({ version }) => version === arg));
	if (strangers.length > 0) {
		const kind = strangers[0].startsWith('-') ? 'option' : 'n8n';
		throw new Problem(`There is no ${kind} ${strangers[0]} here.\n\n${usage(known)}`);
	}
	const chosen = known.filter(({ version }) => versions.length === 0 || versions.includes(version));
	return { chosen, smoke: args.includes('--smoke') };
}

/** How `npm run test:hosts` is used. */
export function usage(known) {
	return `Usage: npm run test:hosts -- [versions] [--smoke]

Versions of n8n (all of them by default):
  ${known.map(({ version }) => version).join(', ')}

Options:
  --smoke   only ${smokeTests.map((file) => path.basename(file, '.test.ts')).join(', ')}
  --help    this text`;
}

/**
 * The results as a table, one line for each n8n.
 *
 * @param {Row[]} rows
 */
export function asTable(rows) {
	const head = ['n8n', 'Node.js', 'passed', 'failed', 'skipped', 'minutes'];
	const lines = rows.map(({ version, node, passed, failed, skipped, minutes }) =>
		[version, node, passed, failed, skipped, minutes.toFixed(1)].map(String),
	);
	const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column].length)));
	const pad = (text, column) => (column < 2 ? text.padEnd(widths[column]) : text.padStart(widths[column]));
	return [head, ...lines].map((line) => line.map(pad).join('  ')).join('\n');
}
