import { labelledParameters } from '../../../nodes/shared/parameters/check';
import { build, faultsOf, input, isShown, named, operationOf, parametersOf } from './build';
import { table, type Values } from './rows';

const eachRefusal = Object.entries(table).flatMap(([name, rows]) =>
	rows.refused.map(([wrong, label, expected]): [string, string, string, Values] => [
		name,
		label,
		expected,
		{ ...rows.minimal[0], ...wrong },
	]),
);

describe('A value that the API would refuse', () => {
	it.each(eachRefusal)('is refused by %s before anything is sent: "%s" %s', async (name, label, expected, given) => {
		const faults = await faultsOf(operationOf(name), given);
		expect(faults.map((fault) => ({ label: fault.label, expected: fault.expected }))).toEqual([{ label, expected }]);
	});

	it.each(eachRefusal)(
		'is refused by %s with the very value that the user gave: "%s" %s',
		async (name, _label, _expected, given) => {
			const operation = operationOf(name);
			const parameters = parametersOf(operation, given);
			for (const { parameter, found } of await faultsOf(operation, given)) {
				const at = parameter
					.split('.')
					.reduce<unknown>((inner, key) => (inner as Values | null | undefined)?.[key], parameters);
				if (found !== null) expect(found.value).toBe(at);
				expect(parameter.split('.')[0]).toBe(
					labelledParameters(operation).find(({ name: field }) => parameter.startsWith(field))?.name,
				);
				if (parameter.includes('.') && !parameter.endsWith('.image')) expect(at).toBeDefined();
			}
		},
	);

	it.each(named)('is named with all the others of its item by %s', async (name, operation) => {
		const wrong = table[name]?.refused ?? [];
		const given = Object.assign({}, table[name]?.minimal[0], ...wrong.map(([value]) => value)) as Values;
		const faults = await faultsOf(operation, given);
		const parameters = new Set(faults.map(({ parameter }) => parameter));
		expect(parameters.size).toBe(faults.length);
		expect(faults.length).toBeGreaterThan(0);
	});

	it.each(named)('is told in words for people by %s, whatever it is', async (name, operation) => {
		const strange: unknown[] = [
			undefined,
			null,
			true,
			-1,
			1e21,
			Number.NaN,
			'',
			'x'.repeat(5_000),
			[],
			[1],
			{},
			{ image: 7 },
			{ image: {} },
			{ x: {} },
		];
		for (const field of labelledParameters(operation)) {
			for (const value of strange) {
				for (const fault of await faultsOf(operation, { ...table[name]?.minimal[0], [field.name]: value })) {
					expect([fault.label, fault.expected]).toEqual([
						expect.stringMatching(/^[A-Z]/),
						expect.stringMatching(/^must /),
					]);
				}
			}
		}
	});

	it.each(named)('is a missing value, for every field that %s requires', async (name, operation) => {
		const minimal = parametersOf(operation, table[name]?.minimal[0] ?? {});
		for (const field of operation.fields.filter((candidate) => candidate.required && isShown(candidate, minimal))) {
			for (const nothing of [undefined, '', '   ']) {
				const faults = await faultsOf(operation, { ...table[name]?.minimal[0], [field.name]: nothing });
				expect([field.name, faults.map(({ label }) => label)]).toEqual([field.name, [field.displayName]]);
			}
		}
	});
});

describe('A doubtful value', () => {
	const rows = Object.entries(table).flatMap(([name, { minimal, doubts }]) =>
		doubts.map(([doubtful, doubt]): [string, RegExp, Values] => [name, doubt, { ...minimal[0], ...doubtful }]),
	);

	it.each(rows)('is refused by %s before anything is sent: %s', async (name, doubt, given) => {
		const faults = await faultsOf(operationOf(name), given);
		expect(faults.map(({ label, expected }) => `${label} ${expected}`)).toEqual([expect.stringMatching(doubt)]);
		expect(faults.every(({ isDoubt }) => isDoubt)).toBe(true);
	});

	it.each(rows)(
		'is sent by %s if the user says so, and its refusal repeats the doubt: %s',
		async (name, doubt, given) => {
			const operation = operationOf(name);
			const result = await operation.build(parametersOf(operation, given), { ...input, sendAnyway: true });
			expect(result).toMatchObject({ ok: true, remarks: [expect.stringMatching(doubt)] });
		},
	);

	it.each(named)('is not seen if there is none, in %s', async (name, operation) => {
		for (const given of [table[name]?.minimal[0], table[name]?.typical[0], table[name]?.full[0]]) {
			expect(await build(operation, given ?? {})).toMatchObject({ ok: true, remarks: [], hints: [] });
		}
	});
});
