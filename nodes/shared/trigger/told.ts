import { isObject } from '../task/json';
import type { TaskState } from '../task/task';
import { endOf, stageOf, type TaskEvent } from './events';

/** {@link Told} as plain data. Lists and not objects with ids as names: an id may be `__proto__`. */
export interface SavedTold {
	ended: string[];
	stages: Array<[taskId: string, stage: number]>;
}

/**
 * What has been told of which task, so that every event starts a workflow once. Bounded, and plain data on
 * the way in and out, since n8n keeps it in the workflow's static data.
 */
export class Told {
	/** Tasks whose end was told, oldest first. */
	private readonly ended = new Set<string>();
	/** Tasks that go on, with the stage that was told last; oldest first. */
	private readonly stages = new Map<string, number>();

	/** @param limit how many tasks of each kind are remembered; those told of last are kept */
	constructor(private readonly limit: number) {}

	/** Adds what was remembered before. Anything else than what `toJSON` makes counts as nothing. */
	load(saved: unknown): this {
		const { ended, stages } = isObject(saved) ? saved : {};
		if (Array.isArray(ended)) ended.filter((id) => typeof id === 'string').forEach((id) => this.end(id));
		for (const entry of Array.isArray(stages) ? (stages as unknown[]) : []) {
			const [id, stage] = Array.isArray(entry) ? (entry as unknown[]) : [];
			if (typeof id === 'string' && typeof stage === 'number' && !this.ended.has(id)) this.reach(id, stage);
		}
		return this;
	}

	hasEnded(taskId: string): boolean {
		return this.ended.has(taskId);
	}

	/** What is new about a task, or null. Gateways may answer from an older state: a task never goes back. */
	news(taskId: string, state: TaskState): TaskEvent | null {
		if (this.ended.has(taskId)) return null;
		return endOf(state) ?? (stageOf(state) > (this.stages.get(taskId) ?? -1) ? 'progressed' : null);
	}

	/** Notes that a task's state was told. */
	note(taskId: string, state: TaskState): void {
		if (endOf(state) !== null) this.end(taskId);
		else if (!this.ended.has(taskId)) this.reach(taskId, stageOf(state));
	}

	/** Notes that there is nothing more to tell of a task. */
	end(taskId: string): void {
		this.stages.delete(taskId);
		this.ended.add(taskId);
		this.forgetOldest(this.ended);
	}

	/** Makes what is remembered of a task the last thing to be forgotten. */
	refresh(taskId: string): void {
		if (this.ended.delete(taskId)) this.ended.add(taskId);
		const stage = this.stages.get(taskId);
		if (stage !== undefined) this.reach(taskId, stage);
	}

	/** @param limit of each kind, the newest */
	toJSON(limit = this.limit): SavedTold {
		return { ended: [...this.ended].slice(-limit), stages: [...this.stages].slice(-limit) };
	}

	private reach(taskId: string, stage: number): void {
		const reached = Math.max(stage, this.stages.get(taskId) ?? -1);
		this.stages.delete(taskId);
		if (reached > -1) this.stages.set(taskId, reached);
		this.forgetOldest(this.stages);
	}

	private forgetOldest(remembered: Set<string> | Map<string, number>): void {
		for (const oldest of remembered.keys()) {
			if (remembered.size <= this.limit) return;
			remembered.delete(oldest);
		}
	}
}
