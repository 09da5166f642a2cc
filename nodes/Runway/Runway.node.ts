import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';

import { testCometApiRunwayApi } from '../shared/credential/testedBy';
import { runBatch } from './batch/index';
import { RESUME_PATH } from './batch/resumePath';
import { wake } from './batch/wake';
import { searchModels } from './models';
import { hints, properties, subtitle, waitingTooltip } from './operations/panel';

/** Creates Runway tasks through CometAPI, waits for them and passes on the finished files. */
export class Runway implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Runway',
		name: 'runway',
		icon: { light: 'file:runway.svg', dark: 'file:runway.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle,
		description: "Make videos and images with Runway's models through CometAPI: text to video, image to video and more",
		defaults: { name: 'Runway' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'cometApiRunwayApi', required: true, testedBy: 'testCometApiRunwayApi' }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				path: RESUME_PATH,
				restartWebhook: true,
			},
		],
		hints,
		waitingNodeTooltip: waitingTooltip,
		builderHint: {
			searchHint:
				'Each item becomes one task that is paid for, so pass all prompts to one Runway node as items, without a loop. By default the node waits until all tasks have ended and outputs each file in the binary field "data": add no Wait node and no polling. Input images and videos need a public https address, or a file of the item where the operation takes one. Keep the default model unless the user names another.',
			relatedNodes: [
				{
					nodeType: 'n8n-nodes-cometapi-runway.runwayTrigger',
					relationHint:
						'Starts another workflow when tasks end that were created with "When to Continue" set to "At Once"',
				},
			],
		},
		properties,
	};

	methods = { listSearch: { searchModels }, credentialTest: { testCometApiRunwayApi } };

	// n8n's lint asks these of every node with a webhook. This one belongs to a sleeping execution: n8n makes
	// and removes it with the execution, and there is nothing to register anywhere.
	webhookMethods = {
		default: {
			checkExists: async (): Promise<boolean> => true,
			create: async (): Promise<boolean> => true,
			delete: async (): Promise<boolean> => true,
		},
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await runBatch(this);
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await wake(this);
	}
}
