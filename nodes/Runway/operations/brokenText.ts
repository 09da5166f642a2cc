/** Tells the remains of a broken expression in a text from the same words in prose. */

const WORD = /(?<![\w$])(undefined|null|NaN)(?![\w$])/g;
/** Literal text of an expression is evidence only if there is enough of it. */
const NEIGHBOUR = 12;

/**
 * The word that an expression has left in place of a value, or null. `[object Object]` is never meant. The other words may be
 * prose: they count if they stand alone, or if the text beside them is the expression's own while the word is not.
 * @param source the expression, or null if the text was typed
 */
export function brokenWord(text: string, source: string | null): string | null {
	const object = /\[object \w+\]/.exec(text)?.[0];
	if (object !== undefined) return object;
	if (source === null) return null;
	const typed = typedParts(source);
	for (const { 0: word, index } of text.matchAll(WORD)) {
		if ([...typed.matchAll(WORD)].some(([other]) => other === word)) continue;
		const before = text.slice(0, index);
		const after = text.slice(index + word.length);
		if (standsAlone(word, before, after)) return word;
		if ([before.slice(-NEIGHBOUR), after.slice(0, NEIGHBOUR)].every((text) => isOfSource(source, text))) return word;
	}
	return null;
}

/** "undefined" is an adjective, too, so commas around it prove nothing. */
function standsAlone(word: string, before: string, after: string): boolean {
	if (/(^|[\n:]\s*)$/.test(before) && /^[.!?]?\s*($|\n)/.test(after)) return true;
	return word !== 'undefined' && /(^|[\n:,;|(]\s*)$/.test(before) && /^\s*($|[\n,;.|)])/.test(after);
}

/** Whether a text is empty, as at both ends, or is part of the expression itself. */
function isOfSource(source: string, text: string): boolean {
	const words = text.trim();
	return words === '' || (words.length >= 3 && source.includes(words));
}

/** The parts of an expression that it outputs unchanged: those outside its brackets, and those in quotes inside them. */
function typedParts(source: string): string {
	return source.replace(/\{\{(.*?)\}\}/gs, (_, code: string) =>
		(code.match(/'[^']*'|"[^"]*"|`[^`]*`/g) ?? []).join(' '),
	);
}
