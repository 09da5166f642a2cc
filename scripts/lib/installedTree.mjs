import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Whether node_modules holds what package-lock.json asks for, by npm's own note of what it installed there. */
export function isTreeComplete(folder) {
	const wanted = packagesOf(path.join(folder, 'package-lock.json'));
	const installed = packagesOf(path.join(folder, 'node_modules', '.package-lock.json'));
	if (wanted === undefined || installed === undefined) return false;
	return Object.entries(wanted).every(([name, entry]) => {
		if (name === '') return true;
		const found = installed[name];
		if (found === undefined) return entry.optional === true || entry.devOptional === true;
		return found.version === entry.version;
	});
}

/** Whether package-lock.json was made for package.json as it is now. */
export function isLockCurrent(folder) {
	const locked = packagesOf(path.join(folder, 'package-lock.json'))?.[''];
	if (locked === undefined) return false;
	const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
	return ['dependencies', 'devDependencies', 'optionalDependencies'].every(
		(key) => canonical(locked[key]) === canonical(manifest[key]),
	);
}

function packagesOf(file) {
	return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined;
}

function canonical(ranges = {}) {
	return JSON.stringify(Object.entries(ranges).sort());
}
