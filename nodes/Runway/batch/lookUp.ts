import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { Wanted } from '../../shared/api/explain';
import type { Problem } from '../../shared/api/problem';
import { judge, type Verdict } from '../../shared/judgement/judge';
import { backoffDelay } from '../../shared/wait/cadence';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import type { Outcome } from './job';
import { errorItem, markForErrorOutput, nodeError, stoppedError } from './report';
import { continuesAfterErrors } from './tool';

/** What an operation finds that waits for no task: the balance, or a list. */
export type Found = { items: INodeExecutionData[] } | { outcome: Outcome; verdict?: Verdict };

/** An answer to one question. */
export type LookUpAnswer<T> =
	| { kind: 'found'; value: T }
	/** `isFinal`: asking again would not help. */
	| { kind: 'trouble'; problem: Problem; isFinal?: boolean }
	| { kind: 'aborted' };

/** Looks something up for each item. Requests that are the same for all items are sent only once. */
export async function runLookUps(
	context: IExecuteFunctions,
	lookUp: (itemIndex: number) => Promise<Found>,
): Promise<INodeExecutionData[]> {
	const items: INodeExecutionData[] = [];
	let everyones: Outcome | null = null;
	for (const itemIndex of context.getInputData().keys()) {
		const found: Found = everyones === null ? await resolved(lookUp, itemIndex) : { outcome: everyones };
		if ('items' in found) {
			items.push(...found.items);
			continue;
		}
		if (context.getExecutionCancelSignal()?.aborted) throw stoppedError(context, []);
		const ending = { itemIndex, outcome: found.outcome };
		if (!continuesAfterErrors(context)) throw nodeError(context, ending, [ending]);
		if (found.verdict === 'endRun') everyones = found.outcome;
		items.push(markForErrorOutput(context, errorItem(ending)));
	}
	return items;
}

async function resolved(lookUp: (itemIndex: number) => Promise<Found>, itemIndex: number): Promise<Found> {
	try {
		return await lookUp(itemIndex);
	} catch (error) {
		// n8n's own errors of expressions and credentials: theirs are the best words.
		return { outcome: { kind: 'unresolved', error: error as Error, task: null } };
	}
}

/** Asks until there is an answer, or the table of judgement says that it is enough. */
export async function askUntilAnswered<T>(
	context: IExecuteFunctions,
	wanted: Wanted,
	ask: () => Promise<LookUpAnswer<T>>,
): Promise<{ value: T } | { outcome: Outcome; verdict?: Verdict }> {
	const startedAt = systemClock.now();
	for (let answers = 1; ; answers += 1) {
		const answer = await ask();
		if (answer.kind === 'aborted') return { outcome: { kind: 'notSent' } };
		if (answer.kind === 'found') return { value: answer.value };
		const { problem, isFinal } = answer;
		const row = isFinal ? { answers: Infinity, ms: Infinity } : { answers, ms: systemClock.now() - startedAt };
		const verdict = judge('account', problem.reason, row);
		if (verdict !== 'askAgain') return { outcome: { kind: 'notRead', problem, wanted }, verdict };
		await pauseUnlessAborted(backoffDelay(answers, Math.random()), systemClock, context.getExecutionCancelSignal());
	}
}
