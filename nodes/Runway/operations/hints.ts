/**
 * Remarks on values that the documentation neither promises nor rules out: said, not refused. The panel says them before
 * anything is paid for, as far as it knows the values; the error of a refused item repeats them.
 */

import type { FactsByModel } from '../modelTable';
import { currentModels, type Defaults, replacements } from './modelRules';

/** A remark that the panel shows while a condition holds. */
export interface PanelRemark {
	message: string;
	/** A JavaScript expression over n8n's `$parameter`. */
	when: string;
}

const ratioSentence = (model: string, listed: readonly string[]) =>
	`Runway lists the ratios ${listed.join(', ')} for ${model}. If CometAPI refuses another one, use one of those.`;
const durationSentence = (usual: readonly number[]) =>
	`Not every model takes every duration. If CometAPI refuses yours, use ${usual.join(' or ')} seconds.`;
const promptSentence = 'Current Runway models require a prompt. If CometAPI refuses the request, add one.';
const retiredSentence = (model: string, instead: string) =>
	`Runway has retired ${model}, so CometAPI may refuse it. The current model is ${instead}.`;
const replacedSentence = (model: string, what: string, from: string | number, to: string | number) =>
	`${model} doesn't take the default ${what} ${from}, so the node sends ${to}. To have another, set the ${what} yourself.`;
const UNREACHABLE =
	"CometAPI downloads inputs from the internet and can't reach addresses of your own network. Use a public URL, or a file if the operation offers it.";

/** Says that a length is unusual for the route. */
export function unusualDuration(seconds: number, usual: readonly number[]): string[] {
	return usual.includes(seconds) ? [] : [durationSentence(usual)];
}

interface Chosen {
	model: string;
	ratio?: string;
	duration?: number;
}

/** Doubts about a model that Runway has retired, and about the values that go with it. */
export function retiredModel(facts: FactsByModel, { model, ratio, duration }: Chosen): string[] {
	const known = Object.hasOwn(facts, model) ? facts[model] : undefined;
	if (known?.retired !== true) return [];
	const { ratios, durations } = known;
	return [
		retiredSentence(model, Object.keys(facts)[0] ?? ''),
		...(ratio === undefined || ratios.length === 0 || ratios.includes(ratio) ? [] : [ratioSentence(model, ratios)]),
		...(duration === undefined || durations.length === 0 ? [] : unusualDuration(duration, durations)),
	];
}

/** Says that most models want a prompt, unless the model is known not to. */
export function missingPrompt(facts: FactsByModel, model: string, prompt: string | undefined): string[] {
	return prompt === undefined && facts[model]?.retired !== false ? [promptSentence] : [];
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

/** What {@link retiredModel}, {@link replacedDefaults}, {@link unusualDuration} and {@link missingPrompt} say, for the panel. */
export const panelRemarks = {
	retired: (facts: FactsByModel): PanelRemark[] =>
		Object.entries(facts)
			.filter(([, { retired }]) => retired)
			.flatMap(([model, { ratios, durations }]) => [
				{ message: retiredSentence(model, Object.keys(facts)[0] ?? ''), when: isModel(model) },
				...(ratios.length === 0
					? []
					: [
							{
								message: ratioSentence(model, ratios),
								when: `${isModel(model)} && !${JSON.stringify(ratios)}.includes($parameter["ratio"])`,
							},
						]),
				...(durations.length === 0 ? [] : [panelRemarks.duration(durations, isModel(model))]),
			]),
	duration: (usual: readonly number[], condition = 'true'): PanelRemark => ({
		message: durationSentence(usual),
		when: `${condition} && !${JSON.stringify(usual)}.includes(Number($parameter["duration"]))`,
	}),
	replaced: (facts: FactsByModel, defaults: Defaults): PanelRemark[] =>
		currentModels(facts).flatMap((model) =>
			(['ratio', 'duration'] as const).flatMap((parameter) => {
				const { [parameter]: value } = defaults;
				const chosen = { model, [parameter]: value };
				return replacedDefaults(facts, defaults, chosen).map((message) => ({
					message,
					when: `${isModel(model)} && String($parameter["${parameter}"]) === "${value}"`,
				}));
			}),
		),
	prompt: (facts: FactsByModel): PanelRemark => ({
		message: promptSentence,
		when: `!$parameter["prompt"] && !${JSON.stringify(Object.keys(facts).filter((model) => facts[model]?.retired === false))}.includes($parameter["model"])`,
	}),
	/** @param parameter such as `imageUrl`, or `options.lastImageUrl` for an option */
	url: (parameter: string): PanelRemark => ({
		message: UNREACHABLE,
		when: String.raw`/^https?:\/\/(localhost|127\.|10\.|192\.168\.|\[?::1|[^/.:]+([/:]|$))/i.test($parameter.${parameter} || "")`,
	}),
};

/** Says that CometAPI will not be able to download an input, which it does from its own servers. */
export function unreachableUrl(url: string | undefined): string[] {
	if (url === undefined || !URL.canParse(url)) return [];
	const { hostname } = new URL(url);
	if (!isPrivateHost(hostname)) return [];
	return [
		`CometAPI downloads inputs from the internet and can't reach "${hostname}". Use a public URL, or a binary field where the operation offers one.`,
	];
}

/** Says that a sleeping execution will not be called back. */
export function unreachableCallback(url: string): string[] {
	const { hostname } = new URL(url);
	if (!isPrivateHost(hostname)) return [];
	return [
		`CometAPI can't call back to "${hostname}", so the execution will sleep until the time limit. Give n8n a public address (WEBHOOK_URL), or choose to continue When Finished.`,
	];
}

function isPrivateHost(host: string): boolean {
	const name = host.toLowerCase().replace(/^\[|\]$/g, '');
	if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) {
		return /^(127|10|0)\.|^192\.168\.|^169\.254\.|^172\.(1[6-9]|2\d|3[01])\./.test(name);
	}
	if (name.includes(':')) return name === '::1' || /^f[cd][0-9a-f]{2}:|^fe80:/.test(name);
	// A name without a dot is one of the own network, such as a container's.
	return !name.includes('.') || /\.(localhost|local|internal|lan|home\.arpa)$/.test(name);
}
