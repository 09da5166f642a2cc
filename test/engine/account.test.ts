import type { IDataObject } from 'n8n-workflow';

import { type Bench, bench, closeBench, CONTINUE, imageToVideo, makeTask, prompts, textOf, topic } from './bench';

afterAll(closeBench);

/** The bench's credential with the access token of the account. */
const withToken = ({ api, credential }: Bench) => ({ ...credential, accessToken: api.accessToken });
const listings = ({ api }: Bench) => api.requests.filter(({ route }) => route === 'taskList');

topic('An error that leaves open whether a task was created', (test) => {
	test(
		'names the task that has appeared in the account since, and how to fetch it',
		bench(async (place) => {
			place.api.fault({ on: 'create', kind: 'reset-after' });
			const error = await place.fail(imageToVideo(), { credential: withToken(place) });
			const [id = ''] = place.api.tasks.keys();
			expect(textOf(error)).toMatch(/^It is unknown whether the task was created\./);
			expect(textOf(error)).toMatch(
				new RegExp(
					`one task that this run does not know appeared in the CometAPI account: ${id} \\(IMAGE_TO_VIDEO, [\\d:]{8} UTC\\)\\. .*fetch it with Resource "Task", Operation "Download"`,
				),
			);
			expect(error.context.data?.appearedTasks).toMatchObject([{ taskId: id, action: 'IMAGE_TO_VIDEO' }]);
			expect(listings(place)).toHaveLength(1);
		}),
	);

	test(
		'names neither the tasks of the run, nor older ones, nor those of other operations',
		bench(async (place) => {
			const old = await makeTask(place, { prompt: 'old' });
			Object.assign(place.api.tasks.get(old) ?? {}, { createdAt: Date.now() - 300_000 });
			const other = await makeTask(place, { prompt: 'other', path: '/runway/pro/generate' });
			place.api.fault({
				on: 'create',
				kind: 'reset-after',
				match: ({ body }) => (body as IDataObject).promptText === 'b',
			});
			const { items } = await place.run(imageToVideo({}, { completion: 'return' }), {
				credential: withToken(place),
				items: prompts('a', 'b', 'c'),
				onError: CONTINUE,
			});
			const lost = [...place.api.tasks.values()].find(({ prompt }) => prompt === 'b')?.id ?? '';
			expect(items.map(({ json }) => typeof json.taskId)).toEqual(['string', 'undefined', 'string']);
			expect(items[1]?.json.message).toContain(lost);
			expect(items[1]?.json.message).not.toContain(old);
			expect(items[1]?.json.message).not.toContain(other);
			expect((items[1]?.json.details as IDataObject).appearedTasks).toHaveLength(1);
		}),
	);

	test(
		'says that no task has appeared',
		bench(async (place) => {
			place.api.fault({ on: 'create', kind: 'reset-before' });
			const error = await place.fail(imageToVideo(), { credential: withToken(place) });
			expect(textOf(error)).toMatch(/No task has appeared in the CometAPI account so far\. Look at the task log/);
		}),
	);

	test(
		'is the same as ever without the access token, and if the list is not to be had',
		bench(async (place) => {
			place.api.fault({ on: 'create', kind: 'reset-after', times: 3 });
			place.api.fault({ on: 'taskList', kind: 'status', status: 404 });
			const without = await place.fail(imageToVideo());
			expect(listings(place)).toHaveLength(0);
			const notThere = await place.fail(imageToVideo(), { credential: withToken(place) });
			const wrong = await place.fail(imageToVideo(), {
				credential: { ...withToken(place), accessToken: 'wrong-access-token' },
			});
			expect(listings(place)).toHaveLength(2);
			expect(textOf(without)).toMatch(/so it is not sent again\. Look at the task log in the CometAPI console/);
			expect([textOf(notThere), textOf(wrong)]).toEqual([textOf(without), textOf(without)]);
		}),
	);

	test(
		'waits no longer than five seconds for the list',
		bench(async (place) => {
			place.api.fault({ on: 'create', kind: 'reset-after' });
			place.api.fault({ on: 'taskList', kind: 'timeout' });
			const startedAt = Date.now();
			const error = await place.fail(imageToVideo(), { credential: withToken(place) });
			expect(Date.now() - startedAt).toBeLessThan(9_000);
			expect(textOf(error)).toMatch(/^It is unknown whether the task was created\./);
		}),
	);

	test(
		'holds no access token, whatever CometAPI says',
		bench(async (place) => {
			place.api.fault({ on: 'create', kind: 'reset-after' });
			const message = `bad ${place.api.accessToken}`;
			place.api.fault({ on: 'taskList', kind: 'status', status: 401, message });
			const error = await place.fail(imageToVideo(), { credential: withToken(place) });
			expect(JSON.stringify([error, error.context, textOf(error)])).not.toContain(place.api.accessToken);
			expect(place.engine.log.join('\n')).not.toContain(place.api.accessToken);
		}),
	);
});
