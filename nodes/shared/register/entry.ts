import type { TaskRow } from './row';

/** New values for some columns of a row. */
export type Changes = Partial<TaskRow>;

/** What is still to be written of one row. */
export interface Entry {
	requestId: string;
	/** The whole row as this process knows it; null if another one has made it. */
	row: TaskRow | null;
	/** The row is certainly in the table. */
	isStored: boolean;
	/** An attempt to insert it may have succeeded. */
	mayExist: boolean;
	/** Changes to write after those that are being written. */
	changes: Changes;
	/** On their way. */
	sent: Changes;
	/** The latest time to write the changes, in milliseconds since the epoch. */
	dueAt: number;
	/** On its way. */
	isBusy: boolean;
}

/** Rows of tasks that ended within this many milliseconds may be combined; the latest end counts for all. */
const SAME_END_MS = 5_000;

/** @param row the whole row, if this process makes it */
export function newEntry(requestId: string, row: TaskRow | null): Entry {
	const isStored = row === null;
	return { requestId, row, isStored, mayExist: isStored, changes: {}, sent: {}, dueAt: Infinity, isBusy: false };
}

export function hasChanges({ changes }: Entry): boolean {
	return Object.keys(changes).length > 0;
}

export function isOpen(entry: Entry): boolean {
	return !entry.isStored || entry.isBusy || hasChanges(entry);
}

/** Entries with the same changes. */
export function groupsOf(entries: readonly Entry[]): Array<{ changes: Changes; entries: Entry[] }> {
	const groups = new Map<string, { changes: Changes; entries: Entry[] }>();
	for (const entry of entries) {
		const { endedTime, ...others } = entry.changes;
		const end = typeof endedTime === 'string' ? Math.floor(new Date(endedTime).getTime() / SAME_END_MS) : endedTime;
		const sorted = Object.entries(others).sort(([one], [other]) => (one < other ? -1 : 1));
		const key = JSON.stringify([end, ...sorted]);
		const group = groups.get(key) ?? { changes: { ...entry.changes }, entries: [] };
		const { endedTime: latest } = group.changes;
		if (endedTime && latest && endedTime > latest) group.changes.endedTime = endedTime;
		group.entries.push(entry);
		groups.set(key, group);
	}
	return [...groups.values()];
}
