import { DEFAULT_BINARY_FIELD, DEFAULT_MAX_FILE_SIZE_MB } from '../panel/fileFields';
import { DEFAULT_RUNWAY_VERSION } from '../panel/options';
import { decimal, flag, oneOf, orDefault, requiredText } from './checks';
import * as z from './zod';

/** Checks of the options that the Runway node and the triggers have in common. */
export const commonOptions = {
	/** Whether all files of the task are wanted, each in a binary field of its own. */
	allFiles: orDefault(flag(), false),
	binaryField: z.prefault(requiredText(), DEFAULT_BINARY_FIELD),
	includeRaw: orDefault(flag(), false),
	/** Megabytes; 0 for no limit. */
	maxFileSize: orDefault(decimal(0, 1_000_000), DEFAULT_MAX_FILE_SIZE_MB),
	/** Sent as `X-Runway-Version`. */
	runwayVersion: orDefault(
		z.string('must be a date').check(z.trim(), z.regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a date such as 2024-11-06')),
		DEFAULT_RUNWAY_VERSION,
	),
};

/** Which API family may know a task, for whatever reads tasks. */
export const familyChoice = oneOf(['auto', 'official', 'compatibility']);

export const MEGABYTE = 1_000_000;
