import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { readBalance } from '../../shared/api/balance';
import { networkProblem, responseProblem } from '../../shared/api/problem';
import { rulings } from '../../shared/judgement/judge';
import { askBalance } from '../../shared/api/transport';
import { isObject } from '../../shared/task/json';
import { backoffDelay } from '../../shared/wait/cadence';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import { getBalance } from '../operations/account/getBalance.operation';
import type { Fault } from '../operations/operation';
import type { Outcome } from './job';
import { errorItem, markForErrorOutput, nodeError, stoppedError } from './report';
import { goesOnAfterErrors } from './settings';

const MAX_TRIES = 3;

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
	const days = readDays(context, itemIndex);
	if (!days.ok) return { kind: 'invalid', faults: days.faults };
	for (let tries = 1; ; tries += 1) {
		const answer = await askBalance(context, days.query);
		if (answer.kind === 'aborted') return { kind: 'notSent' };
		const balance = answer.kind === 'response' && answer.status === 200 ? readBalance(answer.body) : null;
		if (balance !== null) return { json: { ...balance }, pairedItem: { item: itemIndex } };

		const problem = answer.kind === 'response' ? responseProblem(answer) : networkProblem(answer);
		if (rulings[problem.reason].kind !== 'passing' || tries === MAX_TRIES) return { kind: 'notRead', problem };
		await pauseUnlessAborted(backoffDelay(tries, Math.random()), systemClock, context.getExecutionCancelSignal());
	}
}

/** The days to list the use of. CometAPI takes both or none; the last one is today unless it is given. */
function readDays(
	context: IExecuteFunctions,
	itemIndex: number,
): { ok: true; query: Record<string, string> } | { ok: false; faults: Fault[] } {
	const [start, end] = getBalance.fields.map(({ name: parameter, displayName: label }) => {
		const value = context.getNodeParameter(parameter, itemIndex, '') as unknown;
		return { parameter, label, found: { value }, day: dayOf(value) };
	});
	if (start === undefined || end === undefined) return { ok: true, query: {} };
	const faults: Fault[] = [start, end]
		.filter(({ day }) => day === null)
		.map((field) => ({ ...field, expected: 'must be a date such as 2026-05-04' }));
	if (start.day === '' && end.day) {
		faults.push({ ...start, found: null, expected: `must not be empty where "${end.label}" is given` });
	}
	const last = end.day || new Date().toISOString().slice(0, 10);
	if (start.day && start.day > last) faults.push({ ...start, expected: `must not be after "${end.label}" (${last})` });
	if (faults.length > 0) return { ok: false, faults };
	return { ok: true, query: start.day ? { start_date: start.day, end_date: last } : {} };
}

/** YYYY-MM-DD, empty for nothing, or null for what is no date. Expressions bring texts, n8n's dates and JavaScript's. */
function dayOf(value: unknown): string | null {
	if (value === undefined || value === null || value === '') return '';
	const text = value instanceof Date || isLuxonDate(value) ? value.toJSON() : value;
	const day = typeof text === 'string' ? text.trim().slice(0, 10) : '';
	return /^\d{4}-\d{2}-\d{2}$/.test(day) && !Number.isNaN(Date.parse(day)) ? day : null;
}

function isLuxonDate(value: unknown): value is { toJSON(): string | null } {
	return isObject(value) && typeof value.toISODate === 'function';
}
