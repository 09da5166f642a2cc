import type { Doubt } from './operation';

/**
 * Runway's rules for the addresses that it downloads inputs from (fact sheet 6), as far as an address shows whether it keeps
 * them: https, a host name that the internet knows, the file itself and no page about it, and a type that Runway takes.
 */

/** Places whose links open a page, with what to do instead. */
const pages: ReadonlyArray<{ host: RegExp; isFile?: (url: URL) => boolean; fix: string }> = [
	{ host: /^(drive|docs)\.google\.com$/, fix: nodeFix('Google Drive') },
	{
		host: /(^|\.)dropbox\.com$/,
		isFile: ({ searchParams }) => searchParams.get('raw') === '1' || searchParams.get('dl') === '1',
		fix: `${nodeFix('Dropbox')}, or end the link in raw=1 in place of dl=0`,
	},
	{ host: /^(1drv\.ms|onedrive\.live\.com)$|(^|\.)sharepoint\.com$/, fix: nodeFix('Microsoft OneDrive') },
	{
		host: /(^|\.)box\.com$/,
		isFile: ({ pathname }) => pathname.startsWith('/shared/static/'),
		fix: nodeFix('Box'),
	},
	{
		host: /(^|\.)icloud\.com$|^(we\.tl|(www\.)?wetransfer\.com|(www\.)?mega\.nz|photos\.app\.goo\.gl|photos\.google\.com)$/,
		fix: 'download the file, put it on a public web server, and enter its address',
	},
	{
		host: /^((www|m)\.)?(youtube|vimeo|tiktok|instagram|facebook|loom)\.com$|^youtu\.be$/,
		fix: 'enter the address of the video file',
	},
	{ host: /^(www\.)?imgur\.com$/, fix: 'enter the address of the image on i.imgur.com' },
];

function nodeFix(node: string): string {
	return `download it with the ${node} node, and give the file to an operation that takes one`;
}

/** Endings of files that Runway does not take, by what it wants. */
const wrongEndings = {
	image: { pattern: /\.(gif|svg|bmp|tiff?|heic|heif|avif|pdf|mp4|mov|webm)$/i, types: 'a JPEG, PNG or WebP image' },
	video: { pattern: /\.(gif|jpe?g|png|webp|avi|wmv|pdf)$/i, types: 'an MP4, MOV or WebM video' },
} as const;

/** Pieces of a path that only a broken expression leaves. */
const BROKEN_PIECE = /^(undefined|null|NaN)$|\[object /;

/**
 * Doubts about an input URL.
 * @param parameter the field that holds the URL
 * @param apiHost host of the credential's base URL: its own files are no problem for it
 */
export function urlDoubts(
	parameter: string,
	given: string | undefined,
	kind: 'image' | 'video',
	apiHost: string,
): Doubt[] {
	if (given === undefined || !URL.canParse(given)) return [];
	const expected = expectedOf(new URL(given), kind, apiHost);
	return expected === null ? [] : [{ parameter, expected }];
}

function expectedOf(url: URL, kind: 'image' | 'video', apiHost: string): string | null {
	const host = url.hostname.toLowerCase();
	const path = decoded(url.pathname);
	if (path.split('/').some((piece) => BROKEN_PIECE.test(piece))) {
		return 'must be the address of a file, but comes from a broken expression';
	}
	const { pattern, types } = wrongEndings[kind];
	if (pattern.test(path)) return `must be the address of ${types}`;
	if (host === apiHost) return null;
	const page = pages.find((candidate) => candidate.host.test(host));
	if (page !== undefined && page.isFile?.(url) !== true) {
		return `must be the address of the file itself, and not of a page on ${host} (${page.fix})`;
	}
	if (isPrivateHost(host)) {
		return 'must be a public address, because CometAPI downloads the file from the internet (upload it to a public place, or give the file to an operation that takes one)';
	}
	if (isIpAddress(host)) return 'must name a host, because Runway takes no IP addresses';
	return url.protocol === 'https:' ? null : 'must start with https://, because Runway takes no http:// addresses';
}

function decoded(path: string): string {
	try {
		return decodeURIComponent(path);
	} catch {
		return path;
	}
}

function isIpAddress(host: string): boolean {
	return /^\d+\.\d+\.\d+\.\d+$/.test(host) || host.startsWith('[');
}

/** Whether an address can't be reached from the internet. */
export function isPrivateHost(host: string): boolean {
	const name = host.toLowerCase().replace(/^\[|\]$/g, '');
	if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) {
		return /^(127|10|0)\.|^192\.168\.|^169\.254\.|^172\.(1[6-9]|2\d|3[01])\./.test(name);
	}
	if (name.includes(':')) return name === '::1' || /^f[cd][0-9a-f]{2}:|^fe80:/.test(name);
	// A name without a dot is one of the own network, such as a container's.
	return !name.includes('.') || /\.(localhost|local|internal|lan|home\.arpa)$/.test(name);
}
