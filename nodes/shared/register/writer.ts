import { randomUUID } from 'node:crypto';

import { pLimit } from '../wait/limit';
import { Alarm, pause, type Clock } from '../wait/pause';
import type { TableFault } from './faults';
import type { TaskRow } from './row';
import type { TaskTable } from './table';

type Changes = Partial<TaskRow>;

/** What is still to be written of one row. */
interface Entry {
	requestId: string;
	/** The whole row as this process knows it; null if another one has made it. */
	row: TaskRow | null;
	/** The row is certainly in the table. */
	isStored: boolean;
	/** An attempt to insert it may have succeeded. */
	mayExist: boolean;
	/** For after what is on its way. */
	changes: Changes;
	/** On their way. */
	sent: Changes;
	/** When the changes are to go out at the latest, in milliseconds since the epoch. */
	dueAt: number;
	/** On its way. */
	isBusy: boolean;
}

/** Changes without which a task could be lost go out at once; the others gather for so long. */
const GATHERING_MS = 1_000;
const urgent: ReadonlyArray<keyof TaskRow> = ['taskId', 'resumeUrl'];
/** The most rows of one request: databases bound the parts of a condition. */
const BATCH = 500;
const UPDATES_AT_ONCE = 3;
/**
 * From so many different changes on, rows are replaced. On n8n 2.41.1 with SQLite one request takes 30 to 50 ms whatever is
 * in it, also beside others: 100 different changes take 4 s, replacing 100 rows 0.3 s.
 */
const REPLACE_FROM = 6;
/** Rows may be put together whose tasks have ended within so many milliseconds; the latest end counts for all. */
const SAME_END_MS = 5_000;
/** More is forgotten, oldest first: a register that is never reached must not fill the memory. */
const MOST_ENTRIES = 5_000;
/** How long the table is left alone after one, two and more faults in a row. */
const RESTS_MS = [1_000, 5_000, 30_000];
/** After so many faults in a row it is tried again only when a run, a poll or a webhook comes. */
const LAST_FAULT = 5;

/** How requests go at present: whoever comes while they rest does not ask, so that not everybody waits for the same fault. */
export class Health {
	fault: TableFault | null = null;
	faults = 0;
	private restsUntil = 0;

	constructor(private readonly clock: Clock) {}

	/** How long to leave the table alone. */
	get restMs(): number {
		return Math.max(0, this.restsUntil - this.clock.now());
	}

	get isResting(): boolean {
		return this.restMs > 0;
	}

	note(fault: TableFault | null): void {
		// Requests that were under way together fail together.
		if (fault !== null && this.isResting) return;
		this.fault = fault;
		this.faults = fault === null ? 0 : this.faults + 1;
		const rest = RESTS_MS[Math.min(this.faults, RESTS_MS.length) - 1] ?? 0;
		this.restsUntil = this.clock.now() + rest;
	}
}

/**
 * What one process has to write into a table, whichever run it comes from. New rows and changes go out beside each other, each
 * in one request at a time: whatever comes meanwhile goes together in the next. What fails stays and goes out later.
 */
export class Writer {
	readonly health: Health;
	private readonly entries = new Map<string, Entry>();
	/** Rings after each request. */
	private readonly news = new Alarm();
	private readonly limit = pLimit(UPDATES_AT_ONCE);
	private isInserting = false;
	private isUpdating = false;
	private isSleeping = false;
	/** Somebody has waited in vain for what is on its way. */
	private isLate = false;

	constructor(private readonly clock: Clock) {
		this.health = new Health(clock);
	}

	/** Nothing has to be written. */
	get isIdle(): boolean {
		return ![...this.entries.values()].some(isOpen);
	}

	/** A request has taken longer than anybody waits. */
	get isSlow(): boolean {
		return this.isLate;
	}

	add(rows: readonly TaskRow[]): void {
		for (const row of rows) {
			const { requestId } = row;
			this.keep({
				requestId,
				row,
				isStored: false,
				mayExist: false,
				changes: {},
				sent: {},
				dueAt: Infinity,
				isBusy: false,
			});
		}
	}

	change(requestId: string, changes: Changes): void {
		const entry = this.entries.get(requestId) ?? {
			requestId,
			row: null,
			isStored: true,
			mayExist: true,
			changes: {},
			sent: {},
			dueAt: Infinity,
			isBusy: false,
		};
		Object.assign(entry.changes, changes);
		const gathering = urgent.some((column) => column in changes) ? 0 : GATHERING_MS;
		entry.dueAt = Math.min(entry.dueAt, this.clock.now() + gathering);
		if (!this.entries.has(requestId)) this.keep(entry);
	}

	/** What is to be written of a row yet. */
	pending(requestId: string): Changes {
		const entry = this.entries.get(requestId);
		return { ...entry?.sent, ...entry?.changes };
	}

	/** Lets the changes of these rows gather no longer. */
	hurry(requestIds: Iterable<string>): void {
		for (const requestId of requestIds) {
			const entry = this.entries.get(requestId);
			if (entry !== undefined && hasChanges(entry)) entry.dueAt = 0;
		}
	}

	/** Writes what is due, and later the rest. The table belongs to a run, so nothing holds it once all is written. */
	start(table: TaskTable): void {
		if (!this.health.isResting) {
			void this.insertAll(table);
			void this.updateAll(table);
		}
		void this.startLater(table);
	}

	/**
	 * Waits until the rows are in the table, or also all changes of them; no longer than makes sense, nor so many milliseconds.
	 * @returns whether they are
	 */
	async written(requestIds: Iterable<string>, what: 'rows' | 'everything', longestMs: number): Promise<boolean> {
		const waitedFor = [...requestIds];
		const isAwaited = (requestId: string) => {
			const entry = this.entries.get(requestId);
			return entry !== undefined && (what === 'everything' ? isOpen(entry) : !entry.isStored);
		};
		const end = this.clock.now() + longestMs;
		while (waitedFor.some(isAwaited) && !this.health.isResting && !this.isLate) {
			const left = end - this.clock.now();
			if (left <= 0) this.isLate = true;
			else await pause(left, this.clock, this.news);
		}
		return !waitedFor.some(isAwaited);
	}

	private keep(entry: Entry): void {
		this.entries.set(entry.requestId, entry);
		if (this.entries.size <= MOST_ENTRIES) return;
		const all = [...this.entries.values()].filter(({ isBusy }) => !isBusy);
		const oldest = all.find((candidate) => !isOpen(candidate)) ?? all[0];
		if (oldest !== undefined) this.entries.delete(oldest.requestId);
	}

	private async insertAll(table: TaskTable): Promise<void> {
		if (this.isInserting) return;
		this.isInserting = true;
		for (;;) {
			const waiting = this.take(({ isStored }) => !isStored);
			const fresh = waiting.filter(({ mayExist }) => !mayExist);
			if (waiting.length === 0) break;
			if (fresh.length > 0) await this.write(fresh, async (rows) => await table.insert(rows));
			else
				await this.each(waiting, async (entry) => await this.write([entry], async ([row]) => await table.upsert(row!)));
			void this.updateAll(table);
		}
		this.isInserting = false;
	}

	private async updateAll(table: TaskTable): Promise<void> {
		if (this.isUpdating) return;
		this.isUpdating = true;
		// Changes that are made in one go go out in one.
		await Promise.resolve();
		for (;;) {
			const now = this.clock.now();
			const due = this.take((entry) => entry.isStored && hasChanges(entry) && entry.dueAt <= now);
			if (due.length === 0) break;
			const groups = groupsOf(due);
			const single = groups.filter(({ entries: [first, ...others] }) => others.length === 0 && first?.row);
			const isMany = single.length >= REPLACE_FROM;
			const replaced = isMany ? single.flatMap(({ entries }) => entries) : [];
			const updated = isMany ? groups.filter((group) => !single.includes(group)) : groups;
			await Promise.all([
				this.write(replaced, async (rows) => await table.replace(rows, randomUUID())),
				this.each(updated, async ({ entries, changes }) => {
					const ids = entries.map(({ requestId }) => requestId);
					await this.write(entries, async () => await table.update(ids, changes));
				}),
			]);
		}
		this.isUpdating = false;
	}

	/** Sends what the entries hold, and notes what became of it. */
	private async write(
		entries: readonly Entry[],
		send: (rows: TaskRow[]) => Promise<{ fault: TableFault | null }>,
	): Promise<void> {
		if (entries.length === 0 || this.health.isResting) return;
		const sent = entries.map((entry) => {
			const { changes, dueAt } = entry;
			const row = entry.row && { ...entry.row, ...changes };
			Object.assign(entry, { changes: {}, sent: changes, dueAt: Infinity, isBusy: true });
			return { entry, row, changes, dueAt };
		});
		const { fault } = await send(sent.flatMap(({ row }) => row ?? []));
		for (const { entry, row, changes, dueAt } of sent) {
			Object.assign(entry, { sent: {}, isBusy: false });
			if (fault === null) {
				Object.assign(entry, { row, isStored: true });
				// With its ID, a row is no longer this run's alone: others may change it, and nobody may replace it.
				if (row === null || !['notSent', 'sending'].includes(row.status)) entry.row = null;
				if (!isOpen(entry) && entry.row === null) this.entries.delete(entry.requestId);
			} else {
				entry.mayExist ||= fault.mayHaveArrived;
				entry.changes = { ...changes, ...entry.changes };
				entry.dueAt = Math.min(dueAt, entry.dueAt);
			}
		}
		this.health.note(fault);
		this.isLate = false;
		this.news.ring();
	}

	private async each<T>(all: readonly T[], task: (one: T) => Promise<void>): Promise<void> {
		await Promise.all(all.map(async (one) => await this.limit(async () => await task(one))));
	}

	/** The oldest that wait for something; none while there is a fault. */
	private take(isNeeded: (entry: Entry) => boolean): Entry[] {
		const taken: Entry[] = [];
		if (this.health.isResting) return taken;
		for (const entry of this.entries.values()) {
			if (!entry.isBusy && isNeeded(entry)) taken.push(entry);
			if (taken.length === BATCH) break;
		}
		return taken;
	}

	/** Starts again when changes have gathered, or when the table has been left alone for long enough. */
	private async startLater(table: TaskTable): Promise<void> {
		if (this.isSleeping) return;
		this.isSleeping = true;
		for (;;) {
			const open = [...this.entries.values()].filter(isOpen);
			if (open.length === 0 || this.health.faults >= LAST_FAULT) break;
			await this.clock.sleep(Math.max(1, this.health.restMs || GATHERING_MS));
			if (this.health.isResting) continue;
			await Promise.all([this.insertAll(table), this.updateAll(table)]);
		}
		this.isSleeping = false;
	}
}

function hasChanges({ changes }: Entry): boolean {
	return Object.keys(changes).length > 0;
}

function isOpen(entry: Entry): boolean {
	return !entry.isStored || entry.isBusy || hasChanges(entry);
}

/** Entries with the same changes. */
function groupsOf(entries: readonly Entry[]): Array<{ changes: Changes; entries: Entry[] }> {
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
