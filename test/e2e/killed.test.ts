import { errorOf, type N8n, outputOf, projectRoot, startN8n, type WorkflowFile } from '../support/n8n';
import { startStandIn } from '../support/standin';
import {
	chain,
	furnish,
	imageToVideo,
	items,
	link,
	LONGEST_TEST_MS,
	loop,
	manual,
	nap,
	type Part,
	type Place,
	prompts,
	QUICK,
	RETRY,
	runway,
	textOf,
	textToVideo,
	until,
	wakeUp,
	watched,
	webhook,
} from './support/place';
import { loseEventLog } from './support/restarts';

/** An n8n that is killed while the node waits, which takes with it all that the node had noted in its memory. */

const TWO = prompts('a [stuck]', 'b [stuck]');
/** Two rounds, of which the second one waits. Between them comes what is given. */
function twoRounds(...between: Part[]): WorkflowFile {
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

/** One workflow, and what was known of it when n8n was killed while it waited. */
interface Scene extends Place {
	executionId: string;
	/** Creates that the stand-in had seen by the kill. */
	creates: number;
	/** What n8n had printed. */
	log: string;
}

const waits = () => chain(webhook(), ...TWO, imageToVideo({}, RETRY));
/** An n8n takes long to start, so it is killed in the middle of several at once. The second time it loses its event log. */
const keepingLog = {
	oneNode: waits,
	inALoop: () => savesProgress(twoRounds()),
	inALoopThatSlept: () => twoRounds(nap),
};
const losingLog = {
	withoutLog: waits,
	withoutLogButSaved: () => savesProgress(waits()),
};
type Name = keyof typeof keepingLog | keyof typeof losingLog;

const closing: Array<() => Promise<void>> = [];
const stuckIds = ({ api }: Place) =>
	[...api.tasks.values()].filter(({ prompt }) => prompt.includes('stuck')).map(({ id }) => id);

/** Runs a workflow until it waits for its last task. */
async function begin(n8n: N8n, workflow: WorkflowFile): Promise<Scene> {
	const api = await startStandIn(QUICK);
	closing.push(async () => await api.close());
	const here = await furnish(api, n8n);
	const executionId = await here.call(workflow);
	if (workflow.nodes.some(({ name }) => name === nap.name)) await wakeUp(here);
	const amount = JSON.stringify(workflow).split('[stuck]').length - 1;
	await until(() => stuckIds(here).length === amount, 'the last tasks are created');
	await watched(here, amount);
	return { ...here, executionId, creates: 0, log: '' };
}

async function setUp(): Promise<Record<Name, Scene>> {
	const n8n = await startN8n({ package: projectRoot });
	closing.push(async () => await n8n.stop());
	const killIn = async (workflows: Partial<Record<Name, () => WorkflowFile>>, whileDown = async () => {}) => {
		const begun = Object.entries(workflows).map(
			async ([name, workflow]) => [name, await begin(n8n, workflow())] as const,
		);
		const scenes = await Promise.all(begun);
		await n8n.kill();
		for (const [, scene] of scenes) {
			scene.creates = scene.api.creates.length;
			scene.log = n8n.log();
		}
		await whileDown();
		await n8n.restart();
		await Promise.all(scenes.map(async ([, { executionId }]) => await n8n.waitForExecution(executionId)));
		return Object.fromEntries(scenes);
	};
	const kept = await killIn(keepingLog);
	const lost = await killIn(losingLog, async () => await loseEventLog(n8n));
	return { ...kept, ...lost } as Record<Name, Scene>;
}

async function expectRetriesToCreateNothing({ api, n8n, retry, run, ...scene }: Scene): Promise<void> {
	const line = new RegExp(
		`^Runway task (\\S+) created \\(execution ${scene.executionId}, node "Runway", \\d+(?:st|nd|rd|th) item`,
		'gm',
	);
	const ids = [...scene.log.matchAll(line)].map(([, id = '']) => id);
	expect(scene.log).not.toContain(api.apiKey);
	expect(ids.sort()).toEqual([...api.tasks.keys()].sort());

	const crashed = await n8n.waitForExecution(scene.executionId);
	expect(crashed.status).toBe('crashed');
	const retried = await retry(crashed);
	const again = await retry(retried);
	for (const attempt of [retried, again]) {
		expect(attempt.status).toBe('error');
		expect(textOf(errorOf(attempt))).toMatch(/may already have created them.*Operation "Wait"/s);
	}
	expect(api.creates).toHaveLength(scene.creates);

	for (const { id, prompt } of api.tasks.values()) if (prompt.includes('stuck')) api.finish(id);
	const wait = runway({ resource: 'task', operation: 'wait', taskId: ids.join(' ') }, { name: 'Fetch' });
	const fetched = outputOf(await run(chain(manual, wait)), 'Fetch');
	expect(fetched.map(({ json }) => json.status)).toEqual(ids.map(() => 'succeeded'));
}

let started: Promise<Record<Name, Scene>> | undefined;
afterAll(async () => {
	for (const close of closing.reverse()) await close();
}, LONGEST_TEST_MS);

describe('An n8n that is killed while a node waits pays for nothing twice when the execution is retried', () => {
	// All of them wait for n8n to be started three times.
	const test = (sentence: string, name: Name) =>
		it.concurrent(
			sentence,
			async () => await expectRetriesToCreateNothing((await (started ??= setUp()))[name]),
			2 * LONGEST_TEST_MS,
		);

	test('and has the ids in its log', 'oneNode');
	test('after it has lost its event log', 'withoutLog');
	test('after it has lost its event log, but saved what there was before the node', 'withoutLogButSaved');
	test('in the second round of a loop, if it has saved the first one', 'inALoop');
	test('in the second round of a loop that had slept in its first one', 'inALoopThatSlept');
});
