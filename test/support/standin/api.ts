import { keyUsage, modelCatalog, modelList, quota, taskList, USER_ID } from './account';
import type { Asked } from './answers';
import { gatewayRefusal, moved, page } from './answers';
import type { Refusal } from './checks';
import { isObject } from './checks';
import * as envelopes from './envelopes';
import { progressAt } from './progress';
import type { CreateRoute } from './routes';
import { checkBody, documentedModels, findCreateRoute, isCreatePath } from './routes';
import type { TaskBook } from './tasks';
import type * as types from './types';

/** What the server sends: a JSON body, or a text with its type. */
export interface Answer {
	status: number;
	headers?: Record<string, string>;
	json?: types.JsonObject;
	text?: string;
	type?: string;
	/** The task that a create made. */
	created?: types.StandInTask;
}

const TASK_PATH = /^\/runwayml\/v1\/tasks\/([^/]+)$/;
/** The path at which a gateway of the family hands out the file of a finished task (fact sheet 8.2). */
const CONTENT_PATH = /^\/v1\/videos\/[^/]+\/content$/;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

const fixedRoutes: Readonly<Record<string, types.RouteKind>> = {
	'POST /runway/feed': 'read',
	'GET /v1/models': 'models',
	'GET /api/models': 'catalog',
	'GET /user/quota': 'quota',
	'GET /api/usage/token': 'keyUsage',
	'GET /api/task/self': 'taskList',
};

/** The kind of route that a request line names. */
export function classify(method: string, path: string): types.RouteKind {
	if (path.startsWith('/assets/') || CONTENT_PATH.test(path)) return 'asset';
	if (path.startsWith('/samples/')) return 'sample';
	if (method === 'POST' && isCreatePath(path)) return 'create';
	if (method === 'GET' && TASK_PATH.test(path)) return 'read';
	return fixedRoutes[`${method} ${path}`] ?? 'other';
}

/** The answers of CometAPI's routes, as its documentation describes them. Knows nothing of sockets and faults. */
export class Api {
	private readonly recent: number[] = [];
	private requestNumber = 0;

	constructor(
		private readonly settings: types.StandInSettings,
		private readonly book: TaskBook,
		private readonly secrets: { apiKey: string; accessToken: string },
		private readonly onCreate: (task: types.StandInTask) => void,
	) {}

	/** `fault` is the scripted fault that will hide the answer: it is noted on a task made here. */
	answer(request: types.RecordedRequest, fault?: types.FaultKind): Answer {
		switch (request.route) {
			case 'create':
				return this.guarded(request) ?? this.create(request, fault);
			case 'read':
				return this.guarded(request) ?? this.read(request);
			case 'models':
				return this.guarded(request) ?? { status: 200, json: this.models() };
			case 'catalog':
				return this.limited() ?? { status: 200, json: modelCatalog() };
			case 'quota':
				return this.limited() ?? this.quota(request);
			case 'keyUsage':
				return this.guarded(request) ?? { status: 200, json: keyUsage(this.book.tasks.size, this.settings.keyUsage) };
			case 'taskList':
				return this.limited() ?? this.taskList(request);
			default:
				return this.elsewhere(request);
		}
	}

	/** A request id as the documentation shows them: the time, then something unique. */
	requestId(): string {
		this.requestNumber += 1;
		const time = new Date().toISOString().replace(/\D/g, '');
		return `${time}${String(this.requestNumber).padStart(7, '0')}StandIn`;
	}

	comet(status: number, message: string, code = ''): Answer {
		return { status, json: envelopes.cometError(message, this.requestId(), code) };
	}

	/** What an answer in the place of the due one needs to know. */
	asked({ body }: types.RecordedRequest): Asked {
		const model = isObject(body) && typeof body.model === 'string' ? body.model : '';
		return { model, requestId: () => this.requestId() };
	}

	reset(): void {
		this.recent.length = 0;
	}

	/** Why the key of a request opens nothing, or undefined. */
	locked({ headers: { authorization } }: types.RecordedRequest): Answer | undefined {
		if (authorization === undefined) return this.comet(401, 'no API key was given');
		return authorization === `Bearer ${this.secrets.apiKey}` ? undefined : this.comet(401, 'invalid token');
	}

	private guarded(request: types.RecordedRequest): Answer | undefined {
		return this.locked(request) ?? this.limited();
	}

	private models(): types.JsonObject {
		return modelList(this.settings.alsoServes, this.settings.noChannelFor);
	}

	/** The gateway looks for a channel that serves the model before anything goes on to Runway. */
	private unserved(request: types.RecordedRequest): Answer | undefined {
		const asked = this.asked(request);
		if (asked.model === '') return this.comet(400, 'model name is required');
		const { noChannelFor, alsoServes } = this.settings;
		const known = documentedModels.has(asked.model) || alsoServes.includes(asked.model);
		if (known && !noChannelFor.includes(asked.model)) return undefined;
		return gatewayRefusal('no-channel', asked, { words: 'english' });
	}

	private limited(): Answer | undefined {
		const { rateLimit } = this.settings;
		if (!rateLimit) return undefined;
		const now = Date.now();
		while ((this.recent[0] ?? now) <= now - 1000) this.recent.shift();
		if (this.recent.length < rateLimit.perSecond) {
			this.recent.push(now);
			return undefined;
		}
		const { retryAfter } = rateLimit;
		const refusal = this.comet(429, 'too many requests, retry later');
		return retryAfter === undefined ? refusal : { ...refusal, headers: { 'Retry-After': String(retryAfter) } };
	}

	private notJson(request: types.RecordedRequest): Answer | undefined {
		if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) {
			return this.comet(400, 'Content-Type must be application/json');
		}
		return isObject(request.body) ? undefined : this.comet(400, 'the body is not a JSON object');
	}

	private create(request: types.RecordedRequest, fault?: types.FaultKind): Answer {
		const route = findCreateRoute(request.path, request.body);
		if (!route) return moved('/docs');
		request.operation = route.operation;
		const malformed = this.notJson(request) ?? ('model' in route.fields ? this.unserved(request) : undefined);
		if (malformed) return malformed;
		const version = request.headers['x-runway-version'];
		if (route.family === 'official' && this.settings.versionHeaderRequired && !DAY.test(String(version))) {
			return { status: 400, json: envelopes.runwayError('The `X-Runway-Version` header must be a date.') };
		}
		const body = request.body as types.JsonObject;
		const refusals = checkBody(route, body, this.settings.alsoServes);
		if (refusals[0]) return this.refuse(route, refusals[0], refusals);
		const task = this.book.create(route, body, fault);
		request.taskId = task.id;
		this.onCreate(task);
		return { status: 200, json: envelopes.createEnvelope(task.id, this.createShape(task)), created: task };
	}

	/** Each family refuses in its own words; a text code that the documentation names always comes in E2. */
	private refuse(route: CreateRoute, first: Refusal, all: readonly Refusal[]): Answer {
		const named = all.find((refusal) => refusal.named !== undefined)?.named;
		if (named !== undefined) return { status: 400, json: envelopes.taskError(named, named) };
		if (route.family === 'official') return { status: 400, json: envelopes.runwayIssues(all) };
		const message = `${first.path.join('.')}: ${first.message}`;
		if (first.code !== 'invalid_type' && this.settings.compatibilityRefusal === 'E3') {
			return { status: 200, json: envelopes.businessError(message) };
		}
		return { status: 400, json: envelopes.taskError('invalid_request', message) };
	}

	private createShape(task: types.StandInTask): types.CreateShape {
		const { createShape } = this.settings;
		const official = task.family === 'official';
		const usual = official ? (this.settings.costs ? 'C6' : 'C5') : 'C1';
		if (typeof createShape === 'object') return createShape[task.family] ?? usual;
		if (createShape === 'rotate') {
			// Without C7: it holds no id, so a client that counts on its tasks can't use it.
			const shapes = official ? officialShapes.slice(0, 2) : compatibilityShapes;
			return shapes[(task.number - 1) % shapes.length] ?? usual;
		}
		const fits = officialShapes.includes(createShape) === official;
		return fits ? createShape : usual;
	}

	private read(request: types.RecordedRequest): Answer {
		const onFeed = request.method === 'POST';
		request.operation = onFeed ? 'feed' : 'getTask';
		const malformed = onFeed ? this.notJson(request) : undefined;
		if (malformed) return malformed;
		const id = onFeed ? feedTaskId(request.body) : pathTaskId(request.path);
		if (id === undefined) {
			return { status: 400, json: envelopes.taskError('invalid_request', '`task_id` must be a string') };
		}
		request.taskId = id;
		const task = this.book.tasks.get(id);
		const now = Date.now();
		if (!task || !this.knows(task, onFeed, now)) return this.notExist(id, task);
		return { status: 200, json: this.taskBody(task, onFeed, now) };
	}

	private knows(task: types.StandInTask, onFeed: boolean, now: number): boolean {
		const own = onFeed ? 'compatibility' : 'official';
		if (task.family !== own && !this.settings.crossRoutes) return false;
		task.polls += 1;
		if (now < task.visibleAt || task.vanished) return false;
		// This read still sees it running; no later one sees it at all.
		if (task.vanishes && progressAt(task, now).phase === 'running') task.vanished = true;
		return true;
	}

	private notExist(id: string, task: types.StandInTask | undefined): Answer {
		const { notExistShape } = this.settings;
		const shapes: types.NotExistShape[] = ['top-level', 'error-envelope', 'status-200', 'data-null'];
		const turn = (task?.number ?? 0) + (task?.polls ?? 0);
		const shape = notExistShape === 'rotate' ? (shapes[turn % shapes.length] ?? 'top-level') : notExistShape;
		const { status, body } = envelopes.notExist(id, shape, this.requestId());
		return { status, json: body };
	}

	private taskBody(task: types.StandInTask, onFeed: boolean, now: number): types.JsonObject {
		const { envelope, wrappedResult } = this.settings;
		const perRoute = typeof envelope === 'object' ? envelope[onFeed ? 'feed' : 'official'] : envelope;
		const choice = perRoute ?? (onFeed ? 'feed-flat' : 'official-flat');
		const view = this.book.view(task, now);
		if (choice !== 'rotate') {
			return envelopes.taskEnvelope(view, typeof choice === 'function' ? choice(task) : choice, wrappedResult);
		}
		const turns = rotation.filter(([name, result]) => task.asset === 'video' || holdsImages(name, result));
		const [name, result = wrappedResult] = turns[(task.number - 1) % turns.length] ?? ['official-flat'];
		return envelopes.taskEnvelope(view, name, result);
	}

	private quota({ query }: types.RecordedRequest): Answer {
		if (query.key === undefined) return this.comet(400, 'key must not be empty');
		if (query.key !== this.secrets.apiKey) return this.comet(401, 'invalid token');
		const wrong = [query.start_date, query.end_date].find((day) => day !== undefined && !DAY.test(day));
		if (wrong !== undefined) return this.comet(400, 'dates are written YYYY-MM-DD');
		return { status: 200, json: quota(this.book.tasks.size, query.start_date, query.end_date) };
	}

	/** Of the account, with its access token and not with a key; the newest gateways take it with and without Bearer. */
	private taskList({ query, headers }: types.RecordedRequest): Answer {
		const refuse = (message: string): Answer => ({ status: 401, json: { success: false, message } });
		const { authorization = '' } = headers;
		if (authorization === '') return refuse('Unauthorized, not logged in and no access token provided');
		if (authorization.replace(/^Bearer /, '') !== this.secrets.accessToken) {
			return refuse('Unauthorized, invalid access token');
		}
		const userId = headers['new-api-user'];
		if (userId === undefined && this.settings.userIdRequired) return refuse('Unauthorized, New-Api-User not provided');
		if (userId !== undefined && userId !== String(USER_ID)) {
			return refuse('Unauthorized, New-Api-User does not match logged in user');
		}
		const now = Date.now();
		const views = [...this.book.tasks.values()].map((task) => this.book.view(task, now));
		return { status: 200, json: taskList(views, query, this.settings.wrappedResult) };
	}

	/** A wrong path leads to the documentation, not to an error in JSON. */
	private elsewhere({ method, path }: types.RecordedRequest): Answer {
		if (path === '/docs') return page();
		const known = ['GET', 'POST'].some((other) => classify(other, path) !== 'other');
		return known ? this.comet(405, `${method} is not allowed here`) : moved('/docs');
	}
}

const compatibilityShapes: readonly types.CreateShape[] = ['C1', 'C2', 'C3', 'C4'];
const officialShapes: readonly types.CreateShape[] = ['C5', 'C6', 'C7'];

/** What `rotate` goes through, task by task. */
const rotation: ReadonlyArray<[types.EnvelopeName, types.WrappedResult?]> = [
	['official-flat'],
	['feed-flat'],
	['wrapped', 'output'],
	['numeric'],
	['wrapped', 'result_url'],
	['numeric-state'],
	['wrapped', 'video_url'],
	['feed-minimal'],
	['wrapped', 'nested'],
	['official-lowercase'],
	['wrapped', 'fail_reason'],
	['numeric-short'],
];

/** The numeric form has a field for a video only. */
function holdsImages(name: types.EnvelopeName, result: types.WrappedResult | undefined): boolean {
	return !name.startsWith('numeric') && result !== 'video_url' && result !== 'nested';
}

function feedTaskId(body: unknown): string | undefined {
	return isObject(body) && typeof body.task_id === 'string' && body.task_id !== '' ? body.task_id : undefined;
}

function pathTaskId(path: string): string | undefined {
	const raw = TASK_PATH.exec(path)?.[1];
	try {
		return raw === undefined ? undefined : decodeURIComponent(raw);
	} catch {
		return raw;
	}
}
