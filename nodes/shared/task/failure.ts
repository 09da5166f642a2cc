import { objectIn, textOf } from './json';
import { firstAt, type Layers } from './layers';
import { errorMessage } from './refusal';
import { resultUrl } from './results';
import type { TaskFailure } from './task';

/**
 * Which failures of a task leave room for another, billed attempt.
 * Source: Runway's error guide ("Task failures"), by dotted prefix, most specific first.
 */
const retryableByPrefix: ReadonlyArray<readonly [prefix: string, retryable: boolean]> = [
	['SAFETY', false],
	['INPUT_PREPROCESSING.SAFETY', false],
	['ASSET', false],
	['INTERNAL.BAD_OUTPUT', false],
	['INPUT_PREPROCESSING.INTERNAL', true],
	['INTERNAL', true],
	['THIRD_PARTY.UNAVAILABLE', true],
];

/** Words of moderation and of bad input, in the languages in which gateways answer. */
const FINAL_WORDS =
	/moderat|safety|review|invalid|reject|policy|nsfw|prohibit|violat|sensitive|unsupported|审核|违规|敏感|不支持|无效/i;

/** The fields with the code and the reason of a failed task; the innermost reason is the provider's own (fact sheet 3.1, 8.2). */
const CODE_PLACES = ['failureCode', 'failure_code', 'error.code', 'failure.code'];
const REASON_PLACES = ['failure', 'fail_reason', 'error'];
const OBJECT_REASON_PLACES = ['error.message', 'error.msg', 'failure.message'];

/**
 * Says whether a new attempt with unchanged input makes sense.
 * @param code the task's failure code; null if the provider gave none
 * @param message the provider's words, which are all there is in formats without codes, and which outweigh a code that allows it
 */
function isRetryableFailure(code: string | null, message: string): boolean {
	if (FINAL_WORDS.test(message)) return false;
	if (code === null || code === '') return true;
	const upper = code.toUpperCase();
	const rule = retryableByPrefix.find(([prefix]) => upper === prefix || upper.startsWith(`${prefix}.`));
	return rule?.[1] ?? false;
}

/** Why a task ended without a result. */
export function failureOf(layers: Layers, status: 'failed' | 'cancelled', isUndocumented: boolean): TaskFailure {
	const code = firstAt(layers, CODE_PLACES, textOf);
	const fallback = status === 'cancelled' ? 'The task was cancelled.' : 'The provider gave no reason.';
	const message = reasonOf(layers) ?? fallback;
	// It is not certain that such a task has ended, so check it before you pay for another one.
	const isCertain = code !== null || !isUndocumented;
	return { code, message, retryable: status === 'failed' && isCertain && isRetryableFailure(code, message) };
}

/** The provider's reason for a failure, or null: the gateway's own fields may hold a URL instead. */
export function reasonOf(layers: Layers): string | null {
	const found =
		firstAt(layers.slice().reverse(), REASON_PLACES, textOf) ??
		firstAt(layers, OBJECT_REASON_PLACES, textOf) ??
		// An envelope's own `msg` speaks of the request, that of a task of the task.
		firstAt(
			layers.filter((layer) => 'task_id' in layer),
			['msg'],
			textOf,
		);
	if (found === null || resultUrl(found) !== null) return null;
	return (objectIn(found) && errorMessage(found)) ?? found;
}
