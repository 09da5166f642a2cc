import fc from 'fast-check';

/** How the properties are checked: how many inputs each gets, and what holds for all of them. */

/** Inputs of each property, 100,000 and more in all. {@link scaleOf} says how many of them a run takes. */
export const budget = {
	'a task answer, mutated': 20_000,
	'a task answer, arbitrary': 10_000,
	'a create answer, mutated': 15_000,
	'a create answer with an id': 5_000,
	'times, percents and URLs': 10_000,
	'words of an error': 10_000,
	'a problem in words': 10_000,
	'redaction of arbitrary text': 8_000,
	'redaction of long text': 400,
	'problems of long text': 200,
	'a create over any answer': 10_000,
	'a read over any answer': 8_000,
	'ids in a path': 4_000,
	'the balance': 4_000,
	'parameters of an operation': 1_000,
	'settings of an item': 5_000,
	'task ids from anything': 4_000,
	'the pace of looks': 5_000,
	'a simulated batch': 100,
	'a small simulated batch': 1_500,
	'a callback': 10_000,
	'what has been told': 3_000,
} as const;

/**
 * The part of each budget that a run takes: all of it in continuous integration, a tenth elsewhere, or what FUZZ_SCALE
 * says (2 for twice the budget).
 *
 * @throws {Error} if FUZZ_SCALE is not a number above 0, since a property that gets no input always holds
 */
export function scaleOf({ FUZZ_SCALE, CI }: NodeJS.ProcessEnv): number {
	const scale = FUZZ_SCALE === undefined ? (CI ? 1 : 0.1) : Number(FUZZ_SCALE);
	if (!(scale > 0 && Number.isFinite(scale)))
		throw new Error(`FUZZ_SCALE is ${FUZZ_SCALE}, which is no number above 0`);
	return scale;
}

/**
 * Where the generated inputs begin: the same ones in every run, so that a run fails for what was changed and not by chance.
 * To look for new ones: `FUZZ_SEED=random`. A number brings back the inputs of an earlier run.
 *
 * @throws {Error} if FUZZ_SEED is neither a number nor `random`
 */
export function seedOf({ FUZZ_SEED }: NodeJS.ProcessEnv): number | undefined {
	if (FUZZ_SEED === 'random') return undefined;
	const seed = FUZZ_SEED === undefined ? DEFAULT_SEED : Number(FUZZ_SEED || NaN);
	if (!Number.isInteger(seed)) throw new Error(`FUZZ_SEED is "${FUZZ_SEED}", which is neither a number nor "random"`);
	return seed;
}

const DEFAULT_SEED = 1;

/** No single input may take more of the processor, however odd it is. Time on the clock would also count other programs. */
const LONGEST_INPUT_MS = 3_000;
/** For a whole property, on a busy machine. */
const LONGEST_PROPERTY_MS = 600_000;

jest.setTimeout(LONGEST_PROPERTY_MS);

/** Characters of a failing input. */
const LONGEST_SHOWN = 2_000;

/**
 * Checks a property on its part of the budget. A failure prints the smallest input that fails with the seed
 * and path that bring it back: `FUZZ_SEED=… FUZZ_PATH=… npm run test:unit -- --testPathPatterns fuzz -t "…"`.
 */
export async function holds<Input>(
	name: keyof typeof budget,
	inputs: fc.Arbitrary<Input>,
	check: (input: Input) => void | Promise<void>,
): Promise<void> {
	const untouched = prototypes();
	const property = fc.asyncProperty(inputs, async (input) => {
		const before = process.cpuUsage();
		await check(input);
		const took = process.cpuUsage(before).user / 1_000;
		if (took > LONGEST_INPUT_MS) throw new Error(`took ${Math.round(took)} ms`);
	});
	const { FUZZ_PATH: path } = process.env;
	const seed = seedOf(process.env);
	const numRuns = Math.ceil(budget[name] * scaleOf(process.env));
	const details = await fc.check(property, {
		numRuns,
		...(seed !== undefined && { seed }),
		...(path !== undefined && { path }),
	});
	if (details.failed) {
		const { seed: used, counterexamplePath, counterexample, errorInstance } = details;
		const input = shown(counterexample).slice(0, LONGEST_SHOWN);
		const message = `FUZZ_SEED=${used} FUZZ_PATH=${counterexamplePath} fails for ${input}`;
		throw new Error(message, { cause: errorInstance });
	}
	if (path === undefined) expect(details.numRuns).toBe(numRuns);
	expect(prototypes()).toEqual(untouched);
}

/** As JSON where that can hold it, since that also shows fields named `__proto__`. */
function shown(value: unknown): string {
	try {
		return JSON.stringify(value) ?? fc.stringify(value);
	} catch {
		return fc.stringify(value);
	}
}

/** What prototype pollution would change. */
function prototypes(): string[][] {
	return [Object.prototype, Array.prototype, String.prototype, Function.prototype].map((prototype) =>
		Reflect.ownKeys(prototype).map(String),
	);
}
