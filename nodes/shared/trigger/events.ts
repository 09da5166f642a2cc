import { isTerminal, type TaskState } from '../task/task';

/** What can happen to a task, as the triggers' field Events has it. */
export type TaskEvent = 'succeeded' | 'failed' | 'cancelled' | 'progressed';

export const TASK_EVENTS: readonly TaskEvent[] = ['succeeded', 'failed', 'cancelled', 'progressed'];

/** The progress of a task: percent from 0 to 100, or -1 if it has not begun. */
export function stageOf({ status, progress }: TaskState): number {
	if (status === 'queued') return -1;
	// An unknown status says nothing about progress.
	return progress ?? (status === 'running' ? 0 : -1);
}

/** The event of a task's end, or null if it is still running. */
export function endOf({ status }: TaskState): TaskEvent | null {
	return isTerminal(status) ? (status as TaskEvent) : null;
}
