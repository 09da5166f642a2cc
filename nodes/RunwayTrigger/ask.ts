import type { RunwayClient } from '../shared/api/client';
import type { Problem } from '../shared/api/problem';
import { createTaskReader, type TaskReader } from '../shared/api/route';
import { rulings } from '../shared/judgement/judge';
import type { Api, KnownTask } from '../shared/task/task';
import type { TaskEvent } from '../shared/trigger/events';
import { pLimit } from '../shared/wait/limit';
import type { Watchlist } from './watchlist';

/** The first half of a poll: asks CometAPI for the watched tasks in turn, as far as there is time. */

const REQUESTS_AT_ONCE = 5;
/** So many questions in a row without an answer: the API is out of order, and the rest can wait for the next poll. */
const MAX_UNANSWERED = 20;

/** What is asked for. */
export interface Question {
	client: RunwayClient;
	api: Api | 'auto';
	events: ReadonlySet<TaskEvent>;
	/** Milliseconds since the epoch; nothing is asked after that. */
	endsAt: number;
	/** So many results with a file are enough for one poll; null for no limit. */
	mostFiles: number | null;
}

/** An event of a task that has not been told, with the reader that found it. */
export interface News {
	task: KnownTask;
	event: TaskEvent;
	reader: TaskReader;
}

/** A task that the API does not know or want, with what it said, if anything. */
export interface Absent {
	taskId: string;
	problem: Problem | null;
}

/** What a round of questions brought. */
export interface Found {
	/** In the order of the watched ids. */
	news: News[];
	/** What has been so for long enough to be told. */
	absent: Absent[];
	/** How many questions were answered, also with "not known". */
	answered: number;
	/** Why a question was not answered for now. */
	passing: Problem | null;
	/** Why a question was refused. */
	refusal: Problem | null;
}

/**
 * Asks for the tasks, the longest unseen first, until all have been asked for, the time is up, or the API wants quiet. What
 * one task is answered never stops the others.
 * @param ids the watched tasks in the user's order
 */
export async function ask(ids: readonly string[], list: Watchlist, question: Question): Promise<Found> {
	const { client, api, events, endsAt, mostFiles } = question;
	const found: Found = { news: [], absent: [], answered: 0, passing: null, refusal: null };
	const refused: Array<Absent & { problem: Problem }> = [];
	let isOver = false;
	let unanswered = 0;
	let files = 0;

	const askFor = async (taskId: string) => {
		if (isOver || Date.now() >= endsAt) return;
		const reader = createTaskReader(client, taskId, api, list.apiOf(taskId));
		const read = await reader.read();
		const now = Date.now();
		const kind = read.kind === 'trouble' ? rulings[read.problem.reason].kind : null;
		if (read.kind === 'task' || kind === 'absence') {
			found.answered += 1;
			unanswered = 0;
		}
		switch (read.kind) {
			case 'task': {
				const event = list.see(taskId, read.state, reader.api, now);
				if (event === null) return;
				if (!events.has(event)) {
					list.tell(taskId, read.state);
					return;
				}
				found.news.push({ task: { taskId, api: reader.api, state: read.state, createdAt: null }, event, reader });
				if (event === 'succeeded') files += 1;
				if (mostFiles !== null && files >= mostFiles) isOver = true;
				return;
			}
			case 'trouble':
				if (kind === 'absence') {
					if (list.miss(taskId, now)) found.absent.push({ taskId, problem: null });
					return;
				}
				if (kind !== 'passing') {
					found.refusal = read.problem;
					list.skip(taskId, now);
					if (rulings[read.problem.reason].concernsAll) isOver = true;
					else refused.push({ taskId, problem: read.problem });
					return;
				}
				found.passing = read.problem;
				unanswered += 1;
				if (read.problem.reason === 'rateLimit' || unanswered >= MAX_UNANSWERED) isOver = true;
				if (read.problem.reason !== 'rateLimit') list.skip(taskId, now);
				return;
			case 'aborted':
				return;
		}
	};
	const limit = pLimit(REQUESTS_AT_ONCE);
	await Promise.all(list.inTurn(Date.now()).map(async (taskId) => await limit(async () => await askFor(taskId))));

	// Where the API answers nobody, a refusal says nothing about the task.
	if (found.answered > 0) found.absent.push(...refused.filter(({ taskId }) => list.miss(taskId, Date.now())));
	const places = new Map(ids.map((taskId, place) => [taskId, place]));
	found.news.sort((one, other) => (places.get(one.task.taskId) ?? 0) - (places.get(other.task.taskId) ?? 0));
	return found;
}
