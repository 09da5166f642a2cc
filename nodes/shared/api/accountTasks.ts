import { isObject, textOf, type Json } from '../task/json';
import { time } from '../task/amounts';
import { firstAt, hasTaskId, isNumeric, layersOf } from '../task/layers';
import { readTask } from '../task/parse';
import type { TaskState, TaskStatus } from '../task/task';
import type { RequestContext } from './credential';
import { networkProblem, ownProblem, responseProblem, type Problem } from './problem';
import type { ApiAnswer } from './send';
import { askAccount } from './transport';

/**
 * The list of all the account's tasks, also those of other programs. CometAPI does not document its HTTP form (fact sheet 8.4):
 * nothing here relies on its filters, its order or its totals, and each answer that is no such list has its own words
 * (`explain(problem, 'accountTasks')`).
 */

/** A task of the account. */
export interface AccountTask {
	taskId: string;
	state: TaskState;
	/** ISO 8601, UTC; null if the list does not say. */
	submittedAt: string | null;
	/** What the task does, such as `IMAGE_TO_VIDEO`. */
	action: string | null;
	model: string | null;
	prompt: string | null;
}

/** Which tasks to list. All conditions must hold. */
export interface AccountTaskQuery {
	/** Submitted at this moment or later, to the second. */
	since?: Date;
	status?: readonly TaskStatus[];
	/** The most tasks to give back. */
	limit: number;
	/** Milliseconds for all requests together. @default 30 000 */
	timeoutMs?: number;
}

export type AccountTasksOutcome =
	/** Newest first. `isComplete`: false if there are, or may be, more tasks that match. */
	| { kind: 'tasks'; tasks: AccountTask[]; isComplete: boolean }
	/** `isFinal`: nothing was sent, because the credential has no access token. */
	| { kind: 'trouble'; problem: Problem; isFinal?: boolean }
	| { kind: 'aborted' };

/** Below the base URL. */
export const TASK_LIST_PATH = '/api/task/self';
/** The most that the gateway gives in one answer. */
const PAGE_SIZE = 100;
/** Bounds the work for accounts with very many tasks, or for a gateway that never comes to an end. */
const MAX_PAGES = 50;
const TIMEOUT_MS = 30_000;

/**
 * Lists the account's Runway tasks with the access token of the credential. Sends each request once.
 * @throws what reading the credential throws
 */
export async function listAccountTasks(context: RequestContext, query: AccountTaskQuery): Promise<AccountTasksOutcome> {
	const endsAt = Date.now() + (query.timeoutMs ?? TIMEOUT_MS);
	/** By ID: tasks that are created meanwhile move others to the next page. */
	const found = new Map<string, AccountTask>();
	for (let page = 1; page <= MAX_PAGES; page += 1) {
		const answer = await askAccount(context, TASK_LIST_PATH, filters(query, page), Math.max(1, endsAt - Date.now()));
		if (answer === null)
			return { kind: 'trouble', problem: ownProblem('auth', 'the credential has none'), isFinal: true };
		if (answer.kind === 'aborted') return answer;
		const list = answer.kind === 'response' ? readPage(answer) : null;
		if (list === null) return { kind: 'trouble', problem: problemOf(answer) };
		const tasks = list.entries.flatMap((entry) => accountTaskIn(entry) ?? []);
		for (const task of tasks) if (matches(task, query)) found.set(task.taskId, task);
		const isComplete =
			isLastPage(list, page) || (tasks.length > 0 && tasks.every((task) => isBefore(task, query.since)));
		if (isComplete || found.size > query.limit) return listed([...found.values()], query.limit, isComplete);
	}
	return listed([...found.values()], query.limit, false);
}

function listed(tasks: AccountTask[], limit: number, isComplete: boolean): AccountTasksOutcome {
	const age = ({ submittedAt }: AccountTask) => (submittedAt === null ? 0 : Date.parse(submittedAt));
	const sorted = tasks.sort((a, b) => age(b) - age(a));
	return { kind: 'tasks', tasks: sorted.slice(0, limit), isComplete: isComplete && tasks.length <= limit };
}

/** The status is not among them: the gateway compares words, and several words mean the same. */
function filters({ since }: AccountTaskQuery, page: number): Record<string, string | number> {
	return {
		p: page,
		page_size: PAGE_SIZE,
		...(since !== undefined && { start_timestamp: seconds(since) }),
	};
}

function seconds(moment: Date): number {
	return Math.floor(moment.getTime() / 1000);
}

interface Page {
	entries: Json[];
	/** How many entries there are on all pages; null if the answer does not say. */
	total: number | null;
	/** The most entries that a page has. */
	size: number;
}

/** The entries of an answer, or null if it is not a list. */
function readPage({ status, body }: Extract<ApiAnswer, { kind: 'response' }>): Page | null {
	if (status < 200 || status >= 300 || !isObject(body) || body.success === false || !isObject(body.data)) return null;
	const { items, total, page_size: size } = body.data;
	if (!Array.isArray(items)) return null;
	return {
		entries: items.filter(isObject),
		total: typeof total === 'number' ? total : null,
		size: typeof size === 'number' && size > 0 ? Math.min(size, PAGE_SIZE) : PAGE_SIZE,
	};
}

function isLastPage({ entries, total, size }: Page, page: number): boolean {
	return entries.length === 0 || (total === null ? entries.length < size : page * size >= total);
}

/** What is wrong with an answer that should be a list; null if it is one. */
export function problemOfList(answer: Extract<ApiAnswer, { kind: 'response' }>): Problem | null {
	return readPage(answer) === null ? problemOf(answer) : null;
}

/** A 200 may also contain the refusal of a wrong token. */
function problemOf(answer: Exclude<ApiAnswer, { kind: 'aborted' }>): Problem {
	if (answer.kind !== 'response') return networkProblem(answer);
	const { status, body } = answer;
	if (status >= 300 || !isObject(body) || body.success !== false) return responseProblem(answer);
	const isAboutToken = ABOUT_TOKEN.test(textOf(body.message) ?? '');
	return responseProblem(answer, isAboutToken ? 'auth' : 'badRequest');
}

const ABOUT_TOKEN = /access.?token|unauthori[sz]ed|not logged in|log ?in|New-Api-User|未登录|令牌|无权/i;

/** The fields of an entry that say what renders it, and how. */
const MODEL_PLACES = [
	'properties.origin_model_name',
	'properties.upstream_model_name',
	'properties.model',
	'data.model',
];
const PROMPT_PLACES = ['properties.input', 'properties.prompt', 'data.prompt', 'data.promptText'];

/** Other providers, by the words of gateways for them and the beginnings of their models' names. Runway itself offers models of Google and ByteDance. */
const OTHERS =
	/\b(suno|midjourney|mj|kling|sora|vidu|hailuo|minimax|jimeng|pika|luma|hunyuan|udio|flux|pixverse|doubao|wan\d)/i;
const RUNWAYS = /runway|\bgen-?[2345]|\bact_(one|two)|aleph/i;

/** The Runway task in an entry of the list; null if the task is another provider's, or if there is none. Doubtful entries stay. */
function accountTaskIn(entry: Json): AccountTask | null {
	const reading = readTask(entry);
	if (reading.kind !== 'task') return null;
	const { state } = reading;
	// A number alone is that of the gateway's record: the provider has not accepted the task yet.
	if (state.taskId === null || (isNumeric(state.taskId) && !hasTaskId(layersOf(entry)))) return null;
	const action = textOf(entry.action);
	const model = firstAt([entry], MODEL_PLACES, textOf);
	const hints = [textOf(entry.platform), action, model].filter((hint) => hint !== null).join(' ');
	if (OTHERS.test(hints) && !RUNWAYS.test(hints)) return null;
	const submittedAt = state.submittedAt ?? time(entry.created_at);
	const prompt = firstAt([entry], PROMPT_PLACES, textOf);
	return { taskId: state.taskId, state, submittedAt, action, model, prompt };
}

function matches(task: AccountTask, { since, status }: AccountTaskQuery): boolean {
	return !isBefore(task, since) && (status === undefined || status.includes(task.state.status));
}

/** Times in the list are whole seconds. */
function isBefore({ submittedAt }: AccountTask, since: Date | undefined): boolean {
	return since !== undefined && submittedAt !== null && Date.parse(submittedAt) < seconds(since) * 1000;
}
