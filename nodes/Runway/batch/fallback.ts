import type { Problem } from '../../shared/api/problem';
import type { Reason } from '../../shared/judgement/reason';
import type { CreateJob, Job } from './job';
import type { Ledger } from './paid';

/** Other models for a job whose own is not served (`options.fallbackModels`). */

const ABOUT_THE_MODEL: ReadonlySet<Reason> = new Set(['modelUnavailable', 'modelNotAllowed']);

/** Whether an answer refuses the model as such. None of these answers can have created a task. */
export function isAboutModel({ reason }: Problem): boolean {
	return ABOUT_THE_MODEL.has(reason);
}

/**
 * Whether a create was refused for its model alone, while there is another one to try. Runway itself refuses a model that it has
 * retired as a wrong value.
 */
export function hasNextModel(job: CreateJob, problem: Problem): boolean {
	const isModel = ({ path }: { path: string }) => path === 'model' || path === job.labelOf('model');
	const isOfModel =
		isAboutModel(problem) ||
		(problem.reason === 'badRequest' && problem.fields.length > 0 && problem.fields.every(isModel));
	return job.fallbacks.length > 0 && isOfModel;
}

/** Makes a job ask for its next model. */
export function takeNextModel(job: CreateJob): void {
	const [next, ...rest] = job.fallbacks;
	if (next === undefined) return;
	const note = `CometAPI refused the model ${job.model}, so ${next.model} came next.`;
	const hints = [...new Set([...job.hints, note, ...next.hints])];
	Object.assign(job, { ...next, hints, remarks: [...next.remarks, note], fallbacks: rest });
}

/** Lets the jobs of a retry ask for the models with which an earlier attempt has created their tasks. */
export function resumeModels(jobs: readonly Job[], ledger: Ledger): void {
	for (const job of jobs) {
		if (job.kind !== 'create' || ledger.find(job) !== undefined) continue;
		const at = job.fallbacks.findIndex(({ fingerprint }) => ledger.find({ ...job, fingerprint }) !== undefined);
		const { hints, fallbacks } = job;
		if (at >= 0) Object.assign(job, { ...fallbacks[at], hints, fallbacks: fallbacks.slice(at + 1) });
	}
}
