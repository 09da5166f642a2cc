import * as z from 'zod/v4-mini';

import { panelRemarks } from '../hints';
import { requiredText } from '../checks';
import { modelField } from '../fields';
import { mediaInput, requireMedia } from '../media';
import { createOperation } from '../operation';

const video = mediaInput({
	prefix: 'video',
	label: 'Video',
	kind: 'video',
	defaultUrl: '={{ $json.videoUrl }}',
	placeholder: 'e.g. https://example.com/final.mp4',
	description: 'The video to enlarge, at most 40 seconds long and 4096 pixels wide or high',
});

/** POST /runwayml/v1/video_upscale. */
export const upscale = createOperation({
	resource: 'video',
	value: 'upscale',
	name: 'Upscale',
	action: 'Upscale video',
	description: 'Enlarge a video to four times its width and height, up to 4096 pixels a side',
	api: 'official',
	path: '/runwayml/v1/video_upscale',
	produces: 'video',
	models: ['upscale_v1'],
	panelRemarks: [panelRemarks.url('videoUrl')],
	fields: [...video.fields, modelField('upscale_v1')],
	parameters: z.object({ ...video.shape, model: requiredText() }).check(requireMedia(video.required)),
	files: (p) => video.files(p),
	body: (p, input) => ({ videoUri: video.uri(p, input), model: p.model }),
	hints: (p) => video.hints(p),
});
