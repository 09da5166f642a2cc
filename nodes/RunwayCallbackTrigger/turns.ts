import { isTerminal } from '../shared/task/task';
import type { Claim } from './callback';

interface Turn {
	over: Promise<void>;
	/** The one that waits, with the claim that it will look into. */
	next: { claim: Claim } | null;
}

/**
 * Lets one look at a task happen at a time. Of the claims that come meanwhile, one call waits for its turn and
 * looks into the latest; a flood of callbacks of one task costs two looks.
 */
export class Turns {
	/** Calls that look or wait. */
	open = 0;
	private readonly turns = new Map<string, Turn>();

	/**
	 * Looks into a claim when it is its turn.
	 * @param key names the task
	 * @returns null where another call looks into it
	 */
	async take<T>(key: string, claim: Claim, look: (claim: Claim) => Promise<T>): Promise<T | null> {
		const current = this.turns.get(key);
		if (current !== undefined && current.next !== null) {
			if (!isTerminal(current.next.claim.state.status)) current.next.claim = claim;
			return null;
		}
		this.open += 1;
		try {
			const mine = { claim };
			if (current !== undefined) {
				current.next = mine;
				await current.over;
			}
			return await this.begin(key, mine, look);
		} finally {
			this.open -= 1;
		}
	}

	private async begin<T>(key: string, mine: { claim: Claim }, look: (claim: Claim) => Promise<T>): Promise<T> {
		let end = () => {};
		const over = new Promise<void>((resolve) => {
			end = resolve;
		});
		const turn: Turn = { over, next: null };
		this.turns.set(key, turn);
		try {
			return await look(mine.claim);
		} finally {
			if (turn.next === null) this.turns.delete(key);
			end();
		}
	}
}
