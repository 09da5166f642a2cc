import { readFileSync } from 'node:fs';
import path from 'node:path';

import { modelTable } from '../../../nodes/Runway/modelTable';
import { modelTableSource, TABLE_FILE } from '../../../scripts/models/table';

describe('The table of models', () => {
	it("is what Runway's installed typings say; if not, look at the difference and run `npm run models`", () => {
		expect(readFileSync(path.join(__dirname, '../../..', TABLE_FILE), 'utf8')).toBe(modelTableSource());
	});

	it('has the limits that Runway documents', () => {
		const { 'image-to-video': video, 'text-to-image': image } = modelTable;
		expect(video['gen4.5'].ratios).toContain('1584:672');
		expect(video['gen4.5'].durations).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
		expect([video['gen4.5'].needsPrompt, video.gen4_turbo.needsPrompt]).toEqual([true, false]);
		expect(video['veo3.1'].durations).toEqual([4, 6, 8]);
		expect([video['veo3.1'].takesLastFrame, video['gen4.5'].takesLastFrame]).toEqual([true, false]);
		expect(image['gemini_2.5_flash'].ratios).toHaveLength(10);
	});

	it('begins with a model that Runway serves', () => {
		for (const models of Object.values(modelTable)) expect(Object.values(models)[0]?.retired).toBe(false);
	});
});
