import type { INodeParameters } from 'n8n-workflow';

import { type Bench, bench, closeBench, textOf, topic } from './bench';

afterAll(closeBench);

const balance = (days: INodeParameters): INodeParameters => ({ resource: 'account', operation: 'getBalance', ...days });
const today = () => new Date().toISOString().slice(0, 10);
const asked = ({ api }: Bench) => api.requests.map(({ query: { start_date, end_date } }) => [start_date, end_date]);

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

	test(
		'lists the use until today where only the first day is given',
		bench(async (place) => {
			const before = today();
			await place.run(balance({ startDate: '2026-05-04' }));
			expect([before, today()]).toContain(asked(place)[0]?.[1]);
			expect(asked(place)[0]?.[0]).toBe('2026-05-04');
		}),
	);

	test(
		'comes without a list where no day is given',
		bench(async (place) => {
			const { items } = await place.run(balance({}));
			expect(asked(place)).toEqual([[undefined, undefined]]);
			expect(items[0]?.json).toMatchObject({ daily: [], remaining: expect.any(Number) as number });
		}),
	);

	const wrong: Array<[what: string, days: INodeParameters, says: RegExp]> = [
		['what is no date', { startDate: 'yesterday' }, /"From Day" must be a date such as 2026-05-04, but is "yesterday"/],
		['a day that does not exist', { startDate: '2026-05-04', endDate: '2026-13-40' }, /"To Day" must be a date/],
		['a last day alone', { endDate: '2026-05-04' }, /"From Day" must not be empty where "To Day" is given\n/],
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
