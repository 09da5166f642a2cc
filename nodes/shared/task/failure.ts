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

/**
 * Says whether a new attempt with unchanged input makes sense.
 * @param code the task's failure code; null stands for "the provider gave none"
 * @param message the provider's words, which are all there is in formats without codes
 */
export function isRetryableFailure(code: string | null, message: string): boolean {
	if (code === null || code === '') return !/moderat|safety|review|invalid|reject/i.test(message);
	const upper = code.toUpperCase();
	const rule = retryableByPrefix.find(([prefix]) => upper === prefix || upper.startsWith(`${prefix}.`));
	return rule?.[1] ?? false;
}
