import type { Answer } from './api';
import * as envelopes from './envelopes';
import type { ErrorShape, Fault, FaultKind, GatewayRefusalKind, Issue } from './types';

/** What an answer needs to know of the request and the server. */
export interface Asked {
	/** The model that the create body names, if it is one. */
	model: string;
	/** A fresh request id, as CometAPI puts it at the end of a message. */
	requestId: () => string;
}

const pageBody =
	'<!DOCTYPE html>\n<html>\n<head><title>API documentation</title></head>\n<body><p>Read on.</p></body>\n</html>\n';
const movedBody =
	'<html>\r\n<head><title>301 Moved Permanently</title></head>\r\n<body><center><h1>301 Moved Permanently</h1></center></body>\r\n</html>\r\n';
const protectionBody =
	'<!DOCTYPE html>\n<html lang="en-US">\n<head><title>Just a moment...</title><meta name="robots" content="noindex,nofollow"></head>\n' +
	'<body><noscript>Enable JavaScript and cookies to continue</noscript></body>\n</html>\n';

export const page = (status = 200): Answer => ({ status, text: pageBody, type: 'text/html; charset=utf-8' });

export const moved = (location: string | undefined, status = 301): Answer => ({
	status,
	text: movedBody,
	type: 'text/html',
	headers: location === undefined ? {} : { Location: location },
});

const protectionPage = (status = 403): Answer => ({
	status,
	text: protectionBody,
	type: 'text/html; charset=UTF-8',
	headers: { Server: 'cloudflare', 'cf-mitigated': 'challenge' },
});

/** A refusal of the gateway. `code` is empty where the family gives none; `always` if it comes with the words. */
interface GatewayRefusal {
	status: number;
	chinese: string;
	english: string;
	code?: string;
	always?: true;
	shape?: ErrorShape;
}

/** The gateway's own refusals, as data (fact sheet 8.2). `{model}` is the model that was asked for. */
const gatewayRefusals: Readonly<Record<GatewayRefusalKind, GatewayRefusal>> = {
	'key-wrong': { status: 401, chinese: '无效的令牌', english: 'invalid token' },
	'key-used-up': {
		status: 401,
		chinese: '该令牌额度已用尽 TokenStatusExhausted[sk-7c1***3aa]',
		english: 'The quota of this token is used up',
		code: 'TokenStatusExhausted',
	},
	'key-expired': { status: 401, chinese: '该令牌已过期', english: 'This token has expired' },
	'key-disabled': { status: 401, chinese: '该令牌状态不可用', english: 'The status of this token is unavailable' },
	'account-empty': {
		status: 403,
		chinese: '用户额度不足, 剩余额度: $0.012000',
		english: 'The user quota is not enough, remaining quota: $0.012000',
		code: 'insufficient_user_quota',
		always: true,
	},
	'prepayment-failed': {
		status: 403,
		chinese: '预扣费额度失败, 用户剩余额度: $0.012000, 需要预扣费额度: $0.320000',
		english: 'The quota for this request could not be reserved, remaining quota: $0.012000',
		code: 'pre_consume_token_quota_failed',
		always: true,
	},
	'quota-not-enough': {
		status: 403,
		chinese: '额度不足',
		english: 'The quota is not enough',
		code: 'quota_not_enough',
		always: true,
	},
	'model-not-allowed': {
		status: 403,
		chinese: '该令牌无权访问模型 {model}',
		english: 'This token has no access to model {model}',
	},
	'no-channel': {
		status: 503,
		chinese: '分组 default 下模型 {model} 无可用渠道（distributor）',
		english: 'No available channel for model {model} under group default (distributor)',
		code: 'model_not_found',
		always: true,
	},
	'daily-cap': {
		status: 429,
		chinese: 'You have reached your daily task limit for this model. Try again tomorrow.',
		english: 'You have reached your daily task limit for this model. Try again tomorrow.',
		shape: 'E5',
	},
};

function isGatewayRefusal(kind: FaultKind): kind is GatewayRefusalKind {
	return Object.hasOwn(gatewayRefusals, kind);
}

type Said = Partial<Pick<Fault, 'status' | 'shape' | 'code' | 'message' | 'issues' | 'retryAfter' | 'words'>>;

/** A refusal of the gateway, in Chinese unless told otherwise. What `said` states goes first. */
export function gatewayRefusal(kind: GatewayRefusalKind, asked: Asked, said: Said = {}): Answer {
	const { status, chinese, english, code, always, shape } = gatewayRefusals[kind];
	const { words = 'chinese' } = said;
	const coded = words === 'code' && code !== undefined;
	const message = coded ? code : words === 'chinese' ? chinese : english;
	return errorAnswer(asked, {
		...said,
		status: said.status ?? status,
		shape: said.shape ?? shape ?? 'E1',
		code: said.code ?? (always || coded ? code : undefined),
		message: said.message ?? message.replace('{model}', asked.model),
	});
}

const statusMessages: Readonly<Record<number, string>> = {
	400: 'ratio must not be empty',
	401: 'invalid token',
	403: 'this request is not allowed',
	404: 'not found',
	413: 'the body is too large',
	422: 'the body could not be processed',
	429: 'too many requests, retry later',
	500: 'an internal error occurred',
	502: 'bad gateway',
	503: 'upstream is busy',
	504: 'upstream did not answer in time',
	524: 'a timeout occurred',
};

const plainTexts: Readonly<Record<number, string>> = { 400: '400 Bad Request', 404: '404 page not found' };

const shapeStatus: Readonly<Partial<Record<ErrorShape, number>>> = {
	issues: 400,
	'packed-E1': 400,
	'packed-E2': 400,
	detail: 422,
};

const ratioIssue: Issue = {
	code: 'invalid_value',
	path: ['ratio'],
	message: 'Invalid option: expected one of "1280:720"|"720:1280"|"960:960"',
};

/** An error in one of the forms that errors come in. */
function errorAnswer({ requestId }: Asked, said: Said): Answer {
	const { shape = 'E1', code } = said;
	const status = said.status ?? shapeStatus[shape] ?? 503;
	const message = said.message ?? statusMessages[status] ?? 'the request failed';
	const issues = said.issues ?? [{ ...ratioIssue, message: said.message ?? ratioIssue.message }];
	const packed = () => JSON.stringify(envelopes.runwayIssues(issues));
	const inE1 = (words: string) => envelopes.cometError(words, requestId(), code);
	const inE2 = (words: string) => envelopes.taskError(code ?? 'fail_to_fetch_task', words);
	switch (shape) {
		case 'E1':
			return { status, json: inE1(message) };
		case 'E2':
			return { status, json: inE2(message) };
		case 'E5':
			return { status, json: envelopes.runwayError(message) };
		case 'issues':
			return { status, json: envelopes.runwayIssues(issues) };
		case 'packed-E1':
			return { status, json: inE1(packed()) };
		case 'packed-E2':
			return { status, json: inE2(packed()) };
		case 'detail':
			return { status, json: { detail: issues.map(fastApiDetail) } };
		case 'text': {
			const text = plainTexts[status] ?? `error code: ${status}`;
			return { status, text, type: 'text/plain; charset=utf-8' };
		}
		case 'empty':
			return { status };
	}
}

const fastApiDetail = ({ code, path, message }: Issue) => ({ loc: ['body', ...path], msg: message, type: code });

/** The answer that a fault puts in the place of the due one; undefined if it leaves that to the connection. */
export function faultAnswer(fault: Fault, asked: Asked): Answer | undefined {
	const { kind, message } = fault;
	if (isGatewayRefusal(kind)) return gatewayRefusal(kind, asked, fault);
	switch (kind) {
		case 'redirect':
			return moved(fault.location ?? '/docs', fault.status);
		case 'html':
			return page(fault.status);
		case 'html-301':
			return moved(undefined);
		case 'protection-page':
			return protectionPage(fault.status);
		case 'wrong-json':
			return { status: 200, json: { ok: true, result: 'accepted' } };
		case 'empty-object':
			return { status: 200, json: {} };
		case 'status':
			return errorAnswer(asked, fault);
		case 'invalid-request': {
			const words = message ?? 'field options.seconds must be an integer';
			return errorAnswer(asked, { status: 500, code: 'invalid_request', message: words });
		}
		case 'business':
			return { status: 200, json: envelopes.businessError(message ?? 'the source image cannot be downloaded') };
		case 'insufficient-quota': {
			const words = message ?? 'balance too low for this task';
			return errorAnswer(asked, { status: 403, shape: 'E2', code: 'insufficient_user_quota', message: words });
		}
		case 'saturated':
			return errorAnswer(asked, { status: 429, shape: 'E2', message: message ?? '上游繁忙，请稍后再试' });
		default:
			return undefined;
	}
}
