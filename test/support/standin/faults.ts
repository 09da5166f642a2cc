import type { Fault, FaultHandle, FaultKind, RecordedRequest } from './types';

/** Kinds that let a create make its task unless `created` says otherwise. */
const createdByDefault: ReadonlySet<FaultKind> = new Set([
	'reset-after',
	'timeout-after',
	'truncated-json',
	'wrong-json',
	'empty-object',
]);

/** Whether a create that meets this fault makes its task all the same. */
export function leavesTask(fault: Fault): boolean {
	return fault.created ?? createdByDefault.has(fault.kind);
}

class Script implements FaultHandle {
	used = 0;
	private cleared = false;
	private skipped = 0;

	constructor(readonly fault: Fault) {}

	clear(): void {
		this.cleared = true;
	}

	/** Whether the request meets this fault; if so, it counts. */
	take(request: RecordedRequest): boolean {
		const { times = 1, skip = 0, match } = this.fault;
		if (this.cleared || this.used >= times || !this.concerns(request) || match?.(request) === false) return false;
		if (this.skipped < skip) {
			this.skipped += 1;
			return false;
		}
		this.used += 1;
		request.fault = this.fault.kind;
		return true;
	}

	release(request: RecordedRequest): void {
		this.used -= 1;
		request.fault = undefined;
	}

	private concerns({ method, path, route }: RecordedRequest): boolean {
		const { on } = this.fault;
		// A fresh expression each time: one with the flag g keeps its place between tests.
		if (on instanceof RegExp) return new RegExp(on.source, on.flags.replace(/[gy]/g, '')).test(`${method} ${path}`);
		return on === 'any' || on === route;
	}
}

/** What a request met: at most one fault that decides its answer, and the delays before it. */
export interface MetFault {
	fault?: Fault;
	slowMs: number;
	waitsFor: Array<() => Promise<void>>;
	/** Gives the fault back when the request was refused before it could take effect. */
	release(): void;
}

/** The scripted faults, taken in the order in which they were scripted. */
export class FaultBook {
	private scripts: Script[] = [];

	add(fault: Fault): FaultHandle {
		const script = new Script(fault);
		this.scripts.push(script);
		return script;
	}

	clear(): void {
		for (const script of this.scripts) script.clear();
		this.scripts = [];
	}

	/** Whether to cut the connection before the body is read. `match` sees no body here. */
	refuses(request: RecordedRequest): boolean {
		return this.scripts.some((script) => script.fault.kind === 'refuse' && script.take(request));
	}

	meet(request: RecordedRequest): MetFault {
		let slowMs = 0;
		const waitsFor: MetFault['waitsFor'] = [];
		for (const script of this.scripts) {
			if (script.fault.kind === 'refuse' || !script.take(request)) continue;
			if (script.fault.kind !== 'slow') {
				return { fault: script.fault, slowMs, waitsFor, release: () => script.release(request) };
			}
			const { ms, until } = script.fault;
			if (until !== undefined) waitsFor.push(until);
			slowMs += ms ?? (until === undefined ? 1000 : 0);
		}
		return { slowMs, waitsFor, release: () => undefined };
	}
}
