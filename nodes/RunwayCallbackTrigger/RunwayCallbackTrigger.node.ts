import {
	NodeConnectionTypes,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';

import { testCometApiRunwayApi } from '../shared/credential/testedBy';
import { eventsSubtitle } from '../shared/panel/triggerFields';
import { callbackFields } from './fields';
import { receive } from './receive';

const HOW_TO_TEST =
	'To test, copy the test URL of this node into the option Callback URL of a Runway node in another workflow, click "Execute step" here, and run that workflow.';

/** Starts a workflow when CometAPI calls back about a Runway task, after asking CometAPI whether it is true. */
export class RunwayCallbackTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Runway Callback Trigger',
		name: 'runwayCallbackTrigger',
		icon: { light: 'file:../Runway/runway.svg', dark: 'file:../Runway/runway.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: eventsSubtitle,
		description: 'Starts the workflow when CometAPI calls back about a Runway task. Each callback is verified first.',
		defaults: { name: 'Runway Callback Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [
			{
				name: 'cometApiRunwayApi',
				required: true,
				testedBy: 'testCometApiRunwayApi',
				displayOptions: { show: { verify: [true] } },
			},
		],
		webhooks: [{ name: 'default', httpMethod: 'POST', responseMode: 'onReceived', path: 'runway' }],
		eventTriggerDescription: 'Run a task that has the test URL of this node as its callback URL',
		triggerPanel: {
			header: 'Receive a callback of CometAPI',
			executionsHelp: {
				inactive: `${HOW_TO_TEST} When it works, publish (activate) this workflow and use the production URL.`,
				active: `${HOW_TO_TEST} The workflow also runs for every callback to the production URL; those runs are in the list of executions.`,
			},
			activationHint: 'Publish (activate) this workflow to receive callbacks at the production URL.',
		},
		properties: callbackFields,
	};

	methods = { credentialTest: { testCometApiRunwayApi } };

	// CometAPI has no list of subscribers: each task brings the address along, so there is nothing to register.
	webhookMethods = {
		default: {
			checkExists: async (): Promise<boolean> => true,
			create: async (): Promise<boolean> => true,
			delete: async (): Promise<boolean> => true,
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await receive(this);
	}
}
