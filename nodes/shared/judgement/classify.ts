import { errorCode, errorMessage } from '../task/refusal';
import type { Reason } from './reason';

/** Finds what an answer means by the first sign that fits, from the most certain to the vaguest. */

/** What of an answer can be a sign. */
interface Facts {
	status: number;
	/** The text code of the body, or empty. */
	code: string;
	/** The answer's own words, or empty. */
	words: string;
	isWebPage: boolean;
}

interface Sign {
	reason: Reason;
	/** HTTP statuses; left out for any. */
	status?: (status: number) => boolean;
	code?: RegExp;
	/** Looked for in the words and in the code. */
	words?: RegExp;
	isWebPage?: true;
}

/** The longest part of an answer's words that is searched. */
const MAX_WORDS = 10_000;

const between = (first: number, last: number) => (status: number) => status >= first && status <= last;
const oneOf =
	(...statuses: number[]) =>
	(status: number) =>
		statuses.includes(status);
const refused = between(400, 499);
/** A refusal may also be packed into a 200. In a 5xx, words are no proof that nothing was created. */
const refusedSomehow = (status: number) => status < 300 || refused(status);
const keyRefused = oneOf(401, 403);

/**
 * CometAPI's own statuses (fact sheet 4.1), and the codes and words of its gateway family and of Runway, English and Chinese
 * (fact sheet 8.2).
 */
const signs: readonly Sign[] = [
	{ reason: 'wrongUrl', status: between(300, 399) },
	{ reason: 'wrongUrl', isWebPage: true, status: (status) => status < 300 || status === 404 },
	// Proxies dress their own errors as pages, too; those mean what their status says.
	{ reason: 'webPage', isWebPage: true, status: (status) => refused(status) && ![408, 413, 429].includes(status) },

	{ reason: 'modelUnavailable', code: /^(model_not_found|model_not_exist|no_available_channel)$/i },
	{
		reason: 'modelUnavailable',
		// An answer that speaks of another try comes after a first one, which may have created the task.
		status: (status) => status === 503 || refusedSomehow(status),
		words: /^(?!.*(retry|重试)).*(no available (channel|distributor)|无可用渠道|model[_ ]not[_ ]found)/is,
	},
	{
		reason: 'dailyCap',
		status: refused,
		words:
			/\bdaily\b.{0,40}\b(limit|cap|quota)|limit.{0,20}\b(per|for the|each|a) day\b|(今日|每日|当日|每天).{0,20}(上限|限额|限制|次数)/i,
	},
	{
		reason: 'modelNotAllowed',
		status: keyRefused,
		words:
			/(no access to|not allowed to (use|access)|does not have access to|无权(访问|使用)).{0,40}(model|模型)|(model|模型).{0,60}(not allowed|not permitted|not enabled|未开通|不可用于)/i,
	},
	{ reason: 'keyExpired', status: keyRefused, words: /(token|key|令牌|密钥).{0,30}(expired|过期)|TokenStatusExpired/i },
	{ reason: 'keyUsedUp', code: /^(pre_consume_token_quota_failed|quota_not_enough)$/i },
	{
		reason: 'keyUsedUp',
		status: (status) => status !== 429 && refusedSomehow(status),
		words:
			/TokenStatusExhausted|(令牌|密钥).{0,10}额度.{0,10}(用尽|不足|耗尽)|\b(token|key)('s)? (quota|limit|credits?) (is |has been )?(used up|exhausted|exceeded|not enough|insufficient)|\b(quota|limit|credits?) of (this|the|your) (api )?(token|key) (is |has been )?(used up|exhausted|exceeded)/i,
	},
	{ reason: 'balance', code: /^(insufficient_(user_)?(quota|balance|credits?|funds))$/i },
	{
		reason: 'balance',
		status: refusedSomehow,
		words:
			/(额度|余额)(不足|已用尽)|预扣费.{0,4}失败|(insufficient|not enough|do not have enough) (\w+ ){0,2}(balance|credits?|quota|funds)/i,
	},
	{ reason: 'balance', status: oneOf(402) },
	{ reason: 'balance', status: oneOf(403), words: /\b(quota|balance|credits)\b/i },
	{
		reason: 'keyDisabled',
		status: keyRefused,
		words:
			/(令牌|密钥).{0,6}(状态不可用|已被禁用|已禁用)|TokenStatusDisabled|\b(token|key) (status )?(is |has been )?(disabled|unavailable|inactive|suspended)/i,
	},

	{ reason: 'auth', status: oneOf(401) },
	{ reason: 'forbidden', status: oneOf(403) },
	{ reason: 'notFound', status: oneOf(404, 405) },
	{ reason: 'tooLarge', status: oneOf(413) },
	{ reason: 'rateLimit', status: oneOf(429) },
	// CometAPI dresses some refused requests as a 500 with this code (fact sheet 4.1).
	{ reason: 'badRequest', code: /^invalid_request$/i, status: between(200, 599) },
	{ reason: 'server', status: (status) => status >= 500 || status === 408 },
	{ reason: 'badRequest', status: refused },
	// Some gateways say inside a 200 that they lost track of the request.
	{ reason: 'server', code: /^(408|5(?!00)\d\d)$/ },
	// A business error inside a 200 carries its own code (fact sheet 4.2).
	{ reason: 'badRequest', code: /^(?!200$|success$).+/i },
	{ reason: 'unreadable' },
];

/** Finds what an answer means if it does not contain what was asked for. */
export function classify({ status, body }: { status: number; body: unknown }): Reason {
	const facts: Facts = {
		status,
		code: errorCode(body) ?? '',
		words: (errorMessage(body) ?? (typeof body === 'string' && !isWebPage(body) ? body : '')).slice(0, MAX_WORDS),
		isWebPage: isWebPage(body),
	};
	return signs.find((sign) => fits(sign, facts))?.reason ?? 'unreadable';
}

/**
 * Finds what the HTTP status of a file's server means; null if the file comes.
 * @param sentKey whether the request had the key, so that it can be what was refused
 */
export function classifyFile(status: number, sentKey: boolean): Reason | null {
	if (status >= 200 && status < 300) return null;
	const isGone = status === 404 || status === 410 || (!sentKey && keyRefused(status));
	return isGone ? 'expired' : classify({ status, body: null });
}

function fits(sign: Sign, { status, code, words, isWebPage: isPage }: Facts): boolean {
	return (
		(sign.status?.(status) ?? true) &&
		(sign.isWebPage !== true || isPage) &&
		(sign.code?.test(code) ?? true) &&
		(sign.words === undefined || sign.words.test(words) || sign.words.test(code))
	);
}

/** Whether a body is a web page in place of JSON. */
export function isWebPage(body: unknown): boolean {
	return typeof body === 'string' && /^\s*(<!doctype\s+html|<html|<head|<body)/i.test(body);
}
