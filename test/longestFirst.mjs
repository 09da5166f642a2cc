import TestSequencer from '@jest/test-sequencer';

/** The files that take longest, the longest first. Started last, one of them would run alone at the end. */
const longest = [
	'unit/fuzz/parse',
	'unit/fuzz/parameters',
	'unit/fuzz/pace',
	'unit/fuzz/client',
	'unit/waiting/watch',
	'unit/contract/package',
	'engine/faultMatrix/fetching',
	'engine/faultMatrix/',
];

/** Jest's order, which follows what it has measured before, but with the longest files first on a new machine, too. */
export default class LongestFirst extends TestSequencer {
	sort(tests) {
		const place = ({ path }) => {
			const index = longest.findIndex((part) => path.replaceAll('\\', '/').includes(`/test/${part}`));
			return index < 0 ? longest.length : index;
		};
		return [...super.sort(tests)].sort((one, other) => place(one) - place(other));
	}
}
