import type { IDataObject } from 'n8n-workflow';

import { N8N_API_KEY, startN8nApi } from '../support/n8nApi';
import { anotherProcess, sleepOf, type SleepingExecution, type SleepOptions } from '../support/sleeping';
import type { Fault } from '../support/standin';
import { bench, type Bench, closeBench, CONTINUE, prompts, textToVideo, topic, until } from './bench';
import { wait } from './watching';

/** How a sleeping execution wakes up, in n8n-core's own contexts. */

/** Of concurrent tests, only the file itself may load modules. */
const processes = [anotherProcess(), anotherProcess()];
const executions: SleepingExecution[] = [];

afterAll(async () => {
	// Nobody calls an execution that does not sleep.
	for (const execution of executions) execution.state = 'awake';
	await closeBench();
});

/** Longer than a look at tasks that are as the callback says, and much shorter than what a lost callback costs. */
const SOON_MS = 2_000;
/** The first call of its own that a process makes comes after 4 to 5 s, and then after 8 to 9 s more. */
const LATER_MS = 60_000;

/** An execution that sleeps over tasks that render until the test ends them. */
async function asleep(
	place: Bench,
	names: string[],
	more: Partial<SleepOptions> = {},
): Promise<{ execution: SleepingExecution; ids: string[] }> {
	const { api, engine, credential } = place;
	api.settings.callbacks.enabled = false;
	const execution = await sleepOf({
		engine,
		credential,
		parameters: textToVideo({}, { completion: 'suspend' }),
		items: prompts(...names.map((name) => `${name} [stuck]`)),
		...more,
	});
	executions.push(execution);
	const idOf = (name: string) => [...api.tasks.values()].find(({ prompt }) => prompt.startsWith(`${name} `))?.id ?? '';
	return { execution, ids: names.map(idOf) };
}

const ended = (taskId = ''): IDataObject => ({ task_id: taskId, status: '3', video_url: 'https://a.example/x.mp4' });
const running = (taskId = ''): IDataObject => ({ task_id: taskId, status: '1' });

const statusesOf = ({ woken }: SleepingExecution) => woken.map((items) => items.map(({ json }) => json.status));

topic('A sleeping execution', (test) => {
	test(
		'wakes up once, with all items in their order, when the last task has ended',
		bench(async (place) => {
			const { execution, ids } = await asleep(place, ['a', 'b']);
			place.api.finish(ids[1] ?? '');
			expect((await execution.call(ended(ids[1]))).items).toBeNull();
			place.api.finish(ids[0] ?? '');
			const { items } = await execution.call(ended(ids[0]));
			expect(items?.map(({ json }) => [json.taskId, json.status])).toEqual(ids.map((id) => [id, 'succeeded']));
			for (const item of items ?? []) {
				expect((await place.engine.bytesOf(item)).equals(place.api.assetBytes('video'))).toBe(true);
			}
		}),
	);

	test(
		'answers every call at once and alike, whoever calls, before its files are fetched',
		bench(
			async (place) => {
				const { execution, ids } = await asleep(place, ['a', 'b']);
				const bodies = [ended('no-such-task'), {}, running(ids[0]), ended(ids[1])];
				for (const id of ids) place.api.finish(id);
				const calls = await Promise.all(bodies.map(async (body) => await execution.call(body)));
				for (const { status, answer, answeredAfterMs } of calls) {
					expect([status, answer]).toEqual([200, { status: 'received' }]);
					// Its files take four seconds.
					expect(answeredAfterMs).toBeLessThan(3_900);
				}
				expect(statusesOf(execution)).toEqual([['succeeded', 'succeeded']]);
			},
			{ assetBytes: 512 * 1024, assetBytesPerSecond: 128 * 1024 },
		),
	);

	test(
		'knows its tasks in capital letters',
		bench(async (place) => {
			const { execution, ids } = await asleep(place, ['a']);
			place.api.finish(ids[0] ?? '');
			await execution.call(ended(ids[0]?.toUpperCase()));
			expect(statusesOf(execution)).toEqual([['succeeded']]);
		}),
	);

	test(
		'wakes up under any name of its node',
		bench(async (place) => {
			for (const name of ["Ru'n", 'Run "x"', 'Run {{ 1 }}', 'Run }}', '{{', '}', 'R\\ün 🎬', '`${1}`', '__proto__x']) {
				const { execution } = await asleep(place, ['a'], { name });
				const id = [...place.api.tasks.keys()].at(-1) ?? '';
				place.api.finish(id);
				await execution.call(ended(id));
				expect([name, statusesOf(execution)]).toEqual([name, [['succeeded']]]);
			}
		}),
	);

	test(
		'looks at nothing for a task that is not its own',
		bench(async (place) => {
			const { execution } = await asleep(place, ['a']);
			const reads = place.api.reads.length;
			await execution.call(ended('00000000-0000-4000-8000-000000000000'));
			expect(place.api.reads).toHaveLength(reads);
			expect(execution.state).toBe('asleep');
		}),
	);

	test(
		'is not woken up by a callback that lies',
		bench(async (place) => {
			const { execution, ids } = await asleep(place, ['a']);
			void execution.call(ended(ids[0]));
			await wait(SOON_MS);
			expect(execution.state).toBe('asleep');
			expect(place.api.downloads).toEqual([]);
			// The call still waits, as the API's record may lag behind.
			place.api.finish(ids[0] ?? '');
			await until(() => execution.state === 'awake', 10_000);
		}),
	);

	test(
		'wakes up once if its callbacks come three times',
		bench(async (place) => {
			const { execution, ids } = await asleep(place, ['a', 'b']);
			for (const id of ids) place.api.finish(id);
			await Promise.all([...ids, ...ids, ...ids].map(async (id) => await execution.call(ended(id))));
			expect(statusesOf(execution)).toEqual([['succeeded', 'succeeded']]);
			expect(place.api.downloads).toHaveLength(2);
		}),
	);

	test(
		'makes up for lost callbacks with the last one that comes',
		bench(async (place) => {
			const { execution, ids } = await asleep(place, ['a', 'b', 'c']);
			for (const id of ids) place.api.finish(id);
			await execution.call(ended(ids[1]));
			expect(statusesOf(execution)).toEqual([['succeeded', 'succeeded', 'succeeded']]);
		}),
	);

	test(
		'wakes up without waiting for the register, which hears of it afterwards',
		bench(async (place) => {
			const n8n = await startN8nApi();
			const credential = { ...place.credential, register: true, n8nUrl: n8n.url, n8nApiKey: N8N_API_KEY };
			try {
				const { execution, ids } = await asleep({ ...place, credential }, ['a']);
				place.api.finish(ids[0] ?? '');
				await execution.call(ended(ids[0]));
				expect(statusesOf(execution)).toEqual([['succeeded']]);
				expect(n8n.rows[0]?.delivered).toBe(false);
				await until(() => n8n.rows[0]?.delivered === true, LATER_MS);
				// n8n has yet to run the execution; a trigger looks whether it did.
				expect(n8n.rows[0]?.resumeUrl).not.toBeNull();
			} finally {
				await n8n.close();
			}
		}),
	);

	test(
		'passes on items that ended before it slept',
		bench(async (place) => {
			const { api } = place;
			api.fault({
				on: 'create',
				kind: 'status',
				status: 400,
				match: ({ body }) => JSON.stringify(body).includes('bad'),
			});
			const { execution, ids } = await asleep(place, ['a', 'bad'], { more: { onError: CONTINUE } });
			api.finish(ids[0] ?? '');
			const { items } = await execution.call(ended(ids[0]));
			expect(items?.map(({ json }) => json.status ?? typeof json.error)).toEqual(['succeeded', 'string']);
		}),
	);

	test(
		'wakes up although progress calls are queued before the one that tells the end, whose record lags',
		bench(async (place) => {
			const { execution, ids } = await asleep(place, ['a']);
			place.api.settings.latencyMs = 400;
			const calls = [running(ids[0]), running(ids[0]), ended(ids[0]), running(ids[0])].map(
				async (body) => await execution.call(body),
			);
			await wait(1_500);
			place.api.finish(ids[0] ?? '');
			await Promise.all(calls);
			await until(() => execution.state === 'awake', LATER_MS);
			expect(statusesOf(execution)).toEqual([['succeeded']]);
		}),
	);

	test(
		'is read no more than once a second, however many calls come',
		bench(async (place) => {
			const { execution, ids } = await asleep(place, ['a']);
			await wait(1_000);
			const reads = place.api.reads.length;
			const began = Date.now();
			for (let times = 0; times < 100; times += 1) {
				void execution.call(running(ids[0]));
				await wait(20);
			}
			expect(place.api.reads.length - reads).toBeLessThanOrEqual(2 + (Date.now() - began) / 1_000);
			place.api.finish(ids[0] ?? '');
			await execution.call(ended(ids[0]));
			await until(() => execution.state === 'awake', LATER_MS);
			expect(statusesOf(execution)).toEqual([['succeeded']]);
		}),
	);

	test(
		'wakes up once if two processes fetch its files at the same time',
		bench(
			async (place) => {
				const { execution, ids } = await asleep(place, ['a', 'b']);
				for (const id of ids) place.api.finish(id);
				const first = execution.call(ended(ids[0]), processes[0]);
				await wait(500);
				await Promise.all([first, execution.call(ended(ids[1]), processes[1])]);
				expect(statusesOf(execution)).toEqual([['succeeded', 'succeeded']]);
				expect(place.api.downloads).toHaveLength(4);
			},
			{ assetBytes: 512 * 1024, assetBytesPerSecond: 256 * 1024 },
		),
	);
});

/** What may come in place of an answer to a read. */
const bad: Array<[what: string, fault: Omit<Fault, 'on'>]> = [
	['401', { kind: 'status', status: 401 }],
	['403', { kind: 'status', status: 403, shape: 'text' }],
	['404', { kind: 'status', status: 404, shape: 'E5' }],
	['400', { kind: 'status', status: 400 }],
	['503', { kind: 'status', status: 503 }],
	['a web page', { kind: 'html' }],
	['a broken connection', { kind: 'reset-before' }],
];

topic('The last callback', (test) => {
	for (const [what, fault] of bad) {
		for (const times of [1, 3]) {
			test(
				`wakes the execution up after ${what} as the answer to ${times === 1 ? 'one read' : 'three reads'}`,
				bench(async (place) => {
					const { execution, ids } = await asleep(place, ['a']);
					place.api.finish(ids[0] ?? '');
					place.api.fault({ on: 'read', ...fault, times });
					await execution.call(ended(ids[0]));
					await until(() => execution.state === 'awake', LATER_MS);
					expect(statusesOf(execution)).toEqual([['succeeded']]);
				}),
			);
		}

		test(
			`that another process gets wakes the execution up after ${what} for the task that it does not know`,
			bench(async (place) => {
				const { execution, ids } = await asleep(place, ['a', 'b']);
				place.api.finish(ids[0] ?? '');
				expect((await execution.call(ended(ids[0]))).items).toBeNull();
				place.api.finish(ids[1] ?? '');
				place.api.fault({ on: 'read', ...fault, skip: 1 });
				await execution.call(ended(ids[1]), processes[0]);
				await until(() => execution.state === 'awake', LATER_MS);
				expect(statusesOf(execution)).toEqual([['succeeded', 'succeeded']]);
			}),
		);
	}

	test(
		'may get lost: the process that got the one before it finds out by itself',
		bench(async (place) => {
			const { execution, ids } = await asleep(place, ['a', 'b']);
			place.api.finish(ids[0] ?? '');
			await execution.call(ended(ids[0]));
			place.api.finish(ids[1] ?? '');
			await until(() => execution.state === 'awake', LATER_MS);
			expect(statusesOf(execution)).toEqual([['succeeded', 'succeeded']]);
		}),
	);

	test(
		'wakes the execution up although one process after the other gets an answer that is too old',
		bench(async (place) => {
			const { execution, ids } = await asleep(place, ['a', 'b'], { processes });
			const calls = ids.map(async (id, index) => await execution.call(ended(id), processes[index]));
			await wait(1_500);
			// Only now does the API's own record say so, too.
			for (const id of ids) place.api.finish(id);
			await Promise.all(calls);
			await until(() => execution.state === 'awake', LATER_MS);
			expect(statusesOf(execution)).toEqual([['succeeded', 'succeeded']]);
		}),
	);
});

topic('A callback that comes while n8n saves the sleep', (test) => {
	test(
		'is made up for',
		bench(async (place) => {
			const { execution, ids } = await asleep(place, ['a'], { isSlowToSave: true });
			place.api.finish(ids[0] ?? '');
			expect((await execution.call(ended(ids[0]))).status).toBe(409);
			await until(() => execution.ownCalls.length === 1, LATER_MS);
			expect(execution.ownCalls[0]?.status).toBe(409);
			execution.state = 'asleep';
			await until(() => execution.state === 'awake', LATER_MS);
			expect(statusesOf(execution)).toEqual([['succeeded']]);
			expect(execution.ownCalls[1]).toMatchObject({ body: { task_id: ids[0] }, status: 200 });
		}),
	);

	test(
		'is made up for although n8n says in between that the execution runs',
		bench(async (place) => {
			const { execution, ids } = await asleep(place, ['a']);
			await until(() => execution.ownCalls.length === 1, LATER_MS);
			execution.state = 'saving';
			await until(() => execution.ownCalls.length === 2, LATER_MS);
			expect(execution.ownCalls[1]?.status).toBe(409);
			execution.state = 'asleep';
			place.api.finish(ids[0] ?? '');
			await until(() => execution.state === 'awake', 2 * LATER_MS);
			expect(statusesOf(execution)).toEqual([['succeeded']]);
		}),
	);

	test(
		'is made up for at no execution that was woken up in the usual way',
		bench(async (place) => {
			const { execution, ids } = await asleep(place, ['a']);
			place.api.finish(ids[0] ?? '');
			await execution.call(ended(ids[0]));
			await wait(6_000);
			expect(execution.ownCalls.filter(({ body }) => body.task_id === ids[0])).toEqual([]);
		}),
	);

	test(
		'is made up for no longer when the execution has been stopped',
		bench(async (place) => {
			const { execution } = await asleep(place, ['a']);
			await until(() => execution.ownCalls.length === 1, LATER_MS);
			expect(execution.ownCalls[0]?.status).toBe(200);
			execution.state = 'awake';
			await until(() => execution.ownCalls.length === 2, LATER_MS);
			expect(execution.ownCalls[1]?.status).toBe(409);
			await wait(18_000);
			expect(execution.ownCalls).toHaveLength(2);
		}),
	);

	test(
		'stays lost if n8n can’t call its own address, and n8n’s log says so without the address',
		bench(async (place) => {
			const { execution } = await asleep(place, ['a']);
			execution.isReachable = false;
			const line = () => place.engine.log.find((entry) => entry.includes('could not call its own address'));
			await until(() => line() !== undefined, LATER_MS);
			expect(line()).not.toMatch(/n8n\.example\.com/);
			expect(execution.state).toBe('asleep');
		}),
	);
});
