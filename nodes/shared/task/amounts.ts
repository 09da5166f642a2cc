import { textOf } from './json';
import { firstAt, type Layers } from './layers';
import { isTerminal, type TaskCost, type TaskStatus } from './task';

/** The numbers in an answer: percents, times, costs. */

/** Units in which gateways count the time since 1970, in milliseconds: s, ms, µs, ns. */
const UNITS_IN_MS = [1000, 1, 1e-3, 1e-6];
/** Runway has no older tasks, and no answer contains later ones: anything outside is no date. */
const EARLIEST_MS = Date.UTC(2015, 0);
const LATEST_MS = Date.UTC(2100, 0);

/** The fields of answers that say what a task costs, the final figures first (fact sheet 3.1, 8.2). */
const COST_PLACES: ReadonlyArray<{ places: readonly string[]; unit: TaskCost['unit']; isFinal: boolean }> = [
	{ places: ['cost.credits', 'cost'], unit: 'credits', isFinal: true },
	{ places: ['estimatedCost.credits', 'estimatedCost'], unit: 'credits', isFinal: false },
	{ places: ['quota'], unit: 'quota', isFinal: false },
	{ places: ['point'], unit: 'points', isFinal: false },
];

/**
 * Percent from `"37%"`, `0.37`, `37` or `"37"`: a bare number below 1 is a fraction (fact sheet 3.1). A bare 1 can be either, and
 * would make a task that has just begun look almost finished.
 */
export function percent(value: unknown): number | null {
	const said = textOf(value);
	const amount = said === null ? Number.NaN : Number.parseFloat(said);
	const isBare = said?.includes('%') === false;
	if (!Number.isFinite(amount) || (isBare && amount === 1)) return null;
	const scaled = isBare && amount < 1 ? amount * 100 : amount;
	return Math.min(100, Math.max(0, Math.round(scaled * 10) / 10));
}

/** A time since 1970 in any unit, as number or text (0 = not yet), or an ISO date with any offset, as ISO in UTC. */
export function time(value: unknown): string | null {
	const said = textOf(value);
	if (said === null) return null;
	const candidates = Number.isFinite(Number(said))
		? UNITS_IN_MS.map((unit) => Number(said) * unit)
		: [Date.parse(said)];
	const found = candidates.find((milliseconds) => milliseconds >= EARLIEST_MS && milliseconds < LATEST_MS);
	return found === undefined ? null : new Date(found).toISOString();
}

/** What the task costs, as far as the answer says. A zero counts only for a task that has ended; before, it is a filler. */
export function costOf(layers: Layers, status: TaskStatus): TaskCost | null {
	for (const { places, unit, isFinal } of COST_PLACES) {
		const zeroCounts = isFinal && isTerminal(status);
		const amount = firstAt(layers, places, (value) => {
			const figure = Number(textOf(value) ?? Number.NaN);
			return Number.isFinite(figure) && (figure > 0 || (figure === 0 && zeroCounts)) ? figure : null;
		});
		if (amount !== null) return { amount, unit, refunded: firstAt(layers, ['refund'], yesOrNo) };
	}
	return null;
}

function yesOrNo(value: unknown): boolean | null {
	if (typeof value === 'boolean') return value;
	const said = textOf(value);
	return said === '1' ? true : said === '0' ? false : null;
}
