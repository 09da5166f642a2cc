import type { IExecuteFunctions, IHttpRequestOptions } from 'n8n-workflow';

import { listAccountTasks, type AccountTaskQuery } from '../../nodes/shared/api/accountTasks';
import { explain } from '../../nodes/shared/api/explain';
import { checkAccountTasks } from '../../nodes/shared/credential/accountTasks';
import sample from '../payloads/account-task-list.json';

const TOKEN = 'account0123456789abcdef';
const KEY = 'sk-comet0123456789abcdef';

interface Answer {
	statusCode?: number;
	headers?: Record<string, string>;
	body: unknown;
}

/** Lists over an HTTP helper that answers as it is told, page by page. */
async function list(
	answer: (page: number) => Answer,
	query: Partial<AccountTaskQuery> = {},
	credential: Record<string, unknown> = { accessToken: TOKEN },
) {
	const sent: IHttpRequestOptions[] = [];
	const context = {
		getCredentials: async () => ({ baseUrl: 'https://api.example.com/', apiKey: KEY, ...credential }),
		getNode: () => ({ name: 'Runway' }),
		helpers: {
			async httpRequest(options: IHttpRequestOptions) {
				sent.push(options);
				return { statusCode: 200, headers: {}, ...answer(Number(options.qs?.p)) };
			},
		},
	} as unknown as IExecuteFunctions;
	const outcome = await listAccountTasks(context, { limit: 100, ...query });
	return { outcome, sent };
}

/** The tasks that are listed. */
async function tasksOf(...parameters: Parameters<typeof list>) {
	const { outcome } = await list(...parameters);
	if (outcome.kind !== 'tasks') throw new Error(JSON.stringify(outcome));
	return outcome;
}

/** What a person reads if there is no list. */
async function wordsOf(answer: Answer, credential?: Record<string, unknown>): Promise<string> {
	const { outcome } = await list(() => answer, {}, credential);
	if (outcome.kind !== 'trouble') throw new Error(JSON.stringify(outcome));
	const { message, advice } = explain(outcome.problem, 'accountTasks');
	return `${message}. ${advice}`;
}

type Entry = Record<string, unknown>;

const entry = (number: number, more: Entry = {}): Entry => ({
	id: number,
	task_id: `task-${number}`,
	platform: 'runway',
	action: 'IMAGE_TO_VIDEO',
	status: 'SUCCESS',
	submit_time: 1_795_594_000 + number,
	...more,
});
const page = (items: unknown[], total: number | undefined = items.length): Answer => ({
	body: { success: true, message: '', data: { page: 1, page_size: 100, total, items } },
});
const idsOf = ({ tasks }: { tasks: Array<{ taskId: string }> }) => tasks.map(({ taskId }) => taskId);

describe("The list of the account's tasks", () => {
	it('tells of each task what the gateway says about it', async () => {
		const { tasks, isComplete } = await tasksOf(() => ({ body: sample }));
		expect(isComplete).toBe(true);
		expect(tasks).toMatchObject([
			{
				taskId: '7c1f0e52-4b6d-4a38-9f21-2d5e8b90c3aa',
				submittedAt: '2026-11-25T08:15:22.000Z',
				action: 'IMAGE_TO_VIDEO',
				prompt: 'slow push-in',
				state: { status: 'succeeded', videoUrl: 'https://cdn.example.com/result.mp4', cost: { amount: 160_000 } },
			},
			{ taskId: '1e9b7a60-0c3d-4f52-8a77-61f0c2d4e5b8', state: { status: 'running', progress: 35 }, prompt: null },
		]);
	});

	it('is asked for at the base URL, with the access token and the user ID, and without the key', async () => {
		const query = { since: new Date('2026-11-25T08:00:00.500Z') };
		const { sent } = await list(() => page([]), query, { accessToken: ` ${TOKEN}\n`, userId: 17 });
		expect(sent).toHaveLength(1);
		expect(sent[0]).toMatchObject({
			baseURL: 'https://api.example.com',
			url: '/api/task/self',
			headers: { Authorization: TOKEN, 'New-Api-User': '17' },
			qs: { p: 1, page_size: 100, start_timestamp: 1_795_593_600 },
			disableFollowRedirect: true,
		});
		expect(JSON.stringify(sent)).not.toContain(KEY);
	});

	it('sends no user ID if the credential has none', async () => {
		const { sent } = await list(() => page([]));
		expect(sent[0]?.headers).toEqual({ Authorization: TOKEN });
	});

	it('comes with the newest task first, whatever order the gateway has', async () => {
		expect(idsOf(await tasksOf(() => page([entry(1), entry(3), entry(2)])))).toEqual(['task-3', 'task-2', 'task-1']);
	});

	it('has every page, and each task once although new ones push others to the next page', async () => {
		const pages = [
			Array.from({ length: 100 }, (_, index) => entry(200 - index)),
			[entry(101), ...Array.from({ length: 49 }, (_, index) => entry(100 - index))],
		];
		const found = await tasksOf((number) => page(pages[number - 1] ?? [], 150), { limit: 1_000 });
		expect(found.isComplete).toBe(true);
		expect(idsOf(found)).toEqual(Array.from({ length: 149 }, (_, index) => `task-${200 - index}`));
	});

	it('has every page if the gateway gives fewer tasks at a time, or does not tell how many there are', async () => {
		const small = (number: number): Answer => ({
			body: {
				success: true,
				data: { page_size: 2, total: 3, items: number === 1 ? [entry(3), entry(2)] : [entry(1)] },
			},
		});
		expect(idsOf(await tasksOf(small))).toEqual(['task-3', 'task-2', 'task-1']);
		const silent = (number: number): Answer => ({
			body: {
				data: { items: number === 1 ? Array.from({ length: 100 }, (_, index) => entry(index + 2)) : [entry(1)] },
			},
		});
		expect((await tasksOf(silent, { limit: 1_000 })).tasks).toHaveLength(101);
	});

	it('ends at the limit, and says that there is more', async () => {
		const { outcome, sent } = await list(
			() =>
				page(
					Array.from({ length: 100 }, (_, index) => entry(index)),
					5_000,
				),
			{
				limit: 10,
			},
		);
		expect(outcome).toMatchObject({ kind: 'tasks', isComplete: false });
		expect(outcome.kind === 'tasks' && idsOf(outcome)).toHaveLength(10);
		expect(sent).toHaveLength(1);
	});

	it('ends even if the gateway never does', async () => {
		let number = 0;
		const { outcome, sent } = await list(() => page([entry((number += 1))], 1e9), { limit: 1e9 });
		expect(outcome).toMatchObject({ kind: 'tasks', isComplete: false });
		expect(sent.length).toBeLessThanOrEqual(50);
	});

	it('ends at tasks that are too old although the gateway takes no notice of the time', async () => {
		const since = new Date((1_795_594_000 + 150) * 1000);
		const { outcome, sent } = await list(
			(number) =>
				page(
					Array.from({ length: 100 }, (_, index) => entry(1_000 - number * 300 - index)),
					1_000,
				),
			{ since, limit: 1_000 },
		);
		expect(outcome).toMatchObject({ kind: 'tasks', isComplete: true });
		expect(sent).toHaveLength(3);
	});

	it('has only the tasks that match, whatever the gateway filters', async () => {
		const answer = () => page([entry(1), entry(2, { status: 'FAILURE' }), entry(3, { status: 'IN_PROGRESS' })]);
		expect(idsOf(await tasksOf(answer, { status: ['failed', 'running'] }))).toEqual(['task-3', 'task-2']);
		const moment = new Date((1_795_594_000 + 2) * 1000 + 700);
		expect(idsOf(await tasksOf(answer, { since: moment }))).toEqual(['task-3', 'task-2']);
	});

	it("leaves out other providers' tasks and records without a task, and keeps what it can't tell", async () => {
		const items = [
			entry(1, { platform: 'suno', action: 'MUSIC' }),
			entry(2, { platform: '50', properties: { origin_model_name: 'kling-v2-1' } }),
			entry(3, { platform: '50', properties: { origin_model_name: 'gen4_turbo' } }),
			entry(4, { platform: '', action: 'generate' }),
			entry(5, { platform: 'runway', properties: { origin_model_name: 'veo3.1' } }),
			entry(6, { task_id: '' }),
			'nothing',
		];
		expect(idsOf(await tasksOf(() => page(items)))).toEqual(['task-5', 'task-4', 'task-3']);
	});

	it('tells when a task was submitted by the time of its record if nothing else does', async () => {
		const { tasks } = await tasksOf(() => page([entry(1, { submit_time: 0, created_at: 1_795_594_522 })]));
		expect(tasks[0]?.submittedAt).toBe('2026-11-25T08:15:22.000Z');
	});
});

describe("Without the list of the account's tasks, the error", () => {
	const html = '<!doctype html><html><body>Hello</body></html>';
	const cases: Array<[what: string, answer: Answer, words: RegExp]> = [
		[
			'asks for a valid access token if it is refused',
			{ statusCode: 401, body: { success: false, message: 'Unauthorized, invalid access token' } },
			/needs a valid access token: Unauthorized, invalid access token\. .*personal access token.*not the API key/,
		],
		[
			'asks for a valid access token if a 200 refuses it',
			{ body: { success: false, message: '无权进行此操作，access token 无效' } },
			/needs a valid access token/,
		],
		[
			'speaks of the account if the token may not list it',
			{ statusCode: 403, body: { success: false, message: 'no' } },
			/does not allow this access token to list/,
		],
		[
			'says that there is no such list',
			{ statusCode: 404, body: { error: { message: 'Invalid URL' } } },
			/has no list of the account's tasks at this address: Invalid URL\. .*experimental.*register of tasks/,
		],
		[
			'says that a web page came',
			{ body: html },
			/is not where this node looks for it: a web page instead of JSON \(HTTP 200\)/,
		],
		[
			'says that a redirect came',
			{ statusCode: 301, headers: { location: 'https://elsewhere.example.com' }, body: '' },
			/is not where this node looks for it: a redirect \(HTTP 301\)/,
		],
		[
			'says that something else came',
			{ body: { object: 'list', data: [] } },
			/something other than a list of the account's tasks/,
		],
		[
			'repeats why the list is refused',
			{ body: { success: false, message: 'bad page' } },
			/refused to list.*: bad page/,
		],
		['says that CometAPI is down', { statusCode: 503, body: {} }, /CometAPI or the provider behind it is unavailable/],
		['says that a page blocks the way', { statusCode: 403, body: html }, /A web page came in place of an answer/],
	];
	it.each(cases)('%s', async (_what, answer, words) => {
		expect(await wordsOf(answer)).toMatch(words);
	});

	it('asks for the token if the credential has none, and sends nothing', async () => {
		for (const credential of [{}, { accessToken: '  ' }]) {
			expect(await wordsOf(page([]), credential)).toMatch(
				/needs a valid access token: the credential has none\. Open the credential/,
			);
			expect((await list(() => page([]), {}, credential)).sent).toHaveLength(0);
		}
	});

	it('names a token that no header can carry, without repeating it', async () => {
		const error = await list(() => page([]), {}, { accessToken: 'to…ken' }).catch((thrown: unknown) => thrown);
		expect(String(error)).toMatch(/The access token or the user ID of the credential holds characters/);
		expect(String(error)).not.toContain('to…ken');
	});

	it('says that the connection broke', async () => {
		const broken = () => {
			throw Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED', syscall: 'connect' });
		};
		const { outcome } = await list(broken);
		expect(outcome).toMatchObject({ kind: 'trouble', problem: { reason: 'unreachable', code: 'ECONNREFUSED' } });
	});

	it('holds no token, even if CometAPI repeats it', async () => {
		const { outcome } = await list(() => ({ statusCode: 401, body: { success: false, message: `bad ${TOKEN}` } }));
		expect(outcome).toMatchObject({ kind: 'trouble', problem: { message: 'bad …' } });
		expect(JSON.stringify(outcome)).not.toContain(TOKEN);
	});
});

describe('The test of the credential', () => {
	const settings = { baseUrl: 'https://api.example.com', apiKey: KEY, accessToken: TOKEN, userId: '17' };
	const check = async (answer: Answer, changes: Record<string, unknown> = {}) => {
		const sent: IHttpRequestOptions[] = [];
		const words = await checkAccountTasks({ ...settings, ...changes }, async (options) => {
			sent.push(options);
			return { statusCode: 200, headers: {}, ...answer } as never;
		});
		return { words, sent };
	};

	it('is content with an access token that lists tasks, and sends it without the key', async () => {
		const { words, sent } = await check(page([]));
		expect(words).toBeNull();
		expect(sent[0]?.headers).toEqual({ Authorization: TOKEN, 'New-Api-User': '17' });
		expect(JSON.stringify(sent)).not.toContain(KEY);
	});

	it('names a wrong access token without repeating it', async () => {
		const { words } = await check({ statusCode: 401, body: { success: false, message: `no ${TOKEN}` } });
		expect(words).toMatch(/needs a valid access token: no …\. /);
	});

	it('asks nothing without an access token', async () => {
		expect(await check(page([]), { accessToken: '' })).toEqual({ words: null, sent: [] });
	});
});
