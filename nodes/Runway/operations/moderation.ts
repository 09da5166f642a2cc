import type { INodeProperties } from 'n8n-workflow';

import { oneOf } from '../../shared/parameters/checks';
import * as z from '../../shared/parameters/zod';

/** How strictly Runway's moderation treats people who resemble public figures. */
export function moderationField(): INodeProperties {
	return {
		displayName: 'People Who Resemble Public Figures',
		name: 'publicFigureThreshold',
		type: 'options',
		options: [
			{ name: 'Usual Strictness', value: 'auto' },
			{ name: 'Less Strict', value: 'low' },
		],
		default: 'auto',
		description: 'How strictly Runway checks whether the result shows a person who looks like a public figure',
	};
}

/** Schema of the option `publicFigureThreshold`. */
export const publicFigureThreshold = () => z.optional(oneOf(['auto', 'low']));

/** The API's `contentModeration`, sent only if it differs from the default. */
export function contentModeration(threshold: 'auto' | 'low' | undefined) {
	return threshold === 'low' ? { publicFigureThreshold: threshold } : undefined;
}
