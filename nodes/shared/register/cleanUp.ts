import { beforeDayOf } from './questions';
import type { Shared } from './shared';
import type { Condition, TaskTable } from './table';

const DAY_MS = 24 * 60 * 60_000;
const EVERY_MS = 60 * 60_000;
/** How long to keep delivered tasks after their end, and requests that made no task. */
const KEPT_DAYS = 30;
/** How long to keep all other rows: nobody can fetch a result of that age, nor find its task. */
const LONGEST_KEPT_DAYS = 180;
/** Rows of one request: n8n writes nothing else meanwhile. */
const AT_ONCE = 100;
const MOST_REQUESTS = 50;

/** Keeps the table small: once an hour, and with the first run of a process, since workers may not live for an hour. Never throws. */
export async function cleanUp(table: TaskTable, common: Shared, now: number): Promise<void> {
	if (now - common.cleanedAt < EVERY_MS || common.writer.health.fault !== null) return;
	common.cleanedAt = now;
	const before = (columnName: string, days: number): Condition => {
		return { columnName, condition: 'lt', value: beforeDayOf(new Date(now - days * DAY_MS).toISOString()) };
	};
	await remove(table, [{ columnName: 'delivered', condition: 'eq', value: true }, before('endedTime', KEPT_DAYS)]);
	for (const value of ['notCreated', 'notSent']) {
		await remove(table, [{ columnName: 'status', condition: 'eq', value }, before('createdTime', KEPT_DAYS)]);
	}
	await remove(table, [before('createdTime', LONGEST_KEPT_DAYS)]);
}

/** n8n deletes whatever matches, so what matches is bounded by the number of the last row that may go. */
async function remove(table: TaskTable, conditions: readonly Condition[]): Promise<void> {
	for (let requests = 0; requests < MOST_REQUESTS; requests++) {
		const page = await table.page(conditions, 'id:asc', null, AT_ONCE);
		const last = page.value?.rows.at(-1) as { id?: unknown } | undefined;
		if (typeof last?.id !== 'number') return;
		const removed = await table.remove([...conditions, { columnName: 'id', condition: 'lte', value: last.id }]);
		if (removed.fault !== null || page.value?.cursor === null) return;
	}
}
