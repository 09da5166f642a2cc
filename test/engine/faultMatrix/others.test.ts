import { existsSync } from 'node:fs';
import path from 'node:path';

import { columns, matrixOperations } from './operations';
import { partNames, testPart } from './testPart';

testPart('others');

describe('The matrix', () => {
	it('has a test file for each of its parts', () => {
		expect(partNames.filter((part) => !existsSync(path.join(__dirname, `${part}.test.ts`)))).toEqual([]);
	});

	it('has an operation in each of its columns', () => {
		expect(new Set(matrixOperations.map(({ column }) => column))).toEqual(new Set(columns));
	});
});
