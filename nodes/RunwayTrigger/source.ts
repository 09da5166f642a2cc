import type { IDataObject, IPollFunctions } from 'n8n-workflow';

import type { ApiFamily, TaskState } from '../shared/task/task';
import type { TaskEvent } from '../shared/trigger/events';
import type { TriggerSettings } from '../shared/trigger/settings';
import type { Watchlist } from './watchlist';

/** Where a poll gets its tasks from: the IDs in the panel, the register of tasks, or the account. */
export interface Source {
	/** The tasks to watch, in the order in which to emit their events. */
	ids: string[];
	apiFor(taskId: string): ApiFamily | 'auto';
	/** Whether an event starts the workflow. `notYet`: it is looked at again in the next poll. */
	wants(taskId: string, event: TaskEvent, state: TaskState): 'emit' | 'skip' | 'notYet';
	/** Called with each state that CometAPI reports. */
	seen?(taskId: string, state: TaskState): void;
	/** Called with the reason in words when CometAPI has not known or has refused a task long enough to report it. */
	missing?(taskId: string, failure: string): void;
	describe?: Describe;
	/** Called with the tasks whose end is made into items, which n8n saves together with what {@link Source.save} gives. */
	emitted?(taskIds: readonly string[]): void;
	/** What the source has to remember, as plain data. */
	save(list: Watchlist): IDataObject;
	/** Ends the poll's work, in a few seconds at most. */
	finish?(): Promise<void>;
}

/** What the items say beside the task itself. */
export type Describe = (taskId: string) => { operation?: string; produces?: 'image' | 'video'; origin?: IDataObject };

/** How a source is opened, given what it remembers from earlier polls. */
export type OpenSource = (
	context: IPollFunctions,
	settings: TriggerSettings,
	saved: IDataObject,
) => Promise<Source | null>;

/**
 * The task that a test run in the editor shows.
 * @param events those that start the workflow
 */
export type NewestTask = (
	context: IPollFunctions,
	events: ReadonlySet<TaskEvent>,
) => Promise<{ taskId: string; api: ApiFamily | 'auto'; describe?: Describe }>;

/** What both halves of a poll work with. */
export interface Poll {
	context: IPollFunctions;
	settings: TriggerSettings;
	source: Source;
	list: Watchlist;
}
