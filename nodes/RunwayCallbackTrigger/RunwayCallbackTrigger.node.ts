import {
	NodeConnectionTypes,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';

import { callbackFields } from './fields';
import { receive } from './receive';

/** Starts a workflow when CometAPI calls back about a Runway task, after asking CometAPI whether it is true. */
export class RunwayCallbackTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Runway Callback Trigger',
		name: 'runwayCallbackTrigger',
		icon: { light: 'file:../Runway/runway.svg', dark: 'file:../Runway/runway.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: '={{ $parameter["events"].join(", ") }}',
		description: 'Starts the workflow when CometAPI calls back about a Runway task. Each callback is verified first.',
		defaults: { name: 'Runway Callback Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'cometApiRunwayApi', required: true, displayOptions: { show: { verify: [true] } } }],
		webhooks: [{ name: 'default', httpMethod: 'POST', responseMode: 'onReceived', path: 'runway' }],
		triggerPanel: {
			header: 'Receive a callback of CometAPI',
			executionsHelp: {
				inactive:
					'To test, copy the test URL into the option Callback URL of a Runway node, click "Listen for test event" here, and run that node. When it works, activate this workflow and use the production URL.',
				active:
					'To test, copy the test URL into the option Callback URL of a Runway node, click "Listen for test event" here, and run that node. The workflow also runs for every callback to the production URL; those runs are in the list of executions.',
			},
			activationHint: 'Activate this workflow to receive callbacks at the production URL.',
		},
		properties: callbackFields,
	};

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
