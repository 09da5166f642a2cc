import type { IncomingHttpHeaders } from 'node:http';

export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** Where a value stands in a body, as Runway's refusals say it: `['options', 'seconds']`. */
export type IssuePath = ReadonlyArray<string | number>;

/** One thing that is wrong with a body, in the form of Runway's own refusals (fact sheet 8.2). */
export interface Issue {
	code: 'invalid_type' | 'invalid_value' | 'invalid_format' | 'too_small' | 'too_big' | 'unrecognized_keys';
	path: IssuePath;
	message: string;
}

/** The two families of Runway routes that CometAPI offers. */
export type Family = 'official' | 'compatibility';

/** What a create route makes. `generateFromText` and `generateFromImage` share one path. */
export type StandInOperation =
	| 'generateFromText'
	| 'generateFromImage'
	| 'restyle'
	| 'actOne'
	| 'imageToVideo'
	| 'textToImage'
	| 'videoToVideo'
	| 'upscale'
	| 'characterPerformance';

/** The kind of route a request came to. */
export type RouteKind =
	'create' | 'read' | 'asset' | 'sample' | 'models' | 'catalog' | 'quota' | 'keyUsage' | 'taskList' | 'other';

/** One request as the server saw it, in order of arrival. */
export interface RecordedRequest {
	/** `Date.now()` at arrival. */
	readonly at: number;
	/** `Date.now()` at the end of the answer, or when the connection went away. */
	endedAt?: number;
	readonly method: string;
	/** Path without the query. */
	readonly path: string;
	readonly query: Readonly<Record<string, string>>;
	readonly headers: IncomingHttpHeaders;
	/** The body: parsed where it is JSON, otherwise its text; undefined without a body. */
	body?: unknown;
	/** HTTP status of the answer; 0 when there was none (yet, or cut, or never answered). */
	readonly status: number;
	readonly route: RouteKind;
	operation?: StandInOperation | 'feed' | 'getTask';
	/** The task created, read or downloaded. */
	taskId?: string;
	/** The scripted fault that this request met. */
	fault?: FaultKind;
	/** Requests being answered at this one's arrival, itself included. */
	readonly inFlight: number;
	/** Bytes of an asset written so far. */
	bytesSent?: number;
	/** Set on a request to the asset store that carried an Authorization header. */
	leakedAuthorization?: true;
}

/** How a task ends; `stuck` and `unknown` never do. */
export type OutcomeKind = 'succeeded' | 'succeeded-without-url' | 'failed' | 'cancelled' | 'stuck' | 'unknown';

export interface Outcome {
	kind: OutcomeKind;
	/** Failure code of a failed task; null as the documentation allows. */
	code: string | null;
	message: string;
	/** The status word that stands for this end, in place of the envelope's own; numeric envelopes have none. */
	word?: string;
}

/** A task. Its fields are read at every answer, so a test may change them. */
export interface StandInTask {
	readonly id: string;
	/** 1 for the first task made since the start or the last reset. */
	readonly number: number;
	readonly family: Family;
	readonly operation: StandInOperation;
	readonly asset: 'video' | 'image';
	/** Path of the create route. */
	readonly route: string;
	readonly body: JsonObject;
	readonly prompt: string;
	/** Body fields, top level, that the documentation doesn't name. */
	readonly unknownFields: readonly string[];
	readonly createdAt: number;
	/** When the get-task routes begin to know the task. */
	visibleAt: number;
	/** When it leaves the THROTTLED state for the queue: later than `createdAt` only beyond `concurrency`. */
	admittedAt: number;
	/** When rendering begins. */
	startedAt: number;
	/** When it is terminal: Infinity for a task that never ends. */
	readyAt: number;
	outcome: Outcome;
	/** Goes running, queued, running, as if the gateway read from a stale replica. */
	backwards: boolean;
	/** Turns into task_not_exist once it was seen running. */
	vanishes: boolean;
	vanished: boolean;
	/** Reads of this task, those answered task_not_exist included. */
	polls: number;
	readonly callbackUrl?: string;
	/** The scripted fault that kept the client from learning of this task. */
	readonly fault?: FaultKind;
}

/** The envelopes in which a get-task route may answer. */
export type EnvelopeName =
	| 'official-flat'
	| 'official-lowercase'
	| 'wrapped'
	| 'feed-flat'
	| 'feed-minimal'
	| 'numeric'
	| 'numeric-short'
	| 'numeric-state'
	| ForeignEnvelope;

/**
 * Flat bodies with the result where other providers of the gateway's family put it, and `error: {code, message}` for a
 * failed task (fact sheet 8.2). `rotate` leaves them out. Those that name a video can hold no image.
 */
export type ForeignEnvelope = 'output-objects' | 'output-video-url' | 'video-object' | 'plain-url';

/** Where the wrapped envelope holds the finished asset. */
export type WrappedResult = 'output' | 'video_url' | 'result_url' | 'nested' | 'fail_reason';

/** `rotate` takes another one for each task. */
export type EnvelopeChoice = EnvelopeName | 'rotate' | ((task: StandInTask) => EnvelopeName);

/** The states that `statusWords` can rename. */
export type StatusPhase = 'throttled' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'unknown';

/** How `task_not_exist` is said; the documentation names the code, not the body around it. */
export type NotExistShape = 'top-level' | 'error-envelope' | 'status-200' | 'data-null';

/** The bodies that a create route may answer with. C1 to C4 are the compatibility family's, C5 to C7 the official's. */
export type CreateShape = 'C1' | 'C2' | 'C3' | 'C4' | 'C5' | 'C6' | 'C7';

export interface CallbackSettings {
	enabled: boolean;
	/** Also when rendering begins and halfway, not only at the end. */
	onProgress: boolean;
	/** Deliveries of each callback. */
	times: number;
	/** Delay after the event. */
	delayMs: number;
	shape: 'documented' | 'generic';
	/** `loopback`: other hosts (such as the documentation's examples) are recorded but not called. */
	hosts: 'loopback' | 'any';
}

/** Everything about the stand-in's manner that can be changed, also while it runs. */
export interface StandInSettings {
	/** From creation (or admission, beyond `concurrency`) to the end. Read when a task is created. */
	renderMs: number | ((task: StandInTask) => number);
	/** How long the get-task routes don't know a fresh task. Read when a task is created. */
	notVisibleMs: number;
	notExistShape: NotExistShape | 'rotate';
	/** The part of `renderMs` spent in the queue; at most half of it. Read when a task is created. */
	queuedMs: number;
	/** One choice for both get-task routes, or one for each. */
	envelope: EnvelopeChoice | { official?: EnvelopeChoice; feed?: EnvelopeChoice };
	wrappedResult: WrappedResult;
	/** Words in place of those that the envelope has for a state; numeric envelopes have none. */
	statusWords: Partial<Record<StatusPhase, string>>;
	/** One shape (used by its own family), or one for each family. */
	createShape: CreateShape | 'rotate' | { official?: CreateShape; compatibility?: CreateShape };
	/**
	 * Adds `estimatedCost` and `cost` to the official create answer and envelope, and `quota` to the wrapped one. The
	 * numeric envelopes always hold `point` and `refund`.
	 */
	costs: boolean;
	/** Documented models that no channel serves: 503 `model_not_found` on every create route. */
	noChannelFor: readonly string[];
	/** Models beyond the documented ones that are served, and held against the general rules of their route alone. */
	alsoServes: readonly string[];
	/** Either get-task route answers for tasks of either family. */
	crossRoutes: boolean;
	/** Tasks rendering at once; the surplus is THROTTLED. Read when a task is created. */
	concurrency: number;
	/** What is said of the key, over what is usual. A key that has expired or is used up is told so here and refused nowhere. */
	keyUsage: JsonObject;
	rateLimit: null | { perSecond: number; retryAfter?: number | string };
	callbacks: CallbackSettings;
	/**
	 * Where the URL of a finished result leads. `store`: to the asset store, with a signature. `gateway`: to
	 * `<base URL>/v1/videos/<id>/content` on the API's own host, which wants the key and sends the file itself.
	 * `gateway-redirect`: to the same address, which answers 302 to the store under another host name.
	 */
	resultUrls: 'store' | 'gateway' | 'gateway-redirect';
	/** File names at the end of the store's URLs. Endings say nothing about the content. */
	fileNames: { video: string; image: string };
	/** The asset URLs are signed and expire. */
	signedUrls: boolean;
	/** How long a signed URL is good for. Each read of a task signs afresh. */
	assetExpiryMs: number;
	/** Size of every video result: the real MP4 cut or filled up to it. */
	assetBytes: number | null;
	/** Throttles asset bodies. */
	assetBytesPerSecond: number | null;
	supportRanges: boolean;
	/** Before each answer, assets included. */
	latencyMs: number | ((request: RecordedRequest) => number);
	/** POST /runwayml/v1/* without X-Runway-Version is refused. */
	versionHeaderRequired: boolean;
	/** The list of the account's tasks wants the user's ID beside the access token, as older gateways do (fact sheet 8.4). */
	userIdRequired: boolean;
	/** Answer a value out of range on a compatibility route as HTTP 200 with a code (E3), or as 400 (E2). */
	compatibilityRefusal: 'E2' | 'E3';
}

/** Settings as given at the start: `callbacks` may be partial. */
export type StandInOverrides = Partial<Omit<StandInSettings, 'callbacks'>> & {
	callbacks?: Partial<CallbackSettings>;
};

export interface StandInOptions extends StandInOverrides {
	/** 0, the default, takes a free port. */
	port?: number;
	/** Address to listen on; the default is 127.0.0.1. */
	host?: string;
	/** Base of the asset URLs, where clients reach the server under another name than `url`. */
	publicUrl?: string;
	apiKey?: string;
	/** Opens the list of the account's tasks. */
	accessToken?: string;
	log?: (line: string) => void;
	/** Keep the process alive. The default is false: a forgotten stand-in never hangs a test run. */
	hold?: boolean;
}

export type FaultKind =
	| 'refuse'
	| 'reset-before'
	| 'reset-after'
	| 'timeout'
	| 'timeout-after'
	| 'redirect'
	| 'html'
	| 'html-301'
	| 'truncated-json'
	| 'wrong-json'
	| 'empty-object'
	| 'status'
	| 'invalid-request'
	| 'business'
	| 'insufficient-quota'
	| 'saturated'
	| GatewayRefusalKind
	| 'protection-page'
	| 'slow'
	| 'truncated'
	| 'stall'
	| 'endless'
	| 'wrong-length'
	| 'wrong-type'
	| DisguiseKind;

/**
 * Refusals of the gateway with words and codes of their own (fact sheet 8.2). The words are Chinese where the family's
 * are; `words` says otherwise.
 */
export type GatewayRefusalKind =
	| 'key-wrong'
	| 'key-used-up'
	| 'key-expired'
	| 'key-disabled'
	| 'account-empty'
	| 'prepayment-failed'
	| 'quota-not-enough'
	| 'model-not-allowed'
	| 'no-channel'
	| 'daily-cap';

/** Files that are not what their answer says. Each comes with HTTP 200 unless its name says otherwise. */
export type DisguiseKind =
	/** Nothing, with Content-Length 0 and the type of the result. */
	| 'empty-file'
	/** HTTP 204. */
	| 'no-content'
	/** A web page with the type of the result. */
	| 'html-file'
	/** An object store's XML error as application/octet-stream. */
	| 'xml-file'
	/** The file in gzip, whatever encodings the client takes. */
	| 'gzip-file'
	/** A PNG with the type of the result. */
	| 'picture-file';

/** The bodies in which an error may come (fact sheet 4.2, 8.2). */
export type ErrorShape =
	/** CometAPI's `{error: {message, type, param, code}}`. */
	| 'E1'
	/** The task routes' `{code, message, data: null}`. */
	| 'E2'
	/** Runway's `{error: "…"}`. */
	| 'E5'
	/** Runway's `{error, issues, docUrl}`; 400 by default. */
	| 'issues'
	/** The same as JSON text in the message of E2, or of E1; 400 by default. */
	| 'packed-E2'
	| 'packed-E1'
	/** `{detail: [{loc, msg, type}]}`; 422 by default. */
	| 'detail'
	/** Plain text of the status; `message` is not in it. */
	| 'text'
	| 'empty';

/** One scripted fault. Faults are taken in the order in which they were scripted. */
export interface Fault {
	/** Route kind, `any`, or an expression on `METHOD /path`. */
	on: Exclude<RouteKind, 'other'> | 'any' | RegExp;
	kind: FaultKind;
	/** How many requests meet it; the default is 1. */
	times?: number;
	/** Matching requests let through first. */
	skip?: number;
	/** Value of Retry-After on any fault that answers. */
	retryAfter?: number | string;
	match?: (request: RecordedRequest) => boolean;
	/** HTTP status for `status` (default 503, or that of its shape), `redirect` (default 301) and `html` (default 200). */
	status?: number;
	/** Body for `status` and the gateway's refusals. */
	shape?: ErrorShape;
	code?: string;
	message?: string;
	/** For the shapes that hold issues; the default is one about `ratio`. */
	issues?: readonly Issue[];
	/** For the gateway's refusals: their Chinese words (the default), English ones, or the code as all there is. */
	words?: 'chinese' | 'english' | 'code';
	/** Location of a `redirect`. */
	location?: string;
	/** Content-Type for `wrong-type`. */
	type?: string;
	/** Delay for `slow`; the default is 1000 without `until`. */
	ms?: number;
	/** For `slow`: answers no sooner than this has come about. */
	until?: () => Promise<void>;
	/** For `truncated-json`: `cut` (default) promises the whole length and cuts; `honest` states the short length. */
	length?: 'cut' | 'honest';
	/** Whether a create that meets the fault makes its task all the same. Each kind has its default. */
	created?: boolean;
}

export interface FaultHandle {
	/** How many requests have met it. */
	readonly used: number;
	clear(): void;
}

/** One delivery of a callback, tried or left out. */
export interface RecordedCallback {
	readonly taskId: string;
	readonly url: string;
	readonly at: number;
	readonly body: JsonObject;
	/** HTTP status of the receiver; undefined until it answered, or if it never did. */
	status?: number;
	error?: string;
}

/** A running stand-in for CometAPI. */
export interface StandIn {
	readonly url: string;
	readonly port: number;
	readonly apiKey: string;
	readonly accessToken: string;
	readonly settings: StandInSettings;
	readonly requests: readonly RecordedRequest[];
	/** Requests on create routes, accepted and refused. */
	readonly creates: readonly RecordedRequest[];
	/** Requests on the two get-task routes. */
	readonly reads: readonly RecordedRequest[];
	/** Requests on assets. */
	readonly downloads: readonly RecordedRequest[];
	readonly tasks: ReadonlyMap<string, StandInTask>;
	readonly callbacks: readonly RecordedCallback[];
	/** The most API requests (assets left out) that were in flight at once. */
	readonly peakInFlight: number;
	fault(fault: Fault): FaultHandle;
	/** Ends a task now, callbacks included; without an outcome it ends as it would have. */
	finish(taskId: string, outcome?: Partial<Outcome>): void;
	/** Makes every asset URL signed so far answer 403. */
	expireAssets(): void;
	/** The exact bytes served (of a video: without `assetBytes`). */
	assetBytes(kind: 'video' | 'image'): Buffer;
	/** SHA-256 of the video as served now, `assetBytes` included, in hex. */
	videoDigest(): string;
	/** Forgets tasks, requests, faults and callbacks; settings go back to those of the start. */
	reset(): void;
	close(): Promise<void>;
}
