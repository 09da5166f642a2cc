import type { INodeProperties } from 'n8n-workflow';

import { familyNames } from '../shared/panel/families';
import { triggerFields } from '../shared/panel/triggerFields';

export const DEFAULT_MAX_AGE_MINUTES = 60;

export const maxAge: INodeProperties = {
	displayName: 'Ignore Tasks That Ended Earlier Than (Minutes)',
	name: 'maxAge',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: DEFAULT_MAX_AGE_MINUTES,
	description:
		'A callback that arrives later than this after its task ended counts as a repeat and starts nothing. 0 sets no limit.',
};

export const secret: INodeProperties = {
	displayName: 'Secret in the URL',
	name: 'secret',
	type: 'string',
	typeOptions: { password: true },
	default: '',
	description:
		'A long random word that becomes the end of both URLs. n8n drops calls without it unread. Whenever you change it, publish (activate) this workflow again and copy the new URL.',
};

/** Beside the URLs, so that the steps stay in view while n8n listens. Notices show no tags but links and lists. */
const STEPS = [
	'1. Open "Webhook URLs" above and copy the test URL.',
	'2. Paste it into the option Callback URL of a Runway node in another workflow.',
	'3. Click "Execute step" here, and then run that workflow.',
	'4. When it works, replace the test URL with the production URL.',
	'5. Publish (activate) this workflow.',
];
const LIMITS = `CometAPI must be able to reach this n8n from the internet. Only tasks of ${familyNames.compatibility} call back; the Runway Trigger serves all others.`;

export const callbackFields: INodeProperties[] = [
	{
		displayName: `<ul>${STEPS.map((step) => `<li>${step}</li>`).join('')}</ul>${LIMITS}`,
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
			'Whether to check each task with CometAPI before anything starts. Callbacks are not signed: without this, anybody who knows the URL can start the workflow with made-up results, and make n8n download from any address.',
	},
	...triggerFields([maxAge, secret]),
];
