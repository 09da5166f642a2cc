/** Written by `npm run models` from Runway's typings and scripts/models/facts.ts. Do not edit. */

/** What is known about a model at one endpoint; an empty list means that nothing is known. */
export interface ModelFacts {
	title: string;
	/** Runway has retired it; CometAPI may still serve it. */
	retired: boolean;
	/** Width and height in pixels, with a colon. */
	ratios: readonly string[];
	/** Seconds. */
	durations: readonly number[];
	needsPrompt: boolean;
	takesReferences: boolean;
	takesLastFrame: boolean;
}

export type FactsByModel = Readonly<Record<string, ModelFacts>>;

// prettier-ignore
export const modelTable = {
	"image-to-video": {
		"gen4_turbo": {"title":"Gen-4 Turbo","retired":false,"ratios":["1280:720","720:1280","1104:832","832:1104","960:960","1584:672"],"durations":[2,3,4,5,6,7,8,9,10],"needsPrompt":false,"takesReferences":false,"takesLastFrame":false},
		"gen4.5": {"title":"Gen-4.5","retired":false,"ratios":["1280:720","720:1280","1104:832","960:960","832:1104","1584:672"],"durations":[2,3,4,5,6,7,8,9,10],"needsPrompt":true,"takesReferences":false,"takesLastFrame":false},
		"veo3.1": {"title":"Veo 3.1","retired":false,"ratios":["1280:720","720:1280","1080:1920","1920:1080"],"durations":[4,6,8],"needsPrompt":false,"takesReferences":false,"takesLastFrame":true},
		"veo3.1_fast": {"title":"Veo 3.1 Fast","retired":false,"ratios":["1280:720","720:1280","1080:1920","1920:1080"],"durations":[4,6,8],"needsPrompt":false,"takesReferences":false,"takesLastFrame":true},
		"gen3a_turbo": {"title":"Gen-3 Alpha Turbo","retired":true,"ratios":["1280:768","768:1280"],"durations":[5,10],"needsPrompt":false,"takesReferences":false,"takesLastFrame":false},
		"veo3": {"title":"Veo 3","retired":true,"ratios":["1280:720","720:1280","1080:1920","1920:1080"],"durations":[8],"needsPrompt":false,"takesReferences":false,"takesLastFrame":false},
		// Not offered: hailuo3, happyhorse_1_0, seedance2, seedance2_fast, seedance2_mini, gemini_omni_flash, seedance2_5, grok_imagine_1_5, wan3, gemini_omni_flash_1.1, wan3_prime, h3_max.
	},
	"video-to-video": {
		"aleph2": {"title":"Aleph 2","retired":false,"ratios":[],"durations":[],"needsPrompt":false,"takesReferences":false,"takesLastFrame":false},
		"gen4_aleph": {"title":"Gen-4 Aleph","retired":true,"ratios":["1280:720","720:1280","1104:832","960:960","832:1104","1584:672","848:480","640:480"],"durations":[],"needsPrompt":false,"takesReferences":false,"takesLastFrame":false},
		// Not offered: hailuo3, seedance2, seedance2_fast, seedance2_mini, gemini_omni_flash, seedance2_5, gemini_omni_flash_1.1.
	},
	"character-performance": {
		"act_two": {"title":"Act-Two","retired":false,"ratios":["1280:720","720:1280","960:960","1104:832","832:1104","1584:672"],"durations":[],"needsPrompt":false,"takesReferences":false,"takesLastFrame":false},
	},
	"video-upscale": {
		"magnific_video_upscaler_creative": {"title":"Magnific Creative","retired":false,"ratios":[],"durations":[],"needsPrompt":false,"takesReferences":false,"takesLastFrame":false},
		"upscale_v1": {"title":"Upscale v1","retired":true,"ratios":[],"durations":[],"needsPrompt":false,"takesReferences":false,"takesLastFrame":false},
		// Not offered: enhance_frame_rate.
	},
	"text-to-image": {
		"gen4_image": {"title":"Gen-4 Image","retired":false,"ratios":["1024:1024","1080:1080","1168:880","1360:768","1440:1080","1080:1440","1808:768","1920:1080","1080:1920","2112:912","1280:720","720:1280","720:720","960:720","720:960","1680:720"],"durations":[],"needsPrompt":true,"takesReferences":true,"takesLastFrame":false},
		"gen4_image_turbo": {"title":"Gen-4 Image Turbo","retired":false,"ratios":["1024:1024","1080:1080","1168:880","1360:768","1440:1080","1080:1440","1808:768","1920:1080","1080:1920","2112:912","1280:720","720:1280","720:720","960:720","720:960","1680:720"],"durations":[],"needsPrompt":true,"takesReferences":true,"takesLastFrame":false},
		"gemini_2.5_flash": {"title":"Gemini 2.5 Flash Image","retired":false,"ratios":["1344:768","768:1344","1024:1024","1184:864","864:1184","1536:672","832:1248","1248:832","896:1152","1152:896"],"durations":[],"needsPrompt":true,"takesReferences":true,"takesLastFrame":false},
		"gemini_image3_pro": {"title":"Gemini 3 Pro Image","retired":false,"ratios":["1344:768","768:1344","1024:1024","1184:864","864:1184","1536:672","832:1248","1248:832","896:1152","1152:896","2048:2048","1696:2528","2528:1696","1792:2400","2400:1792","1856:2304","2304:1856","1536:2752","2752:1536","3168:1344","4096:4096","3392:5056","5056:3392","3584:4800","4800:3584","3712:4608","4608:3712","3072:5504","5504:3072","6336:2688"],"durations":[],"needsPrompt":true,"takesReferences":true,"takesLastFrame":false},
		"gemini_image3.1_flash": {"title":"Gemini 3.1 Flash Image","retired":false,"ratios":["512:512","416:624","624:416","432:592","592:432","448:576","576:448","384:672","672:384","768:336","256:1024","1024:256","176:1408","1408:176","1024:1024","832:1248","1248:832","864:1184","1184:864","896:1152","1152:896","768:1344","1344:768","1536:672","512:2048","2048:512","352:2816","2816:352","2048:2048","1696:2528","2528:1696","1792:2400","2400:1792","1856:2304","2304:1856","1536:2752","2752:1536","3168:1344","1024:4096","4096:1024","704:5632","5632:704","4096:4096","3392:5056","5056:3392","3584:4800","4800:3584","3712:4608","4608:3712","3072:5504","5504:3072","6336:2688","2048:8192","8192:2048","1408:11264","11264:1408"],"durations":[],"needsPrompt":true,"takesReferences":true,"takesLastFrame":false},
		// Not offered: gpt_image_2, muse_image, seedream5_pro, seedream5_lite, grok_imagine_image_2, gpt_image_2_5_flare, gpt_image_2_5_sunburst.
	},
} satisfies Record<string, FactsByModel>;
