/** Timers that never keep the process alive and can all be ended at once. */
export class Timers {
	private readonly pending = new Map<NodeJS.Timeout, () => void>();

	/** Runs `act` after `ms`. Returns a function that calls it off. */
	after(ms: number, act: () => void): () => void {
		return this.start(ms, act, () => undefined);
	}

	/** Resolves after `ms`, or at once when the timers are cleared. */
	async sleep(ms: number): Promise<void> {
		if (ms > 0) await new Promise<void>((resolve) => this.start(ms, resolve, resolve));
	}

	clear(): void {
		const ended = [...this.pending];
		this.pending.clear();
		for (const [timer, onClear] of ended) {
			clearTimeout(timer);
			onClear();
		}
	}

	private start(ms: number, act: () => void, onClear: () => void): () => void {
		const timer = setTimeout(() => {
			this.pending.delete(timer);
			act();
		}, ms);
		timer.unref();
		this.pending.set(timer, onClear);
		return () => {
			clearTimeout(timer);
			this.pending.delete(timer);
		};
	}
}
