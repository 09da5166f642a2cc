import TestSequencer from '@jest/test-sequencer';

/** The files that take longest, the longest first. Started last, one of them would run alone at the end. */
const longest = [
	'unit/fuzz/parse',
	'unit/fuzz/parameters',
	'unit/fuzz/pace',
	'unit/fuzz/client',
	'unit/waiting/watch',
	'unit/contract/package',
	'engine/faultMatrix/readingForGood',
	'engine/faultMatrix/fetching',
	'engine/faultMatrix/',
	'engine/wake',
	'engine/triggerTime',
	// Those with an n8n of their own, which they start again and again.
	'e2e/registerKilled',
	'e2e/killed',
	'e2e/secrets',
	'e2e/pollTrigger',
	'e2e/registerTrigger',
	'e2e/callbackTrigger',
	'e2e/examples',
	'e2e/suspend',
	'e2e/stop',
	'e2e/communityInstall',
	'queue/killed',
	'browser/panel',
	'browser/lists',
	'browser/run',
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
