import { isObject } from '../shared/task/json';
import type { Api, TaskState } from '../shared/task/task';
import type { TaskEvent } from '../shared/trigger/events';
import { Told } from '../shared/trigger/told';

/** An id that the API does not know for this long is reported: a fresh one may be unknown for a while. */
export const ABSENCE_GRACE_MS = 5 * 60_000;
/** Ids that are no longer watched are remembered, too, since a list that comes from elsewhere may be empty for once. */
const MAX_REMEMBERED = 20_000;

/** What is remembered of a watched task that has not ended. */
interface Watched {
	/** When it was asked for last, in milliseconds since the epoch; 0 for never. */
	seenAt: number;
	/** The family of routes that knows it, once one has answered. */
	api?: Api;
	/** Since when the API says that it does not know the id. */
	absentSince?: number;
	/** How often its file could not be fetched in the time of one poll. */
	cutShort?: number;
}

/**
 * The tasks that the trigger watches, and what it has told of them. Pure: the time is given, and what is
 * remembered goes in and out as plain data.
 */
export class Watchlist {
	private readonly told = new Told(MAX_REMEMBERED);
	private readonly watched = new Map<string, Watched>();

	/**
	 * @param ids the tasks to watch, in the user's order
	 * @param saved what `toJSON` gave after an earlier poll; anything else counts as nothing
	 */
	constructor(ids: readonly string[], saved: unknown) {
		const { told, watched } = isObject(saved) ? saved : {};
		this.told.load(told);
		for (const id of ids) {
			if (this.told.hasEnded(id)) continue;
			this.watched.set(id, { seenAt: 0, ...(isObject(watched) && isObject(watched[id]) ? watched[id] : {}) });
		}
	}

	/** The tasks that have not ended, the longest unseen first. */
	inTurn(): string[] {
		return [...this.watched].sort(([, one], [, other]) => one.seenAt - other.seenAt).map(([id]) => id);
	}

	apiOf(taskId: string): Api | undefined {
		return this.watched.get(taskId)?.api;
	}

	/** Notes that the API told of a task, and gives the event that is news, or null. Nothing counts as told by that. */
	see(taskId: string, state: TaskState, api: Api, now: number): TaskEvent | null {
		const { cutShort } = this.watched.get(taskId) ?? {};
		this.watched.set(taskId, { seenAt: now, api, ...(cutShort === undefined ? {} : { cutShort }) });
		return this.told.news(taskId, state);
	}

	/** Notes that the API does not know an id. True once it has been so for long enough to say so. */
	miss(taskId: string, now: number): boolean {
		const absentSince = this.watched.get(taskId)?.absentSince ?? now;
		this.watched.set(taskId, { ...this.watched.get(taskId), seenAt: now, absentSince });
		return now - absentSince >= ABSENCE_GRACE_MS;
	}

	/** Notes that a task was asked for in vain, which says nothing about it. */
	skip(taskId: string, now: number): void {
		this.watched.set(taskId, { ...this.watched.get(taskId), seenAt: now });
	}

	/** Lets the next poll ask for a task first, because there was no time to tell its news. */
	defer(taskId: string): void {
		const watched = this.watched.get(taskId);
		if (watched !== undefined) watched.seenAt = 0;
	}

	/** Notes that the file of a task could not be fetched in time, and gives how often that has been so. */
	cutShort(taskId: string): number {
		const watched = { ...this.watched.get(taskId), seenAt: 0 };
		watched.cutShort = (watched.cutShort ?? 0) + 1;
		this.watched.set(taskId, watched);
		return watched.cutShort;
	}

	/** Notes that a task's state was told, or need not be. */
	tell(taskId: string, state: TaskState): void {
		this.told.note(taskId, state);
		if (this.told.hasEnded(taskId)) this.watched.delete(taskId);
	}

	/** Notes that an id is not worth asking for again. */
	giveUp(taskId: string): void {
		this.told.end(taskId);
		this.watched.delete(taskId);
	}

	/** Plain data for n8n's static data, a new object each time. */
	toJSON() {
		return { told: this.told.toJSON(), watched: Object.fromEntries(this.watched) };
	}
}
