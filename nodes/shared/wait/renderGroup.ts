import { isNews, SCOUTS } from './cadence';
import { Alarm } from './pause';

/** The things of one kind in a watcher, which take about equally long. The oldest pending ones are its scouts. */
export class RenderGroup<Member extends { promoted: Alarm }> {
	/** Rings when something was learned, so that all make a new plan. */
	readonly learned = new Alarm();
	/** How long its things have taken, in milliseconds, ascending. */
	renderTimes: readonly number[] = [];
	/** Those that have not ended, oldest first. */
	private readonly pending = new Set<Member>();

	add(member: Member): void {
		this.pending.add(member);
	}

	/** Removes a member that has ended. If it was a scout, the next in line becomes one. */
	remove(member: Member): void {
		const wasScout = this.isScout(member);
		this.pending.delete(member);
		if (wasScout) this.scouts.at(-1)?.promoted.ring();
	}

	isScout(member: Member): boolean {
		return this.scouts.includes(member);
	}

	learn(renderMs: number): void {
		const wasNews = isNews(renderMs, this.renderTimes);
		this.renderTimes = [...this.renderTimes, renderMs].sort((a, b) => a - b);
		// Other ones add little, so a large batch wakes only when their number doubles.
		if (wasNews || Number.isInteger(Math.log2(this.renderTimes.length))) this.learned.ring();
	}

	private get scouts(): Member[] {
		const scouts: Member[] = [];
		for (const member of this.pending) {
			if (scouts.length === SCOUTS) break;
			scouts.push(member);
		}
		return scouts;
	}
}
