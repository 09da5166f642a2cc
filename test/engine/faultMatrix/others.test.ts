import { existsSync } from 'node:fs';
import path from 'node:path';

import { secrets } from './cell';
import { rows } from './faults';
import { runMatrix } from './matrix';
import { columns, matrixOperations } from './operations';
import { partNames, testPart } from './testPart';

testPart('others');

/** A call that is refused leaves its cell waiting for two minutes. */
const LONGEST_RUN_MS = 240_000;

describe('The matrix', () => {
	it('has a test file for each of its parts', () => {
		expect(partNames.filter((part) => !existsSync(path.join(__dirname, `${part}.test.ts`)))).toEqual([]);
	});

	it('has an operation in each of its columns', () => {
		expect(new Set(matrixOperations.map(({ column }) => column))).toEqual(new Set(columns));
	});

	it(
		'calls the callback trigger no more often at a time than it takes calls',
		async () => {
			const column = 'Runway Callback Trigger';
			const ofFiles = rows(secrets).filter(({ section }) => section === 'While a file is fetched, once');
			const cells = await runMatrix(ofFiles.map((row) => ({ ...row, expected: { [column]: row.expected[column] } })));
			expect(cells.length).toBeGreaterThan(25);
			expect(cells.flatMap(({ violations }) => violations)).toEqual([]);
		},
		LONGEST_RUN_MS,
	);
});
