import {
	NodeApiError,
	NodeOperationError,
	type IDataObject,
	type INodeExecutionData,
	type IPollFunctions,
} from 'n8n-workflow';
import { pLimit } from '../shared/wait/limit';

import { createRunwayClient, type ReadOutcome, type RunwayClient } from '../shared/api/client';
import { explain } from '../shared/api/explain';
import type { Problem } from '../shared/api/problem';
import { createTaskReader, type TaskReader } from '../shared/api/route';
import { createSend } from '../shared/api/transport';
import { deliver } from '../shared/item/deliver';
import { taskJson } from '../shared/item/output';
import { isApiChoice, taskIdsOf } from '../shared/task/ids';
import type { Api, KnownTask, TaskState } from '../shared/task/task';
import type { TaskEvent } from '../shared/trigger/events';
import { faultOf, readTriggerSettings, type TriggerSettings } from '../shared/trigger/settings';
import { Watchlist } from './watchlist';

/**
 * One poll of the trigger: asks for as many watched tasks as there is time for, the longest unseen first, and passes on
 * what is news. What was told is noted in the workflow's static data, which n8n saves with the items.
 */

const OPERATION = 'watch';
const MAX_TASKS = 10_000;
const REQUESTS_AT_ONCE = 5;
const FILES_AT_ONCE = 3;
/** More files than this are left to the next poll: an n8n that keeps files in memory has to hold them all. */
const MAX_FILES = 50;
/** n8n polls once a minute at most, so asking is over before the next poll. */
const LONGEST_ASKING_MS = 40_000;
/** Before n8n 2.41 a poll had no time limit of its own. */
const DEFAULT_BUDGET_MS = 4 * 60_000;
/** The part of n8n's time for a poll that is used up. */
const USABLE = 0.8;
/** A file that can't be fetched in so many polls is passed on as a URL. */
const MAX_CUT_SHORT = 3;
/** So many polls in a row without any answer are an error that the user sees. */
const MAX_POLLS_IN_VAIN = 3;
const MAX_IDS_IN_TEXT = 25;

interface PollSettings extends TriggerSettings {
	ids: string[];
	api: Api | 'auto';
}

/** News of a task, with the reader that found it. */
interface News {
	task: KnownTask;
	event: TaskEvent;
	reader: TaskReader;
}

/** Triggers of this process that are polling right now: a slow poll must not be overtaken by the next one. */
const polling = new Set<string>();
/** Polls in a row that got no answer, by trigger. */
const inVain = new Map<string, number>();

/** @throws n8n's own errors, and ours where the user has to change something */
export async function poll(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
	const settings = readSettings(context);
	const send = await createSend(context);
	const client = createRunwayClient(send, { runwayVersion: settings.runwayVersion });
	if (context.getMode() === 'manual') return [[await showFirst(context, client, settings)]];

	const trigger = `${context.getWorkflow().id} ${context.getNode().id}`;
	if (polling.has(trigger)) return null;
	polling.add(trigger);
	try {
		return await watch(context, client, settings, trigger);
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
	if (read.kind === 'passing' || read.kind === 'refused') throw apiError(context, read.problem);
	throw new NodeOperationError(context.getNode(), `CometAPI does not know the task ${taskId}`, {
		description:
			'Check the task ID and the API, and that the credential is of the account that created the task. A task that has just been created is unknown for a few seconds.',
	});
}

async function watch(
	context: IPollFunctions,
	client: RunwayClient,
	settings: PollSettings,
	trigger: string,
): Promise<INodeExecutionData[][] | null> {
	const beganAt = Date.now();
	const endsAt = beganAt + USABLE * budgetOf(context);
	const staticData = context.getWorkflowStaticData('node');
	const list = new Watchlist(settings.ids, staticData.watchlist);

	const found = await ask(list, client, settings, Math.min(endsAt, beganAt + LONGEST_ASKING_MS));
	noteAnswers(context, trigger, found);
	const items = await pass(context, list, settings, found, endsAt);
	items.push(...reportAbsent(context, list, settings, found.absent));

	// A new object at the top level is what n8n notices.
	staticData.watchlist = list.toJSON() as unknown as IDataObject;
	return items.length > 0 ? [items] : null;
}

/** Milliseconds that n8n gives this poll. */
function budgetOf(context: IPollFunctions): number {
	return 'getPollBudgetMs' in context ? context.getPollBudgetMs() : DEFAULT_BUDGET_MS;
}

/** What a round of questions brought. */
interface Found {
	news: News[];
	/** Ids that the API has not known for long enough. */
	absent: string[];
	/** How many questions were answered, also with "not known". */
	answered: number;
	/** Why the last unanswered one was not. */
	problem: Problem | null;
	/** What concerns every task, such as a revoked key. */
	fatal: Problem | null;
}

/** Asks for the tasks in turn, until the time is up, the API wants quiet, or the key is refused. */
async function ask(list: Watchlist, client: RunwayClient, settings: PollSettings, endsAt: number): Promise<Found> {
	const found: Found = { news: [], absent: [], answered: 0, problem: null, fatal: null };
	let isOver = false;
	const limit = pLimit(REQUESTS_AT_ONCE);
	const askFor = async (taskId: string) => {
		if (isOver || Date.now() >= endsAt) return;
		const reader = createTaskReader(client, taskId, settings.api, list.apiOf(taskId));
		const read = await reader.read();
		const now = Date.now();
		if (read.kind === 'task' || read.kind === 'notVisible') found.answered += 1;
		switch (read.kind) {
			case 'task': {
				const event = list.see(taskId, read.state, reader.api, now);
				if (event === null) return;
				if (settings.events.has(event)) found.news.push({ task: known(taskId, reader.api, read.state), event, reader });
				else list.tell(taskId, read.state);
				return;
			}
			case 'notVisible':
				if (list.miss(taskId, now)) found.absent.push(taskId);
				return;
			case 'aborted':
				return;
			case 'passing':
				found.problem = read.problem;
				if (read.problem.reason === 'rateLimit') isOver = true;
				else list.skip(taskId, now);
				return;
			case 'refused':
				found.problem = read.problem;
				if (concernsAll(read)) {
					isOver = true;
					found.fatal = read.problem;
				} else {
					found.answered += 1;
					if (list.miss(taskId, now)) found.absent.push(taskId);
				}
				return;
		}
	};
	await Promise.all(list.inTurn().map(async (taskId) => await limit(async () => await askFor(taskId))));
	// As the user has them, and not as the answers came.
	const places = new Map(settings.ids.map((taskId, place) => [taskId, place]));
	found.news.sort((one, other) => (places.get(one.task.taskId) ?? 0) - (places.get(other.task.taskId) ?? 0));
	return found;
}

function concernsAll({ problem }: Extract<ReadOutcome, { kind: 'refused' }>): boolean {
	return problem.reason === 'auth' || problem.reason === 'wrongUrl';
}

/** Throws where the user has to know: for what concerns all tasks at once, for silence only if it lasts. */
function noteAnswers(context: IPollFunctions, trigger: string, { answered, problem, fatal }: Found): void {
	if (fatal !== null) throw apiError(context, fatal);
	if (answered > 0 || problem === null) {
		inVain.delete(trigger);
		return;
	}
	const polls = (inVain.get(trigger) ?? 0) + 1;
	inVain.set(trigger, polls);
	if (polls >= MAX_POLLS_IN_VAIN) throw apiError(context, problem);
}

/** Makes the items of what is news, with their files, as far as there is time. The rest is news in the next poll, too. */
async function pass(
	context: IPollFunctions,
	list: Watchlist,
	{ wish }: PollSettings,
	{ news }: Found,
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

/** Tells of unknown ids once: as failed tasks where those are wanted, else as an error that n8n shows beside the items. */
function reportAbsent(
	context: IPollFunctions,
	list: Watchlist,
	{ events, wish }: PollSettings,
	absent: readonly string[],
): INodeExecutionData[] {
	absent.forEach((taskId) => list.giveUp(taskId));
	if (absent.length === 0) return [];
	const advice = 'Check the ID, and that the credential is of the account that created the task.';
	if (!events.has('failed')) {
		const more = absent.length > MAX_IDS_IN_TEXT ? ` and ${absent.length - MAX_IDS_IN_TEXT} more` : '';
		const message = `CometAPI does not know these tasks: ${absent.slice(0, MAX_IDS_IN_TEXT).join(', ')}${more}`;
		const description = `${advice} They are not asked for again; all other tasks are watched as before.`;
		context.__emitError(new NodeOperationError(context.getNode(), message, { description }));
		return [];
	}
	const failure = { code: 'task_not_exist', message: `CometAPI does not know this task. ${advice}`, retryable: false };
	return absent.map((taskId) => ({
		json: {
			...taskJson(known(taskId, list.apiOf(taskId) ?? 'official', null), OPERATION, null, wish.includeRaw),
			failure,
		},
	}));
}

function known(taskId: string, api: Api, state: TaskState | null): KnownTask {
	return { taskId, api, state, createdAt: null };
}

function apiError(context: IPollFunctions, problem: Problem): NodeApiError {
	const { message, advice } = explain(problem);
	const httpCode = problem.status === null ? undefined : String(problem.status);
	const error = new NodeApiError(context.getNode(), { message }, { message, description: advice, httpCode });
	// n8n puts words of its own in place of a message with a network code.
	error.message = message;
	return error;
}
