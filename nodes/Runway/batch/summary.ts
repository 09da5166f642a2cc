import { isTerminal } from '../../shared/task/task';
import { explainOutcome } from './explainOutcome';
import { taskOf, type Ending, type Outcome } from './job';
import { hasFailed, taskIdsOf, type PaidRecord } from './paid';
import { count, lines, ordinal, sentences } from './words';

/** Summarizes the tasks of a run in a few lines. It says "2nd item", because n8n's editor counts from 0 in one place and from 1 in another. */

/** More IDs than this make an error unreadable; the rest is counted. */
const MOST_IDS = 25;
const MOST_FAILURES = 5;
/** The longest text about another item's error, in characters. */
const LONGEST_FAILURE = 200;

/** How a task's end counts in "2 of 4 failed, 2 finished", in this order. */
const order = ['failed', 'finished', 'still running at CometAPI', 'not sent', 'unknown'] as const;
type Share = (typeof order)[number];

const CONTINUE =
	'To pass on finished items next time, even if others fail, set On Error to "Continue" in the settings of this node.';

/**
 * Summarizes the other items, beside the one that an error is about.
 * @param ending what the error is about
 * @param all the endings of the whole run
 */
export function runSummary(ending: Ending, all: readonly Ending[]): string {
	const others = all.filter((other) => other !== ending);
	const isChecked = !all.some(isWrong);
	const shares = all.map(({ outcome }) => shareOf(outcome));
	const isMixed = isChecked && others.length > 0;
	return lines(
		isMixed ? `${sharesInWords(shares)}.` : '',
		...failuresInLines(others),
		others.some(({ outcome }) => hasResultToFetch(outcome)) ? tasksInLines(all) : '',
		isMixed && shares.includes('finished') ? CONTINUE : '',
		doubtsInWords(all),
	);
}

/** How many tasks of a run are in which state, such as "2 of 3 still running at CometAPI, 1 finished"; null if none was created. */
export function stateOfRun(all: readonly Ending[]): string | null {
	const areTasks = all.some(({ outcome }) => taskOf(outcome) !== null);
	return areTasks ? sharesInWords(all.map(({ outcome }) => shareOf(outcome))) : null;
}

/**
 * Names the tasks that keep running at CometAPI after a stop, and how to fetch them.
 * @param unclaimed the tasks of earlier attempts
 */
export function stopSummary(all: readonly Ending[], unclaimed: readonly PaidRecord[]): string {
	const state = stateOfRun(all);
	const nothing = unclaimed.length > 0 ? '' : 'No task had been created.';
	return lines(
		state === null ? nothing : `${state}. Stopping an execution cancels nothing at CometAPI.`,
		...failuresInLines(all),
		all.some(({ outcome }) => hasResultToFetch(outcome)) ? tasksInLines(all) : '',
		doubtsInWords(all),
		unclaimedInLines(unclaimed),
	);
}

/** Which of the items n8n means by the "[item 1]" that it adds to errors; empty if there is only one. */
export function placeOfItem(itemIndex: number, items: number): string {
	return items > 1
		? `The error is about the ${ordinal(itemIndex)} of ${items} items: n8n's [item ${itemIndex}] counts from 0.`
		: '';
}

/** Names in one paragraph the tasks that earlier attempts paid for, or may have, and that no item reuses. */
export function unclaimedSummary(unclaimed: readonly PaidRecord[]): string {
	return sentences(...unclaimedIn(unclaimed, (lead, ids) => `${lead} ${ids.join(', ')}.`));
}

/** The same on lines of their own. */
export function unclaimedInLines(unclaimed: readonly PaidRecord[]): string {
	return lines(...unclaimedIn(unclaimed, idsInLines));
}

function unclaimedIn(
	unclaimed: readonly PaidRecord[],
	list: (lead: string, ids: readonly string[]) => string,
): string[] {
	const failed = taskIdsOf(unclaimed.filter(hasFailed));
	const changed = taskIdsOf(unclaimed.filter((record) => !hasFailed(record)));
	const doubts = unclaimed.length - failed.length - changed.length;
	return [
		failed.length > 0 ? list(`${count(failed.length, 'task')} from earlier attempts failed:`, failed) : '',
		changed.length > 0
			? list(
					`${count(changed.length, 'task')} from earlier attempts not reused, because no item makes the same request any more:`,
					changed,
				)
			: '',
		doubts > 0
			? `For ${count(doubts, 'earlier request')} that no item repeats, it is unknown whether a task was created; look at the task log in the CometAPI console.`
			: '',
	];
}

function isWrong({ outcome }: Ending): boolean {
	return outcome.kind === 'invalid' || outcome.kind === 'unresolved';
}

function shareOf(outcome: Outcome): Share {
	switch (outcome.kind) {
		case 'created':
		case 'finished':
			return isTerminal(outcome.task.state?.status ?? 'unknown') ? 'finished' : 'still running at CometAPI';
		case 'leftRunning':
		case 'unfinished':
			return 'still running at CometAPI';
		case 'notSent':
		case 'overLimit':
			return 'not sent';
		case 'maybeCreated':
		case 'unreadable':
			return 'unknown';
		default:
			return 'failed';
	}
}

function sharesInWords(shares: readonly Share[]): string {
	const parts = order
		.map((share) => ({ share, amount: shares.filter((other) => other === share).length }))
		.filter(({ amount }) => amount > 0)
		.map(({ share, amount }, index) => `${amount}${index === 0 ? ` of ${shares.length}` : ''} ${share}`);
	return parts.join(', ');
}

/** Names the items that went wrong, so that all can be corrected at once. */
function failuresInLines(endings: readonly Ending[]): string[] {
	const failed = endings.filter(({ outcome }) => shareOf(outcome) === 'failed');
	const shown = failed.slice(0, MOST_FAILURES).map(({ itemIndex, outcome }) => {
		const task = taskOf(outcome);
		const { message } = explainOutcome(outcome);
		const words = message.length > LONGEST_FAILURE ? `${message.slice(0, LONGEST_FAILURE)}…` : message;
		return `${ordinal(itemIndex)} item: ${words}${task === null ? '' : ` (task ID ${task.taskId})`}`;
	});
	const more = failed.length - shown.length;
	return more > 0 ? [...shown, `${more} more failed; the error's details list them.`] : shown;
}

/** The IDs of the tasks that have a result or may get one, ready to be pasted. */
function tasksInLines(all: readonly Ending[]): string {
	const ids = all.flatMap(({ outcome }) => (hasResultToFetch(outcome) ? [taskOf(outcome)?.taskId ?? ''] : []));
	const [tasks, results, these] =
		ids.length === 1 ? ['this task', 'its result', 'this task ID'] : ['these tasks', 'their results', 'these task IDs'];
	return idsInLines(
		`Executing this node again buys ${tasks} again, unless Reuse a Recent Task is set. To receive ${results} instead, enter ${these} in Resource "Task", Operation "Wait":`,
		ids,
	);
}

/** Whether the outcome is about a task that has a result or may get one. */
function hasResultToFetch(outcome: Outcome): boolean {
	const task = taskOf(outcome);
	const status = task?.state?.status;
	return task !== null && (status === undefined || !isTerminal(status) || status === 'succeeded');
}

function idsInLines(lead: string, all: readonly string[]): string {
	const ids = all.slice(0, MOST_IDS);
	const more = all.length - ids.length;
	return lines(lead, ...ids, more > 0 ? `and ${more} more, listed in the error's details` : '');
}

function doubtsInWords(all: readonly Ending[]): string {
	const doubts = all.filter(({ outcome }) => outcome.kind === 'maybeCreated').length;
	return doubts > 0
		? `For ${count(doubts, 'item')} it is unknown whether a task was created; look at the task log in the CometAPI console.`
		: '';
}
