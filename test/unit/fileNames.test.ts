import { baseNameOf, withEnding } from '../../nodes/shared/files/names';

describe('The name of a file', () => {
	it.each([
		[null, 'runway-task_1'],
		['', 'runway-task_1'],
		[' . ', 'runway-task_1'],
		['../../etc/passwd', '_.._etc_passwd'],
		['C:\\videos\\pier', 'C_videos_pier'],
		['a\u0000b\nc\u202e', 'a_b_c_'],
		['.hidden', 'hidden'],
		['Pier at dusk, scene 1', 'Pier at dusk, scene 1'],
		['海辺 🌊', '海辺 🌊'],
		['x'.repeat(300), 'x'.repeat(100)],
	])('made of %j leads nowhere and is short', (wanted, name) => {
		expect(baseNameOf(wanted, 'task/1')).toBe(name);
	});

	it('gets its ending once', () => {
		expect([withEnding('pier', 'mp4'), withEnding('pier.MP4', 'mp4')]).toEqual(['pier.mp4', 'pier.MP4']);
	});
});
