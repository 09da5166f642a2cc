import { time } from '../task/amounts';
import { isObject } from '../task/json';
import type { Send } from './send';

/** What CometAPI says about the key itself: `GET /api/usage/token` (fact sheet 8.3). Its amounts are in internal units. */

export const USAGE_PATH = '/api/usage/token';

const TIMEOUT_MS = 10_000;

/** The state of an API key. */
export interface KeyState {
	/** Its name in the CometAPI console. */
	name: string;
	/** ISO 8601, UTC; null for never. */
	expiresAt: string | null;
	isExpired: boolean;
	isUsedUp: boolean;
	/** The only models that it may use; null for all. */
	onlyModels: string[] | null;
}

/** Reads the state of the key; null if anything goes wrong, because the answer is an extra. */
export async function askKey(send: Send, now = Date.now()): Promise<KeyState | null> {
	const answer = await send({ method: 'GET', path: USAGE_PATH, timeoutMs: TIMEOUT_MS });
	return answer.kind === 'response' && answer.status === 200 ? readKey(answer.body, now) : null;
}

/**
 * Reads what CometAPI says about a key, with its envelope or without.
 * @param now milliseconds since the epoch: CometAPI also answers for a key that has expired
 * @returns null if the body is not about a key
 */
export function readKey(body: unknown, now: number): KeyState | null {
	const data = isObject(body) && isObject(body.data) ? body.data : body;
	if (!isObject(data) || typeof data.name !== 'string' || !('total_available' in data || 'expires_at' in data))
		return null;
	const expiresAt = time(data.expires_at);
	const available = data.total_available;
	return {
		name: data.name,
		expiresAt,
		isExpired: expiresAt !== null && Date.parse(expiresAt) <= now,
		isUsedUp: data.unlimited_quota !== true && typeof available === 'number' && available <= 0,
		onlyModels: data.model_limits_enabled === true ? modelsOf(data.model_limits) : null,
	};
}

/** Models come as an object of switches; lists and texts are read as well. */
function modelsOf(limits: unknown): string[] {
	if (isObject(limits)) return Object.keys(limits).filter((model) => limits[model] !== false);
	const names: unknown[] = typeof limits === 'string' ? limits.split(',') : Array.isArray(limits) ? limits : [];
	return names.flatMap((name) => (typeof name === 'string' && name.trim() !== '' ? [name.trim()] : []));
}

const IN_CONSOLE = 'in the CometAPI console';
const ADD_MODELS = `Add Runway's models to its list ${IN_CONSOLE}.`;
/** Longer lists are cut. */
const MOST_MODELS = 10;
/** Runway's own names, those of the other models that Runway offers, and CometAPI's billing names. */
const RUNWAYS = /^(gen\d|act_|upscale_|magnific|aleph|veo|gemini|runway)/i;

/** Says why nothing can be created with a key; null if something can. */
export function faultOfKey({ expiresAt, isExpired, isUsedUp, onlyModels }: KeyState): string | null {
	if (isExpired) {
		return `This key expired on ${expiresAt?.slice(0, 10)}. Extend it ${IN_CONSOLE}, or create a new one and paste it.`;
	}
	if (isUsedUp) return `This key is used up. Raise its limit ${IN_CONSOLE}, or use another key.`;
	if (onlyModels === null || onlyModels.some((model) => RUNWAYS.test(model))) return null;
	if (onlyModels.length === 0) return `This key may use no model. ${ADD_MODELS}`;
	return `This key may only use ${listed(onlyModels)}, and none of them is a Runway model. ${ADD_MODELS}`;
}

/** Says to which models a key is limited; null if it may use all. */
export function noteOnKey({ onlyModels }: KeyState): string | null {
	return onlyModels === null ? null : `This key may only use ${listed(onlyModels)}.`;
}

function listed(models: readonly string[]): string {
	const shown = models.slice(0, MOST_MODELS).join(', ');
	return models.length > MOST_MODELS ? `${shown} and ${models.length - MOST_MODELS} more` : shown;
}
