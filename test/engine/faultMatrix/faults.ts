import type { Fault, StandInOverrides } from '../../support/standin';
import type { Column } from './operations';

/**
 * The rows of the matrix and what has to come of each, as the table of judgement says it (docs/judgement.md): reads are
 * repeated, refused ones for a time; a create is repeated only if it can't have been accepted.
 */

/** What a fault comes to, for the item that meets it. */
export type Outcome =
	/** The result, as if nothing had happened. */
	| 'delivered'
	/** The same, but only when the fault has passed. Until then, it is asked again and again. */
	| 'later'
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
	/** How the stand-in behaves towards all items. */
	settings?: StandInOverrides;
	/** The file is a picture in place of a video. */
	isPicture?: boolean;
	/** The stand-in does not tell which item meets it. */
	anyItem?: boolean;
	/** What befalls one task befalls all. */
	everyone?: boolean;
	/** A create that is refused so lets no further one be sent. */
	stopsCreates?: boolean;
	/** Says that the key is wrong. No other answer may be taken for that. */
	blamesKey?: boolean;
	/** Runs with Stop alone, to save time. */
	stopOnly?: boolean;
	/** Seconds of its own time that the faulty item is waited for. */
	timeLimit?: number;
	/** Milliseconds that a request may take, where no answer comes. */
	longestRequestMs?: number;
	/** Whether a create that meets the fault may have been accepted. */
	mayBeAccepted?: boolean;
	/** Creates sent for the faulty item; 1 unless said otherwise. */
	sends?: number;
	/** By column; a column that is missing does not meet the fault. */
	expected: Partial<Record<Column, Outcome>>;
	/** What the answer means, in the node's words. */
	cause?: RegExp;
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
/** Seconds of a cell's own time. */
const SOON = 50;
/** Longer than the pause before the first read, but not than a request without an answer takes after it. */
const AFTER_ONE = 12;

type Verdict = 'delivered' | 'not created' | 'unknown';
/** The kinds of trouble in the table of judgement, as far as reads of tasks meet them. */
type Reading = 'passing' | 'account' | 'page' | 'refusal' | 'absence';

/** A fault of HTTP, and how creates, reads and the balance query have to take it. */
interface HttpFault {
	title: string;
	fault: Omit<Fault, 'on' | 'match'>;
	create?: Verdict;
	read?: Reading;
	sends?: number;
	says: RegExp;
	/** Speaks of a model, which the balance query has not. */
	ofModel?: boolean;
	more?: Partial<Row>;
}

const status = (code: number, more: Partial<Fault> = {}) => ({ kind: 'status', status: code, ...more }) as const;
const UNREACHED = /can't be reached|connection to CometAPI broke/;
const SERVER = /the provider behind it/;
const WRONG_URL = /base URL of the credential does not lead/;
const UNREADABLE = /does not understand/;
const REFUSED = /refused the request/;
const NOT_KNOWN = /knows? the task/;
const WRONG_KEY = /does not accept the API key/;
const noAnswer = { longestRequestMs: NO_ANSWER_MS };

type Maker = (title: string, fault: HttpFault['fault'], says: RegExp, more?: Partial<HttpFault>) => HttpFault;
const maker =
	(usual: Partial<HttpFault>): Maker =>
	(title, fault, says, more = {}) => ({ title, fault, says, ...usual, ...more });

/** Nothing can tell whether the create was accepted; asking again for a state is free. */
const doubtful = maker({ create: 'unknown', read: 'passing' });
/** The API has said no. */
const refused = maker({ create: 'not created', read: 'refusal' });
/** It says no to this key or this account. */
const ofAccount = maker({ create: 'not created', read: 'account' });
/** It would say no to every request. */
const ofAll = (more: Partial<HttpFault>) =>
	maker({ create: 'not created', more: { stopsCreates: true, everyone: true }, ...more });
const ofModel = (make: Maker) => (title: string, fault: HttpFault['fault'], says: RegExp) =>
	make(title, fault, says, { ofModel: true });
const accountOfAll = ofAll({ read: 'account' });
const pageOfAll = ofAll({ read: 'page' });

/** The same refusal in each wording that the gateway has for it; the first one meets every setting under On Error. */
const inWords = (
	make: Maker,
	title: string,
	kind: Fault['kind'],
	wordings: ReadonlyArray<NonNullable<Fault['words']>>,
	says: RegExp,
	more: Partial<Row> = {},
): HttpFault[] =>
	wordings.map((words, index) => {
		const made = make(
			`${title}, ${words === 'code' ? 'by code' : `in ${words === 'chinese' ? 'Chinese' : 'English'}`}`,
			{ kind, words },
			says,
		);
		return { ...made, more: { ...made.more, ...more, stopOnly: index > 0 } };
	});

const TEXTS = ['chinese', 'english'] as const;
const ALL_WORDS = [...TEXTS, 'code'] as const;

const httpFaults: readonly HttpFault[] = [
	doubtful('connection refused after it was made', { kind: 'refuse' }, UNREACHED, { more: { anyItem: true } }),
	doubtful('connection reset before the request was taken', { kind: 'reset-before' }, UNREACHED),
	doubtful('connection reset after the request was taken', { kind: 'reset-after' }, UNREACHED, { read: undefined }),
	doubtful('no answer, request not taken', { kind: 'timeout' }, UNREACHED, { more: noAnswer }),
	doubtful('no answer, request taken', { kind: 'timeout-after' }, UNREACHED, { read: undefined, more: noAnswer }),
	doubtful('JSON cut off with the connection', { kind: 'truncated-json' }, UNREACHED),
	doubtful('half of the JSON as if it were all', { kind: 'truncated-json', length: 'honest' }, UNREADABLE),
	doubtful('JSON of another kind', { kind: 'wrong-json' }, UNREADABLE),
	doubtful('empty object', { kind: 'empty-object' }, UNREADABLE),
	pageOfAll('redirect 301', { kind: 'redirect' }, WRONG_URL),
	pageOfAll('redirect 302', { kind: 'redirect', status: 302 }, WRONG_URL, {
		more: { stopsCreates: true, everyone: true, stopOnly: true },
	}),
	pageOfAll('redirect 307', { kind: 'redirect', status: 307 }, WRONG_URL),
	pageOfAll('301 without a target', { kind: 'html-301' }, WRONG_URL),
	pageOfAll('web page with HTTP 200', { kind: 'html' }, WRONG_URL),
	refused('protection page with HTTP 403', { kind: 'protection-page' }, /web page came in place/, { read: 'page' }),
	doubtful('web page with HTTP 502', { kind: 'html', status: 502 }, SERVER),
	refused('HTTP 400', status(400), REFUSED),
	refused('HTTP 400 as plain text', status(400, { shape: 'text' }), REFUSED),
	refused('HTTP 400 in Runway’s words', status(400, { shape: 'E5' }), REFUSED),
	refused('HTTP 400 with Runway’s list of issues', status(400, { shape: 'issues' }), /refused the request.*[Rr]atio/),
	refused('the same list as JSON in a message', status(400, { shape: 'packed-E1' }), /refused the request.*[Rr]atio/),
	refused(
		'the same list as JSON in a task’s message',
		status(400, { shape: 'packed-E2' }),
		/refused the request.*[Rr]atio/,
	),
	refused('HTTP 422 with a list of details', status(422, { shape: 'detail' }), /refused the request.*[Rr]atio/),
	{
		...accountOfAll('HTTP 401', status(401), WRONG_KEY),
		more: { stopsCreates: true, everyone: true, blamesKey: true },
	},
	...inWords(accountOfAll, 'wrong key', 'key-wrong', TEXTS, WRONG_KEY, { blamesKey: true }),
	...inWords(accountOfAll, 'used-up key', 'key-used-up', ['chinese', 'code'], /limit of the API key is used up/),
	...inWords(accountOfAll, 'expired key', 'key-expired', TEXTS, /API key has expired/),
	...inWords(accountOfAll, 'disabled key', 'key-disabled', TEXTS, /API key is disabled/),
	...inWords(accountOfAll, 'empty account', 'account-empty', ALL_WORDS, /balance of the CometAPI account is too low/),
	// Its words speak of the account, its code of the key.
	...inWords(
		accountOfAll,
		'refused prepayment',
		'prepayment-failed',
		ALL_WORDS,
		/limit of the API key|balance of the CometAPI/,
	),
	...inWords(
		accountOfAll,
		'quota not enough',
		'quota-not-enough',
		ALL_WORDS,
		/limit of the API key|balance of the CometAPI/,
	),
	...inWords(ofModel(ofAccount), 'model not allowed', 'model-not-allowed', TEXTS, /may not use this model/),
	...inWords(ofModel(refused), 'model that nobody serves', 'no-channel', ALL_WORDS, /does not serve this model/),
	ofAll({ read: 'passing' })('daily limit', { kind: 'daily-cap' }, /daily limit/i),
	ofAccount('HTTP 403', status(403), /does not allow/),
	accountOfAll(
		'HTTP 403, balance too low',
		{ kind: 'insufficient-quota' },
		/balance of the CometAPI account is too low/,
	),
	refused('HTTP 404', status(404), /no such endpoint/, { read: 'absence' }),
	refused('HTTP 404 as plain text', status(404, { shape: 'text' }), /no such endpoint/, { read: 'absence' }),
	refused('HTTP 413', status(413), /too large/),
	doubtful('HTTP 408', status(408), SERVER),
	doubtful('HTTP 429 with Retry-After', status(429, { retryAfter: 1 }), /too many requests/, {
		create: 'delivered',
		sends: 2,
	}),
	doubtful('HTTP 429 as saturation', { kind: 'saturated' }, /too many requests/, { create: 'delivered', sends: 2 }),
	doubtful('HTTP 500', status(500), SERVER),
	refused('HTTP 500 with invalid_request', { kind: 'invalid-request' }, REFUSED),
	doubtful('HTTP 502', status(502, { shape: 'text' }), SERVER),
	doubtful('HTTP 503', status(503), SERVER),
	doubtful('HTTP 504', status(504, { shape: 'empty' }), SERVER),
	doubtful('HTTP 524', status(524), SERVER),
	refused('business error in HTTP 200', { kind: 'business' }, REFUSED),
];

const onEveryCreate = (outcome: Outcome): Row['expected'] => ({
	'Create, official': outcome,
	'Create, compatibility': outcome,
	'Create, sleeping': outcome,
});

const creating: Row[] = [
	...httpFaults.flatMap(({ title, fault, create, sends, says, more }): Row[] =>
		create === undefined
			? []
			: [
					{
						section: 'While a task is created',
						title,
						place: 'create',
						fault: more?.stopsCreates ? { ...fault, times: FOR_GOOD } : fault,
						sends,
						says,
						mayBeAccepted: create === 'unknown',
						expected: onEveryCreate(create),
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
		timeLimit: 1,
		mayBeAccepted: false,
		says: /too many requests/,
		expected: onEveryCreate('not created'),
	},
	{
		section: 'While a task is created',
		title: 'nobody listens',
		place: 'create',
		nobodyListens: true,
		sends: 0,
		says: UNREACHED,
		expected: onEveryCreate('not created'),
	},
];

const onEveryTask = (outcome: Outcome): Row['expected'] => ({
	'Create, official': outcome,
	'Create, compatibility': outcome,
	'Task: Get': outcome,
	'Task: Wait': outcome,
	'Task: Download': outcome,
});

/** Those who learn of the end of tasks by callbacks and polls ask again for as long as it takes. */
const onListeners = (outcome: Outcome): Row['expected'] => ({
	'Create, sleeping': outcome,
	'Runway Trigger': outcome,
	'Runway Callback Trigger': outcome,
});

/** What nobody waits for to break off: their requests can't be cut short, so such a cell would take half a minute. */
const unlessSilent = (more: Partial<Row> | undefined, expected: Row['expected']): Row['expected'] =>
	more?.longestRequestMs === undefined && !more?.anyItem ? expected : {};

/** Three refusals in a row are enough for those who ask for the present state. */
const isChance = { 'Task: Get': undefined, 'Task: Download': undefined };
const threeTimes: Readonly<Record<Reading, Row['expected']>> = {
	passing: onEveryTask('delivered'),
	account: { ...onEveryTask('delivered'), 'Task: Get': 'task named', 'Task: Download': 'task named' },
	page: { ...onEveryTask('delivered'), 'Task: Get': 'task named', 'Task: Download': 'task named' },
	// A refused read asks the other route as well, so three refusals are two looks.
	refusal: onEveryTask('delivered'),
	// How often Get and Download ask within the seconds that they bear it is a matter of chance.
	absence: { ...onEveryTask('delivered'), ...isChance },
};

/** What a callback names may be made up if CometAPI has not known it three times. */
const nobodyKnows: Partial<Record<Reading, Row['expected']>> = { absence: { 'Runway Callback Trigger': undefined } };

const reading: Row[] = httpFaults.flatMap((httpFault): Row[] => {
	const { title, fault, read, says, ofModel, more } = httpFault;
	if (read === undefined) return [];
	const row = { place: 'read', title, cause: says, ...more, stopsCreates: false, everyone: false } as const;
	const refusals = new RegExp(`\\d+ tries in a row failed.*${says.source}`, 's');
	const saysOfRead =
		read === 'passing'
			? /(could not be read|was still|not finished).*last problem/s
			: read === 'absence'
				? NOT_KNOWN
				: refusals;
	const once: Row = {
		...row,
		section: 'While a state is read, once',
		fault,
		expected: { ...onEveryTask('delivered'), ...unlessSilent(more, onListeners('delivered')) },
	};
	// The stand-in can't tell whose read it refuses, and both items can't fail for good.
	if (more?.anyItem || ofModel) return [once];
	const three: Row = {
		...row,
		section: 'While a state is read, three times',
		fault: { ...fault, times: 3 },
		says: refusals,
		expected: {
			...threeTimes[read],
			// What concerns all is no row if the other item is answered in between.
			...(more?.everyone && read !== 'passing' && isChance),
			...onListeners('delivered'),
			...nobodyKnows[read],
		},
		stopOnly: true,
	};
	const forGood: Row = {
		...row,
		section: 'While a state is read, for good',
		fault: { ...fault, times: FOR_GOOD },
		// Where no answer comes, one request is enough.
		timeLimit: more?.longestRequestMs !== undefined ? AFTER_ONE : read === 'passing' ? SOON : undefined,
		says: saysOfRead,
		expected: { ...onEveryTask('task named'), ...unlessSilent(more, onListeners('later')), ...nobodyKnows[read] },
		everyone: more?.everyone,
		stopOnly: more?.stopOnly || read === 'page',
	};
	return more?.longestRequestMs === undefined ? [once, three, forGood] : [once, forGood];
});

const asking: Row[] = httpFaults.flatMap(({ title, fault, says, ofModel, more }): Row[] => {
	if (ofModel) return [];
	const row = { place: 'quota', title, says, ...more, anyItem: false, everyone: false, stopsCreates: false } as const;
	const once: Row = {
		...row,
		section: 'While the balance is asked for, once',
		fault: { ...fault, skip: 1 },
		expected: { 'Get Balance': 'delivered' },
	};
	const forGood: Row = {
		...row,
		section: 'While the balance is asked for, for good',
		fault: { ...fault, skip: 1, times: FOR_GOOD },
		expected: { 'Get Balance': 'error' },
	};
	return [once, forGood];
});

/** A failed task is data for Get, which says how things stand, and an error for those that want the result. */
const ended = (outcome: Outcome): Row['expected'] => ({ ...onEveryTask(outcome), 'Task: Get': 'delivered' });

const states: Row[] = (
	[
		['vanishes', '[vanish]', ended('task named'), /knows? the task|is running/],
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
	timeLimit: directive.includes('takes') ? undefined : 10 * SOON,
	expected,
	says,
}));

const withFile = (outcome: Outcome, ofDownload: Outcome, more?: Partial<Row>): Row['expected'] => ({
	...unlessSilent(more, onListeners(outcome)),
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
	expected: withFile('delivered', 'delivered', more),
	...more,
});
/** A file that never comes otherwise, and is whole all the same. */
const always = (title: string, { fault, ...more }: Partial<Row>): Row => ({
	...file(title, { kind: 'slow', ms: 0 }, more),
	section: 'A file that comes …',
	fault: fault && { ...fault, times: FOR_GOOD },
});
const fileForGood = (
	title: string,
	fault: Omit<Fault, 'on' | 'match'>,
	says: RegExp,
	more: Partial<Row> = {},
): Row => ({
	...file(title, { ...fault, times: FOR_GOOD }, more),
	section: 'While a file is fetched, for good',
	expected: withFile('without file', 'task named', more),
	says,
});

const fetching: Row[] = [
	file('HTTP 403 (expired)', status(403)),
	file('HTTP 404', status(404)),
	file('HTTP 429', status(429)),
	file('HTTP 503', status(503)),
	file('protection page with HTTP 403', { kind: 'protection-page' }, { stopOnly: true }),
	file('connection reset', { kind: 'reset-before' }),
	file('no answer', { kind: 'timeout' }, noAnswer),
	file('cut off in the middle', { kind: 'truncated' }),
	file('stops in the middle', { kind: 'stall' }, noAnswer),
	file('shorter than announced', { kind: 'wrong-length' }),
	file('empty', { kind: 'empty-file' }),
	file('HTTP 204', { kind: 'no-content' }),
	file('web page', { kind: 'html' }),
	file('web page called a file', { kind: 'html-file' }),
	file('XML called octet stream', { kind: 'xml-file' }),
	file('JSON', { kind: 'wrong-json' }),
	always('of an unsaid type', { fault: { kind: 'wrong-type' } }),
	always('called text', { fault: { kind: 'wrong-type', type: 'text/plain' } }),
	always('in gzip, although nobody asked for it', { fault: { kind: 'gzip-file' } }),
	always('picture, whatever it is called', { fault: { kind: 'picture-file' }, isPicture: true }),
	always('at the gateway’s own address, for the key', { settings: { resultUrls: 'gateway' } }),
	always('at the gateway’s own address, which redirects', { settings: { resultUrls: 'gateway-redirect' } }),
	fileForGood('HTTP 403 (expired)', status(403), /expired or is gone/),
	fileForGood('HTTP 404', status(404), /expired or is gone/),
	fileForGood('HTTP 400', status(400), /HTTP 400/),
	fileForGood('HTTP 500', status(500), /HTTP 500/),
	fileForGood('connection reset', { kind: 'reset-before' }, /./),
	fileForGood('no answer', { kind: 'timeout' }, /./, noAnswer),
	fileForGood('cut off in the middle', { kind: 'truncated' }, /./),
	fileForGood('shorter than announced', { kind: 'wrong-length' }, /./),
	fileForGood('endless', { kind: 'endless' }, /more than 1 MB/),
	fileForGood('empty', { kind: 'empty-file' }, /an empty file/),
	fileForGood('HTTP 204', { kind: 'no-content' }, /an empty file/),
	fileForGood('web page', { kind: 'html' }, /web page/),
	fileForGood('web page called a file', { kind: 'html-file' }, /web page/),
	fileForGood('redirect to a web page', { kind: 'redirect' }, /web page/),
	fileForGood('XML called octet stream', { kind: 'xml-file' }, /XML/),
	fileForGood('JSON', { kind: 'wrong-json' }, /JSON/),
	fileForGood('at the gateway’s own address, which refuses the key', status(401), /API key.*refused.*HTTP 401/, {
		settings: { resultUrls: 'gateway' },
	}),
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
