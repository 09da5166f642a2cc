import { binaryOf, errorOf, type Execution, isQueueMode, outputOf } from '../support/n8n';
import { n8nIsAtLeast } from './support/host';
import { startHost } from './support/otherHost';
import {
	asleep,
	chain,
	hintsOf,
	items,
	link,
	loop,
	manual,
	noOp,
	type Part,
	type Place,
	place,
	prompts,
	runway,
	textToVideo,
	topic,
	until,
	webhook,
} from './support/place';

/** Runway where people put it: in sub-workflows, in loops, behind Execute Once, and where n8n saves no successful executions. */

const SLEEPS = { completion: 'suspend' } as const;
const after = noOp('After');
/** The last node of a sub-workflow, which marks what it passes on. */
const done: Part = {
	name: 'Done',
	type: 'n8n-nodes-base.set',
	typeVersion: 3.4,
	parameters: {
		assignments: { assignments: [{ id: 'mark', name: 'mark', value: 'done', type: 'string' }] },
		includeOtherFields: true,
		options: {},
	},
};

const calledWithItems: Part = {
	name: 'Called',
	type: 'n8n-nodes-base.executeWorkflowTrigger',
	typeVersion: 1.1,
	parameters: { inputSource: 'passthrough' },
};

const calledWith = (workflowId: string, mode: 'once' | 'each', waitForSubWorkflow: boolean): Part => ({
	name: 'Call',
	type: 'n8n-nodes-base.executeWorkflow',
	typeVersion: 1.2,
	parameters: {
		workflowId: { __rl: true, mode: 'id', value: workflowId },
		mode,
		options: { waitForSubWorkflow },
	},
});

/** Saves the sub-workflow, and a workflow that calls it with two prompts. */
async function saveBoth(here: Place, sub: Part[], mode: 'once' | 'each', waits: boolean) {
	const subId = await here.save(chain(calledWithItems, ...sub));
	const caller = await here.save(
		chain(manual, ...prompts('a pier', 'a harbor'), calledWith(subId, mode, waits), after),
	);
	return { subId, caller };
}

function expectFiles(execution: Execution, node: string, amount: number): void {
	const found = outputOf(execution, node).map((item) => [item.json.status, binaryOf(item).mimeType]);
	expect(found).toEqual(Array(amount).fill(['succeeded', 'video/mp4']));
}

/** The executions of the sub-workflow, once each of them has ended. */
async function endsOf({ n8n }: Place, workflowId: string, amount: number): Promise<Execution[]> {
	await until(async () => (await n8n.executionIds(workflowId)).length === amount, `it runs ${amount} times`);
	const ids = await n8n.executionIds(workflowId);
	return await Promise.all(ids.map(async (id) => await n8n.waitForExecution(id)));
}

topic('A Runway node in a sub-workflow', (test) => {
	test(
		'waits there, and gives the calling workflow the videos',
		place(async (here) => {
			const { caller } = await saveBoth(here, [textToVideo()], 'once', true);
			const execution = await here.n8n.runToEnd(caller);
			expect(errorOf(execution)).toBeUndefined();
			expectFiles(execution, 'After', 2);
			expect(here.api.creates).toHaveLength(2);
		}),
	);

	test(
		'sleeps there; the calling workflow sleeps, too, and gets the videos (on n8n 1, its own items)',
		place(async (here) => {
			const subId = await here.save(chain(calledWithItems, textToVideo(SLEEPS), done));
			// n8n 2 runs only what is published if it is called by what is published.
			if (n8nIsAtLeast('2.0.0')) await here.n8n.activate(subId);
			const call = calledWith(subId, 'once', true);
			const list = prompts('a pier [stuck]', 'a harbor [stuck]');
			const id = await here.call(chain(webhook(), ...list, call, after));
			await asleep(here, id);
			for (const taskId of here.api.tasks.keys()) here.api.finish(taskId);
			const execution = await here.n8n.waitForExecution(id);
			const [sub] = await endsOf(here, subId, 1);
			expect(errorOf(execution)).toBeUndefined();
			expectFiles(sub as Execution, 'Runway', 2);
			if (n8nIsAtLeast('2.0.0')) {
				expectFiles(execution, 'After', 2);
				expect(outputOf(execution, 'After').map(({ json }) => json.mark)).toEqual(['done', 'done']);
			} else {
				// What the sub-workflow was given comes back.
				expect(outputOf(execution, 'After').map(({ json }) => json.prompt)).toEqual([
					'a pier [stuck]',
					'a harbor [stuck]',
				]);
			}
			expect(here.api.creates).toHaveLength(2);
		}),
	);

	test(
		'returns at once, and the calling workflow waits for its tasks',
		place(async (here) => {
			const subId = await here.save(chain(calledWithItems, textToVideo({ completion: 'return' })));
			const fetch = runway({ resource: 'task', operation: 'wait', taskId: '={{ $json.taskId }}' }, { name: 'Fetch' });
			const execution = await here.run(
				chain(manual, ...prompts('a pier', 'a harbor'), calledWith(subId, 'once', true), fetch),
			);
			expect(errorOf(execution)).toBeUndefined();
			expectFiles(execution, 'Fetch', 2);
			expect(here.api.creates).toHaveLength(2);
		}),
	);

	test(
		'sleeps in an execution for each item, for which nobody waits',
		place(async (here) => {
			const { subId, caller } = await saveBoth(here, [textToVideo(SLEEPS), after], 'each', false);
			const execution = await here.n8n.runToEnd(caller);
			expect(errorOf(execution)).toBeUndefined();
			for (const one of await endsOf(here, subId, 2)) {
				expect(errorOf(one)).toBeUndefined();
				expectFiles(one, 'After', 1);
			}
			expect(here.api.creates).toHaveLength(2);
		}),
	);
});

topic('A Runway node', (test) => {
	test(
		'that sleeps in each round of a loop creates each task once',
		place(async (here) => {
			let workflow = chain(manual, ...prompts('a pier', 'a harbor'), loop);
			workflow = { ...workflow, nodes: [...workflow.nodes, ...chain(textToVideo(SLEEPS)).nodes] };
			workflow = link(link(workflow, 'Loop', 1, 'Runway'), 'Runway', 0, 'Loop');
			const execution = await here.run(workflow);
			expect(errorOf(execution)).toBeUndefined();
			expectFiles(execution, 'Loop', 2);
			expect(here.api.creates).toHaveLength(2);
		}),
	);

	test(
		'with the setting Execute Once creates one task, whatever it is given',
		place(async (here) => {
			const once = { ...textToVideo(), executeOnce: true };
			const execution = await here.run(chain(manual, ...prompts('a pier', 'a harbor', 'a mole'), once, after));
			expect(errorOf(execution)).toBeUndefined();
			expectFiles(execution, 'After', 1);
			expect(here.api.creates).toHaveLength(1);
		}),
	);

	const SAVING_NOTHING = {
		saveDataSuccessExecution: 'none',
		saveDataErrorExecution: 'none',
		saveManualExecutions: false,
		saveExecutionProgress: false,
	} as const;
	// In queue mode, these versions of n8n delete such an execution when it falls asleep.
	const losesSleepers = isQueueMode() && n8nIsAtLeast('2.27') && !n8nIsAtLeast('2.34');
	const starts = Object.entries(losesSleepers ? {} : { 'by hand': manual, 'by a webhook': webhook() });
	for (const [how, trigger] of starts) {
		test(
			`sleeps and wakes up if n8n saves no executions, started ${how}`,
			place(async (here) => {
				const { api, n8n, save } = here;
				const told: string[] = [];
				const listener = await startHost((request, response) => {
					told.push(new URL(request.url ?? '', 'http://host').searchParams.get('status') ?? '');
					response.end('{}');
				});
				try {
					const tell: Part = {
						name: 'Tell',
						type: 'n8n-nodes-base.httpRequest',
						typeVersion: 4.2,
						parameters: { url: `=${listener.url}/?status={{ $json.status }}`, options: {} },
					};
					const parts = chain(trigger, ...items({ prompt: 'a pier [stuck]' }), textToVideo(SLEEPS), tell);
					const workflow = { ...parts, settings: SAVING_NOTHING };
					const executionId = trigger === manual ? await n8n.run(await save(workflow)) : await here.call(workflow);
					await asleep(here, executionId);
					// Earlier versions tell no node of the workflow's settings.
					const hint = n8nIsAtLeast('1.123') ? 'does not save successful production executions' : '';
					expect(hintsOf(await n8n.execution(executionId))).toContain(hint);
					for (const id of api.tasks.keys()) api.finish(id);
					await until(() => told.length > 0, 'the node behind it runs');
					expect(told).toEqual(['succeeded']);
					expect(api.creates).toHaveLength(1);
				} finally {
					await listener.close();
				}
			}),
		);
	}
});
