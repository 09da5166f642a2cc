import { readFileSync } from 'node:fs';

import { type N8n, type N8nClient, projectRoot, startN8n } from '../support/n8n';
import { chain, imageToVideo, manual, place, prompts, topic, until } from './support/place';

/** An n8n that dies while a node waits keeps nothing of that execution but its log. */

topic('An n8n', (test) => {
	test('that is killed while a node waits has the IDs of the tasks in its log', async () => {
		const own: N8n[] = [];
		const begin = async (): Promise<N8nClient> => {
			const n8n = await startN8n({ package: projectRoot });
			own.push(n8n);
			return n8n;
		};
		try {
			await place(
				async ({ api, n8n, save }) => {
					const workflow = chain(manual, ...prompts('a [stuck]', 'b [stuck]'), imageToVideo());
					const executionId = await n8n.run(await save(workflow));
					await until(() => api.reads.length > 0, 'both tasks are being watched');
					await own[0]?.kill();

					const ids = [...api.tasks.keys()];
					const log = readFileSync(own[0]?.logFile ?? '', 'utf8');
					expect(ids).toHaveLength(2);
					for (const id of ids) expect(log).toContain(id);
					expect(log).toContain(`execution ${executionId}`);
					expect(log).not.toContain(api.apiKey);
				},
				{},
				begin,
			)();
		} finally {
			await own[0]?.stop();
		}
	});
});
