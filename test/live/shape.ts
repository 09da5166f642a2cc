/** What answers of an API look like, apart from what they say: so that two servers can be held against each other. */

/** One request with its answer, free of secrets. */
export interface Exchange {
	/** What was asked for, such as `video.upscale: create`; answers of one name are held together. */
	name: string;
	status: number;
	/** Names in lower case. */
	headers: Readonly<Record<string, string>>;
	/** Parsed JSON or text; undefined where it is a file. */
	body?: unknown;
}

export interface Difference {
	name: string;
	/** `HTTP status`, `header …`, or the path of a field, such as `data.output[]`. */
	where: string;
	expected: string;
	found: string;
}

export interface Comparison {
	differences: Difference[];
	/** Names that only one side has, which a matter of timing may be. */
	onlyExpected: string[];
	onlyFound: string[];
}

/** Headers whose value matters, and those that only matter by being there. */
const HEADER_VALUES = ['content-type', 'accept-ranges'];
const HEADERS_PRESENT = ['content-length', 'location', 'retry-after', 'retry-after-ms', 'x-request-id'];
/** Fields whose words are part of the contract. Before a task has ended they depend on the moment. */
const WORDS = new Set(['status', 'state', 'code', 'action']);
const GOES_ON = /: (queued|running)$/;

const MISSING = 'not there';

/** Names every difference between the answers of two servers to the same requests. */
export function compare(expected: readonly Exchange[], found: readonly Exchange[]): Comparison {
	const left = byName(expected);
	const right = byName(found);
	const differences = [...left].flatMap(([name, answers]) => {
		const others = right.get(name);
		return others === undefined ? [] : difference(name, shapeOf(name, answers), shapeOf(name, others));
	});
	return {
		differences,
		onlyExpected: [...left.keys()].filter((name) => !right.has(name)),
		onlyFound: [...right.keys()].filter((name) => !left.has(name)),
	};
}

function byName(exchanges: readonly Exchange[]): Map<string, Exchange[]> {
	const found = new Map<string, Exchange[]>();
	for (const exchange of exchanges) found.set(exchange.name, [...(found.get(exchange.name) ?? []), exchange]);
	return found;
}

function difference(name: string, expected: Shape, found: Shape): Difference[] {
	const places = new Set([...expected.keys(), ...found.keys()]);
	const say = (kinds: Set<string> | undefined) => [...(kinds ?? [MISSING])].sort().join(' or ');
	return [...places]
		.map((where) => ({ name, where, expected: say(expected.get(where)), found: say(found.get(where)) }))
		.filter((place) => place.expected !== place.found);
}

/** For each place of an answer, the kinds of value that were seen there. */
type Shape = Map<string, Set<string>>;

function shapeOf(name: string, exchanges: readonly Exchange[]): Shape {
	const shape: Shape = new Map();
	const note = (where: string, kind: string) => shape.set(where, (shape.get(where) ?? new Set()).add(kind));
	for (const { status, headers, body } of exchanges) {
		note('HTTP status', String(status));
		for (const header of HEADER_VALUES) {
			const value = headers[header]?.split(';')[0]?.trim().toLowerCase();
			if (value !== undefined) note(`header ${header}`, value);
		}
		for (const header of HEADERS_PRESENT) if (headers[header] !== undefined) note(`header ${header}`, 'there');
		if (body !== undefined) walk(body, '', note, !GOES_ON.test(name));
	}
	return shape;
}

function walk(value: unknown, where: string, note: (where: string, kind: string) => unknown, words: boolean): void {
	const place = where === '' ? 'body' : where;
	if (Array.isArray(value)) {
		note(place, value.length === 0 ? 'empty list' : 'list');
		for (const entry of value) walk(entry, `${where}[]`, note, words);
	} else if (typeof value === 'object' && value !== null) {
		note(place, Object.keys(value).length === 0 ? 'empty object' : 'object');
		for (const [key, entry] of Object.entries(value)) {
			if (words && WORDS.has(key) && isWord(entry)) note(join(where, key), JSON.stringify(entry));
			else walk(entry, join(where, key), note, words);
		}
	} else {
		note(place, value === null ? 'null' : typeof value === 'string' ? kindOf(value) : typeof value);
	}
}

const join = (where: string, key: string) => (where === '' ? key : `${where}.${key}`);

function isWord(value: unknown): value is string | number {
	return typeof value === 'number' || (typeof value === 'string' && /^[\w.]{0,40}$/.test(value));
}

function kindOf(text: string): string {
	if (text === '') return 'empty text';
	if (/^https?:\/\//i.test(text)) return 'URL';
	if (/^\d+(\.\d+)?%$/.test(text)) return 'percentage';
	if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text)) return 'ISO time';
	if (/^-?\d+(\.\d+)?$/.test(text)) return 'number as text';
	return /^\s*</.test(text) ? 'markup' : 'text';
}
