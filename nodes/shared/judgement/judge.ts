import type { Reason } from './reason';

/**
 * The table of judgement: the one place that says what an answer does to a run. What it means (`Reason`) × what was
 * asked × whether the task is known to exist × how often in a row → ask again, end the item, or end the run. The nodes,
 * both triggers and the wake-up of a sleeping execution all ask here. `docs/judgement.md` shows it in words.
 */

/** What was asked. */
export type Question =
	/** To create a task, which costs money. */
	| 'create'
	/** For a task that has been read before. */
	| 'readSeen'
	/** For a task that was accepted, or that somebody names, and that has not been read yet. */
	| 'readNamed'
	/** For a task by an id that may be wrong, by somebody who wants an answer now. */
	| 'lookUp'
	/** For a task that a callback names: CometAPI does not call again. */
	| 'readCalled'
	/** For a task that a trigger watches, or for all of them. A trigger has no time limit: it asks again with the next poll. */
	| 'poll'
	/** The same, for a task that a poll has found before. */
	| 'pollSeen'
	/** For the balance or a list, which name no task. */
	| 'account'
	/** For the file of a finished task. */
	| 'file';

export type Verdict = 'askAgain' | 'endItem' | 'endRun';

/** Answers of one kind in a row. */
export interface Row {
	/** Answers to requests that followed one another; those of requests sent at the same time count as one. */
	answers: number;
	/** Milliseconds from the first of them to the latest. */
	ms: number;
}

/** A row of this length ends the item: at least this many answers over at least this time. */
type Limit = Row;

const atOnce: Limit = { answers: 1, ms: 0 };
const threeTries: Limit = { answers: 3, ms: 0 };
/** With the pauses between the tries, a revoked key ends a wait within about half a minute. */
const severalTries: Limit = { answers: 4, ms: 15_000 };
const aMinute: Limit = { answers: 5, ms: 60_000 };
/** A fresh id may be unknown for several minutes (fact sheet 8.2). */
const fiveMinutes: Limit = { answers: 3, ms: 300_000 };
/** An ID that was good once is right, so the gateway may have lost sight of the task for a time. */
const anHour: Limit = { answers: 3, ms: 3_600_000 };
const aFewSeconds: Limit = { answers: 3, ms: 8_000 };
/** The task's own time limit comes first. */
const timeLimit: Limit = { answers: Number.POSITIVE_INFINITY, ms: Number.POSITIVE_INFINITY };

/** Reasons that are tolerated alike. They add up to one row. */
export type Kind = 'passing' | 'account' | 'page' | 'refusal' | 'absence';

/** How long each kind is tolerated, by what was asked. */
export const limits: Readonly<Record<Kind, Readonly<Record<Exclude<Question, 'create'>, Limit>>>> = {
	passing: {
		readSeen: timeLimit,
		readNamed: timeLimit,
		lookUp: timeLimit,
		readCalled: timeLimit,
		// Polls in a row in which no task was answered.
		poll: threeTries,
		pollSeen: threeTries,
		account: threeTries,
		file: { answers: 4, ms: 0 },
	},
	account: {
		readSeen: severalTries,
		readNamed: severalTries,
		lookUp: threeTries,
		// Somebody can correct what is wrong while the callback waits.
		readCalled: timeLimit,
		// Only while other tasks are answered; within one poll it is a look-up.
		poll: fiveMinutes,
		pollSeen: anHour,
		account: threeTries,
		file: threeTries,
	},
	// Maintenance and protection answer in place of the API, for minutes.
	page: {
		readSeen: fiveMinutes,
		readNamed: fiveMinutes,
		lookUp: threeTries,
		readCalled: timeLimit,
		poll: fiveMinutes,
		pollSeen: fiveMinutes,
		account: threeTries,
		file: threeTries,
	},
	refusal: {
		readSeen: aMinute,
		readNamed: aMinute,
		lookUp: threeTries,
		readCalled: aMinute,
		poll: fiveMinutes,
		pollSeen: anHour,
		account: threeTries,
		// The file stays what it is.
		file: atOnce,
	},
	absence: {
		readSeen: timeLimit,
		readNamed: fiveMinutes,
		lookUp: aFewSeconds,
		readCalled: threeTries,
		poll: fiveMinutes,
		pollSeen: anHour,
		account: threeTries,
		file: threeTries,
	},
};

/** The longest pause between tries, in milliseconds; an absence does not change the pace. */
export const longestDelayMs: Readonly<Record<Kind, number>> = {
	passing: 30_000,
	account: 8_000,
	page: 30_000,
	refusal: 8_000,
	absence: 0,
};

/** What a reason is, whatever was asked. */
export interface Ruling {
	kind: Kind;
	/** Whether every request would get this answer, not only this one. */
	concernsAll: boolean;
	/** Whether it speaks of the task that was asked for, not of the account or of the way to the task. */
	aboutTask: boolean;
	/** Whether a create with this answer may have made a task, which is then billed. */
	mayHaveCreated: boolean;
	/** How often and how long a create may be sent again, if it can't have made a task. */
	create: Limit;
}

const passing: Ruling = { kind: 'passing', concernsAll: false, aboutTask: false, mayHaveCreated: true, create: atOnce };
const account: Ruling = { kind: 'account', concernsAll: true, aboutTask: false, mayHaveCreated: false, create: atOnce };
const refusal: Ruling = { kind: 'refusal', concernsAll: false, aboutTask: true, mayHaveCreated: false, create: atOnce };
const absence: Ruling = { ...refusal, kind: 'absence' };

export const rulings: Readonly<Record<Reason, Ruling>> = {
	unreachable: { ...passing, mayHaveCreated: false, create: threeTries },
	network: passing,
	server: passing,
	unreadable: passing,
	rateLimit: { ...passing, concernsAll: true, mayHaveCreated: false, create: timeLimit },
	dailyCap: { ...passing, concernsAll: true, mayHaveCreated: false },
	auth: account,
	keyExpired: account,
	keyUsedUp: account,
	keyDisabled: account,
	balance: account,
	wrongUrl: { ...account, kind: 'page' },
	forbidden: { ...account, concernsAll: false },
	modelNotAllowed: { ...account, concernsAll: false },
	webPage: { ...refusal, kind: 'page', aboutTask: false },
	modelUnavailable: { ...refusal, aboutTask: false },
	badRequest: refusal,
	notFound: refusal,
	tooLarge: refusal,
	notVisible: absence,
	expired: absence,
	notAFile: absence,
};

/** How troubles of one reason add up and slow down the next requests. */
export function troubleKind({ reason }: { reason: Reason }) {
	const { kind, concernsAll } = rulings[reason];
	return { kind, concernsAll, longestDelayMs: longestDelayMs[kind] };
}

/**
 * Says what happens after an answer that is not what was asked for.
 * @param row the answers of its kind in a row, this one included
 */
export function judge(question: Question, reason: Reason, row: Row): Verdict {
	const { kind, concernsAll, create } = rulings[reason];
	const limit = question === 'create' ? create : limits[kind][question];
	if (row.answers < limit.answers || row.ms < limit.ms) return 'askAgain';
	return concernsAll ? 'endRun' : 'endItem';
}
