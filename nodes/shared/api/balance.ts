import { isObject, type Json } from '../task/json';

/** What CometAPI says about an account's money. All amounts are US dollars; null stands for "no limit". */
export interface Balance {
	username: string | null;
	/** Left on the account. */
	remaining: number | null;
	used: number | null;
	requestCount: number | null;
	keys: Array<{ name: string; remaining: number | null; used: number | null }>;
	/** Use by day and key, if days were asked for. */
	daily: Array<{ date: string; key: string; used: number | null; requestCount: number | null }>;
}

/** Reads the answer of the balance query; null if it is not one. */
export function readBalance(body: unknown): Balance | null {
	if (!isObject(body) || !('total_quota' in body)) return null;
	const daily = isObject(body.daily_quota) ? body.daily_quota : {};
	return {
		username: typeof body.username === 'string' ? body.username : null,
		remaining: amount(body.total_quota),
		used: amount(body.total_used_quota),
		requestCount: amount(body.request_count),
		keys: objects(body.keys).map((key) => ({
			name: text(key.name),
			remaining: key.used_quota === -1 ? null : amount(key.remain_quota),
			used: amount(key.used_quota),
		})),
		daily: Object.entries(daily).flatMap(([date, entries]) =>
			objects(entries).map((entry) => ({
				date,
				key: text(entry.token_name),
				used: amount(entry.quota_used),
				requestCount: amount(entry.request_count),
			})),
		),
	};
}

/** −1 means unlimited; an older answer says so by a use of −1 beside a huge remainder. */
function amount(value: unknown): number | null {
	return typeof value === 'number' && value !== -1 ? value : null;
}

function text(value: unknown): string {
	return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function objects(value: unknown): Json[] {
	return Array.isArray(value) ? value.filter(isObject) : [];
}
