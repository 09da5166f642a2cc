import * as http from 'node:http';
import * as https from 'node:https';
import { callbackBody } from './envelopes';
import type { TaskBook } from './tasks';
import { Timers } from './timers';
import type { RecordedCallback, StandInSettings, StandInTask } from './types';

const DELIVERY_TIMEOUT_MS = 30_000;
/** Beyond this, setTimeout fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Posts to `callback_url` when a task changes. Deliveries are recorded; their failure concerns nobody else. */
export class CallbackDesk {
	readonly deliveries: RecordedCallback[] = [];
	private readonly timers = new Timers();
	private readonly open = new Set<http.ClientRequest>();
	private era = 0;
	private readonly plans = new Map<string, Array<() => void>>();

	constructor(
		private readonly settings: StandInSettings,
		private readonly book: TaskBook,
		private readonly log: (line: string) => void,
	) {}

	/** Plans the callbacks of a task; planning it again replaces what was planned. */
	plan(task: StandInTask): void {
		for (const callOff of this.plans.get(task.id) ?? []) callOff();
		if (task.callbackUrl === undefined || task.family !== 'compatibility') return;
		const halfway = task.startedAt + (task.readyAt - task.startedAt) / 2;
		const moments = [
			{ at: task.startedAt, last: false },
			{ at: halfway, last: false },
			{ at: task.readyAt, last: true },
		];
		const now = Date.now();
		const due = moments.filter(({ at, last }) => at - now < MAX_TIMER_MS && (last || at >= now));
		this.plans.set(
			task.id,
			due.map(({ at, last }) => this.timers.after(Math.max(0, at - now), () => this.announce(task, last))),
		);
	}

	clear(): void {
		this.era += 1;
		this.timers.clear();
		this.plans.clear();
		for (const request of this.open) request.destroy();
		this.open.clear();
		this.deliveries.length = 0;
	}

	private announce(task: StandInTask, last: boolean): void {
		const { enabled, onProgress, delayMs } = this.settings.callbacks;
		if (!enabled || task.vanished || !(last || onProgress)) return;
		const now = Date.now();
		// A timer may fire a millisecond early; the last callback always tells of the end.
		const view = this.book.view(task, last ? Math.max(now, task.readyAt) : now);
		this.timers.after(delayMs, () => {
			void this.deliver(task, callbackBody(view, this.settings.callbacks.shape));
		});
	}

	private async deliver(task: StandInTask, body: RecordedCallback['body']): Promise<void> {
		const { times, hosts } = this.settings.callbacks;
		const { era } = this;
		for (let copy = 0; copy < times && era === this.era; copy += 1) {
			const delivery: RecordedCallback = {
				taskId: task.id,
				url: task.callbackUrl ?? '',
				at: Date.now(),
				body,
			};
			this.deliveries.push(delivery);
			if (hosts === 'loopback' && !isLoopback(delivery.url)) {
				delivery.error = 'not called: the host is not this machine';
				return;
			}
			try {
				delivery.status = await this.post(delivery.url, JSON.stringify(body));
			} catch (error) {
				delivery.error = error instanceof Error ? error.message : String(error);
			}
			this.log(`callback for ${task.id}: ${delivery.status ?? delivery.error}`);
		}
	}

	private async post(url: string, body: string): Promise<number> {
		const { request } = url.startsWith('https:') ? https : http;
		return await new Promise<number>((resolve, reject) => {
			const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
			const sent = request(url, { method: 'POST', headers, agent: false, timeout: DELIVERY_TIMEOUT_MS });
			this.open.add(sent);
			sent.on('response', (response) => {
				response.resume();
				response.on('error', reject);
				response.on('close', () => resolve(response.statusCode ?? 0));
			});
			sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
			sent.on('error', reject);
			sent.on('close', () => this.open.delete(sent));
			sent.end(body);
		});
	}
}

function isLoopback(url: string): boolean {
	const { hostname } = new URL(url);
	return hostname === '[::1]' || /^(?:.+\.)?localhost$/.test(hostname) || /^127(?:\.\d+){3}$/.test(hostname);
}
