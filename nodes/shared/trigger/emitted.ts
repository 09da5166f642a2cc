import { isObject } from '../task/json';
import type { TaskState } from '../task/task';
import { endOf, stageOf, type TaskEvent } from './events';

/** {@link EmittedEvents} as plain data. Lists and not objects with ids as names: an id may be `__proto__`. */
export interface SavedEvents {
	ended: string[];
	stages: Array<[taskId: string, stage: number]>;
}

/**
 * The events that were emitted for each task, so that each starts a workflow only once. Bounded, and plain data on
 * the way in and out, since n8n keeps it in the workflow's static data.
 */
export class EmittedEvents {
	/** Tasks whose end was emitted, oldest first. */
	private readonly ended = new Set<string>();
	/** Tasks that keep running, with the stage that was emitted last; oldest first. */
	private readonly stages = new Map<string, number>();

	/** @param limit how many tasks of each kind are remembered; the latest are kept */
	constructor(private readonly limit: number) {}

	/**
	 * Adds what was remembered before. Anything that `toJSON` did not make counts as nothing.
	 * @param wanted tasks to be forgotten last
	 */
	load(saved: unknown, wanted: readonly string[] = []): this {
		const { ended, stages } = isObject(saved) ? saved : {};
		for (const id of Array.isArray(ended) ? (ended as unknown[]) : []) {
			if (typeof id === 'string') this.ended.add(id);
		}
		for (const entry of Array.isArray(stages) ? (stages as unknown[]) : []) {
			const [id, stage] = Array.isArray(entry) ? (entry as unknown[]) : [];
			if (typeof id === 'string' && typeof stage === 'number' && !this.ended.has(id)) this.reach(id, stage);
		}
		for (const id of this.ended) this.stages.delete(id);
		for (const id of wanted) this.refresh(id);
		this.forgetOldest();
		return this;
	}

	hasEnded(taskId: string): boolean {
		return this.ended.has(taskId);
	}

	/** The event of a task that was not emitted yet, or null. Gateways may answer from an older state: a task never goes back. */
	newEvent(taskId: string, state: TaskState): TaskEvent | null {
		if (this.ended.has(taskId)) return null;
		return endOf(state) ?? (stageOf(state) > (this.stages.get(taskId) ?? -1) ? 'progressed' : null);
	}

	/** Records that the event of a task's state was emitted. */
	markEmitted(taskId: string, state: TaskState): void {
		if (endOf(state) !== null) {
			this.stages.delete(taskId);
			this.ended.add(taskId);
		} else if (!this.ended.has(taskId)) this.reach(taskId, stageOf(state));
		this.forgetOldest();
	}

	/** @param limit of each kind, the newest */
	toJSON(limit = this.limit): SavedEvents {
		return { ended: [...this.ended].slice(-limit), stages: [...this.stages].slice(-limit) };
	}

	private reach(taskId: string, stage: number): void {
		const reached = Math.max(stage, this.stages.get(taskId) ?? -1);
		this.stages.delete(taskId);
		if (reached > -1) this.stages.set(taskId, reached);
	}

	private refresh(taskId: string): void {
		if (this.ended.delete(taskId)) this.ended.add(taskId);
		const stage = this.stages.get(taskId);
		if (stage !== undefined) this.reach(taskId, stage);
	}

	private forgetOldest(): void {
		forgetOldest(this.ended, this.limit);
		forgetOldest(this.stages, this.limit);
	}
}

/** Removes the first entries of a set or a map until no more than the limit are left. */
export function forgetOldest<Key>(remembered: Set<Key> | Map<Key, unknown>, limit: number): void {
	for (const oldest of remembered.keys()) {
		if (remembered.size <= limit) return;
		remembered.delete(oldest);
	}
}
