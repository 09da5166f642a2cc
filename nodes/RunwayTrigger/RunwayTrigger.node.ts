import {
	NodeConnectionTypes,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IPollFunctions,
} from 'n8n-workflow';

import { watchFields } from './fields';
import { poll } from './poll';

/** Starts a workflow when a watched Runway task ends or progresses, found by asking CometAPI from time to time. */
export class RunwayTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Runway Trigger',
		name: 'runwayTrigger',
		icon: { light: 'file:../Runway/runway.svg', dark: 'file:../Runway/runway.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: '={{ $parameter["events"].join(", ") }}',
		description:
			'Starts the workflow when Runway tasks that you name succeed, fail or progress. Asks CometAPI regularly.',
		defaults: { name: 'Runway Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'cometApiRunwayApi', required: true }],
		properties: watchFields,
	};

	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		return await poll(this);
	}
}
