import { Alarm, pause, systemClock } from '../wait/pause';

/** The turn of the call that reads. */
export class Turn<Claim> {
	/** The call that waits for this turn to end, with the claim that it will check. */
	next: { claim: Claim } | null = null;
	end = () => {};
	/** Resolves when the read has ended. */
	readonly over = new Promise<void>((resolve) => {
		this.end = resolve;
	});
	private readonly called = new Alarm();

	/** Whether another call should take over. */
	isOver(): boolean {
		return this.next !== null;
	}

	/** Puts a call behind this one. */
	queue(next: { claim: Claim }): void {
		this.next = next;
		this.called.ring();
	}

	/** Waits this many milliseconds, or until another call waits. */
	async pause(milliseconds: number): Promise<void> {
		if (!this.isOver()) await pause(milliseconds, systemClock, this.called);
	}
}

type Look<Claim, T> = (claim: Claim, turn: Turn<Claim>) => Promise<T>;

/**
 * Lets only one call at a time read a thing. Of the callbacks that come meanwhile, one call waits for its turn and
 * checks the latest that may report an end; a flood of callbacks costs two reads.
 */
export class Turns<Claim> {
	/** Calls that read or wait. */
	open = 0;
	private readonly turns = new Map<string, Turn<Claim>>();

	/** @param mayBeEnd whether a claim must not give way to a later one */
	constructor(private readonly mayBeEnd: (claim: Claim) => boolean) {}

	/**
	 * Checks a claim when it is its turn.
	 * @param key names the task or the execution that it is about
	 * @returns null if another call checks it
	 */
	async take<T>(key: string, claim: Claim, look: Look<Claim, T>): Promise<T | null> {
		const current = this.turns.get(key);
		if (current !== undefined && current.next !== null) {
			if (!this.mayBeEnd(current.next.claim)) current.next.claim = claim;
			return null;
		}
		this.open += 1;
		try {
			const mine = { claim };
			if (current !== undefined) {
				current.queue(mine);
				await current.over;
			}
			return await this.begin(key, mine, look);
		} finally {
			this.open -= 1;
		}
	}

	private async begin<T>(key: string, mine: { claim: Claim }, look: Look<Claim, T>): Promise<T> {
		const turn = new Turn<Claim>();
		this.turns.set(key, turn);
		try {
			return await look(mine.claim, turn);
		} finally {
			if (turn.next === null) this.turns.delete(key);
			turn.end();
		}
	}
}
