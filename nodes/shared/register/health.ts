import type { Clock } from '../wait/pause';
import type { TableFault } from './faults';

/** How long the table is left alone after one, two and more faults in a row. */
const RESTS_MS = [1_000, 5_000, 30_000];

/** The present state of requests. While they rest, nobody sends one, so that not everybody waits for the same fault. */
export class Health {
	fault: TableFault | null = null;
	faults = 0;
	private restsUntil = 0;

	constructor(private readonly clock: Clock) {}

	/** How long to leave the table alone. */
	get restMs(): number {
		return Math.max(0, this.restsUntil - this.clock.now());
	}

	get isResting(): boolean {
		return this.restMs > 0;
	}

	note(fault: TableFault | null): void {
		// Requests that were under way together fail together.
		if (fault !== null && this.isResting) return;
		this.fault = fault;
		this.faults = fault === null ? 0 : this.faults + 1;
		const rest = RESTS_MS[Math.min(this.faults, RESTS_MS.length) - 1] ?? 0;
		this.restsUntil = this.clock.now() + rest;
	}
}
