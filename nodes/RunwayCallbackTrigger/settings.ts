import type { IWebhookFunctions } from 'n8n-workflow';

import { readNumber, readTriggerSettings, type TriggerSettings } from '../shared/trigger/settings';

const OPERATION = 'callback';
const MINUTE_MS = 60_000;
export const DEFAULT_MAX_AGE_MINUTES = 60;
export const MAX_AGE_LABEL = 'Ignore Tasks That Ended Earlier Than (Minutes)';

/** What the user has chosen. */
export interface CallbackSettings extends TriggerSettings {
	/** Whether CometAPI is asked before anything starts. */
	verify: boolean;
	/** 0 = no limit. */
	maxAgeMs: number;
}

/** @throws NodeOperationError that names the field */
export function readSettings(context: IWebhookFunctions): CallbackSettings {
	const settings = readTriggerSettings(context, OPERATION);
	const minutes = readNumber(context, settings.options, 'maxAge', MAX_AGE_LABEL, DEFAULT_MAX_AGE_MINUTES);
	return {
		...settings,
		verify: context.getNodeParameter('verify', true) !== false,
		maxAgeMs: minutes * MINUTE_MS,
	};
}
