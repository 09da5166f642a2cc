import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { readBalance } from '../../shared/api/balance';
import { networkProblem, responseProblem } from '../../shared/api/problem';
import { askBalance } from '../../shared/api/transport';
import { backoffDelay } from '../../shared/wait/cadence';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import type { Outcome } from './job';
import { errorItem, markForErrorOutput, nodeError, stoppedError } from './report';
import { goesOnAfterErrors } from './settings';

const MAX_TRIES = 3;
const passing: ReadonlySet<string> = new Set(['network', 'rateLimit', 'server']);

/** Looks up the balance, once for each item. */
export async function runBalance(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const items: INodeExecutionData[] = [];
	for (const itemIndex of context.getInputData().keys()) {
		const found = await lookUp(context, itemIndex);
		if ('json' in found) {
			items.push(found);
			continue;
		}
		if (context.getExecutionCancelSignal()?.aborted) throw stoppedError(context, []);
		const ending = { itemIndex, outcome: found };
		if (!goesOnAfterErrors(context)) throw nodeError(context, ending, [ending]);
		items.push(markForErrorOutput(context, errorItem(ending)));
	}
	return items;
}

async function lookUp(context: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData | Outcome> {
	for (let tries = 1; ; tries += 1) {
		const answer = await askBalance(context, itemIndex, days(context, itemIndex));
		if (answer.kind === 'aborted') return { kind: 'notSent' };
		const balance = answer.kind === 'response' && answer.status === 200 ? readBalance(answer.body) : null;
		if (balance !== null) return { json: { ...balance }, pairedItem: { item: itemIndex } };

		const problem = answer.kind === 'response' ? responseProblem(answer) : networkProblem(answer);
		if (!passing.has(problem.reason) || tries === MAX_TRIES) return { kind: 'notRead', problem };
		await pauseUnlessAborted(backoffDelay(tries, Math.random()), systemClock, context.getExecutionCancelSignal());
	}
}

function days(context: IExecuteFunctions, itemIndex: number): Record<string, string> {
	const day = (name: string) => {
		const value = context.getNodeParameter(name, itemIndex, '') as unknown;
		return typeof value === 'string' ? value.slice(0, 10) : '';
	};
	const start = day('startDate');
	const end = day('endDate');
	return { ...(start && { start_date: start }), ...(end && { end_date: end }) };
}
