import { NodeOperationError, type IDataObject, type INodeExecutionData, type IPollFunctions } from 'n8n-workflow';

import { createRunwayClient, type RunwayClient } from '../shared/api/client';
import { createTaskReader } from '../shared/api/route';
import { createSend } from '../shared/api/transport';
import { deliver, type Wish } from '../shared/item/deliver';
import { taskJson } from '../shared/item/output';
import { isObject } from '../shared/task/json';
import { isTerminal, type Api, type KnownTask, type TaskState, type TaskStatus } from '../shared/task/task';
import { apiError, faultOf } from '../shared/trigger/errors';
import { readTriggerSettings, type TriggerSettings } from '../shared/trigger/settings';
import { judge, rulings } from '../shared/judgement/judge';
import { pLimit } from '../shared/wait/limit';
import { FaultRow } from '../shared/wait/row';
import { ask, readPatiently, type Found, type FoundEvent, type Refusal } from './ask';
import { newestOfAccount, openAccount } from './accountSource';
import { firstOfIds, openIds } from './idsSource';
import { newestOfRegister, openRegisterSource } from './registerSource';
import { describeItem, type NewestTask, type OpenSource, type Source } from './source';
import { revisionOf, Watchlist } from './watchlist';

/**
 * One poll of the trigger: asks for as many watched tasks as there is time for, the longest unseen first, and emits
 * the events that it has not emitted before. Those are remembered in the workflow's static data, which n8n saves with the
 * items. A poll that throws remembers nothing, so the next one finds the same events.
 */

const OPERATION = 'watch';
const FILES_AT_ONCE = 3;
/** Further files wait for the next poll: an n8n that keeps files in memory has to hold them all. */
const MAX_FILES = 50;
/** n8n polls once a minute at most, so asking is over before the next poll. */
const LONGEST_ASKING_MS = 40_000;
const LONGEST_READ_MS = 30_000;
/** Before n8n 2.41 a poll had no time limit of its own. */
const DEFAULT_BUDGET_MS = 4 * 60_000;
/** After this many polls, a file that can't be fetched is passed on as a URL. */
const MAX_CUT_SHORT = 3;
const MAX_IDS_IN_TEXT = 25;

/** How long the parts of a poll may take, in milliseconds, so that it ends in time whatever hangs. */
interface Timing {
	asking: number;
	/** Of one request; a task may take two. */
	read: number;
	/** From the poll's beginning to the end of the last download. */
	files: number;
}

/** Triggers of this process that are polling right now: the next poll must not overtake a slow one. */
const polling = new Set<string>();
/** The state that went with the latest items, by trigger, until n8n has saved it, which it does after the poll. Oldest first. */
const passedOn = new Map<string, { revision: number; at: number }>();
/** n8n saves within this time. If it has not, it has dropped the items. */
const LONGEST_SAVING_MS = 45_000;

/** @throws n8n's own errors, and ours if the user has to change something */
export async function poll(context: IPollFunctions): Promise<INodeExecutionData[][] | null> {
	const settings = readTriggerSettings(context, OPERATION);
	const { open, newest } = sourceOf(context);
	const timing = timingOf(context);
	const send = await createSend(context);
	const client = createRunwayClient(send, { runwayVersion: settings.runwayVersion, readTimeoutMs: timing.read });
	if (context.getMode() === 'manual')
		return [[await showNewest(context, client, settings, newest, Date.now() + timing.asking)]];

	const trigger = `${context.getWorkflow().id} ${context.getNode().id}`;
	if (polling.has(trigger)) return null;
	polling.add(trigger);
	try {
		const items = await watch(context, client, settings, open, timing, trigger);
		return items.length > 0 ? [items] : null;
	} finally {
		polling.delete(trigger);
	}
}

const sources: Readonly<Record<string, { open: OpenSource; newest: NewestTask }>> = {
	register: { open: openRegisterSource, newest: newestOfRegister },
	account: { open: openAccount, newest: newestOfAccount },
	ids: { open: openIds, newest: firstOfIds },
};

function sourceOf(context: IPollFunctions) {
	const source = sources[String(context.getNodeParameter('watch', 'register'))];
	if (source === undefined) throw faultOf(context, 'Watch', 'must be "register", "account" or "ids"');
	return source;
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

/** The present state of the newest task, for a test in the editor. It counts for nothing. */
async function showNewest(
	context: IPollFunctions,
	client: RunwayClient,
	{ events, wish }: TriggerSettings,
	newest: NewestTask,
	endsAt: number,
): Promise<INodeExecutionData> {
	const { taskId, api, describe } = await newest(context, events);
	const description = describe(taskId);
	const reader = createTaskReader(client, taskId, api);
	const { read } = await readPatiently(reader, new FaultRow(), endsAt);
	if (read.kind === 'task') {
		const task = known(taskId, reader.api, read.state);
		const { item } = await deliver(context, wishFor(wish, description), task, reader);
		return describeItem(item, description);
	}
	if (read.kind === 'trouble' && rulings[read.problem.reason].kind !== 'absence') {
		throw apiError(context, read.problem);
	}
	throw new NodeOperationError(context.getNode(), `CometAPI does not know the task ${taskId}`, {
		description:
			'Check the task ID and the API, and that the credential belongs to the account that created the task. A task that has just been created may be unknown for a while.',
	});
}

async function watch(
	context: IPollFunctions,
	client: RunwayClient,
	settings: TriggerSettings,
	open: OpenSource,
	timing: Timing,
	trigger: string,
): Promise<INodeExecutionData[]> {
	const beganAt = Date.now();
	const { wish } = settings;
	const staticData = context.getWorkflowStaticData('node');
	if (isBehind(trigger, revisionOf(staticData.watchlist))) return [];
	const source = await open(context, settings, isObject(staticData.source) ? (staticData.source as IDataObject) : {});
	if (source === null) return [];
	const { ids } = source;
	const list = new Watchlist(ids, staticData.watchlist);

	const mostFiles = wish.binaryField === null ? null : MAX_FILES;
	const found = await ask(ids, list, { client, source, endsAt: beganAt + timing.asking, mostFiles });
	throwIfUnanswered(context, list, found);
	const items = await emit(context, list, settings, source, found.events, beganAt + timing.files);
	const ends = items.filter(({ json }) => isTerminal(json.status as TaskStatus));
	const missing = reportMissing(context, list, settings, source, found.missing);
	items.push(...missing);
	source.emitted([...ends, ...missing].map(({ json }) => String(json.taskId)));
	await source.finish();

	// A new object at the top level is what n8n notices.
	const saved = list.toJSON();
	staticData.watchlist = saved as unknown as IDataObject;
	staticData.source = source.save(list);
	if (items.length > 0) {
		passedOn.delete(trigger);
		passedOn.set(trigger, { revision: saved.revision, at: Date.now() });
	}
	return items;
}

/** Whether n8n has begun this poll before it had saved the one before, so that the same events would be emitted again. */
function isBehind(trigger: string, revision: number): boolean {
	for (const [earlier, { at }] of passedOn) {
		if (Date.now() - at >= LONGEST_SAVING_MS) passedOn.delete(earlier);
	}
	const latest = passedOn.get(trigger);
	if (latest !== undefined && revision >= latest.revision) passedOn.delete(trigger);
	return latest !== undefined && revision < latest.revision;
}

/** Throws if the user has to know: for a refused key or account at once, for other silence if it lasts. */
function throwIfUnanswered(context: IPollFunctions, list: Watchlist, { isAnswered, refusal, trouble }: Found): void {
	if (isAnswered) list.hear();
	else if (refusal !== null) throw apiError(context, refusal.problem, { taskId: refusal.taskId });
	else if (trouble !== null) {
		const silence = list.hearNothing(Date.now());
		if (judge('poll', trouble.reason, silence) !== 'askAgain') throw apiError(context, trouble);
	}
}

/** Makes the items of events, with their files, as far as there is time. The next poll finds the rest again. */
async function emit(
	context: IPollFunctions,
	list: Watchlist,
	{ wish }: TriggerSettings,
	source: Source,
	events: readonly FoundEvent[],
	endsAt: number,
): Promise<INodeExecutionData[]> {
	const deadline = AbortSignal.timeout(Math.max(1, endsAt - Date.now()));
	const limit = pLimit(FILES_AT_ONCE);
	let files = 0;
	const items = await Promise.all(
		events.map(async ({ task, event, reader }) =>
			limit(async () => {
				const fetches = event === 'succeeded' && wish.binaryField !== null;
				if (fetches && (files >= MAX_FILES || deadline.aborted)) {
					list.defer(task.taskId);
					return null;
				}
				if (fetches) files += 1;
				const description = source.describe(task.taskId);
				const { item } = await deliver(context, wishFor(wish, description), task, reader, deadline);
				const isCutShort = fetches && item.binary === undefined && deadline.aborted;
				if (isCutShort && list.cutShort(task.taskId) < MAX_CUT_SHORT) return null;
				if (task.state !== null) list.markEmitted(task.taskId, task.state);
				return describeItem(item, description);
			}),
		),
	);
	return items.filter((item) => item !== null);
}

const ADVICE =
	'Check the task ID, and that the credential belongs to the account that created the task. It will now be checked once an hour.';

/** Reports tasks that are not there, once: as failed tasks if those are wanted, else as an error that n8n shows beside the items. */
function reportMissing(
	context: IPollFunctions,
	list: Watchlist,
	{ events, wish }: TriggerSettings,
	source: Source,
	missing: readonly Refusal[],
): INodeExecutionData[] {
	const items = missing.map(({ taskId, problem }) => {
		const isAbsent = rulings[problem.reason].kind === 'absence';
		const said = isAbsent
			? 'CometAPI does not know this task.'
			: `CometAPI refuses this task ID: ${problem.message.replace(/[.\s]+$/, '')}.`;
		const code = isAbsent ? 'task_not_exist' : (problem.code ?? 'refused');
		const failure = { code, message: `${said} ${ADVICE}`, retryable: false };
		source.missing(taskId, said);
		const task = known(taskId, list.apiOf(taskId) ?? 'official', null);
		return { json: { ...taskJson(task, OPERATION, null, wish.includeRaw), failure } };
	});
	missing.forEach(({ taskId }) => list.markReported(taskId, Date.now()));
	if (missing.length === 0 || events.has('failed')) return items;

	const ids = missing.slice(0, MAX_IDS_IN_TEXT).map(({ taskId }) => taskId);
	const more = missing.length > ids.length ? ` and ${missing.length - ids.length} more` : '';
	const message = `CometAPI does not know or accept these task IDs: ${ids.join(', ')}${more}`;
	const refusal = missing.find(({ problem }) => rulings[problem.reason].kind !== 'absence')?.problem.message;
	const said = refusal === undefined ? '' : ` The first refusal was: ${refusal}.`;
	const description = `${ADVICE} All other tasks are watched as before.${said}`;
	context.__emitError(new NodeOperationError(context.getNode(), message, { description }));
	return [];
}

function wishFor(wish: Wish, { operation, produces }: ReturnType<Source['describe']>): Wish {
	return { ...wish, operation: operation ?? wish.operation, produces: produces ?? wish.produces };
}

function known(taskId: string, api: Api, state: TaskState | null): KnownTask {
	return { taskId, api, state, createdAt: null };
}
