import type { INodeParameters } from 'n8n-workflow';

/** URLs of what the first tasks have made, for those that need a picture or a video. */
export interface Material {
	videoUrl: string;
	imageUrl: string;
}

/** One task to buy: the cheapest that the documentation of its route allows. */
export interface Purchase {
	/** `resource.operation`. */
	name: string;
	what: string;
	/** In US dollars, where CometAPI's documentation names it. */
	price: number | null;
	/** Bought before those that need it. */
	makes?: keyof Material;
	needs: ReadonlyArray<keyof Material>;
	parameters(material: Material): INodeParameters;
}

/** The binary field of the only item that the runs get. */
export const PICTURE = 'picture';

const prompt = 'A wooden pier at dawn, waves rolling slowly';

export const purchases: readonly Purchase[] = [
	{
		name: 'video.generateFromText',
		what: 'gen4_turbo, 5 s',
		price: null,
		makes: 'videoUrl',
		needs: [],
		parameters: () => ({ prompt, duration: 5 }),
	},
	{
		name: 'image.generate',
		what: 'gen4_image, one reference',
		price: 0.32,
		makes: 'imageUrl',
		needs: [],
		parameters: () => ({ prompt, referenceImages: { image: [{ url: '', binaryField: PICTURE }] } }),
	},
	{
		name: 'video.generateFromImage',
		what: '5 s',
		price: null,
		needs: ['imageUrl'],
		parameters: ({ imageUrl }) => ({ prompt, imageUrl, duration: 5 }),
	},
	{
		name: 'video.imageToVideo',
		what: '5 s',
		price: null,
		needs: ['imageUrl'],
		parameters: ({ imageUrl }) => ({ prompt, imageUrl, duration: 5 }),
	},
	{
		name: 'video.restyle',
		what: 'of the first video',
		price: null,
		needs: ['videoUrl'],
		parameters: ({ videoUrl }) => ({ prompt: 'Ink wash painting', videoUrl }),
	},
	{
		name: 'video.actOne',
		what: 'of the first video and picture',
		price: null,
		needs: ['videoUrl', 'imageUrl'],
		parameters: ({ videoUrl, imageUrl }) => ({ videoUrl, imageUrl }),
	},
	{
		name: 'video.videoToVideo',
		what: 'aleph2, of the first video',
		price: null,
		needs: ['videoUrl'],
		parameters: ({ videoUrl }) => ({ prompt: 'Make it snow', videoUrl }),
	},
	{
		name: 'video.characterPerformance',
		what: 'act_two, of the first video and picture',
		price: null,
		needs: ['videoUrl', 'imageUrl'],
		parameters: ({ videoUrl, imageUrl }) => ({ characterUrl: imageUrl, referenceUrl: videoUrl }),
	},
	{
		name: 'video.upscale',
		what: 'magnific_video_upscaler_creative, of the first video',
		price: null,
		needs: ['videoUrl'],
		parameters: ({ videoUrl }) => ({ videoUrl }),
	},
];

/** The purchases of these names, all of them where none is named, with those that make what they need first. */
export function choose(names: readonly string[]): Purchase[] {
	const wanted = purchases.filter(({ name }) => names.length === 0 || names.includes(name));
	const needed = new Set(wanted.flatMap(({ needs }) => needs));
	return purchases.filter(
		(purchase) => wanted.includes(purchase) || (purchase.makes !== undefined && needed.has(purchase.makes)),
	);
}
