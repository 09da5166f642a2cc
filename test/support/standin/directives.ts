import type { Outcome } from './types';

/** What square brackets in a prompt ask of a task. */
export interface Directives {
	renderMs?: number;
	outcome?: Outcome;
	/** Fail only the first create with this prompt. */
	failOnce: boolean;
	vanishes: boolean;
	backwards: boolean;
}

const failureMessages: Readonly<Record<string, string>> = {
	SAFETY: 'The input did not pass content moderation.',
	'SAFETY.INPUT.TEXT': 'The text prompt did not pass content moderation.',
	'ASSET.INVALID': 'The input asset could not be used.',
	THIRD_PARTY: 'A provider is unavailable.',
};

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000 };

function failed(code: string | undefined): Outcome {
	const message =
		failureMessages[code ?? ''] ?? failureMessages[code?.split('.')[0] ?? ''] ?? 'An unexpected error occurred.';
	return { kind: 'failed', code: code ?? null, message };
}

/**
 * Reads `[takes 12 s]`, `[fail CODE]`, `[fail once CODE]`, `[cancelled]`, `[ends WORD]` (without a result),
 * `[says WORD]` (with it), `[no url]`, `[unknown]`, `[stuck]`, `[vanish]` and `[backwards]` out of a text; other
 * brackets mean nothing.
 */
export function readDirectives(text: string): Directives {
	const found: Directives = { failOnce: false, vanishes: false, backwards: false };
	for (const [, inside = ''] of text.matchAll(/\[([^[\]]{1,80})\]/g)) {
		const words = inside.trim().toLowerCase().replace(/\s+/g, ' ');
		const takes = /^takes (\d+(?:\.\d+)?) ?(ms|s|min)$/.exec(words);
		const fail = /^fail(?:ed|s)?( once)?(?: ([\w.]+))?$/.exec(words);
		const says = /^(ends|says) (\w+)$/.exec(inside.trim());
		if (takes) {
			found.renderMs = Number(takes[1]) * (unitMs[takes[2] ?? 's'] ?? 1000);
		} else if (fail) {
			found.outcome = failed(fail[2]?.toUpperCase());
			found.failOnce = Boolean(fail[1]);
		} else if (words === 'cancelled' || words === 'canceled') {
			found.outcome = { kind: 'cancelled', code: null, message: 'The task was cancelled.' };
		} else if (says) {
			const kind = says[1] === 'ends' ? 'failed' : 'succeeded';
			found.outcome = { kind, code: null, message: '', word: says[2] };
		} else if (words === 'no url') {
			found.outcome = { kind: 'succeeded-without-url', code: null, message: '' };
		} else if (words === 'unknown' || words === 'stuck') {
			found.outcome = { kind: words, code: null, message: '' };
		} else if (words === 'vanish') {
			found.vanishes = true;
		} else if (words === 'backwards') {
			found.backwards = true;
		}
	}
	return found;
}

/**
 * The text that steers a task: its prompt, or, for operations without one, its input URLs, decoded. Data URIs are
 * left out: they are megabytes of base64.
 */
export function steeringText(prompt: string, body: unknown): string {
	return prompt === '' ? urlsIn(body).map(decode).join(' ') : prompt;
}

function urlsIn(value: unknown): string[] {
	if (typeof value === 'string') return /^https?:/i.test(value) ? [value] : [];
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([key, inner]) => (key === 'callback_url' ? [] : urlsIn(inner)));
}

function decode(url: string): string {
	try {
		return decodeURIComponent(url.replace(/\+/g, ' '));
	} catch {
		return url;
	}
}
