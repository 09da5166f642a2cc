import { fork } from 'node:child_process';
import path from 'node:path';

import { build } from 'esbuild';

import { cacheFolder } from '../support/n8n';

/**
 * Runs a program of the folder programs/ in a process of its own, so that only what it does is measured, and
 * gives what it sent. Where it ends without a word, the reason is the error.
 */
export async function runProgram<Result>(name: string, input: object): Promise<Result> {
	const child = fork(await compile(name), [JSON.stringify(input)], {
		execArgv: ['--expose-gc'],
		stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
	});
	const kill = () => void child.kill('SIGKILL');
	process.once('exit', kill);
	try {
		return await new Promise<Result>((resolve, reject) => {
			let complaint = '';
			child.stderr?.on('data', (text: Buffer) => {
				complaint = `${complaint}${text.toString()}`.slice(-2_000);
			});
			child.once('message', (result) => resolve(result as Result));
			child.once('error', reject);
			child.once('exit', (code, signal) => {
				reject(new Error(`the program ${name} ended with ${signal ?? `code ${code}`}. ${complaint}`));
			});
		});
	} finally {
		process.removeListener('exit', kill);
		kill();
	}
}

/** In one plain file, so that no compiler takes part in what is measured. */
async function compile(name: string): Promise<string> {
	const outfile = path.join(cacheFolder, 'bench', `${name}.cjs`);
	await build({
		entryPoints: [path.join(__dirname, 'programs', `${name}.ts`)],
		outfile,
		bundle: true,
		platform: 'node',
		packages: 'external',
		// A node's description has the same name as the node, but for its ending.
		resolveExtensions: ['.ts', '.js'],
		logLevel: 'silent',
	});
	return outfile;
}
