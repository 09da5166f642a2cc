import type { Comparison, Difference } from './shape';

/** The outcome for the terminal: every difference in a table, and below it what could not be compared. */
export function report({ differences, onlyExpected, onlyFound }: Comparison): string {
	const lines =
		differences.length === 0
			? ['No difference: every answer has the shape that the stand-in gives it.']
			: table(['', 'Stand-in', 'Found'], sections(differences));
	const apart = [
		...onlyExpected.map((name) => `${name}: answered by the stand-in only`),
		...onlyFound.map((name) => `${name}: not answered by the stand-in`),
	];
	return [...lines, ...(apart.length === 0 ? [] : ['', 'Not compared:', ...apart.map((line) => `  ${line}`)])].join(
		'\n',
	);
}

/** Rows below the requests that they are about: what several operations have in common is said once. */
function sections(differences: readonly Difference[]): string[][] {
	const operations = new Map<string, { row: string[]; step: string; names: string[] }>();
	for (const { name, where, expected, found } of differences) {
		const [operation = '', step = ''] = name.split(': ');
		const key = JSON.stringify([step, where, expected, found]);
		const known = operations.get(key) ?? { row: [`  ${where}`, expected, found], step, names: [] };
		known.names.push(operation);
		operations.set(key, known);
	}
	const bySection = new Map<string, string[][]>();
	for (const { row, step, names } of operations.values()) {
		const heading = `${step}: ${names.join(', ')}`;
		bySection.set(heading, [...(bySection.get(heading) ?? []), row]);
	}
	return [...bySection].flatMap(([heading, rows]) => [[heading], ...rows]);
}

/** Text in columns. A row of one cell is a heading, and may be as wide as it likes. */
function table(head: string[], body: string[][]): string[] {
	const rows = [head, ...body];
	const inColumns = rows.filter(({ length }) => length > 1);
	const widths = head.map((_, column) => Math.max(...inColumns.map((row) => row[column]?.length ?? 0)));
	const draw = (row: string[]) =>
		row
			.map((cell, column) => cell.padEnd(widths[column] ?? 0))
			.join('  ')
			.trimEnd();
	return [draw(head), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(draw)];
}
