import { Alarm, pause, type Clock } from '../wait/pause';
import { pLimit } from '../wait/limit';
import type { TableFault } from './faults';
import type { TaskRow } from './row';
import type { Result, TaskTable } from './table';

type Changes = Partial<TaskRow>;

/** What is still to be written of one row. */
interface Entry {
	requestId: string;
	/** The whole row until it is certainly in the table. */
	row: TaskRow | null;
	/** An attempt to insert it may have succeeded. */
	mayExist: boolean;
	/** For after what is on its way. */
	changes: Changes;
	/** On its way. */
	isBusy: boolean;
}

/** Lets changes that come together go together. */
const GATHERING_MS = 20;
/** The most rows of one request: databases bound the parts of a condition. */
const BATCH = 500;
const UPDATES_AT_ONCE = 4;
/** More is forgotten, oldest first: a register that is never reached must not fill the memory. */
const MOST_ENTRIES = 5_000;
/** How long the table is left alone after one, two and more faults in a row. */
const RESTS_MS = [1_000, 5_000, 30_000];
/** After so many faults in a row it is tried again only when a run, a poll or a webhook comes. */
const LAST_FAULT = 5;

/** How a kind of request goes at present: whoever comes while it rests does not ask, so that not everybody waits. */
export class Health {
	fault: TableFault | null = null;
	faults = 0;
	private restsUntil = 0;

	constructor(private readonly clock: Clock) {}

	get isResting(): boolean {
		return this.clock.now() < this.restsUntil;
	}

	get restMs(): number {
		return Math.max(0, this.restsUntil - this.clock.now());
	}

	note(fault: TableFault | null): void {
		this.fault = fault;
		this.faults = fault === null ? 0 : this.faults + 1;
		const rest = fault === null ? 0 : (RESTS_MS[this.faults - 1] ?? RESTS_MS.at(-1) ?? 0);
		this.restsUntil = fault === null ? 0 : this.clock.now() + rest;
	}

	/** The credential has changed: the old fault says nothing. */
	forget(): void {
		this.note(null);
	}
}

/**
 * What one process has to write into a table, whichever run it comes from. New rows and changes go out beside each other, each
 * one request at a time: whatever comes meanwhile goes together in the next. What fails stays and goes out later.
 */
export class Writer {
	readonly health: Health;
	private readonly entries = new Map<string, Entry>();
	private readonly news = new Alarm();
	private readonly limit = pLimit(UPDATES_AT_ONCE);
	private isInserting = false;
	private isUpdating = false;
	private isRetrying = false;
	/** Somebody has waited in vain for what is on its way. */
	private isLate = false;

	constructor(private readonly clock: Clock) {
		this.health = new Health(clock);
	}

	get isEmpty(): boolean {
		return this.entries.size === 0;
	}

	add(rows: readonly TaskRow[]): void {
		for (const row of rows) {
			this.keep({ requestId: row.requestId, row, mayExist: false, changes: {}, isBusy: false });
		}
	}

	change(requestId: string, changes: Changes): void {
		const entry = this.entries.get(requestId);
		if (entry !== undefined) Object.assign(entry.changes, changes);
		else this.keep({ requestId, row: null, mayExist: true, changes: { ...changes }, isBusy: false });
	}

	/** What is known of a row and not written yet. */
	pending(requestId: string): Changes {
		const entry = this.entries.get(requestId);
		return entry === undefined ? {} : { ...entry.row, ...entry.changes };
	}

	/** Begins to write, if nothing is in the way. The table belongs to a run, so nothing holds it once all is written. */
	start(table: TaskTable): void {
		if (this.isEmpty) return;
		if (this.health.isResting) {
			void this.tryAgain(table);
			return;
		}
		void this.insertAll(table);
		void this.updateAll(table);
	}

	/** Waits until the rows are in the table, or also all changes of them; no longer than makes sense, and so many milliseconds. */
	async written(requestIds: Iterable<string>, what: 'rows' | 'everything', longestMs: number): Promise<void> {
		const waitedFor = [...requestIds];
		const isOpen = (id: string) => {
			const entry = this.entries.get(id);
			return entry !== undefined && (what === 'everything' || entry.row !== null);
		};
		const end = this.clock.now() + longestMs;
		while (waitedFor.some(isOpen) && !this.health.isResting && !this.isLate) {
			const left = end - this.clock.now();
			if (left <= 0) this.isLate = true;
			else await pause(left, this.clock, this.news);
		}
	}

	/** More than two seconds have passed since something went out. */
	get isSlow(): boolean {
		return this.isLate;
	}

	private keep(entry: Entry): void {
		this.entries.set(entry.requestId, entry);
		if (this.entries.size <= MOST_ENTRIES) return;
		for (const { requestId, isBusy } of this.entries.values()) {
			if (!isBusy) {
				this.entries.delete(requestId);
				return;
			}
		}
	}

	private async insertAll(table: TaskTable): Promise<void> {
		if (this.isInserting) return;
		this.isInserting = true;
		while (!this.health.isResting) {
			const waiting = this.take(({ row }) => row !== null);
			const fresh = waiting.filter(({ mayExist }) => !mayExist);
			const batch = fresh.length > 0 ? fresh : waiting;
			if (batch.length === 0) break;
			await this.insert(table, batch, fresh.length > 0);
			void this.updateAll(table);
		}
		this.isInserting = false;
		if (this.health.isResting) void this.tryAgain(table);
	}

	private async insert(table: TaskTable, batch: readonly Entry[], isFresh: boolean): Promise<void> {
		const rows = batch.map((entry) => {
			const row = { ...(entry.row as TaskRow), ...entry.changes };
			Object.assign(entry, { row, changes: {}, isBusy: true });
			return { entry, row };
		});
		const settle = (entries: readonly Entry[], fault: TableFault | null) => {
			for (const entry of entries) {
				entry.isBusy = false;
				if (fault === null) this.isStored(entry);
				else entry.mayExist ||= fault.mayHaveArrived;
			}
			this.note(fault);
		};
		if (isFresh) {
			const { fault } = await table.insert(rows.map(({ row }) => row));
			settle(batch, fault);
			return;
		}
		await this.each(
			rows,
			async ({ entry, row }) => settle([entry], (await table.upsert(row)).fault),
			({ entry }) => {
				entry.isBusy = false;
			},
		);
	}

	private async updateAll(table: TaskTable): Promise<void> {
		if (this.isUpdating) return;
		this.isUpdating = true;
		await this.clock.sleep(GATHERING_MS);
		while (!this.health.isResting) {
			const batch = this.take(({ row, changes }) => row === null && Object.keys(changes).length > 0);
			if (batch.length === 0) break;
			const groups = new Map<string, { changes: Changes; entries: Entry[] }>();
			for (const entry of batch) {
				const { changes } = entry;
				const key = JSON.stringify(Object.entries(changes).sort(([one], [other]) => (one < other ? -1 : 1)));
				const group = groups.get(key) ?? { changes, entries: [] };
				group.entries.push(entry);
				groups.set(key, group);
				Object.assign(entry, { changes: {}, isBusy: true });
			}
			const giveBack = ({ changes, entries }: { changes: Changes; entries: Entry[] }, fault: TableFault | null) => {
				for (const entry of entries) {
					entry.isBusy = false;
					if (fault === null) this.isStored(entry);
					else entry.changes = { ...changes, ...entry.changes };
				}
			};
			const notDone: TableFault = { words: '', mayHaveArrived: false, isMissing: false, isRefused: false };
			await this.each(
				[...groups.values()],
				async (group) => {
					const ids = group.entries.map(({ requestId }) => requestId);
					const { fault }: Result<unknown> = await table.update(ids, group.changes);
					giveBack(group, fault);
					this.note(fault);
				},
				(group) => giveBack(group, notDone),
			);
		}
		this.isUpdating = false;
		if (this.health.isResting) void this.tryAgain(table);
	}

	/** Does something with each, a few at a time; after a fault the rest is given back. */
	private async each<T>(all: readonly T[], task: (one: T) => Promise<void>, skip: (one: T) => void): Promise<void> {
		await Promise.all(
			all.map(async (one) => await this.limit(async () => (this.health.isResting ? skip(one) : await task(one)))),
		);
	}

	private take(isNeeded: (entry: Entry) => boolean): Entry[] {
		const taken: Entry[] = [];
		for (const entry of this.entries.values()) {
			if (!entry.isBusy && isNeeded(entry)) taken.push(entry);
			if (taken.length === BATCH) break;
		}
		return taken;
	}

	private isStored(entry: Entry): void {
		entry.row = null;
		if (Object.keys(entry.changes).length === 0) this.entries.delete(entry.requestId);
	}

	private note(fault: TableFault | null): void {
		// Requests that were on their way together fail together.
		if (fault === null || !this.health.isResting) this.health.note(fault);
		this.isLate = false;
		this.news.ring();
	}

	private async tryAgain(table: TaskTable): Promise<void> {
		if (this.isRetrying || this.health.faults >= LAST_FAULT) return;
		this.isRetrying = true;
		while (this.health.isResting) await this.clock.sleep(this.health.restMs);
		this.isRetrying = false;
		this.start(table);
	}
}
