import type { Issue, IssuePath, JsonObject } from './types';

/** What is wrong with one value. `named` is the text code, where CometAPI's documentation names one. */
export interface Refusal extends Issue {
	named?: string;
}

/** Looks at one value; `path` is where it stands in the body. Returns everything that is wrong with it. */
export type Check = (value: unknown, path: IssuePath) => Refusal[];

const KIB = 1024;
const MAX_URL_CHARACTERS = 2048;
/** Runway's limits for data URIs, in characters of the whole URI. */
export const MAX_DATA_URI_CHARACTERS = { image: 5 * KIB * KIB, video: 16 * KIB * KIB } as const;

export function isObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const typeName = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

const wrongType = (expected: string, value: unknown, path: IssuePath): Refusal[] => [
	{ code: 'invalid_type', path, message: `Invalid input: expected ${expected}, received ${typeName(value)}` },
];
const refused = (code: Issue['code'], path: IssuePath, message: string): Refusal[] => [{ code, path, message }];

function sized(what: string, unit: string, size: number, min: number, max: number, path: IssuePath): Refusal[] {
	if (size < min) return refused('too_small', path, `Too small: expected ${what} to ${unit.replace('#', `>=${min}`)}`);
	if (size > max) return refused('too_big', path, `Too big: expected ${what} to ${unit.replace('#', `<=${max}`)}`);
	return [];
}

/** A string of `min` to `max` UTF-16 units; blanks alone count as nothing. */
export function text(min = 1, max = Infinity): Check {
	return (value, path) => {
		if (typeof value !== 'string') return wrongType('string', value, path);
		return sized('string', 'have # characters', value.trim() === '' ? 0 : value.length, min, max, path);
	};
}

export function matching(expression: RegExp, wanted: string): Check {
	return (value, path) => {
		if (typeof value !== 'string') return wrongType('string', value, path);
		return expression.test(value) ? [] : refused('invalid_format', path, `Invalid string: must be ${wanted}`);
	};
}

/** `1280:720` or `16:9`; `1280x720` is not a ratio. For routes that list no ratios of their own. */
export const ratio = matching(/^\d+:\d+$/, 'width and height with a colon, such as 1280:720');

/** One of these strings or numbers. */
export function oneOf(...allowed: ReadonlyArray<string | number>): Check {
	const listed = allowed.map((one) => JSON.stringify(one)).join('|');
	return (value, path) =>
		allowed.some((one) => one === value)
			? []
			: refused('invalid_value', path, `Invalid option: expected one of ${listed}`);
}

export const bool: Check = (value, path) => (typeof value === 'boolean' ? [] : wrongType('boolean', value, path));

export function number(min = -Infinity, max = Infinity): Check {
	return (value, path) =>
		typeof value === 'number' ? sized('number', 'be #', value, min, max, path) : wrongType('number', value, path);
}

export function integer(min: number, max: number): Check {
	const inRange = number(min, max);
	return (value, path) =>
		typeof value === 'number' && !Number.isInteger(value) ? wrongType('int', value, path) : inRange(value, path);
}

/** An http(s) URL. */
export const url: Check = (value, path) => {
	if (typeof value !== 'string') return wrongType('string', value, path);
	if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) {
		return refused('invalid_format', path, 'Invalid URL: must begin with http:// or https://');
	}
	return sized('string', 'have # characters', value.length, 0, MAX_URL_CHARACTERS, path);
};

const imageTypes = ['image/jpeg', 'image/jpg', 'image/png', 'image/webp'];

/** An http(s) URL, or a base64 data URI that states a MIME type of the medium and keeps to its size. */
export function media(...kinds: Array<'image' | 'video'>): Check {
	return (value, path) => {
		if (typeof value !== 'string') return wrongType('string', value, path);
		if (!/^data:/i.test(value)) return url(value, path);
		const head = /^data:([a-z]+)\/([-+.\w]+)(?:;[^,;]+)*;base64,(?=[A-Za-z0-9+/])/i.exec(value.slice(0, 200));
		const kind = kinds.find((one) => one === head?.[1]?.toLowerCase());
		if (!head || !kind) {
			const message = `Invalid data URI: must be base64 with the MIME type of ${kinds.join(' or ')}`;
			return refused('invalid_format', path, message);
		}
		const type = `${kind}/${head[2]?.toLowerCase()}`;
		if (kind === 'image' && !imageTypes.includes(type)) {
			return refused('invalid_format', path, `Invalid data URI: must be a JPEG, PNG or WebP picture, not ${type}`);
		}
		return sized('string', 'have # characters', value.length, 0, MAX_DATA_URI_CHARACTERS[kind], path);
	};
}

/** An array of `min` to `max` entries, each of which passes `each`. */
export function list(min: number, max: number, each: Check): Check {
	return (value, path) => {
		if (!Array.isArray(value)) return wrongType('array', value, path);
		const size = sized('array', 'have # items', value.length, min, max, path);
		return [...size, ...value.flatMap((entry, index) => each(entry, [...path, index]))];
	};
}

/** A field of an object: required unless said otherwise; `named` is the text code of its refusal when missing. */
export interface Field {
	check: Check;
	optional?: true;
	named?: string;
}

export type Fields = Readonly<Record<string, Field>>;

export const required = (check: Check, named?: string): Field => ({ check, named });
export const optional = (check: Check): Field => ({ check, optional: true });

/** An object with these fields. Others are let through, unless `strict`. */
export function object(fields: Fields, strict = false): Check {
	return (value, path) => {
		if (!isObject(value)) return wrongType('object', value, path);
		const unknown = strict ? Object.keys(value).filter((name) => !(name in fields)) : [];
		const listed = unknown.map((name) => JSON.stringify(name)).join(', ');
		return [
			...Object.entries(fields).flatMap(([name, field]) => checkField(field, value[name], [...path, name])),
			...(unknown.length > 0 ? refused('unrecognized_keys', path, `Unrecognized key: ${listed}`) : []),
		];
	};
}

function checkField({ check, optional: mayMiss, named }: Field, value: unknown, path: IssuePath): Refusal[] {
	const absent = value === undefined || value === null;
	if (absent && mayMiss) return [];
	const refusals = check(value ?? undefined, path);
	return named !== undefined && (absent || isEmpty(value)) ? refusals.map((one) => ({ ...one, named })) : refusals;
}

const isEmpty = (value: unknown) => value === '' || (Array.isArray(value) && value.length === 0);
