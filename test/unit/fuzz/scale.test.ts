import { scaleOf } from './fuzz';

describe('The part of the budget that a run takes', () => {
	it.each([
		['is a tenth by default', {}, 0.1],
		['is all of it in continuous integration', { CI: 'true' }, 1],
		['is what FUZZ_SCALE says', { FUZZ_SCALE: '2' }, 2],
		['is what FUZZ_SCALE says in continuous integration, too', { CI: 'true', FUZZ_SCALE: '0.5' }, 0.5],
	])('%s', (_what, environment, scale) => expect(scaleOf(environment)).toBe(scale));

	it.each(['0', '-1', '', 'all', 'Infinity'])('can not be "%s", with which nothing would be tried', (FUZZ_SCALE) =>
		expect(() => scaleOf({ FUZZ_SCALE })).toThrow('FUZZ_SCALE'),
	);
});
