import {
	NodeConnectionTypes,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IPollFunctions,
} from 'n8n-workflow';

import { testCometApiRunwayApi } from '../shared/credential/testedBy';
import { eventsSubtitle } from '../shared/panel/triggerFields';
import { watchFields } from './fields';
import { poll } from './poll';
import { getWorkflows } from './workflows';

/** Starts a workflow when a Runway task ends or progresses. It finds the tasks in the register, in the account or by their IDs. */
export class RunwayTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Runway Trigger',
		name: 'runwayTrigger',
		icon: { light: 'file:../Runway/runway.svg', dark: 'file:../Runway/runway.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: eventsSubtitle,
		// n8n's node panel makes one entry of this node and the Runway node, and describes it in these words.
		description:
			"Make videos and images with Runway's models through CometAPI, or start a workflow when tasks end, whichever workflow created them",
		defaults: { name: 'Runway Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'cometApiRunwayApi', required: true, testedBy: 'testCometApiRunwayApi' }],
		builderHint: {
			searchHint:
				'Only for tasks that another workflow or program has created. To create videos and wait for them, the Runway node alone is enough. By default it finds the tasks of this n8n, for which the credential needs "Keep a Register of Tasks" switched on. Outputs each task with its file in the binary field "data".',
		},
		properties: watchFields,
	};

	methods = { loadOptions: { getWorkflows }, credentialTest: { testCometApiRunwayApi } };

	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		return await poll(this);
	}
}
