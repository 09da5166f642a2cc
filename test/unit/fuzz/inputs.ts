import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import fc from 'fast-check';

/** What gets thrown at the package: documented answers with mutations, and JSON of any kind. */

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const folder = path.join(__dirname, '../../payloads');
/** Every documented body. */
export const payloads: readonly Json[] = readdirSync(folder)
	.filter((file) => file.endsWith('.json'))
	.map((file) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Json);

const isObject = (value: unknown): value is { [name: string]: Json } =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

const namesIn = (value: Json): string[] =>
	Array.isArray(value)
		? value.flatMap(namesIn)
		: isObject(value)
			? Object.entries(value).flatMap(([name, inner]) => [name, ...namesIn(inner)])
			: [];

/** Names that mean something to the reader, and those that mean something to JavaScript. */
const name = fc.oneof(
	{ weight: 6, arbitrary: fc.constantFrom(...new Set(payloads.flatMap(namesIn))) },
	{ weight: 2, arbitrary: fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '') },
	{ weight: 1, arbitrary: fc.string({ maxLength: 8 }) },
);

const telling = fc.constantFrom<Json>(
	...[
		'200',
		'success',
		'task_not_exist',
		'TASK_NOT_EXIST',
		'invalid_request',
		'500',
		'524',
		'0',
		'1',
		'2',
		'3',
		' ',
		'',
	],
	...['PENDING', 'RUNNING', 'SUCCEEDED', 'succeeded', 'FAILED', 'CANCELLED', 'UNKNOWN', 'constructor', '__proto__'],
	...[
		'https://cdn.example.com/a.mp4?_jwt=x',
		'HTTP://cdn.example.com/a.png',
		'http://[::1',
		'https://',
		'javascript:alert(1)',
	],
	...[
		'data:text/html,x',
		'file:///etc/passwd',
		'//cdn.example.com/a.mp4',
		'../../etc/passwd',
		'..',
		'\ud800',
		'\u0000',
	],
	...['{{ $credentials.apiKey }}', '={{ 1 + 1 }}', '{"message":"inner"}', '{"error":{"message":{"message":"x"}}}', '{'],
	...[
		'37%',
		'%',
		'-5%',
		'1e309%',
		'NaN',
		'Infinity',
		'9'.repeat(40),
		'2026-05-04T08:15:22+08:00',
		'0000',
		'1777882522',
	],
	...[0, -0, 1, -1, 0.37, 37, 200, 1e308, -1e308, 5e-324, 2 ** 53, 8.64e15, null, true, false, [], {}, [[]], [{}]],
);

/** JSON of any shape, with telling names and values in it. As parsed, so that `__proto__` is a field like others. */
export const json: fc.Arbitrary<Json> = fc
	.letrec<{ value: Json }>((tie) => ({
		value: fc.oneof(
			{ maxDepth: 5, withCrossShrink: true },
			{ weight: 4, arbitrary: telling },
			{ weight: 1, arbitrary: fc.oneof(fc.string({ maxLength: 30, unit: 'binary' }), fc.double(), fc.integer()) },
			{ weight: 1, arbitrary: fc.array(tie('value'), { maxLength: 4 }) as fc.Arbitrary<Json> },
			{ weight: 4, arbitrary: fc.dictionary(name, tie('value'), { maxKeys: 8 }) as fc.Arbitrary<Json> },
		),
	}))
	.value.map((value) => JSON.parse(JSON.stringify(value ?? null)) as Json);

/** One change to a body: where, by the number of a place in it, and what. */
interface Mutation {
	place: number;
	kind: 'replace' | 'delete' | 'rename' | 'wrap' | 'add';
	name: string;
	value: Json;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
	place: fc.nat(200),
	kind: fc.constantFrom('replace', 'delete', 'rename', 'wrap', 'add'),
	name,
	value: fc.oneof({ weight: 4, arbitrary: telling }, { weight: 1, arbitrary: json }),
});

/** A documented body with up to five changes, as it arrives: JSON has lists with no fields of their own, such as `constructor`. */
export const mutated: fc.Arbitrary<Json> = fc
	.tuple(fc.constantFrom(...payloads), fc.array(mutation, { maxLength: 5 }))
	.map(([body, mutations]) => JSON.parse(JSON.stringify(mutations.reduce(mutate, structuredClone(body)))) as Json);

/** Answers of any kind: documented, mutated, arbitrary, no JSON at all. */
export const anyBody: fc.Arbitrary<unknown> = fc.oneof(
	{ weight: 6, arbitrary: mutated },
	{ weight: 3, arbitrary: json },
	{ weight: 1, arbitrary: fc.constantFrom(undefined, '', '<html>', '<!DOCTYPE html><p>x', 'error code: 502', null, 7) },
	{ weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);

function mutate(body: Json, { place, kind, name: key, value }: Mutation): Json {
	const places = placesIn(body);
	const { owner, at } = places[place % (places.length + 1)] ?? {};
	const fresh = structuredClone(value);
	if (owner === undefined || at === undefined)
		return kind === 'wrap' ? { [key]: body } : kind === 'replace' ? fresh : body;
	const target = owner as Record<string, Json>;
	const present = target[at] ?? null;
	// Fields are defined, not assigned: otherwise `__proto__` would change the test itself.
	const define = (field: string, content: Json) => {
		if (Array.isArray(owner) && field === 'length') return;
		Object.defineProperty(target, field, { value: content, enumerable: true, configurable: true, writable: true });
	};
	switch (kind) {
		case 'replace':
			define(at, fresh);
			break;
		case 'delete':
			Reflect.deleteProperty(target, at);
			break;
		case 'rename':
			Reflect.deleteProperty(target, at);
			define(key, present);
			break;
		case 'wrap':
			define(at, { [key]: present });
			break;
		case 'add':
			define(key, fresh);
			break;
	}
	return body;
}

function placesIn(value: Json): Array<{ owner: Json[] | { [name: string]: Json }; at: string }> {
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([at, inner]) => [{ owner: value, at }, ...placesIn(inner)]);
}

/** Long texts that make careless expressions slow: repeats of what they look for, never quite ended. */
export const longText: fc.Arbitrary<string> = fc
	.tuple(
		fc.array(
			fc.constantFrom(
				...[
					' ',
					'\t\n',
					'a',
					'a:',
					'://',
					'a://',
					'https://',
					'https://a?',
					'https://a@',
					'?',
					'?a=',
					'@',
					'/',
					'.',
					'-',
				],
				...[
					'Bearer ',
					'Bearer  x',
					'bearer',
					'sk-',
					'sk-a',
					'-sk-',
					'(request id:',
					'(request id: a',
					'{',
					'"',
					"'",
					'<html',
				],
				...[
					'&',
					'=',
					'%',
					'\u2028',
					'é',
					'\ud83d\ude00',
					'\ud800',
					'審',
					'quota',
					'moderat',
					'0',
					'1.',
					'\\',
					'{"message":"',
				],
			),
			{ minLength: 1, maxLength: 4 },
		),
		fc.integer({ min: 1_000, max: 200_000 }),
		fc.string({ maxLength: 5 }),
	)
	.map(
		([parts, length, end]) =>
			parts
				.join('')
				.repeat(Math.ceil(length / parts.join('').length))
				.slice(0, length) + end,
	);
