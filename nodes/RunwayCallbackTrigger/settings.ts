import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

import { faultOf } from '../shared/trigger/errors';
import { readNumber, readTriggerSettings, type TriggerSettings } from '../shared/trigger/settings';

const OPERATION = 'callback';
const MINUTE_MS = 60_000;
export const DEFAULT_MAX_AGE_MINUTES = 60;
export const SECRET_LABEL = 'Secret in the URL';
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

/**
 * Checks the secret before n8n listens at a URL that contains it. Other characters could make n8n take any path for it, as
 * a leading colon does.
 * @throws NodeOperationError that names the field and not the secret
 */
export function checkSecret(context: IHookFunctions): void {
	const { secret = '' } = context.getNodeParameter('options', {}) as { secret?: unknown };
	if (secret !== '' && !/^[\w-]{16,128}$/.test(String(secret))) {
		throw faultOf(context, SECRET_LABEL, 'must have 16 to 128 characters: letters, digits, hyphens and underscores');
	}
}
