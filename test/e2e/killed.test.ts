import { errorOf, type N8n, outputOf, type WorkflowFile } from '../support/n8n';
import {
	chain,
	imageToVideo,
	items,
	link,
	LONGEST_TEST_MS,
	manual,
	nap,
	ownPlace,
	type Part,
	type Place,
	prompts,
	RETRY,
	runway,
	textOf,
	textToVideo,
	until,
	wakeUp,
	webhook,
} from './support/place';
import { loseEventLog } from './support/restarts';

/** An n8n that is killed while the node waits, which takes with it all that the node had noted in its memory. */

const TWO = prompts('a [stuck]', 'b [stuck]');
/** Two rounds, of which the second one waits. Between them comes what is given. */
function twoRounds(...between: Part[]): WorkflowFile {
	const loop: Part = {
		name: 'Loop',
		type: 'n8n-nodes-base.splitInBatches',
		typeVersion: 3,
		parameters: { options: {} },
	};
	const workflow = chain(webhook(), ...items({ prompt: 'a' }, { prompt: 'b [stuck]' }), loop);
	const round = chain(textToVideo({}, RETRY), ...between);
	const nodes = [...workflow.nodes, ...round.nodes];
	const connections = { ...workflow.connections, ...round.connections };
	// The second output of the loop is its round; the first one is the end.
	const began = link({ ...workflow, nodes, connections }, 'Loop', 1, 'Runway');
	return link(began, between.at(-1)?.name ?? 'Runway', 0, 'Loop');
}

/** Saves what there is after each node. */
const savesProgress = (workflow: WorkflowFile): WorkflowFile => ({
	...workflow,
	settings: { saveExecutionProgress: true },
});

async function expectRetriesToCreateNothing(
	{ api, n8n, call, retry, run }: Place,
	own: N8n,
	workflow: WorkflowFile,
	whileDown: (own: N8n) => Promise<void> = async () => {},
): Promise<void> {
	const executionId = await call(workflow);
	const stuck = () => [...api.tasks.values()].filter(({ prompt }) => prompt.includes('stuck')).map(({ id }) => id);
	await until(() => stuck().length > 0 && stuck().every((id) => api.reads.some((read) => read.taskId === id)));
	const creates = api.creates.length;
	await own.kill();
	const log = own.log();
	const line = new RegExp(`^Runway task (\\S+) created \\(execution ${executionId}, node "Runway", item`, 'gm');
	const ids = [...log.matchAll(line)].map(([, id = '']) => id);
	expect(log).not.toContain(api.apiKey);
	expect(ids.sort()).toEqual([...api.tasks.keys()].sort());

	await whileDown(own);
	await own.restart();
	const crashed = await n8n.waitForExecution(executionId);
	expect(crashed.status).toBe('crashed');
	const retried = await retry(crashed);
	const again = await retry(retried);
	for (const attempt of [retried, again]) {
		expect(attempt.status).toBe('error');
		expect(textOf(errorOf(attempt))).toMatch(/may already have created them.*Operation "Wait"/s);
	}
	expect(api.creates).toHaveLength(creates);

	stuck().forEach((id) => api.finish(id));
	const wait = runway({ resource: 'task', operation: 'wait', taskId: ids.join(' ') }, { name: 'Fetch' });
	const fetched = outputOf(await run(chain(manual, wait)), 'Fetch');
	expect(fetched.map(({ json }) => json.status)).toEqual(ids.map(() => 'succeeded'));
}

describe('An n8n that is killed while a node waits pays for nothing twice when the execution is retried', () => {
	const test = (sentence: string, act: (place: Place, own: N8n) => Promise<void>) =>
		it(sentence, ownPlace(act), LONGEST_TEST_MS);

	test('and has the ids in its log', async (here, own) =>
		await expectRetriesToCreateNothing(here, own, chain(webhook(), ...TWO, imageToVideo({}, RETRY))));

	test('after it has lost its event log', async (here, own) =>
		await expectRetriesToCreateNothing(here, own, chain(webhook(), ...TWO, imageToVideo({}, RETRY)), loseEventLog));

	test('after it has lost its event log, but saved what there was before the node', async (here, own) =>
		await expectRetriesToCreateNothing(
			here,
			own,
			savesProgress(chain(webhook(), ...TWO, imageToVideo({}, RETRY))),
			loseEventLog,
		));

	test('in the second round of a loop, of which it has saved the first one', async (here, own) =>
		await expectRetriesToCreateNothing(here, own, savesProgress(twoRounds())));

	test('in the second round of a loop that had slept in its first one', async (here, own) => {
		const slept = wakeUp(here);
		await Promise.all([expectRetriesToCreateNothing(here, own, twoRounds(nap)), slept]);
	});
});
