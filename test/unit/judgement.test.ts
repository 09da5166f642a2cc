import { classify } from '../../nodes/shared/judgement/classify';
import { judge, limits, rulings, type Kind, type Question } from '../../nodes/shared/judgement/judge';
import { readNetworkFault } from '../../nodes/shared/judgement/networkFault';
import type { Reason } from '../../nodes/shared/judgement/reason';
import { FaultRow } from '../../nodes/shared/wait/row';
import { cpuMsOf, ONE_PASS_MS } from '../support/cpuTime';

const HTML = '<!DOCTYPE html><html><title>Just a moment...</title></html>';
const comet = (message: string, code = '') => ({ error: { message, type: 'comet_api_error', param: '', code } });

describe('What an answer means', () => {
	const rows: Array<[what: string, status: number, body: unknown, Reason]> = [
		['a wrong key', 401, comet('invalid token'), 'auth'],
		['a wrong key in Chinese', 401, comet('无效的令牌'), 'auth'],
		['a key used up, in Chinese', 401, comet('该令牌额度已用尽 TokenStatusExhausted[sk-7c1***3aa]'), 'keyUsedUp'],
		['a key used up, by its code', 403, comet('预扣费额度失败', 'pre_consume_token_quota_failed'), 'keyUsedUp'],
		['a key used up, by another code', 403, { code: 'quota_not_enough', message: 'no', data: null }, 'keyUsedUp'],
		['a key used up, in English', 401, comet('token quota is not enough'), 'keyUsedUp'],
		['a key used up, in other words', 401, comet('The quota of this token is used up'), 'keyUsedUp'],
		['an expired key, in Chinese', 401, comet('该令牌已过期'), 'keyExpired'],
		['an expired key, in English', 401, comet('The API key has expired'), 'keyExpired'],
		['a disabled key', 401, comet('该令牌状态不可用'), 'keyDisabled'],
		['a disabled key, in English', 403, comet('This token has been disabled'), 'keyDisabled'],
		['an empty account, in Chinese', 403, comet('用户额度不足, 剩余额度: $0.012000'), 'balance'],
		['an empty account, by its code', 403, { code: 'insufficient_user_quota', message: 'x' }, 'balance'],
		["Runway's empty account", 400, { error: 'You do not have enough credits to run this task.' }, 'balance'],
		['an empty account that is asked to pay', 402, {}, 'balance'],
		['a balance that can not be charged', 403, comet('预扣费额度失败, 用户剩余额度: 0'), 'balance'],
		['a model that the key may not use', 403, comet('该令牌无权访问模型 gen4.5'), 'modelNotAllowed'],
		[
			'a model that the key may not use, in English',
			403,
			comet('This token has no access to model gen4.5'),
			'modelNotAllowed',
		],
		[
			'a model that nobody serves',
			503,
			comet('No available channel for model x (distributor)', 'model_not_found'),
			'modelUnavailable',
		],
		[
			'a model that nobody serves, in Chinese',
			503,
			comet('分组 default 下模型 x 无可用渠道（distributor）'),
			'modelUnavailable',
		],
		['a daily cap', 429, { error: 'You have reached your daily task limit for this model.' }, 'dailyCap'],
		['a daily cap, in Chinese', 429, comet('已达到今日请求上限'), 'dailyCap'],
		['a rate limit', 429, comet('too many requests'), 'rateLimit'],
		['a saturated provider', 429, { code: 'fail_to_fetch_task', message: '上游繁忙，请稍后再试' }, 'rateLimit'],
		['a protection page', 403, HTML, 'webPage'],
		['a rate limit as a page', 429, HTML, 'rateLimit'],
		['a time-out as a page', 408, HTML, 'server'],
		['too large a body as a page', 413, HTML, 'tooLarge'],
		[
			'a channel that is tried again',
			500,
			comet('No available channel for model x (retry)', 'get_channel_failed'),
			'server',
		],
		['a channel that is tried again, as a 503', 503, comet('No available channel for model x (retry)'), 'server'],
		[
			'a ratio that the model may not have',
			400,
			{ error: 'model gen4_turbo: ratio 16:9 is not allowed' },
			'badRequest',
		],
		['a prompt about credit cards', 403, comet('Prompt rejected: credit card numbers'), 'forbidden'],
		['a rate limit of the key', 429, comet('key limit exceeded, retry in 20s'), 'rateLimit'],
		['another lost request inside a 200', 200, { code: 522, msg: 'timed out', data: null }, 'server'],
		['a failed submission inside a 200', 200, { code: 500, msg: 'submission failed', data: [] }, 'badRequest'],
		['the page of a broken proxy', 502, HTML, 'server'],
		['the page of another site', 200, HTML, 'wrongUrl'],
		['a redirect', 302, '', 'wrongUrl'],
		['a forbidden request', 403, comet('no'), 'forbidden'],
		['a refused field', 422, { detail: [{ loc: ['body', 'ratio'], msg: 'bad' }] }, 'badRequest'],
		['a refusal dressed as a 500', 500, comet('bad', 'invalid_request'), 'badRequest'],
		['a broken server', 500, comet('internal error'), 'server'],
		['a broken server that speaks of an empty account', 500, comet('upstream: not enough credits'), 'server'],
		['a lost request inside a 200', 200, { code: 504, msg: 'timed out', data: null }, 'server'],
		['a business error inside a 200', 200, { code: 400, msg: 'no', data: null }, 'badRequest'],
		['an empty object', 200, {}, 'unreadable'],
		['nothing', 200, undefined, 'unreadable'],
	];

	it.each(rows)('%s (HTTP %i)', (_, status, body, reason) => {
		expect(classify({ status, body })).toBe(reason);
	});

	it('is found quickly, however long the words are', async () => {
		for (const piece of ['token ', 'model ', '额度', 'daily ', 'limit ', 'key has been ']) {
			const body = comet(piece.repeat(200_000));
			expect(await cpuMsOf(() => classify({ status: 403, body }))).toBeLessThan(ONE_PASS_MS);
		}
	});
});

const reasons = Object.keys(rulings) as Reason[];
const reads: Array<Exclude<Question, 'create'>> = ['readSeen', 'readNamed', 'lookUp', 'readCalled', 'account', 'file'];
const FOREVER = { answers: 10_000, ms: 100 * 3_600_000 };

describe('The table of judgement', () => {
	it.each(reasons)('never lets one answer "%s" end the wait for a task', (reason) => {
		for (const question of ['readSeen', 'readNamed', 'readCalled'] as const) {
			expect(judge(question, reason, { answers: 1, ms: 0 })).toBe('askAgain');
		}
	});

	it.each(reasons)('never sends a create again that may have made a task (%s)', (reason) => {
		if (!rulings[reason].mayHaveCreated) return;
		expect(judge('create', reason, { answers: 1, ms: 0 })).toBe('endItem');
	});

	it('says of a 5xx, a broken connection and an unreadable answer alone that they may have made a task', () => {
		expect(reasons.filter((reason) => rulings[reason].mayHaveCreated)).toEqual(['network', 'server', 'unreadable']);
	});

	it('bears a revoked key for about half a minute, then ends the run', () => {
		expect(judge('readSeen', 'auth', { answers: 9, ms: 14_000 })).toBe('askAgain');
		expect(judge('readSeen', 'auth', { answers: 4, ms: 15_000 })).toBe('endRun');
	});

	it('lets a fresh id be unknown for five minutes, and one that was seen until its time limit', () => {
		expect(judge('readNamed', 'notVisible', { answers: 50, ms: 290_000 })).toBe('askAgain');
		expect(judge('readNamed', 'notVisible', { answers: 50, ms: 301_000 })).toBe('endItem');
		expect(judge('readSeen', 'notVisible', FOREVER)).toBe('askAgain');
	});

	it('waits for an API that is down as long as the task may take', () => {
		for (const reason of reasons.filter((each) => rulings[each].kind === 'passing')) {
			expect(judge('readSeen', reason, FOREVER)).toBe('askAgain');
		}
	});

	it.each(['auth', 'keyExpired', 'keyUsedUp', 'keyDisabled', 'balance', 'dailyCap', 'wrongUrl'] as const)(
		'stops all further creates for "%s", at once',
		(reason) => {
			expect(judge('create', reason, { answers: 1, ms: 0 })).toBe('endRun');
		},
	);

	it.each(['modelUnavailable', 'modelNotAllowed', 'badRequest', 'forbidden', 'tooLarge'] as const)(
		'leaves the other creates alone for "%s"',
		(reason) => {
			expect(judge('create', reason, { answers: 1, ms: 0 })).toBe('endItem');
		},
	);

	it('ends every question that has no time limit of its own', () => {
		for (const question of reads.filter((each) => ['account', 'file'].includes(each))) {
			for (const kind of Object.keys(limits) as Kind[]) expect(limits[kind][question].answers).toBeLessThan(10);
		}
	});
});

describe('A row of faults', () => {
	it('counts answers to requests that followed one another, and the time from the first to the last', () => {
		const row = new FaultRow();
		expect(row.add('account', 0, 100)).toEqual({ answers: 1, ms: 0 });
		expect(row.add('account', 1_100, 1_200)).toEqual({ answers: 2, ms: 1_100 });
	});

	it('counts a burst of requests that were under way together once', () => {
		const row = new FaultRow();
		const burst = [100, 101, 102, 103, 104].map((now) => row.add('passing', 0, now).answers);
		expect(burst).toEqual([1, 1, 1, 1, 1]);
		expect(row.add('passing', 200, 300).answers).toBe(2);
	});

	it('starts over with another kind, and after an answer without fault', () => {
		const row = new FaultRow();
		row.add('absence', 0, 1);
		row.add('absence', 60_000, 60_001);
		expect(row.add('passing', 120_000, 120_001)).toEqual({ answers: 1, ms: 0 });
		expect(row.add('absence', 180_000, 180_001)).toEqual({ answers: 1, ms: 0 });
		row.clear();
		expect(row.add('absence', 240_000, 240_001)).toEqual({ answers: 1, ms: 0 });
	});
});

describe('A request that got no answer', () => {
	const fault = (message: string, facts: object = {}) => Object.assign(new Error(message), facts);
	const neverSent: Array<[string, Error]> = [
		['a connection that timed out', fault('connect ETIMEDOUT 10.0.0.1:443', { code: 'ETIMEDOUT', syscall: 'connect' })],
		['no free handle', fault('connect EMFILE 10.0.0.1:443', { code: 'EMFILE', syscall: 'connect' })],
		['no free address', fault('connect EADDRNOTAVAIL', { code: 'EADDRNOTAVAIL', syscall: 'connect' })],
		['a name server that is away', fault('getaddrinfo EAI_FAIL api', { code: 'EAI_FAIL', syscall: 'getaddrinfo' })],
		[
			'all addresses of a name',
			fault('', {
				code: 'ETIMEDOUT',
				errors: [
					fault('connect ETIMEDOUT 10.0.0.1:443', { code: 'ETIMEDOUT', syscall: 'connect' }),
					fault('connect ENETUNREACH ::1', { code: 'ENETUNREACH', syscall: 'connect' }),
				],
			}),
		],
		[
			'a key with a character that no header may have',
			fault('Invalid character in header content', { code: 'ERR_INVALID_CHAR' }),
		],
		[
			"n8n's protection of its own network",
			fault('The request was blocked because it resolves to a restricted IP address'),
		],
		['a proxy that lets nothing through', fault('tunneling socket could not be established, statusCode=407')],
	];

	it.each(neverSent)('because of %s was never sent', (_, error) => {
		expect(readNetworkFault(new Error('wrapped by n8n', { cause: error })).mayHaveArrived).toBe(false);
	});

	const perhaps: Array<[string, Error]> = [
		['a reset', fault('read ECONNRESET', { code: 'ECONNRESET', syscall: 'read' })],
		['a hang-up', fault('socket hang up', { code: 'ECONNRESET' })],
		['a time limit', fault('timeout of 120000ms exceeded', { code: 'ECONNABORTED' })],
		['a host that vanished', fault('read EHOSTUNREACH', { code: 'EHOSTUNREACH', syscall: 'read' })],
		['anything else', new Error('odd')],
	];

	it.each(perhaps)('because of %s may have been sent', (_, error) => {
		expect(readNetworkFault(new Error('wrapped by n8n', { cause: error })).mayHaveArrived).toBe(true);
	});

	it('with causes in a circle is read all the same', () => {
		const error: Error & { cause?: unknown } = new Error('round');
		error.cause = error;
		expect(readNetworkFault(error)).toEqual({ mayHaveArrived: true, code: null, message: 'round' });
	});
});
