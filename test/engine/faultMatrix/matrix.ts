import pLimit from 'p-limit';

import { onErrorSettings, runCell, type CellReport, type OnError } from './cell';
import type { Row } from './faults';
import { matrixOperations } from './operations';

/** This many cells at a time: they mostly wait, but each takes some of the one thread from those whose answers are timed. */
const AT_A_TIME = 32;
/** Cells that call the callback trigger, each four times at once: beyond 50 calls it has less patience, beyond 100 it refuses them. */
const CALLED_AT_A_TIME = 12;

/** What came of some rows of the matrix. */
export interface Matrix {
	/** Every row, in the order of the document. */
	rows: readonly Row[];
	/** Those that ran. */
	ran: readonly Row[];
	/** Every cell of those. */
	cells: readonly CellReport[];
}

type Plan = Pick<CellReport, 'operation' | 'row' | 'onError'>;

/** The settings under On Error with which a row runs. */
export function settingsOf({ stopOnly }: Row): readonly OnError[] {
	return stopOnly ? ['stopWorkflow'] : onErrorSettings;
}

/** The cells of some rows: every operation that can meet the fault, with every setting under On Error that the row has. */
export function plansOf(rows: readonly Row[]): Plan[] {
	return rows.flatMap((row) =>
		matrixOperations
			.filter(({ column }) => row.expected[column] !== undefined)
			.flatMap((operation) => settingsOf(row).map((onError) => ({ operation, row, onError }))),
	);
}

/** Runs every cell of some rows. */
export async function runMatrix(rows: readonly Row[]): Promise<CellReport[]> {
	const limit = pLimit(AT_A_TIME);
	const calledLimit = pLimit(CALLED_AT_A_TIME);
	const plans = plansOf(rows);
	// Those that wait for answers that never come go first, so that nothing is left to wait for at the end.
	plans.sort((a, b) => slowness(b.row) - slowness(a.row));
	const run = async ({ operation, row, onError }: Plan) => {
		const cell = async () => await runCell(operation, row, onError);
		return await (operation.hears === 'called' ? calledLimit(cell) : cell());
	};
	// One goes ahead alone: it loads what all need, and that would use up the time of those that are timed.
	const ahead = await Promise.all(plans.splice(-1).map(run));
	const others = await Promise.all(plans.map(async (plan) => await limit(async () => await run(plan))));
	return [...others, ...ahead];
}

function slowness({ place, fault, longestRequestMs = 0, timeLimit }: Row): number {
	if ((fault?.times ?? 1) === 1) return 0;
	// Without a time limit, refusals last for as long as the table of judgement bears them.
	return longestRequestMs + (place === 'asset' || (place === 'read' && timeLimit === undefined) ? 1 : 0);
}
