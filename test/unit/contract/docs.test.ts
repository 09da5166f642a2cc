import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import { operations } from '../../../nodes/Runway/operations/index';
import { markdownFiles, pageOf, pages } from '../../../scripts/docs/pages';

const root = path.join(__dirname, '../../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const MAX_IMAGE_BYTES = 80_000;

/** What GitHub makes of a heading to link to. */
function anchor(heading: string): string {
	return heading
		.toLowerCase()
		.replace(/[^\p{L}\p{N}\s_-]/gu, '')
		.replaceAll(' ', '-');
}
const anchorsOf = (file: string) => [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading ?? ''));

describe('The documentation', () => {
	it.each(pages().map(({ file, present, wanted }) => [file, present, wanted]))(
		'says the same as the panel in %s; if not, `npm run docs` mends it',
		(_, present, wanted) => {
			expect(present).toBe(wanted);
		},
	);

	it.each(operations.map((operation) => [`${operation.resource}.${operation.value}`, operation] as const))(
		'has a page about %s with its name, cost, errors, example and a small picture',
		(_, operation) => {
			const page = read(pageOf(operation));
			expect(page.split('\n')[0]).toContain(operation.name);
			for (const heading of ['When to use it', 'Fields', 'What comes out', 'What it costs', 'What can go wrong']) {
				expect(page).toContain(`\n## ${heading}\n`);
			}
			expect(page).toMatch(/\n## Example\n\n\[.+\]\(..\/..\/examples\/.+\.json\)/);
			const [, image = ''] = /<img src="([^"]+)"/.exec(page) ?? [];
			const file = path.join(root, 'docs/operations', image);
			expect(path.basename(image)).toBe(`${operation.value}.png`);
			expect(statSync(file).size).toBeLessThan(MAX_IMAGE_BYTES);
		},
	);

	it('links its pages to examples that have the very operation', () => {
		for (const operation of operations) {
			const [, example = ''] = /\(\.\.\/\.\.\/(examples\/[^)]+\.json)\)/.exec(read(pageOf(operation))) ?? [];
			expect(read(example)).toContain(`"operation": "${operation.value}"`);
		}
	});

	it.each([...markdownFiles(), 'README.md', 'CONTRIBUTING.md', 'examples/README.md'])(
		'has no dead link in %s',
		(file) => {
			const links = [...read(file).matchAll(/\]\(((?!https?:)[^)\s]+)\)|<img src="([^"]+)"/g)];
			for (const [, link, image] of links) {
				const [target = '', heading] = (link ?? image ?? '').split('#');
				const linked = target === '' ? file : path.join(path.dirname(file), target);
				expect([linked, existsSync(path.join(root, linked))]).toEqual([linked, true]);
				if (heading !== undefined)
					expect([linked, anchorsOf(linked)]).toEqual([linked, expect.arrayContaining([heading])]);
			}
		},
	);
});
