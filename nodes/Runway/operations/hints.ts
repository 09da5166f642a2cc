/** What the panel says of a chosen model before anything is paid for. */

import type { FactsByModel } from '../modelTable';
import { currentModels, type Defaults, replacements } from './modelRules';
import { isPrivateHost } from './inputUrls';

/** A remark that the panel shows while a condition holds. */
export interface PanelRemark {
	message: string;
	/** A JavaScript expression over n8n's `$parameter`. */
	when: string;
	/** `beforeExecution` if the run repeats it. */
	whenToDisplay: 'always' | 'beforeExecution';
}

const retiredSentence = (model: string, instead: string) =>
	`Runway has retired ${model}, so CometAPI may refuse it. The current model is ${instead}.`;
const replacedSentence = (model: string, what: string, from: string | number, to: string | number) =>
	`${model} doesn't take the default ${what} ${from}, so the node sends ${to}. To send another, set the ${what} yourself.`;

interface Chosen {
	model: string;
	ratio?: string;
	duration?: number;
}

/** Says which of the panel's defaults the node replaces for this model. */
export function replacedDefaults(facts: FactsByModel, defaults: Defaults, chosen: Chosen): string[] {
	const { ratio, duration } = replacements(facts, defaults, chosen);
	return [
		...(ratio === undefined ? [] : [replacedSentence(chosen.model, 'ratio', chosen.ratio ?? '', ratio)]),
		...(duration === undefined ? [] : [replacedSentence(chosen.model, 'duration', chosen.duration ?? '', duration)]),
	];
}

const isModel = (model: string) => `$parameter["model"] === ${JSON.stringify(model)}`;

export const panelRemarks = {
	/** Says that Runway has retired a model. */
	retired: (facts: FactsByModel): PanelRemark[] =>
		Object.keys(facts)
			.filter((model) => facts[model]?.retired === true)
			.map((model) => ({
				message: retiredSentence(model, Object.keys(facts)[0] ?? ''),
				when: isModel(model),
				whenToDisplay: 'always',
			})),
	/** What {@link replacedDefaults} says. */
	replaced: (facts: FactsByModel, defaults: Defaults): PanelRemark[] =>
		currentModels(facts).flatMap((model) =>
			(['ratio', 'duration'] as const).flatMap((parameter) => {
				const { [parameter]: value } = defaults;
				const chosen = { model, [parameter]: value };
				return replacedDefaults(facts, defaults, chosen).map((message) => ({
					message,
					when: `${isModel(model)} && String($parameter["${parameter}"]) === "${value}"`,
					whenToDisplay: 'beforeExecution' as const,
				}));
			}),
		),
};

/** Says that a sleeping execution will not be called back. */
export function unreachableCallback(url: string): string[] {
	const { hostname } = new URL(url);
	if (!isPrivateHost(hostname)) return [];
	return [
		`CometAPI can't call back to "${hostname}", so the execution will sleep until the time limit. Give n8n a public address (N8N_WEBHOOK_URL, or WEBHOOK_URL before n8n 2.30), or set When to Continue to When Finished.`,
	];
}
