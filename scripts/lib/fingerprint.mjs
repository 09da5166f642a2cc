import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A hash over the names and contents of files, and of all files below folders. What doesn't exist counts as absent. */
export function fingerprint(paths) {
	const hash = createHash('sha256');
	for (const file of paths.flatMap(filesOf)) {
		hash.update(file).update('\0').update(readFileSync(file)).update('\0');
	}
	return hash.digest('hex');
}

function filesOf(start) {
	if (!existsSync(start)) return [];
	if (!statSync(start).isDirectory()) return [start];
	return readdirSync(start)
		.sort()
		.flatMap((name) => filesOf(path.join(start, name)));
}

/** What {@link writeStamp} wrote, or an empty object. */
export function readStamp(file) {
	try {
		return JSON.parse(readFileSync(file, 'utf8'));
	} catch {
		return {};
	}
}

/** Notes the state in which a piece of work was finished, so that it isn't done again. */
export function writeStamp(file, content) {
	mkdirSync(path.dirname(file), { recursive: true });
	writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}
