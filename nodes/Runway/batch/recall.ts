import type { IExecuteFunctions } from 'n8n-workflow';

import { ownProblem } from '../../shared/api/problem';
import type { Register } from '../../shared/register/register';
import type { StoredRow } from '../../shared/register/row';
import { pLimit } from '../../shared/wait/limit';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import type { Job } from './job';
import { placeOf } from './jobRows';
import type { PaidRecord } from './paid';

/**
 * What the register knows of the attempts before this one: those of the execution that is retried, and of its other retries. It
 * outlives a crash of n8n, which the ledger in the node's context does not.
 */

/** Rows of one node and run that are looked through. With more, some could be missing. */
const MOST_ROWS = 10_000;
/** Retries of retries, and executions that may belong to them. */
const MOST_STEPS = 20;
const MOST_EXECUTIONS = 100;
const QUESTIONS_AT_ONCE = 5;
/** For all questions together. Without an answer, the node guesses as it does without a register. */
const LONGEST_RECALL_MS = 20_000;

/** The requests that earlier attempts have sent, and the items that the register knows. */
interface Recalled {
	/** The oldest first. */
	records: PaidRecord[];
	itemIndexes: ReadonlySet<number>;
}

/**
 * Finds what earlier attempts of this execution have sent for these jobs.
 * @returns null if the register does not answer in time, or has too many rows
 */
export async function recallAttempts(
	context: IExecuteFunctions,
	register: Register,
	jobs: readonly Job[],
): Promise<Recalled | null> {
	const over = new AbortController();
	const isLate = pauseUnlessAborted(LONGEST_RECALL_MS, systemClock, over.signal).then(() => null);
	try {
		return await Promise.race([recall(context, register, jobs), isLate]);
	} finally {
		over.abort();
	}
}

async function recall(context: IExecuteFunctions, register: Register, jobs: readonly Job[]): Promise<Recalled | null> {
	const { workflowId, nodeName, runIndex, credentialId, executionId: ownId } = placeOf(context);
	const originOf = originsIn(register);
	const where = { workflowId, nodeName, runIndex, credentialId };
	const [own, rows] = await Promise.all([originOf(ownId), register.find({ where, limit: MOST_ROWS })]);
	// A retry under way is known to n8n, so an n8n that does not know it is another one, or hides it from the key's owner.
	if (own === null || !own.isKnown || rows === null || rows.length >= MOST_ROWS) return null;
	// A retry begins later than what it retries.
	const isNewer = (executionId: string) => Number(executionId) >= Number(own.root);
	const executions = [...new Set(rows.map(({ executionId }) => executionId))].filter(isNewer);
	if (executions.length > MOST_EXECUTIONS) return null;
	const inParallel = pLimit(QUESTIONS_AT_ONCE);
	const ask = async (id: string) => [id, await inParallel(async () => await originOf(id))] as const;
	const origins = new Map(await Promise.all(executions.map(ask)));
	if ([...origins.values()].includes(null)) return null;
	const all = rows.filter(({ executionId }) => origins.get(executionId)?.root === own.root).reverse();
	/** Whether a row may be of a retry that n8n has forgotten, or is with another workflow that waits for its task. */
	const isAway = ({ executionId, delivered }: StoredRow) => {
		const origin = origins.get(executionId);
		const isElsewhere = origin?.isKnown === false || (origin?.workflowId ?? workflowId) !== workflowId;
		return isElsewhere && origin?.root !== own.root && !delivered;
	};
	return recalled(jobs, all, rows.filter(isAway));
}

/**
 * @param all rows of the earlier attempts; the oldest first
 * @param away rows that may be theirs; a job for which they have none takes one of these. The newest first
 */
function recalled(jobs: readonly Job[], all: readonly StoredRow[], away: readonly StoredRow[]): Recalled {
	const its = all.filter(isSent);
	const found = jobs.flatMap((job) => {
		const isOf = (row: StoredRow) =>
			job.kind === 'create' && row.itemIndex === job.itemIndex && job.fingerprints.includes(row.fingerprint);
		return its.some(isOf) ? [] : away.filter((row) => isSent(row) && isOf(row)).slice(0, 1);
	});
	const sent = [...its, ...found];
	return {
		records: sent.flatMap((row, index) => {
			const isCreatedAgain = sent.slice(index + 1).some((later) => areOfOneJob(jobs, row, later));
			// The next model's turn comes only after a refusal, even if the register was not told of it in time.
			return isCreatedAgain && row.status === 'sending' ? [] : [recordOf(row, isCreatedAgain)];
		}),
		itemIndexes: new Set([...all, ...found].map(({ itemIndex }) => itemIndex)),
	};
}

function isSent({ status }: StoredRow): boolean {
	return status !== 'notCreated' && status !== 'notSent';
}

/** The origin of an execution. */
interface Origin {
	/** The execution that its chain of retries began with, as far as n8n knows. */
	root: string;
	/** Whether n8n knows the execution itself. */
	isKnown: boolean;
	workflowId: string | null;
}

/** Asks n8n for the origin of executions, once for each; null if n8n does not answer. */
function originsIn(register: Register): (executionId: string) => Promise<Origin | null> {
	const asked = new Map<string, ReturnType<Register['execution']>>();
	const ask = async (id: string) => {
		const answer = asked.get(id) ?? register.execution(id);
		asked.set(id, answer);
		return await answer;
	};
	return async (executionId) => {
		const execution = await ask(executionId);
		if (execution === null) return null;
		const { isKnown, workflowId } = execution;
		let root = executionId;
		let earlier = execution.retryOf;
		for (let step = 1; earlier !== null && step < MOST_STEPS; step += 1) {
			root = earlier;
			const before = await ask(root);
			if (before === null) return null;
			earlier = before.retryOf;
		}
		return { root, isKnown, workflowId };
	};
}

/** Whether two requests were for the same item with the same parameters, if not with the same of its models. */
function areOfOneJob(jobs: readonly Job[], one: StoredRow, other: StoredRow): boolean {
	if (one.itemIndex !== other.itemIndex) return false;
	if (one.fingerprint === other.fingerprint) return true;
	return jobs.some(
		(job) => job.kind === 'create' && [one, other].every(({ fingerprint }) => job.fingerprints.includes(fingerprint)),
	);
}

/** @param isCreatedAgain whether the task was created again later, which only happens after it has failed */
function recordOf(row: StoredRow, isCreatedAgain: boolean): PaidRecord {
	const { requestId, itemIndex, fingerprint, taskId, createdTime, executionId, status } = row;
	const request = { requestId, itemIndex, fingerprint };
	if (taskId !== null) {
		const hasFailed = status === 'failed' && isCreatedAgain;
		return { ...request, taskId, createdAt: createdTime, executionId, ...(hasFailed && { hasFailed }) };
	}
	const words = 'n8n was cut off before the register of tasks was told what became of the request';
	return { ...request, problem: ownProblem('network', row.failure ?? words) };
}
