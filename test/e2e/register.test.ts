import { openRegister, type Register } from '../../nodes/shared/register/register';
import { columns } from '../../nodes/shared/register/row';
import { type CredentialData, type Engine, startEngine } from '../support/engine';
import { type CredentialTest, freePort, type N8n, projectRoot, REGISTER_SCOPES, startN8n } from '../support/n8n';
import { startStandIn, type StandIn } from '../support/standin';
import { taskRow } from '../support/taskRow';
import { describeSince, n8nIsAtLeast } from './support/host';
import { startJsonHost } from './support/otherHost';
import { saveCredential } from './support/workflows';

/** The register in a data table of a real n8n, and the half of the credential's test that looks at it. */

const MINUTES = 60_000;
/** The first n8n whose public API has data tables. */
const FIRST = '2.8';

let engine: Engine;
let api: StandIn;
let n8n: N8n;
let key = '';

beforeAll(async () => {
	[engine, api, n8n] = await Promise.all([startEngine(), startStandIn(), startN8n({ package: projectRoot })]);
	if (n8nIsAtLeast(FIRST)) key = await n8n.createApiKey();
}, 4 * MINUTES);

afterAll(async () => {
	engine.close();
	await Promise.all([api.close(), n8n.stop()]);
});

async function open(changes: Partial<CredentialData> = {}): Promise<Register> {
	const credential = { apiKey: 'sk-1', baseUrl: api.url, register: true, n8nUrl: n8n.url, n8nApiKey: key, ...changes };
	const register = await openRegister(engine.context({ credential, parameters: {} }));
	if (register === null) throw new Error('the register is switched off');
	return register;
}

/** A busy machine may take longer than a run would wait. */
async function written(register: Register): Promise<void> {
	await register.settle();
	for (let wait = 0; wait < 900 && register.fault !== null; wait++) {
		await new Promise((resolve) => setTimeout(resolve, 100));
		await register.settle();
	}
}

/** What n8n's own key holder sees. */
async function ask<T>(method: string, route: string, body?: unknown): Promise<T> {
	const response = await fetch(`${n8n.url}/api/v1${route}`, {
		method,
		headers: { 'X-N8N-API-KEY': key, 'content-type': 'application/json' },
		body: body === undefined ? undefined : JSON.stringify(body),
	});
	return (await response.json()) as T;
}

interface Table {
	id: string;
	name: string;
	columns: Array<{ name: string; type: string }>;
}
const tables = async () => (await ask<{ data: Table[] }>('GET', '/data-tables')).data;
const rows = async () => {
	const [table] = await tables();
	return (await ask<{ data: unknown[] }>('GET', `/data-tables/${table?.id}/rows?limit=250`)).data;
};

/** Saves a credential with a register, and lets n8n test it. */
async function test(changes: Record<string, unknown> = {}): Promise<CredentialTest> {
	const data = { apiKey: api.apiKey, baseUrl: api.url, register: true, n8nUrl: n8n.url, n8nApiKey: key, ...changes };
	const { id } = await saveCredential(n8n, 'Under test', data);
	const answer = await n8n.testCredential(id);
	expect(answer.message).not.toContain(data.n8nApiKey === '' ? 'no key' : data.n8nApiKey);
	return answer;
}

const error = (words: RegExp) => ({ status: 'Error', message: expect.stringMatching(words) as string });

describeSince(FIRST)('In a real n8n, the register', () => {
	it('makes its table with its columns and writes a batch of 100 rows', async () => {
		const register = await open();
		await register.add(
			Array.from({ length: 100 }, (_, itemIndex) => taskRow({ requestId: `r${itemIndex}`, itemIndex })),
		);
		await written(register);
		expect(register.fault).toBeNull();
		const [table, ...others] = await tables();
		expect([table?.name, others]).toEqual(['Runway tasks', []]);
		const types = Object.fromEntries(table?.columns.map(({ name, type }) => [name, type]) ?? []);
		expect(types).toMatchObject(columns);
		expect(await rows()).toHaveLength(100);
	});

	it('writes 100 different IDs, and finds each row by all its conditions', async () => {
		const register = await open();
		for (let at = 0; at < 100; at++) register.change(`r${at}`, { taskId: `t${at}`, status: 'created' });
		await written(register);
		expect(await rows()).toHaveLength(100);
		const found = await register.find({ where: { taskId: 't42', executionId: '42', endedTime: null }, limit: 10 });
		expect(found).toMatchObject([taskRow({ requestId: 'r42', itemIndex: 42, taskId: 't42', status: 'created' })]);
		expect(await register.find({ where: { status: 'created', delivered: false }, limit: 1_000 })).toHaveLength(100);
	});

	it('marks a whole batch as ended and delivered, and finds what has changed since', async () => {
		const register = await open();
		await register.add([taskRow({ requestId: 'other' })]);
		await written(register);
		await new Promise((resolve) => setTimeout(resolve, 50));
		const since = new Date().toISOString();
		const endedTime = '2026-05-04T08:20:00.000Z';
		for (let at = 0; at < 100; at++) register.change(`r${at}`, { status: 'succeeded', delivered: true, endedTime });
		await written(register);
		const changed = await register.changes(since, { where: { delivered: true }, limit: 1_000 });
		expect(changed?.rest).toBeNull();
		expect(changed?.rows).toHaveLength(100);
		expect(changed?.rows[0]).toMatchObject({ endedTime, status: 'succeeded', resumeUrl: null });
		expect((await register.changes(since, { where: { requestId: 'other' }, limit: 10 }))?.rows).toEqual([]);
		expect(await register.find({ after: changed?.rows[0]?.id, order: 'oldest', limit: 3 })).toHaveLength(3);
	});

	it('makes its table again after somebody has deleted it', async () => {
		const [table] = await tables();
		await n8n.request('DELETE', `/rest/projects/${await projectOf()}/data-tables/${table?.id}`);
		const register = await open();
		await register.add([taskRow({ requestId: 'anew' })]);
		await written(register);
		expect(register.fault).toBeNull();
		expect(await rows()).toMatchObject([{ requestId: 'anew' }]);
	});

	it('adds a column that somebody has deleted', async () => {
		const [table] = await tables();
		const column = (table as unknown as { columns: Array<{ id: string; name: string }> }).columns.find(
			({ name }) => name === 'prompt',
		);
		await n8n.request('DELETE', `/rest/projects/${await projectOf()}/data-tables/${table?.id}/columns/${column?.id}`);
		const register = await open();
		await register.add([taskRow({ requestId: 'with prompt' })]);
		await written(register);
		expect(register.fault).toBeNull();
		expect((await rows()).at(-1)).toMatchObject({
			requestId: 'with prompt',
			prompt: taskRow({ requestId: '' }).prompt,
		});
	});

	it('knows that n8n has no such execution', async () => {
		expect(await (await open()).execution('123456')).toMatchObject({ isOpen: false, retryOf: null, isKnown: false });
	});
});

describeSince(FIRST)('In a real n8n, the test of a credential with a register', () => {
	it('accepts it, and leaves no row behind', async () => {
		const before = await rows();
		expect(await test()).toMatchObject({ status: 'OK' });
		expect(await rows()).toEqual(before);
	});

	it('looks at the register only if it is switched on', async () => {
		expect(await test({ register: false, n8nApiKey: 'wrong' })).toMatchObject({ status: 'OK' });
	});

	it('says which half is wrong', async () => {
		expect((await test({ n8nApiKey: 'wrong' })).message).not.toMatch(/CometAPI does not accept/);
		const both = await test({ n8nApiKey: 'wrong', apiKey: 'sk-wrong-0000' });
		expect(both).toEqual(error(/CometAPI does not accept it.*n8n does not accept the n8n API key/));
	});

	it.each(REGISTER_SCOPES.filter((scope) => /Row|execution/.test(scope)))(
		'names the scope %s if the key lacks it',
		async (scope) => {
			const n8nApiKey = await n8n.createApiKey(REGISTER_SCOPES.filter((other) => other !== scope));
			expect(await test({ n8nApiKey })).toEqual(error(new RegExp(`lacks ${scope}\\.`)));
		},
	);

	it('names the scopes if the key may not even look', async () => {
		expect(await test({ n8nApiKey: await n8n.createApiKey(['workflow:read']) })).toEqual(
			error(/not allowed.*dataTable:\*/),
		);
	});

	it('says that there is no such host', async () => {
		expect(await test({ n8nUrl: 'http://nowhere.invalid:5678' })).toEqual(error(/there is no host nowhere\.invalid/));
	});

	it('says that nothing answers', async () => {
		expect(await test({ n8nUrl: `http://127.0.0.1:${await freePort()}` })).toEqual(error(/nothing answers at/));
	});

	it('says that it is not n8n that answers, and follows no redirect', async () => {
		const elsewhere = await startJsonHost({ data: [] }, 404);
		expect(await test({ n8nUrl: elsewhere.url }).finally(elsewhere.close)).toEqual(error(/not as n8n's public API/));
		expect(await test({ n8nUrl: api.url })).toEqual(error(/not as n8n's public API/));
		expect(await test({ n8nUrl: `${n8n.url}/somewhere` })).toEqual(error(/not as n8n's public API/));
	});

	it('says that an address or a key is missing', async () => {
		expect(await test({ n8nUrl: 'n8n' })).toEqual(error(/n8n URL/));
		expect(await test({ n8nApiKey: '' })).toEqual(error(/no usable n8n API key/));
	});
});

(n8nIsAtLeast(FIRST) ? describe.skip : describe)(
	'In an n8n without an API for data tables, the test of the credential',
	() => {
		it('says which version it needs', async () => {
			key = await n8n.createApiKey(['workflow:read']);
			expect(await test()).toEqual(error(/needs n8n 2\.8 or newer/));
		});
	},
);

async function projectOf(): Promise<string> {
	return (await n8n.request<{ id: string }>('GET', '/rest/projects/personal')).id;
}
