import type { INodeProperties } from 'n8n-workflow';

import { downloadFields, includeRaw, maxFileSize, optionsField, runwayVersion } from './runFields';

/** Fields that both triggers have. */

const eventsField: INodeProperties = {
	displayName: 'Trigger On',
	name: 'events',
	type: 'multiOptions',
	options: [
		{ name: 'Cancelled', value: 'cancelled', description: 'The task was cancelled' },
		{ name: 'Failed', value: 'failed', description: 'The task has ended without a result, or its ID is not known' },
		{ name: 'Progressed', value: 'progressed', description: 'The task has begun, or its progress has gone up' },
		{ name: 'Succeeded', value: 'succeeded', description: 'The task has ended with a result' },
	],
	default: ['succeeded', 'failed', 'cancelled'],
	required: true,
	description: 'What starts the workflow. Each event of a task starts it once.',
};

/** @param further options that only this trigger has */
export function triggerFields(further: INodeProperties[] = []): INodeProperties[] {
	return [eventsField, ...downloadFields({}), optionsField([includeRaw, maxFileSize, runwayVersion, ...further])];
}
