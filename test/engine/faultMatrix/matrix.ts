import pLimit from 'p-limit';

import { onErrorSettings, runCell, secrets, type CellReport } from './cell';
import { rows, type Row } from './faults';
import { matrixOperations } from './operations';

/** So many cells at a time: they mostly wait, but each start takes a moment of the one thread. */
const AT_A_TIME = 160;

export interface Matrix {
	rows: readonly Row[];
	cells: readonly CellReport[];
}

/** Runs every operation against every fault that it can meet, with every setting under On Error. */
export async function runMatrix(): Promise<Matrix> {
	const all = rows(secrets);
	const limit = pLimit(AT_A_TIME);
	const plans = all.flatMap((row) =>
		matrixOperations
			.filter(({ column }) => row.expected[column] !== undefined)
			.flatMap((operation) => onErrorSettings.map((onError) => ({ operation, row, onError }))),
	);
	// Those that wait for answers that never come go first, so that nothing is left to wait for at the end.
	plans.sort((a, b) => slowness(b.row) - slowness(a.row));
	const cells = await Promise.all(
		plans.map(async ({ operation, row, onError }) => await limit(async () => await runCell(operation, row, onError))),
	);
	return { rows: all, cells };
}

function slowness({ place, fault, longestRequestMs = 0 }: Row): number {
	return (fault?.times ?? 1) > 1 ? longestRequestMs + (place === 'asset' ? 1 : 0) : 0;
}
