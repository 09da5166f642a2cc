import type { IExecuteFunctions } from 'n8n-workflow';

import { ownProblem } from '../../shared/api/problem';
import type { Register } from '../../shared/register/register';
import type { StoredRow } from '../../shared/register/row';
import { roundOf } from './cutOff';
import type { PaidRecord } from './paid';
import { credentialIdOf } from './rows';

/**
 * What the register knows of the attempts before this one: those of the execution that is retried, and of its other retries. It
 * outlives a crash of n8n, which the ledger in the node's context does not.
 */

/** Rows of one node and run that are looked through. With more, some could be missing. */
const MOST_ROWS = 10_000;
/** Retries of retries, and executions that may belong to them. */
const MOST_STEPS = 20;
const MOST_EXECUTIONS = 100;

/**
 * Finds what earlier attempts of this execution have sent, the oldest first.
 * @returns what may exist of it, and the items that the register has rows of; null if it does not answer, or has too many
 */
export async function recallAttempts(
	context: IExecuteFunctions,
	register: Register,
): Promise<{ records: PaidRecord[]; itemIndexes: ReadonlySet<number> } | null> {
	const root = await rootOf(register, context.getExecutionId(), true);
	if (root === null) return null;
	const rows = await register.find({
		where: {
			workflowId: context.getWorkflow().id ?? '',
			nodeName: context.getNode().name,
			runIndex: roundOf(context),
			credentialId: credentialIdOf(context),
		},
		limit: MOST_ROWS,
	});
	if (rows === null || rows.length >= MOST_ROWS) return null;
	// A retry begins later than what it retries.
	const executions = [...new Set(rows.map(({ executionId }) => executionId))].filter(
		(id) => Number(id) >= Number(root),
	);
	if (executions.length > MOST_EXECUTIONS) return null;
	const related = new Set<string>();
	for (const executionId of executions) {
		const itsRoot: string | null = executionId === root ? root : await rootOf(register, executionId);
		if (itsRoot === null) return null;
		if (itsRoot === root) related.add(executionId);
	}
	const all = rows.filter(({ executionId }) => related.has(executionId)).reverse();
	const its = all.filter(({ status }) => status !== 'notCreated');
	return {
		records: its.map((row, index) => recordOf(row, its.slice(index + 1))),
		itemIndexes: new Set(all.map(({ itemIndex }) => itemIndex)),
	};
}

/** The execution that a chain of retries began with; null if n8n does not answer. */
async function rootOf(register: Register, executionId: string, mustBeKnown = false): Promise<string | null> {
	let id = executionId;
	for (let step = 0; step < MOST_STEPS; step += 1) {
		const execution = await register.execution(id);
		// A retry under way is known to n8n, so an n8n that does not know it is another one, or hides it from the key's owner.
		if (execution === null || (step === 0 && mustBeKnown && !execution.isKnown)) return null;
		if (execution.retryOf === null) return id;
		id = execution.retryOf;
	}
	return id;
}

/** @param later rows that were written after this one */
function recordOf(row: StoredRow, later: readonly StoredRow[]): PaidRecord {
	const { requestId, itemIndex, fingerprint, taskId, createdTime, executionId, status } = row;
	const request = { requestId, itemIndex, fingerprint };
	if (taskId !== null) {
		const isReplaced =
			status === 'failed' && later.some((other) => other.itemIndex === itemIndex && other.fingerprint === fingerprint);
		return { ...request, taskId, createdAt: createdTime, executionId, ...(isReplaced && { hasFailed: true }) };
	}
	const words = 'n8n was cut off before the register of tasks was told what became of the request';
	return { ...request, problem: ownProblem('network', row.failure ?? words) };
}
