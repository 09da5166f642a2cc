import type { Kind } from '../shared/judgement/judge';
import { isObject, type Json } from '../shared/task/json';
import type { ApiFamily } from '../shared/task/task';
import type { SavedEvents } from '../shared/trigger/emitted';

/** A watchlist as plain data in n8n's static data, read leniently: whatever makes no sense counts as nothing. */
export interface SavedWatchlist {
	/** The events that were emitted; triggers in use have them under this name. */
	told: SavedEvents;
	watched: Array<{ id: string } & Watched>;
	/** Polls in a row in which no task was answered. */
	silence: SavedRow | null;
	/** Grows with every poll that is saved. */
	revision: number;
}

/** Answers in a row. */
export interface SavedRow {
	answers: number;
	/** Milliseconds since the epoch. */
	since: number;
}

/** What the trigger remembers of a watched task that has not ended. */
export interface Watched {
	/** When it was asked for last, in milliseconds since the epoch; 0 for never. */
	seenAt: number;
	/** The API family that knows it, once one has answered. */
	api?: ApiFamily;
	/** An unknown status word that came with a result. */
	word?: string;
	/** Answers of one kind in a row that were no task. */
	row?: SavedRow & { kind: Kind };
	/** When it was reported that there is no such task; from then on it is rarely asked for. */
	reportedAt?: number;
	/** How often its file could not be fetched in the time of one poll. */
	cutShort?: number;
}

/** How often a watchlist was saved, by what was saved of it. */
export function revisionOf(saved: unknown): number {
	return countOf(isObject(saved) ? saved.revision : undefined) ?? 0;
}

/** The watched tasks by their IDs. */
export function watchedIn(saved: Json): Map<unknown, Watched> {
	const entries = Array.isArray(saved.watched) ? saved.watched.filter(isObject) : [];
	return new Map(entries.map((entry) => [entry.id, watchedOf(entry)]));
}

const KINDS: readonly unknown[] = ['account', 'refusal', 'absence'] satisfies Kind[];

function watchedOf({ seenAt, api, word, row, reportedAt, cutShort }: Json): Watched {
	const answers = rowIn(row);
	const kind = isObject(row) && KINDS.includes(row.kind) ? (row.kind as Kind) : undefined;
	return {
		seenAt: countOf(seenAt) ?? 0,
		api: api === 'official' || api === 'compatibility' ? api : undefined,
		word: typeof word === 'string' ? word : undefined,
		row: answers !== undefined && kind !== undefined ? { kind, ...answers } : undefined,
		reportedAt: countOf(reportedAt),
		cutShort: countOf(cutShort),
	};
}

export function rowIn(saved: unknown): SavedRow | undefined {
	const [answers, since] = isObject(saved) ? [countOf(saved.answers), countOf(saved.since)] : [];
	return answers === undefined || since === undefined ? undefined : { answers, since };
}

function countOf(value: unknown): number | undefined {
	return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
