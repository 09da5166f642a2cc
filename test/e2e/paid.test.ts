import { errorOf, freePort, isQueueMode, outputOf } from '../support/n8n';
import {
	asleep,
	chain,
	createdPrompts,
	customDataOf,
	hintsOf,
	imageToVideo,
	items,
	link,
	loop,
	manual,
	nap,
	notedIds,
	type Part,
	place,
	prompts,
	RETRY,
	textOf,
	textToVideo,
	topic,
	until,
	wakeUp,
	withCustomData,
} from './support/place';

/** What is paid for, counted at the stand-in, in a real n8n. */

const stopAndError: Part = {
	name: 'Later',
	type: 'n8n-nodes-base.stopAndError',
	typeVersion: 1,
	parameters: { errorMessage: 'a later node fails' },
};

topic('Retry On Fail', (test) => {
	test(
		'pays once more only for the task that failed for a passing cause',
		place(async ({ api, run }) => {
			const list = prompts('a', 'b', 'c [fail once INTERNAL]', 'd');
			const execution = await run(chain(manual, ...list, imageToVideo({}, RETRY)));

			expect(errorOf(execution)).toBeUndefined();
			expect(execution.status).toBe('success');
			const results = outputOf(execution, 'Runway');
			expect(results.map(({ json }) => json.status)).toEqual(Array(4).fill('succeeded'));
			expect(results.map(({ pairedItem }) => pairedItem)).toEqual([0, 1, 2, 3].map((item) => ({ item })));
			expect(api.creates).toHaveLength(5);
			expect(createdPrompts(api)[4]).toBe('c [fail once INTERNAL]');
			expect(hintsOf(execution)).toMatch(/3 tasks .*not billed again/);
		}),
	);

	test(
		'pays for nothing again if the task failed for good',
		place(async ({ api, run }) => {
			const list = prompts('a', 'b [fail SAFETY.INPUT.TEXT]', 'c', 'd');
			const execution = await run(chain(manual, ...list, imageToVideo({}, RETRY)));

			expect(execution.status).toBe('error');
			expect(textOf(errorOf(execution))).toContain('moderation');
			expect(api.creates).toHaveLength(4);
			for (const id of api.tasks.keys()) expect(textOf(errorOf(execution))).toContain(id);
		}),
	);

	test(
		'never sends a create again whose outcome is unknown',
		place(async ({ api, run }) => {
			api.fault({ on: 'create', kind: 'reset-after' });
			const execution = await run(chain(manual, ...prompts('a'), imageToVideo({}, RETRY)));

			expect(execution.status).toBe('error');
			expect(textOf(errorOf(execution))).toMatch(/may be billed/);
			expect(textOf(errorOf(execution))).not.toMatch(/retry the request immediately/i);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'with Continue does not pay again for the good items',
		place(async ({ api, run }) => {
			const list = prompts('a [fail SAFETY]', 'b', 'c');
			const settings = { ...RETRY, onError: 'continueRegularOutput' } as const;
			const execution = await run(chain(manual, ...list, imageToVideo({}, settings)));

			expect(execution.status).toBe('success');
			const results = outputOf(execution, 'Runway');
			expect(results.map(({ json }) => json.status)).toEqual([undefined, 'succeeded', 'succeeded']);
			expect(results[0]?.json.error).toContain('moderation');
			expect(api.creates).toHaveLength(3);
		}),
	);

	test(
		'with Continue pays once more for the first item if its cause passes',
		place(async ({ api, run }) => {
			const list = prompts('a [fail once INTERNAL]', 'b');
			const settings = { ...RETRY, onError: 'continueRegularOutput' } as const;
			const execution = await run(chain(manual, ...list, imageToVideo({}, settings)));

			expect(outputOf(execution, 'Runway').map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
			expect(api.creates).toHaveLength(3);
		}),
	);

	test(
		'does not take an error that came with the input for one of its own',
		place(async (here) => {
			const { api, n8n } = here;
			api.settings.callbacks.enabled = false;
			const list = items({ prompt: 'a [stuck]', error: 'from an earlier node' });
			const id = await here.save(chain(manual, ...list, textToVideo({ completion: 'suspend' }, RETRY)));
			const executionId = await n8n.run(id);
			await asleep(here, executionId);
			await n8n.stopExecution(executionId);
			expect(api.creates).toHaveLength(1);
		}),
	);

	test(
		'pays once for each item if the tasks are returned at once',
		place(async ({ api, run }) => {
			const list = items({ prompt: 'a', error: 'from an earlier node' }, { prompt: 'b' });
			const execution = await run(chain(manual, ...list, imageToVideo({ completion: 'return' }, RETRY)));
			expect(execution.status).toBe('success');
			expect(api.creates).toHaveLength(2);
		}),
	);
});

topic('A create', (test) => {
	test(
		'that finds nobody at the address leaves no doubt that nothing was billed',
		place(async ({ n8n }) => {
			const credential = {
				name: 'Nobody there',
				type: 'cometApiRunwayApi',
				data: { apiKey: 'sk-nobody', baseUrl: `http://127.0.0.1:${await freePort()}` },
			};
			const bound = [{ id: await n8n.createCredential(credential), name: credential.name, type: credential.type }];
			const workflow = chain(manual, ...prompts('a'), imageToVideo());
			const execution = await n8n.runToEnd(await n8n.importWorkflow(workflow, bound));

			expect(execution.status).toBe('error');
			expect(textOf(errorOf(execution))).toMatch(/ECONNREFUSED/);
			expect(textOf(errorOf(execution))).toMatch(/nothing was billed/);
			expect(textOf(errorOf(execution))).not.toMatch(/unknown/);
		}),
	);
});

topic('Retry from the list of executions', (test) => {
	for (const loadWorkflow of [false, true]) {
		const which = loadWorkflow ? 'the saved' : 'the original';
		test(
			`with ${which} workflow takes up the tasks of the failed execution`,
			place(async ({ api, run, retry }) => {
				const list = prompts('a', 'b [stuck]', 'c [fail once INTERNAL]');
				const first = await run(chain(manual, ...list, imageToVideo({ options: { timeout: 5 } })));
				expect(first.status).toBe('error');
				const stuck = [...api.tasks.values()].find(({ prompt }) => prompt.includes('stuck'));
				api.finish(stuck?.id ?? '');

				const second = await retry(first, { loadWorkflow });
				expect(errorOf(second)).toBeUndefined();
				expect(second.status).toBe('success');
				expect(outputOf(second, 'Runway').map(({ json }) => json.status)).toEqual(Array(3).fill('succeeded'));
				expect(api.creates).toHaveLength(4);
				expect(createdPrompts(api)[3]).toBe('c [fail once INTERNAL]');
				expect(hintsOf(second)).toMatch(/2 tasks .*not billed again/);
			}),
		);
	}

	test(
		'creates only the item whose prompt has been changed',
		place(async ({ api, n8n, run, retry }) => {
			const list = prompts('a', 'b [fail SAFETY]', 'c');
			const first = await run(chain(manual, ...list, imageToVideo()));
			expect(first.status).toBe('error');
			expect(api.creates).toHaveLength(3);

			const { nodes } = await n8n.workflow(first.workflowId);
			const prompt = '={{ $json.number === 1 ? "a better one" : $json.prompt }}';
			const changed = nodes.map((node) =>
				node.name === 'Runway' ? { ...node, parameters: { ...node.parameters, prompt } } : node,
			);
			await n8n.updateWorkflow(first.workflowId, { nodes: changed });
			const second = await retry(first, { loadWorkflow: true });

			expect(second.status).toBe('success');
			expect(createdPrompts(api).slice(3)).toEqual(['a better one']);
		}),
	);

	test(
		'never sends a create again whose outcome is unknown, and creates nothing for a run that can only fail',
		place(async ({ api, run, retry }) => {
			api.fault({ on: 'create', kind: 'reset-after', match: ({ body }) => JSON.stringify(body).includes('doubtful') });
			const list = prompts('a', 'doubtful', 'c', 'd');
			const first = await run(chain(manual, ...list, imageToVideo({ options: { maxParallel: 1 } })));
			expect(first.status).toBe('error');
			expect(createdPrompts(api)).toEqual(['a', 'doubtful']);

			const second = await retry(first);
			expect(second.status).toBe('error');
			expect(textOf(errorOf(second))).toMatch(/may be billed/);
			expect(createdPrompts(api)).toEqual(['a', 'doubtful']);
		}),
	);

	test(
		'runs a node that comes after a sleep of the retry',
		place(async (here) => {
			const { api, run, retry } = here;
			const later = imageToVideo({ prompt: 'later' }, { name: 'Later' });
			const first = await run(chain(manual, ...prompts('a [fail once INTERNAL]'), textToVideo(), nap, later));
			expect(first.status).toBe('error');
			const retried = retry(first);
			await until(() => api.creates.length === 2);
			await wakeUp(here);
			const second = await retried;
			expect(textOf(errorOf(second))).toBe('');
			expect(second.status).toBe('success');
			expect(outputOf(second, 'Later').map(({ json }) => json.status)).toEqual(['succeeded']);
			expect(api.creates).toHaveLength(3);
		}),
	);

	test(
		'after a later node has failed does not run the Runway node again',
		place(async ({ api, run, retry }) => {
			const first = await run(chain(manual, ...prompts('a', 'b'), imageToVideo(), stopAndError));
			expect(first.status).toBe('error');
			const second = await retry(first);
			expect(second.status).toBe('error');
			expect(outputOf(second, 'Runway')).toHaveLength(2);
			expect(api.creates).toHaveLength(2);
		}),
	);
});

topic('What looks the same', (test) => {
	test(
		'is made twice in two rounds of Loop Over Items',
		place(async ({ api, run }) => {
			const runwayNode = imageToVideo({}, RETRY);
			// The second output of the loop is its round; the first one is the end.
			let workflow = chain(manual, ...items({ prompt: 'same' }, { prompt: 'same' }), loop);
			const added = chain(runwayNode);
			workflow = { ...workflow, nodes: [...workflow.nodes, ...added.nodes] };
			workflow = link(link(workflow, 'Loop', 1, 'Runway'), 'Runway', 0, 'Loop');

			const execution = await run(workflow);
			expect(execution.status).toBe('success');
			expect(api.creates).toHaveLength(2);
			const ids = [0, 1].map((round) => outputOf(execution, 'Runway', 0, round)[0]?.json.taskId);
			expect(new Set(ids).size).toBe(2);
			expect(outputOf(execution, 'Loop')).toHaveLength(2);
		}),
	);

	test(
		'is made twice in two rounds of which the first one failed and went on',
		place(async ({ api, run }) => {
			const same = { prompt: 'same [fail SAFETY]' };
			let workflow = chain(manual, ...items(same, same), loop);
			const added = chain(imageToVideo({}, { onError: 'continueRegularOutput' }));
			workflow = { ...workflow, nodes: [...workflow.nodes, ...added.nodes] };
			workflow = link(link(workflow, 'Loop', 1, 'Runway'), 'Runway', 0, 'Loop');

			const execution = await run(workflow);
			expect(execution.status).toBe('success');
			expect(api.creates).toHaveLength(2);
		}),
	);

	test(
		'is made twice by two nodes of a workflow',
		place(async ({ api, run }) => {
			const prompt = 'the same';
			const execution = await run(
				chain(manual, ...prompts('x'), imageToVideo({ prompt }), imageToVideo({ prompt }, { name: 'Again' })),
			);
			expect(execution.status).toBe('success');
			expect(api.creates).toHaveLength(2);
			expect(outputOf(execution, 'Again')[0]?.json.taskId).not.toBe(outputOf(execution, 'Runway')[0]?.json.taskId);
		}),
	);

	test(
		'is made twice for two items, also when the node is tried again',
		place(async ({ api, run }) => {
			const list = prompts('same', 'same', 'other [fail once INTERNAL]');
			const execution = await run(chain(manual, ...list, imageToVideo({}, RETRY)));
			expect(execution.status).toBe('success');
			const ids = outputOf(execution, 'Runway').map(({ json }) => json.taskId);
			expect(new Set(ids).size).toBe(3);
			expect(api.creates).toHaveLength(4);
		}),
	);

	test(
		'is made again in a new execution',
		place(async ({ api, n8n, save }) => {
			const id = await save(chain(manual, ...prompts('same'), imageToVideo()));
			await n8n.runToEnd(id);
			await n8n.runToEnd(id);
			expect(api.creates).toHaveLength(2);
		}),
	);
});

topic("The execution's custom data", (test) => {
	test(
		'names the tasks of an execution that succeeded',
		place(async ({ api, n8n, run }) => {
			const ended = await run(chain(manual, ...prompts('a', 'b'), imageToVideo()));
			const execution = await withCustomData({ n8n }, ended);
			expect(notedIds(execution).sort()).toEqual([...api.tasks.keys()].sort());
		}),
	);

	test(
		'names the tasks of an execution that failed, and of one that was retried',
		place(async ({ api, n8n, run, retry }) => {
			const failed = await run(chain(manual, ...prompts('a', 'b [fail once INTERNAL]'), imageToVideo()));
			const first = await withCustomData({ n8n }, failed);
			expect(first.status).toBe('error');
			const ids = [...api.tasks.keys()];
			expect(notedIds(first).sort()).toEqual([...ids].sort());

			const second = await retry(first);
			expect(second.status).toBe('success');
			const fresh = [...api.tasks.keys()].find((id) => !ids.includes(id));
			expect(notedIds(await withCustomData({ n8n }, second))).toContain(fresh);
		}),
	);

	// In queue mode n8n does not save what a worker noted there; the ids are in the worker's log.
	const testOfStop = isQueueMode() ? test.skip : test;
	testOfStop(
		'names the tasks of an execution that was stopped',
		place(async ({ api, n8n, save }) => {
			const id = await save(chain(manual, ...prompts('a [stuck]', 'b [stuck]'), imageToVideo()));
			const executionId = await n8n.run(id);
			await until(() => api.reads.length > 1, 'the tasks are watched');
			await n8n.stopExecution(executionId);
			const execution = await withCustomData({ n8n }, await n8n.waitForExecution(executionId));
			expect(execution.status).toBe('canceled');
			expect(notedIds(execution).sort()).toEqual([...api.tasks.keys()].sort());
		}),
	);

	test(
		'keeps to what n8n takes, however many tasks there are',
		place(async ({ api, n8n, run }) => {
			const list = prompts(...Array.from({ length: 30 }, (_, index) => `number ${index}`));
			const parameters = { completion: 'return', options: { maxParallel: 20 } };
			const ended = await run(chain(manual, ...list, imageToVideo(parameters)));
			const execution = await withCustomData({ n8n }, ended);
			expect(api.creates).toHaveLength(30);
			const noted = customDataOf(execution);
			expect(Object.keys(noted).length).toBeLessThanOrEqual(10);
			for (const value of Object.values(noted)) expect(value.length).toBeLessThanOrEqual(255);
			expect(notedIds(execution).length).toBeGreaterThanOrEqual(18);
			for (const id of notedIds(execution)) expect(api.tasks.has(id)).toBe(true);
		}),
	);
});
