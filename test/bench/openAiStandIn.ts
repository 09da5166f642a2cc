import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

/**
 * A stand-in for OpenAI's video routes as they are documented, with renders of a given length:
 * POST /v1/videos, GET /v1/videos/{id} and GET /v1/videos/{id}/content.
 */
export interface OpenAiStandIn {
	/** With `/v1`, as n8n's credential wants it. */
	url: string;
	readonly videos: readonly OpenAiVideo[];
	close(): Promise<void>;
}

/** One video, with times in milliseconds since the epoch. */
export interface OpenAiVideo {
	id: string;
	model: string;
	seconds: string;
	size: string;
	createdAt: number;
	readyAt: number;
	/** Looks at its state. */
	reads: number;
	/** When its file had been sent; null before. */
	deliveredAt: number | null;
}

const CLIP = path.join(__dirname, '..', 'support', 'standin', 'assets', 'clip.mp4');
/** Videos are kept for a day. */
const KEPT_SECONDS = 86_400;

export async function startOpenAiStandIn({
	renderMs,
	latencyMs,
}: {
	renderMs: number;
	latencyMs: number;
}): Promise<OpenAiStandIn> {
	const clip = readFileSync(CLIP);
	const videos: OpenAiVideo[] = [];

	function create(form: string): object {
		const now = Date.now();
		const video: OpenAiVideo = {
			id: `video_${(videos.length + 1).toString(16).padStart(32, '0')}`,
			model: fieldOf(form, 'model') ?? 'sora-2',
			seconds: fieldOf(form, 'seconds') ?? '4',
			size: fieldOf(form, 'size') ?? '720x1280',
			createdAt: now,
			readyAt: now + renderMs,
			reads: 0,
			deliveredAt: null,
		};
		videos.push(video);
		return bodyOf(video, now);
	}

	async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const chunks: Buffer[] = [];
		for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
		await new Promise((resolve) => setTimeout(resolve, latencyMs));
		const { pathname } = new URL(request.url ?? '/', 'http://openai');
		const route = /^\/v1\/videos(?:\/([^/]+)(\/content)?)?$/.exec(pathname);
		if (route === null) return refuse(response, 404, `Invalid URL (${request.method} ${pathname})`);
		if (!request.headers.authorization?.startsWith('Bearer ')) return refuse(response, 401, 'No API key');

		const [, id, content] = route;
		if (id === undefined) {
			const form = Buffer.concat(chunks).toString('latin1');
			if (request.method !== 'POST') return refuse(response, 405, 'Not allowed');
			if (fieldOf(form, 'prompt') === undefined) return refuse(response, 400, 'Missing parameter: prompt');
			return answer(response, 200, create(form));
		}
		const video = videos.find((one) => one.id === id);
		if (video === undefined) return refuse(response, 404, `Video ${id} not found`);
		const now = Date.now();
		if (content === undefined) {
			video.reads += 1;
			return answer(response, 200, bodyOf(video, now));
		}
		if (now < video.readyAt) return refuse(response, 404, 'Video is not ready yet');
		response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': clip.length });
		response.end(clip, () => (video.deliveredAt = Date.now()));
	}

	const server = createServer((request, response) => {
		handle(request, response).catch(() => response.destroy());
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
		videos,
		async close() {
			if (!server.listening) return;
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			});
		},
	};
}

/** The value of a field of a multipart form. */
function fieldOf(form: string, name: string): string | undefined {
	return new RegExp(`name="${name}"\\r\\n(?:[^\\r\\n]+\\r\\n)*\\r\\n([\\s\\S]*?)\\r\\n--`).exec(form)?.[1];
}

function bodyOf({ id, model, seconds, size, createdAt, readyAt }: OpenAiVideo, now: number): object {
	const isDone = now >= readyAt;
	const share = Math.floor(((now - createdAt) / (readyAt - createdAt)) * 100);
	return {
		id,
		object: 'video',
		model,
		status: isDone ? 'completed' : now === createdAt ? 'queued' : 'in_progress',
		progress: isDone ? 100 : Math.min(99, share),
		created_at: Math.floor(createdAt / 1000),
		completed_at: isDone ? Math.floor(readyAt / 1000) : null,
		expires_at: isDone ? Math.floor(readyAt / 1000) + KEPT_SECONDS : null,
		size,
		seconds,
		remixed_from_video_id: null,
		error: null,
	};
}

function refuse(response: ServerResponse, status: number, message: string): void {
	answer(response, status, { error: { message, type: 'invalid_request_error', param: null, code: null } });
}

function answer(response: ServerResponse, status: number, body: object): void {
	response.writeHead(status, { 'content-type': 'application/json' });
	response.end(JSON.stringify(body));
}
