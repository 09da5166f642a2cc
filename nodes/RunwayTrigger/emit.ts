import { NodeOperationError, type INodeExecutionData, type IPollFunctions } from 'n8n-workflow';

import type { TaskReader } from '../shared/api/route';
import { deliver } from '../shared/item/deliver';
import { taskJson } from '../shared/item/output';
import { rulings } from '../shared/judgement/judge';
import type { KnownTask } from '../shared/task/task';
import type { TriggerSettings } from '../shared/trigger/settings';
import { pLimit } from '../shared/wait/limit';
import { MAX_FILES, type FoundEvent, type Refusal } from './ask';
import type { Describe, Poll } from './source';

/** The second half of a poll: makes the items of what the first half has found. */

const FILES_AT_ONCE = 3;
/** After this many polls, a file that can't be fetched is passed on as a URL. */
const MAX_CUT_SHORT = 3;
const MAX_IDS_IN_TEXT = 25;

/** Makes the items of events, with their files, as far as there is time. The next poll finds the rest again. */
export async function emitEvents(
	{ context, settings, source, list }: Poll,
	events: readonly FoundEvent[],
	endsAt: number,
): Promise<INodeExecutionData[]> {
	const deadline = AbortSignal.timeout(Math.max(1, endsAt - Date.now()));
	const limit = pLimit(FILES_AT_ONCE);
	let files = 0;
	const items = await Promise.all(
		events.map(async ({ task, event, reader }) =>
			limit(async () => {
				const fetches = event === 'succeeded' && settings.output.binaryField !== null;
				if (fetches && (files >= MAX_FILES || deadline.aborted)) {
					list.defer(task.taskId);
					return null;
				}
				if (fetches) files += 1;
				const item = await makeItem(context, settings, task, reader, source.describe, deadline);
				const isCutShort = fetches && item.binary === undefined && deadline.aborted;
				if (isCutShort && list.cutShort(task.taskId) < MAX_CUT_SHORT) return null;
				if (task.state !== null) list.markEmitted(task.taskId, task.state);
				return item;
			}),
		),
	);
	return items.filter((item) => item !== null);
}

/**
 * Makes the item of a task, with its file and what the source knows of it.
 * @param deadline ends the download
 */
export async function makeItem(
	context: IPollFunctions,
	{ output }: TriggerSettings,
	task: KnownTask,
	reader: TaskReader,
	describe?: Describe,
	deadline?: AbortSignal,
): Promise<INodeExecutionData> {
	const { operation = output.operation, produces = output.produces, origin } = describe?.(task.taskId) ?? {};
	const { item } = await deliver(context, { ...output, operation, produces }, task, reader, deadline);
	return origin === undefined ? item : { ...item, json: { ...item.json, model: origin.model ?? null, origin } };
}

const ADVICE =
	'Check the task ID, and that the credential belongs to the account that created the task. It will now be checked once an hour.';

/** Reports tasks that are not there, once: as failed tasks if those are wanted, else as an error that n8n shows beside the items. */
export function reportMissing(
	{ context, settings: { events, output }, source, list }: Poll,
	missing: readonly Refusal[],
): INodeExecutionData[] {
	const items = missing.map(({ taskId, problem }) => {
		const isAbsent = rulings[problem.reason].kind === 'absence';
		const said = isAbsent
			? 'CometAPI does not know this task.'
			: `CometAPI refuses this task ID: ${problem.message.replace(/[.\s]+$/, '')}.`;
		const code = isAbsent ? 'task_not_exist' : (problem.code ?? 'refused');
		const failure = { code, message: `${said} ${ADVICE}`, retryable: false };
		source.missing?.(taskId, said);
		const task = { taskId, api: list.apiOf(taskId) ?? 'official', state: null, createdAt: null } as const;
		return { json: { ...taskJson(task, output.operation, null, output.includeRaw), failure } };
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
