import { existsSync, readFileSync, writeFileSync } from 'node:fs';

import { closeBench, logOfAll } from '../bench';
import { leaksIn, onErrorSettings, secrets } from './cell';
import { documentFile, toDocument } from './document';
import { rows } from './faults';
import { runMatrix, type Matrix } from './matrix';
import { columns, matrixOperations } from './operations';

const LONGEST_RUN_MS = 600_000;

const allRows = rows(secrets);
let matrix: Matrix;

beforeAll(async () => {
	matrix = await runMatrix();
	if (process.env.WRITE_FAULT_MATRIX !== undefined) writeFileSync(documentFile, toDocument(matrix));
}, LONGEST_RUN_MS);

afterAll(closeBench);

describe.each([...new Set(allRows.map(({ section }) => section))])('%s', (section) => {
	const titles = allRows.filter((row) => row.section === section).map(({ title }) => title);

	it.each(titles)('%s: nothing is paid twice, lost or told, and the error says what to do', (title) => {
		const cells = matrix.cells.filter(({ row }) => row.section === section && row.title === title);
		const wrong = cells
			.filter(({ violations }) => violations.length > 0)
			.map(({ operation, onError, violations }) => `${operation.name}, ${onError}: ${violations.join('; ')}`);
		expect(wrong).toEqual([]);
		expect(cells.length).toBeGreaterThanOrEqual(onErrorSettings.length);
	});
});

describe('The matrix', () => {
	it('holds every operation, in every row that concerns it, with every setting under On Error', () => {
		for (const { name, column } of matrixOperations) {
			const concerned = allRows.filter(({ expected }) => expected[column] !== undefined);
			const cells = matrix.cells.filter(({ operation }) => operation.name === name);
			expect([name, cells.length]).toEqual([name, concerned.length * onErrorSettings.length]);
		}
		expect(new Set(matrixOperations.map(({ column }) => column))).toEqual(new Set(columns));
	});

	it('leaves no secret in the log', async () => {
		expect(leaksIn((await logOfAll()).join('\n'))).toEqual([]);
	});

	it('is written down as it is: `npm run matrix` brings docs/fault-matrix.md up to date', () => {
		expect(existsSync(documentFile) ? readFileSync(documentFile, 'utf8') : '').toBe(toDocument(matrix));
	});
});
