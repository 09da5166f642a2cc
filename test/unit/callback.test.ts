import type { IDataObject, IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { receive } from '../../nodes/RunwayCallbackTrigger/receive';

const KEY = 'comet0123456789abcdef';
const forgedUrl = 'http://169.254.169.254/latest/meta-data';

/** Lets a body arrive, while CometAPI's own record of the task is as given; keeps what was asked and said. */
async function arrive(body: IDataObject, record: IDataObject, parameters: IDataObject = {}, status = 200) {
	const asked: string[] = [];
	const fetched: string[] = [];
	const logged: string[] = [];
	const statuses: number[] = [];
	const note = (line: string) => logged.push(line);
	const response = {
		setHeader: () => response,
		status: (code: number) => {
			statuses.push(code);
			return response;
		},
		json: () => response,
	};
	const context = {
		getMode: () => 'webhook',
		getBodyData: () => body,
		getHeaderData: () => ({}),
		getRequestObject: () => ({ headers: {}, rawBody: Buffer.from(JSON.stringify(body)) }),
		getWorkflow: () => ({ id: 'w' }),
		getNode: () => ({ id: `n${Math.random()}`, name: 'Trigger', type: 't' }),
		getNodeParameter: (name: string, fallback: unknown) => parameters[name] ?? fallback,
		getWorkflowStaticData: () => ({}),
		getResponseObject: () => response,
		getCredentials: async () => ({ baseUrl: 'https://api.example.com', apiKey: KEY }),
		logger: { error: note, warn: note, info: note, debug: note },
		helpers: {
			httpRequestWithAuthentication: async (_type: string, { url }: { url: string }) => {
				asked.push(url);
				return { statusCode: status, headers: {}, body: record };
			},
			httpRequest: async ({ url }: { url: string }) => {
				fetched.push(url);
				throw new Error('no network here');
			},
		},
	} as unknown as IWebhookFunctions;
	const result: IWebhookResponseData = await receive(context);
	return { items: result.workflowData?.[0], asked, fetched, logged, statuses };
}

const forged = { task_id: 'task-1', status: '3', video_url: forgedUrl };
const stillRunning = { code: 200, data: { task_id: 'task-1', status: '2', msg: 'refused by moderation' } };

describe('A callback', () => {
	it("is asked about at CometAPI, whose word counts and not the sender's", async () => {
		const { items, asked, fetched, statuses } = await arrive(forged, stillRunning, { download: true });
		expect(statuses).toEqual([200]);
		expect(asked).toEqual(['/runway/feed']);
		expect(fetched).toEqual([]);
		expect(items?.map(({ json }) => [json.status, json.videoUrl])).toEqual([['failed', null]]);
		expect(JSON.stringify(items)).not.toContain(forgedUrl);
	});

	it('of a task that CometAPI does not know starts nothing and fetches nothing', async () => {
		const { items, fetched } = await arrive(forged, { code: 'task_not_exist', message: '', data: null });
		expect(items).toBeUndefined();
		expect(fetched).toEqual([]);
	});

	it('that can’t be verified for a minute is told to n8n’s log, without the key', async () => {
		jest.useFakeTimers();
		const refused = {
			error: { message: `the key ${KEY} at https://x.example/?_jwt=secret-signature`, code: 'invalid_request' },
		};
		const arrived = arrive(forged, refused, {}, 400);
		await jest.advanceTimersByTimeAsync(100_000);
		const { items, asked, logged } = await arrived;
		jest.useRealTimers();
		expect(items).toBeUndefined();
		expect(asked.length).toBeGreaterThanOrEqual(5);
		expect(logged.join()).toMatch(/task-1 could not be verified, so it started nothing\. CometAPI refused the request/);
		expect(logged.join()).not.toContain(KEY);
		expect(logged.join()).not.toContain('secret-signature');
	});
});
