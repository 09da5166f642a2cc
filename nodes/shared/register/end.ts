import { redact } from '../api/redact';
import { isTerminal, type TaskCost, type TaskState } from '../task/task';
import type { TaskRow } from './row';

const LONGEST_FAILURE = 300;

/** The values of a row after its task has ended; null if the task has not ended. */
export function endInRow(state: TaskState): Pick<TaskRow, 'status' | 'endedTime' | 'cost' | 'failure'> | null {
	const { status, failure, cost, finishedAt } = state;
	if (!isTerminal(status)) return null;
	return {
		status: status as 'succeeded' | 'failed' | 'cancelled',
		endedTime: finishedAt ?? new Date().toISOString(),
		cost: cost === null ? null : costInWords(cost),
		failure: failure === null ? null : failureInWords(failure.message),
	};
}

/** Words for the register: without secrets, and short. */
export function failureInWords(words: string): string {
	return redact(words).slice(0, LONGEST_FAILURE);
}

function costInWords({ amount, unit, refunded }: TaskCost): string {
	return `${amount} ${unit}${refunded === true ? ', given back' : ''}`;
}
