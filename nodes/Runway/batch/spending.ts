import type { IExecuteFunctions } from 'n8n-workflow';

import type { Balance } from '../../shared/api/balance';
import { explain } from '../../shared/api/explain';
import { askKey } from '../../shared/api/keyUsage';
import { createSend } from '../../shared/api/transport';
import { askForBalance } from './balance';
import { isJob, type CreateJob, type Job, type Outcome, type Prepared } from './job';
import { askUntilAnswered } from './lookUp';
import type { Ledger } from './paid';
import { count } from './words';

/** What a run may spend: the guards that users set, held before the first create. */

const NOTHING_BILLED = 'None of them was sent, so nothing was billed.';

/**
 * Removes the jobs from a run that would create more than the user's limits allow, all of them or none. Tasks that were paid
 * for are reused in any case.
 * @param ledger knows which jobs create nothing, because their tasks exist
 */
export async function withinLimits(
	context: IExecuteFunctions,
	prepared: readonly Prepared[],
	ledger: Ledger,
): Promise<readonly Prepared[]> {
	const isNew = (entry: Prepared): entry is CreateJob =>
		isJob(entry) && entry.kind === 'create' && ledger.find(entry) === undefined;
	const outcome = await refusal(context, prepared.filter(isNew));
	if (outcome === null) return prepared;
	return prepared.map((entry) => (isNew(entry) ? { itemIndex: entry.itemIndex, outcome } : entry));
}

/** Why these tasks may not be created; null if they may. */
async function refusal(context: IExecuteFunctions, creates: readonly CreateJob[]): Promise<Outcome | null> {
	const maxTasks = tasksAllowed(creates);
	if (creates.length > maxTasks) {
		return {
			kind: 'overLimit',
			message: `This run would create ${count(creates.length, 'task')}, more than Max Tasks Per Run allows (${maxTasks})`,
			advice: `${NOTHING_BILLED} Raise Max Tasks Per Run in the options, or pass fewer items to this node.`,
		};
	}
	const minBalance = Math.max(0, ...creates.map(({ settings }) => settings.minBalance));
	return minBalance === 0 ? null : await balanceRefusal(context, minBalance);
}

/** How many more tasks the run may create than one for each job. */
export function spareTasks(jobs: readonly Job[], ledger: Ledger): number {
	const creates = jobs.filter((job) => job.kind === 'create');
	return tasksAllowed(creates) - creates.filter((job) => ledger.find(job) === undefined).length;
}

/** How many tasks a run of these jobs may create: the smallest limit of all items. */
function tasksAllowed(creates: readonly CreateJob[]): number {
	const limits = creates.map(({ settings }) => settings.maxTasks).filter((limit) => limit > 0);
	return Math.min(Number.POSITIVE_INFINITY, ...limits);
}

/** If the balance can't be looked up, nothing is spent: the user has asked for the check. */
async function balanceRefusal(context: IExecuteFunctions, minBalance: number): Promise<Outcome | null> {
	try {
		const found = await askUntilAnswered(context, 'account', async () => await askForBalance(context, {}));
		if ('value' in found) return tooLittle(found.value, await keyName(context, found.value), minBalance);
		if (found.outcome.kind !== 'notRead') return null;
		const { message, advice } = explain(found.outcome.problem, 'account');
		return {
			kind: 'overLimit',
			message: `Minimum Balance can't be checked, so no task was created. ${message}`,
			advice: `${advice} ${NOTHING_BILLED} To create tasks without this check, remove Minimum Balance from the options.`,
		};
	} catch (error) {
		return { kind: 'unresolved', error: error as Error, task: null };
	}
}

/** The name of the key in use. It matters only if a key has a limit of its own. */
async function keyName(context: IExecuteFunctions, { keys }: Balance): Promise<string | undefined> {
	if (keys.every(({ remaining }) => remaining === null)) return undefined;
	return (await askKey(await createSend(context)))?.name ?? (keys.length === 1 ? keys[0]?.name : undefined);
}

function tooLittle({ remaining, keys }: Balance, keyName: string | undefined, minBalance: number): Outcome | null {
	const least = keys.flatMap((key) => (key.name === keyName && key.remaining !== null ? [key.remaining] : []));
	const [what, left, advice] =
		remaining !== null && remaining < minBalance
			? (['CometAPI account', remaining, 'Top up the account in the CometAPI console'] as const)
			: ([`API key "${keyName}"`, Math.min(...least), 'Raise the limit of this key in the CometAPI console'] as const);
	if (left >= minBalance) return null;
	return {
		kind: 'overLimit',
		message: `The ${what} has ${dollars(left)} left, less than Minimum Balance (${dollars(minBalance)})`,
		advice: `${NOTHING_BILLED} ${advice}, or lower Minimum Balance in the options.`,
	};
}

/** Rounded to CometAPI's own precision. */
function dollars(amount: number): string {
	return `${Number(amount.toFixed(6))} USD`;
}
