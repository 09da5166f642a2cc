/** What sections of the benchmark have in common. */

/** Does a piece of work under a line that says what is going on. */
export type Step = <T>(title: string, work: (say: (note: string) => void) => Promise<T>) => Promise<T>;

export interface Tools {
	/** Whether to measure what takes long, too. */
	long: boolean;
	step: Step;
	/** Notes what has to be closed where the benchmark is stopped; gives back what closes it. */
	closeLater(close: () => Promise<void>): () => Promise<void>;
	/**
	 * Measures a part of a section and prints its findings at once, so that they are there whatever becomes of the other
	 * parts. A part that fails is named, and the section continues.
	 *
	 * @returns what was measured, or null if that failed
	 */
	part<T>(
		title: string,
		work: (say: (note: string) => void) => Promise<T>,
		findings: (found: T) => Findings,
	): Promise<T | null>;
}

/** Tables to print, and what came of the aims. */
export interface Findings {
	tables: Table[];
	aims: Aim[];
}

/** What a section has found, besides the findings of its parts. */
export interface Report extends Findings {
	/** How it was measured, in plain words. */
	how: string;
}

export interface Table {
	head: string[];
	rows: string[][];
	/** Lines below the table. */
	notes?: string[];
}

export interface Aim {
	aim: string;
	found: string;
	met: boolean;
}

export interface Section {
	name: string;
	title: string;
	measure(tools: Tools): Promise<Report>;
}

export function median(values: readonly number[]): number {
	return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

export function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

export const MEGABYTE = 1_000_000;

/** Text in columns: the first to the left, the others to the right. */
export function format({ head, rows, notes = [] }: Table): string {
	const lines = [head, ...rows];
	const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
	const draw = (line: string[]) =>
		widths
			.map((width, column) => {
				const cell = line[column] ?? '';
				return column === 0 ? cell.padEnd(width) : cell.padStart(width);
			})
			.join('  ')
			.trimEnd();
	const rule = widths.map((width) => '-'.repeat(width)).join('  ');
	return [draw(head), rule, ...rows.map(draw), ...notes].join('\n');
}
