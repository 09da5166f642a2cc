import * as z from 'zod/v4-mini';

import type { FactsByModel, ModelFacts } from '../modelTable';

/** What the table of models means for an item: refused if Runway rules it out, doubted if Runway has retired the model. */

/** Names to offer: those that Runway serves. A retired one can be typed. */
export function currentModels(facts: FactsByModel): string[] {
	return Object.keys(facts).filter((model) => facts[model]?.retired === false);
}

/** All ratios of the models that are offered, each once. */
export function currentRatios(facts: FactsByModel): string[] {
	return [...new Set(currentModels(facts).flatMap((model) => facts[model]?.ratios ?? []))];
}

/** Models that are sure to refuse reference images. */
export function modelsWithoutReferences(facts: FactsByModel): string[] {
	return currentModels(facts).filter((model) => facts[model]?.takesReferences === false);
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
	referenceImages?: { image: unknown[] };
}

/** What the panel of an operation starts with; the same for all its models. */
export interface Defaults {
	ratio?: string;
	/** Seconds. */
	duration?: number;
}

/**
 * What to send in place of the panel's defaults that the model does not take: its nearest ratio in pixels, and its nearest
 * duration, the shorter one if two are as near. A value that the user has chosen is never replaced.
 */
export function replacements(facts: FactsByModel, defaults: Defaults, { model, ratio, duration }: Values): Defaults {
	const known = served(facts, model);
	if (known === undefined) return {};
	const found: Defaults = {};
	if (ratio !== undefined && ratio === defaults.ratio && unlisted(known.ratios, ratio)) {
		const pixels = (text: string) => text.split(':').map(Number);
		const [width = 0, height = 0] = pixels(ratio);
		found.ratio = nearest(known.ratios, (other) => {
			const [otherWidth = 0, otherHeight = 0] = pixels(other);
			return Math.abs(otherWidth - width) + Math.abs(otherHeight - height);
		});
	}
	if (duration !== undefined && duration === defaults.duration && unlisted(known.durations, duration)) {
		found.duration = nearest(known.durations, (other) => Math.abs(other - duration));
	}
	return found;
}

/** The first of the values that are least far away. */
function nearest<T>(values: readonly T[], distance: (value: T) => number): T | undefined {
	return [...values].sort((a, b) => distance(a) - distance(b))[0];
}

const unlisted = <T>(list: readonly T[], one: T | undefined) =>
	one !== undefined && list.length > 0 && !list.includes(one);

/** What is known of a model that Runway serves. */
function served(facts: FactsByModel, model: string): ModelFacts | undefined {
	const known = Object.hasOwn(facts, model) ? facts[model] : undefined;
	return known?.retired === false ? known : undefined;
}

/**
 * Checks an item against what Runway lists for its model. Unknown and retired models pass: of the ones nothing is known,
 * and CometAPI's pages contradict Runway's on the others (fact sheet 7.11, 8.1).
 * @param defaults the panel's, if the operation sends its {@link replacements}
 */
export function fitsModel(facts: FactsByModel, defaults: Defaults = {}) {
	return z.check<Values>(({ value: given, issues }) => {
		const value = { ...given, ...replacements(facts, defaults, given) };
		const known = served(facts, value.model);
		if (known === undefined) return;
		const refuse = (parameter: keyof Values, message: string) =>
			issues.push({ code: 'custom', path: [parameter], message, input: value[parameter] });
		const { ratios, durations } = known;
		if (unlisted(ratios, value.ratio)) refuse('ratio', `must be one of ${ratios.join(', ')} for ${value.model}`);
		if (unlisted(durations, value.duration)) {
			refuse('duration', `must be one of ${durations.join(', ')} seconds for ${value.model}`);
		}
		if (known.needsPrompt && value.prompt === undefined) refuse('prompt', `must not be empty for ${value.model}`);
		if (!known.takesLastFrame && value.lastImageUrl !== undefined) {
			refuse('lastImageUrl', `must be empty for ${value.model}, which takes no end frame`);
		}
		if (!known.takesReferences && (value.referenceImages?.image.length ?? 0) > 0) {
			refuse('referenceImages', `must be empty for ${value.model}, which takes no reference images`);
		}
	});
}
