import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { build, type BuildOptions } from 'esbuild';

const root = path.join(__dirname, '../../..');
const { bundles } = createRequire(__filename)('../../../scripts/lib/bundles.cjs') as { bundles: BuildOptions[] };

/** The packages that are in the built files, at least in part. */
async function bundledPackages(): Promise<string[]> {
	const built = await Promise.all(
		bundles.map(async (options) => await build({ ...options, write: false, metafile: true, logLevel: 'silent' })),
	);
	const inputs = built.flatMap(({ metafile }) =>
		Object.values(metafile?.outputs ?? {}).flatMap(({ inputs: used }) =>
			Object.entries(used).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
		),
	);
	const names = inputs.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
	return [...new Set(names)].sort();
}

function manifestOf(name: string): { version: string; license: string } {
	return JSON.parse(readFileSync(path.join(root, 'node_modules', name, 'package.json'), 'utf8')) as {
		version: string;
		license: string;
	};
}

describe('What is bundled', () => {
	let names: string[] = [];
	beforeAll(async () => {
		names = await bundledPackages();
	});

	it('is these packages and no other', () => {
		expect(names).toEqual(['p-limit', 'yocto-queue', 'zod']);
	});

	it('is under the MIT licence and stands in the notices', () => {
		const notices = readFileSync(path.join(root, 'THIRD-PARTY-NOTICES.md'), 'utf8');
		const headings = [...notices.matchAll(/^## (.+)$/gm)].flatMap(([, heading = '']) => heading.split(', '));
		expect(headings.sort()).toEqual(names);
		for (const name of names) expect([name, manifestOf(name).license]).toEqual([name, 'MIT']);
	});

	it('has the versions that the security review has looked at', () => {
		const review = readFileSync(path.join(root, 'docs/security-review.md'), 'utf8');
		for (const name of names) expect(review).toContain(`| ${name} | ${manifestOf(name).version} |`);
	});
});
