import { evidence, explain, type Explanation } from '../../shared/api/explain';
import type { Problem } from '../../shared/api/problem';
import { redact } from '../../shared/api/redact';
import type { Fault } from '../../shared/parameters/check';
import type { KnownTask, TaskCost } from '../../shared/task/task';
import type { Row } from '../../shared/wait/row';
import { appearedWords } from './appeared';
import type { Outcome } from './job';
import { count, sentences } from './words';

/** Puts how an item ended into the words that people read. */

/** If earlier attempts have paid, the words must not suggest that they have not. */
const nothingBilled = (reason: string, hasEarlier: boolean) =>
	`${reason}, so ${hasEarlier ? 'this attempt billed nothing' : 'nothing was billed'}.`;
const SEND_ANYWAY = 'If you are sure of the value, switch on "Send Anyway" in the options.';
const NOTHING_SENT = 'Nothing was sent to CometAPI';
const NOTHING_SENT_FOR_ITEM = `${NOTHING_SENT} for this item`;

/**
 * Says what happened and what to do, for every way in which a job can end without a result.
 *
 * @param hasEarlier whether attempts before this one have paid, or may have, for other tasks of the item
 */
export function explainOutcome(outcome: Outcome, hasEarlier = false): Explanation {
	switch (outcome.kind) {
		case 'invalid':
			return explainInvalid(outcome.faults, hasEarlier);
		case 'unresolved':
			return {
				message: redact(outcome.error.message),
				advice: outcome.task === null ? nothingBilled(NOTHING_SENT_FOR_ITEM, hasEarlier) : howToFetch(outcome.task),
			};
		case 'notRead':
			return explain(outcome.problem, outcome.wanted);
		case 'noRegister':
		case 'overLimit':
			return outcome;
		case 'notCreated': {
			const { message, advice } = explain(outcome.problem, 'create');
			return {
				message,
				advice: sentences(advice, ...outcome.remarks, nothingBilled('No task was created for this item', hasEarlier)),
			};
		}
		case 'maybeCreated':
			return explainMaybeCreated(outcome);
		case 'notSent':
			return explainNotSent(outcome.because, nothingBilled(NOTHING_SENT_FOR_ITEM, hasEarlier));
		case 'leftRunning':
			return { message: 'The run ended before the task did', advice: howToFetch(outcome.task) };
		case 'failed':
			return explainFailed(outcome.task);
		case 'noResult':
			return {
				message: 'CometAPI says that the task succeeded, but gives no URL of a result',
				advice: `The result may be where this node does not look: see the whole answer with Resource "Task", Operation "Get" and Include Raw Response, then contact CometAPI and quote the task ID ${outcome.task.taskId}. Don't create the task again before that.`,
			};
		case 'noFile':
			return {
				message: `The file of the task can't be fetched: ${outcome.reason}`,
				advice: `The task ${outcome.task.taskId} is finished and paid for. ${outcome.advice}`,
			};
		case 'unfinished':
			return explainUnfinished(outcome);
		case 'absent':
			return explainAbsent(outcome.task);
		case 'unreadable': {
			const { message, advice } = explain(outcome.problem, 'read');
			return {
				message: `The state of the task can't be read${howOften(outcome.row)}. ${message}`,
				advice: `${advice} ${howToFetch(outcome.task)}`,
			};
		}
		case 'created':
		case 'finished':
			return { message: 'The task is ready', advice: '' };
	}
}

function explainInvalid(faults: readonly Fault[], hasEarlier: boolean): Explanation {
	return {
		message: faults.map(describeFault).join('; '),
		advice: sentences(
			faults.some(({ isDoubt }) => isDoubt) ? SEND_ANYWAY : '',
			// Not "for this item": unless the node is set to continue, one such item keeps the whole run from being sent.
			nothingBilled(NOTHING_SENT, hasEarlier),
		),
	};
}

/** No advice of the problem's own here: "run again later" would be an invitation to pay twice. */
function explainMaybeCreated({ problem, appeared }: Extract<Outcome, { kind: 'maybeCreated' }>): Explanation {
	return {
		message: `It is unknown whether the task was created. ${explain(problem, 'create').message}`,
		advice: sentences(
			'The request may have reached CometAPI and may be billed, so it is not sent again.',
			appearedWords(appeared),
			problem.excerpt === null ? '' : 'What CometAPI answered is in the details, and may hold the task ID.',
			evidence(problem),
		),
	};
}

function explainNotSent(because: Problem | undefined, nothing: string): Explanation {
	if (because === undefined) {
		return { message: 'The task was not created, because the run stopped before this item was sent', advice: nothing };
	}
	const { message, advice } = explain(because, 'create');
	return {
		message: `The task was not created, because another one was refused for a reason that concerns all. ${message}`,
		advice: `${advice} ${nothing}`,
	};
}

function howOften(row: Row | null): string {
	return row === null || row.answers < 2
		? ''
		: `: ${row.answers} tries in a row failed, over ${count(Math.round(row.ms / 1000), 'second')}`;
}

function explainFailed({ taskId, state }: KnownTask): Explanation {
	const { code = null, message = 'the provider gave no reason', retryable = false } = state?.failure ?? {};
	const ids = `(task ID ${taskId}${code === null ? '' : `, code ${redact(code).slice(0, 100)}`})`;
	if (state?.status === 'cancelled') {
		return {
			message: 'The task was cancelled at CometAPI',
			advice: sentences('A new attempt is billed again.', costWords(state.cost), ids),
		};
	}
	const advice = retryable
		? 'The cause may be temporary: a new attempt can succeed, and is billed again.'
		: 'A new attempt with the same input would most likely fail again: change the prompt or the input first.';
	return { message: `The task failed: ${redact(message)}`, advice: sentences(advice, costWords(state?.cost), ids) };
}

/** Whether a task without a result cost anything, as far as the answer tells: most answers don't (fact sheet 3.1, 6). */
function costWords(cost: TaskCost | null | undefined): string {
	if (cost?.refunded) return 'CometAPI reports that the task was refunded.';
	if (cost?.amount === 0) return 'CometAPI reports that the task cost nothing.';
	// The gateway's internal units mean nothing to people.
	const amount = cost && cost.unit !== 'quota' ? `a cost of ${cost.amount} ${cost.unit} and ` : '';
	return `CometAPI reports ${amount}no refund.`;
}

function explainAbsent({ taskId, state, createdAt }: KnownTask): Explanation {
	if (state === null && createdAt === null) {
		return {
			message: `CometAPI does not know the task ${taskId}`,
			advice:
				'Check the task ID, that the credential belongs to the account that created the task, and that Task Created By in the options, if it is set, names the operation that did.',
		};
	}
	return {
		message: `CometAPI no longer knows the task ${taskId}, which it had accepted`,
		advice: `The task may be paid for. Look for it with Resource "Task", Operation "Get" a little later; if it is still missing, contact CometAPI and quote the task ID ${taskId}.`,
	};
}

function explainUnfinished({ task, waitedMs, trouble }: Extract<Outcome, { kind: 'unfinished' }>): Explanation {
	const known = task.state?.status;
	// The API's own word says more than "unknown".
	const status =
		known === 'unknown'
			? `in a state that the API calls "${redact(task.state?.rawStatus ?? '').slice(0, 100)}"`
			: known;
	const lastTrouble =
		trouble === null ? '' : ` The last problem was: ${explain(trouble, 'read').message.replace(/[.\s]+$/, '')}.`;
	if (waitedMs === 0) {
		return {
			message: `The task is not finished: it is ${status ?? 'unknown'}`,
			advice: `${howToFetch(task)}${lastTrouble}`,
		};
	}
	const seconds = count(Math.round(waitedMs / 1000), 'second');
	const message =
		status === undefined
			? `The state of the task could not be read within ${seconds}`
			: `The task was still ${status} after ${seconds}`;
	return {
		message,
		advice: `${howToFetch(task)} To wait longer, raise Time Limit (Seconds) in the options.${lastTrouble}`,
	};
}

function howToFetch({ taskId }: KnownTask): string {
	return `The task exists at CometAPI and is paid for. Fetch its result with Resource "Task", Operation "Wait" and the task ID ${taskId}.`;
}

function describeFault({ label, found, expected }: Fault): string {
	const shown = found === null ? '' : show(found.value);
	return `"${label}" ${expected}${shown === '' || expected.endsWith(shown) ? '' : `, but is ${shown}`}`;
}

function show(value: unknown): string {
	if (value === undefined || value === null || value === '') return 'empty';
	const text = typeof value === 'string' ? `"${value}"` : asJson(value);
	const clean = redact(text);
	const { length } = typeof value === 'string' ? value : text;
	return clean.length > 120 ? `${clean.slice(0, 120)}… (${length} characters)` : clean;
}

/** Expressions may bring values that JSON can't hold; an error about one must not fail itself. */
function asJson(value: unknown): string {
	try {
		return JSON.stringify(value) ?? `a ${typeof value}`;
	} catch {
		return typeof value === 'bigint' ? value.toString() : "a value that JSON can't hold";
	}
}
