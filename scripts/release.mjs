/*
 * What a release needs to be consistent. Uses nothing but Node.js, so that it runs before anything is installed.
 *
 *   npm run release:check            whether package.json, package-lock.json and CHANGELOG.md are ready for a tag
 *   npm run release:check -- v1.2.3  and whether that is the tag
 *   npm run release:notes            the section of CHANGELOG.md about the version of package.json
 */
import { readFileSync } from 'node:fs';

const [command, tag] = process.argv.slice(2);
const manifest = readJson('package.json');
const { version } = manifest;
const sections = sectionsOf(readFileSync('CHANGELOG.md', 'utf8'));

if (command === 'notes') {
	const section = sections.get(version);
	if (section === undefined) fail([`CHANGELOG.md has no section about ${version}.`]);
	else console.log(section.text);
} else {
	const found = faults();
	if (found.length > 0) fail(found);
	else console.log(`${version} can be released: push the tag v${version}.`);
}

function faults() {
	const lock = readJson('package-lock.json');
	const section = sections.get(version);
	const checks = [
		[
			tag === undefined || tag === `v${version}`,
			`The tag is ${tag}, and package.json says ${version}: the tag must be v${version}.`,
		],
		[
			lock.version === version && lock.packages?.['']?.version === version,
			`package-lock.json says another version than package.json: run \`npm install --package-lock-only\`.`,
		],
		[section !== undefined, `CHANGELOG.md has no section "## [${version}] - <date>".`],
		[
			section === undefined || isDate(section.date),
			`The section about ${version} in CHANGELOG.md needs its date, as in "## [${version}] - 2026-01-31".`,
		],
		[section === undefined || section.text !== '', `The section about ${version} in CHANGELOG.md is empty.`],
		[
			(sections.get('Unreleased')?.text ?? '') === '',
			`CHANGELOG.md still has entries under "Unreleased": move them to ${version}.`,
		],
		[
			!/\.(example|invalid|test)$/.test(manifest.author?.email ?? ''),
			`The author's e-mail address in package.json is a placeholder: name one that is read. n8n's verification requires one.`,
		],
	];
	return checks.filter(([good]) => !good).map(([, sentence]) => sentence);
}

/** The sections of a changelog by version: what stands in each, and its date. */
function sectionsOf(changelog) {
	const parts = changelog.split(/^## +/m).slice(1);
	return new Map(
		parts.map((part) => {
			const end = part.search(/\n|$/);
			const [, name = '', date = ''] = /^\[?([^\]\s]+)\]?(?:\s+-\s+(\S+))?/.exec(part.slice(0, end)) ?? [];
			return [name, { date, text: withoutLinks(part.slice(end)).trim() }];
		}),
	);
}

/** The definitions of links stand at the end of the file, and belong to no section. */
function withoutLinks(text) {
	return text.replace(/^\[[^\]]+\]:.*$/gm, '');
}

function isDate(text) {
	return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
}

function readJson(file) {
	return JSON.parse(readFileSync(file, 'utf8'));
}

function fail(sentences) {
	for (const sentence of sentences) console.error(sentence);
	process.exitCode = 1;
}
