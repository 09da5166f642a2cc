import { rulings, type Kind } from '../judgement/judge';
import { settled, type ApiFamily, type TaskState } from '../task/task';
import type { ReadOutcome, RunwayClient } from './client';

/** A task bound to the route that knows it. */
export interface TaskReader {
	read(): Promise<ReadOutcome>;
	/** The family that answered last, or the best guess so far. */
	readonly api: ApiFamily;
}

/**
 * Binds a task id to a route. With `auto`, it asks the likelier route first and the other one only if
 * the first does not know the id. Once one has answered, it asks only that one.
 * @param likely the family that probably knows the task
 */
export function createTaskReader(
	client: RunwayClient,
	taskId: string,
	api: ApiFamily | 'auto',
	likely?: ApiFamily,
): TaskReader {
	let known: ApiFamily | null = api === 'auto' ? null : api;
	let guess: ApiFamily = known ?? likely ?? 'official';
	let latest: TaskState | null = null;

	/** A result under an unknown word is believed when it is read twice (fact sheet 8.2). */
	function keep(outcome: ReadOutcome): ReadOutcome {
		if (outcome.kind !== 'task') return outcome;
		latest = settled(latest, outcome.state);
		return { kind: 'task', state: latest };
	}

	return {
		get api() {
			return guess;
		},
		async read() {
			const first = keep(await client.read(taskId, guess));
			if (known !== null || !isUnknownId(first)) {
				if (first.kind === 'task') known = guess;
				return first;
			}
			const other: ApiFamily = guess === 'official' ? 'compatibility' : 'official';
			const second = keep(await client.read(taskId, other));
			if (second.kind === 'task') {
				known = other;
				guess = other;
				return second;
			}
			// "Not visible yet" says more: a refusal by the wrong route says nothing.
			return kindOf(second) === 'refusal' ? first : second;
		},
	};
}

/** What an answer without a task is; null for every other outcome. */
function kindOf(outcome: ReadOutcome): Kind | null {
	return outcome.kind === 'trouble' ? rulings[outcome.problem.reason].kind : null;
}

/** Whether the route does not know the id, or may have refused it because the task belongs to the other family. */
function isUnknownId(outcome: ReadOutcome): boolean {
	return ['absence', 'refusal'].includes(kindOf(outcome) ?? '');
}
