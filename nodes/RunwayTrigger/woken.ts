import type { ExecutionState } from '../shared/register/questions';
import type { Register } from '../shared/register/register';
import type { StoredRow } from '../shared/register/row';

/**
 * Executions that were woken up. The webhook that wakes one up notes "delivered" before n8n runs it, and nobody is there to take that
 * back if the run fails at once: the worker is killed, or lacks the package.
 */

/** One page. The next polls read the others. */
const MOST_ROWS = 250;
/** Executions of one poll whose data is read. */
const MOST_READ = 10;

/** The rows of executions that were woken up and may not have ended yet. */
export async function findWoken(register: Register, credentialId: string): Promise<StoredRow[]> {
	const where = { credentialId, delivered: true };
	return (await register.find({ where, filled: 'resumeUrl', limit: MOST_ROWS })) ?? [];
}

/** Of executions that have ended, notes whether the node has passed its items on: those that it has not are undelivered. */
export async function settleWoken(
	register: Register,
	woken: readonly StoredRow[],
	executionOf: (row: StoredRow) => ExecutionState | null,
): Promise<void> {
	const read = new Map<string, ReadonlyMap<string, number> | null>();
	for (const row of woken) {
		const execution = executionOf(row);
		if (execution === null || execution.isOpen) continue;
		const { requestId, executionId, nodeName, runIndex } = row;
		// n8n may be told to forget executions that succeed.
		if (execution.hasSucceeded || !execution.isKnown) {
			register.change(requestId, { resumeUrl: null });
			continue;
		}
		if (!read.has(executionId) && read.size < MOST_READ) read.set(executionId, await register.runsOf(executionId));
		const runs = read.get(executionId);
		if (runs == null) continue;
		register.change(requestId, { resumeUrl: null, delivered: (runs.get(nodeName) ?? 0) > runIndex });
	}
}
