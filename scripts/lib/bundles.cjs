const { readdirSync, readFileSync } = require('node:fs');
const path = require('node:path');

const packageJson = require('../../package.json');

const root = path.resolve(__dirname, '..', '..');
const OUT = 'dist';
const SHARED = path.join('nodes', 'shared');

/** Sources of the files that package.json names. */
const entryPoints = [...packageJson.n8n.credentials, ...packageJson.n8n.nodes].map((file) =>
	file.replace(/^dist\//, '').replace(/\.js$/, '.ts'),
);

/** Lets every node load the one file of what the nodes share, which else would be in each of them. */
const loadShared = {
	name: 'load-shared',
	setup(build) {
		build.onResolve({ filter: /\/shared\// }, ({ path: imported, resolveDir }) => {
			const file = path.relative(root, path.resolve(resolveDir, imported));
			return file.startsWith(SHARED) ? { path: '../shared/index.js', external: true } : undefined;
		});
	},
};

const options = {
	absWorkingDir: root,
	outdir: OUT,
	outbase: '.',
	bundle: true,
	platform: 'node',
	format: 'cjs',
	target: 'node20',
	external: ['n8n-workflow'],
	minify: true,
	legalComments: 'none',
	// zod keeps its registry on globalThis, which n8n's gate forbids in the shipped files.
	define: { globalThis: 'zodScope' },
	banner: { js: 'const zodScope = {};' },
	logLevel: 'warning',
};

/** The modules below `nodes/shared`, as the one file that every node loads has them. */
const sharedModules = readdirSync(path.join(root, SHARED), { recursive: true, encoding: 'utf8' })
	.filter((file) => file.endsWith('.ts'))
	.map((file) => file.replace(/\.ts$/, '').split(path.sep).join('/'))
	.sort();

const exported = sharedModules.flatMap((name) => {
	const source = readFileSync(path.join(root, SHARED, `${name}.ts`), 'utf8');
	const declared = [...source.matchAll(/^export (?:async )?(?:function|class|const|let|enum) (\w+)/gm)];
	const passedOn = /^export \{([^}]*)\} from/m.exec(source)?.[1] ?? '';
	return [...declared.map((match) => match[1]), ...(passedOn.match(/\w+(?=\s*(?:,|$))/g) ?? [])];
});
const doubled = exported.filter((name, index) => exported.indexOf(name) !== index);
// Of two exports with one name, the one file would have neither.
if (doubled.length > 0)
	throw new Error(`Several modules of ${SHARED} export ${doubled.join(', ')}; rename all but one.`);

/**
 * What esbuild makes of the sources: one file for each node and credential that package.json names, and one for what the
 * nodes share, with everything but n8n-workflow inside, since verified packages may have no runtime dependencies.
 */
const bundles = [
	{ ...options, entryPoints, plugins: [loadShared] },
	{
		...options,
		outdir: undefined,
		outfile: path.join(OUT, SHARED, 'index.js'),
		stdin: {
			contents: sharedModules.map((name) => `export * from './${name}';`).join('\n'),
			resolveDir: path.join(root, SHARED),
		},
	},
];

module.exports = { bundles, OUT };
