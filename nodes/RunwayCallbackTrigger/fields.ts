import type { INodeProperties } from 'n8n-workflow';

import { familyNames } from '../shared/panel/families';
import { triggerFields } from '../shared/panel/triggerFields';
import { DEFAULT_MAX_AGE_MINUTES, MAX_AGE_LABEL } from './settings';

const maxAge: INodeProperties = {
	displayName: MAX_AGE_LABEL,
	name: 'maxAge',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: DEFAULT_MAX_AGE_MINUTES,
	description:
		'A callback that comes later than this after the end of its task is taken for a repeated one and starts nothing. 0 sets no limit.',
};

export const callbackFields: INodeProperties[] = [
	{
		displayName: `Copy the production URL of this node into the option Callback URL of a Runway node, or into the callback_url of any other client, and publish (activate) this workflow. CometAPI must be able to reach it from the internet. Only tasks of ${familyNames.compatibility} call back.`,
		name: 'urlNotice',
		type: 'notice',
		default: '',
	},
	{
		displayName: 'Verify Callbacks',
		name: 'verify',
		type: 'boolean',
		default: true,
		description:
			'Whether to read each task back from CometAPI before anything starts. Callbacks are not signed: without this, anybody who knows the URL can start the workflow with made-up results, and make n8n download from any address.',
	},
	...triggerFields([maxAge]),
];
