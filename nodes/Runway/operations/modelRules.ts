import { MATCH_IMAGE } from '../../shared/parameters/checks';
import * as z from '../../shared/parameters/zod';
import type { FactsByModel, ModelFacts } from '../modelTable';
import type { Doubt } from './operation';

/** What the table of models means for an item: refused if Runway rules it out, doubted if the model is retired or unknown. */

/** Names to offer: those that Runway serves. A retired one can be typed. */
export function currentModels(facts: FactsByModel): string[] {
	return Object.keys(facts).filter((model) => facts[model]?.retired === false);
}

/** The ratios that a model takes; all that are known if the model is not. */
export function ratiosOf(facts: FactsByModel, model: string): readonly string[] {
	const listed = Object.hasOwn(facts, model) ? facts[model]?.ratios : undefined;
	return listed ?? currentRatios(facts);
}

/** All ratios of the models that are offered, each once. */
export function currentRatios(facts: FactsByModel): string[] {
	return [...new Set(currentModels(facts).flatMap((model) => facts[model]?.ratios ?? []))];
}

function currentDurations(facts: FactsByModel): number[] {
	return [...new Set(currentModels(facts).flatMap((model) => facts[model]?.durations ?? []))].sort((a, b) => a - b);
}

/** Models that are sure to refuse an input. */
export function modelsWithout(facts: FactsByModel, input: 'takesReferences' | 'takesLastFrame'): string[] {
	return currentModels(facts).filter((model) => facts[model]?.[input] === false);
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
	one !== undefined && one !== MATCH_IMAGE && list.length > 0 && !list.includes(one);

/** What is known about a model that Runway serves. */
function served(facts: FactsByModel, model: string): ModelFacts | undefined {
	const known = Object.hasOwn(facts, model) ? facts[model] : undefined;
	return known?.retired === false ? known : undefined;
}

/** More than this makes an error unreadable. */
const MAX_LISTED = 16;

/** What a ratio must be, continuing the sentence "Ratio …", with what to enter instead. */
function ratioWords(ratios: readonly string[], given: string, model: string): string {
	const listed = ratios.slice(0, MAX_LISTED).join(', ');
	const more = ratios.length > MAX_LISTED ? ` and ${ratios.length - MAX_LISTED} more` : '';
	return `must be one of ${listed}${more} for ${model} (the nearest is ${nearestShape(ratios, given)})`;
}

function durationWords(durations: readonly number[], model: string): string {
	return `must be one of ${durations.join(', ')} seconds for ${model}`;
}

/** The listed size whose shape is nearest to that of a ratio, and the first one if several are. */
export function nearestShape(ratios: readonly string[], given: string): string {
	const shape = (text: string) => {
		const [width = 0, height = 0] = text.split(':').map(Number);
		return Math.log(width / height);
	};
	return nearest(ratios, (other) => Math.abs(shape(other) - shape(given))) ?? given;
}

/**
 * Checks an item against what Runway lists for its model. Of unknown and retired models, {@link modelDoubts} are all there is.
 * @param defaults the panel's, if the operation sends its {@link replacements}
 */
export function fitsModel(facts: FactsByModel, defaults: Defaults = {}) {
	return z.check<Values>(({ value: given, issues }) => {
		const value = { ...given, ...replacements(facts, defaults, given) };
		const { model, ratio, duration } = value;
		const known = served(facts, model);
		if (known === undefined) return;
		const refuse = (parameter: keyof Values, message: string) =>
			issues.push({ code: 'custom', path: [parameter], message, input: value[parameter] });
		const { ratios, durations } = known;
		if (ratio !== undefined && unlisted(ratios, ratio)) refuse('ratio', ratioWords(ratios, ratio, model));
		if (unlisted(durations, duration)) refuse('duration', durationWords(durations, model));
		if (known.needsPrompt && value.prompt === undefined) refuse('prompt', `must not be empty for ${model}`);
		if (!known.takesLastFrame && value.lastImageUrl !== undefined) {
			refuse('lastImageUrl', `must be empty for ${model}, which takes no end frame`);
		}
		if (!known.takesReferences && (value.referenceImages?.image.length ?? 0) > 0) {
			refuse('referenceImages', `must be empty for ${model}, which takes no reference images`);
		}
	});
}

/**
 * Doubts about a model that Runway has retired, since CometAPI's pages contradict Runway's on those (fact sheet 7.11, 8.1), and
 * about one that the table does not have: then about what no model of the operation takes.
 */
export function modelDoubts(facts: FactsByModel, { model, ratio, duration, prompt }: Values): Doubt[] {
	if (served(facts, model) !== undefined) return [];
	const known = Object.hasOwn(facts, model) ? facts[model] : undefined;
	const { ratios, durations, name } =
		known === undefined
			? { ratios: currentRatios(facts), durations: currentDurations(facts), name: 'the models that this node knows' }
			: { ...known, name: model };
	const needsPrompt =
		known === undefined && prompt === undefined && Object.values(facts).some((one) => one.needsPrompt);
	return [
		...ratioDoubts(ratios, ratio, name),
		...(unlisted(durations, duration) ? [{ parameter: 'duration', expected: durationWords(durations, name) }] : []),
		...(needsPrompt ? [{ parameter: 'prompt', expected: `must not be empty, because most models need one` }] : []),
	];
}

function ratioDoubts(ratios: readonly string[], ratio: string | undefined, name: string): Doubt[] {
	if (ratio === undefined || !unlisted(ratios, ratio)) return [];
	return [{ parameter: 'ratio', expected: ratioWords(ratios, ratio, name) }];
}

/** Doubts about values that the pages of CometAPI's compatibility routes don't have, or contradict each other on (fact sheet 2.1). */
export function documentedDoubts(
	{ ratios = [], durations }: { ratios?: readonly string[]; durations: readonly number[] },
	{ ratio, duration }: Pick<Values, 'ratio' | 'duration'>,
): Doubt[] {
	return [
		...ratioDoubts(ratios, ratio, 'this operation'),
		...(unlisted(durations, duration)
			? [{ parameter: 'duration', expected: `must be ${durations.join(' or ')} seconds, as CometAPI documents it` }]
			: []),
	];
}
