/** Faults of one kind in a row. */
export interface Row {
	/** Answers to requests that followed one another; those of requests sent at the same time count as one. */
	answers: number;
	/** Milliseconds from the first of them to the latest. */
	ms: number;
}

/**
 * Counts faults of one kind in a row. Requests that are under way at the same time meet the same fault, so their answers
 * count as one: a burst is no row.
 */
export class FaultRow {
	private kind: string | null = null;
	private answers = 0;
	private beganAt = 0;
	private countedAt = Number.NEGATIVE_INFINITY;

	/**
	 * Adds a fault; one of another kind begins a new row.
	 * @param sentAt when its request was sent, in milliseconds since the epoch
	 * @param now when its answer came
	 */
	add(kind: string, sentAt: number, now: number): Row {
		if (kind !== this.kind) {
			this.clear();
			this.kind = kind;
			this.beganAt = now;
		}
		if (sentAt >= this.countedAt) {
			this.answers += 1;
			this.countedAt = now;
		}
		return { answers: this.answers, ms: now - this.beganAt };
	}

	/** Ends the row: an answer without fault came. */
	clear(): void {
		this.kind = null;
		this.answers = 0;
		this.countedAt = Number.NEGATIVE_INFINITY;
	}
}
