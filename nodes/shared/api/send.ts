/** The seam between the API client, which knows CometAPI, and the transport, which knows n8n. */

export interface ApiRequest {
	method: 'GET' | 'POST';
	/** Path below the credential's base URL, such as `/runway/feed`. */
	path: string;
	body?: Record<string, unknown>;
	headers?: Record<string, string>;
	/** Milliseconds to wait for an answer. */
	timeoutMs: number;
	/** Milliseconds that the answer is still awaited for after the execution was stopped. @default 0 */
	afterStopMs?: number;
}

export type ApiAnswer =
	| {
			kind: 'response';
			status: number;
			/** Header names in lower case. */
			headers: Record<string, string>;
			/** Parsed JSON, or the text if it was not JSON. */
			body: unknown;
	  }
	| {
			kind: 'noResponse';
			/** False only if there never was a connection, so that nothing can have been received. */
			mayHaveArrived: boolean;
			/** Node's error code, such as `ECONNRESET`, if there is one. */
			code: string | null;
			message: string;
	  }
	/** The execution was stopped while the request was under way. */
	| { kind: 'aborted' };

/** Sends one request with the credential. Resolves for every answer and every network fault. */
export type Send = (request: ApiRequest) => Promise<ApiAnswer>;
