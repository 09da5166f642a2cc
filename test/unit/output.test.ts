import { taskJson, taskJsonForAgent } from '../../nodes/shared/item/output';
import { readTask } from '../../nodes/shared/task/parse';
import type { KnownTask } from '../../nodes/shared/task/task';

/** The item that leaves a node, made of an answer. */

const untold = 'https://cdn.example.com/results/8f2c?sig=abc';

function known(body: Record<string, unknown>): KnownTask {
	const reading = readTask({ id: 'a', status: 'SUCCEEDED', ...body });
	if (reading.kind !== 'task') throw new Error(`read as ${reading.kind}`);
	return { taskId: 'a', api: 'official', state: reading.state, createdAt: null };
}

describe('The item of a task', () => {
	it('has an image as its image, whatever its URL ends in, if the operation makes images', () => {
		const item = taskJson(known({ output: [untold] }), 'generate', 'image', false);
		expect(item).toMatchObject({ videoUrl: null, imageUrl: untold, assetUrls: [untold] });
	});

	it('has an image as its image if the answer alone says so, as for Task → Get', () => {
		const item = taskJson(known({ action: 'TEXT_TO_IMAGE', output: [untold] }), 'get', null, false);
		expect(item).toMatchObject({ videoUrl: null, imageUrl: untold });
	});

	it('says what the task cost, after why it failed, or null', () => {
		const item = taskJson(known({ point: '320', refund: '1' }), 'get', null, false);
		expect(item.cost).toEqual({ amount: 320, unit: 'points', refunded: true });
		const names = Object.keys(item);
		expect(names[names.indexOf('failure') + 1]).toBe('cost');
		expect(taskJson(known({}), 'get', null, false).cost).toBeNull();
	});

	it('has no cost for an agent', () => {
		expect(taskJsonForAgent(known({ output: [untold], cost: { credits: 25 } }), 'video')).toEqual({
			taskId: 'a',
			status: 'succeeded',
			progress: 100,
			videoUrl: untold,
		});
	});
});
