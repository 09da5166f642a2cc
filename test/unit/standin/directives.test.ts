import type * as standIn from '../../support/standin';
import { read, start, task } from './harness';

describe('directives in the prompt', () => {
	async function steered(directive: string, api?: standIn.StandIn) {
		const server = api ?? (await start());
		return {
			api: server,
			one: await task(server, 'imageToVideo', { promptText: `a harbour ${directive} at dawn` }),
		};
	}

	it('[takes …] sets the time that a task takes', async () => {
		const { api, one } = await steered('[takes 12 s]');
		expect(one.readyAt - one.createdAt).toBe(12_000);
		expect((await steered('[takes 250 ms]', api)).one.readyAt).toBeLessThan(Date.now() + 251);
		expect((await steered('[a lamp]', api)).one.readyAt).toBeLessThan(Date.now() + 401);
	});

	it('[fail] and [cancelled] end a task badly', async () => {
		const { api, one } = await steered('[fail] [takes 0 s]');
		expect((await read(api, one)).json).toMatchObject({
			status: 'FAILED',
			failure: expect.any(String),
			failureCode: null,
		});
		const coded = await steered('[takes 0 s][fail SAFETY.INPUT.TEXT]', api);
		expect((await read(api, coded.one)).json).toMatchObject({
			failureCode: 'SAFETY.INPUT.TEXT',
			failure: expect.stringContaining('moderation'),
		});
		const cancelled = await steered('[cancelled] [takes 0 s]', api);
		expect((await read(api, cancelled.one)).json.status).toBe('CANCELLED');
	});

	it('[fail once …] fails the first task of a prompt only', async () => {
		const { api, one } = await steered('[fail once INTERNAL] [takes 0 s]');
		const again = await steered('[fail once INTERNAL] [takes 0 s]', api);
		expect((await read(api, one)).json).toMatchObject({ status: 'FAILED', failureCode: 'INTERNAL' });
		expect((await read(api, again.one)).json.status).toBe('SUCCEEDED');
	});

	it('[no url] succeeds without an asset, [unknown] and [stuck] never end', async () => {
		const { api, one } = await steered('[no url] [takes 0 s]');
		expect((await read(api, one)).json).toEqual({
			id: one.id,
			status: 'SUCCEEDED',
			createdAt: expect.any(String),
		});
		const odd = await steered('[unknown] [takes 0 s]', api);
		expect((await read(api, odd.one)).json.status).toBe('UNKNOWN');
		const stuck = await steered('[stuck] [takes 0 s]', api);
		expect((await read(api, stuck.one)).json).toMatchObject({
			status: 'RUNNING',
			progress: expect.any(Number),
		});
		api.finish(stuck.one.id);
		expect((await read(api, stuck.one)).json.status).toBe('SUCCEEDED');
	});

	it('[ends …] ends without a result and [says …] with one, each with that word', async () => {
		const { api, one } = await steered('[ends expired] [takes 0 s]');
		const plain = { createdAt: expect.any(String) };
		expect((await read(api, one)).json).toEqual({ id: one.id, status: 'expired', ...plain });
		const done = await steered('[says Done] [takes 0 s]', api);
		expect((await read(api, done.one)).json).toEqual({
			id: done.one.id,
			status: 'Done',
			...plain,
			output: [expect.stringContaining('/video.mp4')],
		});
		const later = await steered('[says done] [takes 9 s]', api);
		expect((await read(api, later.one)).json.status).toBe('PENDING');
	});

	it('[vanish] makes a task unknown once it was seen running', async () => {
		const { api, one } = await steered('[vanish] [takes 0 s]');
		expect((await read(api, one)).json.status).toBe('RUNNING');
		expect((await read(api, one)).json.code).toBe('task_not_exist');
		expect((await read(api, one)).json.code).toBe('task_not_exist');
	});

	it('[backwards] goes from running back to the queue and on', async () => {
		const { api, one } = await steered('[backwards]');
		const at = async (share: number) => {
			one.admittedAt = Date.now() - share * 100_000;
			one.readyAt = one.admittedAt + 100_000;
			return (await read(api, one)).json.status;
		};
		expect([await at(0.1), await at(0.3), await at(0.7), await at(1.1)]).toEqual([
			'RUNNING',
			'PENDING',
			'RUNNING',
			'SUCCEEDED',
		]);
	});

	it('are read from the input URLs of operations without a prompt', async () => {
		const api = await start();
		const videoUri = 'https://vid.example.com/a.mp4?%5Btakes+0+s%5D#%5Bfail%20INTERNAL%5D';
		const upscaled = await task(api, 'upscale', { videoUri });
		expect((await read(api, upscaled)).json).toMatchObject({ status: 'FAILED', failureCode: 'INTERNAL' });
		const acted = await task(api, 'actOne', { image: 'https://a.example/b.png?[stuck]' });
		expect(acted.outcome.kind).toBe('stuck');
		const prompted = await task(api, 'imageToVideo', { promptImage: 'https://a.example/b.png?[stuck]' });
		expect(prompted.outcome.kind).toBe('succeeded');
	});
});
