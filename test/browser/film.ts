import type { Browser, Page } from 'playwright-core';

/**
 * Films a page and makes an animated WebP of it. Chromium itself encodes the frames, so nothing else has to be installed;
 * only the container around them is written here (https://developers.google.com/speed/webp/docs/riff_container).
 */

interface Frame {
	png: string;
	/** Milliseconds that it is shown. */
	duration: number;
}

/** The part of a frame that differs from the one before, as a WebP of its own. */
interface Change {
	x: number;
	y: number;
	width: number;
	height: number;
	webp: string;
}

/** What the browser knows of a canvas with an image beside it. */
interface Canvas {
	width: number;
	height: number;
	nextElementSibling: { src: string; naturalWidth: number; naturalHeight: number; decode(): Promise<void> };
	cloneNode(): Canvas;
	getContext(kind: '2d', settings: object): Context;
	toDataURL(type: string, quality: number): string;
}

interface Context {
	imageSmoothingQuality: 'high';
	drawImage(image: object, x: number, y: number, width?: number, height?: number): void;
	getImageData(x: number, y: number, width: number, height: number): { data: { buffer: ArrayBuffer } };
}

/** Between two frames at least, in milliseconds: what moves faster needs too many bytes. */
const PACE_MS = 200;
/** Nobody wants to watch a busy machine for longer. */
const LONGEST_MS = 1_500;
/** A last look before the film begins again, in milliseconds. */
const LAST_MS = 2_500;
const QUALITY = 0.7;

/** Takes pictures of a page while something happens in it. Pictures in which nothing has changed become one. */
export async function film(page: Page, happens: () => Promise<void>): Promise<Frame[]> {
	const frames: Frame[] = [];
	let isOver = false;
	const end = happens().finally(() => (isOver = true));
	for (let shownAt = Date.now(); ;) {
		const png = (await page.screenshot()).toString('base64');
		const now = Date.now();
		const last = frames.at(-1);
		if (last !== undefined) last.duration = Math.min(last.duration + now - shownAt, LONGEST_MS);
		if (last?.png !== png) frames.push({ png, duration: 0 });
		if (isOver) break;
		await page.waitForTimeout(Math.max(0, PACE_MS - (Date.now() - shownAt)));
		shownAt = now;
	}
	await end;
	frames.at(-1)!.duration = LAST_MS;
	return frames;
}

/**
 * @param width of the film in pixels; the frames are scaled to it
 * @returns an animated WebP that never ends
 */
export async function animated(browser: Browser, frames: readonly Frame[], width: number): Promise<Buffer> {
	const page = await browser.newPage();
	await page.setContent('<canvas></canvas><img />');
	const chunks: Buffer[] = [];
	let size = { width: 0, height: 0 };
	/** How long the picture so far is shown on: a frame without a change only prolongs it. */
	const durations: number[] = [];
	const changes: Change[] = [];
	for (const { png, duration } of frames) {
		const drawn = await page.locator('canvas').evaluate(draw, { png, width, quality: QUALITY });
		size = drawn.size;
		if (drawn.change === null) durations.push((durations.pop() ?? 0) + duration);
		else {
			changes.push(drawn.change);
			durations.push(duration);
		}
	}
	await page.close();
	chunks.push(
		chunk('VP8X', Buffer.concat([Buffer.from([2, 0, 0, 0]), uint24(size.width - 1), uint24(size.height - 1)])),
	);
	// White behind it, and no end.
	chunks.push(chunk('ANIM', Buffer.from([255, 255, 255, 255, 0, 0])));
	for (const [index, { x, y, width: wide, height, webp }] of changes.entries()) {
		const place = [x / 2, y / 2, wide - 1, height - 1, durations[index] ?? 0].map(uint24);
		// Drawn over what was there, without blending.
		chunks.push(chunk('ANMF', Buffer.concat([...place, Buffer.from([2]), imageData(Buffer.from(webp, 'base64'))])));
	}
	return chunk('RIFF', Buffer.concat([Buffer.from('WEBP'), ...chunks]));
}

/** Runs in the browser: draws a frame, and encodes what has changed since the last one. */
async function draw(canvas: Canvas, { png, width, quality }: { png: string; width: number; quality: number }) {
	const image = canvas.nextElementSibling;
	image.src = `data:image/png;base64,${png}`;
	await image.decode();
	const height = 2 * Math.round((image.naturalHeight * width) / image.naturalWidth / 2);
	const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
	const isFirst = canvas.width !== width || canvas.height !== height;
	if (isFirst) Object.assign(canvas, { width, height });
	const before = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
	context.imageSmoothingQuality = 'high';
	context.drawImage(image, 0, 0, width, height);
	const after = new Uint32Array(context.getImageData(0, 0, width, height).data.buffer);
	let [left, top, right, bottom] = isFirst ? [0, 0, width, height] : [width, height, 0, 0];
	for (let at = 0; at < after.length; at += 1) {
		if (after[at] === before[at]) continue;
		const [x, y] = [at % width, Math.floor(at / width)];
		[left, right] = [Math.min(left, x), Math.max(right, x + 1)];
		[top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
	}
	const size = { width, height };
	if (right <= left) return { size, change: null };
	// The container counts places in pairs of pixels.
	[left, top] = [left - (left % 2), top - (top % 2)];
	const part = canvas.cloneNode();
	Object.assign(part, { width: right - left, height: bottom - top });
	part.getContext('2d', { alpha: false }).drawImage(canvas, -left, -top);
	const [, webp = ''] = part.toDataURL('image/webp', quality).split(',');
	return { size, change: { x: left, y: top, width: part.width, height: part.height, webp } };
}

/** The chunks of a WebP that hold its pixels. */
function imageData(webp: Buffer): Buffer {
	const kept: Buffer[] = [];
	for (let at = 12; at < webp.length;) {
		const length = 8 + webp.readUInt32LE(at + 4);
		const end = at + length + (length % 2);
		if (['ALPH', 'VP8 ', 'VP8L'].includes(webp.toString('latin1', at, at + 4))) kept.push(webp.subarray(at, end));
		at = end;
	}
	return Buffer.concat(kept);
}

function chunk(name: string, data: Buffer): Buffer {
	const head = Buffer.alloc(8);
	head.write(name);
	head.writeUInt32LE(data.length, 4);
	return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

function uint24(value: number): Buffer {
	const bytes = Buffer.alloc(3);
	bytes.writeUIntLE(value, 0, 3);
	return bytes;
}
