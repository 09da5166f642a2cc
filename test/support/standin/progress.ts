import type { StandInTask, StatusPhase } from './types';

export type Phase = StatusPhase;

export interface Progress {
	phase: Phase;
	/** Share of the present phase (queue, rendering) that is over, 0 … 1. */
	share: number;
}

const ENDLESS_HALF_MS = 10_000;

/** Where a task stands at a moment. It follows from the clock alone, however often the task is read. */
export function progressAt(task: StandInTask, now: number): Progress {
	if (task.outcome.kind === 'unknown') return { phase: 'unknown', share: 0 };
	if (now >= task.readyAt && task.outcome.kind !== 'stuck') return { phase: finalPhase(task), share: 1 };
	if (now < task.admittedAt) return { phase: 'throttled', share: 0 };
	if (task.backwards) return backwardsAt(task, now);
	if (now < task.startedAt) return { phase: 'queued', share: shareOf(task.admittedAt, task.startedAt, now) };
	return { phase: 'running', share: runningShare(task, now) };
}

/** First quarter running, second quarter queued again, then running to the end. */
function backwardsAt(task: StandInTask, now: number): Progress {
	const share = shareOf(task.admittedAt, task.readyAt, now);
	if (share >= 0.25 && share < 0.5) return { phase: 'queued', share: (share - 0.25) * 4 };
	return { phase: 'running', share };
}

function runningShare(task: StandInTask, now: number): number {
	if (Number.isFinite(task.readyAt)) return Math.min(0.99, shareOf(task.startedAt, task.readyAt, now));
	const elapsed = Math.max(0, now - task.startedAt);
	return Math.min(0.95, elapsed / (elapsed + ENDLESS_HALF_MS));
}

function shareOf(from: number, to: number, now: number): number {
	return to > from ? Math.min(1, Math.max(0, (now - from) / (to - from))) : 1;
}

function finalPhase(task: StandInTask): Phase {
	const { kind } = task.outcome;
	return kind === 'failed' || kind === 'cancelled' ? kind : 'succeeded';
}
