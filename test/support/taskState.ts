import type { TaskState } from '../../nodes/shared/task/task';

/** A reading of a running task of which nothing else is known, but for the given facts. */
export function taskState(facts: Partial<TaskState> = {}): TaskState {
	const status = facts.status ?? 'running';
	return {
		taskId: null,
		status,
		rawStatus: status,
		progress: null,
		videoUrl: null,
		imageUrl: null,
		posterUrl: null,
		lastFrameUrl: null,
		assetUrls: [],
		failure: null,
		cost: null,
		submittedAt: null,
		startedAt: null,
		finishedAt: null,
		raw: null,
		...facts,
	};
}
