import type { INodeParameters } from 'n8n-workflow';

import { type Bench, bench, closeBench, CONTINUE, textOf, topic } from './bench';

afterAll(closeBench);

/** The day that it is now somewhere. */
const dayIn = (timeZone: string) =>
	new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(new Date());

/** Lets the workflow have a time zone of its own. */
const inZone = (zone: string) => ({
	prepare(context: { getTimezone(): string }) {
		context.getTimezone = () => zone;
	},
});

const balance = (days: INodeParameters): INodeParameters => ({ resource: 'account', operation: 'getBalance', ...days });
const questions = ({ api }: Bench) => api.requests.filter(({ route }) => route === 'quota');
const asked = (place: Bench) => questions(place).map(({ query: { start_date, end_date } }) => [start_date, end_date]);

topic('The state of the key', (test) => {
	test(
		'comes with the balance, asked for once for all items',
		bench(async ({ api, run }) => {
			api.settings.keyUsage = {
				name: 'capped',
				expires_at: 1_893_456_000,
				model_limits_enabled: true,
				model_limits: { gen4_turbo: true },
			};
			const { items } = await run(balance({}), { items: [{}, {}] });
			const key = {
				name: 'capped',
				expired: false,
				expiresAt: '2030-01-01T00:00:00.000Z',
				usedUp: false,
				onlyModels: ['gen4_turbo'],
			};
			expect(items.map(({ json }) => json.key)).toEqual([key, key]);
			expect(api.requests.map(({ route }) => route).sort()).toEqual(['keyUsage', 'quota', 'quota']);
		}),
	);

	test(
		'says that the key has expired or is used up',
		bench(async ({ api, run }) => {
			api.settings.keyUsage = { expires_at: 1_700_000_000 };
			const expired = await run(balance({}));
			api.settings.keyUsage = { total_available: 0 };
			const usedUp = await run(balance({}));
			expect(expired.items[0]?.json.key).toMatchObject({ expired: true, expiresAt: '2023-11-14T22:13:20.000Z' });
			expect(usedUp.items[0]?.json.key).toMatchObject({ expired: false, usedUp: true });
		}),
	);

	for (const [what, fault] of [
		['an error', { kind: 'status', status: 500 }],
		['a page', { kind: 'html' }],
		['other JSON', { kind: 'wrong-json' }],
		['no answer', { kind: 'reset-before' }],
	] as const) {
		test(
			`is null if CometAPI sends ${what}, and the balance comes all the same`,
			bench(async ({ api, run }) => {
				api.fault({ on: 'keyUsage', ...fault });
				const { items } = await run(balance({}));
				expect(items[0]?.json).toMatchObject({ remaining: expect.any(Number) as number, key: null });
				expect(api.requests).toHaveLength(2);
			}),
		);
	}
});

topic('The balance', (test) => {
	const dates: Array<[kind: string, from: string, to: string]> = [
		['from the panel', '2026-05-04T00:00:00', '2026-05-06T00:00:00'],
		['of n8n', "={{ DateTime.fromISO('2026-05-04') }}", "={{ DateTime.fromISO('2026-05-06') }}"],
		['of JavaScript', "={{ new Date('2026-05-04') }}", "={{ new Date('2026-05-06') }}"],
	];
	for (const [kind, startDate, endDate] of dates) {
		test(
			`lists the use between two dates ${kind}`,
			bench(async (place) => {
				const { items } = await place.run(balance({ startDate, endDate }));
				expect(asked(place)).toEqual([['2026-05-04', '2026-05-06']]);
				expect((items[0]?.json.daily as Array<{ date: string }>).map(({ date }) => date)).toEqual([
					'2026-05-04',
					'2026-05-06',
				]);
			}),
		);
	}

	for (const zone of ['Pacific/Auckland', 'America/Los_Angeles', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'UTC']) {
		test(
			`lists the use until today, which is the day of the workflow's time zone (${zone})`,
			bench(async (place) => {
				const before = dayIn(zone);
				await place.run(balance({ startDate: '2026-05-04' }), inZone(zone));
				expect([before, dayIn(zone)]).toContain(asked(place)[0]?.[1]);
				expect(asked(place)[0]?.[0]).toBe('2026-05-04');
			}),
		);

		test(
			`lists the use of today alone (${zone})`,
			bench(async (place) => {
				const startDate = dayIn(zone);
				await place.run(balance({ startDate: `${startDate}T00:00:00` }), inZone(zone));
				expect(asked(place)[0]?.[0]).toBe(startDate);
			}),
		);

		test(
			`lists from the day on which a moment falls there (${zone})`,
			bench(async (place) => {
				// Midnight there, as JavaScript and JSON have it.
				const offsets: Record<string, string> = {
					'Pacific/Auckland': '2026-05-03T12:00:00.000Z',
					'America/Los_Angeles': '2026-05-04T07:00:00.000Z',
					'Pacific/Kiritimati': '2026-05-03T10:00:00.000Z',
					'Pacific/Pago_Pago': '2026-05-04T11:00:00.000Z',
					UTC: '2026-05-04T00:00:00.000Z',
				};
				for (const startDate of [`={{ new Date('${offsets[zone]}') }}`, `${offsets[zone]}`]) {
					await place.run(balance({ startDate, endDate: '2026-05-06' }), inZone(zone));
				}
				expect(asked(place)).toEqual([
					['2026-05-04', '2026-05-06'],
					['2026-05-04', '2026-05-06'],
				]);
			}),
		);
	}

	test(
		'is never refused for a last day that nobody has given',
		bench(async (place) => {
			await place.run(balance({ startDate: '2099-01-01' }));
			expect(asked(place)).toEqual([['2099-01-01', '2099-01-01']]);
		}),
	);

	test(
		"of each item stands alone if the node is to continue, also after n8n's own errors",
		bench(async (place) => {
			const startDate = '={{ $json.bad ? $("Nowhere").first().json.day : "" }}';
			const items = [{}, { bad: true }, {}];
			const output = await place.run(balance({ startDate }), { items, onError: CONTINUE });
			expect(output.items.map(({ json }) => typeof json.remaining)).toEqual(['number', 'undefined', 'number']);
			expect(output.items[1]?.json.error).toEqual(expect.any(String));
			expect(output.items.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
		}),
	);

	test(
		'comes as error items if the credential is wrong and the node is to continue',
		bench(async (place) => {
			const credential = { ...place.credential, baseUrl: 'nonsense' };
			const output = await place.run(balance({}), { items: [{}, {}], onError: CONTINUE, credential });
			expect(output.items).toHaveLength(2);
			for (const { json } of output.items) expect(json.error).toMatch(/base URL/);
		}),
	);

	test(
		'is asked for again after a stray refusal',
		bench(async (place) => {
			place.api.fault({ on: 'quota', kind: 'status', status: 401 });
			const { items } = await place.run(balance({}));
			expect(items[0]?.json.remaining).toEqual(expect.any(Number));
		}),
	);

	test(
		'is not asked for item by item if the key is refused for all',
		bench(async (place) => {
			place.api.fault({ on: 'quota', kind: 'status', status: 401, times: 99 });
			const output = await place.run(balance({}), { items: [{}, {}, {}, {}], onError: CONTINUE });
			expect(output.items.map(({ json }) => json.error)).toEqual(
				Array(4).fill(expect.stringContaining('does not accept the API key')),
			);
			expect(place.api.requests).toHaveLength(3);
		}),
	);

	test(
		'comes without a list if no day is given',
		bench(async (place) => {
			const { items } = await place.run(balance({}));
			expect(asked(place)).toEqual([[undefined, undefined]]);
			expect(items[0]?.json).toMatchObject({ daily: [], remaining: expect.any(Number) as number });
		}),
	);

	const wrong: Array<[what: string, days: INodeParameters, says: RegExp]> = [
		['what is no date', { startDate: 'yesterday' }, /"From Day" must be a date such as 2026-05-04, but is "yesterday"/],
		['a day that does not exist', { startDate: '2026-05-04', endDate: '2026-13-40' }, /"To Day" must be a date/],
		['a last day alone', { endDate: '2026-05-04' }, /"From Day" must not be empty if "To Day" is given\n/],
		[
			'days the wrong way round',
			{ startDate: '2026-05-06', endDate: '2026-05-04' },
			/"From Day" must not be after "To Day" \(2026-05-04\), but is "2026-05-06"/,
		],
	];
	for (const [what, days, says] of wrong) {
		test(
			`is not asked for with ${what}`,
			bench(async ({ api, fail }) => {
				const error = await fail(balance(days));
				expect(textOf(error)).toMatch(says);
				expect(error.context.itemIndex).toBe(0);
				expect(api.requests).toHaveLength(0);
			}),
		);
	}
});
