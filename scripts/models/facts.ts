/** What Runway's typings don't say: the models to offer with a word or two, and the retired ones that CometAPI still documents. */

export interface Known {
	/** Shown beside the ID. */
	title: string;
	/** Only for a model that Runway has retired: what the last typings with it said (fact sheet 2.6a, 2.7 to 2.9, 8.1). */
	retired?: { ratios?: string[]; durations?: number[] };
	/** Limits that the typings give in words or not at all (fact sheet 8.1). */
	durations?: number[];
}

const upTo10 = [2, 3, 4, 5, 6, 7, 8, 9, 10];
const alephRatios = [
	'1280:720', '720:1280', '1104:832', '960:960', '832:1104', '1584:672', '848:480', '640:480',
]; // prettier-ignore

/** By the file of the typings, then by model. The order is that of the list in the panel; the first is the default. */
export const known: Record<string, Record<string, Known>> = {
	'image-to-video': {
		gen4_turbo: { title: 'Gen-4 Turbo', durations: upTo10 },
		'gen4.5': { title: 'Gen-4.5', durations: upTo10 },
		'veo3.1': { title: 'Veo 3.1' },
		'veo3.1_fast': { title: 'Veo 3.1 Fast' },
		gen3a_turbo: { title: 'Gen-3 Alpha Turbo', retired: { ratios: ['1280:768', '768:1280'], durations: [5, 10] } },
		veo3: {
			title: 'Veo 3',
			retired: { ratios: ['1280:720', '720:1280', '1080:1920', '1920:1080'], durations: [8] },
		},
	},
	'video-to-video': {
		aleph2: { title: 'Aleph 2' },
		gen4_aleph: { title: 'Gen-4 Aleph', retired: { ratios: alephRatios } },
	},
	'character-performance': { act_two: { title: 'Act-Two' } },
	'video-upscale': {
		magnific_video_upscaler_creative: { title: 'Magnific Creative' },
		upscale_v1: { title: 'Upscale v1', retired: {} },
	},
	'text-to-image': {
		gen4_image: { title: 'Gen-4 Image' },
		gen4_image_turbo: { title: 'Gen-4 Image Turbo' },
		'gemini_2.5_flash': { title: 'Gemini 2.5 Flash Image' },
		gemini_image3_pro: { title: 'Gemini 3 Pro Image' },
		'gemini_image3.1_flash': { title: 'Gemini 3.1 Flash Image' },
	},
};
