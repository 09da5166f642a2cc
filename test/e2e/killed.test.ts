import { errorOf, type N8n, type N8nClient, outputOf, projectRoot, startN8n } from '../support/n8n';
import {
	chain,
	imageToVideo,
	LONGEST_TEST_MS,
	manual,
	place,
	prompts,
	RETRY,
	runway,
	textOf,
	until,
	webhook,
} from './support/place';

/** An n8n that is killed while the node waits, which takes with it all that the node had noted in its memory. */

describe('An n8n that is killed while a node waits', () => {
	it(
		'pays for nothing twice when the execution is retried, and has the ids in its log',
		async () => {
			let own: N8n | undefined;
			const begin = async (): Promise<N8nClient> => {
				own = await startN8n({ package: projectRoot });
				return own;
			};
			const act = place(
				async (here) => {
					const { api, n8n } = here;
					const list = prompts('a [stuck]', 'b [stuck]');
					const executionId = await here.call(chain(webhook(), ...list, imageToVideo({}, RETRY)));
					await until(() => api.reads.length > 1, 'the tasks are watched');
					await own?.kill();
					const log = own?.log() ?? '';
					const line = new RegExp(`^Runway task (\\S+) created \\(execution ${executionId}, node "Runway", item`, 'gm');
					const ids = [...log.matchAll(line)].map(([, id = '']) => id);
					expect(log).not.toContain(api.apiKey);
					expect(ids.sort()).toEqual([...api.tasks.keys()].sort());

					await own?.restart();
					const crashed = await n8n.waitForExecution(executionId);
					expect(crashed.status).toBe('crashed');
					const retried = await here.retry(crashed);
					const again = await here.retry(retried);
					for (const attempt of [retried, again]) {
						expect(attempt.status).toBe('error');
						expect(textOf(errorOf(attempt))).toMatch(/may have been created already.*Operation "Wait"/s);
					}
					expect(api.creates).toHaveLength(2);

					ids.forEach((id) => api.finish(id));
					const wait = runway({ resource: 'task', operation: 'wait', taskId: ids.join(' ') }, { name: 'Fetch' });
					const fetched = outputOf(await here.run(chain(manual, wait)), 'Fetch');
					expect(fetched.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
				},
				{},
				begin,
			);
			try {
				await act();
			} finally {
				await own?.stop();
			}
		},
		LONGEST_TEST_MS,
	);
});
