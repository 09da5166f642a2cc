/** Characters of a file's name, without its ending. Most file systems take 255 bytes. */
const LONGEST_NAME = 100;

/**
 * The name of a task's file, without its ending.
 * @param wanted by the user; empty or null for `runway-<task ID>`
 */
export function baseNameOf(wanted: string | null, taskId: string): string {
	const name = cleanName(wanted ?? '');
	return name === '' ? `runway-${taskId.replace(/[^\w-]/g, '_')}` : name;
}

/** Without what leads out of a folder, or what a file system does not take. */
function cleanName(name: string): string {
	const clean = name
		.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}/\\:*?"<>|]+/gu, '_')
		.trim()
		.replace(/^\.+/, '');
	return [...clean]
		.slice(0, LONGEST_NAME)
		.join('')
		.replace(/[\s.]+$/, '');
}

/** Adds the ending, unless the name has it already. */
export function withEnding(baseName: string, ending: string): string {
	return baseName.toLowerCase().endsWith(`.${ending}`) ? baseName : `${baseName}.${ending}`;
}
