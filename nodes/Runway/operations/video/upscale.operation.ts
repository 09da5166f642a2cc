import { requiredText } from '../../../shared/parameters/checks';
import * as z from '../../../shared/parameters/zod';
import { modelTable } from '../../modelTable';
import { panelRemarks } from '../hints';
import { modelField } from '../fields';
import { mediaInput, requireMedia } from '../media';
import { currentModels } from '../modelRules';
import { createOperation } from '../createOperation';

const video = mediaInput({
	prefix: 'video',
	label: 'Video',
	kind: 'video',
	defaultUrl: '={{ $json.videoUrl }}',
	placeholder: 'e.g. https://example.com/final.mp4',
	description: 'The video to enlarge, at most 40 seconds long and 4096 pixels wide or high',
});

const facts = modelTable['video-upscale'];

/** POST /runwayml/v1/video_upscale. */
export const upscale = createOperation({
	resource: 'video',
	value: 'upscale',
	name: 'Upscale',
	action: 'Upscale video',
	description: 'Enlarge a video and add detail',
	api: 'official',
	path: '/runwayml/v1/video_upscale',
	produces: 'video',
	models: currentModels(facts),
	facts,
	panelRemarks: panelRemarks.retired(facts),
	fields: [...video.fields, modelField('magnific_video_upscaler_creative')],
	parameters: z.object({ ...video.shape, model: requiredText() }).check(requireMedia(video.required)),
	files: (p) => video.files(p),
	body: (p, input) => ({ videoUri: video.uri(p, input), model: p.model }),
	doubts: (p, { apiHost }) => video.doubts(p, apiHost),
});
