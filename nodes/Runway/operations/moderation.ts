import { oneOf } from './checks';

/** Schema of the `publicFigureThreshold` field. */
export const publicFigureThreshold = () => oneOf(['auto', 'low']);

/** The API's `contentModeration`, sent only where it differs from the default. */
export function contentModeration(threshold: 'auto' | 'low') {
	return threshold === 'auto' ? undefined : { publicFigureThreshold: threshold };
}
