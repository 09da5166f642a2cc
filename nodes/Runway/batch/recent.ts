import type { IExecuteFunctions } from 'n8n-workflow';

import { credentialIdOf } from '../../shared/api/credential';
import type { Register } from '../../shared/register/register';
import type { StoredRow } from '../../shared/register/row';
import { pauseUnlessAborted, systemClock } from '../../shared/wait/pause';
import { roundOf } from './cutOff';
import type { CreateJob, Job, Outcome } from './job';
import { taskIdsOf, type Ledger } from './paid';

/**
 * The guard against requests that come twice (`options.reuseWithin`): agents that ask again, webhooks that arrive twice, runs in
 * the editor. An identical request of the same workflow uses the task of the one before. The register knows such tasks over
 * restarts and n8n processes; this process knows them without a register, and from the moment before they are sent.
 */
export interface RecentTasks {
	/** Enters tasks of recent identical requests into the ledger. Waits for requests that are under way, half a minute at most. */
	reuse(jobs: readonly Job[], ledger: Ledger): Promise<void>;
	/** The jobs for which a task was found. */
	readonly reused: ReadonlySet<Job>;
	created(job: CreateJob, taskId: string): void;
	/** Notes how a job has ended: failed tasks are not used again. */
	ended(job: Job, outcome: Outcome): void;
	/** To be called when the run has ended in whatever way. */
	release(): void;
}

/** A request that was sent, or is about to be. */
interface Sent {
	/** Execution, node and round that it belongs to. */
	place: string;
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

/** Watches what a run creates, and finds what other runs have created. */
export function openRecentTasks(context: IExecuteFunctions, register: Register | null): RecentTasks {
	const workflowId = context.getWorkflow().id ?? '';
	const credentialId = credentialIdOf(context);
	const nodeName = context.getNode().name;
	const placeOf = (executionId: string, node: string, round: number) => JSON.stringify([executionId, node, round]);
	const own = placeOf(context.getExecutionId(), nodeName, roundOf(context));
	const keyOf = ({ fingerprint }: CreateJob) => `${credentialId} ${workflowId} ${fingerprint}`;
	const claims = new Map<CreateJob, Sent>();
	const reused = new Set<Job>();

	const settle = (sent: Sent, taskId: string | null) => {
		if (sent.taskId !== undefined) return;
		sent.taskId = taskId;
		sent.settle(taskId);
		if (taskId === null) keep((other) => other !== sent);
	};
	const claim = (job: CreateJob) => {
		let resolve: Sent['settle'] = () => {};
		const task = new Promise<string | null>((done) => (resolve = done));
		const sent: Sent = { place: own, at: systemClock.now(), task, settle: resolve };
		claims.set(job, sent);
		sentByRequest.set(keyOf(job), [sent, ...(sentByRequest.get(keyOf(job)) ?? [])]);
	};

	/** Claims the requests that nobody else has sent lately, and returns the others with those who have. Asks nobody, so no other run comes between. */
	function share(jobs: readonly CreateJob[], taken: Set<unknown>): Map<CreateJob, Sent> {
		const now = systemClock.now();
		const isRecent = ({ at, taskId }: Sent, withinMs: number) => now - at <= withinMs && !taken.has(taskId);
		const others = new Map<CreateJob, Sent>();
		for (const job of jobs) {
			const sent = (sentByRequest.get(keyOf(job)) ?? []).find(
				(one) => one.place !== own && !taken.has(one) && isRecent(one, job.settings.reuseWithinMs),
			);
			if (sent === undefined) claim(job);
			else {
				taken.add(sent);
				others.set(job, sent);
			}
		}
		return others;
	}

	/** The rows of recent tasks that were asked for by these jobs' requests; the newest first. */
	async function rowsOf(jobs: readonly CreateJob[]): Promise<StoredRow[]> {
		if (register === null || jobs.length === 0) return [];
		const where = { workflowId, credentialId };
		const fingerprints = [...new Set(jobs.map(({ fingerprint }) => fingerprint))];
		const found =
			fingerprints.length > MOST_QUESTIONS
				? [await register.find({ where, limit: MOST_ROWS })]
				: await Promise.all(
						fingerprints.map(
							async (fingerprint) => await register.find({ where: { ...where, fingerprint }, limit: jobs.length + 50 }),
						),
					);
		return found.flatMap((rows) => rows ?? []);
	}

	return {
		reused,
		async reuse(jobs, ledger) {
			const asking = jobs.filter(
				(job): job is CreateJob =>
					job.kind === 'create' && job.settings.reuseWithinMs > 0 && ledger.find(job) === undefined,
			);
			if (asking.length === 0) return;
			const since = systemClock.now() - LONGEST_MS;
			keep(({ at, taskId }) => taskId === undefined || at >= since);
			// What this run has created, for this item or another, is no task of somebody else.
			const taken = new Set<unknown>(taskIdsOf(ledger.leftBehind([])));
			const use = (job: CreateJob, taskId: string, createdAt: string) => {
				const { itemIndex, fingerprint } = job;
				taken.add(taskId);
				reused.add(job);
				// Whom it calls back is another run.
				ledger.recall([{ itemIndex, fingerprint, taskId, createdAt, executionId: '' }]);
			};

			const over = new AbortController();
			const late = pauseUnlessAborted(LONGEST_WAIT_MS, systemClock, over.signal).then(() => null);
			const until = systemClock.now() + LONGEST_WAIT_MS;
			for (let waiting = asking; waiting.length > 0;) {
				const others = share(waiting, taken);
				waiting = [];
				for (const [job, sent] of others) {
					const taskId = await Promise.race([sent.task, late]);
					if (taskId !== null && !taken.has(taskId)) use(job, taskId, new Date(sent.at).toISOString());
					else if (systemClock.now() < until) waiting.push(job);
					else claim(job);
				}
			}
			over.abort();

			const rows = await rowsOf([...claims.keys()]);
			for (const [job, sent] of claims) {
				const since = systemClock.now() - job.settings.reuseWithinMs;
				const row = rows.find(
					({ fingerprint, taskId, status, createdTime, executionId, nodeName: node, runIndex }) =>
						fingerprint === job.fingerprint &&
						taskId !== null &&
						!taken.has(taskId) &&
						!WITHOUT_RESULT.has(status) &&
						Date.parse(createdTime) >= since &&
						placeOf(executionId, node, runIndex) !== own,
				);
				if (row?.taskId == null) continue;
				use(job, row.taskId, row.createdTime);
				settle(sent, row.taskId);
			}
		},
		created(job, taskId) {
			const sent = claims.get(job);
			if (sent === undefined) return;
			settle(sent, taskId);
			// A task that was created again replaces the one that failed.
			Object.assign(sent, { taskId, task: Promise.resolve(taskId) });
		},
		ended(job, outcome) {
			const sent = job.kind === 'create' ? claims.get(job) : undefined;
			if (sent !== undefined) settle(sent, null);
			if (outcome.kind !== 'failed' && outcome.kind !== 'absent') return;
			keep(({ taskId }) => taskId !== outcome.task.taskId);
		},
		release() {
			for (const sent of claims.values()) settle(sent, null);
		},
	};
}

/** Forgets all requests but these. */
function keep(isKept: (sent: Sent) => boolean): void {
	for (const [key, all] of sentByRequest) {
		const rest = all.filter(isKept);
		if (rest.length > 0) sentByRequest.set(key, rest);
		else sentByRequest.delete(key);
	}
}
