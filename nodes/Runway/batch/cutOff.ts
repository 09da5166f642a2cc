import type { IExecuteFunctions } from 'n8n-workflow';

/** Detects retries that can't know what was paid for, because n8n crashed before it saved the ledger. */

/** Key of the last start of this node. It is lost together with the ledger. */
const BEGUN_KEY = 'runwayBegun';

/** The last start of this node that n8n has saved. */
interface Begun {
	executionId: string;
	runIndex: string;
	/** Milliseconds since the epoch. */
	at: number;
	/** Runs before this execution's first one. n8n knows them only from its log, so it runs them again. */
	lostRuns: number;
	/** Records were missing then, and no retry of the retry brings them back. */
	areRecordsLost?: true;
}

/**
 * Records the start of the node, and says whether the records of an earlier attempt are lost. They are in the retry of
 * an execution that a crash of n8n interrupted in this node, because n8n saves a node's context only when the node ends.
 *
 * @param isRecalled whether the register of tasks knows what the earlier attempts have sent
 */
export async function begin(context: IExecuteFunctions, isRecalled: boolean): Promise<{ areRecordsLost: boolean }> {
	const nodeContext = context.getContext('node');
	const last = nodeContext[BEGUN_KEY] as Begun | undefined;
	const runIndex = runIndexOf(context);
	const lostRuns = lostRunsOf(context);
	const now: Begun = { executionId: context.getExecutionId(), runIndex, at: Date.now(), lostRuns };
	const isKnown = last?.executionId === now.executionId || last?.runIndex === now.runIndex;
	const areRecordsLost =
		!isRecalled &&
		(last?.areRecordsLost ?? (context.getMode() === 'retry' && !isKnown && (await wasCutOff(context, last))));
	nodeContext[BEGUN_KEY] = { ...now, ...(areRecordsLost && { areRecordsLost }) };
	return { areRecordsLost };
}

/** Between two nodes of a running execution there is less time, and between a crash and a retry there is more. */
const LONGEST_STEP_MS = 5_000;

/**
 * Whether the retried execution was interrupted while this node ran, or may have been. How n8n keeps such an execution
 * depends on what it had saved by then.
 *
 * @param last the start of the node in an earlier round of a loop
 */
async function wasCutOff(context: IExecuteFunctions, last: Begun | undefined): Promise<boolean> {
	// From its event log, n8n has noted for each node that had begun that it was executed.
	if (last === undefined && hasRunBefore(context)) return true;
	// The context in which agents call a tool has no such method.
	const saved = await (context as Partial<IExecuteFunctions>).getExecutionDataById?.(context.getExecutionId());
	if (saved === undefined) return false;
	const runs = Object.values(saved.resultData.runData).flat();
	// n8n saved nothing but the execution's input, so the execution starts again from the beginning.
	if (runs.length === 0) return true;
	const next = saved.executionData?.nodeExecutionStack[0]?.node;
	// n8n saved nothing since an execution slept and woke up, and skips the node in which it slept. If nodes have run since, this
	// retry itself was asleep. Each start of n8n's engine counts them from 0.
	if (saved.waitTill !== undefined || next?.disabled === true) {
		return last !== undefined && !runs.some((run) => run.executionIndex === 0 && run.startTime > last.at);
	}
	// n8n saves after each node if that is set. It was this node's turn, and its end was not saved.
	const lastEnd = Math.max(...runs.map(({ startTime, executionTime }) => startTime + executionTime));
	return next?.name === context.getNode().name && Date.now() - lastEnd > LONGEST_STEP_MS;
}

function hasRunBefore(context: IExecuteFunctions): boolean {
	const { $: find } = context.getWorkflowDataProxy(0) as unknown as { $: (node: string) => { isExecuted: boolean } };
	return find(context.getNode().name).isExecuted;
}

/** Which run of the node in its execution this is; a loop's next round is a run of its own. */
function runIndexOf(context: IExecuteFunctions): string {
	return String(context.evaluateExpression('{{ $runIndex }}', 0));
}

/**
 * Which round of a loop this is, from 0; the same in a retry. n8n's run index is not: after a crash, n8n counts the runs that
 * its event log names, and makes them again.
 */
export function roundOf(context: IExecuteFunctions): number {
	return Number(runIndexOf(context)) - lostRunsOf(context);
}

function lostRunsOf(context: IExecuteFunctions): number {
	const last = context.getContext('node')[BEGUN_KEY] as Begun | undefined;
	return last === undefined ? Number(runIndexOf(context)) : last.lostRuns;
}
