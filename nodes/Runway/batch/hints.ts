import type { IExecuteFunctions } from 'n8n-workflow';

import { isLeftOpen } from './earlier';
import { taskOf, type Ending, type Job, type Outcome } from './job';
import type { PaidRecord } from './paid';
import { unclaimedSummary } from './summary';
import { count, ordinal } from './words';

/** What the editor shows beside the items. */

/** Shows warnings beside the output of the node. */
export function addHints(context: IExecuteFunctions, messages: readonly string[]): void {
	if (messages.length === 0) return;
	// The context in which agents of early versions call a tool has no hints.
	(context as Partial<IExecuteFunctions>).addExecutionHints?.(
		...messages.map((message) => ({ message, type: 'warning' as const, location: 'outputPane' as const })),
	);
}

/**
 * Says after the run what the items themselves do not: doubtful values, missing files, unfinished tasks.
 * @param recent the jobs that use the task of a recent identical request
 */
export function hintsOf(
	endings: readonly Ending[],
	unclaimed: readonly PaidRecord[],
	recent: ReadonlySet<Job>,
	registerFault: string | null,
): string[] {
	const reused = endings.filter(({ isReused, outcome }) => isReused && taskOf(outcome) !== null);
	const ofRecent = reused.filter(({ job }) => job !== undefined && recent.has(job)).length;
	const ofEarlier = reused.length - ofRecent;
	const wereNot = ofEarlier === 1 ? 'it was not' : 'they were not';
	const open = endings.filter(isLeftOpen).length;
	const unfinished = endings.filter(({ item, outcome }) => item && outcome.kind === 'unfinished').length;
	const withoutFile = endings.filter(({ item }) => item?.json.downloadError !== undefined).length;
	return [
		...hintsOfItems(endings),
		sayIf(ofRecent, `Reused ${count(ofRecent, 'task')} from a recent identical request; nothing was billed for this.`),
		sayIf(ofEarlier, `Reused ${count(ofEarlier, 'task')} from an earlier attempt; ${wereNot} billed again.`),
		sayIf(
			open,
			`${count(open, 'item')} came out as an error: an earlier attempt left it unknown whether a task was created.`,
		),
		unclaimedSummary(unclaimed),
		sayIf(
			unfinished,
			`${count(unfinished, 'task')} had not finished when the time limit was reached. Fetch the result with Resource "Task", Operation "Wait".`,
		),
		registerFault ?? '',
		sayIf(withoutFile, `${count(withoutFile, 'file')} could not be downloaded; see downloadError in the output.`),
	].filter((hint) => hint !== '');
}

/** Says before an execution falls asleep what could keep it from waking up. */
export function hintsOfSleep(context: IExecuteFunctions): string[] {
	// n8n before 1.123 does not tell.
	const { saveDataSuccessExecution } = (context as Partial<IExecuteFunctions>).getWorkflowSettings?.() ?? {};
	if (saveDataSuccessExecution !== 'none') return [];
	return [
		'This workflow does not save successful production executions. In queue mode, n8n 2.27 to 2.33 then deletes executions that sleep: save them, or update n8n.',
	];
}

function sayIf(amount: number, words: string): string {
	return amount > 0 ? words : '';
}

/** Each hint about items once, with all of its items. */
function hintsOfItems(endings: readonly Ending[]): string[] {
	const itemsByHint = new Map<string, number[]>();
	for (const { itemIndex, job } of endings) {
		for (const hint of job?.kind === 'create' ? job.hints : []) {
			itemsByHint.set(hint, [...(itemsByHint.get(hint) ?? []), itemIndex]);
		}
	}
	return [...itemsByHint].map(([hint, items]) => (endings.length > 1 ? `${itemList(items)}: ${hint}` : hint));
}

/** Such as "1st, 2nd, and 5 more items". */
function itemList(items: number[]): string {
	const shown = items.slice(0, 10).map(ordinal);
	const more = items.length > 10 ? [`${items.length - 10} more`] : [];
	return `${new Intl.ListFormat('en').format([...shown, ...more])} item${items.length === 1 ? '' : 's'}`;
}

/** Reports the progress of a manual run to the editor; n8n shows it in the browser's console. */
export function progressReporter(context: IExecuteFunctions, jobs: readonly Job[]): (outcome: Outcome) => void {
	const areAwaited = jobs.some(({ kind, settings }) => kind === 'task' || settings.completion === 'wait');
	let done = 0;
	return ({ kind }) => {
		if (kind === 'leftRunning' || kind === 'notSent') return;
		done += 1;
		context.sendMessageToUI(`${done} of ${jobs.length} Runway tasks ${areAwaited ? 'done' : 'created'}`);
	};
}
