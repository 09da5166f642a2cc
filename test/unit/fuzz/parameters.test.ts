import fc from 'fast-check';
import type { IExecuteFunctions } from 'n8n-workflow';

import type { Fault } from '../../../nodes/shared/parameters/check';
import { explainOutcome } from '../../../nodes/Runway/batch/explainOutcome';
import { readSettings } from '../../../nodes/Runway/batch/settings';
import { isCreate, operations } from '../../../nodes/Runway/operations';
import type { BatchOperation } from '../../../nodes/Runway/operations/operation';
import { taskIdsOf } from '../../../nodes/shared/task/ids';
import { budget, holds } from './fuzz';
import { json } from './inputs';

/** What an expression may bring: JSON, and things that JSON has not. */
const value: fc.Arbitrary<unknown> = fc.oneof(
	{ weight: 4, arbitrary: json },
	{
		weight: 4,
		arbitrary: fc.constantFrom<unknown>(
			...[
				'https://img.example.com/a.jpg',
				'http://127.0.0.1/a',
				'ftp://x',
				'1280:720',
				'16:9',
				'5',
				'5.5',
				'true',
				'auto',
			],
			...[
				'url',
				'binary',
				'image',
				'video',
				'a @chair b',
				'gen4',
				'2024-11-06',
				'{"a":1}',
				'{"__proto__":{"a":1}}',
				'data',
			],
			...[5, 10, 0, -1, 0.5, NaN, Infinity, -Infinity, true, false, null, undefined],
		),
	},
	{
		weight: 1,
		arbitrary: fc.constantFrom<unknown>(
			10n,
			Symbol('s'),
			() => 1,
			new Date(NaN),
			new Map(),
			/x/,
			Object.create(null),
			circular(),
		),
	},
	{ weight: 1, arbitrary: fc.string({ maxLength: 3_000 }) },
);

function circular(): unknown {
	const self: { self?: unknown } = {};
	self.self = self;
	return self;
}

/** Faults must be tellable, whatever the value is that they are about. */
function expectTellable(faults: readonly Fault[]): void {
	expect(faults.length).toBeGreaterThan(0);
	for (const { label, expected } of faults) {
		expect(label).not.toBe('');
		expect(expected).toMatch(/^(must|may|contains) /);
	}
	const { message, advice } = explainOutcome({ kind: 'invalid', faults: [...faults] });
	expect(message).toMatch(/^"/);
	expect(message.length).toBeLessThan(400 * faults.length);
	expect(advice).toContain('nothing was billed');
}

describe('Parameters of any kind', () => {
	it.each(operations.filter(isCreate))(
		'make a sendable body of $path ($value), or faults that say why not',
		async (operation) => {
			const names = [...operation.fields, ...(operation.options ?? [])].map(({ name }) => name);
			const parameters = fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] });
			const files = fc.constantFrom(
				Buffer.alloc(0),
				Buffer.from('GIF89a'),
				Buffer.from('89504e470d0a1a0a', 'hex'),
				jpegOf(40),
			);
			await holds('parameters of an operation', fc.tuple(parameters, files), async ([given, bytes]) => {
				const input = {
					callbackUrl: 'https://n8n.example.com/x',
					apiHost: 'api.cometapi.com',
					sendAnyway: bytes.length > 0,
					shapeAt: async () => (bytes.length > 10 ? { width: 3, height: 4 } : null),
					expressionOf: () => (bytes.length > 10 ? '={{ $json.x }}' : null),
					readFile: async () => ({ mimeType: 'image/png', size: bytes.length, read: async () => bytes }),
				};
				const built = await operation.build(given as Record<string, unknown>, input);
				if (!built.ok) {
					expectTellable(built.faults);
					return;
				}
				const sent = JSON.stringify(built.body);
				expect(JSON.parse(sent)).toEqual(built.body);
				expect(Object.getPrototypeOf(built.body)).toBe(Object.prototype);
			});
		},
	);

	it('make settings within their limits, or faults that say why not', async () => {
		const names = [
			...[
				'additionalFields',
				'allFiles',
				'api',
				'binaryField',
				'callbackUrl',
				'fallbackModels',
				'fileName',
				'includeRaw',
			],
			...['maxFileSize', 'maxParallel', 'maxTasks', 'maxTasksInProgress', 'minBalance', 'onTimeout', 'pollInterval'],
			...['retryFailed', 'reuseWithin', 'runwayVersion', 'sendAnyway', 'timeout', '__proto__'],
		];
		const options = fc.oneof(
			{ weight: 5, arbitrary: fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] }) },
			{ weight: 1, arbitrary: value },
		);
		const given = fc.record({
			completion: fc.oneof(fc.constantFrom('wait', 'return', 'suspend'), value),
			download: value,
			options,
		});
		const [operation] = operations.filter(isCreate);
		await holds('settings of an item', given, (parameters) => {
			const read = readSettings(contextWith(parameters), operation as BatchOperation, 0);
			if (!read.ok) {
				expectTellable(read.faults);
				return;
			}
			const { data: settings } = read;
			expect(settings.timeoutMs).toBeGreaterThanOrEqual(1_000);
			expect(settings.timeoutMs).toBeLessThanOrEqual(604_800_000);
			expect(settings.intervalMs).toBeLessThanOrEqual(300_000);
			expect(settings.maxFileBytes).toBeGreaterThanOrEqual(0);
			expect(settings.limits.maxParallel).toBeGreaterThanOrEqual(1);
			expect(settings.runwayVersion).toMatch(/^\d{4}-\d{2}-\d{2}$/);
			expect(settings.callbackUrl ?? '').toMatch(/^(https?:\/\/|$)/i);
			expect(Object.getPrototypeOf(settings.additionalFields)).toBe(Object.prototype);
		});
	});

	it('name task ids without separators in them, each once', async () =>
		await holds('task ids from anything', fc.oneof(value, fc.string(), fc.array(value)), (given) => {
			const ids = taskIdsOf(given);
			expect(new Set(ids).size).toBe(ids.length);
			for (const id of ids) expect(id).toMatch(/^[^\s,]+$/);
		}));
});

it('More than 100,000 inputs are in the full budget', () => {
	const ofEachOperation = budget['parameters of an operation'] * (operations.filter(isCreate).length - 1);
	const all = Object.values(budget).reduce((sum, count) => sum + count, ofEachOperation);
	expect(all).toBeGreaterThanOrEqual(100_000);
});

/** A context as far as settings look into it. */
function contextWith(parameters: Record<string, unknown>): IExecuteFunctions {
	return {
		getNodeParameter: (name: string, _item: number, fallback: unknown) => parameters[name] ?? fallback,
		getNode: () => ({ type: 'n8n-nodes-cometapi-runway.runway' }),
		isToolExecution: () => false,
	} as unknown as IExecuteFunctions;
}

/** A JPEG whose segments claim to be longer than it is. */
function jpegOf(length: number): Buffer {
	const bytes = Buffer.alloc(length, 0xff);
	bytes.writeUInt16BE(0xffd8, 0);
	return bytes;
}
