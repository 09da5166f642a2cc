/**
 * What an answer of CometAPI means, whatever was asked. A reason decides what happens next
 * (`judge.ts`) and what the user reads (`shared/api/explain.ts`).
 */
export type Reason =
	/** No connection came about, so nothing was sent. */
	| 'unreachable'
	/** The connection broke, or no answer came in time. */
	| 'network'
	/** The platform or the provider behind it failed. */
	| 'server'
	/** An answer without the documented content. */
	| 'unreadable'
	| 'rateLimit'
	/** A limit for the day is reached: waiting minutes does not help (fact sheet 8.2). */
	| 'dailyCap'
	/** The key is missing or wrong. */
	| 'auth'
	| 'keyExpired'
	/** The limit of this key is used up; the account may still have money. */
	| 'keyUsedUp'
	/** The key is switched off. Good keys get this answer now and then, too (fact sheet 8.2). */
	| 'keyDisabled'
	/** The key's list of models lacks the model. */
	| 'modelNotAllowed'
	/** The key is fine, but may not do this. */
	| 'forbidden'
	/** The account has no money left. */
	| 'balance'
	/** A redirect, or a page instead of JSON: the base URL is not CometAPI's. */
	| 'wrongUrl'
	/** A page of a protection service in place of an answer (fact sheet 8.2). */
	| 'webPage'
	/** Nobody serves the model (fact sheet 8.2). */
	| 'modelUnavailable'
	/** Fields or values that the API does not take. */
	| 'badRequest'
	/** No such route. */
	| 'notFound'
	/** The request is too large for the API, or a file for the limit that the user has set. */
	| 'tooLarge'
	/** The URL of a file has expired, or is gone. A fresh one may work. */
	| 'expired'
	/** What came in place of a file is empty, or a page. */
	| 'notAFile'
	/** The task's id is not known, or not yet. */
	| 'notVisible';
