import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** The helpers behind `npm run test:hosts`. They are ES modules, which a Node.js of its own loads. */

const lib = path.join(__dirname, '../../../scripts/lib');

/** What an expression comes to that uses a module of the scripts as `lib`, or the message of what it throws. */
function evaluate(module: string, expression: string): unknown {
	const url = pathToFileURL(path.join(lib, module)).href;
	const program = `
		const lib = await import(${JSON.stringify(url)});
		let result;
		try { result = ${expression}; } catch (error) { result = error.message; }
		console.log(JSON.stringify(result));`;
	return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }));
}

const known =
	"[{ version: '1.9.3', folder: 'a' }, { version: '1.10.1', folder: 'b' }, { version: '2.0.0', folder: 'c' }]";

describe('The tests on several versions of n8n', () => {
	it('know at least the oldest n8n that is supported, the last n8n 1 and the newest, in this order', () => {
		const versions = (evaluate('hosts.mjs', 'lib.hosts()') as Array<{ version: string }>).map(({ version }) => version);
		expect(versions).toEqual(expect.arrayContaining(['1.115.4', expect.stringMatching(/^1\.123\./)]));
		expect(versions.at(0)).toBe('1.115.4');
		expect(versions.at(-1)).toMatch(/^2\./);
	});

	it('run on all of them in full if nothing else is asked for', () => {
		expect(evaluate('hosts.mjs', `lib.chooseHosts([], ${known})`)).toEqual({
			chosen: [
				{ version: '1.9.3', folder: 'a' },
				{ version: '1.10.1', folder: 'b' },
				{ version: '2.0.0', folder: 'c' },
			],
			smoke: false,
		});
	});

	it('run on the versions that are named, in full or as a selection', () => {
		expect(evaluate('hosts.mjs', `lib.chooseHosts(['2.0.0', '--smoke', '1.9.3'], ${known})`)).toEqual({
			chosen: [
				{ version: '1.9.3', folder: 'a' },
				{ version: '2.0.0', folder: 'c' },
			],
			smoke: true,
		});
	});

	it.each([
		['a version that is not there', '1.9', 'There is no n8n 1.9 here.'],
		['an option that does not exist', '--fast', 'There is no option --fast here.'],
	])('refuse %s, and say what there is', (_what, argument, words) => {
		const said = evaluate('hosts.mjs', `lib.chooseHosts(['1.9.3', ${JSON.stringify(argument)}], ${known})`);
		expect(said).toContain(words);
		expect(said).toContain('1.9.3, 1.10.1, 2.0.0');
	});

	it('end with a table, one line for each n8n', () => {
		const rows = `[
			{ version: '1.9.3', node: '20.20.2', passed: 9, failed: 0, skipped: 12, minutes: 0.44 },
			{ version: '2.0.0', node: 'none', passed: 0, failed: 1, skipped: 0, minutes: 12 },
		]`;
		expect(evaluate('hosts.mjs', `lib.asTable(${rows})`)).toBe(
			[
				'n8n    Node.js  passed  failed  skipped  minutes',
				'1.9.3  20.20.2       9       0       12      0.4',
				'2.0.0  none          0       1        0     12.0',
			].join('\n'),
		);
	});
});

describe('The Node.js that an n8n runs on', () => {
	it.each([
		['>=20.19 <23', { oldest: 20, newest: 22 }],
		['>=24 <25', { oldest: 24, newest: 24 }],
		// JSON has no infinity.
		['>=24', { oldest: 24, newest: null }],
	])('is one of the range %s', (range, majors) => {
		expect(evaluate('n8nRuntime.mjs', `lib.majorsOf(${JSON.stringify(range)})`)).toEqual(majors);
	});
});

describe('Test files of a suite', () => {
	it.each([
		['as many as the suite wants on one core', 1, '3'],
		['as many as the suite wants on two cores', 2, '3'],
		['on all cores but one of a larger machine', 8, '7'],
	])('run side by side, %s', (_what, cores, workers) => {
		expect(evaluate('suites.mjs', `lib.sideBySide(3, ${cores})`)).toEqual(['--maxWorkers', workers]);
	});
});
