import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { readBalance, type Balance } from '../../shared/api/balance';
import { askKey, type KeyState } from '../../shared/api/keyUsage';
import { networkProblem, responseProblem } from '../../shared/api/problem';
import { askBalance, createSend } from '../../shared/api/transport';
import type { Checked, Fault } from '../../shared/parameters/check';
import { isObject } from '../../shared/task/json';
import { getBalance } from '../operations/account/getBalance.operation';
import { askUntilAnswered, runLookUps, type Found, type LookUpAnswer } from './lookUp';

/** Looks up the balance, once for each item, and the state of the key, once for all. */
export async function runBalance(context: IExecuteFunctions): Promise<INodeExecutionData[]> {
	let key: Promise<KeyState | null> | undefined;
	return await runLookUps(context, async (itemIndex): Promise<Found> => {
		const days = readDays(context, itemIndex);
		if (!days.ok) return { outcome: { kind: 'invalid', faults: days.faults } };
		const found = await askUntilAnswered(context, 'account', async () => await askForBalance(context, days.data));
		if ('outcome' in found) return found;
		key ??= createSend(context).then(askKey);
		const json = { ...found.value, key: keyJson(await key) };
		return { items: [{ json, pairedItem: { item: itemIndex } }] };
	});
}

/**
 * Asks for the balance, once.
 * @param days `start_date` and `end_date` as YYYY-MM-DD, or nothing
 */
export async function askForBalance(
	context: IExecuteFunctions,
	days: Record<string, string>,
): Promise<LookUpAnswer<Balance>> {
	const answer = await askBalance(context, days);
	if (answer.kind === 'aborted') return answer;
	const balance = answer.kind === 'response' && answer.status === 200 ? readBalance(answer.body) : null;
	if (balance !== null) return { kind: 'found', value: balance };
	return { kind: 'trouble', problem: answer.kind === 'response' ? responseProblem(answer) : networkProblem(answer) };
}

/** The state of the key as the item has it. */
export function keyJson(key: KeyState | null): IDataObject | null {
	if (key === null) return null;
	const { name, expiresAt, isExpired: expired, isUsedUp: usedUp, onlyModels } = key;
	return { name, expired, expiresAt, usedUp, onlyModels };
}

/** The days to list the use of. CometAPI takes both or none; the last one is today, unless it is given. */
function readDays(context: IExecuteFunctions, itemIndex: number): Checked<Record<string, string>> {
	const timeZone = context.getTimezone();
	const [start, end] = getBalance.fields.map(({ name: parameter, displayName: label }) => {
		const value = context.getNodeParameter(parameter, itemIndex, '') as unknown;
		return { parameter, label, found: { value }, day: dayOf(value, timeZone) };
	});
	if (start === undefined || end === undefined) return { ok: true, data: {} };
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
	if (!start.day) return { ok: true, data: {} };
	const today = dayIn(timeZone, new Date());
	const last = end.day || (start.day > today ? start.day : today);
	return { ok: true, data: { start_date: start.day, end_date: last } };
}

/**
 * Returns YYYY-MM-DD, an empty text for nothing, or null if the value is no date. Expressions give texts, n8n's dates and JavaScript's.
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
