import { isObject } from '../shared/task/json';
import type { Api, TaskState } from '../shared/task/task';
import type { TaskEvent } from '../shared/trigger/events';
import { Told, type SavedTold } from '../shared/trigger/told';

/** An id that the API does not know for this long is reported: a fresh one may be unknown for a while. */
export const ABSENCE_GRACE_MS = 5 * 60_000;
/** A task that was there before is given longer: its id is right, so the gateway may have lost sight of it for a time. */
export const KNOWN_ABSENCE_GRACE_MS = 60 * 60_000;
/** An unknown id that was told of is asked for this seldom: the user may yet mend what was wrong. */
const TOLD_ABSENT_GAP_MS = 60 * 60_000;
/** More than may be watched at a time, so that no task of a long list is ever forgotten and told again. */
const MAX_REMEMBERED = 20_000;

/** What is remembered of a watched task that has not ended. */
interface Watched {
	/** When it was asked for last, in milliseconds since the epoch; 0 for never. */
	seenAt: number;
	/** The family of routes that knows it, once one has answered. */
	api?: Api;
	/** Since when the API says that it does not know the id. */
	absentSince?: number;
	/** When it was told that the id is unknown; from then on it is asked for but seldom. */
	absenceTold?: number;
	/** How often its file could not be fetched in the time of one poll. */
	cutShort?: number;
}

/** {@link Watchlist} as plain data. */
export interface SavedWatchlist {
	told: SavedTold;
	watched: Array<{ id: string } & Watched>;
	inVain: number;
	revision: number;
}

/**
 * The tasks that the trigger watches, and what it has told of them. Pure: the time is given, and what is
 * remembered goes in and out as plain data.
 */
export class Watchlist {
	/** Polls in a row that got no answer. */
	inVain: number;
	/** Grows with every poll that is saved. */
	readonly revision: number;
	private readonly told = new Told(MAX_REMEMBERED);
	private readonly watched = new Map<string, Watched>();

	/**
	 * @param ids the tasks to watch, in the user's order, each once
	 * @param saved what `toJSON` gave after an earlier poll; anything else counts as nothing
	 */
	constructor(ids: readonly string[], saved: unknown) {
		const { told, watched, inVain, revision } = isObject(saved) ? saved : {};
		this.inVain = countOf(inVain) ?? 0;
		this.revision = countOf(revision) ?? 0;
		this.told.load(told);
		const before = new Map<unknown, Watched>();
		for (const entry of Array.isArray(watched) ? (watched as unknown[]) : []) {
			if (isObject(entry)) before.set(entry.id, watchedOf(entry));
		}
		for (const id of ids) {
			this.told.refresh(id);
			if (!this.told.hasEnded(id)) this.watched.set(id, before.get(id) ?? { seenAt: 0 });
		}
	}

	/** The tasks to ask for now, the longest unseen first. */
	inTurn(now: number): string[] {
		const due = [...this.watched].filter(([, { absenceTold, seenAt }]) => {
			// A clock may have been set back.
			return absenceTold === undefined || Math.abs(now - seenAt) >= TOLD_ABSENT_GAP_MS;
		});
		return due.sort(([, one], [, other]) => one.seenAt - other.seenAt).map(([id]) => id);
	}

	apiOf(taskId: string): Api | undefined {
		return this.watched.get(taskId)?.api;
	}

	/** Notes that the API told of a task, and gives the event that is news, or null. Nothing counts as told by that. */
	see(taskId: string, state: TaskState, api: Api, now: number): TaskEvent | null {
		this.change(taskId, { seenAt: now, api, absentSince: undefined, absenceTold: undefined });
		return this.told.news(taskId, state);
	}

	/** Notes that the API does not know an id. True once it has been so for long enough to say so. */
	miss(taskId: string, now: number): boolean {
		const { api, absentSince: since = now, absenceTold } = this.watched.get(taskId) ?? {};
		// A clock may have been set back.
		const absentSince = Math.min(since, now);
		this.change(taskId, { seenAt: now, absentSince });
		if (absenceTold !== undefined) return false;
		return now - absentSince >= (api === undefined ? ABSENCE_GRACE_MS : KNOWN_ABSENCE_GRACE_MS);
	}

	/** Notes that a task was asked for in vain, which says nothing about it. */
	skip(taskId: string, now: number): void {
		this.change(taskId, { seenAt: now });
	}

	/** Lets the next poll ask for a task first, because there was no time to tell its news. */
	defer(taskId: string): void {
		this.change(taskId, { seenAt: 0 });
	}

	/** Notes that the file of a task could not be fetched in time, and gives how often that has been so. */
	cutShort(taskId: string): number {
		const cutShort = (this.watched.get(taskId)?.cutShort ?? 0) + 1;
		this.change(taskId, { seenAt: 0, cutShort });
		return cutShort;
	}

	/** Notes that a task's state was told, or need not be. */
	tell(taskId: string, state: TaskState): void {
		this.told.note(taskId, state);
		if (this.told.hasEnded(taskId)) this.watched.delete(taskId);
	}

	/** Notes that it was told that an id is unknown. */
	tellAbsent(taskId: string, now: number): void {
		this.change(taskId, { absenceTold: now });
	}

	/** Plain data for n8n's static data, a new object each time. */
	toJSON(): SavedWatchlist {
		const watched = [...this.watched].map(([id, entry]) => ({ id, ...entry }));
		return { told: this.told.toJSON(), watched, inVain: this.inVain, revision: this.revision + 1 };
	}

	private change(taskId: string, facts: Partial<Watched>): void {
		const changed: Watched = { seenAt: 0, ...this.watched.get(taskId), ...facts };
		if (changed.absentSince === undefined) delete changed.absentSince;
		if (changed.absenceTold === undefined) delete changed.absenceTold;
		this.watched.set(taskId, changed);
	}
}

/** What an entry of the saved list says, as far as it makes sense. */
function watchedOf(entry: Record<string, unknown>): Watched {
	const absentSince = countOf(entry.absentSince);
	const absenceTold = countOf(entry.absenceTold);
	const cutShort = countOf(entry.cutShort);
	return {
		seenAt: countOf(entry.seenAt) ?? 0,
		...(entry.api === 'official' || entry.api === 'compatibility' ? { api: entry.api } : {}),
		...(absentSince === undefined ? {} : { absentSince }),
		...(absenceTold === undefined ? {} : { absenceTold }),
		...(cutShort === undefined ? {} : { cutShort }),
	};
}

function countOf(value: unknown): number | undefined {
	return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
