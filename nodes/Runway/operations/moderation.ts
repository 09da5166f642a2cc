import * as z from 'zod/v4-mini';

import { oneOf } from './checks';

/** Schema of the option `publicFigureThreshold`. */
export const publicFigureThreshold = () => z.optional(oneOf(['auto', 'low']));

/** The API's `contentModeration`, sent only if it differs from the default. */
export function contentModeration(threshold: 'auto' | 'low' | undefined) {
	return threshold === 'low' ? { publicFigureThreshold: threshold } : undefined;
}
