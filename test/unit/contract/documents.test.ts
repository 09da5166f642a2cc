import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What the documents say about the project, held against the project. */

const root = path.join(__dirname, '../../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const here = (file: string) => existsSync(path.join(root, file));

const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
const documents = [
	...readdirSync(root).filter((file) => file.endsWith('.md')),
	...readdirSync(path.join(root, 'docs')).flatMap((file) => (file.endsWith('.md') ? [`docs/${file}`] : [])),
	'examples/README.md',
	'.github/pull_request_template.md',
];

describe.each(documents)('%s', (document) => {
	const text = read(document);
	const code = [...text.matchAll(/`([^`\n]+)`/g)].map(([, quoted]) => quoted ?? '');

	it('links to files that exist, and to headings that are there', () => {
		const links = [...text.matchAll(/\]\(((?!https?:)[^)\s]+)\)/g)].map(([, link]) => link ?? '');
		const missing = links.filter((link) => {
			const [file = '', heading] = link.split('#');
			const target = file === '' ? document : path.join(path.dirname(document), file);
			return !here(target) || (heading !== undefined && !anchors(read(target)).includes(heading));
		});
		expect(missing).toEqual([]);
	});

	it('names only files that exist', () => {
		const paths = code.filter((quoted) =>
			/^(nodes|credentials|test|scripts|examples|docs|\.github)\/[\w./-]*$/.test(quoted),
		);
		expect(paths.filter((file) => !here(file))).toEqual([]);
	});

	it('names only scripts that exist', () => {
		const named = [...text.matchAll(/\bnpm run (?:-\S+ )*([a-z][\w:]*)/g)].map(([, script]) => script ?? '');
		expect(named.filter((script) => !(script in scripts))).toEqual([]);
	});
});

/** Headings as GitHub makes anchors of them. */
function anchors(text: string): string[] {
	return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
		heading
			.toLowerCase()
			.replace(/[^\w\- ]/g, '')
			.replaceAll(' ', '-'),
	);
}

describe('The map in ARCHITECTURE.md', () => {
	const map = /## Where everything lives\n+```\n([^]+?)```/.exec(read('ARCHITECTURE.md'))?.[1] ?? '';
	const folders: string[] = [];
	const named = map.split('\n').flatMap((line) => {
		const [, indent = '', names] = /^( *)(\S+(?:, \S+)*)(?: {2,}|$)/.exec(line) ?? [];
		if (names === undefined || names.includes('<')) return [];
		const depth = indent.length / 2;
		folders.length = depth;
		folders[depth] = names;
		return names.split(', ').map((name) => path.join(...folders.slice(0, depth), name));
	});

	it('shows what exists', () => {
		expect(named.length).toBeGreaterThan(30);
		expect(named.filter((file) => !here(file))).toEqual([]);
	});

	it('leaves no folder of the nodes out', () => {
		const folderNames = ['nodes', 'nodes/shared'].flatMap((top) =>
			readdirSync(path.join(root, top), { withFileTypes: true })
				.filter((entry) => entry.isDirectory())
				.map((entry) => path.join(top, entry.name)),
		);
		const shown = named.map((file) => path.normalize(file).replace(/[\\/]$/, ''));
		expect(folderNames.filter((folder) => !shown.includes(path.normalize(folder)))).toEqual([]);
	});
});
