import { NodeOperationError, type IDataObject, type INodeExecutionData, type IPollFunctions } from 'n8n-workflow';

import { createRunwayClient, type RunwayClient } from '../shared/api/client';
import { createTaskReader } from '../shared/api/route';
import { createSend } from '../shared/api/transport';
import { judge, rulings } from '../shared/judgement/judge';
import { isObject } from '../shared/task/json';
import { isTerminal } from '../shared/task/task';
import { apiError, faultOf } from '../shared/trigger/errors';
import { nameOfTrigger, readTriggerSettings, type TriggerSettings } from '../shared/trigger/settings';
import { FaultRow } from '../shared/wait/row';
import { ask, readPatiently, type Round } from './ask';
import { newestOfAccount, openAccount } from './accountSource';
import { emitEvents, makeItem, reportMissing } from './emit';
import { firstOfIds, openIds } from './idsSource';
import { newestOfRegister, openRegisterSource } from './registerSource';
import { revisionOf } from './savedWatchlist';
import type { NewestTask, OpenSource } from './source';
import { Watchlist } from './watchlist';

/**
 * One poll of the trigger: asks for as many watched tasks as there is time for, the longest unseen first, and emits
 * the events that it has not emitted before. Those are remembered in the workflow's static data, which n8n saves with the
 * items. A poll that throws remembers nothing, so the next one finds the same events.
 */

const OPERATION = 'watch';
/** n8n polls once a minute at most, so asking is over before the next poll. */
const LONGEST_ASKING_MS = 40_000;
const LONGEST_READ_MS = 30_000;
/** Before n8n 2.41 a poll had no time limit of its own. */
const DEFAULT_BUDGET_MS = 4 * 60_000;

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
	const { runwayVersion } = settings;
	const client = createRunwayClient(await createSend(context), { runwayVersion, readTimeoutMs: timing.read });
	if (context.getMode() === 'manual') {
		return [[await showNewest(context, client, settings, newest, Date.now() + timing.asking)]];
	}

	const trigger = nameOfTrigger(context);
	if (polling.has(trigger)) return null;
	polling.add(trigger);
	try {
		const items = await watch(context, client, settings, open, timing);
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

/** Shares out the time that n8n gives this poll, in milliseconds, so that it ends in time whatever hangs. */
function timingOf(context: IPollFunctions) {
	const budget = 'getPollBudgetMs' in context ? context.getPollBudgetMs() : DEFAULT_BUDGET_MS;
	return {
		asking: Math.min(LONGEST_ASKING_MS, budget * 0.5),
		/** Of one request; a task may take two. */
		read: Math.min(LONGEST_READ_MS, budget * 0.25),
		/** From the poll's beginning to the end of the last download. */
		files: budget * 0.9,
	};
}

/** The present state of the newest task, for a test in the editor. It counts for nothing. */
async function showNewest(
	context: IPollFunctions,
	client: RunwayClient,
	settings: TriggerSettings,
	newest: NewestTask,
	endsAt: number,
): Promise<INodeExecutionData> {
	const { taskId, api, describe } = await newest(context, settings.events);
	const reader = createTaskReader(client, taskId, api);
	const { read } = await readPatiently(reader, new FaultRow(), endsAt);
	if (read.kind === 'task') {
		const task = { taskId, api: reader.api, state: read.state, createdAt: null };
		return await makeItem(context, settings, task, reader, describe);
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
	timing: ReturnType<typeof timingOf>,
): Promise<INodeExecutionData[]> {
	const beganAt = Date.now();
	const trigger = nameOfTrigger(context);
	const staticData = context.getWorkflowStaticData('node');
	if (isBehind(trigger, revisionOf(staticData.watchlist))) return [];
	const source = await open(context, settings, isObject(staticData.source) ? (staticData.source as IDataObject) : {});
	if (source === null) return [];
	const list = new Watchlist(source.ids, staticData.watchlist);
	const poll = { context, settings, source, list };

	const found = await ask(poll, client, beganAt + timing.asking);
	throwIfUnanswered(context, list, found);
	const items = await emitEvents(poll, found.events, beganAt + timing.files);
	const ends = items.filter(({ json }) => isTerminal(String(json.status)));
	const missing = reportMissing(poll, found.missing);
	items.push(...missing);
	source.emitted?.([...ends, ...missing].map(({ json }) => String(json.taskId)));
	await source.finish?.();

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
function throwIfUnanswered(context: IPollFunctions, list: Watchlist, { isAnswered, refusal, trouble }: Round): void {
	if (isAnswered) list.noteAnswer();
	else if (refusal !== null) throw apiError(context, refusal.problem, { taskId: refusal.taskId });
	else if (trouble !== null) {
		const silence = list.noteSilence(Date.now());
		if (judge('poll', trouble.reason, silence) !== 'askAgain') throw apiError(context, trouble);
	}
}
