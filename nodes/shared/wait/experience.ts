/**
 * Remembers how long tasks of a kind have taken, so that later ones are looked at when they are about
 * ready. Lives in the process's memory, and is bounded: it is a help, not a record.
 */
export interface Experience {
	/** Milliseconds of earlier tasks of this kind, ascending. */
	recall(kind: string): readonly number[];
	learn(kind: string, milliseconds: number): void;
}

export interface ExperienceLimits {
	/** @default 200 */
	kinds?: number;
	/** The newest of each kind are kept. @default 12 */
	samples?: number;
}

export function createExperience({ kinds = 200, samples = 12 }: ExperienceLimits = {}): Experience {
	/** Newest last, both the kinds and their samples. */
	const remembered = new Map<string, number[]>();
	const sorted = new Map<string, readonly number[]>();

	return {
		recall: (kind) => sorted.get(kind) ?? [],
		learn(kind, milliseconds) {
			const times = [...(remembered.get(kind) ?? []), milliseconds].slice(-samples);
			remembered.delete(kind);
			remembered.set(kind, times);
			sorted.set(
				kind,
				[...times].sort((a, b) => a - b),
			);
			for (const oldest of remembered.keys()) {
				if (remembered.size <= kinds) break;
				remembered.delete(oldest);
				sorted.delete(oldest);
			}
		},
	};
}
