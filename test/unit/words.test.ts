import { ordinal } from '../../nodes/Runway/batch/words';

describe('The position of an item', () => {
	it.each([
		[0, '1st'],
		[1, '2nd'],
		[2, '3rd'],
		[3, '4th'],
		[10, '11th'],
		[12, '13th'],
		[20, '21st'],
		[110, '111th'],
		[121, '122nd'],
	])('%i is the %s, as people count', (index, words) => {
		expect(ordinal(index)).toBe(words);
	});
});
