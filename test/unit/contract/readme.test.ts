import { readFileSync } from 'node:fs';
import path from 'node:path';

import { operations } from '../../../nodes/Runway/operations/index';

const root = path.join(__dirname, '../../..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

describe('The README', () => {
	it.each(operations.map(({ name, value }) => [name, value]))('has a row for %s', (name, value) => {
		expect(readme).toContain(`| **${name}** (\`${value}\`) |`);
	});

	it('names no operation that does not exist', () => {
		const named = [...readme.matchAll(/^\| \*\*[^*]+\*\* \(`(\w+)`\)/gm)].map(([, value]) => value);
		expect(named.sort()).toEqual(operations.map(({ value }) => value).sort());
	});

	it('links to files that exist', () => {
		const links = [...readme.matchAll(/\]\(((?!https?:|#)[^)]+)\)/g)].map(([, link]) => link ?? '');
		for (const link of links) expect(() => readFileSync(path.join(root, link))).not.toThrow();
	});
});
