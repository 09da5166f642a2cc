import type { INodeParameters } from 'n8n-workflow';

import type { RunInput } from '../support/engine';
import { openRegister } from '../../nodes/shared/register/register';
import { N8N_API_KEY, startN8nApi } from '../support/n8nApi';
import { bench, closeBench, CONTINUE, imageToVideo, prompts, textToVideo, topic, until } from './bench';

/** Reuse a Recent Task: the guard against requests that come twice. Each test has a prompt of its own, since n8n's process remembers. */

afterAll(closeBench);

const HOUR = { reuseWithin: 60 };
const AT_ONCE = { completion: 'return' };

/** Lets a run be one of another execution. */
const inExecution = (id: string): Pick<RunInput, 'prepare'> => ({
	prepare: (context) => Object.assign(context, { getExecutionId: () => id }),
});

topic('Reuse a Recent Task', (test) => {
	test(
		'uses the task of an identical request of another execution, delivers its file and says so',
		bench(async ({ api, run, engine }) => {
			const items = prompts('twice');
			const first = await run(imageToVideo(HOUR), { items });
			const second = await run(imageToVideo(HOUR), { items, ...inExecution('50') });
			expect(second.items[0]?.json.taskId).toBe(first.items[0]?.json.taskId);
			expect(await engine.bytesOf(second.items[0])).toEqual(api.assetBytes('video'));
			expect(second.hints.map(({ message }) => message)).toEqual([
				'Reused 1 task from a recent identical request; nothing was billed for this.',
			]);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'works in later rounds of a loop and for agents that ask again, also without waiting',
		bench(async ({ api, run }) => {
			const items = prompts('asked again');
			const first = await run(textToVideo(HOUR, AT_ONCE), { items });
			const again = await run(textToVideo(HOUR, AT_ONCE), { items, runIndex: 1, runData: first.runData });
			expect(again.items[0]?.json.taskId).toBe(first.items[0]?.json.taskId);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'lets only one of two requests through that come at the same moment',
		bench(async ({ api, run }) => {
			const items = prompts('doubled webhook');
			const both = await Promise.all(
				['60', '61'].map(async (id) => await run(imageToVideo(HOUR), { items, ...inExecution(id) })),
			);
			expect(new Set(both.map((output) => output.items[0]?.json.taskId)).size).toBe(1);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'creates a task for each of several identical items of one run, and uses each once',
		bench(async ({ api, run }) => {
			const items = prompts('variations', 'variations');
			const first = await run(imageToVideo(HOUR, AT_ONCE), { items });
			expect(api.creates).toHaveLength(2);
			const three = [...items, ...prompts('variations')];
			const second = await run(imageToVideo(HOUR, AT_ONCE), { items: three, ...inExecution('50') });
			const idsOf = ({ items: all }: typeof first) => all.map(({ json }) => json.taskId);
			expect(new Set(idsOf(second)).size).toBe(3);
			expect(idsOf(second)).toEqual(expect.arrayContaining(idsOf(first)));
			expect(api.creates).toHaveLength(3);
		}),
	);

	test(
		'creates a new task for what failed, for what was refused, for other words, and for everything without the option',
		bench(async ({ api, fail, run }) => {
			await fail(imageToVideo(HOUR), { items: prompts('[fail SAFETY] guard') });
			await fail(imageToVideo(HOUR), { items: prompts('[fail SAFETY] guard'), ...inExecution('50') });
			expect(api.creates).toHaveLength(2);
			api.settings.noChannelFor = ['gen4_turbo'];
			await fail(imageToVideo(HOUR), { items: prompts('refused') });
			api.settings.noChannelFor = [];
			await run(imageToVideo(HOUR, AT_ONCE), { items: prompts('refused'), ...inExecution('50') });
			await run(imageToVideo(HOUR, AT_ONCE), { items: prompts('refused, in other words'), ...inExecution('51') });
			await run(imageToVideo({}, AT_ONCE), { items: prompts('refused'), ...inExecution('52') });
			expect(api.tasks.size).toBe(5);
		}),
	);

	test(
		'counts no reused task for Max Tasks Per Run',
		bench(async ({ api, run }) => {
			const limits = { ...HOUR, maxTasks: 1 };
			await run(imageToVideo(limits, AT_ONCE), { items: prompts('counted') });
			const output = await run(imageToVideo(limits, AT_ONCE), {
				items: prompts('counted', 'counted too'),
				...inExecution('50'),
				onError: CONTINUE,
			});
			expect(output.items.map(({ json }) => json.status)).toEqual(['queued', 'queued']);
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'finds tasks in the register that another n8n process has created, but none that are too old or have failed',
		bench(async (place) => {
			const { api, engine } = place;
			const n8n = await startN8nApi();
			try {
				const credential = { ...place.credential, register: true, n8nUrl: n8n.url, n8nApiKey: N8N_API_KEY };
				await (await openRegister(engine.context({ credential, parameters: {} })))?.find({ limit: 1 });
				const idsOf = async (parameters: INodeParameters, prompt: string, execution: string) => {
					const input = { credential, items: prompts(prompt), ...inExecution(execution) };
					const { items } = await place.run(imageToVideo(parameters, AT_ONCE), input);
					return items[0]?.json.taskId;
				};
				// Without the option, the process does not remember them.
				const known = [];
				for (const prompt of ['known', 'known, failed', 'known, old']) known.push(await idsOf({}, prompt, '42'));
				await until(() => n8n.rows.length === 3 && n8n.rows.every(({ taskId }) => taskId !== null));
				const [, failed, old] = n8n.rows;
				Object.assign(failed ?? {}, { status: 'failed' });
				Object.assign(old ?? {}, { createdTime: new Date(Date.now() - 2 * 60 * 60_000).toISOString() });
				expect(await idsOf(HOUR, 'known', '50')).toBe(known[0]);
				expect(api.creates).toHaveLength(3);
				expect(known).not.toContain(await idsOf(HOUR, 'known, failed', '51'));
				expect(known).not.toContain(await idsOf(HOUR, 'known, old', '52'));
				expect(api.creates).toHaveLength(5);
			} finally {
				await n8n.close();
			}
		}),
	);
});
