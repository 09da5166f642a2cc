import type { IPollFunctions } from 'n8n-workflow';

import { credentialIdOf } from '../shared/api/credential';
import type { ExecutionState } from '../shared/register/questions';
import type { Register } from '../shared/register/register';
import type { StoredRow } from '../shared/register/row';
import { nameOfTrigger } from '../shared/trigger/settings';
import { forgetOldest } from '../shared/trigger/emitted';
import { pLimit } from '../shared/wait/limit';

/** What became of executions: one that has ended delivers nothing any more. */

/** Executions that a poll asks n8n about. */
const MOST_EXECUTIONS = 100;
const QUESTIONS_AT_ONCE = 5;
/** The latest answers, by {@link nameOfExecution}, the longest unasked first. An execution that has ended does not begin again. */
const executions = new Map<string, ExecutionState | null>();
const MOST_REMEMBERED = 5_000;

/**
 * Asks n8n about the executions of rows, those first that it was not asked about for longest.
 * @returns what n8n says of the execution of a row; null if nothing
 */
export async function executionsOf(
	context: IPollFunctions,
	register: Register,
	rows: readonly StoredRow[],
): Promise<(row: StoredRow) => ExecutionState | null> {
	const nameOf = (id: string) => nameOfExecution(context, id);
	const places = new Map([...executions.keys()].map((name, place) => [name, place]));
	const placeOf = (id: string) => places.get(nameOf(id)) ?? -1;
	const asked = [...new Set(rows.map(({ executionId }) => executionId))]
		.filter((id) => executions.get(nameOf(id))?.isOpen !== false)
		.sort((one, other) => placeOf(one) - placeOf(other))
		.slice(0, MOST_EXECUTIONS);
	const limit = pLimit(QUESTIONS_AT_ONCE);
	await Promise.all(
		asked.map(
			async (id) =>
				await limit(async () => {
					const execution = await register.execution(id);
					executions.delete(nameOf(id));
					executions.set(nameOf(id), execution);
				}),
		),
	);
	forgetOldest(executions, MOST_REMEMBERED);
	return ({ executionId }) => executions.get(nameOf(executionId)) ?? null;
}

/** Credentials may lead to the registers of several n8ns, which number their executions alike. */
function nameOfExecution(context: IPollFunctions, executionId: string): string {
	return [nameOfTrigger(context), credentialIdOf(context), executionId].join(' ');
}
