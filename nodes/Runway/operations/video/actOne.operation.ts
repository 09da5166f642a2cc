import * as z from 'zod/v4-mini';

import { httpUrl } from '../checks';
import { urlField } from '../fields';
import { unreachableUrl } from '../hints';
import { createOperation } from '../operation';

/** POST /runway/pro/act_one. */
export const actOne = createOperation({
	resource: 'video',
	value: 'actOne',
	name: 'Act-One',
	action: 'Transfer a performance to a picture',
	description: "Give a picture the facial performance of an actor's video",
	api: 'compatibility',
	path: '/runway/pro/act_one',
	produces: 'video',
	models: [],

	fields: [
		urlField({
			displayName: 'Performance Video URL',
			name: 'videoUrl',
			default: '={{ $json.videoUrl }}',
			placeholder: 'e.g. https://example.com/actor.mp4',
			description: 'Public URL of the video with the performance, in the shape 16:9. This route takes no files.',
		}),
		urlField({
			displayName: 'Character Image URL',
			name: 'imageUrl',
			default: '={{ $json.imageUrl }}',
			placeholder: 'e.g. https://example.com/puppet.png',
			description: 'Public URL of the picture that is to act, in the shape 16:9. This route takes no files.',
		}),
	],

	parameters: z.object({ videoUrl: httpUrl(), imageUrl: httpUrl() }),

	body: (p, { callbackUrl }) => ({ video: p.videoUrl, image: p.imageUrl, callback_url: callbackUrl }),

	hints: (p) => [...unreachableUrl(p.videoUrl), ...unreachableUrl(p.imageUrl)],
});
