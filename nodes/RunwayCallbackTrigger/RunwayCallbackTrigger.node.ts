import {
	NodeConnectionTypes,
	type IHookFunctions,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';

import { testCometApiRunwayApi } from '../shared/credential/testedBy';
import { eventsSubtitle } from '../shared/panel/triggerFields';
import { callbackFields } from './fields';
import { receive } from './receive';
import { checkSecret } from './settings';

/**
 * The last part of the URL. n8n compares whole paths, and answers 404 to a call at any other before it reads the body or
 * starts this node; the URLs in the panel contain it.
 */
const PATH = '=runway{{ $parameter["options"]?.["secret"] ? "/" + $parameter["options"]["secret"] : "" }}';

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
		webhooks: [{ name: 'default', httpMethod: 'POST', responseMode: 'onReceived', path: PATH }],
		eventTriggerDescription: 'Waiting for CometAPI to call the test URL',
		activationMessage:
			'Tasks whose Callback URL is the production URL of this node now start this workflow when they end.',
		// n8n's own panel hides the steps while it listens, and says to go to the node and create an event instead.
		triggerPanel: false,
		builderHint: {
			searchHint:
				'Only for tasks whose option "Callback URL" is the production URL of this node, which a person has to copy after publishing. To create videos and wait for them, the Runway node alone is enough. Outputs each task with its file in the binary field "data".',
		},
		properties: callbackFields,
	};

	methods = { credentialTest: { testCometApiRunwayApi } };

	// CometAPI has no list of subscribers: each task brings the address along, so there is nothing to register.
	webhookMethods = {
		default: {
			async checkExists(this: IHookFunctions): Promise<boolean> {
				checkSecret(this);
				return true;
			},
			create: async (): Promise<boolean> => true,
			delete: async (): Promise<boolean> => true,
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await receive(this);
	}
}
