import { callbackTrigger } from '../support/triggers';
import { bench, closeBench, makeTask, until } from './bench';

/** How much the callback trigger looks into at a time. In a file of its own, as all triggers of a process share that. */

afterAll(closeBench);

const GENERATE = '/runway/pro/generate';
const LONGEST_TEST_MS = 90_000;

it(
	'A flood of callbacks is refused beyond a number that can be looked into, and passes',
	bench(async (place) => {
		const { api, credential } = place;
		const trigger = callbackTrigger({ credential, parameters: { download: false } });
		const hold = api.fault({ on: 'read', kind: 'status', status: 503, times: Infinity });
		const flood = Array.from(
			{ length: 250 },
			async (_, index) => await trigger.call({ task_id: `f-${index}`, status: 3 }),
		);
		const settled: number[] = [];
		for (const call of flood) void call.then(({ status }) => settled.push(status));
		await until(() => settled.length >= 150);
		expect(new Set(settled)).toEqual(new Set([503]));
		const refused = settled.length;
		expect(refused).toBe(150);
		const turnedAway = await trigger.call({ task_id: 'one-more', status: 3 });
		expect(turnedAway).toMatchObject({ status: 503, items: null });
		expect(turnedAway.headers['retry-after']).toBe('60');
		hold.clear();

		const calls = await Promise.all(flood);
		expect(calls.filter(({ status }) => status === 503)).toHaveLength(refused);
		expect(calls.filter(({ status }) => status === 200)).toHaveLength(250 - refused);
		expect(calls.every(({ items }) => items === null)).toBe(true);
		const id = await makeTask(place, { path: GENERATE });
		await until(() => (api.tasks.get(id)?.readyAt ?? Infinity) < Date.now());
		expect((await trigger.call({ task_id: id, status: '3' })).items).toHaveLength(1);
		expect(api.peakInFlight).toBeLessThanOrEqual(6);
	}),
	LONGEST_TEST_MS,
);

it(
	'A flood of callbacks with made-up ids makes room for others sooner than a few of them would',
	bench(async ({ api, credential }) => {
		const trigger = callbackTrigger({ credential, parameters: { download: false } });
		const call = async (name: string) => await trigger.call({ task_id: name, status: 3 });
		await call('made-up');
		expect(api.reads).toHaveLength(3);
		await Promise.all(Array.from({ length: 100 }, async (_, index) => await call(`made-up-${index}`)));
		expect(api.reads.length).toBeLessThan(230);
	}),
	LONGEST_TEST_MS,
);
