import { startEngine, type RunInput } from '../../support/engine';

/**
 * Fetches one large file and sends by how many bytes the process has grown meanwhile. A program of its own,
 * so that its memory is that of the node and the engine alone.
 */

export interface DownloadInput {
	/** `stream`: our node. `buffer`: the file as one buffer, stored when it is whole. */
	way: 'stream' | 'buffer';
	/** Where the files are small, so that all code is there before anything is measured. */
	small: NonNullable<RunInput['credential']>;
	large: NonNullable<RunInput['credential']>;
}

export interface DownloadResult {
	grownBytes: number;
	/** Bytes of the file as the engine has stored it. */
	storedBytes: number;
	seconds: number;
}

const SAMPLE_MS = 10;

async function measure({ way, small, large }: DownloadInput): Promise<DownloadResult> {
	const engine = await startEngine();
	const parameters = { imageUrl: 'https://img.example.com/a.jpg', prompt: 'x', options: { pollInterval: 0.2 } };

	async function fetchFile(credential: DownloadInput['small']): Promise<number> {
		const download = way === 'stream';
		const { items } = await engine.run({ credential, parameters: { ...parameters, download } });
		const [item] = items;
		if (download) return Number(item?.binary?.data?.bytes ?? 0);
		const response = await fetch(String(item?.json.videoUrl));
		const stored = await engine.storeFile(Buffer.from(await response.arrayBuffer()), 'video.mp4', 'video/mp4');
		return Number(stored.data?.bytes ?? 0);
	}

	try {
		for (let round = 0; round < 3; round += 1) await fetchFile(small);
		global.gc?.();
		const before = process.memoryUsage.rss();
		const peakBefore = process.resourceUsage().maxRSS;
		let most = before;
		const timer = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), SAMPLE_MS);
		const began = performance.now();
		const storedBytes = await fetchFile(large);
		const seconds = (performance.now() - began) / 1000;
		clearInterval(timer);
		// The kernel misses no peak, but knows only the highest one of all.
		const peak = process.resourceUsage().maxRSS;
		if (peak > peakBefore) most = Math.max(most, peak * 1024);
		return { grownBytes: most - before, storedBytes, seconds };
	} finally {
		engine.close();
	}
}

void measure(JSON.parse(process.argv[2] ?? '{}') as DownloadInput).then((result) => process.send?.(result));
