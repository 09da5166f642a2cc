import type { INodeProperties } from 'n8n-workflow';

import { downloadFields } from './fileFields';
import { optionsField, runOptions } from './options';

/** Fields that both triggers have. */

export const eventsField: INodeProperties = {
	displayName: 'Trigger On',
	name: 'events',
	type: 'multiOptions',
	// In the order in which n8n's node panel lists them as triggers: what most people want comes first.
	options: [
		{
			name: 'Succeeded',
			value: 'succeeded',
			action: 'On task succeeded',
			description: 'The task has ended with a result',
		},
		{
			name: 'Failed',
			value: 'failed',
			action: 'On task failed',
			description: 'The task has ended without a result, or CometAPI does not know its ID',
		},
		{ name: 'Cancelled', value: 'cancelled', action: 'On task cancelled', description: 'The task was cancelled' },
		{
			name: 'Progressed',
			value: 'progressed',
			action: 'On task progressed',
			description: 'The task has begun, or its progress has gone up',
		},
	],
	default: ['succeeded', 'failed', 'cancelled'],
	required: true,
	description: 'What starts the workflow. Each event of a task starts it once.',
};

/** The line below a trigger's name on the canvas: its events, as the panel calls them. */
export const eventsSubtitle =
	'={{ $parameter["events"].map((event) => event[0].toUpperCase() + event.slice(1)).join(", ") }}';

/** @param further options that only this trigger has */
export function triggerFields(further: INodeProperties[] = []): INodeProperties[] {
	return [eventsField, ...downloadFields(), optionsField([...runOptions.trigger, ...further])];
}
