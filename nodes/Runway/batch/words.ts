/** Building blocks of the texts that people read. */

/** n8n's editor shows the description of an error as HTML. */
const NEW_LINE = '<br>';
/** The longest text without a break that fits into the narrowest panel of n8n's editor, in characters. */
const LONGEST_WORD = 40;
const LONG_WORD = new RegExp(String.raw`[^\s\-/?&<>\u200b]{${LONGEST_WORD}}(?=[^\s\-/?&<>\u200b])`, 'g');

/** A number with its noun, in the plural if it is one. */
export function count(amount: number, noun: string): string {
	return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

/** A position as people count: "1st" for index 0. n8n counts items from 0, so a bare number would mislead. */
export function ordinal(index: number): string {
	const position = index + 1;
	const isTeen = Math.floor(position / 10) % 10 === 1;
	return `${position}${(isTeen ? undefined : ['th', 'st', 'nd', 'rd'][position % 10]) ?? 'th'}`;
}

/** Joins the texts that are not empty. */
export function sentences(...all: readonly string[]): string {
	return all.filter(Boolean).join(' ');
}

/** Puts each text that is not empty on a line of its own. */
export function lines(...all: readonly string[]): string {
	return all.filter(Boolean).join(NEW_LINE);
}

/** The same lines for places that show HTML as text. */
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
