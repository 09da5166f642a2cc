import type { Kind, Row } from '../shared/judgement/judge';
import { isObject } from '../shared/task/json';
import { settled, type ApiFamily, type TaskState } from '../shared/task/task';
import type { TaskEvent } from '../shared/trigger/events';
import { EmittedEvents } from '../shared/trigger/emitted';
import { revisionOf, rowIn, watchedIn, type SavedRow, type SavedWatchlist, type Watched } from './savedWatchlist';

/** An ID that was reported is asked for this seldom: the user may yet correct what was wrong. */
const REPORTED_GAP_MS = 60 * 60_000;
/** How many tasks may be watched at a time. */
export const MAX_TASKS = 10_000;
/** The least number of emitted tasks to remember, listed or not. */
const MIN_REMEMBERED = 1_000;
const MAX_WORD = 100;

/**
 * The tasks that the trigger watches, and which of their events it has emitted. Pure: the time is given, and what is
 * remembered goes in and out as plain data.
 */
export class Watchlist {
	readonly revision: number;
	private readonly emitted: EmittedEvents;
	private readonly watched = new Map<string, Watched>();
	private silence: SavedWatchlist['silence'];

	/**
	 * @param ids the tasks to watch, in the user's order, each once
	 * @param saved what `toJSON` gave after an earlier poll; anything else counts as nothing
	 */
	constructor(ids: readonly string[], saved: unknown) {
		const before = isObject(saved) ? saved : {};
		this.revision = revisionOf(before);
		this.silence = rowIn(before.silence) ?? null;
		// n8n saves all of it with every event, so tasks that have left the list are forgotten, though not if it is empty for once.
		const listed = ids.length === 0 ? MAX_TASKS : ids.length;
		this.emitted = new EmittedEvents(Math.max(MIN_REMEMBERED, 2 * listed));
		this.emitted.load(before.told, ids);
		const watched = watchedIn(before);
		for (const id of ids) {
			if (!this.emitted.hasEnded(id)) this.watched.set(id, watched.get(id) ?? { seenAt: 0 });
		}
	}

	/** The tasks to ask for now, the longest unseen first. */
	inTurn(now: number): string[] {
		const due = [...this.watched].filter(([, { reportedAt, seenAt }]) => {
			// A clock may have been set back.
			return reportedAt === undefined || Math.abs(now - seenAt) >= REPORTED_GAP_MS;
		});
		return due.sort(([, one], [, other]) => one.seenAt - other.seenAt).map(([id]) => id);
	}

	/** Whether an event of the task is still to come, and it was not reported as missing. */
	isOpen(taskId: string): boolean {
		const watched = this.watched.get(taskId);
		return watched !== undefined && watched.reportedAt === undefined;
	}

	/** The API family that knows a task; undefined for a task that was never found. */
	apiOf(taskId: string): ApiFamily | undefined {
		return this.watched.get(taskId)?.api;
	}

	/**
	 * Records what the API says of a task, and gives the event that has not been emitted, or null, with the state to emit. An
	 * event counts as emitted only after `markEmitted`.
	 */
	see(taskId: string, read: TaskState, api: ApiFamily, now: number): { event: TaskEvent | null; state: TaskState } {
		const word = unsettledWord(read);
		const isRepeated = word !== undefined && word === this.watched.get(taskId)?.word;
		const state = settled(isRepeated ? read : null, read);
		this.change(taskId, { seenAt: now, api, word, row: undefined, reportedAt: undefined });
		return { event: this.emitted.newEvent(taskId, state), state };
	}

	/**
	 * Records an answer about a task that is no task.
	 * @returns the row to judge, or null if it has been reported
	 */
	miss(taskId: string, kind: Kind, now: number): Row | null {
		const { row, reportedAt } = this.watched.get(taskId) ?? {};
		const next = { kind, ...grown(row?.kind === kind ? row : undefined, now) };
		this.change(taskId, { seenAt: now, row: next });
		return reportedAt === undefined ? { answers: next.answers, ms: now - next.since } : null;
	}

	/** Records a read that failed for reasons unrelated to the task. What was missing before may have been back meanwhile. */
	skip(taskId: string, now: number): void {
		this.change(taskId, { seenAt: now, row: undefined });
	}

	/** Records that tasks were answered. */
	noteAnswer(): void {
		this.silence = null;
	}

	/** Records a poll in which no task was answered, and gives how many there were in a row. */
	noteSilence(now: number): Row {
		this.silence = grown(this.silence ?? undefined, now);
		for (const taskId of this.watched.keys()) this.change(taskId, { row: undefined });
		return { answers: this.silence.answers, ms: now - this.silence.since };
	}

	/** Lets the next poll ask for a task first, because there was no time to emit its event. */
	defer(taskId: string): void {
		this.change(taskId, { seenAt: 0 });
	}

	/** Records that the file of a task could not be fetched in time, and gives how often that has been so. */
	cutShort(taskId: string): number {
		const cutShort = (this.watched.get(taskId)?.cutShort ?? 0) + 1;
		this.change(taskId, { seenAt: 0, cutShort });
		return cutShort;
	}

	/** Records that the event of a task's state was emitted, or need not be. */
	markEmitted(taskId: string, state: TaskState): void {
		this.emitted.markEmitted(taskId, state);
		if (this.emitted.hasEnded(taskId)) this.watched.delete(taskId);
	}

	/** Records that it was reported that there is no such task. */
	markReported(taskId: string, now: number): void {
		this.change(taskId, { reportedAt: now });
	}

	/** Plain data for n8n's static data, a new object each time. */
	toJSON(): SavedWatchlist {
		const watched = [...this.watched].map(([id, entry]) => ({ id, ...entry }));
		return { told: this.emitted.toJSON(), watched, silence: this.silence, revision: this.revision + 1 };
	}

	private change(taskId: string, facts: Partial<Watched>): void {
		this.watched.set(taskId, { seenAt: 0, ...this.watched.get(taskId), ...facts });
	}
}

/** One more in the row, or the first one. */
function grown(row: SavedRow | undefined, now: number): SavedRow {
	// A clock may have been set back.
	return { answers: (row?.answers ?? 0) + 1, since: Math.min(row?.since ?? now, now) };
}

function unsettledWord({ status, rawStatus, assetUrls }: TaskState): string | undefined {
	return status === 'unknown' && assetUrls.length > 0 ? rawStatus?.slice(0, MAX_WORD) : undefined;
}
