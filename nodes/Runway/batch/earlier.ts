import type { IExecuteFunctions } from 'n8n-workflow';

import { ownProblem } from '../../shared/api/problem';
import type { Register } from '../../shared/register/register';
import type { Operation } from '../operations/operation';
import { begin } from './cutOff';
import { isJob, type Ending, type Job, type Prepared } from './job';
import type { Ledger, PaidRecord } from './paid';
import { recallAttempts } from './recall';
import { nodeError, recordsLostError } from './report';
import { continuesAfterErrors } from './tool';

/** What the attempts before this one mean for it. */

/**
 * What the register of tasks knows of the attempts that this one retries; null if it was not asked or did not answer.
 * @throws NodeOperationError if they may have paid for tasks that nothing is known about
 */
export async function attemptsBefore(
	context: IExecuteFunctions,
	jobs: readonly Job[],
	operation: Operation,
	register: Register | null,
): Promise<PaidRecord[] | null> {
	const isRetry = operation.kind === 'create' && context.getMode() === 'retry';
	if (isRetry) register?.askAgain();
	const recalled = isRetry && register !== null ? await recallAttempts(context, register, jobs) : null;
	// One row does not vouch for the others: they may not have been written in time.
	const isRecalled = recalled !== null && jobs.every(({ itemIndex }) => recalled.itemIndexes.has(itemIndex));
	const { areRecordsLost } = await begin(context, isRecalled);
	if (operation.kind !== 'create' || !areRecordsLost) return recalled?.records ?? null;
	const noRow =
		'The register of tasks has no row of some or all of them: either nothing was sent, or n8n could not write it in time.';
	if (!recalled?.records.some((record) => 'taskId' in record)) {
		const silent = 'n8n did not say in time what the register of tasks has: retry once more.';
		throw recordsLostError(context, register && (register.fault ?? (recalled === null ? silent : noRow)));
	}
	const missing = jobs.flatMap((job): PaidRecord[] => {
		if (job.kind !== 'create' || recalled.itemIndexes.has(job.itemIndex)) return [];
		return [{ itemIndex: job.itemIndex, fingerprint: job.fingerprint, problem: ownProblem('network', noRow) }];
	});
	return [...recalled.records, ...missing];
}

/**
 * @param isRecalled whether the register knows what earlier attempts created
 * @throws the error of an item that can't run, before anything is sent, unless the node is set to continue
 */
export function endIfHopeless(
	context: IExecuteFunctions,
	prepared: readonly Prepared[],
	ledger: Ledger,
	isRecalled: boolean,
): void {
	if (continuesAfterErrors(context)) return;
	const jobs = prepared.filter(isJob);
	const wrong = prepared.flatMap((entry) => (isJob(entry) ? [] : [entry]));
	const earlier = jobs.flatMap((job): Ending[] => {
		const outcome = ledger.outcomeOf(job);
		return outcome === null ? [] : [{ itemIndex: job.itemIndex, outcome }];
	});
	// If it is unknown whether an earlier attempt created a task, this one can only end with the same error. With the
	// register it delivers everything else, because nothing else would after a crash.
	const open = earlier.filter(({ outcome }) => outcome.kind === 'maybeCreated');
	const hopeless = wrong[0] ?? (!isRecalled || open.length === jobs.length ? open[0] : undefined);
	if (hopeless === undefined) return;
	throw nodeError(context, hopeless, [...wrong, ...earlier], ledger.unclaimed(jobs));
}

/** Whether it is still unknown if an earlier attempt created a task. */
export function isLeftOpen({ outcome, isReused }: Ending): boolean {
	return isReused === true && outcome.kind === 'maybeCreated';
}
