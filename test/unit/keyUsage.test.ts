import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { IHttpRequestOptions } from 'n8n-workflow';

import { faultOfKey, noteOnKey, readKey } from '../../nodes/shared/api/keyUsage';
import { checkCometApi } from '../../nodes/shared/credential/cometApi';

const payload = JSON.parse(readFileSync(path.join(__dirname, '..', 'payloads', 'usage-token.json'), 'utf8')) as {
	data: object;
};
const NOW = Date.UTC(2026, 4, 4, 12);
const DAY_S = 86_400;
const NOW_S = NOW / 1000;
const usage = (changes: object) => ({ ...payload, data: { ...payload.data, ...changes } });

/** What is said of a key that CometAPI describes so. */
function said(changes: object): { fault: string | null; note: string | null } {
	const key = readKey(usage(changes), NOW);
	if (key === null) throw new Error('that is a key');
	return { fault: faultOfKey(key), note: noteOnKey(key) };
}

describe('What CometAPI tells of a key', () => {
	it('is read as the documentation shows it', () => {
		expect(readKey(payload, NOW)).toEqual({
			name: 'n8n',
			expiresAt: null,
			isExpired: false,
			isUsedUp: false,
			onlyModels: null,
		});
	});

	it('says when a key expires, in seconds, milliseconds or as a date, and whether it has', () => {
		const times = [
			NOW_S - DAY_S,
			NOW - DAY_S * 1000,
			String(NOW_S - DAY_S),
			new Date(NOW - DAY_S * 1000).toISOString(),
		];
		for (const expires_at of times) {
			expect(readKey(usage({ expires_at }), NOW)).toMatchObject({
				expiresAt: '2026-05-03T12:00:00.000Z',
				isExpired: true,
			});
		}
		expect(readKey(usage({ expires_at: NOW_S + 1 }), NOW)).toMatchObject({ isExpired: false });
		for (const expires_at of [0, -1, null, '', 'never']) {
			expect(readKey(usage({ expires_at }), NOW)).toMatchObject({ expiresAt: null, isExpired: false });
		}
	});

	it('says that a key is used up, unless it has no limit', () => {
		for (const total_available of [0, -12]) {
			expect(readKey(usage({ total_available }), NOW)?.isUsedUp).toBe(true);
			expect(readKey(usage({ total_available, unlimited_quota: true }), NOW)?.isUsedUp).toBe(false);
		}
		for (const total_available of [1, null, undefined, '']) {
			expect(readKey(usage({ total_available }), NOW)?.isUsedUp).toBe(false);
		}
	});

	it('says to which models a key is limited, in whichever form they are listed', () => {
		const models = [{ gen4_turbo: true, act_two: true, veo3: false }, ['gen4_turbo', 'act_two'], 'gen4_turbo, act_two'];
		for (const model_limits of models) {
			const key = readKey(usage({ model_limits, model_limits_enabled: true }), NOW);
			expect(key?.onlyModels).toEqual(['gen4_turbo', 'act_two']);
			expect(readKey(usage({ model_limits, model_limits_enabled: false }), NOW)?.onlyModels).toBeNull();
		}
	});

	it('is nothing if the answer is another one', () => {
		for (const body of [
			null,
			'page',
			[],
			{},
			{ data: null },
			{ data: [] },
			{ data: {} },
			{ code: false, message: 'x' },
		]) {
			expect(readKey(body, NOW)).toBeNull();
		}
	});

	it('is read without its envelope, too', () => {
		expect(readKey(payload.data, NOW)?.name).toBe('n8n');
	});
});

describe('The words about a key', () => {
	it('name the day on which it expired', () => {
		expect(said({ expires_at: NOW_S - DAY_S }).fault).toMatch(/^This key expired on 2026-05-03\. /);
	});

	it('say that it is used up', () => {
		expect(said({ total_available: 0 }).fault).toMatch(/^This key is used up\. /);
	});

	it("name the models that it may use, and refuse it if none of them can be Runway's", () => {
		const model_limits_enabled = true;
		const fine = said({ model_limits_enabled, model_limits: { 'gpt-5': true, gen4_turbo: true } });
		expect(fine).toEqual({ fault: null, note: 'This key may only use gpt-5, gen4_turbo.' });
		const useless = said({ model_limits_enabled, model_limits: { 'gpt-5': true, 'claude-opus': true } });
		expect(useless.fault).toMatch(/^This key may only use gpt-5, claude-opus, and none of them is a Runway model\. /);
		const nothing = said({ model_limits_enabled, model_limits: {} });
		expect(nothing.fault).toMatch(/^This key may use no model\. /);
		const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`gen9_${index}`, true]));
		expect(said({ model_limits_enabled, model_limits: many }).note).toMatch(/gen9_9 and 190 more\.$/);
	});

	it('are none for a key without limits', () => {
		expect(said({})).toEqual({ fault: null, note: null });
	});
});

describe('The test of the credential', () => {
	type Answer = { statusCode?: number; body?: unknown };
	const models: Answer = { body: { object: 'list', data: [{ id: 'gen4_turbo' }] } };

	/** Tests a credential against answers to the list of models and to the question for the key. */
	async function check(list: Answer, key: Answer | Error) {
		const sent: IHttpRequestOptions[] = [];
		const notes: string[] = [];
		const fault = await checkCometApi(
			{ baseUrl: 'https://api.example.com', apiKey: 'sk-0123456789' },
			async (options) => {
				sent.push(options);
				const isKey = options.url.endsWith('/api/usage/token');
				if (isKey && key instanceof Error) throw key;
				return { statusCode: 200, headers: {}, ...(isKey ? key : list) } as never;
			},
			(words) => notes.push(words),
		);
		return { fault, notes, sent };
	}

	const expired = { body: usage({ expires_at: 1_700_000_000 }) };

	it('says that a key has expired, whether or not CometAPI still takes it for the list of models', async () => {
		for (const list of [models, { statusCode: 401 }, { statusCode: 403 }]) {
			expect((await check(list, expired)).fault).toMatch(/^This key expired on 2023-11-14\./);
		}
	});

	it('says that a key is used up', async () => {
		expect((await check(models, { body: usage({ total_available: 0 }) })).fault).toMatch(/^This key is used up\./);
	});

	it('passes a key that may use some of the models, and says which', async () => {
		const limited = usage({ model_limits_enabled: true, model_limits: { gen4_turbo: true } });
		expect(await check(models, { body: limited })).toMatchObject({
			fault: null,
			notes: ['This key may only use gen4_turbo.'],
		});
	});

	it('passes a key if nothing more can be learned about it', async () => {
		for (const answer of [
			new Error('cut'),
			{ statusCode: 404 },
			{ body: '<html>' },
			{ statusCode: 401, body: usage({}) },
			{ body: {} },
		]) {
			expect(await check(models, answer)).toMatchObject({ fault: null, notes: [] });
		}
		expect((await check({ statusCode: 401 }, { statusCode: 401 })).fault).toMatch(/CometAPI does not accept it/);
	});

	it('sends the key to the base URL alone, and asks nothing more if that leads elsewhere', async () => {
		const { sent } = await check(models, { body: payload });
		expect(sent.map(({ url }) => url)).toEqual([
			'https://api.example.com/v1/models',
			'https://api.example.com/api/usage/token',
		]);
		expect((await check({ body: '<html>' }, expired)).sent).toHaveLength(1);
		expect((await check({ statusCode: 302 }, expired)).fault).toMatch(/base URL does not lead/);
	});
});
