import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const script = path.join(__dirname, '../../../scripts/release.mjs');

interface State {
	version?: string;
	locked?: string;
	email?: string;
	changelog?: string;
}

const CHANGELOG = `# Changelog

All notable changes.

## [Unreleased]

## [1.2.3] - 2026-01-31

### Added

- A thing, see [#12].

## [1.2.2] - 2025-12-24

### Fixed

- Another thing.

[#12]: https://example.com/12
`;

/** Runs the script in a folder that is in this state. */
function run(args: string[], state: State = {}): { status: number | null; said: string } {
	const { version = '1.2.3', locked = version, email = 'someone@example.org', changelog = CHANGELOG } = state;
	const folder = mkdtempSync(path.join(tmpdir(), 'release-'));
	try {
		const put = (name: string, content: string) => writeFileSync(path.join(folder, name), content);
		put('package.json', JSON.stringify({ version, author: { email } }));
		put('package-lock.json', JSON.stringify({ version: locked, packages: { '': { version: locked } } }));
		put('CHANGELOG.md', changelog);
		const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
			cwd: folder,
			encoding: 'utf8',
		});
		return { status, said: stdout + stderr };
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

describe('The check before a release', () => {
	it('lets a consistent state pass, with and without its tag', () => {
		expect(run(['check'])).toEqual({ status: 0, said: '1.2.3 can be released: push the tag v1.2.3.\n' });
		expect(run(['check', 'v1.2.3']).status).toBe(0);
	});

	it.each<[string, string[], State, string]>([
		['a tag of another version', ['check', 'v1.2.4'], {}, 'the tag must be v1.2.3'],
		['a tag without its v', ['check', '1.2.3'], {}, 'the tag must be v1.2.3'],
		['a lock file of another version', ['check'], { locked: '1.2.2' }, 'npm install --package-lock-only'],
		['a version that the changelog does not know', ['check'], { version: '2.0.0' }, 'has no section "## [2.0.0]'],
		['a section without a date', ['check'], { changelog: CHANGELOG.replace(' - 2026-01-31', '') }, 'needs its date'],
		[
			'a date that does not exist',
			['check'],
			{ changelog: CHANGELOG.replace('2026-01-31', '2026-13-31') },
			'needs its date',
		],
		[
			'an empty section',
			['check'],
			{ changelog: CHANGELOG.replace('### Added\n\n- A thing, see [#12].\n', '') },
			'is empty',
		],
		[
			'entries that are left under Unreleased',
			['check'],
			{ changelog: CHANGELOG.replace('## [Unreleased]\n', '## [Unreleased]\n\n- New.\n') },
			'move them to 1.2.3',
		],
		['an address that nobody can have', ['check'], { email: 'maintainers@package.example' }, 'is a placeholder'],
	])('stops %s', (_, args, state, sentence) => {
		const { status, said } = run(args, state);
		expect(status).toBe(1);
		expect(said).toContain(sentence);
		expect(said.trim().split('\n')).toHaveLength(1);
	});
});

describe('The notes of a release', () => {
	it('are what the changelog says about the version, and no more', () => {
		expect(run(['notes'])).toEqual({ status: 0, said: '### Added\n\n- A thing, see [#12].\n' });
		expect(run(['notes'], { version: '1.2.2' }).said).toBe('### Fixed\n\n- Another thing.\n');
	});

	it('are refused if the changelog says nothing', () => {
		expect(run(['notes'], { version: '9.9.9' }).status).toBe(1);
	});
});
