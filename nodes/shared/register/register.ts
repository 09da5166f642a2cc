import type { IExecuteFunctions } from 'n8n-workflow';

import { CREDENTIAL, type RequestContext } from '../api/transport';
import type { Clock } from '../wait/pause';
import type { TableFault } from './faults';
import { readStoredRow, withoutDuplicates, type StoredRow, type TaskRow } from './row';
import { readAddress, TaskTable, type AskHost, type Condition, type TablePlace } from './table';
import { Health, Writer } from './writer';

/**
 * The register of all tasks: a data table of the user's own n8n, over its public API (design: the credential switches it on).
 * Nothing here throws and nothing waits long: what can't be written is made up for later, and {@link Register.fault} says why.
 */
export interface Register {
	/**
	 * One request for a whole batch. Comes back after two seconds at most, and keeps trying in the background.
	 * @returns whether the rows are in the table
	 */
	add(rows: readonly TaskRow[]): Promise<boolean>;
	/** Changes a row soon, together with other changes; never waits. Several changes of one row are applied in their order. */
	change(requestId: string, changes: Partial<TaskRow>): void;
	/**
	 * Waits until everything is written, two seconds at most. To be called when a run, a poll or a webhook ends.
	 * @param requestIds only these rows
	 * @returns whether it is
	 */
	settle(requestIds?: readonly string[]): Promise<boolean>;
	/** The rows that match, or null if the register does not answer. */
	find(query: RowQuery): Promise<StoredRow[] | null>;
	/** What n8n says of an execution; null if it does not answer. */
	execution(id: string): Promise<ExecutionState | null>;
	/** Lets the next question be asked although the one before had no answer. For whoever can't do without. */
	askAnew(): void;
	/** One sentence on what is wrong with the register and how to mend it, without any secret; null if nothing is. */
	readonly fault: string | null;
	/** Whether n8n refuses what it is asked, or does not answer. One that is slow has all of it in the end. */
	readonly isDown: boolean;
}

/** All conditions must hold. n8n's API takes one list of conditions, all joined by "and" or all by "or". */
export interface RowQuery {
	/** Columns and the values that they must have. */
	where?: Partial<TaskRow>;
	/** Rows changed at or after this moment, ISO 8601. */
	changedSince?: string;
	/** By the table's number (`newest`, `oldest`) or by the latest change (`changed`: the longest unchanged first). */
	order?: 'newest' | 'oldest' | 'changed';
	/** The most rows to give back; further pages are asked for as needed. */
	limit: number;
}

/** An execution in n8n's own words. */
export interface ExecutionState {
	/** Running, waiting or queued: it may yet deliver its tasks. */
	isOpen: boolean;
	/** The execution that this one retries. */
	retryOf: string | null;
	/** The workflow that it runs; null if n8n does not say. */
	workflowId: string | null;
	/** False if n8n has no such execution: it was deleted, or never saved. (The key's owner has to be allowed to see it.) */
	isKnown: boolean;
}

/** Nobody waits longer for the register. */
const LONGEST_WAIT_MS = 2_000;
/** Bounds the work for one question in a table of any size. */
const MOST_PAGES = 80;
/** Ended and delivered tasks, and such as never came to be, are kept so long. */
const KEPT_DAYS = 30;
const CLEAN_UP_EVERY_MS = 60 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

const orders = { newest: 'id:desc', oldest: 'id:asc', changed: 'updatedAt:asc' } as const;
const openStatuses: readonly unknown[] = ['new', 'running', 'waiting', 'queued', 'unknown'];

const SLOW =
	'The register of tasks is slow: n8n takes more than two seconds to write it. What is missing is written later.';

/** What waits here outlives its run, and must not keep a process alive that is about to end. */
const patientClock: Clock = {
	now: () => Date.now(),
	sleep: async (milliseconds) =>
		await new Promise((wake) => {
			AbortSignal.timeout(Math.ceil(milliseconds)).addEventListener('abort', () => wake(), { once: true });
		}),
};

/** What all runs of this process share that write with the same credential into the same n8n. */
interface Shared {
	apiKey: string;
	place: TablePlace;
	writer: Writer;
	reading: Health;
	cleanedAt: number;
}

const shared = new Map<string, Shared>();
/** Credentials come and go; what is of one that nobody has used for long is forgotten. */
const MOST_SHARED = 50;

/**
 * Opens the register; null if the credential does not have it switched on. Asks nothing yet, and never throws.
 * @param clock for tests
 */
export async function openRegister(context: RequestContext, clock: Clock = patientClock): Promise<Register | null> {
	const credential = await readSettings(context);
	if (credential.register !== true) return null;
	const { value: address, fault } = readAddress(credential.n8nUrl, credential.n8nApiKey);
	if (fault !== null) return closedRegister(fault.words);
	const id = context.getNode().credentials?.[CREDENTIAL]?.id ?? '';
	const { httpRequest } = context.helpers;
	const ask: AskHost = async (options) => (await httpRequest(options)) as unknown;
	const common = sharedBy(`${id} ${address.api}`, address.apiKey, clock);
	const table = new TaskTable(address, ask, common.place);
	// The first answer of a new n8n takes seconds, which pass while the items are being prepared.
	if (!common.writer.health.isResting) void table.find();
	common.writer.start(table);
	return new OpenRegister(table, common, clock);
}

async function readSettings(context: RequestContext): Promise<Record<string, unknown>> {
	try {
		return await (context as IExecuteFunctions).getCredentials(CREDENTIAL, 0);
	} catch {
		// Whoever asks CometAPI says what is wrong with the credential.
		return {};
	}
}

function sharedBy(name: string, apiKey: string, clock: Clock): Shared {
	const known = shared.get(name);
	shared.delete(name);
	const found = known ?? {
		apiKey,
		place: { id: null, search: null },
		writer: new Writer(clock),
		reading: new Health(clock),
		cleanedAt: clock.now(),
	};
	if (found.apiKey !== apiKey) {
		found.apiKey = apiKey;
		found.place = { id: null, search: null };
		// The old faults say nothing of the new key.
		found.writer.health.note(null);
		found.reading.note(null);
	}
	shared.set(name, found);
	for (const [other, { writer }] of shared) {
		if (shared.size <= MOST_SHARED) break;
		if (writer.isIdle) shared.delete(other);
	}
	return found;
}

/** A register whose settings can't be right: says so, and does nothing. */
function closedRegister(fault: string): Register {
	return {
		add: async () => false,
		change: () => {},
		settle: async () => false,
		find: async () => null,
		execution: async () => null,
		askAnew: () => {},
		fault,
		isDown: true,
	};
}

class OpenRegister implements Register {
	/** The rows that this run has written or changed. */
	private readonly own = new Set<string>();

	constructor(
		private readonly table: TaskTable,
		private readonly common: Shared,
		private readonly clock: Clock,
	) {}

	async add(rows: readonly TaskRow[]): Promise<boolean> {
		if (rows.length === 0) return true;
		rows.forEach(({ requestId }) => this.own.add(requestId));
		const { writer } = this.common;
		writer.add(rows);
		writer.start(this.table);
		return await writer.written(
			rows.map(({ requestId }) => requestId),
			'rows',
			LONGEST_WAIT_MS,
		);
	}

	change(requestId: string, changes: Partial<TaskRow>): void {
		this.own.add(requestId);
		this.common.writer.change(requestId, changes);
		this.common.writer.start(this.table);
	}

	async settle(requestIds: Iterable<string> = this.own): Promise<boolean> {
		this.common.writer.hurry(requestIds);
		this.common.writer.start(this.table);
		const isWritten = await this.common.writer.written(requestIds, 'everything', LONGEST_WAIT_MS);
		void this.cleanUp();
		return isWritten;
	}

	async find({ where = {}, changedSince, order = 'newest', limit }: RowQuery): Promise<StoredRow[] | null> {
		const conditions: Condition[] = Object.entries(where).map(([columnName, value]) =>
			value === null
				? { columnName, condition: 'isEmpty', value: null }
				: { columnName, condition: 'eq', value: value as string | number | boolean },
		);
		if (changedSince !== undefined) {
			conditions.push({ columnName: 'updatedAt', condition: 'gte', value: beforeDayOf(changedSince) });
		}
		const matches = (row: StoredRow) =>
			(changedSince === undefined || row.updatedAt >= changedSince) &&
			Object.entries(where).every(([column, value]) => row[column as keyof TaskRow] === value);
		const found: StoredRow[] = [];
		let cursor: string | null = null;
		for (let page = 0; page < MOST_PAGES; page++) {
			const answer: Awaited<ReturnType<TaskTable['page']>> | null = await this.read(
				async () => await this.table.page(conditions, orders[order], cursor),
			);
			if (answer === null || answer.value === null) return null;
			for (const raw of answer.value.rows) {
				const stored = readStoredRow(raw);
				const row = stored && { ...stored, ...this.common.writer.pending(stored.requestId) };
				if (row !== null && matches(row)) found.push(row);
			}
			cursor = answer.value.cursor;
			if (cursor === null || found.length >= limit) break;
		}
		return withoutDuplicates(found).slice(0, limit);
	}

	async execution(id: string): Promise<ExecutionState | null> {
		const answer = await this.read(async () => await this.table.execution(id), { mayBeMissing: true });
		if (answer === null) return null;
		if (answer.value === null)
			return answer.fault.isMissing ? { isOpen: false, retryOf: null, workflowId: null, isKnown: false } : null;
		const { status, finished, stoppedAt, retryOf, workflowId } = answer.value;
		const isOpen = status === undefined ? finished !== true && !stoppedAt : openStatuses.includes(status);
		const earlier = typeof retryOf === 'string' || typeof retryOf === 'number' ? String(retryOf) : '';
		const workflow = typeof workflowId === 'string' ? workflowId : null;
		return { isOpen, retryOf: earlier === '' ? null : earlier, workflowId: workflow, isKnown: true };
	}

	askAnew(): void {
		this.common.reading.note(null);
	}

	get fault(): string | null {
		const { writer, reading } = this.common;
		return (writer.health.fault ?? reading.fault)?.words ?? (writer.isSlow ? SLOW : null);
	}

	get isDown(): boolean {
		return (this.common.writer.health.fault ?? this.common.reading.fault) !== null;
	}

	private async read<T extends { fault: TableFault | null }>(
		question: () => Promise<T>,
		{ mayBeMissing = false } = {},
	): Promise<T | null> {
		const { reading } = this.common;
		if (reading.isResting) return null;
		const answer = await question();
		reading.note(mayBeMissing && answer.fault?.isMissing ? null : answer.fault);
		return answer;
	}

	/** Keeps the table small, from time to time, and never before paid work. */
	private async cleanUp(): Promise<void> {
		const { writer, cleanedAt } = this.common;
		const now = this.clock.now();
		if (now - cleanedAt < CLEAN_UP_EVERY_MS || writer.health.fault !== null) return;
		this.common.cleanedAt = now;
		const value = beforeDayOf(new Date(now - KEPT_DAYS * DAY_MS).toISOString());
		await this.table.remove([
			{ columnName: 'delivered', condition: 'eq', value: true },
			{ columnName: 'endedTime', condition: 'lt', value },
		]);
		for (const status of ['notCreated', 'notSent']) {
			await this.table.remove([
				{ columnName: 'status', condition: 'eq', value: status },
				{ columnName: 'createdTime', condition: 'lt', value },
			]);
		}
	}
}

/**
 * The last moment of the day before. n8n compares dates in SQLite as texts of two forms, which is right for different days
 * only; so questions ask for too much by a day at most, and the rest is looked at here.
 */
function beforeDayOf(moment: string): string {
	const time = new Date(moment).getTime();
	return new Date(Math.floor(time / DAY_MS) * DAY_MS - 1).toISOString();
}
