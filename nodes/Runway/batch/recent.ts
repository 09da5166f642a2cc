import type { IExecuteFunctions } from 'n8n-workflow';

import type { Register } from '../../shared/register/register';
import type { StoredRow, TaskRow } from '../../shared/register/row';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import type { CreateJob, Job, Outcome } from './job';
import { placeOf } from './jobRows';
import { taskIdsOf, type Ledger } from './paid';

/** A request that was sent, or is about to be. */
interface Sent {
	/** Execution, node and round that it belongs to. */
	run: string;
	/** Milliseconds since the epoch. */
	at: number;
	/** Null if no task came of it. */
	task: Promise<string | null>;
	settle(taskId: string | null): void;
	taskId?: string | null;
}

/** By credential, workflow and request; the newest first. */
const sentByRequest = new Map<string, Sent[]>();

/** The option's greatest value. */
const LONGEST_MS = 24 * 60 * 60_000;
const LONGEST_WAIT_MS = 30_000;
/** Requests that are asked for one by one; of more, all of the workflow's latest rows are read. */
const MOST_QUESTIONS = 10;
const MOST_ROWS = 1_000;
const WITHOUT_RESULT = new Set(['failed', 'cancelled', 'notCreated', 'notSent']);

/**
 * The guard against requests that come twice (`options.reuseWithin`): agents that ask again, webhooks that arrive twice, runs in
 * the editor. An identical request of the same workflow uses the task of the one before. The register knows such tasks over
 * restarts and n8n processes; this process knows them without a register, and from the moment before they are sent.
 */
export class RecentTasks {
	/** The jobs for which a task was found. */
	readonly reused = new Set<Job>();
	private readonly where: Pick<TaskRow, 'workflowId' | 'credentialId'>;
	private readonly run: string;
	/** What this run has sent, or is about to send. */
	private readonly claims = new Map<CreateJob, Sent>();
	/** Tasks and requests that no further job may use. */
	private readonly taken = new Set<unknown>();

	constructor(
		context: IExecuteFunctions,
		private readonly register: Register | null,
	) {
		const place = placeOf(context);
		this.where = { workflowId: place.workflowId, credentialId: place.credentialId };
		this.run = nameOfRun(place);
	}

	/** Enters tasks of recent identical requests into the ledger. Waits for requests that are under way, half a minute at most. */
	async reuse(jobs: readonly Job[], ledger: Ledger): Promise<void> {
		const asking = jobs.filter(
			(job): job is CreateJob =>
				job.kind === 'create' && job.settings.reuseWithinMs > 0 && ledger.find(job) === undefined,
		);
		if (asking.length === 0) return;
		const since = systemClock.now() - LONGEST_MS;
		keep(({ at, taskId }) => taskId === undefined || at >= since);
		// What this run has created, for this item or another, is no task of somebody else.
		taskIdsOf(ledger.unclaimed([])).forEach((taskId) => this.taken.add(taskId));
		const use = (job: CreateJob, taskId: string, createdAt: string) => {
			const { itemIndex, fingerprint } = job;
			this.taken.add(taskId);
			this.reused.add(job);
			// It calls another run back.
			ledger.recall([{ itemIndex, fingerprint, taskId, createdAt, executionId: '' }]);
		};
		await this.reuseOfProcess(asking, use);
		await this.reuseOfRegister(use);
	}

	created(job: CreateJob, taskId: string): void {
		const sent = this.claims.get(job);
		if (sent === undefined) return;
		settle(sent, taskId);
		// A task that was created again replaces the one that failed.
		Object.assign(sent, { taskId, task: Promise.resolve(taskId) });
	}

	/** Notes how a job has ended: failed tasks are not used again. */
	ended(job: Job, outcome: Outcome): void {
		const sent = job.kind === 'create' ? this.claims.get(job) : undefined;
		if (sent !== undefined) settle(sent, null);
		if (outcome.kind !== 'failed' && outcome.kind !== 'absent') return;
		keep(({ taskId }) => taskId !== outcome.task.taskId);
	}

	/** Call this when the run has ended, whatever happened. */
	release(): void {
		for (const sent of this.claims.values()) settle(sent, null);
	}

	/** Uses what others in this process have sent, and claims all other requests. */
	private async reuseOfProcess(asking: CreateJob[], use: Use): Promise<void> {
		const over = new AbortController();
		const late = pauseUnlessAborted(LONGEST_WAIT_MS, systemClock, over.signal).then(() => null);
		const until = systemClock.now() + LONGEST_WAIT_MS;
		for (let waiting = asking; waiting.length > 0;) {
			const others = this.share(waiting);
			waiting = [];
			for (const [job, sent] of others) {
				const taskId = await Promise.race([sent.task, late]);
				if (taskId !== null && !this.taken.has(taskId)) use(job, taskId, new Date(sent.at).toISOString());
				else if (systemClock.now() < until) waiting.push(job);
				else this.claim(job);
			}
		}
		over.abort();
	}

	/** Uses the tasks that the register knows for claimed requests. */
	private async reuseOfRegister(use: Use): Promise<void> {
		const rows = await this.rowsOf([...this.claims.keys()]);
		for (const [job, sent] of this.claims) {
			const since = systemClock.now() - job.settings.reuseWithinMs;
			const row = rows.find(
				(candidate) =>
					candidate.fingerprint === job.fingerprint &&
					candidate.taskId !== null &&
					!this.taken.has(candidate.taskId) &&
					!WITHOUT_RESULT.has(candidate.status) &&
					Date.parse(candidate.createdTime) >= since &&
					nameOfRun(candidate) !== this.run,
			);
			if (row?.taskId == null) continue;
			use(job, row.taskId, row.createdTime);
			settle(sent, row.taskId);
		}
	}

	/** Claims the requests that nobody else has sent lately, and returns the others with those who have. Awaits nothing, so no other run comes in between. */
	private share(jobs: readonly CreateJob[]): Map<CreateJob, Sent> {
		const now = systemClock.now();
		const others = new Map<CreateJob, Sent>();
		for (const job of jobs) {
			const sent = (sentByRequest.get(this.keyOf(job)) ?? []).find(
				(one) =>
					one.run !== this.run &&
					now - one.at <= job.settings.reuseWithinMs &&
					!this.taken.has(one) &&
					!this.taken.has(one.taskId),
			);
			if (sent === undefined) this.claim(job);
			else {
				this.taken.add(sent);
				others.set(job, sent);
			}
		}
		return others;
	}

	private claim(job: CreateJob): void {
		let resolve: Sent['settle'] = () => {};
		const task = new Promise<string | null>((done) => (resolve = done));
		const sent: Sent = { run: this.run, at: systemClock.now(), task, settle: resolve };
		this.claims.set(job, sent);
		sentByRequest.set(this.keyOf(job), [sent, ...(sentByRequest.get(this.keyOf(job)) ?? [])]);
	}

	/** The rows of recent tasks that were asked for by these jobs' requests; the newest first. */
	private async rowsOf(jobs: readonly CreateJob[]): Promise<StoredRow[]> {
		const { register, where } = this;
		if (register === null || jobs.length === 0) return [];
		const fingerprints = [...new Set(jobs.map(({ fingerprint }) => fingerprint))];
		const ask = async (fingerprint: string) =>
			await register.find({ where: { ...where, fingerprint }, limit: jobs.length + 50 });
		const found =
			fingerprints.length > MOST_QUESTIONS
				? [await register.find({ where, limit: MOST_ROWS })]
				: await Promise.all(fingerprints.map(ask));
		return found.flatMap((rows) => rows ?? []);
	}

	private keyOf({ fingerprint }: CreateJob): string {
		return `${this.where.credentialId} ${this.where.workflowId} ${fingerprint}`;
	}
}

/** Lets a job use an existing task. */
type Use = (job: CreateJob, taskId: string, createdAt: string) => void;

function nameOfRun({
	executionId,
	nodeName,
	runIndex,
}: Pick<TaskRow, 'executionId' | 'nodeName' | 'runIndex'>): string {
	return JSON.stringify([executionId, nodeName, runIndex]);
}

function settle(sent: Sent, taskId: string | null): void {
	if (sent.taskId !== undefined) return;
	sent.taskId = taskId;
	sent.settle(taskId);
	if (taskId === null) keep((other) => other !== sent);
}

/** Forgets all requests but these. */
function keep(isKept: (sent: Sent) => boolean): void {
	for (const [key, all] of sentByRequest) {
		const rest = all.filter(isKept);
		if (rest.length > 0) sentByRequest.set(key, rest);
		else sentByRequest.delete(key);
	}
}
