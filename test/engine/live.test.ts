import { spawnSync } from 'node:child_process';
import path from 'node:path';

import { isCreate, operations } from '../../nodes/Runway/operations';
import { choose, checkAgainst, type LiveCheck, NOWHERE, purchases } from '../live';
import { report } from '../live/report';
import { startStandIn, type StandIn, type StandInTask } from '../support/standin';

/** `npm run test:live` against servers whose differences from the stand-in are known. */

const MINUTE = 60_000;
const TIMES = { renderMs: 3_000, queuedMs: 1_500, notVisibleMs: 0 };

async function check(target: StandIn, only: string[] = []): Promise<{ result: LiveCheck; said: string }> {
	const said: string[] = [];
	const { apiKey, accessToken, url: baseUrl } = target;
	const server = { apiKey, baseUrl, accessToken, callbackUrl: NOWHERE, pollInterval: 1 };
	const result = await checkAgainst(server, choose(only), (line) => said.push(line));
	return { result, said: said.join('\n') };
}

async function using<T>(start: Promise<StandIn>, act: (target: StandIn) => Promise<T>): Promise<T> {
	const target = await start;
	try {
		return await act(target);
	} finally {
		await target.close();
	}
}

const isEnded = (task: StandInTask) => Date.now() >= task.readyAt;

describe('A check against the live API', () => {
	it(
		'finds no difference if there is none, after one task for every route',
		async () => {
			await using(startStandIn(TIMES), async (target) => {
				const { result, said } = await check(target);
				expect(result).toMatchObject({ differences: [], failures: [] });
				expect(report(result)).toMatch(/^No difference/);
				expect([...target.tasks.values()].map(({ operation }) => operation).sort()).toEqual([
					'actOne',
					'characterPerformance',
					'generateFromImage',
					'generateFromText',
					'imageToVideo',
					'restyle',
					'textToImage',
					'upscale',
					'videoToVideo',
				]);
				for (const [id] of target.tasks) expect(said).toContain(id);
				const key = result.found.find(({ name }) => name === 'account.getBalance: key');
				expect(key?.body).toMatchObject({ data: { name: 'n8n', expires_at: 0 } });
				const listed = result.found.find(({ name }) => name === 'account tasks: answer');
				expect(listed?.body).toMatchObject({ data: { total: target.tasks.size } });
			});
		},
		2 * MINUTE,
	);

	it(
		'finds exactly the differences that were planted',
		async () => {
			const planted = startStandIn({
				...TIMES,
				createShape: { official: 'C6', compatibility: 'C2' },
				envelope: {
					official: (task) => (isEnded(task) ? 'official-lowercase' : 'official-flat'),
					feed: (task) => (isEnded(task) ? 'numeric-short' : 'feed-flat'),
				},
				notExistShape: 'status-200',
			});
			const { result } = await using(planted, async (target) => await check(target, ['video.upscale']));
			expect(report(result)).toMatch(/\ncreate: video\.upscale\n  estimatedCost +not there +object\n/);
			const seen = result.differences.map(({ name, where, expected, found }) =>
				[name, where, expected, found].join(' | '),
			);
			const text = 'video.generateFromText';
			expect(seen.sort()).toEqual(
				[
					`${text}: create | message | empty text | not there`,
					`${text}: create | exec_time | not there | number`,
					`${text}: succeeded | action | "generate" | not there`,
					`${text}: succeeded | code | not there | 200`,
					`${text}: succeeded | data.create_time | not there | number as text`,
					`${text}: succeeded | data.id | text | not there`,
					`${text}: succeeded | data.msg | not there | null`,
					`${text}: succeeded | data.point | not there | number as text`,
					`${text}: succeeded | data.prompt | not there | empty text`,
					`${text}: succeeded | data.refund | not there | number as text`,
					`${text}: succeeded | data.status | "SUCCEEDED" | "3"`,
					`${text}: succeeded | data.task_id | not there | text`,
					`${text}: succeeded | data.update_time | not there | number as text`,
					`${text}: succeeded | data.video_url | not there | URL`,
					`${text}: succeeded | exec_time | not there | number`,
					`${text}: succeeded | fail_reason | empty text | not there`,
					`${text}: succeeded | finish_time | number | not there`,
					`${text}: succeeded | msg | not there | text`,
					`${text}: succeeded | progress | percentage | not there`,
					`${text}: succeeded | result_url | URL | not there`,
					`${text}: succeeded | start_time | number | not there`,
					`${text}: succeeded | status | "SUCCESS" | not there`,
					`${text}: succeeded | submit_time | number | not there`,
					`${text}: succeeded | task_id | text | not there`,
					'video.upscale: create | estimatedCost | not there | object',
					'video.upscale: create | estimatedCost.credits | not there | number',
					'video.upscale: succeeded | createdAt | ISO time | not there',
					'video.upscale: succeeded | status | "SUCCEEDED" | "succeeded"',
					...['official', 'compatibility'].flatMap((api) => [
						`unknown task, ${api}: not known | HTTP status | 400 | 200`,
						`unknown task, ${api}: not known | code | "task_not_exist" | not there`,
						`unknown task, ${api}: not known | data | null | not there`,
						`unknown task, ${api}: not known | id | not there | text`,
						`unknown task, ${api}: not known | message | text | not there`,
						`unknown task, ${api}: not known | status | not there | "task_not_exist"`,
					]),
				].sort(),
			);
		},
		2 * MINUTE,
	);

	it(
		"names how the account's list of tasks differs, or that there is none",
		async () => {
			await using(startStandIn({ ...TIMES, userIdRequired: true }), async (target) => {
				const { result } = await check(target, ['image.generate']);
				expect(result.failures).toEqual([
					expect.stringMatching(/^account tasks: .* needs a valid access token: .*New-Api-User/),
				]);
				expect(result.differences).toContainEqual({
					name: 'account tasks: answer',
					where: 'HTTP status',
					expected: '200',
					found: '401',
				});
			});
		},
		MINUTE,
	);

	it(
		'names what was refused, buys nothing that lacks its input, and keeps keys and signatures to itself',
		async () => {
			await using(startStandIn(TIMES), async (target) => {
				target.fault({
					on: 'create',
					kind: 'insufficient-quota',
					match: ({ path }) => path === '/runway/pro/generate',
				});
				const { result, said } = await check(target, ['video.upscale', 'image.generate']);
				expect(result.failures).toEqual([
					expect.stringContaining('video.generateFromText: The balance of the CometAPI account is too low'),
					'video.upscale: not bought, because there is no videoUrl to work from',
				]);
				expect(target.tasks.size).toBe(1);
				expect(result.differences.filter(({ name }) => name === 'video.generateFromText: create')).not.toEqual([]);
				expect(result.onlyExpected).toContain('video.upscale: create');

				const shown = [said, report(result), JSON.stringify(result)].join('\n');
				expect(shown).toContain('/assets/');
				expect(shown).not.toContain(target.apiKey);
				expect(shown).not.toContain(target.accessToken);
				expect(shown).not.toMatch(/\?[\w-]+=|_jwt=|sk-[a-z0-9]/i);
			});
		},
		2 * MINUTE,
	);
});

describe('What a check buys', () => {
	it('is one task for each operation that creates one', () => {
		const creating = operations.filter(isCreate).map(({ resource, value }) => `${resource}.${value}`);
		expect(purchases.map(({ name }) => name).sort()).toEqual(creating.sort());
	});

	it('includes what the chosen ones need as input, and nothing else', () => {
		const names = (...only: string[]) => choose(only).map(({ name }) => name);
		expect(names('image.generate')).toEqual(['image.generate']);
		expect(names('video.imageToVideo')).toEqual(['image.generate', 'video.imageToVideo']);
		expect(names('video.upscale')).toEqual(['video.generateFromText', 'video.upscale']);
	});
});

describe('npm run test:live', () => {
	const run = (key: string | undefined, ...args: string[]) => {
		const script = path.join(__dirname, '../../scripts/live.mjs');
		const env = { ...process.env, COMETAPI_KEY: key };
		return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
	};

	it('says what it needs if there is no key', () => {
		const { status, stdout } = run(undefined, '--yes');
		expect(status).toBe(2);
		expect(stdout).toContain('COMETAPI_KEY');
		expect(stdout).toContain('Nothing was bought');
	});

	it(
		'says what it would buy, and buys nothing if nobody says yes',
		() => {
			const { status, stdout, stderr } = run('sk-not-a-key', '--only', 'image.generate,video.upscale');
			expect(status).toBe(1);
			expect(stdout).toMatch(
				/buys 3 tasks[^]*generateFromText +gen4_turbo, 5 s: price not documented[^]*about 0\.32 USD/,
			);
			expect(stdout).not.toContain('Asking');
			expect(stderr).toContain('add --yes');
			expect(stdout + stderr).not.toContain('sk-not-a-key');
		},
		MINUTE,
	);
});
