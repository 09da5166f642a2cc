import { httpUrl } from '../../../shared/parameters/checks';
import * as z from '../../../shared/parameters/zod';
import { urlField } from '../fields';
import { urlDoubts } from '../inputUrls';
import { createOperation } from '../createOperation';

/** POST /runway/pro/act_one. */
export const actOne = createOperation({
	resource: 'video',
	value: 'actOne',
	name: 'Act-One',
	action: 'Animate face with Act-One',
	description: 'Make the face in an image act like an actor in a video, both from URLs',
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
			description:
				"Public URL of the actor's video, in the shape 16:9. For a file of the item, use the operation Character Performance (Act-Two).",
		}),
		urlField({
			displayName: 'Character Image URL',
			name: 'imageUrl',
			default: '={{ $json.imageUrl }}',
			placeholder: 'e.g. https://example.com/puppet.png',
			description: 'Public URL of the image of the character, in the shape 16:9',
		}),
	],

	parameters: z.object({ videoUrl: httpUrl(), imageUrl: httpUrl() }),

	body: (p, { callbackUrl }) => ({ video: p.videoUrl, image: p.imageUrl, callback_url: callbackUrl }),

	doubts: (p, { apiHost }) => [
		...urlDoubts('videoUrl', p.videoUrl, 'video', apiHost),
		...urlDoubts('imageUrl', p.imageUrl, 'image', apiHost),
	],
});
