import type { CallbackSettings, StandInOverrides, StandInSettings } from './types';

const DAY_MS = 86_400_000;

const callbackDefaults: CallbackSettings = {
	enabled: true,
	onProgress: false,
	times: 1,
	delayMs: 0,
	shape: 'documented',
	hosts: 'loopback',
};

/** A new object of settings: the defaults under what was given. */
export function makeSettings(given: StandInOverrides = {}): StandInSettings {
	const { callbacks, ...rest } = given;
	const settings: StandInSettings = {
		renderMs: 2000,
		notVisibleMs: 300,
		notExistShape: 'top-level',
		queuedMs: 600,
		envelope: {},
		wrappedResult: 'output',
		statusWords: {},
		createShape: {},
		costs: false,
		noChannelFor: [],
		alsoServes: [],
		crossRoutes: false,
		concurrency: Infinity,
		keyUsage: {},
		rateLimit: null,
		callbacks: { ...callbackDefaults, ...callbacks },
		resultUrls: 'store',
		fileNames: { video: 'video.mp4', image: 'image.png' },
		signedUrls: true,
		assetExpiryMs: DAY_MS,
		assetBytes: null,
		assetBytesPerSecond: null,
		supportRanges: true,
		latencyMs: 0,
		versionHeaderRequired: true,
		userIdRequired: false,
		compatibilityRefusal: 'E3',
	};
	for (const [name, value] of Object.entries(rest)) {
		if (value !== undefined) Object.assign(settings, { [name]: value });
	}
	return settings;
}
