import fc from 'fast-check';

import { createRunwayClient, type CreateOutcome } from '../../../nodes/shared/api/client';
import { explain } from '../../../nodes/shared/api/explain';
import { networkProblem, responseProblem, type Problem } from '../../../nodes/shared/api/problem';
import { redact, redactDeep } from '../../../nodes/shared/api/redact';
import type { ApiAnswer, ApiRequest } from '../../../nodes/shared/api/send';
import { judge } from '../../../nodes/shared/judgement/judge';
import { holds } from './fuzz';
import { anyBody, json, longText } from './inputs';

const SECRET = 'Zq7secret7qZ';
const MAX_WORDS = 1_500;

/** Texts that hold a secret where secrets are found: in the query of a URL, after Bearer, in a key. */
const secretive = fc
	.tuple(
		fc.string({ maxLength: 30, unit: 'binary' }),
		fc.constantFrom(
			`https://cdn.example.com/a/b.mp4?_jwt=${SECRET}`,
			`HTTPS://cdn.example.com/${'deep/'.repeat(700)}b.mp4?a=1&X-Amz-Signature=${SECRET}`,
			`https://user:${SECRET}@cdn.example.com/a.mp4`,
			`(https://cdn.example.com/a.mp4?n='x'&sig=${SECRET})`,
			`https:\\/\\/cdn.example.com\\/a.mp4?sig=${SECRET}`,
			`bucket.example.com/in.png?X-Amz-Signature=${SECRET}`,
			`/assets/in.png?_jwt=${SECRET}&exp=1`,
			`Authorization: Bearer ${SECRET}`,
			`{"Authorization":"Bearer ${SECRET}"}`,
			`bearer "${SECRET}"`,
			`sk-${SECRET}`,
			`api_key_sk-${SECRET}`,
		),
		fc.string({ maxLength: 30, unit: 'binary' }),
	)
	.map(([before, secret, after]) => `${before} ${secret} ${after}`);

const status = fc.oneof(
	{
		weight: 5,
		arbitrary: fc.constantFrom(200, 201, 204, 301, 302, 400, 401, 402, 403, 404, 408, 413, 429, 500, 502, 503, 524),
	},
	{ weight: 1, arbitrary: fc.integer({ min: 100, max: 599 }) },
);
const headers = fc.dictionary(
	fc.constantFrom('retry-after', 'retry-after-ms', 'x-request-id', 'content-type', '__proto__'),
	fc.oneof(fc.string(), fc.constantFrom('5', '-1', '1e9', 'Sat, 21 Nov 2026 00:00:00 GMT', 'NaN'), secretive),
);
/** A body that may hold a secret somewhere. */
const body = fc.oneof(
	{ weight: 4, arbitrary: anyBody },
	{
		weight: 1,
		arbitrary: fc
			.tuple(secretive, json, fc.constantFrom('message', 'msg', 'error', 'code', 'failure'))
			.map(([text, inner, name]): unknown => ({ [name]: text, data: inner })),
	},
);
const response = fc.record({ kind: fc.constant('response' as const), status, headers, body });
const noResponse = fc.record({
	kind: fc.constant('noResponse' as const),
	mayHaveArrived: fc.boolean(),
	code: fc.option(fc.constantFrom('ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT')),
	message: fc.oneof(fc.string(), secretive),
});
const answer: fc.Arbitrary<ApiAnswer> = fc.oneof(
	{ weight: 8, arbitrary: response },
	{ weight: 2, arbitrary: noResponse },
	{ weight: 1, arbitrary: fc.constant<ApiAnswer>({ kind: 'aborted' }) },
);

function clientOver(reply: ApiAnswer) {
	const sent: ApiRequest[] = [];
	const send = async (request: ApiRequest) => {
		sent.push(request);
		return reply;
	};
	return { sent, client: createRunwayClient(send, { runwayVersion: '2024-11-06', now: () => 1_790_000_000_000 }) };
}

/** What people read of a problem holds no secret and is not endless. */
function expectFitToRead(problem: Problem): void {
	const { message, advice } = explain(problem, 'create');
	const words = `${message} ${advice} ${JSON.stringify(problem)}`;
	expect(words).not.toContain(SECRET);
	expect(`${message} ${advice}`.length).toBeLessThan(MAX_WORDS);
}

function expectRetryAfter(milliseconds: number | null): void {
	if (milliseconds === null) return;
	expect(milliseconds).toBeGreaterThanOrEqual(0);
	expect(milliseconds).toBeLessThanOrEqual(60_000);
}

function checkCreate(outcome: CreateOutcome, reply: ApiAnswer): void {
	if (outcome.kind === 'notCreated') {
		const isTurnedAway = reply.kind === 'response' && reply.status === 429;
		const neverLeft = reply.kind === 'noResponse' && !reply.mayHaveArrived;
		const mayBeSentAgain = judge('create', outcome.problem.reason, { answers: 1, ms: 0 }) === 'askAgain';
		if (mayBeSentAgain) expect(isTurnedAway || neverLeft).toBe(true);
		expectRetryAfter(outcome.retryAfterMs);
	}
	if (reply.kind === 'noResponse' && reply.mayHaveArrived) expect(outcome.kind).toBe('unknown');
	if (reply.kind === 'response' && reply.status >= 300) expect(outcome.kind).not.toBe('created');
	if (outcome.kind === 'notCreated' || outcome.kind === 'unknown') expectFitToRead(outcome.problem);
}

describe('The client', () => {
	it('sends a create once and says only if it is certain that it may be sent again', async () =>
		await holds('a create over any answer', answer, async (reply) => {
			const { client, sent } = clientOver(reply);
			checkCreate(await client.create('/runwayml/v1/image_to_video', {}), reply);
			expect(sent).toHaveLength(1);
		}));

	it('reads a task over any answer without throwing', async () =>
		await holds('a read over any answer', answer, async (reply) => {
			const { client, sent } = clientOver(reply);
			const outcome = await client.read('t', 'official');
			expect(sent).toHaveLength(1);
			if (outcome.kind !== 'trouble') return;
			expectRetryAfter(outcome.retryAfterMs);
			expectFitToRead(outcome.problem);
		}));

	it('asks for a task on its own route alone, whatever the id is', async () => {
		const odd = fc.constantFrom(
			'..',
			'.',
			'../..',
			'%2e%2e',
			'..\\..',
			'a/../../x',
			'a?b=c',
			'a#b',
			'\ud800',
			'a\r\nX: y',
		);
		const id = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), odd);
		await holds('ids in a path', fc.tuple(id, fc.constantFrom('official', 'compatibility')), async ([taskId, api]) => {
			const { client, sent } = clientOver({ kind: 'aborted' });
			await client.read(taskId, api);
			for (const { path } of sent) {
				const url = new URL(`https://api.example.com${path}`);
				expect(url.search + url.hash).toBe('');
				expect(url.pathname).toBe(path);
				expect(path).toMatch(api === 'official' ? /^\/runwayml\/v1\/tasks\/[^/]+$/ : /^\/runway\/feed$/);
			}
		});
	});
});

describe('Words for people', () => {
	it('hold no secret and are not endless, whatever the API answers', async () =>
		await holds('a problem in words', fc.oneof(response, noResponse), (reply) =>
			expectFitToRead(reply.kind === 'response' ? responseProblem(reply) : networkProblem(reply)),
		));

	it('hold no query, key or token after redaction, which can be done twice', async () =>
		await holds('redaction of arbitrary text', fc.tuple(secretive, json), ([text, value]) => {
			const once = redact(text);
			expect(once).not.toContain(SECRET);
			expect(redact(once)).toBe(once);
			const deep = JSON.stringify(redactDeep({ value, [text]: [text, { text }] }));
			expect(deep).not.toContain(SECRET);
		}));

	it('are redacted in little time, however long and odd the text is', async () =>
		await holds('redaction of long text', longText, (text) => {
			expect(redact(text).length).toBeLessThanOrEqual(text.length + 20_000);
		}));

	it('are found in little time, however long and odd the answer is', async () =>
		await holds('problems of long text', fc.tuple(longText, fc.boolean()), ([text, isBare]) =>
			expectFitToRead(
				responseProblem({
					kind: 'response',
					status: 500,
					headers: {},
					body: isBare ? text : { message: text, code: text },
				}),
			),
		));
});
