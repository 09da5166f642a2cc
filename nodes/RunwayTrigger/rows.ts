import type { IDataObject } from 'n8n-workflow';

import { isObject } from '../shared/task/json';
import type { Register } from '../shared/register/register';
import { newestFirst, type StoredRow } from '../shared/register/row';

/** Chooses the rows of the register that a poll reads: never more than it has time for, and in a few polls all that matter. */

const statuses = ['created', 'succeeded', 'failed', 'cancelled'] as const;
/** Undelivered rows of one status: the newest, and as many of the others, which the next polls read in turn. */
const MOST_ROWS = 500;
/** Changes that a poll reads; the next polls read the earlier ones. */
const MOST_CHANGES = 2_500;
/** A change of the register may be seen so much later than one that was made after it. */
const OVERLAP_MS = 2 * 60_000;

/** What a poll knows of the rows from the polls before it. */
export interface Position {
	/** Changes before this moment are known; ISO 8601. */
	since: string;
	/**
	 * Until then, changes from before `since` may still turn up. In milliseconds since the epoch; null if a poll has looked for
	 * them after that.
	 */
	lateUntil: number | null;
	/** Earlier changes that no poll has looked at yet. */
	gap: { since: string; from: string } | null;
	/** Of each status, the number of the row that was looked at last. */
	walked: Partial<Record<(typeof statuses)[number], number>>;
}

type RowTest = (row: StoredRow) => boolean;

export interface FoundRows {
	/** Undelivered rows and rows that have changed, each once. */
	rows: StoredRow[];
	/** Whether a row has changed lately. */
	hasChanged(row: StoredRow): boolean;
	/**
	 * Where the next poll begins.
	 * @param isOpen whether to read a row again
	 */
	next(isOpen: RowTest): Position;
}

/** @param since where to begin if the trigger remembers nothing, ISO 8601 */
export function positionOf(saved: IDataObject, since: string): Position {
	const { gap, walked, lateUntil } = saved;
	return {
		since: typeof saved.since === 'string' ? saved.since : since,
		lateUntil: lateUntil === null ? null : Number(lateUntil) || Date.parse(since) + OVERLAP_MS,
		gap: isObject(gap) && typeof gap.since === 'string' && typeof gap.from === 'string' ? (gap as never) : null,
		walked: isObject(walked) ? walked : {},
	};
}

/**
 * The rows of a credential that a poll reads; null if the register does not answer.
 * @param withChanges whether rows matter that were delivered
 * @param now milliseconds since the epoch
 */
export async function findRows(
	register: Register,
	credentialId: string,
	position: Position,
	withChanges: boolean,
	now = Date.now(),
): Promise<FoundRows | null> {
	const [undelivered, changes] = await Promise.all([
		findUndelivered(register, credentialId, position),
		withChanges ? findChanges(register, credentialId, position, now) : noChanges(position),
	]);
	if (undelivered === null || changes === null) return null;
	const all = new Map([...undelivered.rows, ...changes.rows].map((row) => [row.requestId, row]));
	const changed = new Set(changes.rows.map(({ requestId }) => requestId));
	return {
		rows: [...all.values()].filter(({ taskId }) => taskId !== null).sort((one, other) => newestFirst(other, one)),
		hasChanged: ({ requestId }) => changed.has(requestId),
		next: (isOpen) => ({ ...changes.next(isOpen), walked: undelivered.walked }),
	};
}

/** Walks through all undelivered rows, so that none stands behind others for ever. */
async function findUndelivered(
	register: Register,
	credentialId: string,
	{ walked }: Position,
): Promise<{ rows: StoredRow[]; walked: Position['walked'] } | null> {
	const next: Position['walked'] = {};
	const lists = await Promise.all(
		statuses.map(async (status) => {
			const where = { status, delivered: false, credentialId };
			const newest = await register.find({ where, order: 'newest', limit: MOST_ROWS });
			if (newest === null || newest.length < MOST_ROWS) return newest;
			const others = await register.find({
				where,
				order: 'oldest',
				after: Number(walked[status]) || 0,
				limit: MOST_ROWS,
			});
			// After the last row, it starts again from the first.
			next[status] = others?.length === MOST_ROWS ? others.at(-1)?.id : 0;
			return others && [...newest, ...others];
		}),
	);
	return lists.every((list) => list !== null) ? { rows: lists.flat(), walked: next } : null;
}

interface FoundChanges {
	rows: StoredRow[];
	next(isOpen: RowTest): Omit<Position, 'walked'>;
}

const noChanges = ({ since, lateUntil, gap }: Position): FoundChanges => ({
	rows: [],
	next: () => ({ since, lateUntil, gap }),
});

/** The latest changes, and some of those that were too many for an earlier poll. */
async function findChanges(
	register: Register,
	credentialId: string,
	{ since, lateUntil, gap }: Position,
	now: number,
): Promise<FoundChanges | null> {
	const where = { credentialId };
	// A quiet register is not read again and again.
	const begin = lateUntil === null ? since : new Date(Date.parse(since) - OVERLAP_MS).toISOString();
	const latest = await register.changes(begin, { where, limit: MOST_CHANGES });
	if (latest === null) return null;
	const { rows, rest } = latest;
	const next = (isOpen: RowTest): Pick<Position, 'since' | 'lateUntil'> => {
		const moment = nextMoment(since, rows, isOpen);
		if (moment !== since) return { since: moment, lateUntil: now + OVERLAP_MS };
		return { since, lateUntil: lateUntil !== null && now >= lateUntil ? null : lateUntil };
	};
	// Rows older than `since` were read before, and are read again only if there is room.
	if (rest !== null && rows.every(({ updatedAt }) => updatedAt > since)) {
		const from = { since: gap !== null && gap.since < begin ? gap.since : begin, from: rest };
		return { rows, next: (isOpen) => ({ ...next(isOpen), gap: from }) };
	}
	const earlier = gap && (await register.changes(gap.since, { where, limit: MOST_CHANGES, from: gap.from }));
	if (gap !== null && earlier === null) return null;
	return {
		rows: [...(earlier?.rows ?? []), ...rows],
		next: (isOpen) => ({
			...next(isOpen),
			gap: gap && (earlier?.rows.some(isOpen) ? gap : earlier?.rest ? { ...gap, from: earlier.rest } : null),
		}),
	};
}

/** The moment of the latest change, or of the earliest one to read again. */
function nextMoment(since: string, rows: readonly StoredRow[], isOpen: RowTest): string {
	const moments = rows.map(({ updatedAt }) => updatedAt);
	const latest = moments.reduce((one, other) => (other > one ? other : one), since);
	return rows.filter(isOpen).reduce((one, { updatedAt }) => (updatedAt < one ? updatedAt : one), latest);
}
