import { randomUUID } from 'node:crypto';

import { pLimit } from '../wait/limit';
import { Alarm, pause, type Clock } from '../wait/pause';
import { Entry, plan, type Changes } from './entry';
import { oddFault, type TableFault } from './faults';
import { Health } from './health';
import type { TaskRow } from './row';
import type { TaskTable } from './table';

/** Changes that a task could be lost without go out at once; the others are collected for this long, and then go together. */
const GATHERING_MS = 1_000;
/** Between two rounds of changes at least, so that what a busy run changes goes out in a few requests. */
const ROUND_MS = 150;
const urgent: ReadonlyArray<keyof TaskRow> = ['taskId', 'resumeUrl'];
/** The most rows of one request: databases bound the parts of a condition. */
const BATCH = 500;
const UPDATES_AT_ONCE = 3;
/** More is forgotten, oldest first: a register that is never reached must not fill the memory. */
const MOST_ENTRIES = 5_000;
/** After this many faults in a row, only a run, a poll or a webhook tries again. */
const LAST_FAULT = 5;

/**
 * What one process has to write into a table, whichever run it comes from. New rows and changes go out beside each other, each
 * in one request at a time: whatever comes meanwhile goes together in the next. What fails stays and goes out later.
 */
export class Writer {
	/** How requests with the present key go. */
	health: Health;
	/** A request is taking longer than anybody waits. */
	isSlow = false;
	private readonly entries = new Map<string, Entry>();
	/** Rings after each request. */
	private readonly news = new Alarm();
	private readonly limit = pLimit(UPDATES_AT_ONCE);
	private readonly running = new Map<string, 'once' | 'again'>();
	/** The latest one: it has the present key. It belongs to a run, so nothing holds it once all is written. */
	private table: TaskTable | null = null;
	private lastRoundAt = -Infinity;

	constructor(private readonly clock: Clock) {
		this.health = new Health(clock);
	}

	/** Nothing has to be written. */
	get isIdle(): boolean {
		return ![...this.entries.values()].some((entry) => entry.isOpen);
	}

	add(rows: readonly TaskRow[]): void {
		for (const row of rows) this.keep(new Entry(row.requestId, row));
	}

	change(requestId: string, changes: Changes): void {
		const entry = this.entries.get(requestId) ?? new Entry(requestId, null);
		Object.assign(entry.changes, changes);
		const isUrgent = urgent.some((column) => column in changes);
		entry.dueAt = Math.min(entry.dueAt, isUrgent ? 0 : GATHERING_MS * Math.ceil(this.clock.now() / GATHERING_MS + 1));
		if (!this.entries.has(requestId)) this.keep(entry);
	}

	/** What is still to write of a row. */
	pending(requestId: string): Changes {
		const entry = this.entries.get(requestId);
		return { ...entry?.sent, ...entry?.changes };
	}

	/** Lets the changes of these rows gather no longer. */
	hurry(requestIds: Iterable<string>): void {
		for (const requestId of requestIds) {
			const entry = this.entries.get(requestId);
			if (entry?.hasChanges) entry.dueAt = 0;
		}
	}

	/** Forgets the faults of a key that is no longer used, those of its requests under way as well. */
	renew(): void {
		this.health = new Health(this.clock);
		this.table = null;
		this.isSlow = false;
	}

	/**
	 * Writes what is due, and later the rest.
	 * @param table null to write into the one of another run
	 */
	start(table: TaskTable | null): void {
		this.table = table ?? this.table;
		if (this.table === null) return;
		if (!this.health.isResting) {
			void this.insertAll();
			void this.updateAll();
		}
		void this.startLater();
	}

	/**
	 * Waits until the rows are in the table, or also all their changes, but no longer than the given time, and not while the table is left alone.
	 * @returns whether they are
	 */
	async written(requestIds: Iterable<string>, what: 'rows' | 'everything', longestMs: number): Promise<boolean> {
		const waitedFor = [...requestIds];
		const isAwaited = (requestId: string) => {
			const entry = this.entries.get(requestId);
			return entry !== undefined && (what === 'everything' ? entry.isOpen : !entry.isStored);
		};
		const end = this.clock.now() + longestMs;
		while (waitedFor.some(isAwaited) && !this.health.isResting && !this.isSlow) {
			const left = end - this.clock.now();
			if (left <= 0) this.isSlow = true;
			else await pause(left, this.clock, this.news);
		}
		return !waitedFor.some(isAwaited);
	}

	private keep(entry: Entry): void {
		this.entries.set(entry.requestId, entry);
		if (this.entries.size <= MOST_ENTRIES) return;
		const all = [...this.entries.values()].filter(({ isBusy }) => !isBusy);
		const oldest = all.find((candidate) => !candidate.isOpen) ?? all[0];
		if (oldest !== undefined) this.entries.delete(oldest.requestId);
	}

	private async insertAll(): Promise<void> {
		await this.alone('insert', async () => {
			for (;;) {
				const waiting = this.take(({ isStored }) => !isStored);
				const fresh = waiting.filter(({ mayExist }) => !mayExist);
				if (waiting.length === 0) break;
				if (fresh.length > 0) await this.write(fresh, async (table, rows) => await table.insert(rows));
				else
					await this.each(
						waiting,
						async (entry) => await this.write([entry], async (table, [row]) => await table.upsert(row!)),
					);
				void this.updateAll();
			}
		});
	}

	private async updateAll(): Promise<void> {
		await this.alone('update', async () => {
			// Changes that are made in one go go out in one.
			await Promise.resolve();
			for (;;) {
				const soon = this.lastRoundAt + ROUND_MS - this.clock.now();
				if (soon > 0) await this.clock.sleep(soon);
				const now = this.clock.now();
				const due = this.take((entry) => entry.isStored && entry.hasChanges && entry.dueAt <= now);
				if (due.length === 0) break;
				this.lastRoundAt = now;
				const { replaced, updated } = plan(due);
				await Promise.all([
					this.write(replaced, async (table, rows) => await table.replace(rows, randomUUID())),
					this.each(updated, async ({ entries, changes }) => {
						const ids = entries.map(({ requestId }) => requestId);
						await this.write(entries, async (table) => await table.update(ids, changes));
					}),
				]);
			}
		});
	}

	/** Starts again when changes have gathered, or when the table has been left alone for long enough. */
	private async startLater(): Promise<void> {
		await this.alone('later', async () => {
			while (!this.isIdle && this.table !== null && this.health.faults < LAST_FAULT) {
				await this.clock.sleep(Math.max(1, this.health.restMs || GATHERING_MS));
				if (!this.health.isResting) await Promise.all([this.insertAll(), this.updateAll()]);
			}
			if (this.isIdle) this.table = null;
		});
	}

	/** Calls that come while it works cause only one more round after that. Never throws. */
	private async alone(name: string, work: () => Promise<void>): Promise<void> {
		if (this.running.has(name)) {
			this.running.set(name, 'again');
			return;
		}
		try {
			do {
				this.running.set(name, 'once');
				await work();
			} while (this.running.get(name) === 'again');
		} catch {
			this.health.note(oddFault);
		} finally {
			this.running.delete(name);
		}
	}

	/** Sends the contents of the entries, and records the result. */
	private async write(
		entries: readonly Entry[],
		send: (table: TaskTable, rows: TaskRow[]) => Promise<{ fault: TableFault | null }>,
	): Promise<void> {
		const { health, table } = this;
		if (entries.length === 0 || table === null || health.isResting) return;
		const rows = entries.flatMap((entry) => entry.send() ?? []);
		const { fault } = await send(table, rows).catch(() => ({ fault: oddFault }));
		for (const entry of entries) {
			entry.note(fault);
			if (!entry.isOpen && entry.row === null) this.entries.delete(entry.requestId);
		}
		health.note(fault);
		this.isSlow = false;
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
}
