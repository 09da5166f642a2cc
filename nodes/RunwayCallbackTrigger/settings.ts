import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

import { decimal, orDefault } from '../shared/parameters/checks';
import * as z from '../shared/parameters/zod';
import { faultOf } from '../shared/trigger/errors';
import { checked, readTriggerSettings, type TriggerSettings } from '../shared/trigger/settings';
import { DEFAULT_MAX_AGE_MINUTES, maxAge, secret } from './fields';

const OPERATION = 'callback';
const MINUTE_MS = 60_000;

const schema = z.object({
	options: z.object({ maxAge: orDefault(decimal(0, 1_000_000), DEFAULT_MAX_AGE_MINUTES) }),
});

/** What the user has chosen. */
export interface CallbackSettings extends TriggerSettings {
	/** Whether CometAPI is asked before anything starts. */
	verify: boolean;
	/** 0 = no limit. */
	maxAgeMs: number;
}

/** @throws NodeOperationError that names the field */
export function readSettings(context: IWebhookFunctions): CallbackSettings {
	const options = context.getNodeParameter('options', {}) as unknown;
	return {
		...readTriggerSettings(context, OPERATION),
		verify: context.getNodeParameter('verify', true) !== false,
		maxAgeMs: checked(context, schema, [maxAge], { options }).options.maxAge * MINUTE_MS,
	};
}

/**
 * Checks the secret before n8n listens at a URL that contains it. Other characters could make n8n take any path for it, as
 * a leading colon does.
 * @throws NodeOperationError that names the field and not the secret
 */
export function checkSecret(context: IHookFunctions): void {
	const { secret: word = '' } = context.getNodeParameter('options', {}) as { secret?: unknown };
	if (word !== '' && !/^[\w-]{16,128}$/.test(String(word))) {
		const expected = 'must have 16 to 128 characters: letters, digits, hyphens and underscores';
		throw faultOf(context, secret.displayName, expected);
	}
}
