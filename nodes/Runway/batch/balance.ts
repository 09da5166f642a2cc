import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { readBalance } from '../../shared/api/balance';
import { networkProblem, responseProblem } from '../../shared/api/problem';
import { judge, type Verdict } from '../../shared/judgement/judge';
import { askBalance } from '../../shared/api/transport';
import { isObject } from '../../shared/task/json';
import { backoffDelay } from '../../shared/wait/cadence';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import { getBalance } from '../operations/account/getBalance.operation';
import type { Fault } from '../operations/operation';
import type { Outcome } from './job';
import { errorItem, markForErrorOutput, nodeError, stoppedError } from './report';
import { goesOnAfterErrors } from './settings';

/** Looks up the balance, once for each item. What concerns the whole account is asked only once. */
export async function runBalance(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const items: INodeExecutionData[] = [];
	let everyones: Outcome | null = null;
	for (const itemIndex of context.getInputData().keys()) {
		const found: Found = everyones === null ? await lookUp(context, itemIndex) : { outcome: everyones };
		if ('item' in found) {
			items.push(found.item);
			continue;
		}
		if (context.getExecutionCancelSignal()?.aborted) throw stoppedError(context, []);
		const ending = { itemIndex, outcome: found.outcome };
		if (!goesOnAfterErrors(context)) throw nodeError(context, ending, [ending]);
		if (found.verdict === 'endRun') everyones = found.outcome;
		items.push(markForErrorOutput(context, errorItem(ending)));
	}
	return items;
}

type Found = { item: INodeExecutionData } | { outcome: Outcome; verdict?: Verdict };

async function lookUp(context: IExecuteFunctions, itemIndex: number): Promise<Found> {
	try {
		const days = readDays(context, itemIndex);
		return days.ok ? await ask(context, itemIndex, days.query) : { outcome: { kind: 'invalid', faults: days.faults } };
	} catch (error) {
		// n8n's own errors of expressions and credentials: theirs are the best words.
		return { outcome: { kind: 'unresolved', error: error as Error, task: null } };
	}
}

async function ask(context: IExecuteFunctions, itemIndex: number, days: Record<string, string>): Promise<Found> {
	const startedAt = systemClock.now();
	for (let answers = 1; ; answers += 1) {
		const answer = await askBalance(context, days);
		if (answer.kind === 'aborted') return { outcome: { kind: 'notSent' } };
		const balance = answer.kind === 'response' && answer.status === 200 ? readBalance(answer.body) : null;
		if (balance !== null) return { item: { json: { ...balance }, pairedItem: { item: itemIndex } } };

		const problem = answer.kind === 'response' ? responseProblem(answer) : networkProblem(answer);
		const verdict = judge('account', problem.reason, { answers, ms: systemClock.now() - startedAt });
		if (verdict !== 'askAgain') return { outcome: { kind: 'notRead', problem }, verdict };
		await pauseUnlessAborted(backoffDelay(answers, Math.random()), systemClock, context.getExecutionCancelSignal());
	}
}

/** The days to list the use of. CometAPI takes both or none; the last one is today, unless it is given. */
function readDays(
	context: IExecuteFunctions,
	itemIndex: number,
): { ok: true; query: Record<string, string> } | { ok: false; faults: Fault[] } {
	const timeZone = context.getTimezone();
	const [start, end] = getBalance.fields.map(({ name: parameter, displayName: label }) => {
		const value = context.getNodeParameter(parameter, itemIndex, '') as unknown;
		return { parameter, label, found: { value }, day: dayOf(value, timeZone) };
	});
	if (start === undefined || end === undefined) return { ok: true, query: {} };
	const faults: Fault[] = [start, end]
		.filter(({ day }) => day === null)
		.map((field) => ({ ...field, expected: 'must be a date such as 2026-05-04' }));
	if (start.day === '' && end.day) {
		faults.push({ ...start, found: null, expected: `must not be empty if "${end.label}" is given` });
	}
	if (start.day && end.day && start.day > end.day) {
		faults.push({ ...start, expected: `must not be after "${end.label}" (${end.day})` });
	}
	if (faults.length > 0) return { ok: false, faults };
	if (!start.day) return { ok: true, query: {} };
	const today = dayIn(timeZone, new Date());
	const last = end.day || (start.day > today ? start.day : today);
	return { ok: true, query: { start_date: start.day, end_date: last } };
}

/**
 * YYYY-MM-DD, empty for nothing, or null for what is no date. Expressions bring texts, n8n's dates and JavaScript's.
 * @param timeZone of the workflow: on which day a moment falls depends on it
 */
function dayOf(value: unknown, timeZone: string): string | null {
	if (value === undefined || value === null || value === '') return '';
	const text = value instanceof Date || isLuxonDate(value) ? value.toJSON() : value;
	if (typeof text !== 'string') return null;
	const day = text.trim().slice(0, 10);
	if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(Date.parse(day))) return null;
	return isMoment(text.trim()) ? dayIn(timeZone, new Date(text.trim())) : day;
}

/**
 * Whether a text means a moment and not a day as it is written, as JavaScript's dates do. Midnight in UTC is what
 * JavaScript makes of a day without a time.
 */
function isMoment(text: string): boolean {
	return /T.*Z$/.test(text) && !/T00:00:00(\.0+)?Z$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** The day on which a moment falls in a time zone. Swedish dates are written as YYYY-MM-DD. */
function dayIn(timeZone: string, moment: Date): string {
	return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(moment);
}

function isLuxonDate(value: unknown): value is { toJSON(): string | null } {
	return isObject(value) && typeof value.toISODate === 'function';
}
