import { randomUUID } from 'node:crypto';
import type { Directives } from './directives';
import { readDirectives, steeringText } from './directives';
import type { TaskView } from './envelopes';
import { progressAt } from './progress';
import type { CreateRoute } from './routes';
import { unknownFields } from './routes';
import type { UrlSigner } from './signing';
import type { FaultKind, JsonObject, Outcome, StandInSettings, StandInTask } from './types';

const success: Outcome = { kind: 'succeeded', code: null, message: '' };

/** The tasks of one stand-in. */
export class TaskBook {
	readonly tasks = new Map<string, StandInTask>();
	private readonly failedOnce = new Set<string>();

	constructor(
		private readonly settings: StandInSettings,
		private readonly signer: UrlSigner,
		private readonly assetBase: () => string,
	) {}

	create(route: CreateRoute, body: JsonObject, fault?: FaultKind): StandInTask {
		const now = Date.now();
		const given = route.prompt === undefined ? undefined : body[route.prompt];
		const prompt = typeof given === 'string' ? given : '';
		const steering = steeringText(prompt, body);
		const directives = readDirectives(steering);
		const admittedAt = this.admission(now);
		const task: StandInTask = {
			id: randomUUID(),
			number: this.tasks.size + 1,
			family: route.family,
			operation: route.operation,
			asset: route.asset,
			route: route.path,
			body,
			prompt,
			unknownFields: unknownFields(route, body),
			createdAt: now,
			visibleAt: now + this.settings.notVisibleMs,
			admittedAt,
			startedAt: admittedAt,
			readyAt: admittedAt,
			outcome: { ...this.outcome(directives, steering) },
			backwards: directives.backwards,
			vanishes: directives.vanishes,
			vanished: false,
			polls: 0,
			callbackUrl: typeof body.callback_url === 'string' ? body.callback_url : undefined,
			fault,
		};
		this.plan(task, directives.renderMs);
		this.tasks.set(task.id, task);
		return task;
	}

	/** Ends a task now. */
	finish(taskId: string, outcome?: Partial<Outcome>): StandInTask {
		const task = this.tasks.get(taskId);
		if (!task) throw new Error(`The stand-in has no task ${taskId}`);
		const now = Date.now();
		const endless = task.outcome.kind === 'stuck' || task.outcome.kind === 'unknown';
		task.outcome = { ...(endless ? success : task.outcome), ...outcome };
		task.visibleAt = Math.min(task.visibleAt, now);
		task.admittedAt = Math.min(task.admittedAt, now);
		task.startedAt = Math.min(task.startedAt, now);
		task.readyAt = Math.min(task.readyAt, now);
		return task;
	}

	clear(): void {
		this.tasks.clear();
		this.failedOnce.clear();
	}

	/** What can be said of a task now. Asset URLs are signed afresh each time. */
	view(task: StandInTask, now: number): TaskView {
		const { phase, share } = progressAt(task, now);
		const done = phase === 'succeeded';
		const failed = phase === 'failed' || phase === 'cancelled';
		const { code, message, word } = task.outcome;
		const shown = done && task.outcome.kind !== 'succeeded-without-url';
		const stills = shown && task.family === 'compatibility';
		return {
			id: task.id,
			action: task.family === 'compatibility' ? 'generate' : actionOf(task),
			asset: task.asset,
			phase,
			share,
			prompt: task.prompt,
			// An end that is a word alone says no more than that.
			failure: failed && !(word !== undefined && message === '') ? { code, message } : null,
			createdAt: task.createdAt,
			startedAt: now >= task.startedAt ? task.startedAt : null,
			finishedAt: done || failed ? task.readyAt : null,
			updatedAt: Math.min(now, task.readyAt),
			resultUrl: shown ? this.resultUrl(task) : null,
			posterUrl: stills ? this.storeUrl(task, 'poster.png') : null,
			lastFrameUrl: stills ? this.storeUrl(task, 'last.png') : null,
			costs: this.settings.costs,
			word: (done || failed ? word : undefined) ?? this.settings.statusWords[phase],
		};
	}

	/** Path and query that open a file of the store. */
	storePath(task: StandInTask, name: string): string {
		const path = `/assets/${task.id}/${name}`;
		const { signedUrls, assetExpiryMs } = this.settings;
		return signedUrls ? `${path}?${this.signer.sign(path, Date.now() + assetExpiryMs)}` : path;
	}

	/** The moment at which fewer than `concurrency` earlier tasks are still rendering. */
	private admission(now: number): number {
		const { concurrency } = this.settings;
		if (concurrency === Infinity) return now;
		const ends = [...this.tasks.values()].map((task) => task.readyAt).filter((end) => end > now);
		return ends.sort((one, other) => (one < other ? 1 : -1))[concurrency - 1] ?? now;
	}

	private plan(task: StandInTask, directedMs: number | undefined): void {
		const { renderMs, queuedMs } = this.settings;
		const duration = directedMs ?? (typeof renderMs === 'function' ? renderMs(task) : renderMs);
		const endless = task.outcome.kind === 'stuck' || task.outcome.kind === 'unknown';
		task.startedAt = task.admittedAt + Math.min(queuedMs, duration / 2);
		task.readyAt = endless ? Infinity : task.admittedAt + duration;
	}

	private outcome({ outcome: directed, failOnce, vanishes }: Directives, steering: string): Outcome {
		if (vanishes) return { ...success, kind: 'stuck' };
		if (!directed) return success;
		if (!failOnce) return directed;
		if (this.failedOnce.has(steering)) return success;
		this.failedOnce.add(steering);
		return directed;
	}

	private resultUrl(task: StandInTask): string {
		const { resultUrls, fileNames } = this.settings;
		if (resultUrls === 'store') return this.storeUrl(task, fileNames[task.asset]);
		return `${this.assetBase()}/v1/videos/${task.id}/content`;
	}

	private storeUrl(task: StandInTask, name: string): string {
		return `${this.assetBase()}${this.storePath(task, name)}`;
	}
}

/** `/runwayml/v1/image_to_video` is the action IMAGE_TO_VIDEO. */
function actionOf(task: StandInTask): string {
	return (task.route.split('/').pop() ?? '').toUpperCase();
}
