import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { responseProblem } from '../../nodes/shared/api/problem';
import { readCreated, readTask } from '../../nodes/shared/task/parse';
import { errorCode, errorMessage } from '../../nodes/shared/task/refusal';
import { settled, type TaskState } from '../../nodes/shared/task/task';
import { taskState } from '../support/taskState';

const folder = path.join(__dirname, '../payloads');
const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
const payload = (name: string): unknown => JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8'));

const ID = '7c1f0e52-4b6d-4a38-9f21-2d5e8b90c3aa';
const lantern = 'https://assets.example.com/runway/lantern.mp4';
const harbor = 'https://assets.example.com/runway/harbor-dawn.mp4';
const signed = `${harbor}?_jwt=eyJleHAiOjE3Nzc5OTk5OTl9`;
/** Says nothing of what it leads to. */
const untold = 'https://cdn.example.com/results/8f2c?sig=abc';
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
	'task-unknown-word-with-result': { status: 'succeeded', videoUrl: 'https://cdn.example.com/result.mp4?sig=abc' },
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
const errors: Record<string, [status: number, reason: unknown, message: string, requestId?: string]> = {
	'error-business-code-http-200': [200, 'badRequest', 'the source image cannot be downloaded'],
	'error-business-code-http-200-empty-data': [200, 'badRequest', 'submission failed, points returned'],
	'error-comet-400-empty-code': [400, 'badRequest', 'ratio must not be empty', '2026050416152241783012AbCdEf'],
	'error-comet-401': [401, 'auth', 'invalid token', '2026050416152241783012AbCdEf'],
	'error-comet-401-quota-used-up': [
		401,
		expect.any(String),
		'该令牌额度已用尽 TokenStatusExhausted[sk-7c1***3aa]',
		'20261125081522417AbCdEfGh',
	],
	'error-comet-403-account-empty': [403, 'balance', '用户额度不足, 剩余额度: $0.012000', '20261125081522417AbCdEfGh'],
	'error-comet-429': [429, 'rateLimit', 'too many requests, retry later', '2026050416152241783012AbCdEf'],
	'error-comet-500-invalid-request': [
		500,
		'badRequest',
		'field options.seconds must be an integer',
		'2026050416152241783012AbCdEf',
	],
	'error-comet-503': [503, 'server', 'upstream is busy', '2026050416152241783012AbCdEf'],
	'error-comet-503-model-not-found': [
		503,
		expect.any(String),
		'No available channel for model gen4.5 under group default (distributor)',
		'20261125081522417AbCdEfGh',
	],
	'error-html-body': [301, 'wrongUrl', 'a web page instead of JSON (HTTP 301)'],
	'error-runway-400-issues': [400, 'badRequest', 'Validation of body failed'],
	'error-runway-400-string': [400, 'badRequest', '`promptImage` must be a valid HTTPS URL'],
	'error-task-429-saturated': [429, 'rateLimit', '上游繁忙，请稍后再试'],
	'error-task-callback-url-empty': [400, 'badRequest', 'callback_url_empty'],
	'error-task-insufficient-quota': [403, 'balance', 'balance too low for this task'],
	'error-task-reference-images-empty': [400, 'badRequest', 'reference_images_empty'],
	'error-task-upstream-failed': [400, 'badRequest', 'body did not validate'],
};

const notTasks = [
	'account-task-list',
	'balance-quota',
	'balance-quota-daily',
	'models-catalog',
	'models-v1',
	'usage-token',
];

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

	it('keeps a paid video if a gateway counts 2 as success', () => {
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
		[1, null],
		['1', null],
		[140, 100],
		[-3, 0],
		['soon', null],
		[undefined, null],
	])('reads progress %p as %p percent', (progress, expected) => {
		expect(read({ id: 'a', status: 'RUNNING', progress }).progress).toBe(expected);
	});

	it('takes the outer status over the inner one, and the inner one if the outer says nothing', () => {
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

	it('shows no date if the API has none yet', () => {
		expect(read({ task_id: 'a', status: 'QUEUED', submit_time: 0, start_time: '0', createdAt: 'soon' })).toMatchObject({
			submittedAt: null,
			startedAt: null,
		});
	});

	it.each([
		['seconds', 1777882522],
		['seconds as text', '1777882522'],
		['milliseconds', 1777882522000],
		['milliseconds as text', '1777882522000'],
		['microseconds', 1777882522000000],
		['nanoseconds as text', '1777882522000000000'],
		['an ISO date', '2026-05-04T16:15:22+08:00'],
	])('reads a time in %s', (_form, given) => {
		expect(read({ task_id: 'a', status: 'RUNNING', submit_time: given }).submittedAt).toBe('2026-05-04T08:15:22.000Z');
	});

	it.each([7, 86_400, 99_999_999_999, '0001-01-01T00:00:00Z', '58308-01-01', -1777882522])(
		'shows no date that cannot be: %p',
		(given) => {
			expect(read({ task_id: 'a', status: 'RUNNING', submit_time: given }).submittedAt).toBeNull();
		},
	);

	it.each<[place: string, fields: Record<string, unknown>]>([
		['output', { output: lantern }],
		['output[]', { output: [lantern] }],
		['output[].url', { output: [{ url: lantern }] }],
		['output.url', { output: { url: lantern } }],
		['output.video_url', { output: { video_url: lantern } }],
		['video_url', { video_url: lantern }],
		['result_url', { result_url: lantern }],
		['video.url', { video: { url: lantern } }],
		['video.video_url', { video: { video_url: lantern } }],
		['url', { url: lantern }],
		['the first entry of a list', { data: [{ url: lantern }] }],
		['an object in JSON text', { data: JSON.stringify({ video_url: lantern }) }],
		['result', { result: { video_url: lantern } }],
	])('finds a result under %s, at every depth', (_place, fields) => {
		const found = { status: 'succeeded', videoUrl: lantern, imageUrl: null, assetUrls: [lantern] };
		expect(read({ id: 'a', status: 'completed', ...fields })).toMatchObject(found);
		expect(read({ code: 200, data: { status: 'completed', ...fields } })).toMatchObject(found);
		expect(read({ code: 'success', data: { task_id: 'a', status: 'SUCCESS', data: fields } })).toMatchObject(found);
		// Under a word that nobody knows, the result is kept for the next look.
		expect(read({ id: 'a', status: 'REHEARSED', ...fields })).toMatchObject({ ...found, status: 'unknown' });
	});

	it.each<[place: string, fields: Record<string, unknown>]>([
		['image.url', { image: { url: untold } }],
		['images[]', { images: [untold] }],
		['images[].url', { images: [{ url: untold }] }],
		['image_url', { image_url: untold }],
		['output of an image task', { action: 'TEXT_TO_IMAGE', output: [untold] }],
		['result_url of an image task', { action: 'textToImage', result_url: untold }],
	])('knows the image under %s by its place or its task, whatever its URL ends in', (_place, fields) => {
		expect(read({ id: 'a', status: 'SUCCEEDED', ...fields })).toMatchObject({
			videoUrl: null,
			imageUrl: untold,
			assetUrls: [untold],
		});
	});

	it('takes a video for a video although its task has "image" in its name', () => {
		const state = read({ task_id: 'a', action: 'IMAGE_TO_VIDEO', status: 'SUCCESS', result_url: untold });
		expect(state).toMatchObject({ videoUrl: untold, imageUrl: null });
	});

	it.each(['RUNNING', 'SUCCEEDED', 'REHEARSING'])('never takes what was sent for a result of a %s task', (status) => {
		const input = 'https://input.example.com/pier.jpg';
		const sent = {
			image: input,
			video: input,
			promptImage: input,
			raw_video_url: input,
			last_image: input,
			videoUri: input,
			properties: { url: input },
			input: { url: input, video_url: input },
		};
		expect(read({ id: 'a', status, ...sent, data: sent }).assetUrls).toEqual([]);
		const withImages = { ...sent, images: [input], image_url: input };
		expect(read({ id: 'a', status, ...withImages, output: [lantern] }).assetUrls).toEqual([lantern]);
		if (status !== 'SUCCEEDED') expect(read({ id: 'a', status, ...withImages }).assetUrls).toEqual([]);
	});

	it.each(['succeed', 'done', 'Finished', 'COMPLETED'])('reads "%s" as a success', (status) => {
		expect(read({ id: 'a', status, output: [lantern] })).toMatchObject({ status: 'succeeded', videoUrl: lantern });
	});

	it.each(['expired', 'timeout', 'TIMED_OUT', 'fail', 'rejected', 'aborted'])(
		'reads "%s" as an end, but keeps a result that comes without a reason',
		(status) => {
			expect(read({ id: 'a', status })).toMatchObject({ status: 'failed', videoUrl: null });
			expect(read({ id: 'a', status, output: [lantern] })).toMatchObject({ status: 'succeeded', videoUrl: lantern });
			expect(read({ id: 'a', status, output: [lantern], failure: 'moderated' }).status).toBe('failed');
		},
	);

	it.each([
		['SAFETY.OUTPUT.VIDEO', 'Generation did not complete.', false],
		['INTERNAL', 'An unexpected error occurred.', true],
		['INTERNAL', 'The prompt violates our policy.', false],
		['server_error', 'An unexpected error occurred.', false],
	])('takes error.code for the code of the failure: %s, %s', (code, message, retryable) => {
		const failure = { code, message, retryable };
		expect(read({ id: 'a', status: 'failed', error: { code, message } })).toMatchObject({ status: 'failed', failure });
		expect(read({ code: 200, data: { task_id: 'a', status: '2', error: { code, message } } }).failure).toEqual(failure);
	});

	it('reads a finished task beside a strange code', () => {
		expect(read({ code: 0, data: { task_id: 'a', status: '3', video_url: lantern } })).toMatchObject({
			taskId: 'a',
			status: 'succeeded',
			videoUrl: lantern,
		});
	});

	it('takes an error without an id for an error, and not for the end of a paid task', () => {
		for (const body of [
			{ status: 'error', message: 'internal error' },
			{ status: 'failed', error: { message: 'bad gateway' } },
			{ code: 500, message: 'no capacity', data: { id: 0, status: 'failed' } },
			{ code: 500, message: 'no capacity', data: { id: 981, status: 'failed' } },
		]) {
			expect(readTask(body).kind).toBe('notATask');
		}
	});

	it('reads a body that is JSON text, and keeps it as it came', () => {
		const body = JSON.stringify(payload('task-official-succeeded-video'));
		expect(read(body)).toMatchObject({ taskId: ID, status: 'succeeded', videoUrl: signed, raw: body });
	});

	it.each<[fields: Record<string, unknown>, cost: TaskState['cost']]>([
		[{ cost: { credits: 25 } }, { amount: 25, unit: 'credits', refunded: null }],
		[{ cost: 25 }, { amount: 25, unit: 'credits', refunded: null }],
		[{ estimatedCost: { credits: 25 } }, { amount: 25, unit: 'credits', refunded: null }],
		[{ estimatedCost: '25' }, { amount: 25, unit: 'credits', refunded: null }],
		[
			{ cost: { credits: 20 }, estimatedCost: { credits: 25 } },
			{ amount: 20, unit: 'credits', refunded: null },
		],
		[{ quota: 160000 }, { amount: 160000, unit: 'quota', refunded: null }],
		[
			{ point: '320', refund: '0' },
			{ amount: 320, unit: 'points', refunded: false },
		],
		[
			{ point: 320, refund: 1 },
			{ amount: 320, unit: 'points', refunded: true },
		],
		[{ point: '', refund: '' }, null],
		[{ point: '0', refund: '0', quota: 0, estimatedCost: 0 }, null],
		[{ cost: null, quota: 'unlimited' }, null],
		[{ quota: -5 }, null],
	])('reads what it cost: %j', (fields, cost) => {
		expect(read({ id: 'a', status: 'RUNNING', ...fields }).cost).toEqual(cost);
		expect(read({ code: 200, data: { task_id: 'a', status: '1', ...fields } }).cost).toEqual(cost);
		expect(readCreated({ id: 'a', ...fields })).toMatchObject({ state: { cost } });
	});

	it('tells that a failed task cost nothing, if the answer says so', () => {
		expect(read({ id: 'a', status: 'FAILED', cost: { credits: 0 } }).cost).toEqual({
			amount: 0,
			unit: 'credits',
			refunded: null,
		});
		expect(read({ id: 'a', status: 'RUNNING', cost: { credits: 0 } }).cost).toBeNull();
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

describe('Reading the answer to a create', () => {
	it.each<[form: string, body: unknown]>([
		['id', { id: ID }],
		['task_id', { task_id: ID }],
		['taskId', { taskId: ID }],
		['data.task_id', { code: 200, data: { task_id: ID } }],
		['data.taskId', { code: 200, data: { taskId: ID } }],
		['data.data.id', { code: 'success', data: { data: { id: ID } } }],
		['result.task_id', { result: { task_id: ID } }],
		['the first entry of data', { code: 'success', data: [{ task_id: ID }] }],
		['the first entry of data, as id', { code: 'success', data: [{ id: ID }] }],
		['data as text', { code: 'success', data: ID }],
		['JSON text', JSON.stringify({ id: ID })],
		['JSON text inside', { code: 200, data: JSON.stringify({ task_id: ID }) }],
		['a strange code', { code: 0, message: 'queued', data: { task_id: ID } }],
		['id beside a number and a strange code', { code: 7, id: ID, task_id: '200' }],
		['data.id beside a number and a strange code', { code: 7, task_id: 981, data: { id: ID } }],
		['an error that says nothing', { id: ID, error: { code: null, message: '' } }],
	])('finds the ID of the paid task in %s', (_form, body) => {
		expect(readCreated(body)).toMatchObject({ kind: 'created', taskId: ID, state: { taskId: ID, raw: body } });
	});

	it.each<[body: unknown, kind: string]>([
		[{ code: 500, message: 'no capacity', data: { id: 0 } }, 'refused'],
		[{ code: 500, message: 'no capacity', data: { id: '0' } }, 'refused'],
		[{ code: 500, message: 'no capacity', data: { id: 981 } }, 'refused'],
		[{ code: 500, message: 'no capacity', data: { task_id: '981' } }, 'refused'],
		[{ code: 500, message: 'no capacity', data: 'd4c1f0e5-no-task' }, 'refused'],
		[{ code: 200, data: { id: 0 } }, 'unreadable'],
		[{ code: 200, data: { id: 981 } }, 'created'],
		[{ code: 200, msg: 'success', data: {} }, 'unreadable'],
		[{ code: 200, msg: '', data: {} }, 'unreadable'],
		[{ code: 0, message: 'success', data: {} }, 'unreadable'],
		[{ code: 'success', data: 'accepted' }, 'unreadable'],
		[{ code: 'success', data: '00000000' }, 'unreadable'],
		[{ code: 'success', data: -1777882522 }, 'unreadable'],
	])('reads %j as %s', (body, kind) => {
		expect(readCreated(body).kind).toBe(kind);
	});

	it('does not name success as what went wrong', () => {
		for (const body of [
			{ code: 200, msg: 'success', data: {} },
			{ code: 'success', message: '成功' },
		]) {
			expect([errorMessage(body), errorCode(body)]).toEqual([null, null]);
			const problem = responseProblem({ kind: 'response', status: 200, headers: {}, body });
			expect(problem.reason).toBe('unreadable');
		}
	});
});

describe('A reading in the light of the one before', () => {
	const rehearsed = (facts: Partial<TaskState> = {}) =>
		taskState({ status: 'unknown', rawStatus: 'REHEARSED', assetUrls: [lantern], videoUrl: lantern, ...facts });

	it('is a result when an unknown word has come with one twice', () => {
		expect(settled(rehearsed(), rehearsed())).toEqual(rehearsed({ status: 'succeeded', progress: 100 }));
	});

	it.each<[why: string, previous: TaskState | null, current: TaskState]>([
		['it is the first', null, rehearsed()],
		['the word has changed', rehearsed({ rawStatus: 'REHEARSING' }), rehearsed()],
		['there was no result before', rehearsed({ assetUrls: [] }), rehearsed()],
		['there is no result now', rehearsed(), rehearsed({ assetUrls: [] })],
		['the word is known', taskState({ assetUrls: [lantern] }), taskState({ assetUrls: [lantern] })],
	])('stays as it is when %s', (_why, previous, current) => {
		expect(settled(previous, current)).toBe(current);
	});

	it('keeps a cost that only the earlier one told', () => {
		const cost = { amount: 25, unit: 'credits', refunded: null } as const;
		expect(settled(taskState({ cost }), taskState()).cost).toEqual(cost);
		const final = { ...cost, amount: 20 };
		expect(settled(taskState({ cost }), taskState({ cost: final })).cost).toEqual(final);
	});
});

describe('An end that no page documents', () => {
	it.each(['TIMEOUT', 'expired', 'aborted'])('%s is no reason to pay again without looking', (status) => {
		expect(readTask({ id: 'a', status })).toMatchObject({ state: { status: 'failed', failure: { retryable: false } } });
	});

	it('may be tried again if its code says so', () => {
		const failure = { code: 'INTERNAL', retryable: true };
		expect(readTask({ id: 'a', status: 'fail', failureCode: 'INTERNAL' })).toMatchObject({ state: { failure } });
	});

	it('is told from the documented 2, whose cause may pass', () => {
		expect(readTask({ task_id: 'a', status: '2' })).toMatchObject({ state: { failure: { retryable: true } } });
	});
});
