import type { ExecuteContext } from 'n8n-core';
import type { IHttpRequestOptions, IN8nHttpFullResponse } from 'n8n-workflow';

import { USAGE_PATH } from '../../nodes/shared/api/keyUsage';
import { redactDeep } from '../../nodes/shared/api/redact';
import { readTask } from '../../nodes/shared/task/parse';
import type { Exchange } from './shape';

/** Notes every request that a node sends, with its answer. Keys and the signatures of URLs are never kept. */
export class Recorder {
	readonly exchanges: Exchange[] = [];

	/** @param keys what must never be kept; empty texts count for nothing */
	constructor(private readonly keys: readonly string[]) {}

	/** A text without the keys. */
	withoutKeys(text: string): string {
		return this.keys.filter(Boolean).reduce((rest, key) => rest.replaceAll(key, '…'), text);
	}

	/** Listens to a context; what it sends is noted under `label`, such as `video.upscale`. */
	listenTo({ helpers }: ExecuteContext, label: string): void {
		const { httpRequest, httpRequestWithAuthentication } = helpers;
		const note = this.note.bind(this, label);
		helpers.httpRequest = async (options) => note(options, await httpRequest(options));
		helpers.httpRequestWithAuthentication = async function (this: never, credential, options, ...rest) {
			return note(options, await httpRequestWithAuthentication.call(this, credential, options, ...rest));
		} as typeof httpRequestWithAuthentication;
	}

	private note(label: string, options: IHttpRequestOptions, answer: unknown): unknown {
		const { statusCode, headers, body } = answer as IN8nHttpFullResponse;
		const isFile = options.encoding === 'stream';
		const kept = isFile ? undefined : this.withoutSecrets(body);
		this.exchanges.push({
			name: `${label}: ${isFile ? 'file' : step(options, body)}`,
			status: statusCode,
			headers: this.withoutSecrets({ ...headers }) as Record<string, string>,
			...(kept === undefined ? {} : { body: kept }),
		});
		return answer;
	}

	private withoutSecrets(value: unknown): unknown {
		const text = JSON.stringify(value);
		return text === undefined ? undefined : redactDeep(JSON.parse(this.withoutKeys(text)));
	}
}

/** What an exchange was for: the phase of the task where one was read, so that equal moments meet. */
function step({ method, url }: IHttpRequestOptions, body: unknown): string {
	const path = url.replace(/^https?:\/\/[^/]+/, '');
	if (path === USAGE_PATH) return 'key';
	const isRead = path === '/runway/feed' || path.startsWith('/runwayml/v1/tasks/');
	if (!isRead) return method === 'POST' ? 'create' : 'answer';
	const reading = readTask(body);
	if (reading.kind === 'task') return reading.state.status;
	return reading.kind === 'notVisible' ? 'not known' : 'refused';
}
