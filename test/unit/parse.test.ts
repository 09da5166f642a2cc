import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { responseProblem } from '../../nodes/shared/api/problem';
import { readCreated, readTask } from '../../nodes/shared/task/parse';
import type { TaskState } from '../../nodes/shared/task/task';

const folder = path.join(__dirname, '../payloads');
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
const payload = (name: string): unknown => JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8'));

const ID = '7c1f0e52-4b6d-4a38-9f21-2d5e8b90c3aa';
const lantern = 'https://assets.example.com/runway/lantern.mp4';
const harbor = 'https://assets.example.com/runway/harbor-dawn.mp4';
const signed = `${harbor}?_jwt=eyJleHAiOjE3Nzc5OTk5OTl9`;
const frames = {
	posterUrl: 'https://assets.example.com/runway/lantern-first.png',
	lastFrameUrl: 'https://assets.example.com/runway/lantern-last.png',
};
const moderated = { message: 'The text prompt did not pass content moderation.', retryable: false };

/** What each task sample means; a sample without a row here fails the suite. */
const tasks: Record<string, Partial<TaskState> | 'notVisible'> = {
	'callback-1-progress': { status: 'running', progress: null },
	'callback-2-failed': {
		status: 'failed',
		failure: { code: null, message: 'The source image did not pass review', retryable: false },
	},
	'callback-3-succeeded': { status: 'succeeded', videoUrl: lantern, ...frames, finishedAt: '2026-05-04T08:16:49.000Z' },
	'callback-generic-guide': { status: 'succeeded', videoUrl: lantern },
	'error-task-not-exist-error-envelope': 'notVisible',
	'error-task-not-exist-status-200': 'notVisible',
	'error-task-not-exist-top-level': 'notVisible',
	'task-feed-flat-failure': {
		status: 'failed',
		failure: { code: null, message: 'upstream rejected the source image', retryable: false },
	},
	'task-feed-flat-in-progress': {
		status: 'running',
		progress: 30,
		submittedAt: '2026-05-04T08:15:22.000Z',
		startedAt: '2026-05-04T08:15:40.000Z',
		finishedAt: null,
	},
	'task-feed-flat-minimal': { status: 'queued', rawStatus: null },
	'task-feed-flat-success': { status: 'succeeded', videoUrl: lantern, finishedAt: '2026-05-04T08:16:49.000Z' },
	'task-numeric-0-initial': { status: 'queued', submittedAt: null },
	'task-numeric-1-running': { status: 'running' },
	'task-numeric-2-failed': {
		status: 'failed',
		failure: { code: null, message: 'The source image did not pass review', retryable: false },
	},
	'task-numeric-3-succeeded': { status: 'succeeded', videoUrl: lantern, ...frames },
	'task-numeric-3-succeeded-short': {
		status: 'succeeded',
		videoUrl: lantern.replace('https', 'http'),
		posterUrl: null,
	},
	'task-numeric-3-succeeded-state': { status: 'succeeded', videoUrl: lantern, ...frames },
	'task-official-cancelled': {
		status: 'cancelled',
		failure: { code: null, message: 'The task was cancelled.', retryable: false },
	},
	'task-official-failed': { status: 'failed', failure: { code: 'SAFETY.INPUT.TEXT', ...moderated } },
	'task-official-failed-no-code': {
		status: 'failed',
		failure: { code: null, message: 'An unexpected error occurred.', retryable: true },
	},
	'task-official-failed-transient': {
		status: 'failed',
		failure: { code: 'INTERNAL', message: 'An unexpected error occurred.', retryable: true },
	},
	'task-official-lowercase-succeeded': { status: 'succeeded', videoUrl: harbor },
	'task-official-pending': { status: 'queued', submittedAt: '2026-05-04T08:15:22.417Z' },
	'task-official-pending-estimated-cost': { status: 'queued' },
	'task-official-running': { status: 'running', progress: 43.8 },
	'task-official-succeeded-images': {
		status: 'succeeded',
		videoUrl: null,
		imageUrl: 'https://assets.example.com/runway/poster-a.png?_jwt=eyJleHAiOjE3Nzc5OTk5OTl9',
		assetUrls: ['a', 'b'].map(
			(letter) => `https://assets.example.com/runway/poster-${letter}.png?_jwt=eyJleHAiOjE3Nzc5OTk5OTl9`,
		),
	},
	'task-official-succeeded-video': { status: 'succeeded', progress: 100, videoUrl: signed, assetUrls: [signed] },
	'task-official-throttled': { status: 'queued', rawStatus: 'THROTTLED' },
	'task-wrapped-data-null': 'notVisible',
	'task-wrapped-failure': { status: 'failed', failure: { code: 'SAFETY.INPUT.TEXT', ...moderated } },
	'task-wrapped-in-progress': { status: 'running', progress: 30 },
	'task-wrapped-not-start': { status: 'queued', startedAt: null },
	'task-wrapped-queued': { status: 'queued', progress: 0, submittedAt: '2026-05-04T08:15:22.000Z' },
	'task-wrapped-submitted': { status: 'queued', progress: 10 },
	'task-wrapped-success-nested-envelope': { status: 'succeeded', videoUrl: lantern, ...frames },
	'task-wrapped-success-output': { status: 'succeeded', videoUrl: signed },
	'task-wrapped-success-result-url': { status: 'succeeded', videoUrl: harbor },
	'task-wrapped-success-url-in-fail-reason': { status: 'succeeded', videoUrl: harbor, failure: null },
	'task-wrapped-success-video-url': { status: 'succeeded', videoUrl: lantern, ...frames },
	'task-wrapped-unknown': { status: 'unknown', rawStatus: 'UNKNOWN' },
};

const creates: Record<string, 'created' | 'refused' | 'unreadable'> = {
	'create-ok-compat-current': 'created',
	'create-ok-compat-empty-strings': 'created',
	'create-ok-compat-exec-time': 'created',
	'create-ok-compat-status-zero': 'created',
	'create-ok-official': 'created',
	'create-ok-official-empty-object': 'unreadable',
	'create-ok-official-estimated-cost': 'created',
	'error-business-code-http-200': 'refused',
	'error-business-code-http-200-empty-data': 'refused',
	'error-html-body': 'unreadable',
};

/** Status with which each error comes, the reason to be seen in it, and the words for the user. */
const errors: Record<string, [status: number, reason: string, message: string, requestId?: string]> = {
	'error-business-code-http-200': [200, 'badRequest', 'the source image cannot be downloaded'],
	'error-business-code-http-200-empty-data': [200, 'badRequest', 'submission failed, points returned'],
	'error-comet-400-empty-code': [400, 'badRequest', 'ratio must not be empty', '2026050416152241783012AbCdEf'],
	'error-comet-401': [401, 'auth', 'invalid token', '2026050416152241783012AbCdEf'],
	'error-comet-429': [429, 'rateLimit', 'too many requests, retry later', '2026050416152241783012AbCdEf'],
	'error-comet-500-invalid-request': [
		500,
		'badRequest',
		'field options.seconds must be an integer',
		'2026050416152241783012AbCdEf',
	],
	'error-comet-503': [503, 'server', 'upstream is busy', '2026050416152241783012AbCdEf'],
	'error-html-body': [301, 'wrongUrl', 'a web page instead of JSON (HTTP 301)'],
	'error-runway-400-string': [400, 'badRequest', '`promptImage` must be a valid HTTPS URL'],
	'error-task-429-saturated': [429, 'rateLimit', '上游繁忙，请稍后再试'],
	'error-task-callback-url-empty': [400, 'badRequest', 'callback_url_empty'],
	'error-task-insufficient-quota': [403, 'balance', 'balance too low for this task'],
	'error-task-reference-images-empty': [400, 'badRequest', 'reference_images_empty'],
	'error-task-upstream-failed': [400, 'badRequest', 'body did not validate'],
};

const notTasks = ['balance-quota', 'balance-quota-daily', 'models-catalog', 'models-v1'];

describe('Every documented answer', () => {
	it('has a meaning in this suite', () => {
		const known = new Set([...Object.keys(tasks), ...Object.keys(creates), ...Object.keys(errors), ...notTasks]);
		expect(files.map((file) => file.replace(/\.json$/, '')).filter((name) => !known.has(name))).toEqual([]);
	});

	it.each(Object.entries(tasks))('%s is read as a task', (name, expected) => {
		const reading = readTask(payload(name));
		if (expected === 'notVisible') {
			expect(reading).toEqual({ kind: 'notVisible' });
			return;
		}
		expect(reading.kind).toBe('task');
		const state = reading.kind === 'task' ? reading.state : null;
		expect(state).toMatchObject({ ...expected, raw: payload(name) });
		if (name !== 'callback-generic-guide') expect(state?.taskId).toBe(ID);
	});

	it.each(Object.entries(creates))('%s is read as the answer to a create: %s', (name, expected) => {
		const reading = readCreated(payload(name));
		expect(reading.kind).toBe(expected);
		if (reading.kind === 'created') expect(reading).toMatchObject({ taskId: ID, state: { status: 'queued' } });
	});

	it.each(Object.entries(errors))('%s says what went wrong', (name, [status, reason, message, requestId = null]) => {
		const problem = responseProblem({ kind: 'response', status, headers: {}, body: payload(name) });
		expect(problem).toMatchObject({ status, reason, message, requestId });
	});

	it.each(notTasks)('%s is not taken for a task', (name) => {
		expect(readTask(payload(name)).kind).toBe('notATask');
	});
});

describe('Reading a task', () => {
	const read = (body: unknown) => {
		const reading = readTask(body);
		if (reading.kind !== 'task') throw new Error(`read as ${reading.kind}`);
		return reading.state;
	};

	it('keeps a paid video where a gateway counts 2 as success', () => {
		const state = read({ code: 200, data: { task_id: 'a', status: '2', video_url: lantern, msg: null } });
		expect(state).toMatchObject({ status: 'succeeded', videoUrl: lantern, failure: null });
	});

	it('does not take a failed task with a reason for a success', () => {
		const state = read({ code: 200, data: { task_id: 'a', status: '2', video_url: lantern, msg: 'moderated' } });
		expect(state.status).toBe('failed');
	});

	it.each([
		['37%', 37],
		[0.37, 37],
		[37, 37],
		['37', 37],
		['0.37', 37],
		['1%', 1],
		[1, 100],
		[140, 100],
		[-3, 0],
		['soon', null],
		[undefined, null],
	])('reads progress %p as %p percent', (progress, expected) => {
		expect(read({ id: 'a', status: 'RUNNING', progress }).progress).toBe(expected);
	});

	it('takes the outer status over the inner one, and the inner one where the outer says nothing', () => {
		expect(
			read({ code: 'success', data: { task_id: 'a', status: 'IN_PROGRESS', data: { status: 'SUCCEEDED' } } }).status,
		).toBe('running');
		expect(
			read({ code: 'success', data: { task_id: 'a', status: 'UNKNOWN', data: { status: 'RUNNING' } } }).status,
		).toBe('running');
	});

	it('calls a status that no page names unknown, and keeps the word', () => {
		expect(read({ id: 'a', status: 'REHEARSING' })).toMatchObject({ status: 'unknown', rawStatus: 'REHEARSING' });
	});

	it('shows no date where the API has none yet', () => {
		expect(read({ task_id: 'a', status: 'QUEUED', submit_time: 0, start_time: '0', createdAt: 'soon' })).toMatchObject({
			submittedAt: null,
			startedAt: null,
		});
	});

	it('takes the id of the task over the number of a record, and an empty error for none', () => {
		expect(readCreated({ code: 200, data: { id: 981, task_id: '7c1f' } })).toMatchObject({
			kind: 'created',
			taskId: '7c1f',
		});
		expect(readCreated({ id: '7c1f', error: '' })).toMatchObject({ kind: 'created', taskId: '7c1f' });
		expect(readCreated({ id: '7c1f', error: {} })).toMatchObject({ kind: 'created', taskId: '7c1f' });
	});

	it('reads a failed task whose reason is an object', () => {
		expect(read({ id: 'a', status: 'failed', error: { message: 'no such asset' } })).toMatchObject({
			status: 'failed',
			failure: { message: 'no such asset' },
		});
	});

	it.each(['内容审核未通过', 'violates our policy', 'sensitive content'])(
		'does not offer a new attempt after "%s"',
		(msg) => {
			expect(read({ task_id: 'a', status: '2', msg }).failure?.retryable).toBe(false);
		},
	);

	it('ignores a result that is not an http address', () => {
		expect(
			read({ id: 'a', status: 'SUCCEEDED', output: ['ftp://x/y.mp4', 'javascript:alert(1)', 7] }).assetUrls,
		).toEqual([]);
	});

	it.each([
		null,
		undefined,
		'',
		'text',
		7,
		true,
		[],
		[1],
		{},
		{ data: [] },
		{ data: { data: { data: { data: {} } } } },
	])('does not stumble over %p', (body) => {
		expect(['notATask', 'notVisible']).toContain(readTask(body).kind);
		expect(['unreadable', 'refused']).toContain(readCreated(body).kind);
	});
});
