import type { TaskState } from '../../shared/task/task';
import { forgetOldest } from '../../shared/trigger/emitted';
import type { FaultRow } from '../../shared/wait/row';

/**
 * What this process knows of a sleeping execution. A help, not a record: another process begins with nothing.
 * Tasks go by their key; moments are in milliseconds since the epoch.
 */
export class Known {
	/** Last states of tasks that have ended. */
	readonly ends = new Map<string, TaskState>();
	/** Latest states of the others. */
	readonly states = new Map<string, TaskState>();
	/** Troubles in a row. */
	readonly rows = new Map<string, FaultRow>();
	/** Tasks that have ended according to a callback. */
	readonly saidToHaveEnded = new Set<string>();
	/** When the latest callback came that may report an end, or 0. */
	calledAt = 0;
	/** Until when it is worth looking without another callback. */
	followedUntil = 0;
	/** Whether this process calls the execution up to then. */
	isFollowed = false;
	/** When its tasks were last read, or 0. */
	lookedAt = 0;
	/** When it was found awake or woken up, or 0. */
	wokenAt = 0;
}

const knownSleeps = new Map<string, Known>();
const MAX_KNOWN = 200;

/** What this process knows of a sleep, or the place for it. */
export function knownOf(sleep: string): Known {
	const known = knownSleeps.get(sleep) ?? new Known();
	knownSleeps.delete(sleep);
	knownSleeps.set(sleep, known);
	forgetOldest(knownSleeps, MAX_KNOWN);
	return known;
}
