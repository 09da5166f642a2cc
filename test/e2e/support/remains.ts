import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { installedN8n } from '../../support/n8n';

/** What an n8n leaves on the disk, for those who look for something in it. */

const run = promisify(execFile);
const MAX_DUMP_BYTES = 500_000_000;

/** One value in a database. */
export interface Value {
	table: string;
	column: string;
	text: string;
}

/** Every value of every table of an n8n's database. */
export async function databaseValues(userFolder: string): Promise<Value[]> {
	const script = path.join(__dirname, 'dumpDatabase.cjs');
	const database = path.join(userFolder, '.n8n', 'database.sqlite');
	const n8n = installedN8n();
	const { stdout } = await run(n8n.node, [script, n8n.script, database], { maxBuffer: MAX_DUMP_BYTES });
	return stdout
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => JSON.parse(line) as Value);
}

/** Every file of an n8n but for the packages that are installed in it: by name, as bytes in Latin-1. */
export function filesOf(userFolder: string): Array<{ name: string; bytes: string }> {
	return readdirSync(userFolder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
		.map((entry) => {
			const file = path.join(entry.parentPath, entry.name);
			return { name: path.relative(userFolder, file), bytes: readFileSync(file, 'latin1') };
		});
}
