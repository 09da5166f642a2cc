import type { JsonObject } from './types';

/** Why a value is refused. `shape`: missing or of another type; `value`: of the right type, but not allowed. */
export interface Refusal {
	kind: 'shape' | 'value';
	message: string;
	/** Text code, where the documentation names one. */
	code?: string;
}

/** Looks at one value; `at` is its path, for the message. */
export type Check = (value: unknown, at: string) => Refusal | undefined;

const KIB = 1024;
const MAX_URL_CHARACTERS = 2048;
/** Runway's limits for data URIs, in characters of the whole URI. */
export const MAX_DATA_URI_CHARACTERS = { image: 5 * KIB * KIB, video: 16 * KIB * KIB } as const;

const shape = (message: string): Refusal => ({ kind: 'shape', message });
const refused = (message: string): Refusal => ({ kind: 'value', message });

export function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string of `min` to `max` UTF-16 units. */
export function text(min = 1, max = Infinity): Check {
	return (value, at) => {
		if (typeof value !== 'string') return shape(`\`${at}\` must be a string`);
		if (value.trim().length < min) return shape(`\`${at}\` must not be empty`);
		if (value.length > max) return refused(`\`${at}\` must have at most ${max} characters`);
		return undefined;
	};
}

export function matching(expression: RegExp, wanted: string): Check {
	return (value, at) => {
		if (typeof value !== 'string') return shape(`\`${at}\` must be a string`);
		return expression.test(value) ? undefined : refused(`\`${at}\` must be ${wanted}`);
	};
}

/** `1280:720` or `16:9`; `1280x720` is not a ratio. Which ratios a model takes is left open, as the documentation does. */
export const ratio = matching(/^\d+:\d+$/, 'width and height with a colon, such as 1280:720');

export function oneOf(...allowed: string[]): Check {
	return (value, at) => {
		if (typeof value !== 'string') return shape(`\`${at}\` must be a string`);
		return allowed.includes(value) ? undefined : refused(`\`${at}\` must be one of ${allowed.join(', ')}`);
	};
}

export const bool: Check = (value, at) =>
	typeof value === 'boolean' ? undefined : shape(`\`${at}\` must be a boolean`);

export function number(min = -Infinity, max = Infinity): Check {
	return (value, at) => {
		if (typeof value !== 'number') return shape(`\`${at}\` must be a number`);
		return value >= min && value <= max ? undefined : refused(`\`${at}\` must be between ${min} and ${max}`);
	};
}

export function integer(min: number, max: number): Check {
	const inRange = number(min, max);
	return (value, at) => (Number.isInteger(value) ? inRange(value, at) : shape(`\`${at}\` must be an integer`));
}

/** An http(s) URL. */
export const url: Check = (value, at) => {
	if (typeof value !== 'string') return shape(`\`${at}\` must be a string`);
	if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return refused(`\`${at}\` must be an http(s) URL`);
	if (value.length > MAX_URL_CHARACTERS) {
		return refused(`\`${at}\` must have at most ${MAX_URL_CHARACTERS} characters`);
	}
	return undefined;
};

const imageTypes = ['image/jpeg', 'image/jpg', 'image/png', 'image/webp'];

/** An http(s) URL, or a base64 data URI that states a MIME type of the medium and keeps to its size. */
export function media(...kinds: Array<'image' | 'video'>): Check {
	return (value, at) => {
		if (typeof value !== 'string') return shape(`\`${at}\` must be a string`);
		if (!/^data:/i.test(value)) return url(value, at);
		const head = /^data:([a-z]+)\/([-+.\w]+)(?:;[^,;]+)*;base64,(?=[A-Za-z0-9+/])/i.exec(value.slice(0, 200));
		const kind = kinds.find((one) => one === head?.[1]?.toLowerCase());
		if (!head || !kind)
			return refused(`\`${at}\` must be a base64 data URI with the MIME type of ${kinds.join(' or ')}`);
		const type = `${kind}/${head[2]?.toLowerCase()}`;
		if (kind === 'image' && !imageTypes.includes(type)) {
			return refused(`\`${at}\` must be a JPEG, PNG or WebP picture, not ${type}`);
		}
		if (value.length > MAX_DATA_URI_CHARACTERS[kind]) {
			return refused(`\`${at}\` is a data URI of more than ${MAX_DATA_URI_CHARACTERS[kind]} characters`);
		}
		return undefined;
	};
}

/** An array of `min` to `max` entries, each of which passes `each`. */
export function list(min: number, max: number, each: Check): Check {
	return (value, at) => {
		if (!Array.isArray(value)) return shape(`\`${at}\` must be an array`);
		if (value.length < min) return shape(`\`${at}\` must have at least ${min} entries`);
		if (value.length > max) return refused(`\`${at}\` must have at most ${max} entries`);
		return first(value, (entry, index) => each(entry, `${at}[${index}]`));
	};
}

/** A field of an object: required unless said otherwise; `code` is the text code of its refusal when missing. */
export interface Field {
	check: Check;
	optional?: true;
	code?: string;
}

export type Fields = Readonly<Record<string, Field>>;

export const required = (check: Check, code?: string): Field => ({ check, code });
export const optional = (check: Check): Field => ({ check, optional: true });

/** An object with these fields; others are let through. */
export function object(fields: Fields): Check {
	return (value, at) => {
		if (!isObject(value)) return shape(at === '' ? 'the body must be an object' : `\`${at}\` must be an object`);
		return first(Object.entries(fields), ([name, field]) => {
			const path = at === '' ? name : `${at}.${name}`;
			const inner = value[name];
			const missing = inner === undefined || inner === null || (field.code !== undefined && isEmpty(inner));
			if (!missing) return field.check(inner, path);
			return field.optional ? undefined : { ...shape(`\`${path}\` is required`), code: field.code };
		});
	};
}

const isEmpty = (value: unknown) => value === '' || (Array.isArray(value) && value.length === 0);

function first<T>(values: readonly T[], look: (value: T, index: number) => Refusal | undefined): Refusal | undefined {
	for (const [index, value] of values.entries()) {
		const refusal = look(value, index);
		if (refusal) return refusal;
	}
	return undefined;
}
