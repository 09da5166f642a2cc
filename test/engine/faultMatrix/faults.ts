import type { Fault } from '../../support/standin';
import type { Column } from './operations';

/**
 * The rows of the matrix and what has to come of each, derived from the fact sheet's rules for repeating
 * requests: reads are repeated; a create is repeated only where it can't have been accepted.
 */

/** What a fault comes to, for the item that meets it. */
export type Outcome =
	/** The result, as if nothing had happened. */
	| 'delivered'
	/** The result's URLs, and the reason why its file is missing. */
	| 'without file'
	/** An error that says that nothing was created. */
	| 'not created'
	/** An error that says that a task may have been created. */
	| 'unknown'
	/** An error that names the task and what to do about it. */
	| 'task named'
	/** An error where no task is concerned. */
	| 'error';

/** Where a fault strikes: on requests of one kind, or in the task itself. */
export type Place = 'create' | 'read' | 'task' | 'asset' | 'quota';

export interface Row {
	/** The section of the table. */
	section: string;
	title: string;
	place: Place;
	/** The scripted fault; none for a task that goes wrong by itself. */
	fault?: Omit<Fault, 'on' | 'match'>;
	/** What the prompt asks of the faulty task. */
	directive?: string;
	/** Nobody listens at the base URL, so that both items are concerned. */
	nobodyListens?: boolean;
	/** The stand-in does not tell which item meets it. */
	anyItem?: boolean;
	/** What befalls one task befalls all. */
	everyone?: boolean;
	/** Seconds that the faulty item is waited for. */
	timeLimit?: number;
	/** Milliseconds that a request may take, where no answer comes. */
	longestRequestMs?: number;
	/** Whether a create that meets the fault may have been accepted. */
	mayBeAccepted?: boolean;
	/** Creates sent for the faulty item; 1 unless said otherwise. */
	sends?: number;
	/** By column; a column that is missing does not meet the fault. */
	expected: Partial<Record<Column, Outcome>>;
	/** What the error, or the reason for the missing file, has to say. */
	says?: RegExp;
}

/** Secrets that the API repeats in its answers. */
export interface Secrets {
	apiKey: string;
	query: string;
}

/** What a healthy request never takes, not even on a busy machine. */
const NO_ANSWER_MS = 6_000;
const FOR_GOOD = 1_000_000;
/** Seconds. */
const SOON = 1;

type Verdict = 'delivered' | 'not created' | 'unknown';
type Reading = 'passing' | 'refused';

/** A fault of HTTP, and how creates, reads and the balance query have to take it. */
interface HttpFault {
	title: string;
	fault: Omit<Fault, 'on' | 'match'>;
	create?: Verdict;
	read?: Reading;
	balance?: Reading;
	sends?: number;
	says: RegExp;
	more?: Partial<Row>;
}

const status = (code: number, more: Partial<Fault> = {}) => ({ kind: 'status', status: code, ...more }) as const;
const UNREACHED = /can't be reached/;
const SERVER = /the provider behind it/;
const WRONG_URL = /base URL/;
const noAnswer = { longestRequestMs: NO_ANSWER_MS };

/** Nothing can tell whether the create was accepted; asking again for a state is free. */
const doubtful = (
	title: string,
	fault: HttpFault['fault'],
	says: RegExp,
	more: Partial<HttpFault> = {},
): HttpFault => ({
	title,
	fault,
	create: 'unknown',
	read: 'passing',
	balance: 'passing',
	says,
	...more,
});
/** The API has said no. */
const refused = (title: string, fault: HttpFault['fault'], says: RegExp, more: Partial<HttpFault> = {}): HttpFault => ({
	title,
	fault,
	create: 'not created',
	read: 'refused',
	balance: 'refused',
	says,
	...more,
});

const httpFaults: readonly HttpFault[] = [
	doubtful('connection refused after it was made', { kind: 'refuse' }, UNREACHED, { more: { anyItem: true } }),
	doubtful('connection reset before the request was taken', { kind: 'reset-before' }, UNREACHED),
	doubtful('connection reset after the request was taken', { kind: 'reset-after' }, UNREACHED, { read: undefined }),
	doubtful('no answer, request not taken', { kind: 'timeout' }, UNREACHED, { more: noAnswer }),
	doubtful('no answer, request taken', { kind: 'timeout-after' }, UNREACHED, { read: undefined, more: noAnswer }),
	doubtful('JSON cut off with the connection', { kind: 'truncated-json' }, UNREACHED),
	doubtful('half of the JSON as if it were all', { kind: 'truncated-json', length: 'honest' }, /unknown form/, {
		balance: 'refused',
	}),
	doubtful('JSON of another kind', { kind: 'wrong-json' }, /unknown form/, { balance: 'refused' }),
	doubtful('empty object', { kind: 'empty-object' }, /unknown form/, { balance: 'refused' }),
	refused('redirect 301', { kind: 'redirect' }, WRONG_URL),
	refused('redirect 307', { kind: 'redirect', status: 307 }, WRONG_URL),
	refused('301 without a target', { kind: 'html-301' }, WRONG_URL),
	refused('web page with HTTP 200', { kind: 'html' }, WRONG_URL, { read: 'passing' }),
	doubtful('web page with HTTP 502', { kind: 'html', status: 502 }, SERVER),
	refused('HTTP 400', status(400), /refused the request/),
	refused('HTTP 400 in Runway’s words', status(400, { shape: 'E5' }), /refused the request/),
	refused('HTTP 401', status(401), /does not accept the API key/, { more: { everyone: true } }),
	refused('HTTP 403', status(403), /does not allow/),
	refused('HTTP 403, balance too low', { kind: 'insufficient-quota' }, /balance is too low/),
	refused('HTTP 404', status(404), /does not know/),
	refused('HTTP 413', status(413), /too large/),
	doubtful('HTTP 408', status(408), SERVER),
	doubtful('HTTP 429 with Retry-After', status(429, { retryAfter: 1 }), /too many requests/, {
		create: 'delivered',
		sends: 2,
	}),
	doubtful('HTTP 429 as saturation', { kind: 'saturated' }, /too many requests/, { create: 'delivered', sends: 2 }),
	doubtful('HTTP 500', status(500), SERVER),
	refused('HTTP 500 with invalid_request', { kind: 'invalid-request' }, /refused the request/),
	doubtful('HTTP 502', status(502, { shape: 'text' }), SERVER),
	doubtful('HTTP 503', status(503), SERVER),
	doubtful('HTTP 504', status(504, { shape: 'empty' }), SERVER),
	doubtful('HTTP 524', status(524), SERVER),
	refused('business error in HTTP 200', { kind: 'business' }, /refused the request/, { read: 'passing' }),
];

const creating: Row[] = [
	...httpFaults.flatMap(({ title, fault, create, sends, says, more }): Row[] =>
		create === undefined
			? []
			: [
					{
						section: 'While a task is created',
						title,
						place: 'create',
						fault,
						sends,
						says,
						mayBeAccepted: create === 'unknown',
						expected: { 'Create, official': create, 'Create, compatibility': create },
						...more,
						everyone: false,
					},
				],
	),
	{
		section: 'While a task is created',
		title: 'HTTP 429 up to the time limit',
		place: 'create',
		fault: status(429, { times: FOR_GOOD }),
		timeLimit: SOON,
		mayBeAccepted: false,
		says: /too many requests/,
		expected: { 'Create, official': 'not created', 'Create, compatibility': 'not created' },
	},
	{
		section: 'While a task is created',
		title: 'nobody listens',
		place: 'create',
		nobodyListens: true,
		sends: 0,
		says: UNREACHED,
		expected: { 'Create, official': 'not created', 'Create, compatibility': 'not created' },
	},
];

const onEveryTask = (outcome: Outcome): Row['expected'] => ({
	'Create, official': outcome,
	'Create, compatibility': outcome,
	'Task: Get': outcome,
	'Task: Wait': outcome,
	'Task: Download': outcome,
});

const reading: Row[] = httpFaults.flatMap(({ title, fault, read, says, more }): Row[] => {
	const once: Row = {
		section: 'While a state is read, once',
		title,
		place: 'read',
		fault,
		expected: onEveryTask('delivered'),
		...more,
	};
	const forGood: Row = {
		...once,
		section: 'While a state is read, for good',
		fault: { ...fault, times: FOR_GOOD },
		timeLimit: SOON,
		says: read === 'refused' ? says : /could not be read|was still|not finished/,
		expected: onEveryTask('task named'),
	};
	// The stand-in can't tell whose read it refuses, and both items can't fail for good.
	if (read === 'passing') return more?.anyItem ? [once] : [once, forGood];
	return read === 'refused' ? [forGood] : [];
});

const asking: Row[] = httpFaults.flatMap(({ title, fault, balance, says, more }): Row[] => {
	const row = { place: 'quota', title, says, ...more, anyItem: false, everyone: false } as const;
	const forGood: Row = {
		...row,
		section: 'While the balance is asked for, for good',
		fault: { ...fault, skip: 1, times: FOR_GOOD },
		expected: { 'Get Balance': 'error' },
	};
	const once: Row = {
		...row,
		section: 'While the balance is asked for, once',
		fault: { ...fault, skip: 1 },
		expected: { 'Get Balance': 'delivered' },
	};
	return balance === 'passing' ? [once, forGood] : [forGood];
});

/** A failed task is data for Get, which says how things stand, and an error for those that want the result. */
const ended = (outcome: Outcome): Row['expected'] => ({ ...onEveryTask(outcome), 'Task: Get': 'delivered' });

const states: Row[] = (
	[
		['vanishes', '[vanish]', ended('task named'), /knows the task|is running/],
		['goes backwards', '[backwards] [takes 1 s]', onEveryTask('delivered'), undefined],
		['succeeds without a URL', '[no url]', ended('task named'), /no URL of a result/],
		['fails by moderation', '[fail SAFETY.INPUT.TEXT]', ended('task named'), /task failed/],
		['fails for a passing cause', '[fail INTERNAL]', ended('task named'), /task failed/],
		['fails without a code', '[fail]', ended('task named'), /task failed/],
		['is cancelled', '[cancelled]', ended('task named'), /cancelled at CometAPI/],
		['has an unknown status', '[unknown]', ended('task named'), /calls "UNKNOWN"/],
		['never ends', '[stuck]', ended('task named'), /still running|is running/],
	] as const
).map(([title, directive, expected, says]) => ({
	section: 'A task that …',
	title,
	place: 'task',
	directive,
	timeLimit: directive.includes('takes') ? undefined : 2,
	expected,
	says,
}));

const withFile = (outcome: Outcome, ofDownload: Outcome): Row['expected'] => ({
	'Create, official': outcome,
	'Create, compatibility': outcome,
	'Task: Wait': outcome,
	'Task: Download': ofDownload,
});

const file = (title: string, fault: Omit<Fault, 'on' | 'match'>, more: Partial<Row> = {}): Row => ({
	section: 'While a file is fetched, once',
	title,
	place: 'asset',
	fault,
	expected: withFile('delivered', 'delivered'),
	...more,
});
const fileForGood = (
	title: string,
	fault: Omit<Fault, 'on' | 'match'>,
	says: RegExp,
	more: Partial<Row> = {},
): Row => ({
	...file(title, { ...fault, times: FOR_GOOD }, more),
	section: 'While a file is fetched, for good',
	expected: withFile('without file', 'task named'),
	says,
});

const fetching: Row[] = [
	file('HTTP 403 (expired)', status(403)),
	file('HTTP 404', status(404)),
	file('HTTP 429', status(429)),
	file('HTTP 503', status(503)),
	file('connection reset', { kind: 'reset-before' }),
	file('no answer', { kind: 'timeout' }, noAnswer),
	file('cut off in the middle', { kind: 'truncated' }),
	file('stops in the middle', { kind: 'stall' }, noAnswer),
	file('shorter than announced', { kind: 'wrong-length' }),
	file('of an unsaid type', { kind: 'wrong-type' }),
	fileForGood('HTTP 403 (expired)', status(403), /expired or is gone/),
	fileForGood('HTTP 404', status(404), /expired or is gone/),
	fileForGood('HTTP 400', status(400), /HTTP 400/),
	fileForGood('HTTP 500', status(500), /HTTP 500/),
	fileForGood('connection reset', { kind: 'reset-before' }, /./),
	fileForGood('no answer', { kind: 'timeout' }, /./, noAnswer),
	fileForGood('cut off in the middle', { kind: 'truncated' }, /./),
	fileForGood('shorter than announced', { kind: 'wrong-length' }, /./),
	fileForGood('endless', { kind: 'endless' }, /more than 1 MB/),
	fileForGood('web page', { kind: 'html' }, /web page/),
	fileForGood('redirect to a web page', { kind: 'redirect' }, /web page/),
	fileForGood('JSON', { kind: 'wrong-json' }, /application\/json/),
];

/** Every row, in the order of the table. */
export function rows(secrets: Secrets): Row[] {
	const said = `the reason (key ${secrets.apiKey}, https://api.example.com/x?key=${secrets.apiKey}&_jwt=${secrets.query})`;
	const speaks = new Set(['status', 'invalid-request', 'business', 'insufficient-quota', 'saturated']);
	return [...creating, ...reading, ...states, ...fetching, ...asking].map((row) => {
		if (row.fault === undefined) return row;
		const { kind } = row.fault;
		const location = kind === 'redirect' && row.place !== 'asset' ? `/docs?key=${secrets.apiKey}` : undefined;
		return { ...row, fault: { ...row.fault, location, ...(speaks.has(kind) && { message: said }) } };
	});
}
