import { scaleOf, seedOf } from './fuzz';

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

describe('The inputs that a run takes', () => {
	it.each([
		['are the same in every run by default', {}, 1],
		['are those of an earlier run', { FUZZ_SEED: '701094435' }, 701094435],
		['are new ones', { FUZZ_SEED: 'random' }, undefined],
	])('%s', (_what, environment, seed) => expect(seedOf(environment)).toBe(seed));

	it.each(['', 'any', '1.5'])('can not be "%s"', (FUZZ_SEED) =>
		expect(() => seedOf({ FUZZ_SEED })).toThrow('FUZZ_SEED'),
	);
});
