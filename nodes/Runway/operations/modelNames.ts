import { modelTable, type FactsByModel } from '../modelTable';

/** What people call the models, by the IDs that requests have. */

const titles: ReadonlyMap<string, string> = new Map([
	// CometAPI's own, which Runway's typings do not have.
	['gen4', 'Gen-4'],
	...Object.values(modelTable).flatMap((models: FactsByModel) =>
		Object.entries(models).map(([model, { title }]): [string, string] => [model, title]),
	),
]);

/** Whether the table of models has it, at whichever endpoint. */
export function isKnownModel(model: string): boolean {
	return titles.has(model);
}

/** The ID with a word or two beside it, such as "gen4_turbo (Gen-4 Turbo)". */
export function modelLabel(model: string): string {
	const title = titles.get(model);
	return title === undefined ? model : `${model} (${title})`;
}
