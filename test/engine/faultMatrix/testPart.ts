import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { closeBench, logOfAll } from '../bench';
import { leaksIn, secrets } from './cell';
import { documentFile, toDocument } from './document';
import { rows } from './faults';
import { runMatrix, settingsOf, type Matrix } from './matrix';
import { matrixOperations } from './operations';

/** The matrix takes minutes, so it is divided among test files that run side by side, each named after its part. */

const LONGEST_RUN_MS = 1_200_000;

export const partNames = ['creating', 'readingForGood', 'fetching', 'others'] as const;
export type Part = (typeof partNames)[number];

/** Sections are kept whole, so that each part knows how its sections read in the document. What is not named here is in `others`. */
const partOfSection: Readonly<Record<string, Part>> = {
	'While a task is created': 'creating',
	'While a state is read, three times': 'readingForGood',
	'While a state is read, for good': 'readingForGood',
	'While a file is fetched, once': 'fetching',
	'A file that comes …': 'fetching',
	'While a file is fetched, for good': 'fetching',
};

/** Defines the tests of one part of the matrix. */
export function testPart(part: Part): void {
	const allRows = rows(secrets);
	const ran = allRows.filter(({ section }) => (partOfSection[section] ?? 'others') === part);
	let matrix: Matrix;

	beforeAll(async () => {
		matrix = { rows: allRows, ran, cells: await runMatrix(ran) };
		if (process.env.WRITE_FAULT_MATRIX !== undefined) writeFileSync(documentFile, toDocument(matrix, written()));
	}, LONGEST_RUN_MS);

	afterAll(closeBench);

	describe.each([...new Set(ran.map(({ section }) => section))])('%s', (section) => {
		const titles = ran.filter((row) => row.section === section).map(({ title }) => title);

		it.each(titles)('%s: nothing is paid twice, lost or told, and the error says what to do', (title) => {
			const cells = matrix.cells.filter(({ row }) => row.section === section && row.title === title);
			const wrong = cells
				.filter(({ violations }) => violations.length > 0)
				.map(({ operation, onError, violations }) => `${operation.name}, ${onError}: ${violations.join('; ')}`);
			expect(wrong).toEqual([]);
			expect(cells).not.toHaveLength(0);
		});
	});

	describe('This part of the matrix', () => {
		it('holds every operation, in every row that concerns it, with every setting under On Error that the row has', () => {
			for (const { name, column } of matrixOperations) {
				const concerned = ran.filter(({ expected }) => expected[column] !== undefined);
				const planned = concerned.flatMap((row) => settingsOf(row));
				const cells = matrix.cells.filter(({ operation }) => operation.name === name);
				expect([name, cells.map(({ onError }) => onError).sort()]).toEqual([name, [...planned].sort()]);
			}
		});

		it('leaves no secret in the log', async () => {
			expect(leaksIn((await logOfAll()).join('\n'))).toEqual([]);
		});

		it('is written down as it is: `npm run matrix` brings docs/fault-matrix.md up to date', () => {
			expect(written()).toBe(toDocument(matrix, written()));
		});
	});
}

function written(): string {
	return existsSync(documentFile) ? readFileSync(documentFile, 'utf8') : '';
}
