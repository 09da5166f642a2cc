import { NodeOperationError, type IDataObject, type INodeExecutionData, type IPollFunctions } from 'n8n-workflow';

import { createRunwayClient, type RunwayClient } from '../shared/api/client';
import { createTaskReader } from '../shared/api/route';
import { createSend } from '../shared/api/transport';
import { deliver } from '../shared/item/deliver';
import { taskJson } from '../shared/item/output';
import { isApiChoice, taskIdsOf } from '../shared/task/ids';
import type { Api, KnownTask, TaskState } from '../shared/task/task';
import { apiError, faultOf } from '../shared/trigger/errors';
import { readTriggerSettings, type TriggerSettings } from '../shared/trigger/settings';
import { pLimit } from '../shared/wait/limit';
import { ask, type Absent, type Found, type News } from './ask';
import { Watchlist } from './watchlist';

/**
 * One poll of the trigger: asks for as many watched tasks as there is time for, the longest unseen first, and passes on
 * what is news. What was told is noted in the workflow's static data, which n8n saves with the items. A poll that
 * throws notes nothing, so that its news are news to the next one.
 */

const OPERATION = 'watch';
const MAX_TASKS = 10_000;
const FILES_AT_ONCE = 3;
/** More files than this are left to the next poll: an n8n that keeps files in memory has to hold them all. */
const MAX_FILES = 50;
/** n8n polls once a minute at most, so asking is over before the next poll. */
const LONGEST_ASKING_MS = 40_000;
const LONGEST_READ_MS = 30_000;
/** Before n8n 2.41 a poll had no time limit of its own. */
const DEFAULT_BUDGET_MS = 4 * 60_000;
/** A file that can't be fetched in so many polls is passed on as a URL. */
const MAX_CUT_SHORT = 3;
/** So many polls in a row without any answer are an error that the user sees. */
const MAX_POLLS_IN_VAIN = 3;
const MAX_IDS_IN_TEXT = 25;

interface PollSettings extends TriggerSettings {
	ids: string[];
	api: Api | 'auto';
}

/** How long the parts of a poll may take, in milliseconds, so that it ends in time whatever hangs. */
interface Timing {
	asking: number;
	/** Of one request; a task may take two. */
	read: number;
	/** From the poll's beginning to the end of the last download. */
	files: number;
}

/** Triggers of this process that are polling right now: a slow poll must not be overtaken by the next one. */
const polling = new Set<string>();
/** The state that went with the latest items, by trigger. n8n saves it after the poll has ended. */
const passedOn = new Map<string, { revision: number; at: number }>();
/** So long n8n may take to save it. After that, n8n has discarded the items. */
const LONGEST_SAVING_MS = 45_000;

/** @throws n8n's own errors, and ours where the user has to change something */
export async function poll(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
	const settings = readSettings(context);
	const timing = timingOf(context);
	const send = await createSend(context);
	const client = createRunwayClient(send, { runwayVersion: settings.runwayVersion, readTimeoutMs: timing.read });
	if (context.getMode() === 'manual') return [[await showFirst(context, client, settings)]];

	const trigger = `${context.getWorkflow().id} ${context.getNode().id}`;
	if (polling.has(trigger)) return null;
	polling.add(trigger);
	try {
		const items = await watch(context, client, settings, timing, trigger);
		return items.length > 0 ? [items] : null;
	} finally {
		polling.delete(trigger);
	}
}

function readSettings(context: IPollFunctions): PollSettings {
	const ids = taskIdsOf(context.getNodeParameter('taskIds', ''));
	if (ids.length > MAX_TASKS) throw faultOf(context, 'Task IDs', `must name no more than ${MAX_TASKS} tasks`);
	const api = context.getNodeParameter('api', 'auto') as unknown;
	if (!isApiChoice(api)) throw faultOf(context, 'API', 'must be "auto", "official" or "compatibility"');
	return { ...readTriggerSettings(context, OPERATION), ids, api };
}

/** Shares out the time that n8n gives this poll. */
function timingOf(context: IPollFunctions): Timing {
	const budget = 'getPollBudgetMs' in context ? context.getPollBudgetMs() : DEFAULT_BUDGET_MS;
	return {
		asking: Math.min(LONGEST_ASKING_MS, budget * 0.5),
		read: Math.min(LONGEST_READ_MS, budget * 0.25),
		files: budget * 0.9,
	};
}

/** The present state of the first task, for a test in the editor. What was told is not touched by that. */
async function showFirst(
	context: IPollFunctions,
	client: RunwayClient,
	{ ids, api, wish }: PollSettings,
): Promise<INodeExecutionData> {
	const [taskId] = ids;
	if (taskId === undefined) {
		throw new NodeOperationError(context.getNode(), 'There is no task to show', {
			description: 'Enter at least one task ID. Every Runway node puts out the IDs of its tasks as taskId.',
		});
	}
	const reader = createTaskReader(client, taskId, api);
	const read = await reader.read();
	if (read.kind === 'task') return (await deliver(context, wish, known(taskId, reader.api, read.state), reader)).item;
	if (read.kind === 'trouble' && read.problem.reason !== 'notVisible') throw apiError(context, read.problem);
	throw new NodeOperationError(context.getNode(), `CometAPI does not know the task ${taskId}`, {
		description:
			'Check the task ID and the API, and that the credential is of the account that created the task. A task that has just been created is unknown for a few seconds.',
	});
}

async function watch(
	context: IPollFunctions,
	client: RunwayClient,
	settings: PollSettings,
	timing: Timing,
	trigger: string,
): Promise<INodeExecutionData[]> {
	const beganAt = Date.now();
	const { ids, api, events, wish } = settings;
	const staticData = context.getWorkflowStaticData('node');
	const list = new Watchlist(ids, staticData.watchlist);
	if (isBehind(trigger, list)) return [];

	const mostFiles = wish.binaryField === null ? null : MAX_FILES;
	const found = await ask(ids, list, { client, api, events, endsAt: beganAt + timing.asking, mostFiles });
	noteAnswers(context, list, found);
	const items = await pass(context, list, settings, found.news, beganAt + timing.files);
	items.push(...reportAbsent(context, list, settings, found.absent));

	// A new object at the top level is what n8n notices.
	const saved = list.toJSON();
	staticData.watchlist = saved as unknown as IDataObject;
	if (items.length > 0) passedOn.set(trigger, { revision: saved.revision, at: Date.now() });
	return items;
}

/** Whether n8n has begun this poll before it had saved what the one before has told, so that it would tell it again. */
function isBehind(trigger: string, { revision }: Watchlist): boolean {
	const latest = passedOn.get(trigger);
	return latest !== undefined && revision < latest.revision && Date.now() - latest.at < LONGEST_SAVING_MS;
}

/** Throws where the user has to know: for what is refused at once, for silence only if it lasts. */
function noteAnswers(context: IPollFunctions, list: Watchlist, { answered, passing, refusal }: Found): void {
	if (answered > 0) {
		list.inVain = 0;
		return;
	}
	if (refusal !== null) throw apiError(context, refusal);
	if (passing === null) return;
	list.inVain += 1;
	if (list.inVain >= MAX_POLLS_IN_VAIN) throw apiError(context, passing);
}

/** Makes the items of what is news, with their files, as far as there is time. The rest is news in the next poll, too. */
async function pass(
	context: IPollFunctions,
	list: Watchlist,
	{ wish }: PollSettings,
	news: readonly News[],
	endsAt: number,
): Promise<INodeExecutionData[]> {
	const deadline = AbortSignal.timeout(Math.max(1, endsAt - Date.now()));
	const limit = pLimit(FILES_AT_ONCE);
	let files = 0;
	const items = await Promise.all(
		news.map(async ({ task, event, reader }) =>
			limit(async () => {
				const fetches = event === 'succeeded' && wish.binaryField !== null;
				if (fetches && (files >= MAX_FILES || deadline.aborted)) {
					list.defer(task.taskId);
					return null;
				}
				if (fetches) files += 1;
				const { item } = await deliver(context, wish, task, reader, deadline);
				const isCutShort = fetches && item.binary === undefined && deadline.aborted;
				if (isCutShort && list.cutShort(task.taskId) < MAX_CUT_SHORT) return null;
				if (task.state !== null) list.tell(task.taskId, task.state);
				return item;
			}),
		),
	);
	return items.filter((item) => item !== null);
}

const ADVICE =
	'Check the ID, and that the credential is of the account that created the task. From now on it is asked for once an hour.';

/** Tells of unknown ids once: as failed tasks where those are wanted, else as an error that n8n shows beside the items. */
function reportAbsent(
	context: IPollFunctions,
	list: Watchlist,
	{ events, wish }: PollSettings,
	absent: readonly Absent[],
): INodeExecutionData[] {
	const items = absent.map(({ taskId, problem }) => {
		const said = problem === null ? 'CometAPI does not know this task.' : `CometAPI refuses it: ${problem.message}.`;
		const failure = { code: problem?.code ?? 'task_not_exist', message: `${said} ${ADVICE}`, retryable: false };
		const task = known(taskId, list.apiOf(taskId) ?? 'official', null);
		return { json: { ...taskJson(task, OPERATION, null, wish.includeRaw), failure } };
	});
	absent.forEach(({ taskId }) => list.tellAbsent(taskId, Date.now()));
	if (absent.length === 0 || events.has('failed')) return items;

	const ids = absent.slice(0, MAX_IDS_IN_TEXT).map(({ taskId }) => taskId);
	const more = absent.length > ids.length ? ` and ${absent.length - ids.length} more` : '';
	const message = `CometAPI does not know these tasks, or refuses them: ${ids.join(', ')}${more}`;
	const refusal = absent.find(({ problem }) => problem !== null)?.problem?.message;
	const said = refusal === undefined ? '' : ` The first refusal was: ${refusal}.`;
	const description = `${ADVICE} All other tasks are watched as before.${said}`;
	context.__emitError(new NodeOperationError(context.getNode(), message, { description }));
	return [];
}

function known(taskId: string, api: Api, state: TaskState | null): KnownTask {
	return { taskId, api, state, createdAt: null };
}
