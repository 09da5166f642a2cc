/*
 * The scripts load this file before anything else, on whatever Node.js there is: keep its syntax old, and let it
 * import nothing.
 */
const OLDEST = [20, 19];

/** The sentence to show when this Node.js is too old, or undefined when it will do. */
export function tooOldSentence(version) {
	const parts = version.replace('v', '').split('.').map(Number);
	const older = parts[0] < OLDEST[0] || (parts[0] === OLDEST[0] && parts[1] < OLDEST[1]);
	if (!older) return undefined;
	return 'Node.js ' + OLDEST.join('.') + ' or later is needed; this is ' + version + '.';
}
