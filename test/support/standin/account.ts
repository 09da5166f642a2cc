import { accountEntry, type TaskView } from './envelopes';
import type { JsonObject, WrappedResult } from './types';

const USD_PER_TASK = 0.32;
const START_BALANCE_USD = 84.517203;
const USED_BEFORE_USD = 15.482797;
const REQUESTS_BEFORE = 412;

const usd = (value: number) => Number(value.toFixed(6));

const listedModels = ['gen3a_turbo', 'gen4_turbo', 'gen4_image', 'gen4_aleph', 'act_two', 'runwayml_text_to_image'];

/** GET /v1/models: the list in OpenAI's form. */
export function modelList(also: readonly string[], without: readonly string[]): JsonObject {
	const ids = [...listedModels, ...also].filter((id) => !without.includes(id));
	return {
		object: 'list',
		data: ids.map((id) => ({ id, object: 'model', created: 1_746_000_000, owned_by: 'runway' })),
	};
}

const DOCS = 'https://apidoc.cometapi.com/api/video/runway';

/** GET /api/models: the public catalog with prices. */
export function modelCatalog(): JsonObject {
	const data = [
		catalogEntry('runwayml_text_to_image', 'image', 'text-to-image', '/official-format/generate-an-image-from-text'),
		catalogEntry('runway-video2video', 'video', 'video-to-video', ''),
	];
	return { success: true, page: 0, page_size: 0, total: data.length, data };
}

function catalogEntry(id: string, modelType: string, feature: string, docPath: string): JsonObject {
	return {
		id,
		provider: 'Runway',
		model_type: modelType,
		features: [feature],
		pricing: { currency: 'USD', input: null, output: null, per_request: USD_PER_TASK, per_second: null },
		api_doc_url: `${DOCS}${docPath}`,
	};
}

/** GET /user/quota: each task made so far has been paid for. */
export function quota(tasks: number, startDate: string | undefined, endDate: string | undefined): JsonObject {
	const spent = tasks * USD_PER_TASK;
	const answer: JsonObject = {
		username: 'studio-north',
		total_quota: usd(START_BALANCE_USD - spent),
		total_used_quota: usd(USED_BEFORE_USD + spent),
		request_count: REQUESTS_BEFORE + tasks,
		keys: [
			{ name: 'n8n', remain_quota: -1, used_quota: -1 },
			{ name: 'capped', remain_quota: 9.25, used_quota: 0.75 },
		],
	};
	if (startDate !== undefined && endDate !== undefined) {
		answer.daily_quota = {
			[startDate]: [{ token_name: 'n8n', quota_used: 1.28, request_count: 9 }],
			[endDate]: [{ token_name: 'n8n', quota_used: 0.64, request_count: 4 }],
		};
	}
	return answer;
}

/** Internal units of the gateway in a dollar. */
const UNITS_PER_USD = 500_000;
const GRANTED_UNITS = 5_000_000;

/**
 * GET /api/usage/token: the state of the key, in internal units (fact sheet 8.3).
 * @param changes what is special to this key
 */
export function keyUsage(tasks: number, changes: JsonObject): JsonObject {
	const used = Math.round(tasks * USD_PER_TASK * UNITS_PER_USD);
	return {
		code: true,
		message: 'ok',
		data: {
			object: 'token_usage',
			name: 'n8n',
			total_granted: GRANTED_UNITS,
			total_used: used,
			total_available: GRANTED_UNITS - used,
			unlimited_quota: false,
			model_limits: {},
			model_limits_enabled: false,
			expires_at: 0,
			...changes,
		},
	};
}

/** The account's number. */
export const USER_ID = 17;
const USUAL_PAGE_SIZE = 10;
const MAX_PAGE_SIZE = 100;

/** GET /api/task/self: a page of the account's tasks that match, the newest first (fact sheet 8.4). */
export function taskList(
	views: readonly TaskView[],
	query: Readonly<Record<string, string>>,
	result: WrappedResult,
): JsonObject {
	const matching = views.map((view, index) => accountEntry(view, result, index + 1, USER_ID)).filter(matches(query));
	const page = Math.max(1, wholeNumber(query.p) ?? 1);
	const size = Math.min(MAX_PAGE_SIZE, wholeNumber(query.page_size) ?? USUAL_PAGE_SIZE);
	const items = matching.reverse().slice((page - 1) * size, page * size);
	return { success: true, message: '', data: { page, page_size: size, total: matching.length, items } };
}

/** Words are compared as they are, times with that of the submission; what is no number, or 0, filters nothing. */
function matches(query: Readonly<Record<string, string>>): (entry: JsonObject) => boolean {
	const words = ['task_id', 'status', 'platform', 'action'] as const;
	const from = wholeNumber(query.start_timestamp) ?? 0;
	const to = wholeNumber(query.end_timestamp) ?? Infinity;
	return (entry) =>
		words.every((name) => (query[name] ?? '') === '' || entry[name] === query[name]) &&
		Number(entry.submit_time) >= from &&
		Number(entry.submit_time) <= to;
}

function wholeNumber(text: string | undefined): number | undefined {
	const number = Number(text ?? '');
	return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}
