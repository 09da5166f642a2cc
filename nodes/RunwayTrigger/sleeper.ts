import type { IPollFunctions } from 'n8n-workflow';

import { anyAnswer } from '../shared/api/transport';
import type { Register } from '../shared/register/register';
import type { StoredRow } from '../shared/register/row';
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

	/**
	 * Calls the execution that sleeps on a task. It reads the task itself, clears the address in the register, and wakes up
	 * when all its tasks have ended; until then each poll calls it again. Never throws.
	 * @param status how the task has ended
	 */
	wake(row: StoredRow, status: string): void {
		this.calls.push(this.limit(async () => await this.call(row, status)));
	}

	async done(): Promise<void> {
		await Promise.all(this.calls);
	}

	private async call({ requestId, taskId, resumeUrl }: StoredRow, status: string): Promise<void> {
		if (this.unanswered >= MOST_UNANSWERED) return;
		try {
			const { statusCode } = (await this.context.helpers.httpRequest({
				url: String(resumeUrl),
				method: 'POST',
				body: { task_id: taskId, status },
				timeout: ANSWER_TIMEOUT_MS,
				...anyAnswer,
			})) as { statusCode: number };
			if (REFUSALS.includes(statusCode)) this.register.change(requestId, { resumeUrl: null });
		} catch {
			this.unanswered += 1;
			// The error would name the address, which holds n8n's signature.
			this.context.logger.warn(
				`The execution that sleeps on the Runway task ${taskId} could not be called; the next poll tries again`,
			);
		}
	}
}
