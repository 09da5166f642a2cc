import { textOf, valuesAt } from './json';
import { firstAt, type Layers } from './layers';
import type { TaskState, TaskStatus } from './task';

/** The URLs of a task's state. */
export type ResultUrls = Pick<TaskState, 'videoUrl' | 'imageUrl' | 'posterUrl' | 'lastFrameUrl' | 'assetUrls'>;

/**
 * The fields in which answers keep their results. Other fields with URLs, such as `image`, `video`, `promptImage` and `raw_video_url`, repeat
 * what was sent.
 */
const PLACES = {
	/** Documented (fact sheet 3.1): all that they hold counts. */
	documented: ['output', 'output[]', 'output[].url', 'video_url', 'result_url'],
	/** Of other gateways (fact sheet 8.2): the first one that holds something, if the documented ones don't. */
	elsewhere: ['output.video_url', 'output.url', 'video.url', 'video.video_url', 'url'],
	/** The same, but only of a success: before the end, the images are those that were sent, and the reason is a reason. */
	ofSuccess: ['image.url', 'images[]', 'images[].url', 'image_url', 'fail_reason'],
};
/** Fields whose names say what they contain. */
const IMAGE_PLACE = /^image/;
/** What a task's `action` ends with if it makes images, such as TEXT_TO_IMAGE. */
const IMAGE_ACTION = /to_?image$/i;
const IMAGE_ENDING = /\.(png|jpe?g|webp|gif|avif)$/i;
const OTHER_ENDING = /\.\w{2,5}$/;

interface Found {
	url: string;
	isImage: boolean;
}

/** The results in an answer, each once, in its order, and what they are: by their endings, their places, or the task's action. */
export function resultUrls(layers: Layers, status: TaskStatus): ResultUrls {
	const found = resultsIn(layers, status);
	const isOf = (image: boolean) => found.find(({ isImage }) => isImage === image)?.url ?? null;
	return {
		videoUrl: isOf(false),
		imageUrl: isOf(true),
		posterUrl: firstAt(layers, ['poster'], resultUrl),
		lastFrameUrl: firstAt(layers, ['last_frame'], resultUrl),
		assetUrls: found.map(({ url }) => url),
	};
}

function resultsIn(layers: Layers, status: TaskStatus): Found[] {
	const makesImages = IMAGE_ACTION.test(firstAt(layers, ['action'], textOf) ?? '');
	const collect = (places: readonly string[]): Found[] => {
		const byUrl = new Map<string, Found>();
		for (const layer of layers) {
			for (const place of places) {
				for (const url of valuesAt(layer, place).map(resultUrl)) {
					if (url === null || byUrl.has(url)) continue;
					byUrl.set(url, { url, isImage: isImage(url, makesImages || IMAGE_PLACE.test(place)) });
				}
			}
		}
		return [...byUrl.values()];
	};

	const documented = collect(PLACES.documented);
	if (documented.length > 0) return documented;
	for (const place of [...PLACES.elsewhere, ...(status === 'succeeded' ? PLACES.ofSuccess : [])]) {
		const elsewhere = collect([place]);
		if (elsewhere.length > 0) return elsewhere;
	}
	return [];
}

/** The ending leads; what has none, or no telling one, is what the answer says. */
function isImage(url: string, isSaidToBe: boolean): boolean {
	const { pathname } = new URL(url);
	return IMAGE_ENDING.test(pathname) || (isSaidToBe && !OTHER_ENDING.test(pathname));
}

/** The text if it is the address of something on the web. */
export function resultUrl(value: unknown): string | null {
	const candidate = textOf(value);
	if (candidate === null || !/^https?:\/\//i.test(candidate)) return null;
	return URL.canParse(candidate) ? candidate : null;
}
