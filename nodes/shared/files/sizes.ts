const units: ReadonlyArray<{ name: string; bytes: number }> = [
	{ name: 'MB', bytes: 1_000_000 },
	{ name: 'kB', bytes: 1_000 },
	{ name: 'bytes', bytes: 1 },
];

/**
 * Puts a limit and the size of a file beyond it into words, in one unit, so that they can be compared. The size is
 * rounded up, so that it never looks like the limit.
 */
export function sizes(limit: number, size: number): [limit: string, size: string] {
	const { name, bytes } = units.find((unit) => limit >= unit.bytes) ?? { name: 'bytes', bytes: 1 };
	return [`${limit / bytes} ${name}`, `${Math.ceil((size / bytes) * 10) / 10} ${name}`];
}
