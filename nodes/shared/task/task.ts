/**
 * The one model of a Runway task that the rest of the package works with,
 * whichever route and envelope it was read from. Pure data: no HTTP, no n8n.
 */

/** The stage of a task. `unknown` is anything the API says that we cannot place: keep asking. */
export type TaskStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'unknown';

/** The two families of CometAPI's Runway routes. A task belongs to the family that created it. */
export type ApiFamily = 'official' | 'compatibility';

/** Why a task ended without a result. */
export interface TaskFailure {
	/** Runway's dotted code, such as `SAFETY.INPUT.TEXT`, or null if none was given. */
	code: string | null;
	/** The provider's own words. */
	message: string;
	/** Whether a new, billed attempt with the same input can make sense. */
	retryable: boolean;
}

/** What a task costs, in the unit that the answer uses. */
export interface TaskCost {
	amount: number;
	/** Runway's credits, the points of the numeric form, or the gateway's internal units (fact sheet 3.1, 8.2). */
	unit: 'credits' | 'points' | 'quota';
	/** Whether it was given back; null if the answer does not say. */
	refunded: boolean | null;
}

/** What one reading of a task says. Absent facts are null, never guessed. */
export interface TaskState {
	taskId: string | null;
	status: TaskStatus;
	/** The API's own status word, for messages. */
	rawStatus: string | null;
	/** Percent, 0 to 100. */
	progress: number | null;
	videoUrl: string | null;
	imageUrl: string | null;
	/** First frame, as an image. */
	posterUrl: string | null;
	lastFrameUrl: string | null;
	/** Every result URL, in the API's order, without posters and last frames. */
	assetUrls: string[];
	failure: TaskFailure | null;
	cost: TaskCost | null;
	/** ISO 8601, UTC. */
	submittedAt: string | null;
	startedAt: string | null;
	finishedAt: string | null;
	/** The untouched response body. */
	raw: unknown;
}

/** A task as far as one run or one read knows it. */
export interface KnownTask {
	taskId: string;
	api: ApiFamily;
	/** The latest reading, or null if there was none. */
	state: TaskState | null;
	/** ISO 8601; when this run created it, or null. */
	createdAt: string | null;
}

const terminal: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled'] satisfies TaskStatus[]);

/** True when a task will not change any more. */
export function isTerminal(status: string): boolean {
	return terminal.has(status);
}

/**
 * A reading combined with the one before it, for repeated reads. An unknown status word that comes twice with a result is
 * a success: gateways pass on words of other providers (fact sheet 8.2). A cost that only the earlier reading contained is kept.
 */
export function settled(previous: TaskState | null, current: TaskState): TaskState {
	if (previous === null) return current;
	const isRepeated = [previous, current].every(
		({ status, assetUrls, progress }) => status === 'unknown' && assetUrls.length > 0 && (progress ?? 100) >= 100,
	);
	const isResult = isRepeated && previous.rawStatus === current.rawStatus;
	const keepsCost = current.cost === null && previous.cost !== null;
	if (!isResult && !keepsCost) return current;
	return {
		...current,
		...(isResult && { status: 'succeeded', progress: 100 }),
		cost: current.cost ?? previous.cost,
	};
}
