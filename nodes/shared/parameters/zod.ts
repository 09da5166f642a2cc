/** What the nodes use of zod, so that the package has it once. */
export {
	array,
	boolean,
	check,
	custom,
	enum,
	gte,
	int,
	lte,
	number,
	object,
	optional,
	pipe,
	prefault,
	refine,
	regex,
	safeParse,
	string,
	transform,
	trim,
	unknown,
} from 'zod/v4-mini';
export type { core, infer, output, ZodMiniOptional } from 'zod/v4-mini';
