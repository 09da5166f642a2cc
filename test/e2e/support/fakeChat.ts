import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message of a chat, as OpenAI's chat completions have them. */
export interface ChatMessage {
	role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
	content: unknown;
	tool_call_id?: string;
	tool_calls?: Array<{ id: string; function: { name: string; arguments: string } }>;
}

/** A tool as it is offered to the model. */
export interface OfferedTool {
	name: string;
	description: string;
	parameters: {
		type: string;
		properties: Record<string, { type?: string; description?: string }>;
		required?: string[];
	};
}

/** One request of the agent's to the model. */
export interface ChatRequest {
	messages: ChatMessage[];
	tools: OfferedTool[];
}

/** A model on loopback that speaks OpenAI's chat completions and does as it is told. */
export interface FakeChat {
	/** For the base URL of n8n's OpenAI credential. */
	readonly url: string;
	/** What it was asked, oldest first. */
	readonly requests: readonly ChatRequest[];
	/** The tool calls to make, one answer after the other. What it says after the last one is the end. */
	plan: ToolCall[][];
	/** What the tools answered, in the order in which the model read it. */
	readonly toolResults: readonly string[];
	reset(): void;
	close(): Promise<void>;
}

/** A call of a tool; without a name, of the first one that is offered. */
export interface ToolCall {
	name?: string;
	arguments: Record<string, unknown>;
}

export const FINAL_WORDS = 'The model has finished.';

interface Body {
	model?: string;
	stream?: boolean;
	messages?: ChatMessage[];
	tools?: Array<{ type: string; function: OfferedTool }>;
}

/** Starts a model that calls tools as planned and then answers with {@link FINAL_WORDS}. */
export async function startFakeChat(): Promise<FakeChat> {
	const requests: ChatRequest[] = [];
	const server = createServer((incoming, response) => void answer(incoming, response));
	const chat = {
		url: '',
		requests,
		plan: [] as ToolCall[][],
		get toolResults() {
			const messages = requests.at(-1)?.messages ?? [];
			return messages.filter(({ role }) => role === 'tool').map(({ content }) => textOf(content));
		},
		reset() {
			requests.length = 0;
			chat.plan = [];
		},
		close: async () =>
			await new Promise<void>((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};

	async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
		const chunks: Buffer[] = [];
		for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
		if (!incoming.url?.endsWith('/chat/completions')) {
			response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"no such route"}}');
			return;
		}
		const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Body;
		const tools = (body.tools ?? []).map((tool) => tool.function);
		const messages = body.messages ?? [];
		const step = chat.plan[requests.length];
		requests.push({ messages, tools });
		const calls = step?.map((call, index) => ({
			index,
			id: `call_${requests.length}_${index}`,
			type: 'function',
			function: { name: call.name ?? tools[0]?.name ?? '', arguments: JSON.stringify(call.arguments) },
		}));
		const message =
			calls === undefined
				? { role: 'assistant', content: FINAL_WORDS }
				: { role: 'assistant', content: null, tool_calls: calls };
		send(response, body, message, calls === undefined ? 'stop' : 'tool_calls');
	}

	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	chat.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
	return chat;
}

function send(response: ServerResponse, { model, stream }: Body, message: object, reason: string): void {
	const head = { id: 'chat-1', created: 1_760_000_000, model: model ?? 'fake' };
	const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
	if (stream !== true) {
		const choices = [{ index: 0, message, finish_reason: reason }];
		response.writeHead(200, { 'content-type': 'application/json' });
		response.end(JSON.stringify({ ...head, object: 'chat.completion', choices, usage }));
		return;
	}
	response.writeHead(200, { 'content-type': 'text/event-stream' });
	for (const [delta, finish_reason] of [[message, null] as const, [{}, reason] as const]) {
		const chunk = { ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] };
		response.write(`data: ${JSON.stringify(chunk)}\n\n`);
	}
	response.end('data: [DONE]\n\n');
}

/** Content is a text, or a list of parts. */
function textOf(content: unknown): string {
	if (typeof content === 'string') return content;
	if (!Array.isArray(content)) return JSON.stringify(content);
	return content.map((part: { text?: string }) => part.text ?? '').join('');
}
