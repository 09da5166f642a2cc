import type { AccountOperation } from '../operation';

/** GET /user/quota on CometAPI's query host. */
export const getBalance: AccountOperation = {
	kind: 'account',
	resource: 'account',
	value: 'getBalance',
	name: 'Get Balance',
	action: 'Get balance of account',
	description: 'Look up what is left on the CometAPI account, and what was used day by day',
	fields: [
		{
			displayName: 'From Day',
			name: 'startDate',
			type: 'dateTime',
			default: '',
			description: 'First day of the daily use to list. Leave both days empty to leave the list out.',
		},
		{
			displayName: 'To Day',
			name: 'endDate',
			type: 'dateTime',
			default: '',
			description: 'Last day of the daily use to list. Today where only the first day is given.',
		},
	],
};
