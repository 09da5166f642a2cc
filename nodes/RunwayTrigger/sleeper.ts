import type { IDataObject, IPollFunctions } from 'n8n-workflow';

import { anyAnswer } from '../shared/api/transport';
import type { Register } from '../shared/register/register';
import type { StoredRow } from '../shared/register/row';
import { isObject } from '../shared/task/json';
import { pLimit } from '../shared/wait/limit';

/** Wakes executions that sleep until a task has ended, by a call like CometAPI's own callback. */

const ANSWER_TIMEOUT_MS = 10_000;
const CALLS_AT_ONCE = 5;
/** After this many calls without an answer, the next poll makes the others. */
const MOST_UNANSWERED = 10;
/** The execution is gone. n8n's 409 may also mean that it is not asleep yet; once it has ended, the poll sees that itself. */
const REFUSALS = [404, 410];

/** The calls of one poll, a few at a time. */
export class Wakers {
	private readonly limit = pLimit(CALLS_AT_ONCE);
	private readonly calls: Array<Promise<void>> = [];
	private unanswered = 0;

	constructor(
		private readonly context: IPollFunctions,
		private readonly register: Register,
	) {}

	/** @param status how the task has ended */
	wake(row: StoredRow, status: string): void {
		this.calls.push(
			this.limit(async () => {
				if (this.unanswered >= MOST_UNANSWERED) return;
				if (!(await wakeSleeper(this.context, this.register, row, status))) this.unanswered += 1;
			}),
		);
	}

	async done(): Promise<void> {
		await Promise.all(this.calls);
	}
}

/**
 * Calls the execution that sleeps on a task. It reads the task itself, clears the address in the register, and wakes up when all
 * its tasks have ended; until then each poll calls it again. Never throws.
 * @param status how the task has ended
 * @returns whether it has answered
 */
async function wakeSleeper(
	context: IPollFunctions,
	register: Register,
	{ requestId, taskId, resumeUrl }: StoredRow,
	status: string,
): Promise<boolean> {
	const address = String(resumeUrl);
	const answers: Array<number | null> = [];
	for (const url of new Set([address, ownAddress(address, register.n8nUrl)])) {
		const answer = await call(context, url, { task_id: taskId, status });
		if (answer === 'answered') return true;
		answers.push(answer);
	}
	const [first = null] = answers;
	if (first !== null && REFUSALS.includes(first)) {
		register.change(requestId, { resumeUrl: null });
		return true;
	}
	const reason = first === null ? '' : ` (HTTP ${first})`;
	// The address holds n8n's signature.
	context.logger.warn(
		`The execution that sleeps on the Runway task ${taskId} could not be called${reason}; the next poll tries again`,
	);
	return false;
}

/**
 * The same address without a gateway in between, which may cut off the query or keep the call to itself; and not every n8n reaches
 * its public address. The last three parts of the path name the execution and its webhook.
 */
function ownAddress(address: string, n8nUrl: string): string {
	return `${n8nUrl}${/(\/[^/?]+){3}(\?.*)?$/.exec(address)?.[0] ?? ''}`;
}

/** @returns the HTTP status if neither the sleeping node nor a running execution has answered; null if nobody has */
async function call({ helpers }: IPollFunctions, url: string, body: IDataObject): Promise<'answered' | number | null> {
	try {
		const { statusCode, body: said } = (await helpers.httpRequest({
			url,
			method: 'POST',
			body,
			timeout: ANSWER_TIMEOUT_MS,
			...anyAnswer,
		})) as { statusCode: number; body: unknown };
		const isAnswer = statusCode === 409 || (isObject(said) && said.status === 'received');
		return isAnswer ? 'answered' : statusCode;
	} catch {
		return null;
	}
}
