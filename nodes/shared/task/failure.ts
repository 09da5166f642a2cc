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

/**
 * Says whether a new attempt with unchanged input makes sense.
 * @param code the task's failure code; null stands for "the provider gave none"
 * @param message the provider's words, which are all there is in formats without codes
 */
export function isRetryableFailure(code: string | null, message: string): boolean {
	if (code === null || code === '') return !FINAL_WORDS.test(message);
	const upper = code.toUpperCase();
	const rule = retryableByPrefix.find(([prefix]) => upper === prefix || upper.startsWith(`${prefix}.`));
	return rule?.[1] ?? false;
}
