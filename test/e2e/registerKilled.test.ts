import { binaryOf, errorOf, type Execution, type N8n, outputOf, projectRoot, startN8n } from '../support/n8n';
import type { WorkflowFile } from '../support/n8n';
import { startStandIn } from '../support/standin';
import { n8nIsAtLeast } from './support/host';
import {
	chain,
	furnish,
	imageToVideo,
	items,
	link,
	LONGEST_TEST_MS,
	loop,
	manual,
	type Part,
	type Place,
	prompts,
	QUICK,
	runway,
	textOf,
	until,
	webhook,
} from './support/place';
import { type GatedRegister, REGISTER_SINCE, switchOnBehindGate, untilRows, type Written } from './support/register';

/**
 * An n8n with a register of tasks that is killed at each step in the life of a row. The workflows of all tests run in one n8n,
 * which is killed twice, since it takes long to start.
 */

/** One workflow, and where it was when n8n was killed. */
interface Scene extends Place {
	register: GatedRegister;
	executionId: string;
	/** Creates that the stand-in had seen by the kill. */
	creates: number;
	/** What has kept the execution where it was is gone with n8n. */
	whenDead(): void;
	/** Why it could not be brought to where n8n was to be killed. */
	trouble?: unknown;
}

const TWO = prompts('a [stuck]', 'b [stuck]');
const oneNode = () => chain(webhook(), ...TWO, imageToVideo());

/** Two rounds: the first one has ended when the second one begins. */
function twoRounds(): WorkflowFile {
	const { nodes, connections, name } = chain(webhook(), ...items({ prompt: 'a' }, { prompt: 'b [stuck]' }), loop);
	const round = chain(imageToVideo());
	const workflow = { name, nodes: [...nodes, ...round.nodes], connections };
	return link(link(workflow, 'Loop', 1, 'Runway'), 'Runway', 0, 'Loop');
}

/** A later node, whose request the gate can hold. */
const later = ({ gate }: GatedRegister): Part => ({
	name: 'Later',
	type: 'n8n-nodes-base.httpRequest',
	typeVersion: 4.2,
	parameters: {
		url: `${gate.url}${LATER}`,
		options: { response: { response: { neverError: true, responseFormat: 'text' } } },
	},
});

const LATER = '/later';
const ofALaterNode = ({ path }: Written) => path === LATER;
const inserts = ({ method, body }: Written) => method === 'POST' && body.includes('"sending"');
const notesIds = ({ body }: Written) => /"taskId":"[^"]/.test(body);
const notesDelivery = ({ body }: Written) => body.includes('"delivered":true');
const anything = () => true;

const stuckIds = ({ api }: Place) =>
	[...api.tasks.values()].filter(({ prompt }) => prompt.includes('stuck')).map(({ id }) => id);
const finishAll = (here: Place) => stuckIds(here).forEach((id) => here.api.finish(id));
const watched = async (scene: Scene, amount = 2) =>
	await until(
		() => stuckIds(scene).filter((id) => scene.api.reads.some((read) => read.taskId === id)).length === amount,
		`${amount} tasks are watched`,
	);
const noted = async ({ register }: Scene, amount = 2) =>
	await untilRows(register, (rows) => rows.filter(({ taskId }) => taskId !== null).length === amount, 'ids are noted');
const held = async ({ register: { gate } }: Scene, what: string) => await until(() => gate.held.length > 0, what);

async function begin(n8n: N8n): Promise<Scene> {
	const here = await furnish(await startStandIn(QUICK), n8n);
	const register = await switchOnBehindGate(here);
	closing.push(
		async () => await here.api.close(),
		async () => await register.gate.close(),
	);
	return { ...here, register, executionId: '', creates: 0, whenDead: () => register.gate.open() };
}

async function call(scene: Scene, workflow: WorkflowFile): Promise<Scene> {
	scene.executionId = await scene.call(workflow);
	return scene;
}

/** Those that hang for as long as they are let to. */
const first = {
	async whileCreating(scene: Scene) {
		scene.api.fault({
			on: 'create',
			kind: 'timeout-after',
			match: ({ body }) => JSON.stringify(body).includes('b [stuck]'),
		});
		const node = imageToVideo({}, { onError: 'continueRegularOutput' });
		await call(scene, chain(webhook(), ...TWO, node));
		await noted(scene, 1);
		await until(() => scene.api.tasks.size === 2, 'both tasks are created');
	},
	async beforeTheId(scene: Scene) {
		scene.register.gate.hold(notesIds);
		await call(scene, oneNode());
		await watched(scene);
		await held(scene, 'the ids are on their way');
	},
	async whileWaiting(scene: Scene) {
		await call(scene, oneNode());
		await watched(scene);
		await noted(scene);
	},
	async withoutRegister(scene: Scene) {
		scene.register.gate.hold(anything);
		await call(scene, oneNode());
		await watched(scene);
	},
	async beforeAnOutage(scene: Scene) {
		await call(scene, oneNode());
		await watched(scene);
		await noted(scene);
	},
	async whileDelivering(scene: Scene) {
		const held = scene.api.fault({ on: 'asset', kind: 'stall', times: Infinity });
		scene.whenDead = () => held.clear();
		await call(scene, oneNode());
		await noted(scene);
		finishAll(scene);
		await until(() => held.used > 0, 'a file is being fetched');
	},
	async inALoop(scene: Scene) {
		await call(scene, twoRounds());
		await watched(scene, 1);
		await noted(scene);
	},
	async inALoopThatSaves(scene: Scene) {
		await call(scene, { ...twoRounds(), settings: { saveExecutionProgress: true } });
		await watched(scene, 1);
		await noted(scene);
	},
	async inALaterNode(scene: Scene) {
		const { register } = scene;
		register.gate.hold(ofALaterNode);
		await call(scene, chain(webhook(), ...TWO, imageToVideo(), later(register)));
		await noted(scene);
		finishAll(scene);
		await held(scene, 'a later node is at work');
		await untilRows(register, (rows) => rows.every(({ delivered }) => delivered), 'the tasks are delivered');
	},
};

/** Those that hang for two seconds, after which the node no longer waits for the register. Its creates hang, too, so nothing comes of them. */
const second = {
	async beforeTheRow(scene: Scene) {
		await callWithoutTasks(scene, false);
		await held(scene, 'the rows are on their way');
	},
	async afterTheRow(scene: Scene) {
		await callWithoutTasks(scene, true);
		await held(scene, 'the rows are written');
	},
};

async function callWithoutTasks(scene: Scene, areRowsWritten: boolean): Promise<void> {
	const creates = scene.api.fault({ on: 'create', kind: 'timeout', times: Infinity });
	scene.whenDead = () => {
		creates.clear();
		scene.register.gate.open();
	};
	scene.register.gate.hold(inserts, areRowsWritten);
	await call(scene, oneNode());
}

/** The retry takes the tasks up and waits for them. */
async function retryOnce(scene: Scene): Promise<void> {
	const { api, n8n, executionId } = scene;
	await n8n.waitForExecution(executionId);
	const reads = api.reads.length;
	await n8n.retryExecution(executionId);
	await until(() => api.reads.length > reads + 1, 'the retry waits');
}

type Name = keyof typeof first | keyof typeof second | 'beforeDelivered';
type Scenes = Record<Name, Scene>;

let own: N8n | undefined;
const closing: Array<() => Promise<void>> = [];

async function setUp(): Promise<Scenes> {
	const n8n = (own = await startN8n({ package: projectRoot }));
	const scenes = {} as Scenes;
	const play = async (acts: Partial<Record<Name, (scene: Scene) => Promise<void>>>) =>
		await Promise.all(
			Object.entries(acts).map(async ([name, act]) => {
				const scene = (scenes[name as Name] ??= await begin(n8n));
				await act(scene).catch((error: unknown) => (scene.trouble = error));
			}),
		);
	const kill = async () => {
		await n8n.kill();
		for (const scene of Object.values(scenes)) {
			scene.creates = scene.api.creates.length;
			scene.whenDead();
		}
		await n8n.restart();
		// n8n loads its public API with the first request, which takes about as long as the node waits for it.
		await scenes.whileWaiting.register.rows();
	};

	await play(first);
	await play({
		async beforeDelivered(scene) {
			const { register } = scene;
			// The node waits two seconds for its note, and the execution then hangs in the next node.
			register.gate.hold((request) => notesDelivery(request) || ofALaterNode(request));
			await call(scene, chain(webhook(), ...TWO, imageToVideo(), later(register)));
			await noted(scene);
			finishAll(scene);
			await until(() => register.gate.held.some(notesDelivery), 'the delivery is on its way');
		},
	});
	await kill();

	await play({ whileWaiting: retryOnce });
	await play(second);
	await kill();
	return scenes;
}

let started: Promise<Scenes> | undefined;
/** A scene after the second kill. */
async function the(name: Name): Promise<Scene> {
	const scene = (await (started ??= setUp()))[name];
	if (scene.trouble !== undefined) throw scene.trouble;
	return scene;
}
afterAll(async () => {
	await own?.stop();
	for (const close of closing) await close();
}, LONGEST_TEST_MS);

const crashedOf = async (scene: Scene) => {
	const crashed = await scene.n8n.waitForExecution(scene.executionId);
	expect(crashed.status).toBe('crashed');
	return crashed;
};

/** That the items have come out with their files, and the register knows that they have. */
async function expectFiles(scene: Scene, execution: Execution, rounds = 1): Promise<void> {
	const { api, n8n, register } = scene;
	expect(textOf(errorOf(execution))).toBe('');
	expect(execution.status).toBe('success');
	// Before them may be runs that n8n knows from its log alone, without items.
	const results = Array.from({ length: rounds }, (_, run) => outputOf(execution, 'Runway', 0, run - rounds)).flat();
	expect(results.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
	const promptOf = (id: unknown) => api.tasks.get(String(id))?.prompt[0];
	expect(results.map(({ json }) => promptOf(json.taskId))).toEqual(['a', 'b']);
	for (const item of results) expect((await n8n.download(binaryOf(item))).equals(api.assetBytes('video'))).toBe(true);
	const rows = await untilRows(register, (list) => list.every(({ delivered }) => delivered), 'all is delivered');
	expect(rows.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
	expect(rows.map(({ taskId }) => taskId).sort()).toEqual([...api.tasks.keys()].sort());
}

/** That a retry delivers, and so does another one, and nothing is created. */
async function expectRetriesToDeliver(scene: Scene, rounds?: number): Promise<void> {
	const crashed = await crashedOf(scene);
	finishAll(scene);
	for (const again of [1, 2]) {
		await expectFiles(scene, await scene.retry(crashed), rounds);
		expect([again, scene.api.creates.length]).toEqual([again, scene.creates]);
	}
}

/** That retries say that the outcome is unknown, and create nothing. */
async function expectRetriesToRefuse(scene: Scene, words: RegExp): Promise<void> {
	const crashed = await crashedOf(scene);
	const retried = await scene.retry(crashed);
	const again = await scene.retry(retried);
	for (const attempt of [retried, again]) {
		expect(attempt.status).toBe('error');
		expect(textOf(errorOf(attempt))).toMatch(words);
	}
	expect(scene.api.creates).toHaveLength(scene.creates);
}

describe('A retry after n8n was killed', () => {
	const define = n8nIsAtLeast(REGISTER_SINCE) ? it.concurrent : it.skip;
	// All of them wait for n8n to be started three times.
	const test = (sentence: string, act: () => Promise<void>) => define(sentence, act, 2 * LONGEST_TEST_MS);

	// Whether nothing was sent or the rows were late, nobody can know.
	test('before the rows were written says that the register has none', async () => {
		const scene = await the('beforeTheRow');
		expect(scene.api.tasks.size).toBe(0);
		await expectRetriesToRefuse(scene, /register of tasks has no row.*start the workflow again/s);
	});

	test('after the rows were written, and before it was known whether a create was sent, says so', async () => {
		const scene = await the('afterTheRow');
		expect(scene.api.tasks.size).toBe(0);
		await expectRetriesToRefuse(scene, /unknown/);
	});

	test('while a create was being answered delivers the others and says so of this one', async () => {
		const scene = await the('whileCreating');
		const crashed = await crashedOf(scene);
		finishAll(scene);
		for (const attempt of [await scene.retry(crashed), await scene.retry(crashed)]) {
			const [one, other] = outputOf(attempt, 'Runway');
			expect(one?.json.status).toBe('succeeded');
			expect((await scene.n8n.download(binaryOf(one))).equals(scene.api.assetBytes('video'))).toBe(true);
			expect(JSON.stringify(other?.json)).toMatch(/unknown/);
		}
		expect(scene.api.creates).toHaveLength(2);
	});

	test('before the ids were noted says so, and the ids are in the log', async () => {
		const scene = await the('beforeTheId');
		await expectRetriesToRefuse(scene, /unknown/);
	});

	test('while it waited delivers, also when the first retry was killed as well', async () => {
		const scene = await the('whileWaiting');
		const [retry = ''] = await scene.n8n.executionIds((await crashedOf(scene)).workflowId);
		await expectRetriesToDeliver({ ...scene, executionId: retry });
		await expectRetriesToDeliver(scene);
	});

	test('while it fetched the files delivers them', async () => {
		await expectRetriesToDeliver(await the('whileDelivering'));
	});

	test('before the delivery was noted delivers again', async () => {
		await expectRetriesToDeliver(await the('beforeDelivered'));
	});

	test('in a later node delivers again', async () => {
		await expectRetriesToDeliver(await the('inALaterNode'));
	});

	test('in the second round of a loop delivers both rounds', async () => {
		await expectRetriesToDeliver(await the('inALoop'), 2);
	});

	test('in the second round of a loop, of which n8n has saved the first, delivers both rounds', async () => {
		await expectRetriesToDeliver(await the('inALoopThatSaves'), 2);
	});

	test('while the register did not answer creates nothing either, and the ids fetch the files', async () => {
		const scene = await the('withoutRegister');
		await expectRetriesToRefuse(scene, /may already have created them.*Operation "Wait"/s);
		const ids = stuckIds(scene);
		finishAll(scene);
		const wait = runway({ resource: 'task', operation: 'wait', taskId: ids.join(' ') }, { name: 'Fetch' });
		const fetched = outputOf(await scene.run(chain(manual, wait)), 'Fetch');
		expect(fetched.map(({ json }) => json.status)).toEqual(['succeeded', 'succeeded']);
	});

	test('creates nothing while the register does not answer, and delivers when it does again', async () => {
		const scene = await the('beforeAnOutage');
		scene.register.gate.hold(anything);
		const refused = await scene.retry(await crashedOf(scene));
		expect(refused.status).toBe('error');
		expect(textOf(errorOf(refused))).toMatch(/register/);
		expect(scene.api.creates).toHaveLength(2);
		scene.register.gate.open();
		await expectRetriesToDeliver(scene);
	});
});
