import * as z from 'zod/v4-mini';

import type { FactsByModel } from '../modelTable';

/** What the table of models means for an item: refused if Runway rules it out, doubted if Runway has retired the model. */

/** Names to offer: those that Runway serves. A retired one can be typed. */
export function currentModels(facts: FactsByModel): string[] {
	return Object.keys(facts).filter((model) => facts[model]?.retired === false);
}

/** All ratios of the models that are offered, each once. */
export function currentRatios(facts: FactsByModel): string[] {
	return [...new Set(currentModels(facts).flatMap((model) => facts[model]?.ratios ?? []))];
}

/** Models that are sure to refuse an end frame. */
export function modelsWithoutLastFrame(facts: FactsByModel): string[] {
	return currentModels(facts).filter((model) => facts[model]?.takesLastFrame === false);
}

interface Values {
	model: string;
	ratio?: string;
	duration?: number;
	prompt?: string;
	lastImageUrl?: string;
}

/**
 * Checks an item against what Runway lists for its model. Unknown and retired models pass: of the ones nothing is known,
 * and CometAPI's pages contradict Runway's on the others (fact sheet 7.11, 8.1).
 */
export function fitsModel(facts: FactsByModel) {
	return z.check<Values>(({ value, issues }) => {
		const known = Object.hasOwn(facts, value.model) ? facts[value.model] : undefined;
		if (known === undefined || known.retired) return;
		const refuse = (parameter: keyof Values, message: string) =>
			issues.push({ code: 'custom', path: [parameter], message, input: value[parameter] });
		const { ratios, durations } = known;
		const unlisted = <T>(list: readonly T[], one: T | undefined) =>
			one !== undefined && list.length > 0 && !list.includes(one);
		if (unlisted(ratios, value.ratio)) refuse('ratio', `must be one of ${ratios.join(', ')} for ${value.model}`);
		if (unlisted(durations, value.duration)) {
			refuse('duration', `must be one of ${durations.join(', ')} seconds for ${value.model}`);
		}
		if (known.needsPrompt && value.prompt === undefined) refuse('prompt', `must not be empty for ${value.model}`);
		if (!known.takesLastFrame && value.lastImageUrl !== undefined) {
			refuse('lastImageUrl', `must be empty for ${value.model}, which takes no end frame`);
		}
	});
}
