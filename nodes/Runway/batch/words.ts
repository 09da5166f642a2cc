/** Small pieces of what people read. */

/** n8n's editor shows the description of an error as HTML. */
const NEW_LINE = '<br>';
/** Characters without a place to break. The narrowest panel of n8n's editor has room for so many. */
const LONGEST_WORD = 40;
const LONG_WORD = new RegExp(String.raw`[^\s\-/?&<>\u200b]{${LONGEST_WORD}}(?=[^\s\-/?&<>\u200b])`, 'g');

/** A number with its noun, in the plural if it is one. */
export function count(amount: number, noun: string): string {
	return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

/** Joins what is not empty. */
export function sentences(...all: readonly string[]): string {
	return all.filter(Boolean).join(' ');
}

/** Puts what is not empty on lines of their own. */
export function lines(...all: readonly string[]): string {
	return all.filter(Boolean).join(NEW_LINE);
}

/** The same lines where HTML is not read. */
export function plainLines(text: string): string {
	return text.replaceAll(NEW_LINE, '\n');
}

/**
 * Lets long words break, with spaces that have no width: n8n's editor lets them run out of its panel. IDs with such spaces are read as
 * without them.
 */
export function breakable(text: string): string {
	return text.replace(LONG_WORD, '$&\u200b');
}
