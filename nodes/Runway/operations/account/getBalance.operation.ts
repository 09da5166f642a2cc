import type { AccountOperation } from '../operation';

/** GET /user/quota on CometAPI's query host. */
export const getBalance: AccountOperation = {
	kind: 'account',
	resource: 'account',
	value: 'getBalance',
	name: 'Get Balance',
	action: 'Get balance of account',
	description: 'Get the balance of the CometAPI account, and what it used each day',
	fields: [
		{
			displayName: 'From Day',
			name: 'startDate',
			type: 'dateTime',
			default: '',
			description: 'First day of the daily use to list. Leave both days empty if you only need the balance.',
		},
		{
			displayName: 'To Day',
			name: 'endDate',
			type: 'dateTime',
			default: '',
			description: 'Last day of the daily use to list. Defaults to today if only the first day is set.',
		},
	],
};
